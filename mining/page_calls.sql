-- Views of pages as sights (mining/exposure_rows.py). Temporary tables page_address, sight, topic_stage, page_fact.
-- A page is a product's or, where a step has nine addresses or more, one of those: others have no peers to be held against. Its
-- topic is the stage of its step. Pages of help and of orders are left out: to lead to a call is what they are for; and so are those
-- with a declared purpose (mining/web_failings.sql).

-- Grain: one row per address of a page (and product, where it is one's). topic: the stage of its step.
create or replace temporary table page_address as
with looked as (
    select
        event.step as step_no,
        event.product_id,
        event.raw_code,
        cast(event.stage as varchar) as topic
    from event
    semi join (
        select cast(step as step_t) as step
        from touch
        where cast(class as varchar) = 'browse' and actor = 'customer' and cast(stage as varchar) <> 'help' and purpose is null
    ) as page on event.step = page.step
    semi join (
        select customer_id
        from customer
        where cast(identity_strength as varchar) in ('medium', 'strong')
    ) as known on event.customer_id = known.customer_id
    where event.visible and cast(event.channel as varchar) = 'web' and cast(event.stage as varchar) <> 'help' and event.order_id is null
),

address as (
    select distinct *
    from looked
),

alike as (
    select step_no
    from address
    where product_id is null
    group by step_no
    having count(distinct raw_code) > 8
)

select
    address.*,
    cast(address.step_no as varchar) as step,
    case when address.product_id is null then 'page' else 'product' end as family,
    coalesce('product:' || address.product_id, 'page:' || address.raw_code) as place,
    cast(row_number() over () as integer) as address_no
from address
where product_id is not null or step_no in (select alike.step_no from alike);

-- Grain: one row per customer, page and moment. Only customers who can be known on the phone; who is known by a cookie alone can't be
-- seen to call. A day of 500 pages is a robot's.
create or replace temporary table sight as
with known as (
    select customer_id, identity_strength, n_events
    from customer
    where cast(identity_strength as varchar) in ('medium', 'strong')
),

robot as (
    select event.customer_id, cast(event.occurred_at as date) as day
    from event
    inner join known on event.customer_id = known.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where
        known.n_events >= 500
        and event.visible
        and cast(event.channel as varchar) = 'web'
        and cast(touch.class as varchar) = 'browse'
        and touch.actor = 'customer'
        and cast(event.stage as varchar) <> 'help'
        and touch.purpose is null
        and event.order_id is null
    group by all
    having count(*) >= 500
)

select
    event.event_no,
    event.customer_id,
    event.occurred_at,
    address.address_no,
    address.family,
    address.place,
    address.topic,
    known.identity_strength,
    cast(0 as tinyint) as more,
    true as is_usual
from event
inner join known on event.customer_id = known.customer_id
inner join page_address as address
    on
        event.step = address.step_no
        and event.raw_code is not distinct from address.raw_code
        and event.product_id is not distinct from address.product_id
anti join robot on event.customer_id = robot.customer_id and cast(event.occurred_at as date) = robot.day
where event.visible and cast(event.channel as varchar) = 'web' and event.order_id is null;

create or replace temporary table topic_stage as
select distinct topic, cast(topic as stage_t) as stage
from sight;

-- Grain: one row per page: what it is, at its most frequent address. The category of a product's page is its step and its address
-- up to the product, of others their step.
create or replace temporary table page_fact as
with addressed as (
    select
        address.place,
        address.family,
        address.product_id,
        address.step,
        address.raw_code,
        count(*) as n_views
    from sight
    inner join page_address as address on sight.address_no = address.address_no
    group by all
),

chosen as (
    select
        place,
        any_value(family) as family,
        any_value(product_id) as product_id,
        arg_max(step, (n_views, raw_code)) as step,
        arg_max(raw_code, (n_views, raw_code)) as raw_code
    from addressed
    group by place
)

select
    place,
    family,
    product_id,
    step,
    case when contains(raw_code, ' /') then regexp_extract(raw_code, ' (/\S*)', 1) else raw_code end as address,
    cast(
        dense_rank() over (
            order by step, case when family = 'product' then split_part(raw_code, product_id, 1) else '' end
        ) - 1 as integer
    ) as category
from chosen
order by place
