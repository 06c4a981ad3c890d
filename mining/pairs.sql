-- Grain: one row per step and the step directly after it (null = the journey's end), over closed journeys whose start
-- is not cut off by the start of the data. Temporary.
create or replace temporary table pair_count as
with neighbour as (
    select
        journey_id,
        step as step_from,
        channel = lead(channel) over () and department is not distinct from lead(department) over () as is_same_band,
        lead(journey_id) over () as next_journey_id,
        lead(step) over () as next_step,
        lead(epoch_us(occurred_at)) over () - epoch_us(coalesce(ended_at, occurred_at)) as gap_us
    from journey_event
),

pair as (
    select
        population.is_discovery,
        population.is_heavy,
        population.is_strict,
        neighbour.step_from,
        neighbour.is_same_band and neighbour.next_journey_id = neighbour.journey_id as is_same_band,
        case when neighbour.next_journey_id = neighbour.journey_id then neighbour.next_step end as step_to,
        case
            when neighbour.next_journey_id = neighbour.journey_id then greatest(neighbour.gap_us, 0) // 1000
        end as gap_ms
    from neighbour
    inner join population on neighbour.journey_id = population.journey_id
    where not population.is_truncated
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
