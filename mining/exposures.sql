-- Sights and the calls after them (mining/exposure_rows.py), as counts per place. Temporary table exposure_count.
-- Weights are summed as decimals: sums of floats would depend on the order in which the cores come to them.

-- Grain: one row per place and kind of customer (discovery, heavy, strict), with everything that is tested.
-- w: sights, each weighted by how often usual sights of its kind (hour, identity, seen before), of its `more` and of its week are followed by
-- a call, and by how often customers call on its topic at all.
-- y_own: calls that the place would have if those of each customer fell on all sights of that customer alike.
-- n_after, n_before: calls within a day after a sight and before one, mirrored, and the first and last day of the data are left out.
create or replace temporary table exposure_count as
with kind as (
    select family, stratum, more, week_no, count(*) as n_sights, count(*) filter (is_called) as n_calls
    from exposure
    where is_usual
    group by family, stratum, more, week_no
),

usual as (
    select family, greatest(sum(n_calls), 0.5) / sum(n_sights) as rate
    from kind
    group by family
),

-- with ten calls of the usual rate added, so that a few do not make a factor
of_kind as (
    select kind.family, kind.stratum, (sum(kind.n_calls) + 10) / (sum(kind.n_sights) * any_value(usual.rate) + 10) as factor
    from kind
    inner join usual on kind.family = usual.family
    group by kind.family, kind.stratum
),

of_more as (
    select kind.family, kind.more, (sum(kind.n_calls) + 10) / (sum(kind.n_sights) * any_value(usual.rate) + 10) as factor
    from kind
    inner join usual on kind.family = usual.family
    group by kind.family, kind.more
),

of_week as (
    select kind.family, kind.week_no, (sum(kind.n_calls) + 10) / (sum(kind.n_sights) * any_value(usual.rate) + 10) as factor
    from kind
    inner join usual on kind.family = usual.family
    group by kind.family, kind.week_no
),

on_topic as (
    select topic_stage.topic, count(*) as n_calls
    from known_call
    inner join topic_stage on known_call.stage = topic_stage.stage
    where known_call.customer_id in (select exposure.customer_id from exposure)
    group by topic_stage.topic
),

topic as (
    select exposure.family, exposure.topic, coalesce(any_value(on_topic.n_calls), 0) as n_calls, count(*) as n_sights
    from exposure
    left join on_topic on exposure.topic = on_topic.topic
    group by exposure.family, exposure.topic
),

of_topic as (
    select
        family,
        topic,
        (n_calls + 10) / (sum(n_calls * n_sights) over (partition by family) / sum(n_sights) over (partition by family) + 10)
            as factor
    from topic
),

weighted as (
    select
        exposure.*,
        cast(
            coalesce(of_kind.factor, 1) * coalesce(of_more.factor, 1) * coalesce(of_week.factor, 1) * of_topic.factor
            as decimal(24, 12)
        ) as weight
    from exposure
    inner join of_topic on exposure.family = of_topic.family and exposure.topic = of_topic.topic
    left join of_kind on exposure.family = of_kind.family and exposure.stratum = of_kind.stratum
    left join of_more on exposure.family = of_more.family and exposure.more = of_more.more
    left join of_week on exposure.family = of_week.family and exposure.week_no = of_week.week_no
),

caller as (
    select customer_id, family, sum(weight) as weight, count(*) filter (is_called) as n_calls
    from weighted
    group by customer_id, family
    having n_calls > 0
),

counted as (
    select
        weighted.place,
        weighted.is_discovery,
        weighted.is_heavy,
        weighted.is_strict,
        count(*) as v,
        sum(weighted.weight) as w,
        count(*) filter (weighted.is_called) as y,
        count(*) filter (weighted.is_called_2h) as y_2h,
        count(*) filter (weighted.is_called_72h) as y_72h,
        count(*) filter (weighted.is_called_elsewhere) as y_elsewhere,
        count(*) filter (weighted.is_called and weighted.is_named) as y_named,
        sum(cast(coalesce(caller.n_calls * weighted.weight / caller.weight, 0) as decimal(24, 12))) as y_own
    from weighted
    left join caller on weighted.customer_id = caller.customer_id and weighted.family = caller.family
    group by weighted.place, weighted.is_discovery, weighted.is_heavy, weighted.is_strict
),

sides as (
    select customer_id, place_before as place, 1 as n_after, 0 as n_before
    from call_side
    where is_after and is_inside
    union all
    select customer_id, place_after, 0, 1
    from call_side
    where is_before and is_inside
),

of_customer as (
    select
        customer_id,
        any_value(is_discovery) as is_discovery,
        any_value(is_heavy) as is_heavy,
        any_value(is_strict) as is_strict
    from exposure
    group by customer_id
),

self as (
    select
        sides.place,
        of_customer.is_discovery,
        of_customer.is_heavy,
        of_customer.is_strict,
        sum(sides.n_after) as n_after,
        sum(sides.n_before) as n_before
    from sides
    inner join of_customer on sides.customer_id = of_customer.customer_id
    group by all
)

-- calls may lie around sights of which none is an exposure
select
    place,
    is_discovery,
    is_heavy,
    is_strict,
    coalesce(counted.v, 0) as v,
    cast(coalesce(counted.w, 0) as double) as w,
    coalesce(counted.y, 0) as y,
    coalesce(counted.y_2h, 0) as y_2h,
    coalesce(counted.y_72h, 0) as y_72h,
    coalesce(counted.y_elsewhere, 0) as y_elsewhere,
    coalesce(counted.y_named, 0) as y_named,
    cast(coalesce(counted.y_own, 0) as double) as y_own,
    coalesce(self.n_after, 0) as n_after,
    coalesce(self.n_before, 0) as n_before
from counted
full join self using (place, is_discovery, is_heavy, is_strict)
order by place, is_discovery, is_heavy, is_strict
