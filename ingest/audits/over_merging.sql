/*---
summary = "customers are too large to be one person, or the largest have doubled within four weeks: strangers were put together"
severity = "warn"
floors = "of ingest/identity/alarm.py: more than 3 customer numbers, or 20 names or 100 identifiers and 0.1 % of all; growth from 1000 customers on"
message = "over-merging alarm: {n} signs that strangers were put together; the largest customer holds {largest} identifiers; nothing is confirmed tonight; put what joins them into [identity.shared] of site.toml and rebuild the warehouse"
---*/
with sized as (
    select
        max(n) filter (where measure = 'over-merging alarm') as n,
        max(n) filter (where measure = 'identifiers of the largest customer') as largest
    from data_quality
)
select
    cast(null as varchar) as source, n, (select count(*) from customer) as of_n,
    {'largest': cast(largest as varchar)} as told
from sized
where n > 0
