/*---
summary = "Which step directly follows which, how often and after how long: the directly-follows graph"
grain = "one row per pair of steps that follow one another in a journey"
reads = ["journey_event"]

[columns]
step_from = "the earlier step"
step_to = "the step directly after it in the same journey"
n = "how often; in-flow + starts = out-flow + ends for every step"
n_journeys = "distinct journeys that make the move"
n_customers = "distinct customers who make it (no sum over parts of a customer's journeys)"
gap_sum_ms = "ms from the end (or start, where no end is known) of the earlier to the start of the later, at least 0, summed in µs, then whole ms"
gap_median_ms = "lower median of that gap (a median does not merge by addition)"
gap_p90_ms = "its 90th percentile"
---*/
-- journey_event is stored by journey and time, so the next row is the next event: no partition, no sort. A window over
-- the whole table runs on one core, so the table is read as two halves, which run side by side; the first half reads
-- one row further, to see what follows its last event.
-- bit_count(bitstring_agg(id)) is count(distinct id) for dense ids: exact, and eight times as fast.
with first_half as (
    select
        pos,
        journey_id,
        customer_id,
        step as step_from,
        lead(journey_id) over () as next_journey_id,
        lead(step) over () as step_to,
        lead(epoch_us(occurred_at)) over () - epoch_us(coalesce(ended_at, occurred_at)) as gap_us
    from journey_event
    where pos <= getvariable('middle_pos') + 1
),

second_half as (
    select
        pos,
        journey_id,
        customer_id,
        step as step_from,
        lead(journey_id) over () as next_journey_id,
        lead(step) over () as step_to,
        lead(epoch_us(occurred_at)) over () - epoch_us(coalesce(ended_at, occurred_at)) as gap_us
    from journey_event
    where pos > getvariable('middle_pos')
),

pair as (
    select
        journey_id,
        customer_id,
        step_from,
        step_to,
        gap_us
    from first_half
    where next_journey_id = journey_id and pos <= getvariable('middle_pos')
    union all
    select
        journey_id,
        customer_id,
        step_from,
        step_to,
        gap_us
    from second_half
    where next_journey_id = journey_id
),

grouped as (
    select
        step_from,
        step_to,
        count(*) as n,
        bit_count(bitstring_agg(journey_id)) as n_journeys,
        bit_count(bitstring_agg(customer_id)) as n_customers,
        sum(gap_us) filter (where gap_us > 0) as gap_sum_us,
        quantile_disc(gap_us, [0.5, 0.9]) as gap_us
    from pair
    group by step_from, step_to
)

select
    step_from,
    step_to,
    cast(n as ubigint) as n,
    cast(n_journeys as ubigint) as n_journeys,
    cast(n_customers as ubigint) as n_customers,
    coalesce(gap_sum_us, 0) // 1000 as gap_sum_ms,
    greatest(gap_us[1], 0) // 1000 as gap_median_ms,
    greatest(gap_us[2], 0) // 1000 as gap_p90_ms
from grouped
order by step_from, step_to
