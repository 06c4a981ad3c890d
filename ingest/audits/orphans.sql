/*---
summary = "the share of a source's events that belong to nobody known leaps: an identifier is lost"
severity = "error"
floors = "at least 100 events on the night and 100 before; 25 percentage points and 6 standard errors more than in the 28 days before"
message = "{source}: {n} of {of_n} events on the night belong to nobody known ({percent} %, before {percent_before} %): an identifier is missing from its files, so journeys would fall to pieces; mend the source, or set audits.orphans = \"warn\" in site.toml to report in spite of it"
---*/
with counted as (
    select
        source,
        count(*) filter (where day_no = 0) as n_now,
        count(*) filter (where day_no > 0) as n_before,
        count(*) filter (where day_no = 0 and (customer_id is null or identity_strength = 'none')) as orphans_now,
        count(*) filter (where day_no > 0 and (customer_id is null or identity_strength = 'none')) as orphans_before
    from nearby
    group by source
),
share as (select *, orphans_before / n_before as before from counted where n_now >= 100 and n_before >= 100)
select
    source, orphans_now as n, n_now as of_n,
    {'percent': format('{:.0f}', 100.0 * orphans_now / n_now), 'percent_before': format('{:.0f}', 100.0 * before)} as told
from share
where
    orphans_now > (before + 0.25) * n_now
    and orphans_now - before * n_now > 6 * sqrt(n_now * before * (1 - before))
