/*---
summary = "Asterisk call detail records, cdr_csv's Master.csv without a header, 16 to 21 columns"
records = "lines"
sign = '(?m)^([^,\n]*,){14}'
codes = "dcontext lastapp DISPOSITION, with ' out' when the company calls"
---*/
-- Times are the server's wall clock. The unique id begins with the second the channel was made, which settles the offset
-- even in the repeated hour of autumn; without it the source's time zone decides.
with field as (
    select line_no, csv_fields(raw) as f from line
),
part as (
    select
        line_no, f, len(f) as n_fields, f[2] as src, f[3] as dst, f[15] as disposition,
        try_strptime(f[10], '%Y-%m-%d %H:%M:%S') as start_local, try_strptime(f[12], '%Y-%m-%d %H:%M:%S') as end_local,
        f[10] as start_text, f[12] as end_text, f[13] as duration_text, seconds_as_ms(f[13]) as duration_ms, seconds_as_ms(f[14]) as billsec_ms,
        case when len(f) in (17, 18, 20, 21) then f[17] end as uniqueid,
        case len(f) when 21 then f[20] when 20 then f[19] when 19 then f[18] end as linkedid
    from field
),
known as (
    select
        *, try_cast(regexp_extract(uniqueid, '([0-9]{9,10})\.[0-9]+$', 1) as bigint) as born_s,
        not regexp_matches(src, '^\+?[0-9]{6,}$') and regexp_matches(dst, '^\+?[0-9]{6,}$') as is_outbound
    from part
),
zoned as (
    -- the offset is a whole number of quarter hours, from 12 hours west to 14 east
    select
        *, round((epoch(start_local) - born_s) / 900.0) * 900 as offset_s,
        round((epoch(start_local) - born_s) / 900.0) between -48 and 56 as has_offset
    from known
),
checked as (
    select
        *,
        case
            when n_fields is null then 'quoting'
            when n_fields not between 16 and 21 then 'fields'
            when start_local is null then 'start'
            when end_text <> '' and end_local is null then 'end'
            when duration_text = '' and end_local not between start_local and start_local + interval 30 days then 'end'
            when duration_text <> '' and (duration_ms is null or duration_ms > 2592000000) then 'duration'
            when billsec_ms is null or billsec_ms > 2592000000 then 'billsec'
            when disposition not in ('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED', 'CONGESTION') then 'disposition'
        end as problem_field
    from zoned
)
select
    line_no,
    problem_field,
    case problem_field when 'fields' then cast(n_fields as varchar) when 'start' then start_text when 'end' then end_text when 'disposition' then disposition end as problem_value,
    case problem_field
        when 'quoting' then 'fields in double quotes with quotes inside doubled'
        when 'fields' then '16 to 21 fields'
        when 'start' then 'yyyy-mm-dd HH:MM:SS'
        when 'end' then 'yyyy-mm-dd HH:MM:SS, from the start to 30 days later'
        when 'duration' then 'seconds, at least 0 and at most 30 days'
        when 'billsec' then 'seconds, at least 0 and at most 30 days'
        when 'disposition' then 'ANSWERED, NO ANSWER, BUSY, FAILED or CONGESTION'
    end as problem_expectation,
    case when has_offset then start_local - to_seconds(offset_s) end as occurred_at,
    -- the duration, not the wall clock, tells the end: a clock change may lie between the two
    case
        when problem_field is null and has_offset and end_local is not null
            then start_local - to_seconds(offset_s) + coalesce(to_milliseconds(duration_ms), end_local - start_local)
    end as ended_at,
    case when has_offset is not true then start_local end as local_at,
    case when problem_field is null and has_offset is not true and end_local is not null then coalesce(duration_ms, 1000 * date_diff('second', start_local, end_local)) end as lasts_ms,
    f[4] || ' ' || f[8] || ' ' || disposition || case when is_outbound then ' out' else '' end as code,
    coalesce(nullif(linkedid, ''), nullif(uniqueid, '')) as call_no,
    case when is_outbound then dst else nullif(src, '') end as phone,
    case when problem_field is null then billsec_ms end as handle_ms
from checked
