/*---
summary = "a source has under a third or over three times its usual events on the night"
severity = "warn"
floors = "usual: at least 50 events a day, over at least 4 equal days of the week; a source of under 4 weeks: 7 days, and beyond all of them"
messages.weekday = "{source}: {n} events on the night, usual are {of_n} on this day of the week: a delivery is incomplete or came twice, or something happened"
messages.day = "{source}: {n} events on the night, usual are {of_n} a day: a delivery is incomplete or came twice, or something happened"
---*/
select
    source, n, usual as of_n, whereof as message
from usual
where n_days >= 4 and usual >= 50 and n > 0 and (3 * n < low or n > 3 * high)
