-- The events that are derived anew: what changed, and all else of the customers it touches.
create or replace temp table affected_id as
select event_id from changed
union
select event_id from event_before where customer_id is null or customer_id in (from touched)
