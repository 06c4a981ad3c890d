-- Sights and the calls after them, as counts per place. Temporary tables known_call, call_side, exposure, exposure_count.
-- A sight is a moment at which a customer meets what may make people call: a page, a search without a result, a form given up. Whoever
-- looks for such things leaves two temporary tables:
--   sight         event_no, customer_id, occurred_at, family (among which a call is given to the nearest), place (what is told of),
--                 topic, product_id, identity_strength, more (0.. what else tells sights apart by how often a call follows),
--                 is_usual (whether it counts for how many calls are usual)
--   topic_stage   topic, stage: the stages that calls on a topic are of
-- Variables: data_from, data_to, timezone, discovery_parts; by_product: a call that names a product is on that product only.

-- Grain: one row per call that a customer makes. Its stage is where most calls of its intent are, so that a call given up while
-- waiting counts as what it was about.
create or replace temporary table known_call as
with contact as (
    select cast(step as step_t) as step
    from touch
    where
        visible
        and cast(class as varchar) = 'contact'
        and actor = 'customer'
        and cast(channel as varchar) not in ('web', 'mail')
),

told as (
    select event.*
    from event
    inner join contact on event.step = contact.step
    inner join customer on event.customer_id = customer.customer_id
    where event.visible and cast(customer.identity_strength as varchar) in ('medium', 'strong')
),

about as (
    select intent, arg_max(stage, (n_calls, cast(stage as varchar))) as stage
    from (
        select intent, stage, count(*) as n_calls
        from told
        where intent is not null
        group by intent, stage
    ) as counted
    group by intent
)

select
    cast(row_number() over (order by min(told.event_no)) as uinteger) as call_no,
    told.customer_id,
    coalesce(told.call_id, 'event ' || told.event_no) as call_id,
    min(told.event_no) as event_no,
    min(told.occurred_at) as called_at,
    max(coalesce(told.ended_at, told.occurred_at)) as until_at,
    min(told.product_id) as product_id,
    min(told.intent) as intent,
    arg_min(coalesce(about.stage, told.stage), told.event_no) as stage,
    sum(coalesce(told.engaged_ms, 0)) as engaged_ms,
    sum(coalesce(told.handle_ms, 0)) as handle_ms
from told
left join about on told.intent = about.intent
group by told.customer_id, coalesce(told.call_id, 'event ' || told.event_no)
order by told.customer_id, called_at;

-- Grain: as sight, narrow; names are numbers (the types place_t and family_t), since everything below is sorted and joined by them.
create or replace temporary table seen as
select
    * exclude (place, family),
    cast(place as place_t) as place,
    cast(family as family_t) as family
from (
    select event_no, customer_id, occurred_at, place, family, topic, product_id, identity_strength, more, is_usual
    from sight
) as sight;

-- Grain: one row per call and family: the last sight of its topic before it, and the first after it, each of the same product where
-- the call names one.
create or replace temporary table call_side as
with moment as (
    select
        seen.customer_id,
        topic_stage.stage,
        seen.family,
        seen.occurred_at,
        max(seen.place) as place
    from seen
    inner join topic_stage on seen.topic = topic_stage.topic
    group by seen.customer_id, topic_stage.stage, seen.family, seen.occurred_at
),

of_product as (
    select
        customer_id,
        product_id,
        occurred_at,
        max(place) as place
    from seen
    where cast(family as varchar) = 'product'
    group by customer_id, product_id, occurred_at
),

asked as (
    select
        known_call.call_no,
        known_call.customer_id,
        known_call.called_at,
        known_call.stage,
        known_call.product_id,
        family.family,
        getvariable('by_product') and known_call.product_id is not null as is_named
    from known_call
    inner join (select distinct customer_id, family from seen) as family on known_call.customer_id = family.customer_id
    where not getvariable('by_product') or known_call.product_id is null or cast(family.family as varchar) = 'product'
),

-- with what the call has in common: its product where it names one, else its stage
sided as (
    select
        asked.*,
        before_call.place as place_before,
        before_call.occurred_at as seen_before,
        after_call.place as place_after,
        after_call.occurred_at as seen_after
    from asked
    asof left join moment as before_call
        on
            asked.customer_id = before_call.customer_id
            and asked.stage = before_call.stage
            and asked.family = before_call.family
            and asked.called_at > before_call.occurred_at
    asof left join moment as after_call
        on
            asked.customer_id = after_call.customer_id
            and asked.stage = after_call.stage
            and asked.family = after_call.family
            and asked.called_at < after_call.occurred_at
    where not asked.is_named
    union all by name
    select
        asked.*,
        before_call.place as place_before,
        before_call.occurred_at as seen_before,
        after_call.place as place_after,
        after_call.occurred_at as seen_after
    from asked
    asof left join of_product as before_call
        on
            asked.customer_id = before_call.customer_id
            and asked.product_id = before_call.product_id
            and asked.called_at > before_call.occurred_at
    asof left join of_product as after_call
        on
            asked.customer_id = after_call.customer_id
            and asked.product_id = after_call.product_id
            and asked.called_at < after_call.occurred_at
    where asked.is_named
)

select
    * exclude (stage, product_id),
    coalesce(seen_before >= called_at - interval 24 hours, false) as is_after,
    coalesce(seen_after <= called_at + interval 24 hours, false) as is_before,
    called_at >= getvariable('data_from') + interval 24 hours
    and called_at < getvariable('data_to') - interval 24 hours as is_inside
from sided
where place_before is not null or place_after is not null
order by customer_id, called_at, family;

-- Grain: one row per customer, place and day of the site's clock: its first sight, what kind of sight it is, and the calls after it.
create or replace temporary table exposure as
with heavy as (
    select
        customer_id,
        row_number() over (order by n_events desc, customer_id asc) <= count(*) over () * 0.01 as is_heavy
    from customer
),

