/*---
summary = "How often a journey goes on in another department, and after how long"
grain = "one row per ordered pair of different departments that follow one another in a journey"
reads = ["journey_event"]

[columns]
department_from = "the earlier department; 'Customer' where the step is the customer's own"
department_to = "the department of the next event, always another one"
n = "how often"
n_journeys = "distinct journeys with such a change"
gap_median_ms = "lower median of ms from the end (or start) of the earlier event to the start of the later, at least 0"
---*/
with neighbour as (
    select
        journey_id,
        department as lane_from,
        lead(journey_id) over () as next_journey_id,
        lead(department) over () as lane_to,
        lead(epoch_us(occurred_at)) over () - epoch_us(coalesce(ended_at, occurred_at)) as gap_us
    from journey_event
)

select
    coalesce(cast(lane_from as varchar), 'Customer') as department_from,
    coalesce(cast(lane_to as varchar), 'Customer') as department_to,
    cast(count(*) as ubigint) as n,
    cast(bit_count(bitstring_agg(journey_id)) as ubigint) as n_journeys,
    greatest(quantile_disc(gap_us, 0.5), 0) // 1000 as gap_median_ms
from neighbour
where next_journey_id = journey_id and lane_from is distinct from lane_to
group by lane_from, lane_to
order by department_from, department_to
