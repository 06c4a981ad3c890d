"""Minutes of journeys that show something against minutes of journeys that do not, like with like."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import pyarrow as pa
from scipy import stats

from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.population import Scope

_STRATA = """
    with hit as (select variant_id from finding_variant where finding_id = $id),
    compared as (
        select p.start_week, e.channel, h.variant_id is not null as is_hit, p.engaged_ms
        from population as p
        inner join journey_event as e on e.pos = p.first_pos
        inner join comparable_variants as c on c.variant_id = p.variant_id
        left join hit as h on h.variant_id = p.variant_id
        where {condition}
    )
    select start_week, channel, count(*) filter (is_hit), count(*) filter (not is_hit),
        coalesce(sum(engaged_ms) filter (is_hit), 0), coalesce(sum(engaged_ms) filter (not is_hit), 0),
        coalesce(sum(cast(engaged_ms as hugeint) * engaged_ms) filter (is_hit), 0),
        coalesce(sum(cast(engaged_ms as hugeint) * engaged_ms) filter (not is_hit), 0)
    from compared group by start_week, channel order by start_week, channel"""


def minutes_beyond(
    store: Store,
    context: Context,
    scope: Scope,
    finding_id: str,
    hits: Collection[int],
    conforming: Collection[int],
    n_hits: float,
) -> dict[str, Any]:
    """The record's `cost`: engaged minutes a week of the journeys that show a finding beyond those of conforming ones.

    Mean of the differences within strata (start week, channel of the first step), weighted by the journeys that show
    it, times their number. Normal interval from the variance within strata. An association, not an effect.
    """
    ids = sorted(set(conforming) | set(hits))
    store.put("comparable_variants", pa.table({"variant_id": pa.array(ids, pa.uint32())}))
    rows = store.rows(_STRATA.format(condition=scope.condition), {"id": finding_id})
    store.drop("comparable_variants")
    total = variance = 0.0
    matched = 0
    for _, _, n1, n0, sum1, sum0, square1, square0 in rows:
        if n1 < 1 or n0 < 2:
            continue
        matched += n1
        total += n1 * (sum1 / n1 - sum0 / n0)
        variance += n1 * n1 * (_mean_variance(n1, sum1, square1) + _mean_variance(n0, sum0, square0))
    cost = evidence.no_cost("not compared: only minutes of the customer are")
    if matched < context.method.deviation_hits_min:
        few = "too few conforming journeys of the same start week and channel to compare with"
        cost["reason"]["customer_min_per_week"] = few
        return cost
    scale = n_hits / matched / 60_000 / context.weeks
    half = float(stats.norm.ppf(0.5 + context.method.confidence / 2)) * math.sqrt(variance)
    low, mid, high = (round(value * scale, 2) for value in (total - half, total, total + half))
    cost["customer_min_per_week"] = {"low": low, "mid": mid, "high": high, "unit": "min/week"}
    cost["basis"]["customer_min_per_week"] = "measured: against conforming journeys of the same start week and channel"
    cost["reason"]["customer_min_per_week"] = None
    return cost


def _mean_variance(n: int, total: int, squares: int) -> float:
    """Variance of a mean; 0 for one value, whose spread is unknown."""
    return float(max(0.0, (squares - total * total / n) / (n - 1)) / n) if n > 1 else 0.0