drawn as (
    select customer_id, any_value(part) < getvariable('discovery_parts') as is_discovery
    from journey
    group by customer_id
),

dayed as (
    select
        seen.*,
        timezone(getvariable('timezone'), timezone('UTC', seen.occurred_at)) as local_at,
        cast(local_at as date) as day_no,
        cast(extract(hour from local_at) as tinyint) as hour_no
    from seen
    asof left join (select customer_id, called_at, until_at from known_call) as known_call
        on
            seen.customer_id = known_call.customer_id
            and seen.occurred_at >= known_call.called_at
    -- what an agent sends a caller to is seen after the call
    where coalesce(known_call.until_at <= seen.occurred_at - interval 15 minutes, true)
),

first_sight as (
    select
        customer_id,
        place,
        any_value(family) as family,
        any_value(topic) as topic,
        any_value(is_usual) as is_usual,
        any_value(identity_strength) as identity_strength,
        min(event_no) as event_no,
        min(occurred_at) as seen_at,
        arg_min(hour_no, occurred_at) as hour_no,
        arg_min(more, event_no) as more,
        min(day_no) as day_no
    from dayed
    group by customer_id, place, day_no
),

exposed as (
    select
        first_sight.*,
        min(day_no) over (partition by customer_id, family) < day_no as is_returning
    from first_sight
),

-- a call is credited once: to the last sight of its family before it
credit as (
    select
        call_side.customer_id,
        call_side.place_before as place,
        call_side.called_at,
        call_side.is_named,
        exposed.seen_at
    from call_side
    asof inner join exposed
        on
            call_side.customer_id = exposed.customer_id
            and call_side.place_before = exposed.place
            and call_side.called_at > exposed.seen_at
),

credited as (
    select customer_id, place, seen_at, min(called_at) as called_at, bool_or(is_named) as is_named
    from credit
    group by customer_id, place, seen_at
),

elsewhere as (
    select distinct known_call.customer_id, known_call.called_at, topic.topic
    from known_call
    cross join (select distinct topic from exposed) as topic
    left join topic_stage on topic.topic = topic_stage.topic and known_call.stage = topic_stage.stage
    where
        topic_stage.stage is null
        and not (getvariable('by_product') and known_call.product_id is not null)
        -- what a call given up without an intent was about, nobody knows
        and not (known_call.intent is null and cast(known_call.stage as varchar) = 'help')
)

select
    exposed.customer_id,
    exposed.event_no,
    exposed.family,
    exposed.place,
    exposed.topic,
    exposed.is_usual,
    exposed.seen_at,
    exposed.more,
    cast(exposed.hour_no // 6 as tinyint) * 4 + cast(exposed.identity_strength = 'strong' as tinyint) * 2
    + cast(exposed.is_returning as tinyint) as stratum,
    date_diff('day', date '1970-01-05', cast(exposed.seen_at as date)) // 7 as week_no,
    exposed.identity_strength = 'strong' as is_strict,
    coalesce(heavy.is_heavy, false) as is_heavy,
    coalesce(drawn.is_discovery, false) as is_discovery,
    coalesce(credited.is_named, false) as is_named,
    coalesce(credited.called_at <= exposed.seen_at + interval 2 hours, false) as is_called_2h,
    coalesce(credited.called_at <= exposed.seen_at + interval 24 hours, false) as is_called,
    coalesce(credited.called_at <= exposed.seen_at + interval 72 hours, false) as is_called_72h,
    coalesce(elsewhere.called_at <= exposed.seen_at + interval 24 hours, false) as is_called_elsewhere
from exposed
left join heavy on exposed.customer_id = heavy.customer_id
left join drawn on exposed.customer_id = drawn.customer_id
left join credited
    on
        exposed.customer_id = credited.customer_id
        and exposed.place = credited.place
        and exposed.seen_at = credited.seen_at
asof left join elsewhere
    on
        exposed.customer_id = elsewhere.customer_id
        and exposed.topic = elsewhere.topic
        and exposed.seen_at < elsewhere.called_at
where exposed.seen_at < getvariable('data_to') - interval 24 hours
order by exposed.place, exposed.customer_id, exposed.seen_at;

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
    select kind.family, kind.stratum, (sum(kind.n_calls) + 10) / (sum(kind.n_sights * usual.rate) + 10) as factor
    from kind
    inner join usual on kind.family = usual.family
    group by kind.family, kind.stratum
),

of_more as (
    select kind.family, kind.more, (sum(kind.n_calls) + 10) / (sum(kind.n_sights * usual.rate) + 10) as factor
    from kind
    inner join usual on kind.family = usual.family
    group by kind.family, kind.more
),

of_week as (
    select kind.family, kind.week_no, (sum(kind.n_calls) + 10) / (sum(kind.n_sights * usual.rate) + 10) as factor
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
        coalesce(of_kind.factor, 1) * coalesce(of_more.factor, 1) * coalesce(of_week.factor, 1) * of_topic.factor as weight
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
        coalesce(sum(caller.n_calls * weighted.weight / caller.weight), 0) as y_own
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
    coalesce(counted.w, 0) as w,
    coalesce(counted.y, 0) as y,
    coalesce(counted.y_2h, 0) as y_2h,
    coalesce(counted.y_72h, 0) as y_72h,
    coalesce(counted.y_elsewhere, 0) as y_elsewhere,
    coalesce(counted.y_named, 0) as y_named,
    coalesce(counted.y_own, 0) as y_own,
    coalesce(self.n_after, 0) as n_after,
    coalesce(self.n_before, 0) as n_before
from counted
full join self using (place, is_discovery, is_heavy, is_strict)
order by place, is_discovery, is_heavy, is_strict
