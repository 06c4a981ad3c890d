/*---
summary = "The distinct ways through the process, most frequent first"
grain = "one row per distinct sequence of steps"
reads = ["variant_sequence", "journey_metrics"]

[columns]
variant_id = "dense from 1, most journeys first, then by text"
steps = "step ids joined by ' > '"
n_steps = "visible events of such a journey"
n_journeys = "journeys that went exactly this way; sums to all journeys"
n_customers = "distinct customers among them (no sum: a customer can go several ways)"
median_duration_ms = "lower median of the journeys' duration (a median does not merge by addition)"
first_journey_id = "lowest journey_id, an example"
---*/
with measured as (
    select
        variant_id,
        count(distinct customer_id) as n_customers,
        quantile_disc(duration_ms, 0.5) as median_duration_ms,
        min(journey_id) as first_journey_id
    from journey_metrics
    group by variant_id
)

select
    variant.variant_id,
    variant.steps,
    cast(len(variant.sequence) as uinteger) as n_steps,
    variant.n_journeys,
    measured.n_customers,
    measured.median_duration_ms,
    measured.first_journey_id
from variant_sequence as variant
inner join measured on variant.variant_id = measured.variant_id
order by variant.variant_id
