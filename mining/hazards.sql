-- What the hazard models account for (method note 6.2). Temporary tables. Variable: timezone = the site's clock.
-- Journeys of which the order of steps is not told, of which a source did not tell, and such as began before the data
-- are left out.

-- Grain: one row per closed journey. n_places: how many steps it has. frame: its part of the cell (below).
create or replace temporary table hazard_journey as
with contact as (
    select
        customer_id,
        occurred_at,
        count(*) over (
            partition by customer_id
            order by occurred_at
        ) as n_before
    from journey_event
    where cast(class as varchar) = 'contact'
),

began as (
    select
        journey_id,
        customer_id,
        started_at,
        is_discovery,
        is_heavy,
        is_strict,
        first_pos,
        timezone(getvariable('timezone'), timezone('UTC', started_at)) as began_at
    from population
    where pattern is null and not is_unrecorded and not is_truncated
),

earlier as (
    select
        journey_id,
        row_number() over (
            partition by customer_id
            order by started_at, journey_id
        ) > 1 as is_back
    from journey
),

known as (
    select
        began.journey_id,
        coalesce(until_start.n_before, 0) - coalesce(until_window.n_before, 0) as n_contacts
    from began
    asof left join contact as until_start
        on began.customer_id = until_start.customer_id and began.started_at > until_start.occurred_at
    asof left join contact as until_window
        on
            began.customer_id = until_window.customer_id
            and began.started_at - interval 90 day > until_window.occurred_at
)

select
    began.journey_id,
    began.customer_id,
    began.is_discovery,
    began.is_heavy,
    began.is_strict,
    began.first_pos,
    cast(metrics.n_events as integer) as n_places,
    4 * (case when known.n_contacts = 0 then 0 when known.n_contacts < 3 then 1 else 2 end)
    + 12 * cast(earlier.is_back as integer)
    + 24 * cast(
        dayofweek(began.began_at) in (0, 6) or hour(began.began_at) < 8 or hour(began.began_at) >= 18 as integer
    ) as frame
from began
inner join known on began.journey_id = known.journey_id
inner join earlier on began.journey_id = earlier.journey_id
inner join journey_metrics as metrics on began.journey_id = metrics.journey_id;

-- Grain: one row per step of these journeys. place: how many steps came before it in the journey.
-- cell: what is accounted for besides the step, as one number: band (place 0-2, 3-5, 6-9, 10 and more) + 4 * prior
-- (contacts of the customer in the 90 days before the journey: 0, 1-2, 3 and more) + 12 * is_back (an earlier journey)
-- + 24 * is_off (begun at a weekend, or before 8 or after 18 o'clock) + 48 * wait (below 2 minutes, below 10, longer)
-- + 144 * is_again (the journey met the step before).
create or replace temporary table hazard_moment as
with first_time as (
    select
        journey_id,
        step,
        min(pos) as pos
    from journey_event
    group by journey_id, step
),

placed as (
    select
        journey_event.pos,
        journey_event.journey_id,
        journey.customer_id,
        journey_event.step,
        journey_event.stage,
        journey_event.event_no,
        journey_event.occurred_at,
        journey.frame,
        coalesce(journey_event.wait_ms, 0) as wait_ms,
        cast(journey_event.pos - journey.first_pos as integer) as place,
        journey_event.pos > first_time.pos as is_again
    from journey_event
    inner join hazard_journey as journey on journey_event.journey_id = journey.journey_id
    inner join first_time
        on journey_event.journey_id = first_time.journey_id and journey_event.step = first_time.step
)

select
    * exclude (frame, wait_ms, is_again),
    cast(
        frame
        + case when place < 3 then 0 when place < 6 then 1 when place < 10 then 2 else 3 end
        + 48 * (case when wait_ms < 120000 then 0 when wait_ms < 600000 then 1 else 2 end)
        + 144 * cast(is_again as integer) as usmallint
    ) as cell
from placed
order by pos
