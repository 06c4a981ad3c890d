/*---
summary = "FreeSWITCH call detail records as JSON, as mod_json_cdr writes them, a call's leg each; values may be URL-encoded"
records = "json"
sign = '"(callflow|hangup_cause|switchname|core-uuid)"'
tells = "record"
codes = "context HANGUP_CAUSE, with ' unanswered' when nobody answered and ' out' when the company calls"
---*/
-- Of a call that was passed on the profiles stand in `callflow`, the first one last: who called, and what was dialled. A second leg names
-- the first as its originator. Times are seconds since 1970; an answer at 0 is none.
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind, no_object(d, ['$.variables']) as not_object,
        no_text(d, ['$.variables.uuid', '$.variables.start_epoch', '$.variables.answer_epoch', '$.variables.end_epoch', '$.variables.billsec', '$.variables.hangup_cause']) as not_text,
        from_json(json_extract(d, '$.variables'), '{"uuid":"VARCHAR","originator":"VARCHAR","start_epoch":"VARCHAR","answer_epoch":"VARCHAR",
            "end_epoch":"VARCHAR","billsec":"VARCHAR","hangup_cause":"VARCHAR"}') as v,
        json_extract(d, case json_type(d, '$.callflow') when 'ARRAY' then '$.callflow[#-1].caller_profile' else '$.callflow.caller_profile' end) as profile
    from document
),
part as (
    select
        *, list_transform(json_extract_string(profile, ['$.caller_id_number', '$.destination_number', '$.context']), lambda x: url_decode(x)) as p,
        nullif(v.answer_epoch, '0') as answered, nullif(v.end_epoch, '0') as ended, seconds_as_ms(v.billsec) as billsec_ms
    from shape
),
known as (
    select
        *, epoch_moment(v.start_epoch) as start_at, epoch_moment(answered) as answer_at, epoch_moment(ended) as end_at,
        coalesce(not regexp_matches(p[1], '^\+?[0-9]{6,}$') and regexp_matches(p[2], '^\+?[0-9]{6,}$'), false) as is_outbound
    from part
),
checked as (
    select
        *,
        case
            when kind is null or kind <> 'OBJECT' then 'record'
            when not_object is not null then not_object
            when not_text is not null then not_text
            when coalesce(v.uuid, '') = '' then 'uuid'
            when start_at is null then 'start_epoch'
            when answered is not null and answer_at is null then 'answer_epoch'
            when ended is not null and (end_at between start_at and start_at + interval 30 days) is not true then 'end_epoch'
            when coalesce(billsec_ms > 2592000000, true) then 'billsec'
            when regexp_full_match(v.hangup_cause, '[A-Z][A-Z0-9_]*') is not true then 'hangup_cause'
        end as problem_field
    from known
)
select
    line_no, problem_field,
    case problem_field when 'start_epoch' then v.start_epoch when 'answer_epoch' then answered when 'end_epoch' then ended when 'billsec' then v.billsec when 'hangup_cause' then v.hangup_cause end as problem_value,
    case
        when problem_field = 'record' then 'a JSON object'
        when problem_field = not_object then 'an object'
        when problem_field = not_text then 'a number or a text'
        when problem_field = 'uuid' then 'an id'
        when ends_with(problem_field, '_epoch') then 'seconds since 1970'
        when problem_field = 'billsec' then 'seconds, at least 0 and at most 30 days'
        when problem_field = 'hangup_cause' then 'a verb in capitals'
    end as problem_expectation,
    v.uuid as record_key, cast(0 as bigint) as record_version,
    coalesce(nullif(url_decode(v.originator), ''), v.uuid) as call_no,
    case when is_outbound then p[2] else nullif(p[1], '') end as phone,
    [moment(
        coalesce(p[3] || ' ', '') || v.hangup_cause || case when answered is null then ' unanswered' else '' end || case when is_outbound then ' out' else '' end,
        strftime(start_at, '%Y-%m-%dT%H:%M:%S.%fZ'), 'leg', 0, told_until := strftime(end_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
        wait_ms := case when answer_at >= start_at then date_diff('millisecond', start_at, answer_at) end, handle_ms := billsec_ms
    )] as moments
from checked
