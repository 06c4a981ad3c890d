-- The events that are derived anew: what changed, and all else of the customers it touches.
create or replace temp table affected_id as
select l.raw_id
from live as l semi join (
    select event_id from changed
    union all
    select event_id from event_before where customer_id is null or customer_id in (from touched)
) using (event_id)
