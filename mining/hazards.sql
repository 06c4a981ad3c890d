-- Closed journeys that the hazard models look at (method note 6.2), in stored order. Those of which the order of steps is not told, of
-- which a source did not tell, and such as began before the data are left out. flags: 1 discovery + 2 heavy + 4 strict.
-- Parameter: timezone = the site's clock. is_off: begun at a weekend, or before 8 or after 18 o'clock. is_back: an earlier journey.
with began as (
    select
        *,
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
)

select
    began.journey_id,
    began.customer_id,
    began.first_pos,
    cast(metrics.n_events as integer) as n_places,
    epoch_us(began.started_at) as began_us,
    cast(began.is_discovery as integer) + 2 * cast(began.is_heavy as integer) + 4 * cast(began.is_strict as integer) as flags,
    earlier.is_back,
    dayofweek(began.began_at) in (0, 6) or hour(began.began_at) < 8 or hour(began.began_at) >= 18 as is_off
from began
inner join earlier on began.journey_id = earlier.journey_id
inner join journey_metrics as metrics on began.journey_id = metrics.journey_id
order by began.first_pos
