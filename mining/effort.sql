-- Minutes of customers' lives that a journey takes, cut into parts that add up (README, decisions: effort). Each minute is in one part.
-- Variables: effort_switch_ms, effort_reading_ms, effort_messages (channels of what is only read), effort_of_orders. Tables it reads
-- besides those of ingest: population, request (requests.sql; empty where no step asks), ask_minute (item, ms).

-- Grain: one row per event of a call that waits or stands before a wait. Temporary. inside_ms: the part of its own engaged time that is
-- waiting; before_ms: waiting that no event's engaged time holds. A wait ends where its event begins, except where the event's
-- time has room for wait and talk.
create or replace temporary table effort_wait as
with of_call as (
    select
        moment.pos,
        moment.journey_id,
        coalesce(event.call_id, 'event ' || moment.event_no) as call_id,
        epoch_ms(moment.occurred_at) as at_ms,
        coalesce(moment.engaged_ms, 0) as engaged_ms,
        coalesce(moment.wait_ms, 0) as wait_ms,
        coalesce(moment.engaged_ms, 0) >= coalesce(moment.wait_ms, 0) + coalesce(moment.handle_ms, 0) as is_inside
    from journey_event as moment
    inner join event on moment.event_no = event.event_no
    where event.call_id is not null or moment.wait_ms > 0
),

in_order as (
    select
        *,
        max(at_ms + engaged_ms) over (
            partition by journey_id, call_id
            order by pos
            rows between unbounded preceding and 1 preceding
        ) as busy_until_ms,
        lead(at_ms) over next_one as next_at_ms,
        lead(case when is_inside then 0 else wait_ms end) over next_one as next_wait_ms
    from of_call
    window next_one as (
        partition by journey_id, call_id
        order by pos
    )
),

parted as (
    select
        pos,
        least(
            engaged_ms,
            case when is_inside then wait_ms else 0 end
            -- least() passes over NULL, so the last event of a call is told apart first
            + case
                when next_at_ms is null then 0
                else greatest(0, least(at_ms + engaged_ms, next_at_ms) - greatest(at_ms, next_at_ms - next_wait_ms))
            end
        ) as inside_ms,
        case
            when is_inside then 0
            else least(wait_ms, greatest(0, at_ms - coalesce(busy_until_ms, at_ms - wait_ms)))
        end as before_ms
    from in_order
)

select * from parted
where inside_ms > 0 or before_ms > 0
order by pos;

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
            when cast(touch.class as varchar) = 'info_request' and moment.engaged_ms > 0
                then moment.engaged_ms * moment.weight / len(touch.asks)
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

-- Grain: one row per journey and step, with the ms of each part. Temporary. Only journeys that are over, seen from their start, and told
-- by all their sources. known_ms: what a log times; the rest is stated by the site, or the usual time of a visit's last page.
create or replace temporary table effort_step as
with usual as (
    select
        step,
        any_value(engaged_ms) as ms
    from event
    where engaged_is_usual
    group by step
),

gap as (
    select
        *,
        lag(journey_id) over () as journey_before,
        lag(coalesce(ended_at, occurred_at)) over () as until_before
    from journey_event
),

priced as (
    select
        gap.journey_id,
        gap.step,
        cast(gap.channel as varchar) as channel,
        cast(round(coalesce(gap.engaged_ms, 0) * gap.weight) as bigint) as engaged_ms,
        coalesce(cast(round(waited.inside_ms * gap.weight) as bigint), 0) as inside_ms,
        coalesce(cast(round(waited.before_ms * gap.weight) as bigint), 0) as before_ms,
        least(
            cast(round(coalesce(gap.engaged_ms, 0) * gap.weight) as bigint),
            cast(round(gap.n_usual * coalesce(usual.ms, 0) * gap.weight) as bigint)
        ) as usual_ms,
        coalesce(again.again_ms, 0) as again_ms,
        again.pos is not null as is_again,
        switched.pos is not null as is_switch,
        touch.actor = 'company' and list_contains(getvariable('effort_messages'), cast(gap.channel as varchar)) as is_message,
        cast(round(60000 * touch.typical_minutes * gap.weight) as bigint) as typical_ms,
        gap.weight,
        case
            when touch.actor = 'company' and gap.journey_id = gap.journey_before
                then greatest(0, epoch_us(gap.occurred_at) - epoch_us(gap.until_before)) // 1000
            else 0
        end as company_ms
    from gap
    inner join touch on gap.step = cast(touch.step as step_t)
    inner join population on gap.journey_id = population.journey_id
    left join effort_wait as waited on gap.pos = waited.pos
    left join effort_again as again on gap.pos = again.pos
    left join effort_switch as switched on gap.pos = switched.pos
    left join usual on gap.step = usual.step
    where not population.is_truncated and not population.is_unrecorded
),

asked as (
    select
        *,
        case when engaged_ms > 0 then least(again_ms, engaged_ms - inside_ms) else again_ms end as given_again_ms
    from priced
),

timed as (
    select
        *,
        engaged_ms - inside_ms - case when engaged_ms > 0 then given_again_ms else 0 end as told_ms,
        case
            when engaged_ms > 0 or before_ms > 0 then 0
            when is_message then greatest(0, coalesce(typical_ms, cast(round(getvariable('effort_reading_ms') * weight) as bigint)) - again_ms)
            else greatest(0, coalesce(typical_ms, 0) - again_ms)
        end as untold_ms
    from asked
),

