-- To schema 2: a quarantined line keeps its identity and a CSV file its header, so that the line can be replayed alone;
-- the warehouse knows its schema and how often it was written. Lines whose bytes are no text keep no identity: they were
-- numbered by a text that is not stored, and stay where they are.
alter table quarantine add column line_hash uuid;
alter table quarantine add column k uinteger;
update quarantine set line_hash = cast(md5(try(decode(raw))) as uuid);
update quarantine set k = numbered.k
from (
    select
        q.file_id, q.line_no,
        row_number() over (partition by l.source_id, q.line_hash order by q.file_id, q.line_no) as k
    from quarantine as q inner join ledger as l using (file_id)
) as numbered
where quarantine.file_id = numbered.file_id and quarantine.line_no = numbered.line_no and quarantine.line_hash is not null;
alter table ledger add column header varchar;
create table warehouse as select cast(1 as utinyint) as schema_version, cast(0 as ubigint) as generation;
-- Goods of before are kept as goods, whatever state of the order named them.
alter table order_product add column record_key uuid;
alter table order_product add column record_hash uuid;
alter table order_product add column load_no uinteger;
update order_product set load_no = 0;
-- What is new since a night is told by when it was loaded, since a file that grows keeps its number.
alter table raw_event add column load_no uinteger;
update raw_event set load_no = file_id;

-- Names of lines, and of the events that are named by them, are keyed. Equal lines keep their numbers.
create or replace temp macro keyed(name) as cast(md5_number(getvariable('line_salt') || replace(cast(name as varchar), '-', '')) as uuid);

create or replace temp table named_event as
select
    r.rowid as raw_id, s.name as source_name, keyed(r.record_hash) as line_hash, r.part,
    row_number() over (partition by r.source_id, r.record_hash, r.part order by r.file_id, r.line_no) as k
from raw_event as r inner join source as s using (source_id)
where r.record_key is null;

update raw_event set event_id = cast(md5(n.source_name || '|' || n.line_hash || '|' || n.k || '|' || n.part) as uuid)
from named_event as n where n.raw_id = raw_event.rowid;
update raw_event set record_hash = keyed(record_hash);
update line_seen set line_hash = keyed(line_hash);
update quarantine set line_hash = keyed(line_hash) where line_hash is not null;
-- What a source said is named by all its files together, so the lines of before may all stand with its first file.
alter table ledger add column lines_xor uhugeint;
update ledger set lines_xor = told.lines_xor
from (
    select l.source_id, bit_xor(case l.k when 1 then cast(l.line_hash as uhugeint) else md5_number(l.line_hash || '|' || l.k) end) as lines_xor
    from line_seen as l group by l.source_id
) as told
where ledger.source_id = told.source_id and ledger.file_id = (select min(f.file_id) from ledger as f where f.source_id = told.source_id and f.status = 'loaded');
create table if not exists link (source_id utinyint, file_id uinteger, line_no uinteger, line_hash uuid, party_id uinteger);
