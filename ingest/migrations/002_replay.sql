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
