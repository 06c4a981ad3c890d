-- Grain: one row per step and the step directly after it (null = the journey's end), over closed journeys whose start
-- is not cut off by the start of the data and of which the order of steps is told. Temporary.
create or replace temporary table pair_count as
with neighbour as (
    select
        journey_id,
        step as step_from,
        channel,
        coalesce(cast(department as varchar), '') as department,
        lead(channel) over () as next_channel,
        lead(coalesce(cast(department as varchar), '')) over () as next_department,
        lead(journey_id) over () as next_journey_id,
        lead(step) over () as next_step,
        epoch_us(coalesce(ended_at, occurred_at)) as until_us,
        lead(epoch_us(occurred_at)) over () as next_us
    from journey_event
),

pair as (
    select
        population.is_discovery,
        population.is_heavy,
        population.is_strict,
        neighbour.step_from,
        coalesce(
            neighbour.channel = neighbour.next_channel and neighbour.department = neighbour.next_department
            and neighbour.next_journey_id = neighbour.journey_id, false
        ) as is_same_band,
        case when neighbour.next_journey_id = neighbour.journey_id then neighbour.next_step end as step_to,
        case
            when neighbour.next_journey_id = neighbour.journey_id then greatest(neighbour.next_us - neighbour.until_us, 0) // 1000
        end as gap_ms
    from neighbour
    inner join population on neighbour.journey_id = population.journey_id
    where not population.is_truncated and population.pattern is null
)

select
    step_from,
    step_to,
    count(*) as n_all,
    count(*) filter (where is_discovery) as n_discovery,
    count(*) filter (where not is_discovery) as n_confirm,
    count(*) filter (where not is_heavy) as n_light,
    count(*) filter (where is_strict) as n_strict,
    count(*) filter (where is_same_band) as n_same_band,
    quantile_disc(gap_ms, 0.5) as gap_median_ms,
    quantile_disc(gap_ms, 0.25) as gap_p25_ms,
    quantile_disc(gap_ms, 0.75) as gap_p75_ms
from pair
group by step_from, step_to
order by step_from, step_to
