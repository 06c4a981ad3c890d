-- What changes are measured on. Variables: change_until (the end of the window, UTC). Tables of ingest only.

-- Grain: one row per call that a customer begins, or other contact (mail, chat, shop); by customer and time. Temporary.
-- contact_key: the call, else the event. customer_id is null where nobody is known who could come again.
-- is_reached: a person answered; is_queued: waited for one, or reached one. right_ms: from ring to the last person. menu nodes are steps of channel ivr
-- that are no contact by themselves. A wait lies before its event, unless the event has room for it (ingest, engaged.sql).
create or replace temporary table change_contact as
with told as (
    select
        event.event_no,
        coalesce(event.call_id, 'event ' || event.event_no) as contact_key,
        event.call_id is not null as is_call,
        event.customer_id,
        event.occurred_at,
        event.intent,
        event.handle_ms,
        event.engaged_ms,
        event.actor,
        coalesce(event.wait_ms, 0) as wait_ms,
        event.wait_ms is not null as is_wait,
        coalesce(event.visible, false) as is_visible,
        date_diff('millisecond', event.occurred_at, coalesce(event.ended_at, event.occurred_at))
        >= coalesce(event.handle_ms, 0) + coalesce(event.wait_ms, 0) / 2 as is_inside,
        cast(event.channel as varchar) in ('agent', 'phone') as is_talk,
        cast(event.channel as varchar) = 'ivr' as is_menu,
        coalesce(event.ended_at, event.occurred_at) as until_at,
        step.class,
        coalesce(step.bad, false) as is_bad
    from event
    left join (select cast(step as step_t) as step, cast(class as varchar) as class, bad from touch) as step
        on event.step = step.step
    where
        (event.call_id is not null or step.class = 'contact')
        and event.occurred_at < getvariable('change_until')
),

whole as (
    select
        contact_key,
        is_call,
        min(event_no) filter (is_visible) as first_event_no,
        min(customer_id) as customer_id,
        min(occurred_at - to_milliseconds(case when is_inside then 0 else wait_ms end)) as started_at,
        max(until_at) filter (is_visible) as until_at,
        coalesce(
            max(occurred_at + to_milliseconds(case when is_inside then wait_ms else 0 end))
                filter (is_visible and is_talk and class = 'contact'),
            max(occurred_at) filter (is_visible and is_talk)
        ) as right_at,
        arg_min(intent, event_no) filter (intent is not null) as intent,
        coalesce(
            arg_min(actor, event_no) filter (is_visible and class = 'contact'),
            arg_min(actor, event_no) filter (is_visible)
        ) as begun_by,
        count(*) filter (is_visible and is_menu and class not in ('contact', 'outcome')) as n_menus,
        count(*) filter (is_visible and class = 'handoff') as n_transfers,
        coalesce(bool_or(is_visible and is_talk), false) as is_reached,
        coalesce(bool_or(is_visible and is_menu), false) as is_menu,
        coalesce(bool_or(is_visible and is_wait), false) as is_wait,
        coalesce(bool_or(is_visible and is_bad), false) as is_bad,
        coalesce(sum(engaged_ms) filter (is_visible), 0) as engaged_ms,
        coalesce(sum(handle_ms) filter (is_visible and not is_menu), 0) as agent_ms
    from told
    group by contact_key, is_call
)

select
    whole.contact_key,
    whole.is_call,
    whole.first_event_no as event_no,
    whole.started_at,
    whole.intent,
    whole.n_menus,
    whole.n_transfers,
    whole.is_reached,
    whole.is_reached or whole.is_wait as is_queued,
    whole.is_wait and not whole.is_reached as is_given_up,
    whole.is_menu and not whole.is_reached and not whole.is_wait and not whole.is_bad as is_menu_only,
    greatest(0, date_diff('millisecond', whole.started_at, whole.right_at)) as right_ms,
    case
        when whole.is_call then greatest(0, date_diff('millisecond', whole.started_at, whole.until_at))
        else whole.engaged_ms
    end as customer_ms,
    whole.agent_ms,
    customer.customer_id
from whole
left join customer on whole.customer_id = customer.customer_id and customer.identity_strength <> 'none'
where whole.begun_by = 'customer' and whole.until_at is not null;

-- Grain: one row per contact of a customer who can be followed. Temporary. near, far: contacts of the same customer on the same subject within 7
-- days, and 28 to 35 days later; unknown subjects match any. is_first: begins a need, since none came in the 7 days before.
create or replace temporary table change_followed as
with seen as (
    select
        contact_key,
        customer_id,
        started_at,
        intent,
        customer_ms,
        agent_ms,
        is_given_up,
        case when intent is null then count(*) over near else count(*) over near_same + count(*) filter (intent is null) over near end as near,
        case when intent is null then count(*) over far else count(*) over far_same + count(*) filter (intent is null) over far end as far,
        case when intent is null then count(*) over past else count(*) over past_same + count(*) filter (intent is null) over past end as past
    from change_contact
    where customer_id is not null
    window
        near as (partition by customer_id order by started_at range between interval 1 microsecond following and interval 7 days following),
        near_same as (partition by customer_id, intent order by started_at range between interval 1 microsecond following and interval 7 days following),
        far as (partition by customer_id order by started_at range between interval 28 days following and interval 35 days following),
        far_same as (partition by customer_id, intent order by started_at range between interval 28 days following and interval 35 days following),
        past as (partition by customer_id order by started_at range between interval 7 days preceding and interval 1 microsecond preceding),
        past_same as (partition by customer_id, intent order by started_at range between interval 7 days preceding and interval 1 microsecond preceding)
),

numbered as (
    select
        *,
        past = 0 as is_first,
        sum(cast(past = 0 as integer)) over (
            partition by customer_id order by started_at, contact_key rows unbounded preceding
        ) as need_no
    from seen
),

-- what a need took within 7 days of its first contact; a contact that is given up costs some more (method note 0.5)
need as (
    select
        *,
        sum(case when started_at <= begun_at + interval 7 days then customer_ms + case when is_given_up then getvariable('change_penalty_ms') else 0 end else 0 end)
            over (partition by customer_id, need_no) as need_ms,
        sum(case when started_at <= begun_at + interval 7 days then agent_ms else 0 end)
            over (partition by customer_id, need_no) as need_agent_ms
    from (select *, min(started_at) over (partition by customer_id, need_no) as begun_at from numbered)
)

select
    contact_key,
    is_first,
    near > 0 as is_followed,
    far > 0 as is_followed_far,
    cast(need_ms as bigint) as need_ms,
    cast(need_agent_ms as bigint) as need_agent_ms
from need;

-- Grain: one row per contact or visit that a group of a change selects (mining/changes/groups.py fills it). Temporary.
-- group_no: 0.. = who got the change, by wave; -1 = the control. is_both: matches more than one group.
create or replace temporary table change_member (
    change_no integer, contact_key varchar, group_no integer, is_both boolean
)
