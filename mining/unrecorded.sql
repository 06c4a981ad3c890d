-- Grain: one row per journey and the reason why it is not held against the intended process; those that are 'unlinked' are
-- added by unlinked.py. Here: journeys that need a source of the intended process on a day on which that source delivered too
-- little ('silent'). Needs = is under way then, or less than a margin before its first or after its last event: the event that
-- opens or ends it may be what is missing. The margin is the time in which 95 of 100 journeys take their next step. It
-- is the same for journeys that conform and those that don't, so leaving them out favours neither.
create or replace table unrecorded_journey as
with needed as (
    select source_id, step
    from (select distinct source_id, step from event) as used
    where list_contains($steps, cast(step as varchar))
),

bad_day as (
    select distinct source_day.from_at, source_day.to_at
    from source_day semi join needed on source_day.source_id = needed.source_id
    where not source_day.is_complete
),

gap as (
    select
        journey_id,
        lead(journey_id) over (order by pos) as next_journey_id,
        lead(epoch_ms(occurred_at)) over (order by pos) - epoch_ms(occurred_at) as gap_ms
    from journey_event
    semi join needed on journey_event.step = needed.step
    where exists (select 1 from bad_day)
),

margin as (
    select to_milliseconds(coalesce(quantile_disc(gap_ms, 0.95), 0)) as wide
    from gap
    where next_journey_id = journey_id
)

select distinct journey.journey_id, 'silent' as reason
from journey
cross join margin
inner join bad_day
    on journey.started_at - margin.wide < bad_day.to_at and journey.ended_at + margin.wide >= bad_day.from_at
order by journey.journey_id
