-- What exports show. Temporary views, so that nothing is kept twice. Variables: export_salt (a secret of the site), few_customers.
-- Numbers of orders and calls stand for one dealing of one person, so they leave as keyed hashes, and codes without them. What a
-- source says of few customers only may be a name or a number that nobody could tell from goods: such codes are left out, such
-- products and intents leave as keyed hashes.

create or replace temporary macro keyed(kind, number) as
    left(sha256(getvariable('export_salt') || '|' || kind || '|' || number), 16);

-- a code without the numbers in it
create or replace temporary macro without(code, number, named) as
    case when number is null or number = '' then code else replace(code, number, named) end;

create or replace temporary macro plain_code(code, order_id, call_id) as
    without(without(code, order_id, '{order}'), call_id, '{call}');

-- Grain: one row per code without its numbers, product and intent that enough customers share. Temporary.
create or replace temporary table told_often as
select kind, word
from (
    select
        customer_id,
        unnest(['code', 'product', 'intent']) as kind,
        unnest([plain_code(raw_code, order_id, call_id), product_id, intent]) as word
    from (
        select distinct customer_id, raw_code, order_id, call_id, product_id, intent
        from event
    ) as said
) as worded
where word is not null
group by kind, word
having count(distinct customer_id) >= getvariable('few_customers');

-- Grain: one row per event, in the order of customer and time. An event that no customer has a part in (an agent logs in) has no key.
create or replace temporary view export_event as
select
    event.event_id,
    customer.customer_key,
    event.occurred_at,
    event.ended_at,
    coalesce(touch.step, 'undeclared' || coalesce(':' || coded.word, '')) as step,
    touch.label,
    cast(event.channel as varchar) as channel,
    cast(event.department as varchar) as department,
    cast(event.stage as varchar) as stage,
    cast(touch.class as varchar) as class,
    event.actor,
    event.visible,
    cast(event.identity_strength as varchar) as identity_strength,
    coalesce(product.word, keyed('product', event.product_id)) as product_id,
    keyed('order', event.order_id) as order_key,
    keyed('call', event.call_id) as call_key,
    event.session_id as session_no,
    coalesce(intent.word, keyed('intent', event.intent)) as intent,
    event.wait_ms,
    event.handle_ms,
    event.engaged_ms,
    event.engaged_is_usual,
    event.time_rule,
    coded.word as code,
    source.name as source,
    event.event_no
from event
left join customer on event.customer_id = customer.customer_id
left join touch on cast(event.step as varchar) = touch.step
left join source on event.source_id = source.source_id
left join told_often as coded
    on
        coded.kind = 'code'
        and plain_code(event.raw_code, event.order_id, event.call_id) = coded.word
left join told_often as product on product.kind = 'product' and event.product_id = product.word
left join told_often as intent on intent.kind = 'intent' and event.intent = intent.word;

-- Grain: one row per journey.
create or replace temporary view export_journey as
select
    journey.journey_key,
    customer.customer_key,
    journey.anchor,
    keyed('order', journey.order_id) as order_key,
    journey.started_at,
    journey.ended_at,
    journey.is_complete,
    journey.is_truncated,
    cast(journey.identity_strength as varchar) as identity_strength,
    journey_metrics.variant_id,
    journey_metrics.n_events,
    journey_metrics.n_channels,
    journey_metrics.n_departments,
    journey_metrics.n_calls,
    journey_metrics.duration_ms,
    journey_metrics.engaged_ms,
    journey_metrics.wait_ms,
    journey_effort.effort_ms,
    journey_effort.need,
    journey.journey_id
from journey
inner join customer on journey.customer_id = customer.customer_id
left join journey_metrics on journey.journey_id = journey_metrics.journey_id
left join journey_effort on journey.journey_id = journey_effort.journey_id;

-- Grain: one row per event of a journey; one that belongs to several journeys has a row in each, and a weight that adds up to 1.
create or replace temporary view export_journey_step as
select
    journey.journey_key,
    customer.customer_key,
    event.event_id,
    coalesce(touch.step, 'undeclared') as step,
    touch.label,
    cast(moment.channel as varchar) as channel,
    cast(moment.department as varchar) as department,
    cast(moment.stage as varchar) as stage,
    cast(moment.class as varchar) as class,
    touch.actor,
    moment.occurred_at,
    moment.ended_at,
    moment.wait_ms,
    moment.handle_ms,
    moment.engaged_ms,
    moment.weight,
    moment.n_raw,
    moment.assign_rule,
    moment.ambiguous,
    moment.journey_id,
    moment.pos
from journey_event as moment
inner join event on moment.event_no = event.event_no
inner join journey on moment.journey_id = journey.journey_id
inner join customer on moment.customer_id = customer.customer_id
left join touch on cast(moment.step as varchar) = touch.step;

-- Grain: one row per finding, the parts most asked for as columns, all parts as JSON.
create or replace temporary view export_finding as
select
    no_label as label,
    finding_id,
    kind,
    status,
    grade,
    rank_no,
    title,
    text_evidence,
    text_caution,
    cast(effect_json ->> '$.name' as varchar) as effect,
    cast(effect_json ->> '$.value' as double) as value,
    cast(effect_json ->> '$.unit' as varchar) as unit,
    cast(ci_json ->> '$.low' as double) as low,
    cast(ci_json ->> '$.high' as double) as high,
    cast(n_json ->> '$.customers' as bigint) as n_customers,
    cast(n_json ->> '$.journeys' as bigint) as n_journeys,
    cast(cost_json ->> '$.customer_min_per_week.mid' as double) as customer_min_per_week,
    cast(cost_json ->> '$.company_min_per_week.mid' as double) as company_min_per_week,
    cast(cost_json ->> '$.money_per_week.mid' as double) as money_per_week,
    first_seen,
    last_seen,
    cast(where_json as varchar) as where_json,
    cast(n_json as varchar) as n_json,
    cast(effect_json as varchar) as effect_json,
    cast(ci_json as varchar) as ci_json,
    cast(cost_json as varchar) as cost_json,
    cast(evidence_json as varchar) as evidence_json,
    cast(robustness_json as varchar) as robustness_json,
    cast(extra_json as varchar) as extra_json
from finding;
