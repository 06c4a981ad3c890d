-- Minutes of customers' lives that a journey takes, cut into parts that add up (README, decisions: effort). Each minute is in one part.
-- Variables: effort_switch_ms, effort_reading_ms, effort_messages (channels of what is only read), effort_of_orders. Tables it reads
-- besides those of ingest: population, request (requests.sql; empty where no step asks), ask_minute (item, ms).

-- Grain: one row per event by which a journey goes on in another channel within 24 hours. Temporary. The phone menu and the
-- talk after it are one channel; what the company does by itself changes none.
create or replace temporary table effort_switch as
with own as (
    select
        moment.pos,
        moment.journey_id,
        moment.occurred_at,
        coalesce(moment.ended_at, moment.occurred_at) as until_at,
        case
            when cast(moment.channel as varchar) in ('ivr', 'agent') then 'phone' else cast(moment.channel as varchar)
        end as medium
    from journey_event as moment
    inner join touch on moment.step = cast(touch.step as step_t)
    where
        touch.actor = 'customer'
        and (
            cast(moment.channel as varchar) in ('web', 'ivr', 'agent', 'phone', 'chat', 'shop')
            or list_contains(getvariable('effort_messages'), cast(moment.channel as varchar))
        )
),

followed as (
    select
        pos,
        journey_id,
        occurred_at,
        medium,
        lag(journey_id) over () as journey_before,
        lag(medium) over () as medium_before,
        lag(until_at) over () as until_before
    from own
)

select pos from followed
where journey_id = journey_before and medium <> medium_before and occurred_at - until_before <= interval 24 hours
order by pos;

-- Grain: one row per event that asks for something given before. Temporary. again_ms: as the finding of the same request reckons.
create or replace temporary table effort_again as
select
    request.pos,
    cast(sum(round(coalesce(
        cast(ask_minute.ms as double),
        case
            when cast(touch.class as varchar) = 'info_request' and moment.engaged_ms > moment.engaged_wait_ms
                then (moment.engaged_ms - moment.engaged_wait_ms) * moment.weight / len(touch.asks)
        end,
        0
    ))) as bigint) as again_ms
from request
inner join journey_event as moment on request.pos = moment.pos
inner join touch on request.step = touch.step
left join ask_minute on request.item = ask_minute.item
where request.is_again
group by request.pos
order by request.pos;

-- Grain: one row per event, with the ms of each part. Temporary. effort_ms: their sum. known_ms: what a log times; the rest is stated by the site, or the usual time of a visit's
-- last page. company_ms: since the step before, where the organisation takes this one.
create or replace temporary table effort_moment as
with usual as (
    select
        step,
        any_value(engaged_ms) as ms
    from event
    where engaged_is_usual
    group by step
),

meaning as (
    select
        cast(touch.step as step_t) as step,
        case cast(touch.channel as varchar) when 'web' then 'web' when 'ivr' then 'menu' when 'agent' then 'talk' when 'phone' then 'talk' else 'visit' end as part,
        touch.actor = 'company' as is_company,
        touch.actor = 'company' and list_contains(getvariable('effort_messages'), cast(touch.channel as varchar)) as is_message,
        60000 * touch.typical_minutes as typical_ms,
        coalesce(usual.ms, 0) as usual_ms,
        cast(touch.class as varchar) = 'contact' and touch.actor = 'customer' as is_contact,
        cast(touch.class as varchar) <> 'browse' and cast(touch.stage as varchar) = 'return' as is_return,
        cast(touch.class as varchar) <> 'browse' and cast(touch.stage as varchar) = 'change' as is_change,
        cast(touch.class as varchar) <> 'browse' and cast(touch.stage as varchar) = 'order' as is_begun
    from touch
    left join usual on cast(touch.step as step_t) = usual.step
),

gap as (
    select
        pos,
        journey_id,
        step,
        coalesce(engaged_ms, 0) as engaged_ms,
        engaged_wait_ms,
        n_usual,
        weight,
        case
            when journey_id = lag(journey_id) over ()
                then epoch_us(occurred_at) - lag(epoch_us(coalesce(ended_at, occurred_at))) over ()
            else 0
        end as gap_us
    from journey_event
),

weighed as (
    select
        gap.journey_id,
        gap.step,
        meaning.part,
        meaning.is_message,
        meaning.is_contact,
        meaning.is_return,
        meaning.is_change,
        meaning.is_begun,
        case when gap.weight = 1 then gap.engaged_ms else cast(round(gap.engaged_ms * gap.weight) as bigint) end as engaged_ms,
        case when gap.engaged_wait_ms = 0 then 0 else cast(round(gap.engaged_wait_ms * gap.weight) as bigint) end as wait_ms,
        case when gap.n_usual = 0 then 0 else cast(round(gap.n_usual * meaning.usual_ms * gap.weight) as bigint) end as usual_ms,
        coalesce(again.again_ms, 0) as again_ms,
        again.pos is not null as is_again,
        switched.pos is not null as is_switch,
        case
            when gap.engaged_ms > 0 then 0
            else coalesce(
                cast(round(
                    coalesce(meaning.typical_ms, case when meaning.is_message then getvariable('effort_reading_ms') end) * gap.weight
                ) as bigint), 0
            )
        end as stated_ms,
        case when meaning.is_company then greatest(0, gap.gap_us) // 1000 else 0 end as company_ms
    from gap
    inner join meaning on gap.step = meaning.step
    left join effort_again as again on gap.pos = again.pos
    left join effort_switch as switched on gap.pos = switched.pos
),

asked as (
    select
        *,
        case when engaged_ms > wait_ms then least(again_ms, engaged_ms - wait_ms) else again_ms end as given_again_ms
    from weighed
),

