-- The event table, stored by customer and time: `event_no` counts the stored rows from 1.
create table event as
select cast(row_number() over () as uinteger) as event_no, e.event_id, e.customer_id, e.* exclude (event_id, customer_id, seq, source_rank, file_rank, part)
from (
    select * from all_event
    order by customer_id nulls last, seq, occurred_at, source_rank, file_rank, source_line, part, event_id
) as e
