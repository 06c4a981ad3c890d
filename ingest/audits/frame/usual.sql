-- One row per source: n events on the night, the median of up to 7 comparable days (usual), how many these are (n_days), and the
-- range of what is usual (low to high). Comparable is the same day of the week when the source is 4 weeks old: then low and high
-- are the median. Before that it is each of the 7 days before, of which some may be Sundays: then low and high are the least and
-- the most of them, and n_days is 7 or the source is too young (0). A day without any event counts as 0.
create or replace temp table usual as
with counted as (
    select source_id, (epoch_us(getvariable('audit_end')) - 1 - epoch_us(occurred_at)) // 86400000000 as day_no, count(*) as n
    from event
    where occurred_at < getvariable('audit_end')
    group by all
),
known as (select source_id, max(day_no) as oldest from counted group by source_id),
day as (
    select k.source_id, d.day_no, coalesce(c.n, 0) as n, k.oldest
    from known as k
    inner join range(0, 50) as d (day_no) on d.day_no <= k.oldest
    left join counted as c on c.source_id = k.source_id and c.day_no = d.day_no
),
comparable as (
    select source_id, n, oldest >= 28 as is_weekly
    from day
    where day_no > 0 and case when oldest >= 28 then day_no % 7 = 0 else day_no <= 7 end
)
select
    s.name as source, coalesce(d.n, 0) as n, cast(median(c.n) as bigint) as usual,
    case when c.is_weekly or count(*) = 7 then count(*) else 0 end as n_days,
    cast(if(c.is_weekly, median(c.n), min(c.n)) as bigint) as low, cast(if(c.is_weekly, median(c.n), max(c.n)) as bigint) as high,
    if(c.is_weekly, 'weekday', 'day') as whereof
from comparable as c
inner join source as s using (source_id)
left join day as d on d.source_id = c.source_id and d.day_no = 0
group by s.name, d.n, c.is_weekly
