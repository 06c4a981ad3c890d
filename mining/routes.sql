-- The ways of journeys up to their end, one row per distinct way, for the paths to bad outcomes. Temporary. Reads population.

-- Grain: one row per distinct way and place (from 0) in it, of journeys that are over, seen from their start, told by all their
-- sources, and of which the order of steps is known. Every journey of a way has the same steps, so one of them tells it.
create or replace temporary table route_moment as
with way as (
    select
        variant_id,
        min(journey_id) as journey_id,
        arg_min(first_pos, journey_id) as first_pos
    from population
    where pattern is null and not is_unrecorded and not is_truncated
    group by variant_id
)

select
    way.variant_id,
    cast(journey_event.pos - way.first_pos as integer) as place,
    journey_event.step
from way
inner join journey_event on way.journey_id = journey_event.journey_id
order by journey_event.pos;
