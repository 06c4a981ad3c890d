/*---
summary = "How often each step is done again in the same journey"
grain = "one row per visible step that occurs"
reads = ["variant_sequence", "dfg", "touch"]

[columns]
step = "the step"
n_journeys = "journeys that reach the step"
n_journeys_repeating = "of these, journeys with the step more than once, allowed or not (pm4py's rework)"
n_self_loops = "occurrences directly after the same step"
n_repetitions = "occurrences after the first that come back after something else"
n_repeats = "occurrences beyond the first and the allowed ones, over journeys; 0 where any number is allowed"
repeats_allowed = "legitimate repeats beyond the first by the step dictionary; null = any number"
---*/
with occurrence as (
    select
        variant_id,
        n_journeys,
        unnest(sequence) as code
    from variant_sequence
),

counted as (
    select
        variant_id,
        n_journeys,
        code,
        count(*) as n_times
    from occurrence
    group by variant_id, n_journeys, code
),

-- few rows: how many journeys have the step how many times
tallied as (
    select
        code,
        n_times,
        sum(n_journeys) as n_journeys
    from counted
    group by code, n_times
),

named as (
    select
        touch.step,
        touch.repeats,
        tallied.n_times,
        tallied.n_journeys
    from tallied
    inner join touch on enum_range(cast(null as step_t))[tallied.code + 1] = touch.step
),

grouped as (
    select
        step,
        repeats,
        sum(n_journeys) as n_journeys,
        coalesce(sum(n_journeys) filter (where n_times > 1), 0) as n_journeys_repeating,
        sum(n_journeys * (n_times - 1)) as n_again,
        sum(n_journeys * case when repeats is null then 0 else greatest(n_times - 1 - repeats, 0) end) as n_repeats
    from named
    group by step, repeats
)

select
    cast(grouped.step as step_t) as step,
    cast(grouped.n_journeys as ubigint) as n_journeys,
    cast(grouped.n_journeys_repeating as ubigint) as n_journeys_repeating,
    cast(coalesce(dfg.n, 0) as ubigint) as n_self_loops,
    cast(grouped.n_again - coalesce(dfg.n, 0) as ubigint) as n_repetitions,
    cast(grouped.n_repeats as ubigint) as n_repeats,
    grouped.repeats as repeats_allowed
from grouped
left join dfg on cast(grouped.step as step_t) = dfg.step_from and dfg.step_from = dfg.step_to
order by step
