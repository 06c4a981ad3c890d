-- Grain: one row per step X that might be dropped and journey that reached the step before it. Temporary.
-- Journeys of which the order of steps is not told are left out. The context of X is the step that most often comes
-- directly before it (browsing is looked through). is_with: X came next after the first time at that step; otherwise X
-- never came. Journeys with X at another place are left out. is_bad: a step declared bad came later. stratum: how the
-- journey began, how far it was, whether the customer was here before.
-- Params: value = the attribute with an order's value, or null; top_share = the top share of order values.
create or replace temporary table arm as
with moment as (
    select
        journey_event.journey_id,
        journey_event.pos,
        journey_event.event_no,
        journey_event.step,
        touch.bad as is_bad,
        not touch.mandatory and not touch.reactive and not touch.bad
        and cast(touch.class as varchar) in ('work', 'info_request', 'handoff') as may_go
    from journey_event
    inner join touch on journey_event.step = cast(touch.step as step_t)
    inner join population on journey_event.journey_id = population.journey_id
    where cast(touch.class as varchar) <> 'browse' and population.pattern is null
),

placed as (
    select
        *,
        row_number() over journey as place,
        lag(step) over journey as step_before,
        lead(step) over journey as step_after,
        lead(step, 2) over journey as step_after_next
    from moment
    window journey as (
        partition by journey_id
        order by pos
    )
),

pair as (
    select
        step,
        step_before,
        row_number() over (
            partition by step
            order by count(*) desc, step_before
        ) as rank_no
    from placed
    where may_go and step_before is not null and step_before <> step
    group by step, step_before
),

context as (
    select
        step as x,
        step_before as p
    from pair
    where rank_no = 1
),

reached as (
    select
        context.x,
        placed.journey_id,
        min(placed.place) as place,
        arg_min(placed.step_after, placed.place) as next_step,
        arg_min(coalesce(cast(placed.step_after as varchar), ''), placed.place) as next_name,
        arg_min(coalesce(cast(placed.step_after_next as varchar), ''), placed.place) as next_but_one_name
    from placed
    inner join context on placed.step = context.p
    group by context.x, placed.journey_id
),

last_of as (
    select
        journey_id,
        max(place) filter (where is_bad) as bad_place,
        arg_min(step, place) as first_step
    from placed
    group by journey_id
),

has_x as (
    select distinct
        placed.journey_id,
        placed.step as x
    from placed
    inner join context on placed.step = context.x
),

order_value as (
    select
        journey_event.journey_id,
        max(try_cast(json_extract_string(event.attributes, '$."' || $value || '"') as double)) as amount
    from journey_event
    inner join event on journey_event.event_no = event.event_no
    where $value is not null and event.attributes is not null
    group by journey_event.journey_id
),

valued as (
    select
        order_value.journey_id,
        percent_rank() over (order by order_value.amount) >= 1 - $top_share as is_top
    from order_value
    inner join population on order_value.journey_id = population.journey_id
    where order_value.amount is not null
),

earlier as (
    select
        journey_id,
        row_number() over (
            partition by customer_id
            order by started_at, journey_id
        ) > 1 as is_back
    from journey
)

select
    cast(reached.x as varchar) as x,
    cast(context.p as varchar) as step_before,
    reached.journey_id,
    population.customer_id,
    coalesce(reached.next_step = reached.x, false) as is_with,
    coalesce(last_of.bad_place > reached.place, false) as is_bad,
    case when reached.next_step = reached.x then reached.next_but_one_name else reached.next_name end as next_name,
    concat_ws(
        '/', cast(touch.channel as varchar), least(3, floor(log2(reached.place))), earlier.is_back
    ) as stratum,
    coalesce(valued.is_top, false) as is_top,
    population.is_discovery,
    population.is_heavy,
    population.is_strict
from reached
inner join context on reached.x = context.x
inner join population on reached.journey_id = population.journey_id
inner join last_of on reached.journey_id = last_of.journey_id
inner join touch on last_of.first_step = cast(touch.step as step_t)
inner join earlier on reached.journey_id = earlier.journey_id
left join has_x on reached.journey_id = has_x.journey_id and reached.x = has_x.x
left join valued on reached.journey_id = valued.journey_id
where coalesce(reached.next_step = reached.x, false) or has_x.x is null
order by x, reached.journey_id
