-- What is kept from the night before: whole customers, moved to their new numbers. A customer's events, journeys and steps lie
-- together, so each of these numbers moves by one distance per customer.
create or replace temp table kept as
with placed_now as (
    select customer_id, customer_key, coalesce(sum(n_events) over (order by customer_id rows between unbounded preceding and 1 preceding), 0) as n_before
    from customer
),
placed_before as (
    select customer_id, customer_key, coalesce(sum(n_events) over (order by customer_id rows between unbounded preceding and 1 preceding), 0) as n_before
    from customer_before
)
select b.customer_id as customer_before, n.customer_id, cast(n.n_before as bigint) - cast(b.n_before as bigint) as event_shift
from placed_before as b
inner join placed_now as n using (customer_key)
where b.customer_id not in (from touched);

create or replace temp view kept_page as
select cast(e.step as varchar) as step, e.engaged_ms as known_ms
from event_before as e semi join kept as k on k.customer_before = e.customer_id
where e.engaged_ms is not null and not e.engaged_is_usual and e.session_id is not null and e.call_id is null
