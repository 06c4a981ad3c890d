-- The calls that may follow what customers meet on the web. Temporary table known_call.

-- Grain: one row per call that a customer makes. Its stage is where most calls of its intent are, so that a call given up while
-- waiting counts as what it was about.
create or replace temporary table known_call as
with contact as (
    select cast(step as step_t) as step
    from touch
    where
        visible
        and cast(class as varchar) = 'contact'
        and actor = 'customer'
        and cast(channel as varchar) not in ('web', 'mail')
),

told as (
    select event.*
    from event
    inner join contact on event.step = contact.step
    inner join customer on event.customer_id = customer.customer_id
    where event.visible and cast(customer.identity_strength as varchar) in ('medium', 'strong')
),

about as (
    select intent, arg_max(stage, (n_calls, cast(stage as varchar))) as stage
    from (
        select intent, stage, count(*) as n_calls
        from told
        where intent is not null
        group by intent, stage
    ) as counted
    group by intent
)

select
    cast(row_number() over (order by min(told.event_no)) as uinteger) as call_no,
    told.customer_id,
    coalesce(told.call_id, 'event ' || told.event_no) as call_id,
    min(told.event_no) as event_no,
    min(told.occurred_at) as called_at,
    max(coalesce(told.ended_at, told.occurred_at)) as until_at,
    min(told.product_id) as product_id,
    min(told.intent) as intent,
    arg_min(coalesce(about.stage, told.stage), told.event_no) as stage,
    sum(coalesce(told.engaged_ms, 0)) as engaged_ms,
    sum(coalesce(told.handle_ms, 0)) as handle_ms
from told
left join about on told.intent = about.intent
group by told.customer_id, coalesce(told.call_id, 'event ' || told.event_no)
order by told.customer_id, called_at
