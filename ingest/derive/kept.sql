-- What is kept from the night before: whole customers, moved to their new numbers. A customer's events, journeys and steps lie
-- together, so each of these numbers moves by one distance per customer.
create or replace temp table kept as
with begin_before as (
    select customer_id, customer_key, coalesce(sum(n_events) over (order by customer_id rows between unbounded preceding and 1 preceding), 0) as n_before
    from customer_before
)
select b.customer_id as customer_before, n.customer_id, e.n_before - cast(b.n_before as bigint) as event_shift
from begin_before as b
inner join customer as n using (customer_key)
inner join event_begin as e on e.customer_id = n.customer_id
where b.customer_id not in (from touched);

create or replace temp view kept_page as
select cast(e.step as varchar) as step, e.engaged_ms as known_ms
from event_before as e semi join kept as k on k.customer_before = e.customer_id
where e.engaged_ms is not null and not e.engaged_is_usual and e.session_id is not null and e.call_id is null
