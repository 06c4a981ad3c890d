-- Grain: one row per contact (a call, a visit) of ours in which the log knows a scenario: the one whose step came first. Temporary.
-- ms: how long it took the customer. A call is one stretch, from its first record to the last that the customer was part of; a visit is its
-- engaged time. Params: zone = the site's clock, window_from, window_to. Reads scenario_step (scenario, step).
create or replace temporary table research_contact as
with met as (
    select
        moment.pos,
        moment.journey_id,
        moment.customer_id,
        moment.occurred_at,
        scenario_step.scenario,
        cast(moment.channel as varchar) as channel,
        event.call_id,
        case when event.call_id is null then event.session_id end as session_id,
        coalesce('c' || event.call_id, 's' || event.session_id, 'e' || moment.event_no) as contact
    from journey_event as moment
    inner join scenario_step on moment.step = cast(scenario_step.step as step_t)
    inner join event on moment.event_no = event.event_no
    where moment.occurred_at >= $window_from and moment.occurred_at < $window_to
),

opened as (
    select
        contact,
        min(pos) as pos,
        arg_min(journey_id, pos) as journey_id,
        arg_min(customer_id, pos) as customer_id,
        arg_min(occurred_at, pos) as occurred_at,
        arg_min(scenario, pos) as scenario,
        arg_min(channel, pos) as channel,
        any_value(call_id) as call_id,
        any_value(session_id) as session_id
    from met
    group by contact
),

calls as (
    select
        event.call_id,
        epoch_ms(max(coalesce(event.ended_at, event.occurred_at)) filter (where event.visible)) - epoch_ms(min(event.occurred_at)) as ms
    from event
    where event.call_id in (select opened.call_id from opened where opened.call_id is not null)
    group by event.call_id
),

visits as (
    select event.session_id, sum(event.engaged_ms) as ms
    from event
    where event.call_id is null and event.session_id in (select opened.session_id from opened where opened.session_id is not null)
    group by event.session_id
)

select
    opened.journey_id,
    opened.customer_id,
    opened.scenario,
    case when opened.channel in ('ivr', 'agent') then 'phone' else opened.channel end as channel,
    ['night', 'morning', 'afternoon', 'evening'][1 + hour(timezone($zone, timezone('UTC', opened.occurred_at))) // 6] as daypart,
    cast(greatest(0, coalesce(calls.ms, visits.ms, 0)) as bigint) as ms
from opened
left join calls on opened.call_id = calls.call_id
left join visits on opened.session_id = visits.session_id
order by opened.pos
