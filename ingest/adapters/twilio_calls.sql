/*---
summary = "Twilio call resources: the answer of its API (calls), a list, or one call a line; a call told again replaces itself"
records = "json"
sign = '"(sid|direction)"'
list = "calls"
tells = "record"
codes = "<direction> <status>, e.g. 'inbound completed', 'outbound-dial no-answer'"
---*/
-- A call that dials on has a child for each leg, which names its parent: together they are one call. The wait is that in Twilio's queue.
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.sid', '$.parent_call_sid', '$.from', '$.to', '$.direction', '$.status', '$.duration', '$.start_time', '$.end_time', '$.date_created']) as not_text,
        from_json(d, '{"sid":"VARCHAR","parent_call_sid":"VARCHAR","from":"VARCHAR","to":"VARCHAR","direction":"VARCHAR","status":"VARCHAR",
            "start_time":"VARCHAR","end_time":"VARCHAR","date_created":"VARCHAR","date_updated":"VARCHAR","duration":"VARCHAR","queue_time":"VARCHAR"}') as c
    from document
),
call as (
    select *, nullif(c.duration, '') as duration, coalesce(c.start_time, c.date_created) as begins, starts_with(c.direction, 'inbound') as is_inbound from shape
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when coalesce(c.sid, '') = '' then 'sid'
        when c.direction is null then 'direction'
        when any_moment(begins) is null then 'start_time'
        when duration is not null and coalesce(seconds_as_ms(duration) > 2592000000, true) then 'duration'
    end as problem_field,
    case when kind = 'OBJECT' and coalesce(c.sid, '') <> '' and c.direction is not null then case when any_moment(begins) is null then begins else duration end end as problem_value,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when coalesce(c.sid, '') = '' then 'an id'
        when c.direction is null then 'inbound or outbound'
        when any_moment(begins) is null then 'ISO 8601 with an offset'
        else 'seconds, at least 0 and at most 30 days'
    end as problem_expectation,
    c.sid as record_key,
    epoch_ms(any_moment(coalesce(c.date_updated, c.end_time, begins))) as record_version,
    coalesce(nullif(c.parent_call_sid, ''), c.sid) as call_no,
    case when is_inbound then c.from else c.to end as phone,
    [moment(
        c.direction || ' ' || coalesce(c.status, '?'), begins, 'call', 0, told_until := c.end_time,
        wait_ms := case when regexp_full_match(c.queue_time, '[0-9]{1,9}') and c.queue_time <> '0' then try_cast(c.queue_time as bigint) end, handle_ms := seconds_as_ms(duration)
    )] as moments
from call
