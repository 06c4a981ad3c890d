-- Kept events under tonight's numbers; what is estimated of them follows tonight's estimate.
create or replace temp table usual_shift as
select enum_code(cast(n.step as step_t)) as step_code, n.ms - b.ms as ms
from usual as n inner join usual_before as b using (step)
where n.ms <> b.ms;

create or replace temp view kept_event as
select
    e.event_no + k.event_shift as event_no, k.customer_id, e.* exclude (event_no, customer_id, step, engaged_ms), cast(e.step as step_t) as step,
    case when e.engaged_is_usual then e.engaged_ms + coalesce(u.ms, 0) else e.engaged_ms end as engaged_ms
from event_before as e
inner join kept as k on k.customer_before = e.customer_id
left join usual_shift as u on u.step_code = enum_code(cast(e.step as step_t))
