/*---
summary = "Size, durations and variant of each journey"
grain = "one row per journey with at least one visible event"
reads = ["journey_sequence", "variant_sequence", "journey_event", "event"]

[columns]
journey_id = "the journey; rows are stored in this order"
customer_id = "whose journey"
variant_id = "its variant, see variants"
n_events = "visible events"
n_raw = "raw records behind them, before page runs were collapsed"
duration_ms = "ms from the first event's start to the latest end (or start, where no end is known)"
engaged_ms = "ms the customer was engaged, each event's share by weight, rounded to a whole ms"
wait_ms = "ms of that spent waiting, weighted alike"
n_channels = "distinct channels"
n_departments = "distinct departments met (the customer's own lane is none)"
n_calls = "distinct calls among the visible events"
first_pos = "position of its first event in journey_event: event k (from 0) is at first_pos + k"
---*/
with sums as (
    select
        journey_id,
        min(customer_id) as customer_id,
        sum(n_raw) as n_raw,
        max(epoch_us(coalesce(ended_at, occurred_at))) - min(epoch_us(occurred_at)) as duration_us,
        -- a whole event is the rule; only shared ones are worth a multiplication
        sum(case when weight = 1 then engaged_ms else cast(round(engaged_ms * weight) as bigint) end) as engaged_ms,
        sum(case when weight = 1 then wait_ms else cast(round(wait_ms * weight) as bigint) end) as wait_ms
    from journey_event
    group by journey_id
),

calls as (
    select
        moment.journey_id,
        count(distinct event.call_id) as n_calls
    from journey_event as moment
    inner join event on moment.event_no = event.event_no
    where event.call_id is not null
    group by moment.journey_id
)

select
    journey.journey_id,
    sums.customer_id,
    variant.variant_id,
    journey.n_events,
    cast(sums.n_raw as ubigint) as n_raw,
    sums.duration_us // 1000 as duration_ms,
    cast(coalesce(sums.engaged_ms, 0) as bigint) as engaged_ms,
    cast(coalesce(sums.wait_ms, 0) as bigint) as wait_ms,
    variant.n_channels,
    variant.n_departments,
    cast(coalesce(calls.n_calls, 0) as uinteger) as n_calls,
    journey.first_pos
from journey_sequence as journey
inner join sums on journey.journey_id = sums.journey_id
inner join variant_sequence as variant on journey.sequence_no = variant.sequence_no
left join calls on journey.journey_id = calls.journey_id
order by journey.journey_id
