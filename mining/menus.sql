-- Grain: one row per call of a closed journey and menu node that it visits. Temporary. Every visit of a node counts (method 4.1 d).
create or replace temporary table menu_visit as
with visit as (
    select
        moment.journey_id,
        moment.step,
        event.call_id
    from journey_event as moment
    inner join event on moment.event_no = event.event_no
    where moment.channel = 'ivr' and event.call_id is not null
)

select
    cast(visit.step as varchar) as menu,
    population.journey_id,
    population.customer_id,
    population.is_discovery,
    population.is_heavy,
    population.is_strict,
    visit.call_id,
    count(*) as n_visits
from visit
inner join population on visit.journey_id = population.journey_id
group by all
order by menu, population.journey_id, visit.call_id
