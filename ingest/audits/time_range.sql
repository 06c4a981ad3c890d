/*---
summary = "a source has events far away from all its others, or events that end before they begin"
severity = "warn"
floors = "a source of at least 100 events; strays: under 1 % of them, parted by half a year without any; ends: 10 events and 1 %"
messages.strays = "{source}: {n} of {of_n} events are of {first_day} to {last_day}, half a year away from any other: a clock was wrong"
messages.backwards = "{source}: {n} of {of_n} events end before they begin: begin and end are mixed up, or of two clocks"
---*/
with day as (
    select source_id, cast(occurred_at as date) as day, count(*) as n from raw_event group by all
),
cut as (
    select *, coalesce(date_diff('day', lag(day) over (partition by source_id order by day), day) > 182, false) as parts from day
),
island as (
    select *, sum(cast(parts as integer)) over (partition by source_id order by day) as island from cut
),
piece as (
    select source_id, island, min(day) as first_day, max(day) as last_day, sum(n) as n, sum(sum(n)) over (partition by source_id) as of_n
    from island
    group by source_id, island
),
backwards as (
    select source_id, count(*) filter (where ended_at < occurred_at) as n, count(*) as of_n from raw_event group by source_id
)
select
    s.name as source, cast(p.n as bigint) as n, cast(p.of_n as bigint) as of_n,
    'strays' as message, {'first_day': cast(p.first_day as varchar), 'last_day': cast(p.last_day as varchar)} as told
from piece as p inner join source as s using (source_id)
where p.of_n >= 100 and p.n < 0.01 * p.of_n
union all
select s.name, b.n, b.of_n, 'backwards', null
from backwards as b inner join source as s using (source_id)
where b.n >= 10 and b.n > 0.01 * b.of_n
