/*---
summary = "Asterisk channel event log (CEL) as CSV without a header, in the layout of cel_custom's sample, with or without its literal"
records = "lines"
sign = '(?m)^([^,\n]*,){10}'
codes = "EVENT context application, e.g. 'APP_START ivr-main BackGround'; with ' leg' of channels other than the caller's"
---*/
-- A channel's events, those of the caller's own channel told apart: of these alone the number is the customer's. Times are seconds since
-- 1970, or the wall clock where cel.conf sets a dateformat. Of what was dialled nothing reaches a code: it may be a telephone number.
with field as (
    select line_no, csv_fields(raw) as f from line
),
placed as (
    -- the sample has a literal text between the event and its time
    select line_no, case when len(f) = 21 then f[1:1] || f[3:] else f end as f, len(f) as n_fields from field
),
part as (
    select
        *, f[1] as event, f[2] as clock, nullif(f[15], '') as uniqueid, coalesce(nullif(f[16], ''), nullif(f[15], '')) as linkedid,
        epoch_moment(f[2]) as at_utc,
        try_strptime(f[2], ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f']) as at_local
    from placed
),
checked as (
    select
        *,
        case
            when n_fields is null then 'quoting'
            when n_fields not in (20, 21) then 'fields'
            when not regexp_full_match(event, '[A-Za-z][A-Za-z0-9_ -]*') then 'event'
            when at_utc is null and at_local is null then 'eventtime'
            when uniqueid is null or not regexp_full_match(uniqueid, '.*[0-9]+\.[0-9]+') then 'uniqueid'
        end as problem_field
    from part
)
select
    line_no,
    problem_field,
    case problem_field when 'fields' then cast(n_fields as varchar) when 'event' then event when 'eventtime' then clock when 'uniqueid' then uniqueid end as problem_value,
    case problem_field
        when 'quoting' then 'fields in double quotes with quotes inside doubled'
        when 'fields' then '20 to 21 fields'
        when 'event' then 'a verb in capitals'
        when 'eventtime' then 'a time such as 1768032000.000000 or %Y-%m-%d %H:%M:%S'
        when 'uniqueid' then 'a channel''s number such as 1768032000.1'
    end as problem_expectation,
    at_utc as occurred_at,
    at_local as local_at,
    event || ' ' || f[9] || case when f[11] <> '' then ' ' || f[11] else '' end || case when uniqueid <> linkedid then ' leg' else '' end as code,
    linkedid as call_no,
    case when uniqueid = linkedid and regexp_full_match(f[4], '\+?[0-9]{6,}') then f[4] end as phone
from checked
