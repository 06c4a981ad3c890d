create or replace temp view kept_journey as
select k.customer_id, b.journey_id as seq, cast(0 as uinteger) as first_event_no, b.* exclude (journey_id, customer_id, is_complete, is_truncated)
from journey_before as b
inner join kept as k on k.customer_before = b.customer_id
anti join anew on anew.customer_id = k.customer_id
