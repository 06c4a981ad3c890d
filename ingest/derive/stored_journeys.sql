-- The journeys, stored by customer and start, numbered as stored. Whether one is complete or truncated depends on the night and on
-- where the data begin, so it is told anew each night.
create table journey as
select
    cast(row_number() over () as uinteger) as journey_id, j.journey_key, j.customer_id, j.anchor, j.order_id, j.episode, j.started_at, j.ended_at,
    j.ended_at + to_seconds(getvariable('gap_free_s')) <= getvariable('night_end') as is_complete,
    j.started_at < (select min(occurred_at) from event) + to_seconds(getvariable('gap_free_s')) as is_truncated,
    j.identity_strength, j.n_ambiguous, j.part
from (select * from all_journey order by customer_id, seq, started_at, first_event_no) as j