timed as (
    select
        *,
        least(usual_ms, engaged_ms - wait_ms - case when engaged_ms > wait_ms then given_again_ms else 0 end) as last_ms,
        engaged_ms - wait_ms - case when engaged_ms > wait_ms then given_again_ms else 0 end as told_ms,
        case when engaged_ms > 0 then 0 else greatest(0, stated_ms - again_ms) end as untold_ms
    from asked
)

select
    journey_id,
    step,
    case when part = 'web' then told_ms - last_ms else 0 end as web_ms,
    last_ms,
    case when part = 'menu' then told_ms - last_ms else 0 end as menu_ms,
    case when part = 'talk' then told_ms - last_ms else 0 end as talk_ms,
    case when part = 'visit' then told_ms - last_ms else 0 end as visit_ms,
    wait_ms,
    case when is_message then untold_ms else 0 end as reading_ms,
    case when is_message then 0 else untold_ms end as untimed_ms,
    given_again_ms as again_ms,
    cast(is_switch as integer) * getvariable('effort_switch_ms') as switch_ms,
    engaged_ms - last_ms as known_ms,
    told_ms + wait_ms + untold_ms + given_again_ms + cast(is_switch as integer) * getvariable('effort_switch_ms') as effort_ms,
    company_ms,
    is_switch,
    is_again,
    is_contact,
    is_return,
    is_change,
    is_begun
from timed;

-- Grain: one row per journey that is over, seen from its start, and told by all its sources. need: what the customer came for, the
-- first that holds of: sent something back, changed the order, asked, ordered, began an order, looked around; browsing tells of
-- none. tenth: from the tenth of the journeys with least effort (1) to that with most (10), of the orders where there are orders.
create or replace table journey_effort as
with summed as (
    select
        moment.journey_id,
        cast(sum(moment.web_ms) as bigint) as web_ms,
        cast(sum(moment.last_ms) as bigint) as last_ms,
        cast(sum(moment.menu_ms) as bigint) as menu_ms,
        cast(sum(moment.wait_ms) as bigint) as wait_ms,
        cast(sum(moment.talk_ms) as bigint) as talk_ms,
        cast(sum(moment.visit_ms) as bigint) as visit_ms,
        cast(sum(moment.again_ms) as bigint) as again_ms,
        cast(sum(moment.switch_ms) as bigint) as switch_ms,
        cast(sum(moment.reading_ms) as bigint) as reading_ms,
        cast(sum(moment.untimed_ms) as bigint) as untimed_ms,
        cast(sum(moment.known_ms) as bigint) as known_ms,
        cast(sum(moment.company_ms) as bigint) as company_ms,
        count(*) filter (moment.is_switch) as n_switches,
        count(*) filter (moment.is_again) as n_again,
        count(*) filter (moment.is_contact) as n_contacts,
        bool_or(moment.is_return) as is_return,
        bool_or(moment.is_change) as is_change,
        bool_or(moment.is_begun) as is_begun,
        bool_or(moment.is_contact and not moment.is_begun) as is_asked
    from effort_moment as moment
    group by moment.journey_id
),

whole as (
    select
        s.* exclude (is_return, is_change, is_begun, is_asked),
        s.web_ms + s.last_ms + s.menu_ms + s.wait_ms + s.talk_ms + s.visit_ms + s.again_ms + s.switch_ms + s.reading_ms
        + s.untimed_ms as effort_ms,
        population.customer_id,
        population.started_at,
        population.anchor = 'order' or not getvariable('effort_of_orders') as is_counted,
        case
            when s.is_return then 'return'
            when s.is_change then 'change'
            when s.is_asked then 'question'
            when population.anchor = 'order' then 'order'
            when s.is_begun then 'begun'
            else 'look'
        end as need
    from summed as s
    inner join population on s.journey_id = population.journey_id
    where not population.is_truncated and not population.is_unrecorded
)

select
    *,
    case
        when is_counted
            then cast(ceil(
                10.0 * row_number() over (
                    partition by is_counted
                    order by effort_ms, journey_id
                ) / count(*) over (partition by is_counted)
            ) as utinyint)
    end as tenth
from whole
order by journey_id;

-- Grain: one row per step and whether the journey is in the tenth with most effort, of the counted journeys that spend effort there.
create or replace table effort_driver as
select
    cast(moment.step as varchar) as step,
    cast(any_value(touch.stage) as varchar) as stage,
    coalesce(whole.tenth = 10, false) as is_most,
    bit_count(bitstring_agg(moment.journey_id)) as n_journeys,
    bit_count(bitstring_agg(whole.customer_id)) as n_customers,
    cast(sum(moment.web_ms) as bigint) as web_ms,
    cast(sum(moment.last_ms) as bigint) as last_ms,
    cast(sum(moment.menu_ms) as bigint) as menu_ms,
    cast(sum(moment.wait_ms) as bigint) as wait_ms,
    cast(sum(moment.talk_ms) as bigint) as talk_ms,
    cast(sum(moment.visit_ms) as bigint) as visit_ms,
    cast(sum(moment.again_ms) as bigint) as again_ms,
    cast(sum(moment.switch_ms) as bigint) as switch_ms,
    cast(sum(moment.reading_ms) as bigint) as reading_ms,
    cast(sum(moment.untimed_ms) as bigint) as untimed_ms
from effort_moment as moment
inner join journey_effort as whole on moment.journey_id = whole.journey_id
inner join touch on moment.step = cast(touch.step as step_t)
where whole.is_counted and moment.effort_ms > 0
group by moment.step, coalesce(whole.tenth = 10, false)
order by step, is_most;
