-- Views of pages and the calls after them, as counts per page. Temporary tables page_call, page_view, page_exposure, page_fact.
-- A page is a product's or, where a step has nine addresses or more, one of those: others have no peers to be held against. Its
-- topic is the stage of its step. Pages of help and of orders are left out: to lead to a call is what they are for.
-- Variables: data_from, data_to, timezone, discovery_parts.

-- Grain: one row per call that a customer makes. Its stage is where most calls of its intent are, so that a call given up while
-- waiting counts as what it was about.
create or replace temporary table page_call as
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

-- Grain: one row per customer, page and moment. Only customers who can be known on the phone; who is known by a cookie alone can't be
-- seen to call. A day of 500 pages is a robot's.
create or replace temporary table page_view as
with told as (
    select
        event.event_no,
        event.customer_id,
        event.occurred_at,
        event.raw_code,
        event.product_id,
        event.stage,
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
        and event.order_id is null
        and cast(customer.identity_strength as varchar) in ('medium', 'strong')
),

alike as (
    select step
    from told
    where product_id is null
    group by step
    having count(distinct raw_code) > 8
),

placed as (
    select
        told.* exclude (n_of_day),
        told.product_id is not null as is_product,
        coalesce('product:' || told.product_id, 'page:' || told.raw_code) as place
    from told
    left join alike on told.step = alike.step
    where told.n_of_day < 500 and (told.product_id is not null or alike.step is not null)
)

select
    placed.event_no,
    placed.customer_id,
    placed.occurred_at,
    placed.place,
    placed.is_product,
    placed.product_id,
    placed.stage,
    placed.step,
    placed.raw_code,
    placed.identity_strength,
    -- what an agent sends a caller to is seen after the call
    coalesce(page_call.until_at > placed.occurred_at - interval 15 minutes, false) as is_sent
from placed
asof left join page_call
    on
        placed.customer_id = page_call.customer_id
        and placed.occurred_at >= page_call.called_at
order by placed.customer_id, placed.occurred_at, placed.event_no;

-- Grain: one row per call and sort of page: the last page of its topic before it, and the first after it, each of the same
-- product where the call names one.
create or replace temporary table page_side as
with moment as (
    select
        customer_id,
        stage,
        is_product,
        occurred_at,
        max(place) as place,
        bool_or(is_sent) as is_sent
    from page_view
    group by customer_id, stage, is_product, occurred_at
),

of_product as (
    select
        customer_id,
        product_id,
        occurred_at,
        max(place) as place,
        bool_or(is_sent) as is_sent
    from page_view
    where is_product
    group by customer_id, product_id, occurred_at
),

sort as (
    select unnest([true, false]) as is_product
),

asked as (
    select page_call.*, sort.is_product
    from page_call
    cross join sort
    where page_call.product_id is null or sort.is_product
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
            and asked.is_product = before_call.is_product
            and asked.called_at > before_call.occurred_at
    asof left join moment as after_call
        on
            asked.customer_id = after_call.customer_id
            and asked.stage = after_call.stage
            and asked.is_product = after_call.is_product
            and asked.called_at < after_call.occurred_at
    where asked.product_id is null
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
    where asked.product_id is not null
)

select
    *,
    coalesce(seen_before >= called_at - interval 24 hours, false) as is_after,
    coalesce(seen_after <= called_at + interval 24 hours, false) as is_before,
    called_at >= getvariable('data_from') + interval 24 hours
    and called_at < getvariable('data_to') - interval 24 hours as is_inside
from sided
order by customer_id, called_at, is_product;

-- Grain: one row per customer, page and day of the site's clock: its first view, what kind of view it is, and the calls after it.
create or replace temporary table page_exposure as
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
        *,
        cast(timezone(getvariable('timezone'), timezone('UTC', occurred_at)) as date) as day_no,
        extract(hour from timezone(getvariable('timezone'), timezone('UTC', occurred_at))) as hour_no
    from page_view
    where not is_sent
),

first_view as (
    select
        customer_id,
        place,
        any_value(is_product) as is_product,
        any_value(stage) as stage,
        any_value(identity_strength) as identity_strength,
        min(event_no) as event_no,
        min(occurred_at) as seen_at,
        arg_min(hour_no, occurred_at) as hour_no,
        min(day_no) as day_no
    from dayed
    group by customer_id, place, day_no
),

exposed as (
    select
        first_view.*,
        min(day_no) over (partition by customer_id, is_product) < day_no as is_returning
    from first_view
),

