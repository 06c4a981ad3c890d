-- The ways of journeys up to their end, one row per distinct way, for the paths to bad outcomes. Temporary.
-- Variables: route_steps (steps that a path is told in), route_free (of these: several in a row are one). Reads population.

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

-- Grain: one row per step of a way that a path is told in; t counts them from 1.
create or replace temporary table route_step as
with told as (
    select
        variant_id,
        place,
        step,
        lag(step) over (
            partition by variant_id
            order by place
        ) as step_before
    from route_moment
    where list_contains(getvariable('route_steps'), cast(step as varchar))
)

select
    variant_id,
    place,
    step,
    cast(row_number() over (
        partition by variant_id
        order by place
    ) as integer) as t
from told
where not coalesce(step = step_before and list_contains(getvariable('route_free'), cast(step as varchar)), false)
order by variant_id, t;
