-- Grain: one row per leg of a call that waited in a queue, in the weeks [week_from, week_to) of the site's clock. Temporary.
-- A leg was served where the log tells how long it was handled; given up where the customer's contact tells a wait and no handling.
-- at_s: when it entered the queue, seconds since week_from on the site's clock. after_s: what the agent still had to do when the
-- customer was gone, by the last moment of the call that only the company sees. Who is known by nothing is a customer of their own.
create or replace temporary table whatif_call as
with step as (
    select cast(step as step_t) as step, class, actor from touch
),

moment as (
    select
        event.event_no,
        event.customer_id,
        event.call_id,
        event.source_id,
        event.intent,
        event.visible,
        event.occurred_at,
        event.wait_ms,
        event.handle_ms,
        step.class,
        step.actor,
        coalesce(event.ended_at, event.occurred_at) as until_at
    from event
    inner join step on event.step = step.step
    where
        event.call_id is not null
        and event.occurred_at >= getvariable('read_from') and event.occurred_at < getvariable('read_to')
),

whole as (
    select
        call_id,
        min(occurred_at) as first_at
    from moment
    group by call_id
),

-- only the log that tells of the leg itself: other systems go on working on a call's order for days
unseen as (
    select
        call_id,
        source_id,
        max(occurred_at) as last_at
    from moment
    where not visible
    group by call_id, source_id
),

leg as (
    select
        *,
        occurred_at - to_milliseconds(greatest(wait_ms, 0)) as entered_at,
        row_number() over (partition by call_id order by occurred_at, event_no) as leg_no,
        count(*) over (partition by call_id) as n_legs
    from moment
    where
        visible and intent is not null and wait_ms is not null
        and (handle_ms is not null or (class = 'contact' and actor = 'customer'))
),

local as (
    select
        leg.*,
        whole.first_at,
        unseen.last_at as last_unseen_at,
        timezone(getvariable('timezone'), timezone('UTC', leg.entered_at)) as entered_local
    from leg
    inner join whole on leg.call_id = whole.call_id
    left join unseen on leg.call_id = unseen.call_id and leg.source_id = unseen.source_id
)

select
    intent,
    leg_no,
    n_legs,
    handle_ms is not null as is_served,
    coalesce(cast(customer_id as bigint), -cast(event_no as bigint)) as customer,
    dense_rank() over (order by call_id) as call_no,
    epoch(entered_local - getvariable('week_from')) as at_s,
    greatest(wait_ms, 0) / 1000 as wait_s,
    greatest(coalesce(handle_ms, 0), 0) / 1000 as talk_s,
    case
        when
            leg_no = n_legs and handle_ms is not null
            and last_unseen_at > until_at and last_unseen_at <= until_at + interval 30 minutes
            then epoch(last_unseen_at - until_at)
        else 0
    end as after_s,
    case when leg_no = 1 and entered_at > first_at then least(epoch(entered_at - first_at), 600) else 0 end as menu_s
from local
where entered_local >= getvariable('week_from') and entered_local < getvariable('week_to')
order by at_s, call_no, leg_no;

-- Grain: one row per moment at which an agent of a queue comes, goes, or pauses; n = how many more are there. Temporary.
create or replace temporary table whatif_login as
with told as (
    select
        regexp_extract(raw_code, '^(ADDMEMBER|REMOVEMEMBER|PAUSE|UNPAUSE) (.+)$', ['verb', 'queue']) as code,
        timezone(getvariable('timezone'), timezone('UTC', occurred_at)) as local_at
    from event
    where
        call_id is null
        and occurred_at >= getvariable('read_from') and occurred_at < getvariable('read_to')
        and regexp_matches(raw_code, '^(ADDMEMBER|REMOVEMEMBER|PAUSE|UNPAUSE) ')
)

select
    code.queue as intent,
    epoch(local_at - getvariable('week_from')) as at_s,
    case when code.verb in ('ADDMEMBER', 'UNPAUSE') then 1 else -1 end as n
from told
where local_at >= getvariable('week_from') and local_at < getvariable('week_to') and code.queue <> 'NONE'
order by at_s, intent, n desc;
