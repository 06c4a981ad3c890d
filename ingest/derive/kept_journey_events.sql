create or replace temp table journey_shift as
with start_now as (select customer_id, min(journey_id) as first_id from journey group by customer_id),
start_before as (select customer_id, min(journey_id) as first_id, min(pos) as first_pos from journey_event_before group by customer_id)
select k.customer_before, k.customer_id, k.event_shift, cast(n.first_id as bigint) - cast(b.first_id as bigint) as shift, cast(b.first_pos as bigint) - 1 as n_before
from kept as k
inner join start_now as n using (customer_id)
inner join start_before as b on b.customer_id = k.customer_before
anti join anew on anew.customer_id = k.customer_id;

create or replace temp view kept_journey_event as
select
    e.pos - s.n_before as place, cast(e.journey_id + s.shift as uinteger) as journey_id, s.customer_id, cast(e.event_no + s.event_shift as uinteger) as event_no,
    cast(e.step as step_t) as step, e.* exclude (pos, journey_id, customer_id, event_no, step, engaged_ms),
    cast(e.engaged_ms + e.n_usual * coalesce(u.ms, 0) as bigint) as engaged_ms
from journey_event_before as e
inner join journey_shift as s on s.customer_before = e.customer_id
left join usual_shift as u on u.step_code = enum_code(cast(e.step as step_t))
