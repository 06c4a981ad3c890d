/*---
summary = "Asterisk queue_log, the file with | between fields; old and new parameter lists; any verb"
records = "lines"
codes = "VERB queue, e.g. 'ENTERQUEUE status'"
---*/
-- Seconds since 1970 at the time of writing. A completed call is written at its end: it begins `talk` seconds before.
with field as (
    select
        line_no, string_split(raw, '|') as f
    from line
),
part as (
    select
        line_no, len(f) as n_fields, f[1] as clock, case when regexp_full_match(f[1], '[0-9]{1,10}([.][0-9]{1,9})?') then cast(f[1] as decimal(18, 6)) end as epoch_s, f[2] as callid, f[3] as queue, f[5] as verb,
        f[7] as caller,
        case
            when f[5] in ('COMPLETECALLER', 'COMPLETEAGENT', 'CONNECT') then f[6]
            when f[5] in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'WITHDRAW') then f[8]
            when f[5] = 'EXITWITHKEY' then f[9]
            when f[5] in ('TRANSFER', 'BLINDTRANSFER') then f[8]
            when f[5] = 'ATTENDEDTRANSFER' then case when f[6] = 'LINK' then f[9] else f[8] end
        end as hold,
        case
            when f[5] in ('COMPLETECALLER', 'COMPLETEAGENT') then f[7]
            when f[5] in ('TRANSFER', 'BLINDTRANSFER') then f[9]
            when f[5] = 'ATTENDEDTRANSFER' then case when f[6] = 'LINK' then f[10] else f[9] end
        end as talk
    from field
),
typed as (
    select
        *, seconds_as_ms(hold) as hold_ms, seconds_as_ms(talk) as talk_ms,
        callid not in ('NONE', 'REALTIME', 'MANAGER', 'CLI', '') as is_call
    from part
),
checked as (
    select
        *,
        case
            when n_fields < 5 then 'fields'
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
    problem_field,
    case problem_field when 'fields' then cast(n_fields as varchar) when 'epoch' then clock when 'event' then verb when 'holdtime' then hold else talk end as problem_value,
    case problem_field
        when 'fields' then 'epoch|callid|queue|agent|EVENT|...'
        when 'epoch' then 'seconds since 1970'
        when 'event' then 'a verb in capitals'
        when 'holdtime' then 'seconds on hold, at least 0 and at most 30 days'
        when 'calltime' then 'seconds talked, at least 0 and at most 30 days'
    end as problem_expectation,
    case when problem_field is null then cast(to_timestamp(epoch_s) as timestamp) - to_milliseconds(coalesce(talk_ms, 0)) end as occurred_at,
    case when problem_field is null and talk_ms is not null then cast(to_timestamp(epoch_s) as timestamp) end as ended_at,
    verb || ' ' || queue as code,
    case when is_call then callid end as call_no,
    case when verb = 'ENTERQUEUE' then nullif(caller, '') end as phone,
    case when is_call then nullif(queue, 'NONE') end as intent,
    hold_ms as wait_ms,
    talk_ms as handle_ms
from checked
