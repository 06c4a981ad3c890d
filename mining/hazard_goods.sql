-- What the hazard models account for of the goods that a step is about (method note 6.2: product group and order value).
-- Grain of hazard_goods: one row per step of a journey that names known goods. kind: 1-7 the most frequent categories, 0 others;
-- value: 1-3 the thirds of all orders' values; poor: 2 the page lacks what most of its peers have, or a number is far below theirs,
-- 1 it does not; -1 where it is unknown. Of a journey only what is known by then counts: the last product up to the step, and the
-- order that a step names; what is bought later would tell how the journey ends.
-- Temporary tables. Variables: value = the attribute with an order's value, or null; peers_min, has_share, low_share, low_times as
-- for hints.
create or replace temporary table goods_product as
with size as (
    select category, count(distinct product_id) > getvariable('peers_min') as is_enough
    from product_attribute
    group by category
),

judged as (
    select
        own.product_id,
        own.attribute,
        own.number,
        own.is_there,
        if(size.is_enough, own.category, '') as peers
    from product_attribute as own
    inner join size on own.category = size.category
),

compared as (
    select
        peers,
        attribute,
        count(*) filter (is_there) / count(*) as share,
        quantile_disc(number, getvariable('low_share')) filter (is_there) as low,
        quantile_disc(number, 0.5) filter (is_there) as median
    from judged
    group by peers, attribute
),

poor as (
    select
        judged.product_id,
        bool_or(
            compared.share >= getvariable('has_share')
            and (
                not judged.is_there
                or coalesce(judged.number < compared.low and judged.number < getvariable('low_times') * compared.median, false)
            )
        ) as is_poor
    from judged
    inner join compared on judged.peers = compared.peers and judged.attribute = compared.attribute
    group by judged.product_id
),

known as (
    select product_id, any_value(category) as category
    from product_attribute
    group by product_id
),

frequent as (
    select known.category, row_number() over (order by count(*) desc, known.category asc) as kind
    from (
        select product_id from event
        where product_id is not null
        union all
        select product_id from order_product
    ) as met
    inner join known on met.product_id = known.product_id
    group by known.category
)

select
    known.product_id,
    cast(if(frequent.kind <= 7, frequent.kind, 0) as integer) as kind,
    if(poor.is_poor, 2, 1) as poor
from known
inner join poor on known.product_id = poor.product_id
inner join frequent on known.category = frequent.category;

create or replace temporary table goods_order as
with bought as (
    select distinct order_id, product_id
    from order_product
    where order_id is not null
    union
    select distinct order_id, product_id
    from event
    where order_id is not null and product_id is not null
),

-- of an order of several products: the kind of one, and whether any page is poor
goods as (
    select
        bought.order_id,
        arg_min(goods_product.kind, goods_product.product_id) as kind,
        max(goods_product.poor) as poor
    from bought
    inner join goods_product on bought.product_id = goods_product.product_id
    group by bought.order_id
),

paid as (
    select order_id, max(try_cast(json_extract_string(attributes, '$."' || getvariable('value') || '"') as double)) as amount
    from event
    where order_id is not null and attributes is not null
    group by order_id
),

banded as (
    select order_id, ntile(3) over (order by amount, order_id) as value
    from paid
    where amount is not null
)

select
    coalesce(goods.order_id, banded.order_id) as order_id,
    goods.kind,
    goods.poor,
    banded.value
from goods
full outer join banded on goods.order_id = banded.order_id;

create or replace temporary table hazard_goods as
select
    moment.pos,
    coalesce(goods_product.kind, goods_order.kind, -1) as kind,
    coalesce(goods_order.value, -1) as value,
    coalesce(goods_product.poor, goods_order.poor, -1) as poor
from journey_event as moment
inner join event on moment.event_no = event.event_no
left join goods_product on event.product_id = goods_product.product_id
left join goods_order on event.order_id = goods_order.order_id
where goods_product.kind is not null or goods_order.kind is not null or goods_order.value is not null
