-- Delete the lines of `gone` (file_id, line_no, line_hash, is_broken) and what only they brought. The ledger is left as a rebuild
-- would write it: the lines are accepted and dropped, `forgotten`.
create or replace temp table gone_order as
select distinct source_id, order_id from raw_event semi join gone using (file_id, line_no) where order_id is not null;

create or replace temp table gone_party as
select party_id from raw_event semi join gone using (file_id, line_no)
union
select party_id from link semi join gone using (file_id, line_no);

delete from raw_event where (file_id, line_no) in (select file_id, line_no from gone);
delete from link where (file_id, line_no) in (select file_id, line_no from gone);
delete from quarantine where (file_id, line_no) in (select file_id, line_no from gone where is_broken);
delete from order_product where (source_id, order_id) in (select source_id, order_id from gone_order);

create or replace temp table dropped_now as
select file_id, 'forgotten' as reason, count(*) as n_lines, count(*) filter (where is_broken) as n_broken from gone group by file_id
