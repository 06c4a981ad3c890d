-- What a product's page lacks and its peers have. Temporary table page_hint, one row per product and attribute that is a hint.
-- Peers: the other products of its category, all others where it has fewer than $peers_min. is_low: a number that is there, below
-- what all but $low_share of the peers have and below $low_times of their median; the other hints: the attribute is not there, and
-- $has_share of the peers have it. Params: products = those asked for.
create or replace temporary table page_hint as
with size as (
    select category, count(distinct product_id) as n_products
    from product_attribute
    group by category
),

asked as (
    select own.*, size.n_products > $peers_min as is_of_category
    from product_attribute as own
    inner join size on own.category = size.category
    where list_contains($products, own.product_id)
),

compared as (
    select
        asked.product_id,
        asked.attribute,
        any_value(asked.number) as number,
        any_value(asked.is_there) as is_there,
        any_value(asked.is_of_category) as is_of_category,
        count(*) as n_peers,
        count(*) filter (peer.is_there) / count(*) as has_share,
        quantile_disc(peer.number, $low_share) filter (peer.is_there) as low,
        quantile_disc(peer.number, 0.5) filter (peer.is_there) as median
    from asked
    inner join product_attribute as peer
        on
            asked.attribute = peer.attribute
            and asked.product_id <> peer.product_id
            and (not asked.is_of_category or asked.category = peer.category)
    group by asked.product_id, asked.attribute
)

select
    product_id,
    attribute,
    number,
    is_there as is_low,
    is_of_category,
    n_peers,
    has_share,
    low,
    median
from compared
where
    n_peers >= $peers_min
    and has_share >= $has_share
    and (not is_there or (number < low and number < $low_times * median))
order by product_id, is_low, has_share desc, attribute
