-- Grain: one row per closed journey of the window, with what the analyses split and filter by. Temporary.
-- way_id: the variant, or where the order of some steps is not told the variant with that pattern (coarse.sql).
-- is_unrecorded: a source that the intended process needs did not tell of it, for the reason `unrecorded` (unrecorded.sql).
-- is_heavy: the customer is among the 1 % with most events; is_strict: strong evidence says whose each of its events is.
create or replace temporary table population as
with heavy as (
    select
        customer_id,
        row_number() over (order by n_events desc, customer_id asc) <= count(*) over () * 0.01 as is_heavy
    from customer
),

known_work as (
    select
        journey_id,
        sum(cast(round(handle_ms * weight) as bigint)) as handle_ms
    from journey_event
    where handle_ms is not null
    group by journey_id
)

select
    journey.journey_id,
    journey.journey_key,
    md5_number_lower(journey.journey_key) as draw,
    journey.customer_id,
    journey.anchor,
    journey.is_truncated,
    metrics.variant_id,
    metrics.first_pos,
    metrics.engaged_ms,
    metrics.duration_ms,
    coalesce(known_work.handle_ms, 0) as handle_ms,
    journey.part < $discovery_parts as is_discovery,
    coalesce(cast(journey.identity_strength as varchar) = 'strong', false) as is_strict,
    coalesce(heavy.is_heavy, false) as is_heavy,
    date_diff('day', date '1970-01-05', cast(journey.started_at as date)) // 7 as start_week,
    journey.started_at,
    journey.ended_at,
    coalesce(coarse_journey.way_id, metrics.variant_id) as way_id,
    coarse_journey.pattern,
    unrecorded_journey.reason as unrecorded,
    unrecorded_journey.journey_id is not null as is_unrecorded
from journey
inner join journey_metrics as metrics on journey.journey_id = metrics.journey_id
left join known_work on journey.journey_id = known_work.journey_id
left join heavy on journey.customer_id = heavy.customer_id
left join coarse_journey on journey.journey_id = coarse_journey.journey_id
left join unrecorded_journey on journey.journey_id = unrecorded_journey.journey_id
where journey.is_complete and journey.started_at >= $window_from and journey.started_at < $window_to
order by journey.journey_id
