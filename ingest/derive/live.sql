-- Raw events that hold on this night: the newest version of each record (newest.sql), what happened up to the night's end.
-- `live` is a view: what is superseded is little, what holds is nearly all.
create or replace temp table superseded as
with state as (
    select
        r.rowid as raw_id, r.event_id, r.record_version, r.record_hash, r.file_id, r.line_no, r.part,
        {'record_version': r.record_version, 'record_hash': r.record_hash} = n.version as is_newest
    from raw_event as r inner join newest_record as n using (record_key)
),
-- the same state of a record, delivered twice as two different or two equal lines, is one
twice as (
    select event_id, record_version, record_hash from state where is_newest group by all having count(*) > 1
),
copied as (
    select s.raw_id, row_number() over (partition by s.event_id, s.record_version, s.record_hash order by s.file_id, s.line_no, s.part) as copy
    from state as s semi join twice as t
        on t.event_id = s.event_id and t.record_version is not distinct from s.record_version and t.record_hash is not distinct from s.record_hash
    where s.is_newest
)
select raw_id from state where not is_newest
union all
select raw_id from copied where copy > 1;

create or replace temp view live as
select r.* exclude (raw_id, record_key, record_version, record_hash)
from timed_event as r anti join superseded using (raw_id)
where r.occurred_at < getvariable('night_end')
