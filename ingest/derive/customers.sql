-- The customers, numbered in the order of their keys. `all_customer` is what was derived tonight and, on a night that only adds,
-- the customers whom nothing new touches.
create or replace table customer as
with identified as (
    select customer_key, cast(max(n_identifiers) as uinteger) as n_identifiers from cluster_key group by customer_key
)
select
    cast(row_number() over (order by c.customer_key) as uinteger) as customer_id, c.customer_key, c.identity_strength, c.n_events, c.part, i.n_identifiers
from all_customer as c
left join identified as i using (customer_key)
order by c.customer_key;

-- how many events come before each customer's first; those of nobody come after all
create or replace temp table event_begin as
select customer_id, cast(coalesce(sum(n_events) over (order by customer_id rows between unbounded preceding and 1 preceding), 0) as bigint) as n_before
from customer
union all
select null, cast(coalesce(sum(n_events), 0) as bigint) from customer;

-- Who hangs up does so at the end of what a call record tells from the dialling on (`at = "end"` of a step): such an event stands there,
-- after what other logs tell of the call; `lasted_ms` = how long before that its record begins.
create or replace temp table placed as
select
    s.* replace (case when t.at_end and s.ended_at > s.occurred_at then s.ended_at else s.occurred_at end as occurred_at),
    case when t.at_end then greatest(0, coalesce(date_diff('millisecond', s.occurred_at, s.ended_at), 0)) else 0 end as lasted_ms,
    c.customer_id, t.visible, t.channel, t.stage, t.department, t.actor, coalesce(s.call_id, cast(s.session_id as varchar)) as contact
from settled as s
left join customer as c using (customer_key)
left join touch as t using (step);

drop table settled