-- a call is credited once: to the last page of its sort before it
credit as (
    select
        page_side.customer_id,
        page_side.place_before as place,
        page_side.called_at,
        page_side.product_id is not null as is_named,
        exposed.seen_at
    from page_side
    asof inner join exposed
        on
            page_side.customer_id = exposed.customer_id
            and page_side.place_before = exposed.place
            and page_side.called_at > exposed.seen_at
),

credited as (
    select customer_id, place, seen_at, min(called_at) as called_at, bool_or(is_named) as is_named
    from credit
    group by customer_id, place, seen_at
),

elsewhere as (
    select distinct page_call.customer_id, page_call.called_at, topic.stage
    from page_call
    inner join (select distinct stage from exposed) as topic on page_call.stage <> topic.stage
    where page_call.product_id is null
)

select
    exposed.customer_id,
    exposed.event_no,
    exposed.place,
    exposed.is_product,
    exposed.seen_at,
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
        and exposed.stage = elsewhere.stage
        and exposed.seen_at < elsewhere.called_at
where exposed.seen_at < getvariable('data_to') - interval 24 hours
order by exposed.place, exposed.customer_id, exposed.seen_at;

-- Grain: one row per page and kind of customer (discovery, heavy, strict), with everything that is tested.
-- w: views, each weighted by how often views of its kind (hour, identity, seen before) and of its week are followed by a call.
-- y_own: calls that the page would have if those of each customer fell on all pages that the customer saw alike.
-- n_after, n_before: calls within a day after a view and before one, mirrored, and the first and last day of the data are left out.
create or replace temporary table page_count as
with kind as (
    select is_product, stratum, week_no, count(*) as n_views, count(*) filter (is_called) as n_calls
    from page_exposure
    group by is_product, stratum, week_no
),

usual as (
    select is_product, greatest(sum(n_calls), 0.5) / sum(n_views) as rate
    from kind
    group by is_product
),

-- with ten calls of the usual rate added, so that a few do not make a factor
of_kind as (
    select kind.is_product, kind.stratum, (sum(kind.n_calls) + 10) / (sum(kind.n_views * usual.rate) + 10) as factor
    from kind
    inner join usual on kind.is_product = usual.is_product
    group by kind.is_product, kind.stratum
),

of_week as (
    select kind.is_product, kind.week_no, (sum(kind.n_calls) + 10) / (sum(kind.n_views * usual.rate) + 10) as factor
    from kind
    inner join usual on kind.is_product = usual.is_product
    group by kind.is_product, kind.week_no
),

weighted as (
    select exposure.*, of_kind.factor * of_week.factor as weight
    from page_exposure as exposure
    inner join of_kind on exposure.is_product = of_kind.is_product and exposure.stratum = of_kind.stratum
    inner join of_week on exposure.is_product = of_week.is_product and exposure.week_no = of_week.week_no
),

caller as (
    select customer_id, is_product, sum(weight) as weight, count(*) filter (is_called) as n_calls
    from weighted
    group by customer_id, is_product
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
    left join caller on weighted.customer_id = caller.customer_id and weighted.is_product = caller.is_product
    group by all
),

sides as (
    select customer_id, place_before as place, 1 as n_after, 0 as n_before
    from page_side
    where is_after and is_inside
    union all
    select customer_id, place_after, 0, 1
    from page_side
    where is_before and is_inside
),

of_customer as (
    select
        customer_id,
        any_value(is_discovery) as is_discovery,
        any_value(is_heavy) as is_heavy,
        any_value(is_strict) as is_strict
    from page_exposure
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

select counted.*, coalesce(self.n_after, 0) as n_after, coalesce(self.n_before, 0) as n_before
from counted
left join self
    on
        counted.place = self.place
        and counted.is_discovery = self.is_discovery
        and counted.is_heavy = self.is_heavy
        and counted.is_strict = self.is_strict
order by counted.place, counted.is_discovery, counted.is_heavy, counted.is_strict;

-- Grain: one row per page: what it is, at its most frequent address. The category of a product's page is its step and its address
-- up to the product, of others their step.
create or replace temporary table page_fact as
with addressed as (
    select place, is_product, product_id, step, raw_code, count(*) as n_views
    from page_view
    group by all
),

chosen as (
    select
        place,
        any_value(is_product) as is_product,
        any_value(product_id) as product_id,
        arg_max(step, (n_views, raw_code)) as step,
        arg_max(raw_code, (n_views, raw_code)) as raw_code
    from addressed
    group by place
)

select
    place,
    is_product,
    product_id,
    step,
    case when contains(raw_code, ' /') then regexp_extract(raw_code, ' (/\S*)', 1) else raw_code end as address,
    cast(
        dense_rank() over (
            order by step, case when is_product then split_part(raw_code, product_id, 1) else '' end
        ) - 1 as integer
    ) as category
from chosen
order by place;
