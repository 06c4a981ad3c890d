/*---
summary = "How often each step is met, by how many, how long it keeps the customer, and how far into the journey"
grain = "one row per visible step that occurs"
reads = ["journey_event"]

[columns]
step = "the step"
n_events = "events; sums to all visible events"
n_raw = "raw records behind them, before page runs were collapsed"
n_journeys = "distinct journeys that reach the step"
n_customers = "distinct customers who reach it (no sum over parts of a customer's journeys)"
engaged_sum_ms = "ms the customers were engaged, each event's share by weight, rounded to a whole ms"
engaged_median_ms = "lower median per event, unweighted (a median does not merge by addition)"
engaged_p90_ms = "its 90th percentile"
since_start_median_ms = "lower median of ms from the start of the journey to the step"
---*/
with journey_start as (
    select
        journey_id,
        min(epoch_us(occurred_at)) as started_us
    from journey_event
    group by journey_id
),

measured as (
    select
        moment.step,
        moment.journey_id,
        moment.customer_id,
        moment.n_raw,
        moment.engaged_ms,
        cast(round(moment.engaged_ms * moment.weight) as bigint) as share_ms,
        epoch_us(moment.occurred_at) - journey_start.started_us as since_start_us
    from journey_event as moment
    inner join journey_start on moment.journey_id = journey_start.journey_id
),

grouped as (
    select
        step,
        count(*) as n_events,
        sum(n_raw) as n_raw,
        bit_count(bitstring_agg(journey_id)) as n_journeys,
        bit_count(bitstring_agg(customer_id)) as n_customers,
        coalesce(sum(share_ms), 0) as engaged_sum_ms,
        quantile_disc(engaged_ms, [0.5, 0.9]) as engaged_ms,
        quantile_disc(since_start_us, 0.5) as since_start_us
    from measured
    group by step
)

select
    step,
    cast(n_events as ubigint) as n_events,
    cast(n_raw as ubigint) as n_raw,
    cast(n_journeys as ubigint) as n_journeys,
    cast(n_customers as ubigint) as n_customers,
    cast(engaged_sum_ms as bigint) as engaged_sum_ms,
    engaged_ms[1] as engaged_median_ms,
    engaged_ms[2] as engaged_p90_ms,
    since_start_us // 1000 as since_start_median_ms
from grouped
order by step
