-- The event table, stored by customer and time: `event_no` counts the stored rows from 1. It is reckoned, not counted off, so that
-- the rows are written by all cores.
create table event as
select cast(event_no as uinteger) as event_no, event_id, customer_id, * exclude (event_no, event_id, customer_id)
from all_event
order by event_no
