/*---
summary = "Asterisk queue_log, the file with | between fields; old and new parameter lists; any verb"
records = "lines"
sign = '(?m)^\d+(\.\d+)?\|'
tells = "queue_event"
codes = "VERB queue, e.g. 'ENTERQUEUE status'"
---*/
with field as (
    select
        line_no, string_split(raw, '|') as f
    from line
)
select
    line_no,
    case when len(f) < 5 then 'fields' end as problem_field, cast(len(f) as varchar) as problem_value,
    'epoch|callid|queue|agent|EVENT|...' as problem_expectation,
    f[1] as clock, f[2] as callid, f[3] as queue, f[5] as verb, case when f[5] = 'ENTERQUEUE' then f[7] end as caller,
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
