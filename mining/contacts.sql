-- Grain: one row per contact of a customer who can be followed, by customer and time. Temporary.
-- A contact is a call with all its transfers, or one mail, chat or visit; what the company begins is none. A call that was handed on
-- goes on in the customer's next one within 5 minutes. A customer known by a single call can't be seen to call again.
create or replace temporary table contact as
with told as (
    select
        moment.event_no,
        moment.customer_id,
        moment.occurred_at,
        moment.intent,
        moment.engaged_ms,
        moment.handle_ms,
        moment.call_id,
        step.class,
        step.actor,
        coalesce(moment.ended_at, moment.occurred_at) as until_at
    from event as moment
    inner join (select cast(step as step_t) as step, class, actor from touch) as step on moment.step = step.step
    where
        moment.visible and moment.customer_id is not null
        and (moment.call_id is not null or step.class = 'contact')
        and moment.occurred_at >= getvariable('window_from') and moment.occurred_at < getvariable('window_to')
),

leg as (
    select
        customer_id,
        call_id is not null as is_call,
        min(event_no) as event_no,
        min(occurred_at) as started_at,
        max(until_at) as until_at,
        arg_min(intent, event_no) filter (where intent is not null) as intent,
        arg_min(actor, event_no) filter (where class = 'contact') as begun_by,
        bool_or(class = 'handoff') as is_handed_on,
        coalesce(sum(engaged_ms), 0) as engaged_ms,
        coalesce(sum(handle_ms), 0) as handle_ms
    from told
    group by customer_id, call_id, case when call_id is null then event_no end
),

asked as (
    select
        *,
        coalesce(
            lag(is_handed_on) over in_time and is_call
            and started_at <= lag(until_at) over in_time + interval 5 minutes, false
        ) as goes_on
    from leg
    where begun_by = 'customer'
    window in_time as (partition by customer_id order by started_at, event_no)
),

numbered as (
    select
        *,
        sum(cast(not goes_on as integer)) over (
            partition by customer_id order by started_at, event_no rows unbounded preceding
        ) as contact_no
    from asked
),

grouped as (
    select
        customer_id,
        min(event_no) as event_no,
        min(started_at) as started_at,
        arg_min(intent, event_no) filter (where intent is not null) as intent,
        bool_and(is_call) as is_call,
        sum(engaged_ms) as engaged_ms,
        sum(handle_ms) as handle_ms
    from numbered
    group by customer_id, contact_no
),

-- light: not among the 1 % of customers with most contacts
of_customer as (
    select
        grouped.customer_id,
        customer.identity_strength = 'strong' as is_strict,
        row_number() over (order by count(*) desc, grouped.customer_id asc) > count(*) over () * 0.01 as is_light
    from grouped
    inner join customer on grouped.customer_id = customer.customer_id
    where customer.identity_strength <> 'none'
    group by grouped.customer_id, customer.identity_strength
),

drawn as (
    select
        customer_id,
        any_value(part) < getvariable('discovery_parts') as is_discovery
    from journey
    group by customer_id
)

select
    grouped.customer_id,
    grouped.event_no,
    grouped.started_at,
    grouped.intent,
    grouped.is_call,
    drawn.is_discovery,
    of_customer.is_light,
    of_customer.is_strict,
    cast(epoch_us(grouped.started_at) // 1000000 as bigint) as at_s,
    cast(grouped.engaged_ms // 1000 as bigint) as customer_s,
    cast(grouped.handle_ms // 1000 as bigint) as company_s
from grouped
inner join of_customer on grouped.customer_id = of_customer.customer_id
inner join drawn on grouped.customer_id = drawn.customer_id
order by grouped.customer_id, grouped.started_at, grouped.event_no
