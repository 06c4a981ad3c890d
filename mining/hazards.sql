-- Grain: one row per step of a closed journey, with what the hazard models account for (method note 6.2). Temporary.
-- place: how many steps came before it in the journey; n_places: how many the journey has.
-- cell: what is accounted for besides the step, as one number: band (place 0-2, 3-5, 6-9, 10 and more) + 4 * prior
-- (contacts of the customer in the 90 days before the journey: 0, 1-2, 3 and more) + 12 * is_back (an earlier journey)
-- + 24 * is_off (begun at a weekend, or before 8 or after 18 o'clock) + 48 * wait (below 2 minutes, below 10, longer)
-- + 144 * is_again (the journey met the step before).
-- Journeys of which the order of steps is not told, of which a source did not tell, and such as began before the data
-- are left out. Params: timezone = the site's clock.
create or replace temporary table hazard_moment as
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
        timezone($timezone, timezone('UTC', started_at)) as began_at
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
),

framed as (
    select
        began.*,
        4 * (case when known.n_contacts = 0 then 0 when known.n_contacts < 3 then 1 else 2 end)
        + 12 * cast(earlier.is_back as integer)
        + 24 * cast(
            dayofweek(began.began_at) in (0, 6) or hour(began.began_at) < 8 or hour(began.began_at) >= 18 as integer
        ) as frame
    from began
    inner join known on began.journey_id = known.journey_id
    inner join earlier on began.journey_id = earlier.journey_id
),

first_time as (
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
        journey_event.step,
        journey_event.stage,
        journey_event.event_no,
        journey_event.occurred_at,
        journey_event.wait_ms,
        journey_event.pos - metrics.first_pos as place,
        metrics.n_events as n_places,
        journey_event.pos > first_time.pos as is_again
    from journey_event
    inner join journey_metrics as metrics on journey_event.journey_id = metrics.journey_id
    inner join first_time
        on journey_event.journey_id = first_time.journey_id and journey_event.step = first_time.step
)

select
    placed.pos,
    placed.journey_id,
    framed.customer_id,
    placed.step,
    placed.stage,
    placed.event_no,
    placed.occurred_at,
    framed.is_discovery,
    framed.is_heavy,
    framed.is_strict,
    cast(placed.place as integer) as place,
    cast(placed.n_places as integer) as n_places,
    cast(
        framed.frame
        + case when placed.place < 3 then 0 when placed.place < 6 then 1 when placed.place < 10 then 2 else 3 end
        + 48 * (
            case
                when coalesce(placed.wait_ms, 0) < 120000 then 0 when placed.wait_ms < 600000 then 1
                else 2
            end
        )
        + 144 * cast(placed.is_again as integer) as usmallint
    ) as cell
from placed
inner join framed on placed.journey_id = framed.journey_id
