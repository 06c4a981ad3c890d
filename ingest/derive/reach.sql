-- One round of the closure: customers who share a visit or a call with what is derived anew. Events of nobody are always derived
-- anew: they are few and belong to no customer who could be kept whole. What changed of somebody's belongs to one who is touched.
create or replace temp table reached as
select session_id, call_id
from event_before
where customer_id is null or customer_id in (from touched)
union
select null, coalesce(n.call_id, m.call_id)
from changed as n left join code_meaning_now as m using (code_id)
where n.is_new;

insert into touched
select distinct e.customer_id
from event_before as e
where
    e.customer_id is not null
    and (e.session_id in (select session_id from reached where session_id is not null) or e.call_id in (select call_id from reached where call_id is not null))
    and e.customer_id not in (from touched)
