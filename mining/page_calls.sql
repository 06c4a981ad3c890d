-- Views of pages as sights (mining/exposures.sql). Temporary tables sight, topic_stage, page_fact.
-- A page is a product's or, where a step has nine addresses or more, one of those: others have no peers to be held against. Its
-- topic is the stage of its step. Pages of help and of orders are left out: to lead to a call is what they are for; and so are those
-- with a declared purpose (mining/web_failings.sql).

-- Grain: one row per customer, page and moment. Only customers who can be known on the phone; who is known by a cookie alone can't be
-- seen to call. A day of 500 pages is a robot's.
create or replace temporary table sight as
with told as (
    select
        event.event_no,
        event.customer_id,
        event.occurred_at,
        event.raw_code,
        event.product_id,
        cast(event.stage as varchar) as topic,
        cast(event.step as varchar) as step,
        customer.identity_strength,
        count(*) over (partition by event.customer_id, cast(event.occurred_at as date)) as n_of_day
    from event
    inner join customer on event.customer_id = customer.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where
        event.visible
        and cast(event.channel as varchar) = 'web'
        and cast(touch.class as varchar) = 'browse'
        and touch.actor = 'customer'
        and cast(event.stage as varchar) <> 'help'
        and touch.purpose is null
        and event.order_id is null
        and cast(customer.identity_strength as varchar) in ('medium', 'strong')
),

alike as (
    select step
    from told
    where product_id is null
    group by step
    having count(distinct raw_code) > 8
)

select
    told.* exclude (n_of_day),
    case when told.product_id is null then 'page' else 'product' end as family,
    coalesce('product:' || told.product_id, 'page:' || told.raw_code) as place,
    cast(0 as tinyint) as more,
    true as is_usual
from told
left join alike on told.step = alike.step
where told.n_of_day < 500 and (told.product_id is not null or alike.step is not null)
order by told.customer_id, told.occurred_at, told.event_no;

create or replace temporary table topic_stage as
select distinct topic, cast(topic as stage_t) as stage
from sight;

-- Grain: one row per page: what it is, at its most frequent address. The category of a product's page is its step and its address
-- up to the product, of others their step.
create or replace temporary table page_fact as
with addressed as (
    select place, family, product_id, step, raw_code, count(*) as n_views
    from sight
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
