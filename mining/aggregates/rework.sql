/*---
summary = "How often each step is done again in the same journey"
grain = "one row per visible step that occurs"
reads = ["variant_sequence", "touch"]

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
        unnest(sequence) as code,
        unnest(list_prepend(null, sequence)) as code_before
    from variant_sequence
),

counted as (
    select
        variant_id,
        code,
        min(n_journeys) as n_journeys,
        count(*) as n_times,
        count(*) filter (where code = code_before) as n_self_loops
    from occurrence
    where code is not null
    group by variant_id, code
),

named as (
    select
        counted.*,
        enum_range(cast(null as step_t))[counted.code + 1] as step
    from counted
)

select
    cast(named.step as step_t) as step,
    cast(sum(named.n_journeys) as ubigint) as n_journeys,
    cast(coalesce(sum(named.n_journeys) filter (where named.n_times > 1), 0) as ubigint) as n_journeys_repeating,
    cast(sum(named.n_journeys * named.n_self_loops) as ubigint) as n_self_loops,
    cast(sum(named.n_journeys * (named.n_times - 1 - named.n_self_loops)) as ubigint) as n_repetitions,
    cast(
        sum(case when touch.repeats is null then 0 else named.n_journeys * greatest(named.n_times - 1 - touch.repeats, 0) end)
        as ubigint
    ) as n_repeats,
    touch.repeats as repeats_allowed
from named
left join touch on named.step = touch.step
group by named.step, touch.repeats
order by step
