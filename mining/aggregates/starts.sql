/*---
summary = "How often each step opens a journey"
grain = "one row per step that opens a journey"
reads = ["variant_sequence"]

[columns]
step = "the first visible step"
n_journeys = "journeys that begin with it; sums to all journeys"
---*/
select
    enum_range(cast(null as step_t))[sequence[1] + 1]::step_t as step,
    cast(sum(n_journeys) as ubigint) as n_journeys
from variant_sequence
group by sequence[1]
order by step
