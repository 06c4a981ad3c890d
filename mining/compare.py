"""Minutes of journeys that show something against minutes of journeys that do not, like with like."""

from __future__ import annotations

import math
from typing import Any

from scipy import stats

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.population import Scope

_STRATA = """
    with hit as (select journey_id from finding_journey where finding_id = $id),
    fellow as ({comparable}),
    compared as (
        select p.start_week, e.channel, h.journey_id is not null as is_hit, p.engaged_ms, p.handle_ms
        from population as p
        inner join journey_event as e on e.pos = p.first_pos
        left join hit as h on h.journey_id = p.journey_id
        left join fellow as f on f.journey_id = p.journey_id
        where {condition} and (h.journey_id is not null or f.journey_id is not null)
    )
    select count(*) filter (is_hit), count(*) filter (not is_hit), {sums}
    from compared group by start_week, channel order by start_week, channel"""
_COLUMNS = {"customer_min_per_week": "engaged_ms", "company_min_per_week": "handle_ms"}
_SUMS = """coalesce(sum({column}) filter (is_hit), 0), coalesce(sum({column}) filter (not is_hit), 0),
        coalesce(sum(cast({column} as hugeint) * {column}) filter (is_hit), 0),
        coalesce(sum(cast({column} as hugeint) * {column}) filter (not is_hit), 0)"""
Stratum = tuple[int, int, int, int, int, int]
"""Journeys with and without, the sums of their ms, the sums of the squares."""
BASIS = mark("measured: against conforming journeys of the same start week and channel")
TOO_FEW = mark("too few conforming journeys of the same start week and channel to compare with")


def minutes_beyond(
    store: Store, context: Context, scope: Scope, finding_id: str, comparable: str, n_hits: float
) -> dict[str, Any]:
    """The record's `cost`: minutes a week of the journeys marked with a finding beyond those of `comparable` ones.

    `comparable` = a query for the journey_id of journeys that had the chance and don't show it. Mean of the differences
    within strata (start week, channel of the first step), weighted by the journeys that show it, times their number.
    Normal interval from the variance within strata. An association, not an effect.
    """
    sums = ", ".join(_SUMS.format(column=column) for column in _COLUMNS.values())
    query = _STRATA.format(comparable=comparable, sums=sums, condition=scope.condition)
    rows = store.rows(query, {"id": finding_id})
    cost = evidence.no_cost(say(TOO_FEW))
    for place, name in enumerate(_COLUMNS):
        strata: list[Stratum] = [(*row[:2], *row[2 + 4 * place : 6 + 4 * place]) for row in rows]
        if name == "company_min_per_week" and not any(one[2] or one[3] for one in strata):
            cost["reason"][name] = say("the logs tell no handling time for these journeys")
            continue
        beyond = _beyond(strata, context, n_hits)
        if beyond is not None:
            cost[name], cost["basis"][name], cost["reason"][name] = beyond, BASIS, None
    return evidence.with_money(cost, context)


def _beyond(strata: list[Stratum], context: Context, n_hits: float) -> dict[str, Any] | None:
    """Minutes a week with their interval; None when too few journeys have fellows of their stratum."""
    total = variance = 0.0
    matched = 0
    for n1, n0, sum1, sum0, square1, square0 in strata:
        if n1 < 1 or n0 < 2:
            continue
        matched += n1
        total += n1 * (sum1 / n1 - sum0 / n0)
        variance += n1 * n1 * (_mean_variance(n1, sum1, square1) + _mean_variance(n0, sum0, square0))
    if matched < context.method.deviation_hits_min:
        return None
    scale = n_hits / matched / 60_000 / context.weeks
    half = float(stats.norm.ppf(0.5 + context.method.confidence / 2)) * math.sqrt(variance)
    low, mid, high = (round(value * scale, 2) for value in (total - half, total, total + half))
    return {"low": low, "mid": mid, "high": high, "unit": "min/week"}


def _mean_variance(n: int, total: int, squares: int) -> float:
    """Variance of a mean; 0 for one value, whose spread is unknown."""
    return float(max(0.0, (squares - total * total / n) / (n - 1)) / n) if n > 1 else 0.0
