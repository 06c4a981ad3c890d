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

told as (
    select
        event.customer_id,
        event.call_id,
        case when event.call_id is null then event.event_no end as single_no,
        event.step,
        min(event.event_no) as event_no,
        min(event.occurred_at) as occurred_at,
        min(event.product_id) as product_id,
        min(event.order_id) as order_id,
        case when any_value(page_intent.is_told) then min(event.intent) end as intent,
        min(cast(event.stage as varchar)) as stage,
        sum(coalesce(event.engaged_ms, 0)) as engaged_ms,
        sum(coalesce(event.handle_ms, 0)) as handle_ms
    from event
    inner join contact on event.step = contact.step
    inner join customer on event.customer_id = customer.customer_id
    cross join page_intent
    where cast(customer.identity_strength as varchar) <> 'none'
    group by all
),

-- pages are only looked for with identified customers who call
page as materialized (
    select
        event.customer_id,
        event.occurred_at,
        event.step,
        event.product_id,
        event.order_id,
        event.intent,
        cast(event.stage as varchar) as stage
    from event
    semi join told on event.customer_id = told.customer_id
    where event.visible and cast(event.channel as varchar) = 'web'
),

call as materialized (
    select
        *,
        case
            when product_id is not null then 'product'
            when order_id is not null then 'order'
            when intent is not null then 'intent'
            when stage is not null then 'stage'
        end as topic_kind,
        coalesce(product_id, order_id, intent, stage) as topic
    from told
    where
        occurred_at >= $data_from + to_milliseconds($within_ms)
        and occurred_at < $data_to - to_milliseconds($within_ms)
),

-- what somebody's calls are about, by number
asked as materialized (
    select
        customer_id,
        topic_kind,
        topic,
        row_number() over () as topic_no
    from (select distinct customer_id, topic_kind, topic from call)
),

about as materialized (
    select
        asked.topic_no,
        page.occurred_at,
        max(page.step) as step
    from page
    inner join asked
        on
            page.customer_id = asked.customer_id
            and case asked.topic_kind
                when 'product' then page.product_id
                when 'order' then page.order_id
                when 'intent' then page.intent
                else page.stage
            end = asked.topic
    group by asked.topic_no, page.occurred_at
),

-- the nearest page of the topic before the call and after it; a page at the very moment of the call is neither
sided as (
    select
        numbered.*,
        last_page.step as page_step,
        coalesce(last_page.occurred_at >= numbered.occurred_at - to_milliseconds($within_ms), false) as is_after,
        coalesce(next_page.occurred_at <= numbered.occurred_at + to_milliseconds($within_ms), false) as is_before
    from (
        select
            call.*,
            asked.topic_no
        from call
        left join asked
            on
                call.customer_id = asked.customer_id
                and call.topic_kind = asked.topic_kind
                and call.topic = asked.topic
    ) as numbered
    asof left join about as last_page
        on numbered.topic_no = last_page.topic_no and numbered.occurred_at > last_page.occurred_at
    asof left join about as next_page
        on numbered.topic_no = next_page.topic_no and numbered.occurred_at < next_page.occurred_at
),

visited as (
    select
        topic_kind,
        count(*) as n_visits
    from (
        select distinct
            kind.topic_kind,
            page.customer_id,
            case kind.topic_kind
                when 'product' then page.product_id
                when 'order' then page.order_id
                when 'intent' then page.intent
                else page.stage
            end as topic,
            cast(page.occurred_at as date) as day
        from page
        cross join (select distinct topic_kind from asked) as kind
    ) as visit
    where topic is not null
    group by topic_kind
),

-- how long a stage lasts in a journey
span as (
    select
        journey_event.journey_id,
        cast(journey_event.stage as varchar) as stage,
        min(journey_event.occurred_at) as begun_at,
        max(journey_event.occurred_at) as over_at
    from journey_event
    semi join (
        select called.journey_id
        from call inner join journey_event as called on call.event_no = called.event_no
        where call.topic_kind = 'stage'
    ) as called on journey_event.journey_id = called.journey_id
    group by journey_event.journey_id, journey_event.stage
)

select
    journey_event.journey_id,
    journey_event.pos,
    sided.customer_id,
    cast(sided.step as varchar) as step,
    sided.topic_kind,
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
left join visited on sided.topic_kind = visited.topic_kind
left join span
    on
        journey_event.journey_id = span.journey_id
        and sided.topic_kind = 'stage'
        and sided.topic = span.stage
order by journey_event.pos
