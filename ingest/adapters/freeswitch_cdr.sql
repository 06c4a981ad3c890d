/*---
summary = "FreeSWITCH call detail records, mod_cdr_csv's example template or one that adds columns at its end"
records = "lines"
sign = '(?m)^([^,\n]*,){10}'
codes = "context HANGUP_CAUSE, with ' unanswered' when nobody answered and ' out' when the company calls"
---*/
-- caller name and number, destination, context, start, answer and end on the server's clock, seconds, seconds billed, cause, uuids of both
-- legs ... The uuid is the call; a bridge is written once (legs = a) or for both legs, of which the second names the first as its other leg.
with field as (
    select line_no, csv_fields(replace(raw, '", "', '","')) as f from line
),
part as (
    select
        line_no, f, len(f) as n_fields, f[2] as caller, f[3] as dialled,
        try_strptime(f[5], '%Y-%m-%d %H:%M:%S') as start_local, try_strptime(f[6], '%Y-%m-%d %H:%M:%S') as answer_local, try_strptime(f[7], '%Y-%m-%d %H:%M:%S') as end_local,
        seconds_as_ms(f[8]) as duration_ms, seconds_as_ms(f[9]) as billsec_ms, f[10] as cause, f[11] as uuid,
        not regexp_matches(f[2], '^\+?[0-9]{6,}$') and regexp_matches(f[3], '^\+?[0-9]{6,}$') as is_outbound
    from field
),
checked as (
    select
        *,
        case
            when n_fields is null then 'quoting'
            when n_fields < 13 then 'fields'
            when start_local is null then 'start_stamp'
            when f[6] <> '' and answer_local is null then 'answer_stamp'
            when f[7] <> '' and end_local is null then 'end_stamp'
            when coalesce(duration_ms > 2592000000, true) then 'duration'
            when coalesce(billsec_ms > 2592000000, true) then 'billsec'
            when not regexp_full_match(cause, '[A-Z][A-Z0-9_]*') then 'hangup_cause'
            when not regexp_full_match(uuid, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}') then 'uuid'
        end as problem_field
    from part
)
select
    line_no,
    problem_field,
    case problem_field
        when 'fields' then cast(n_fields as varchar) when 'start_stamp' then f[5] when 'answer_stamp' then f[6] when 'end_stamp' then f[7]
        when 'duration' then f[8] when 'billsec' then f[9] when 'hangup_cause' then cause when 'uuid' then uuid
    end as problem_value,
    case
        when problem_field = 'quoting' then 'fields in double quotes with quotes inside doubled'
        when problem_field = 'fields' then '13 to 99 fields'
        when ends_with(problem_field, '_stamp') then 'a time such as %Y-%m-%d %H:%M:%S'
        when problem_field in ('duration', 'billsec') then 'seconds, at least 0 and at most 30 days'
        when problem_field = 'hangup_cause' then 'a verb in capitals'
        when problem_field = 'uuid' then 'an id'
    end as problem_expectation,
    start_local as local_at,
    case when problem_field is null then duration_ms end as lasts_ms,
    f[4] || ' ' || cause || case when f[6] = '' then ' unanswered' else '' end || case when is_outbound then ' out' else '' end as code,
    uuid as call_no,
    case when is_outbound then dialled else nullif(caller, '') end as phone,
    case when problem_field is null and answer_local is not null then 1000 * date_diff('second', start_local, answer_local) end as wait_ms,
    case when problem_field is null then billsec_ms end as handle_ms
from checked
