"""The ways that journeys go, page views left out: read once a night, shown on the overview and on the variants page."""

from __future__ import annotations

from ingest.store import Store
from reports.records import Way, WaySummary

MOST = 2000
"""Ways that are read; the rest is counted. What the CSV beside the variants page holds at most."""

_COUNTED = """with free as (
    select coalesce(list(step), []) as steps from touch where class::varchar = 'browse'),
way as (
    select variant_id,
        list_filter(string_split(variants.steps, ' > '), lambda s: not list_contains(free.steps, s)) as steps
    from variants, free),
counted as materialized (
    select journey.anchor = 'order' as is_order, way.steps, count(*) as n_journeys,
        count(distinct journey.customer_id) as n_customers, quantile_disc(metrics.duration_ms, 0.5) as median_ms,
        sum(metrics.n_calls)::bigint as n_calls
    from journey_metrics as metrics
    inner join way using (variant_id)
    inner join journey using (journey_id)
    group by is_order, way.steps)"""

_READ = f"""{_COUNTED},
total as (
    select is_order, count(*) as n_ways, sum(n_journeys)::bigint as n_journeys,
        count(*) filter (n_customers < $k) as n_small,
        coalesce(sum(n_journeys) filter (len(steps) = 0), 0)::bigint as n_browsing
    from counted group by is_order),
shown as (
    select * from counted where n_customers >= $k and len(steps) > 0
    qualify row_number() over (partition by is_order order by n_journeys desc, steps) <= $most)
select total.*, shown.steps, shown.n_journeys, shown.n_customers, shown.median_ms, shown.n_calls
from total left join shown using (is_order)
order by total.is_order, shown.n_journeys desc, shown.steps"""


def read_ways(store: Store, k: int) -> dict[bool, WaySummary]:
    """By whether the journeys have an order: the most frequent ways of at least `k` customers, and what is left out."""
    tops: dict[bool, list[Way]] = {}
    totals: dict[bool, tuple[int, int, int, int]] = {}
    for is_order, n_ways, n_journeys, n_small, n_browsing, steps, *numbers in store.rows(_READ, {"k": k, "most": MOST}):
        totals[is_order] = (n_ways, n_journeys, n_small, n_browsing)
        if steps is not None:
            tops.setdefault(is_order, []).append(Way(tuple(steps), *numbers))
    return {
        is_order: WaySummary(tuple(tops.get(is_order, ())), *counts, of_orders=is_order)
        for is_order, counts in totals.items()
    }
