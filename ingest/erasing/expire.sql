-- Delete what happened before `horizon`; broken lines of files that tell of nothing since then (by their last event, else by the
-- file's own date). The ledger is left as a rebuild would write it: the lines are accepted and dropped, `past retention`.
create or replace temp table gone_party as
select distinct party_id from raw_event where occurred_at < getvariable('horizon') and party_id is not null;

create or replace temp table gone_order as
select distinct source_id, order_id from raw_event where occurred_at < getvariable('horizon') and order_id is not null;

create or replace temp table gone as
select source_id, file_id, line_no, any_value(record_hash) as line_hash, false as is_broken
from raw_event
group by source_id, file_id, line_no
having max(occurred_at) < getvariable('horizon')
union all
select l.source_id, q.file_id, cast(q.line_no as uinteger), null, true
from quarantine as q inner join ledger as l using (file_id)
where coalesce(l.last_at, make_timestamp(l.mtime_hint // 1000)) < getvariable('horizon');

delete from raw_event where occurred_at < getvariable('horizon');
delete from quarantine where (file_id, line_no) in (select file_id, line_no from gone where is_broken);
delete from line_seen where (source_id, line_hash) in (select source_id, line_hash from gone where not is_broken);
delete from order_product
where (source_id, order_id) in (
    select source_id, order_id from gone_order anti join (select source_id, order_id from raw_event) using (source_id, order_id)
);

create or replace temp table dropped_now as
select file_id, 'past retention' as reason, count(*) as n_lines, count(*) filter (where is_broken) as n_broken from gone group by file_id
