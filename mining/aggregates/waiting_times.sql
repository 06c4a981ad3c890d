/*---
summary = "How long customers wait inside each step, where the log tells"
grain = "one row per step with a known waiting time"
reads = ["journey_event"]

[columns]
step = "the step"
n = "events with a known waiting time"
wait_sum_ms = "ms waited, each event's share by weight, rounded to a whole ms"
wait_median_ms = "lower median per event, unweighted (a median does not merge by addition)"
wait_p90_ms = "its 90th percentile"
---*/
with grouped as (
    select
        step,
        count(*) as n,
        sum(cast(round(wait_ms * weight) as bigint)) as wait_sum_ms,
        quantile_disc(wait_ms, [0.5, 0.9]) as wait_ms
    from journey_event
    where wait_ms is not null
    group by step
)

select
    step,
    cast(n as ubigint) as n,
    cast(wait_sum_ms as bigint) as wait_sum_ms,
    wait_ms[1] as wait_median_ms,
    wait_ms[2] as wait_p90_ms
from grouped
order by step
