-- Grain: one row per menu node and journey that reaches it in a call: n = calls that do, hits = calls that come back to it, passes =
-- visits beyond the first of each call. Temporary. Every visit of a node counts (method 4.1 d).
create or replace temporary table chance as
with visit as (
    select
        moment.journey_id,
        cast(moment.step as varchar) as place,
        event.call_id,
        count(*) as n_visits
    from journey_event as moment
    inner join event on moment.event_no = event.event_no
    where moment.channel = 'ivr' and event.call_id is not null
    group by all
)

select
    place,
    journey_id,
    cast(count(*) as integer) as n,
    cast(count(*) filter (where n_visits > 1) as integer) as hits,
    0 as before,
    cast(sum(n_visits - 1) as integer) as passes
from visit
group by place, journey_id
order by place, journey_id
