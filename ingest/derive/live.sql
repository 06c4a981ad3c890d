-- Raw events that hold on this night: the newest version of each record (newest.sql), what happened up to the night's end.
create or replace temp table superseded as
with state as (
    select
        r.rowid as raw_id, r.event_id, r.file_id, r.line_no, r.part,
        {'record_version': r.record_version, 'record_hash': r.record_hash} = n.version as is_newest
    from raw_event as r inner join newest_record as n using (record_key)
),
-- the same state of a record, delivered twice as two different or two equal lines, is one; an event_id names the record, too, of
-- which only one state is the newest
twice as (
    select event_id from state where is_newest group by event_id having count(*) > 1
),
copied as (
    select s.raw_id, row_number() over (partition by s.event_id order by s.file_id, s.line_no, s.part) as copy
    from state as s semi join twice using (event_id)
    where s.is_newest
)
select raw_id from state where not is_newest
union all
select raw_id from copied where copy > 1;

-- narrow, since it is read whole several times a night; the rest of an event stands in its row of timed_event
create or replace temp table live as
select r.raw_id, r.event_id, r.party_id, r.code_id, r.call_id, r.occurred_at, r.load_no
from timed_event as r anti join superseded using (raw_id)
where r.occurred_at < getvariable('night_end')
