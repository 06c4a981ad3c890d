-- The event table: one row per event of a customer, numbered by customer and time; what belongs to nobody comes last. Each
-- customer's numbers follow one another, so that those of a customer who is kept whole move by one distance (kept.sql).
--
-- usual: the median of a step's pages. Where half of them reach the most that counts (engaged.sql), customers who went on had left the
-- page open and come back, which tells nothing of reading it: then, as where nobody went on, the median of the other steps is taken.
create or replace table usual as
with of_step as (
    select step, nullif(quantile_disc(known_ms, 0.5), 300000) as ms from all_page group by step
)
select t.step, coalesce(u.ms, (select quantile_disc(o.ms, 0.5) from of_step as o), 0) as ms
from touch as t left join of_step as u using (step)
order by t.step_no;

create or replace temp view fresh_event as
select
    b.n_before + row_number() over (partition by p.customer_id order by p.occurred_at, p.source_rank, p.file_rank, p.line_no, p.part, p.event_id) as event_no,
    p.event_id, p.customer_id, p.occurred_at, p.ended_at,
    cast(case p.strength when 3 then 'strong' when 2 then 'medium' when 1 then 'weak' else 'none' end as strength_t) as identity_strength,
    cast(p.channel as channel_t) as channel, cast(p.step as step_t) as step, p.raw_code, cast(p.stage as stage_t) as stage,
    cast(p.department as department_t) as department, p.actor, p.visible,
    p.product_id, p.order_id, p.session_id, p.call_id, p.intent, p.wait_ms, p.handle_ms,
    case when y.event_id is not null then coalesce(y.known_ms, u.ms) end as engaged_ms,
    y.known_ms is null and y.event_id is not null as engaged_is_usual, coalesce(y.engaged_wait_ms, 0) as engaged_wait_ms, coalesce(y.engaged_before_ms, 0) as engaged_before_ms,
    p.attributes, p.time_rule, p.source_id, p.file_id as source_file, p.line_no as source_line
from placed as p
inner join event_begin as b on b.customer_id is not distinct from p.customer_id
left join busy as y on y.event_id = p.event_id
left join usual as u on u.step = y.step
