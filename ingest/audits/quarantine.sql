/*---
summary = "many lines of a source's newest files can't be parsed: its format has changed"
severity = "warn"
floors = "at least 20 lines and 5 % of those in files that tell of the last 7 days, or tell of nothing"
message = "{source}: {n} of {of_n} lines of its newest files are in quarantine ({percent} %): its format has changed; `make status` says which field"
---*/
select
    source, n, of_n,
    {'percent': format('{:.0f}', 100.0 * n / of_n)} as told
from parsed
where n >= 20 and n > 0.05 * of_n and not has_drifted
