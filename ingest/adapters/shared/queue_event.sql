/*---
[columns]
line_no = "uinteger"
problem_field = "varchar"
problem_value = "varchar"
problem_expectation = "varchar"
drop_reason = "varchar"
clock = "varchar"
callid = "varchar"
queue = "varchar"
verb = "varchar"
caller = "varchar"
hold = "varchar"
talk = "varchar"
---*/
-- An event of an Asterisk queue, however it was written down. Seconds since 1970 at the time of writing. A completed call is written
-- at its end: it begins `talk` seconds before.
with part as (
    select *, case when regexp_full_match(clock, '[0-9]{1,10}([.][0-9]{1,9})?') then try_cast(clock as decimal(18, 6)) end as epoch_s from told
),
typed as (
    select
        * exclude (problem_field), problem_field as shape, seconds_as_ms(hold) as hold_ms, seconds_as_ms(talk) as talk_ms,
        callid not in ('NONE', 'REALTIME', 'MANAGER', 'CLI', '') as is_call
    from part
),
checked as (
    select
        *,
        case
            when shape is not null then shape when drop_reason is not null then null
            when epoch_s is null or epoch_s not between 0 and 4102444800 then 'epoch'
            -- NONE is an agent or a queue: a name with a bar in it has moved the fields
            when not regexp_full_match(verb, '[A-Z][A-Z0-9_]*') or verb = 'NONE' then 'event'
            when hold <> '' and coalesce(hold_ms > 2592000000, true) then 'holdtime'
            when talk <> '' and coalesce(talk_ms > 2592000000, true) then 'calltime'
            when verb in ('COMPLETECALLER', 'COMPLETEAGENT') and talk_ms is null then 'calltime'
        end as problem_field
    from typed
)
select
    line_no,
    problem_field, drop_reason,
    case when shape is not null then problem_value when problem_field = 'epoch' then clock when problem_field = 'event' then verb when problem_field = 'holdtime' then hold else talk end as problem_value,
    case
        when shape is not null then problem_expectation
        when problem_field = 'epoch' then 'seconds since 1970'
        when problem_field = 'event' then 'a verb in capitals'
        when problem_field = 'holdtime' then 'seconds on hold, at least 0 and at most 30 days'
        when problem_field = 'calltime' then 'seconds talked, at least 0 and at most 30 days'
    end as problem_expectation,
    case when problem_field is null then cast(to_timestamp(epoch_s) as timestamp) - to_milliseconds(coalesce(talk_ms, 0)) end as occurred_at,
    case when problem_field is null and talk_ms is not null then cast(to_timestamp(epoch_s) as timestamp) end as ended_at,
    verb || ' ' || queue as code,
    case when is_call then callid end as call_no,
    nullif(caller, '') as phone,
    case when is_call then nullif(queue, 'NONE') end as intent,
    hold_ms as wait_ms,
    talk_ms as handle_ms
from checked
