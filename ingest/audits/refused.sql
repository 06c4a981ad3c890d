/*---
summary = "files of a source could not be used at all"
severity = "warn"
floors = "none: a refused file is missing from the numbers whatever the site's size"
messages.one = "{source}: 1 file was refused, nothing of it counts; the data page says why"
messages.many = "{source}: {n} files were refused, nothing of them counts; the data page says why"
---*/
select
    s.name as source, count(*) as n, cast(null as bigint) as of_n,
    if(count(*) = 1, 'one', 'many') as message
from ledger as l inner join source as s using (source_id)
where l.status = 'refused'
group by s.name
