-- One row per code of a source: the events that carry it, and some of the sets of identifiers that they carry with it.
select s.name as source, c.code, count(*) as n, list_slice(list(distinct coalesce(r.party_id, 0)), 1, $most) as people
from raw_event as r
inner join code as c using (code_id)
inner join source as s on s.source_id = r.source_id
group by s.name, c.code
order by s.name, n desc, c.code
