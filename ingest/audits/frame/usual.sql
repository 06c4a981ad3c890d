-- One row per source: n events on the night, the median of up to 7 comparable days (usual), and how many these are (n_days).
-- Comparable is the same day of the week when the source is 4 weeks old, else each of the 7 days before. A day without any
-- event counts as 0.
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
    select source_id, n
    from day
    where day_no > 0 and case when oldest >= 28 then day_no % 7 = 0 else day_no <= 7 end
)
select
    s.name as source, coalesce(d.n, 0) as n, cast(median(c.n) as bigint) as usual, count(*) as n_days,
    any_value(case when d.oldest >= 28 then 'on this day of the week' else 'a day' end) as whereof
from comparable as c
inner join source as s using (source_id)
left join day as d on d.source_id = c.source_id and d.day_no = 0
group by s.name, d.n
