"""Minutes of journeys that show something against minutes of journeys that do not, like with like.

Like = begun in the same week, in the same channel, and about the same group of products where the site has a table of
products (method 3.4): the category of what was ordered, else of what was last looked at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from scipy import stats

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.population import Scope

_STRATA = """
    with hit as (select finding_id, journey_id from finding_journey where list_contains($ids, finding_id)),
    fellow as ({comparable}),
    compared as (
        select h.finding_id, journey_id, p.start_week, p.first_pos, p.engaged_ms, p.handle_ms
        from population as p inner join hit as h using (journey_id) where {condition}
        union all
        select '', journey_id, p.start_week, p.first_pos, p.engaged_ms, p.handle_ms
        from population as p semi join fellow using (journey_id) anti join hit using (journey_id) where {condition}
    ),
    goods as ({goods})
    select
        c.finding_id,
        struct_pack(week := c.start_week, channel := e.channel, goods := coalesce(g.category, '')) as like_it,
        count(*), {sums}
    from compared as c inner join journey_event as e on e.pos = c.first_pos
    left join goods as g on g.journey_id = c.journey_id
    group by c.finding_id, like_it order by c.finding_id, like_it"""
_NO_GOODS = "select null::uinteger as journey_id, null as category where false"
_GOODS = """
    select n.journey_id, first(k.category order by n.is_ordered desc, n.pos desc, n.product_id) as category
    from (
        select e.journey_id, e.pos, line.product_id is not null as is_ordered,
            coalesce(line.product_id, told.product_id) as product_id
        from journey_event as e semi join compared using (journey_id)
        inner join event as told using (event_no)
        left join order_product as line on line.order_id = told.order_id
    ) as n inner join product_category as k using (product_id)
    group by n.journey_id"""
_COLUMNS = {"customer_min_per_week": "engaged_ms", "company_min_per_week": "handle_ms"}
_SUMS = "coalesce(sum(c.{column}), 0), coalesce(sum(cast(c.{column} as hugeint) * c.{column}), 0)"
_Stratum = tuple[int, str, str]
"""Week, channel, product group."""
Side = tuple[int, ...]
"""Journeys, and for each of `_COLUMNS` the sum of their ms and that of the squares."""
_NONE: Side = (0,) * (1 + 2 * len(_COLUMNS))
BASIS = mark("measured: against conforming journeys of the same start week and channel")
BASIS_GOODS = mark("measured: against conforming journeys of the same start week, channel and product group")
TOO_FEW = mark("too few conforming journeys of the same start week and channel to compare with")


def minutes_beyond(
    store: Store, context: Context, scope: Scope, comparable: str, n_hits: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """The record's `cost` of each finding of `n_hits` (finding_id -> journeys that show it, by blame): minutes a week
    of the journeys marked with it beyond those of `comparable` ones.

    `comparable` = a query for the journey_id of journeys that had the chance; those that show one of the findings are
    left out. Mean of the differences within strata (start week, channel of the first step, product group where there is
    a table of products), weighted by the journeys that show it, times their number. Normal interval from the variance
    within strata. An association, not an effect.
    """
    sums = ", ".join(_SUMS.format(column=column) for column in _COLUMNS.values())
    if context.products is not None:
        table = context.products.table.select(["product_id", "category"])
        store.put("product_category", table.group_by(["product_id", "category"]).aggregate([]))
    goods = _NO_GOODS if context.products is None else _GOODS
    query = _STRATA.format(comparable=comparable, sums=sums, condition=scope.condition, goods=goods)
    sides: defaultdict[str, dict[_Stratum, Side]] = defaultdict(dict)
    for finding_id, stratum, *told in store.rows(query, {"ids": list(n_hits)}):
        sides[finding_id][tuple(stratum.values())] = tuple(told)
    if context.products is not None:
        store.drop("product_category")
    return {finding_id: _cost(context, sides[finding_id], sides[""], n) for finding_id, n in n_hits.items()}


def _cost(
    context: Context, hits: Mapping[_Stratum, Side], fellows: Mapping[_Stratum, Side], n_hits: float
) -> dict[str, Any]:
    pairs = [
        (hits.get(stratum, _NONE), fellows.get(stratum, _NONE)) for stratum in sorted(hits.keys() | fellows.keys())
    ]
    basis = BASIS if context.products is None else BASIS_GOODS
    cost = evidence.no_cost(say(TOO_FEW))
    for place, name in enumerate(_COLUMNS):
        total, square = 1 + 2 * place, 2 + 2 * place
        if name == "company_min_per_week" and not any(one[total] or other[total] for one, other in pairs):
            cost["reason"][name] = say("the logs tell no handling time for these journeys")
            continue
        beyond = _beyond(
            [(one[0], other[0], one[total], other[total], one[square], other[square]) for one, other in pairs],
            context,
            n_hits,
        )
        if beyond is not None:
            cost[name], cost["basis"][name], cost["reason"][name] = beyond, basis, None
    return evidence.with_money(cost, context)


def _beyond(strata: Iterable[tuple[int, ...]], context: Context, n_hits: float) -> dict[str, Any] | None:
    """Minutes a week with their interval; None when too few journeys have fellows of their stratum.

    `strata` = journeys with and without, the sums of their ms, the sums of the squares.
    """
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
