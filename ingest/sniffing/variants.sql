-- One row: the commonest way of journeys through two visible steps or more, immediate repeats as one; of `least` customers at least.
-- Ways of orders come first where there are any.
with seen as (
    select e.journey_id, e.customer_id, e.pos, cast(e.step as varchar) as step
    from journey_event as e inner join touch as t on t.step = cast(e.step as varchar)
    where t.visible
),
told as (
    select *, coalesce(lag(step) over (partition by journey_id order by pos) <> step, true) as is_new from seen
),
way as (
    select journey_id, any_value(customer_id) as customer_id, list(step order by pos) filter (where is_new) as steps
    from told group by journey_id
    having count(*) filter (where is_new) between 2 and 12
)
select
    w.steps, count(*) as n, count(distinct w.customer_id) as n_customers,
    (select count(*) from way) as of_n, j.anchor = 'order' as is_order
from way as w inner join journey as j using (journey_id)
group by w.steps, is_order
having count(distinct w.customer_id) >= $least
order by is_order desc, n desc, w.steps
limit 1