parted as (
    select
        * replace (told_ms - least(usual_ms, told_ms) as told_ms),
        least(usual_ms, told_ms) as last_ms
    from timed
)

select
    journey_id,
    step,
    count(*) as n,
    cast(sum(case when channel = 'web' then told_ms else 0 end) as bigint) as web_ms,
    cast(sum(case when channel = 'ivr' then told_ms else 0 end) as bigint) as menu_ms,
    cast(sum(inside_ms + before_ms) as bigint) as wait_ms,
    cast(sum(case when channel in ('agent', 'phone') then told_ms else 0 end) as bigint) as talk_ms,
    cast(sum(case when channel in ('web', 'ivr', 'agent', 'phone') then 0 else told_ms end) as bigint) as visit_ms,
    cast(sum(last_ms) as bigint) as last_ms,
    cast(sum(case when is_message then untold_ms else 0 end) as bigint) as reading_ms,
    cast(sum(case when is_message then 0 else untold_ms end) as bigint) as untimed_ms,
    cast(sum(given_again_ms) as bigint) as again_ms,
    cast(sum(cast(is_switch as integer) * getvariable('effort_switch_ms')) as bigint) as switch_ms,
    cast(sum(engaged_ms - last_ms + before_ms) as bigint) as known_ms,
    cast(sum(company_ms) as bigint) as company_ms,
    count(*) filter (is_switch) as n_switches,
    count(*) filter (is_again) as n_again
from parted
group by journey_id, step
order by journey_id, step;

-- Grain: one row per journey that is over, seen from its start, and told by all its sources. need: what the customer came for, the
-- first that holds of: sent something back, changed the order, asked, ordered, began an order, looked around; browsing tells of
-- none. tenth: from the tenth of the journeys with least effort (1) to that with most (10), of the orders where there are orders.
create or replace table journey_effort as
with summed as (
    select
        e.journey_id,
        cast(sum(e.web_ms) as bigint) as web_ms,
        cast(sum(e.menu_ms) as bigint) as menu_ms,
        cast(sum(e.wait_ms) as bigint) as wait_ms,
        cast(sum(e.talk_ms) as bigint) as talk_ms,
        cast(sum(e.visit_ms) as bigint) as visit_ms,
        cast(sum(e.last_ms) as bigint) as last_ms,
        cast(sum(e.reading_ms) as bigint) as reading_ms,
        cast(sum(e.untimed_ms) as bigint) as untimed_ms,
        cast(sum(e.again_ms) as bigint) as again_ms,
        cast(sum(e.switch_ms) as bigint) as switch_ms,
        cast(sum(e.known_ms) as bigint) as known_ms,
        cast(sum(e.company_ms) as bigint) as company_ms,
        cast(sum(e.n_switches) as bigint) as n_switches,
        cast(sum(e.n_again) as bigint) as n_again,
        cast(coalesce(sum(e.n) filter (cast(touch.class as varchar) = 'contact' and touch.actor = 'customer'), 0) as bigint) as n_contacts,
        coalesce(bool_or(cast(touch.stage as varchar) = 'return' and cast(touch.class as varchar) <> 'browse'), false) as is_return,
        coalesce(bool_or(cast(touch.stage as varchar) = 'change' and cast(touch.class as varchar) <> 'browse'), false) as is_change,
        coalesce(bool_or(cast(touch.stage as varchar) = 'order' and cast(touch.class as varchar) <> 'browse'), false) as is_begun,
        coalesce(bool_or(
            cast(touch.stage as varchar) <> 'order' and cast(touch.class as varchar) = 'contact' and touch.actor = 'customer'
        ), false) as is_asked
    from effort_step as e
    inner join touch on e.step = cast(touch.step as step_t)
    group by e.journey_id
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
    cast(e.step as varchar) as step,
    cast(any_value(touch.stage) as varchar) as stage,
    coalesce(whole.tenth = 10, false) as is_most,
    count(*) as n_journeys,
    count(distinct whole.customer_id) as n_customers,
    cast(sum(e.web_ms) as bigint) as web_ms,
    cast(sum(e.menu_ms) as bigint) as menu_ms,
    cast(sum(e.wait_ms) as bigint) as wait_ms,
    cast(sum(e.talk_ms) as bigint) as talk_ms,
    cast(sum(e.visit_ms) as bigint) as visit_ms,
    cast(sum(e.last_ms) as bigint) as last_ms,
    cast(sum(e.reading_ms) as bigint) as reading_ms,
    cast(sum(e.untimed_ms) as bigint) as untimed_ms,
    cast(sum(e.again_ms) as bigint) as again_ms,
    cast(sum(e.switch_ms) as bigint) as switch_ms
from effort_step as e
inner join journey_effort as whole on e.journey_id = whole.journey_id
inner join touch on e.step = cast(touch.step as step_t)
where
    whole.is_counted
    and e.web_ms + e.last_ms + e.menu_ms + e.wait_ms + e.talk_ms + e.visit_ms + e.again_ms + e.switch_ms + e.reading_ms
    + e.untimed_ms > 0
group by e.step, coalesce(whole.tenth = 10, false)
order by step, is_most;
