/*---
summary = "a source has no event at all on the night"
severity = "warn"
floors = "usual: at least 20 events a day, over at least 4 equal days of the week; a source of under 4 weeks: 7 days, none of them silent"
messages.weekday = "{source}: no event on the night, usual are {of_n} on this day of the week: its files did not come, or not yet; the steps it tells of look skipped"
messages.day = "{source}: no event on the night, usual are {of_n} a day: its files did not come, or not yet; the steps it tells of look skipped"
---*/
select
    source, cast(0 as bigint) as n, usual as of_n, whereof as message
from usual
where n_days >= 4 and usual >= 20 and low > 0 and n = 0
