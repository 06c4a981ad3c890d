/*---
summary = "many lines of a source's newest files can't be parsed: its format has changed"
severity = "warn"
floors = "at least 20 lines and 5 % of those in files that tell of the last 7 days, or tell of nothing"
---*/
select
    source, n, of_n,
    format('{}: {} of {} lines of its newest files are in quarantine ({:.0f} %): its format has changed; `make status` says which field', source, n, of_n, 100.0 * n / of_n) as message
from parsed
where n >= 20 and n > 0.05 * of_n and not has_drifted
