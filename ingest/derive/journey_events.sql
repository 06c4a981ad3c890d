-- One row per step of a journey after normalisation (method 4.1): a step recorded twice within 2 seconds for the same thing, a
-- page loaded again within 10 seconds, and a run of one browse step in one session are one row with `n_raw`. `place` counts from 1
-- per customer.
create or replace temp table fresh_journey_event as
with row_of as (
    select j.journey_id, e.*, t.class, a.assign_rule, a.ambiguous
    from assigned as a
    inner join told as e using (event_no)
    inner join touch as t on t.step = cast(e.step as varchar)
    inner join journey as j
        on j.customer_id = a.customer_id and j.order_id is not distinct from a.order_id and j.episode is not distinct from a.episode
),
compared as (
    select
        *,
        coalesce(
            step = lag(step) over w and (
                (class = 'browse' and session_id = lag(session_id) over w)
                or (occurred_at - lag(occurred_at) over w <= interval 2 seconds and call_id is not distinct from lag(call_id) over w and product_id is not distinct from lag(product_id) over w)
                or (session_id = lag(session_id) over w and raw_code = lag(raw_code) over w and occurred_at - lag(occurred_at) over w < interval 10 seconds)
            ), false
        ) as is_again
    from row_of
    window w as (partition by journey_id order by event_no)
),
numbered as (
    select *, sum((not is_again)::integer) over (partition by journey_id order by event_no rows unbounded preceding) as run from compared
)
select
    row_number() over (partition by any_value(customer_id) order by journey_id, min(event_no)) as place,
    journey_id, any_value(customer_id) as customer_id, min(event_no) as event_no,
    arg_min(step, event_no) as step, arg_min(channel, event_no) as channel, arg_min(department, event_no) as department, arg_min(stage, event_no) as stage,
    cast(arg_min(class, event_no) as class_t) as class,
    min(occurred_at) as occurred_at, case when count(*) > 1 then max(coalesce(ended_at, occurred_at)) else max(ended_at) end as ended_at,
    max(wait_ms) as wait_ms, max(handle_ms) as handle_ms, cast(coalesce(sum(engaged_ms), 0) as bigint) as engaged_ms,
    cast(count(*) filter (where engaged_is_usual) as uinteger) as n_usual,
    cast(sum(engaged_wait_ms) as bigint) as engaged_wait_ms, arg_min(engaged_before_ms, event_no) as engaged_before_ms,
    cast(1 as double) as weight, cast(count(*) as uinteger) as n_raw, arg_min(assign_rule, event_no) as assign_rule, bool_or(ambiguous) as ambiguous
from numbered
group by journey_id, run
