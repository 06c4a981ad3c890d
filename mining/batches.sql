-- Grain: one row per message from the company to a customer. Temporary. step_before: the message before it on the same day
-- of the site's clock; null for the day's first. first_step, second_step: the pair of the two, in the order of their names.
-- Params: zone, channels = where messages come from.
create or replace temporary table message as
with sent as (
    select
        journey_event.journey_id,
        journey_event.customer_id,
        journey_event.pos,
        cast(journey_event.step as varchar) as step,
        cast(timezone($zone, timezone('UTC', journey_event.occurred_at)) as date) as day,
        journey_event.event_no
    from journey_event
    inner join touch on journey_event.step = cast(touch.step as step_t)
    inner join population on journey_event.journey_id = population.journey_id
    where
        touch.actor = 'company' and touch.visible and list_contains($channels, cast(touch.channel as varchar))
        and not (touch.channel = 'agent' and touch.class in ('handoff', 'info_request'))
),

followed as (
    select
        *,
        lag(step) over (
            partition by customer_id, day
            order by event_no, pos
        ) as step_before
    from sent
)

select
    journey_id,
    customer_id,
    pos,
    step,
    day,
    case when step_before is not null then least(step_before, step) end as first_step,
    case when step_before is not null then greatest(step_before, step) end as second_step
from followed
order by pos
