/*---
summary = "How often a journey goes on in another channel, and after how long"
grain = "one row per ordered pair of different channels that follow one another in a journey"
reads = ["journey_event"]

[columns]
channel_from = "the earlier channel"
channel_to = "the channel of the next event, always another one"
n = "how often"
n_journeys = "distinct journeys with such a change"
gap_median_ms = "lower median of ms from the end (or start) of the earlier event to the start of the later, at least 0"
---*/
with neighbour as (
    select
        journey_id,
        channel as channel_from,
        lead(journey_id) over () as next_journey_id,
        lead(channel) over () as channel_to,
        lead(epoch_us(occurred_at)) over () - epoch_us(coalesce(ended_at, occurred_at)) as gap_us
    from journey_event
)

select
    channel_from,
    channel_to,
    cast(count(*) as ubigint) as n,
    cast(bit_count(bitstring_agg(journey_id)) as ubigint) as n_journeys,
    greatest(quantile_disc(gap_us, 0.5), 0) // 1000 as gap_median_ms
from neighbour
where next_journey_id = journey_id and channel_from <> channel_to
group by channel_from, channel_to
order by channel_from, channel_to
