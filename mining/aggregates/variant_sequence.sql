/*---
summary = "The distinct step sequences, numbered by frequency; helper that is dropped when the aggregates are done"
grain = "one row per distinct sequence of steps"
reads = ["journey_sequence"]
keep = false

[columns]
variant_id = "dense from 1, most journeys first, then by text"
sequence = "codes of step_t in order"
steps = "the same as step ids joined by ' > '"
n_journeys = "journeys that went exactly this way"
---*/
with counted as (
    select
        sequence,
        count(*) as n_journeys
    from journey_sequence
    group by sequence
),

named as (
    select
        sequence,
        n_journeys,
        array_to_string(list_transform(sequence, lambda code: enum_range(cast(null as step_t))[code + 1]), ' > ')
            as steps
    from counted
)

select
    cast(row_number() over (order by n_journeys desc, steps) as uinteger) as variant_id,
    sequence,
    steps,
    n_journeys
from named
