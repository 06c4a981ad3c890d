-- Lines of the file in hand that are about forgotten people: known by their own tombstone, by an identifier in them, by an order
-- that their code names, or (broken lines) by a word. They are accepted and dropped, so that the accounting holds.
create or replace temp view wanted as
from stage
where
    drop_reason is null and line_no not in (select line_no from stage_bad)
    and (agent is null or agent not in (select agent from robot));

create or replace temp table forgotten_line as
select line_no from stage_line
where not is_blank and cast(md5(getvariable('line_salt') || '|forgotten|' || line_hash) as uuid) in (select name from tombstone_line)
union
select k.line_no
from (
    select line_no, coalesce(occurred_at, local_at) as at, kind, value
    from (select line_no, occurred_at, local_at, customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor from wanted)
    unpivot (value for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor))
) as k
inner join forgotten_value as f using (kind, value)
where coalesce(k.at < f.until, true)
union
select line_no from wanted semi join forgotten_code using (code)
union
select line_no from forgotten_bad;

delete from stage where line_no in (select line_no from forgotten_line);
delete from stage_bad where line_no in (select line_no from forgotten_line);
update stage_line set unwanted = 'forgotten' where line_no in (select line_no from forgotten_line)
