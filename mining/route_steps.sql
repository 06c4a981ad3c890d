-- Variables: route_steps (steps that a path is told in), route_free (of these: several in a row are one). Temporary.

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
