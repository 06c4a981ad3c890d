-- Grain: one row per request of an item: a step that asks it, in a closed journey. Temporary.
-- is_again: the item was given before in this journey and not altered since, by another step, or by this step more often
-- than its declared repeats. step_before: the step that asked it last.
create or replace temporary table request as
with told as (
    select
        step,
        repeats,
        unnest(asks) as item,
        true as is_ask
    from touch
    union all
    select
        step,
        repeats,
        unnest(changes) as item,
        false as is_ask
    from touch
),

meaning as (
    select
        cast(step as step_t) as step,
        item,
        any_value(repeats) as repeats,
        bool_or(is_ask) as is_ask,
        bool_or(not is_ask) as is_change
    from told
    group by step, item
),

moment as (
    select
        journey_event.journey_id,
        journey_event.pos,
        meaning.step,
        meaning.item,
        meaning.is_ask,
        meaning.repeats,
        sum(cast(meaning.is_change as integer)) over (
            partition by journey_event.journey_id, meaning.item
            order by journey_event.pos
            rows unbounded preceding
        ) as edition
    from journey_event
    inner join meaning on journey_event.step = meaning.step
),

asked as (
    select
        *,
        row_number() over item_edition - 1 as n_before,
        lag(step) over item_edition as step_before,
        row_number() over (
            partition by journey_id, item, edition, step
            order by pos
        ) - 1 as n_same_before
    from moment
    where is_ask
    window item_edition as (
        partition by journey_id, item, edition
        order by pos
    )
)

select
    asked.journey_id,
    asked.pos,
    asked.item,
    cast(asked.step as varchar) as step,
    cast(asked.step_before as varchar) as step_before,
    asked.n_before > asked.n_same_before or coalesce(asked.n_same_before > asked.repeats, false) as is_again
from asked
inner join population on asked.journey_id = population.journey_id
order by asked.pos, asked.item
