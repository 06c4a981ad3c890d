-- Raw events that hold on this night: the newest version of each record, what happened up to the night's end.
-- A later version wins by its own clock; two of the same version by their content, so that load order never matters.
create or replace temp table live as
with newest as (
    select record_key, max(row(record_version, record_hash)) as newest
    from raw_event
    where record_key is not null
    group by record_key
)
select r.* exclude (record_key, record_version, record_hash)
from timed_event as r
left join newest as n on n.record_key = r.record_key
where
    (r.record_key is null or row(r.record_version, r.record_hash) = n.newest)
    and r.occurred_at < getvariable('night_end')
-- the same state of a record, delivered twice as two different or two equal lines, is one
qualify r.record_key is null or row_number() over (partition by r.event_id order by r.file_id, r.line_no, r.part) = 1
