/*---
summary = "files of a source could not be used at all"
severity = "warn"
floors = "none: a refused file is missing from the numbers whatever the site's size"
---*/
select
    s.name as source, count(*) as n, cast(null as bigint) as of_n,
    format('{}: {} refused, nothing of {} counts; the data page says why', s.name, if(count(*) = 1, '1 file was', count(*) || ' files were'), if(count(*) = 1, 'it', 'them')) as message
from ledger as l inner join source as s using (source_id)
where l.status = 'refused'
group by s.name
