-- Grain: one row per call of an identified customer that can be compared with web visits. Temporary.
-- topic: what the call is about: its product, else its order, else its intent (where web pages tell intents, too), else the
-- stage of its step. is_after: the customer was on a page of that topic within the time before the call; is_before: within
-- the same time after it. The two are mirror images, so that customers who both call and browse a lot count for neither.
-- is_unbegun, is_over: of calls matched by stage, whether the stage was not there yet at the begin of the time before, or no longer
-- at the end of the time after.
-- Params: within_ms, data_from, data_to: calls too near to either end of the data are left out.
create or replace temporary table switch_call as
with page_intent as (
    select count(*) > 0 as is_told
    from event
    where visible and cast(channel as varchar) = 'web' and intent is not null
),

contact as (
    select cast(step as step_t) as step
    from touch
    where
        visible
        and cast(class as varchar) = 'contact'
        and actor = 'customer'
        and cast(channel as varchar) not in ('web', 'mail')
),

-- pages are only looked for with identified customers who call
known as (
    select distinct event.customer_id
    from event
    inner join contact on event.step = contact.step
    inner join customer on event.customer_id = customer.customer_id
    where cast(customer.identity_strength as varchar) <> 'none'
),

page as (
    select distinct
        event.customer_id,
        event.occurred_at,
        event.step,
        unnest(
            list_filter(
                [
                    'product:' || event.product_id,
                    'order:' || event.order_id,
                    'intent:' || event.intent,
                    'stage:' || cast(event.stage as varchar)
                ],
                lambda topic: topic is not null
            )
        ) as topic
    from event
    inner join known on event.customer_id = known.customer_id
    where event.visible and cast(event.channel as varchar) = 'web'
),

told as (
    select
        event.customer_id,
        coalesce(event.call_id, 'event ' || event.event_no) as call,
        event.step,
        arg_min(event.event_no, event.event_no) as event_no,
        min(event.occurred_at) as occurred_at,
        coalesce(
            min('product:' || event.product_id),
            min('order:' || event.order_id),
            case when any_value(page_intent.is_told) then min('intent:' || event.intent) end,
            min('stage:' || cast(event.stage as varchar))
        ) as topic,
        sum(coalesce(event.engaged_ms, 0)) as engaged_ms,
        sum(coalesce(event.handle_ms, 0)) as handle_ms
    from event
    inner join known on event.customer_id = known.customer_id
    inner join contact on event.step = contact.step
    cross join page_intent
    group by all
),

call as (
    select *
    from told
    where
        occurred_at >= $data_from + to_milliseconds($within_ms)
        and occurred_at < $data_to - to_milliseconds($within_ms)
),

-- the nearest page of the topic before the call and after it; a page at the very moment of the call is neither
sided as (
    select
        call.*,
        last_page.step as page_step,
        coalesce(last_page.occurred_at >= call.occurred_at - to_milliseconds($within_ms), false) as is_after,
        coalesce(next_page.occurred_at <= call.occurred_at + to_milliseconds($within_ms), false) as is_before
    from call
    asof left join (
        select
            customer_id,
            topic,
            occurred_at,
            max(step) as step
        from page
        group by customer_id, topic, occurred_at
    ) as last_page
        on
            call.customer_id = last_page.customer_id
            and call.topic = last_page.topic
            and call.occurred_at > last_page.occurred_at
    asof left join (
        select distinct
            customer_id,
            topic,
            occurred_at
        from page
    ) as next_page
        on
            call.customer_id = next_page.customer_id
            and call.topic = next_page.topic
            and call.occurred_at < next_page.occurred_at
),

visited as (
    select
        split_part(topic, ':', 1) as topic_kind,
        count(*) as n_visits
    from (
        select distinct
            customer_id,
            topic,
            cast(occurred_at as date) as day
        from page
    ) as visit
    group by topic_kind
),

-- how long a stage lasts in a journey
span as (
    select journey_id, stage, min(occurred_at) as begun_at, max(occurred_at) as over_at
    from journey_event
    group by journey_id, stage
)

select
    journey_event.journey_id,
    journey_event.pos,
    sided.customer_id,
    cast(sided.step as varchar) as step,
    split_part(sided.topic, ':', 1) as topic_kind,
    sided.occurred_at,
    case when sided.is_after then cast(sided.page_step as varchar) end as page_step,
    sided.is_after,
    sided.is_before,
    sided.engaged_ms,
    sided.handle_ms,
    visited.n_visits,
    coalesce(span.begun_at > sided.occurred_at - to_milliseconds($within_ms), false) as is_unbegun,
    coalesce(span.over_at < sided.occurred_at + to_milliseconds($within_ms), false) as is_over
from sided
inner join journey_event on sided.event_no = journey_event.event_no
inner join population on journey_event.journey_id = population.journey_id
left join visited on split_part(sided.topic, ':', 1) = visited.topic_kind
left join span
    on
        journey_event.journey_id = span.journey_id
        and sided.topic = 'stage:' || cast(span.stage as varchar)
order by journey_event.pos
