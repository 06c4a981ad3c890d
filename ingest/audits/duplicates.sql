/*---
summary = "most lines of a source come again and again, or files repeat their own lines"
severity = "warn"
floors = "at least 1000 lines; half of all delivered, or a fifth of those that count"
messages.again = "{source}: {n} of {of_n} lines were delivered before ({percent} %): they count once, but the deliveries overlap"
messages.repeated = "{source}: {n} of {of_n} lines repeat a line of their own file ({percent} %), and each counts: an export joins too many rows"
---*/
with again as (
    select source_id, sum(n_duplicate) as n, sum(n_lines) as n_lines from ledger group by source_id
),
repeated as (
    select source_id, count(*) filter (where k > 1) as n, count(*) as n_lines from line_seen group by source_id
)
select
    s.name as source, cast(a.n as bigint) as n, cast(a.n_lines as bigint) as of_n,
    'again' as message, {'percent': format('{:.0f}', 100.0 * a.n / a.n_lines)} as told
from again as a inner join source as s using (source_id)
where a.n_lines >= 1000 and a.n > 0.5 * a.n_lines
union all
select
    s.name, r.n, r.n_lines,
    'repeated', {'percent': format('{:.0f}', 100.0 * r.n / r.n_lines)}
from repeated as r inner join source as s using (source_id)
where r.n_lines >= 1000 and r.n > 0.2 * r.n_lines
