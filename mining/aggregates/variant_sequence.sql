/*---
summary = "The distinct step sequences, numbered by frequency; helper that is dropped when the aggregates are done"
grain = "one row per distinct sequence of steps"
reads = ["distinct_sequence"]
keep = false

[columns]
variant_id = "dense from 1, most journeys first, then by text"
sequence_no = "number of the sequence in this run only"
sequence = "codes of step_t in order"
steps = "the same as step ids joined by ' > '"
n_journeys = "journeys that went exactly this way"
n_channels = "distinct channels"
n_departments = "distinct departments met (the customer's own lane is none)"
---*/
select
    cast(row_number() over (order by n_journeys desc, steps asc) as uinteger) as variant_id,
    sequence_no,
    sequence,
    steps,
    n_journeys,
    n_channels,
    n_departments
from distinct_sequence
