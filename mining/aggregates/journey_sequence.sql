/*---
summary = "Each journey's steps in order as small codes, with its sums; helper that is dropped when the aggregates are done"
grain = "one row per journey with at least one visible event"
reads = ["journey_event"]
keep = false

[columns]
journey_id = "the journey"
customer_id = "whose journey"
sequence = "codes of step_t in stored order (position, so ties are already broken)"
first_pos = "position of the first event in journey_event: event k of the journey (from 0) is at first_pos + k"
n_events = "visible events"
n_raw = "raw records behind them, before page runs were collapsed"
duration_ms = "ms from the first event's start to the latest end (or start, where no end is known)"
engaged_ms = "ms the customer was engaged; each event's share by weight, rounded to a whole ms"
wait_ms = "ms of that spent waiting, weighted alike"
n_channels = "distinct channels"
n_departments = "distinct departments met (the customer's own lane is none)"
---*/
select
    journey_id,
    min(customer_id) as customer_id,
    list(enum_code(step) order by pos) as sequence,
    min(pos) as first_pos,
    count(*) as n_events,
    cast(sum(n_raw) as ubigint) as n_raw,
    (max(epoch_us(coalesce(ended_at, occurred_at))) - min(epoch_us(occurred_at))) // 1000 as duration_ms,
    cast(coalesce(sum(cast(round(engaged_ms * weight) as bigint)), 0) as bigint) as engaged_ms,
    cast(coalesce(sum(cast(round(wait_ms * weight) as bigint)), 0) as bigint) as wait_ms,
    cast(bit_count(bit_or(cast(1 as ubigint) << enum_code(channel))) as utinyint) as n_channels,
    cast(coalesce(bit_count(bit_or(cast(1 as ubigint) << enum_code(department))), 0) as utinyint) as n_departments
from journey_event
group by journey_id
