"""The key figures of a night, written down so that reports can show them over the nights: table `night_figure`.

One row per night and measure; mining the same night again replaces its rows. Numbers only, no journeys: who is
forgotten does not live on in an old night.

    journeys         journeys there are; no interval, they are counted
    customers        customers who have one
    calls_per_100    distinct calls per 100 journeys with an order (per 100 journeys where there are no orders); none
                     where no customer has both a call and an order, since nobody could tell whose calls they are
    calls_joined     share of the calls that belong to a journey with an order; only where there are orders
    duration_ms      median ms of the closed of these journeys
    departments_met  departments that a journey meets, mean
    goods_ms         median ms from an order to its goods
    effort_ms        mean ms of customers' lives that a closed journey takes (mining/effort.py)
    undeclared       share of events whose code the step dictionary does not know
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import pyarrow as pa

from ingest.store import Store
from mining.effort import mean as mean_effort

Z95 = 1.959963984540054
"""Quantile of the normal distribution for a 95 % interval."""


@dataclass(frozen=True, slots=True)
class NightFigure:
    """A key figure with its 95 % interval, where there is one; n = journeys, customers or events it is taken from."""

    measure: str
    value: float
    low: float | None
    high: float | None
    n: int


def remember(store: Store, night: dt.date) -> None:
    """Measure and write down the night's figures, in place of those an earlier run of the same night left."""
    figures = measured(store)
    rows = pa.table(
        {
            "measure": pa.array([one.measure for one in figures], pa.string()),
            "value": pa.array([one.value for one in figures], pa.float64()),
            "low": pa.array([one.low for one in figures], pa.float64()),
            "high": pa.array([one.high for one in figures], pa.float64()),
            "n": pa.array([one.n for one in figures], pa.int64()),
        }
    )
    with store.transaction():
        store.run("delete from night_figure where night = $night", {"night": night}, name="clear night_figure")
        store.put("incoming_figures", rows)
        store.run(
            "insert into night_figure by name select $night::date as night, * from incoming_figures",
            {"night": night},
            name="night_figure",
        )
        store.drop("incoming_figures")


def measured(store: Store) -> list[NightFigure]:
    """All figures that the warehouse can tell, read from the aggregates."""
    n_journeys, n_customers, has_orders = store.rows(
        "select count(*), count(distinct customer_id), count(*) filter (anchor = 'order') > 0 from journey"
    )[0]
    scope = "journey.anchor = 'order'" if has_orders else "true"
    n_calls, n_joined, are_joined = store.rows(_CALLS)[0]
    calls_are_told = n_calls > 0 and (are_joined or not has_orders)
    found = [
        NightFigure("journeys", n_journeys, None, None, n_journeys),
        NightFigure("customers", n_customers, None, None, n_customers),
        _mean(store, "calls_per_100", "metrics.n_calls", scope, 100) if calls_are_told else None,
        NightFigure("calls_joined", n_joined / n_calls, None, None, n_calls) if n_calls and has_orders else None,
        _median(
            store,
            "duration_ms",
            f"""select journey_id, metrics.duration_ms as ms
                from journey inner join journey_metrics as metrics using (journey_id)
                where journey.is_complete and {scope}""",
        ),
        _mean(store, "departments_met", "metrics.n_departments", "true", 1),
        _median(store, "goods_ms", GOODS),
        effort(store),
        _undeclared(store),
    ]
    return [one for one in found if one is not None]


_CALLS = """with customer as (
    select coalesce(sum(m.n_calls), 0) as n, coalesce(sum(m.n_calls) filter (j.anchor = 'order'), 0) as n_joined,
        count(*) filter (j.anchor = 'order') > 0 as has_order
    from journey as j inner join journey_metrics as m using (journey_id) group by j.customer_id)
select coalesce(sum(n), 0)::bigint, coalesce(sum(n_joined), 0)::bigint,
    coalesce(bool_or(n > 0 and has_order), false) from customer"""
"""SQL: calls of journeys, those of journeys with an order, whether any customer has both a call and an order."""
GOODS = """select journey_id, goods_at, epoch_ms(goods_at) - epoch_ms(ordered_at) as ms
    from (
        select journey_id,
            min(occurred_at) filter (step::varchar in (
                select step from touch where stage::varchar = 'order' and class::varchar = 'outcome')) as ordered_at,
            min(occurred_at) filter (step::varchar in (
                select step from touch where stage::varchar = 'receive' and class::varchar = 'outcome')) as goods_at
        from journey_event group by journey_id
    )
    where goods_at >= ordered_at"""
"""SQL: (journey_id, goods_at, ms) of journeys with an outcome of ordering and, after it, one of receiving, by the
classes of the step dictionary."""


def _mean(store: Store, name: str, measure: str, where: str, per: int) -> NightFigure | None:
    """`per` times sum(measure) / journeys, with an interval by linearisation; clusters are customers.

    se^2 = sum over customers of (y - R x)^2 / (sum x)^2, times c / (c - 1); sums are integers, hence exact.
    `measure` and `where` are constants of this module.
    """
    row = store.rows(
        f"""with customer as (
                select journey.customer_id, count(*)::hugeint as x, sum({measure})::hugeint as y
                from journey inner join journey_metrics as metrics on metrics.journey_id = journey.journey_id
                where {where} group by journey.customer_id)
            select count(*), coalesce(sum(x), 0)::hugeint, coalesce(sum(y), 0)::hugeint,
                   coalesce(sum(y * y), 0)::hugeint, coalesce(sum(x * y), 0)::hugeint,
                   coalesce(sum(x * x), 0)::hugeint from customer"""
    )[0]
    clusters, x, y, yy, xy, xx = (int(value) for value in row)
    if not x:
        return None
    r = y / x
    if clusters < 2:
        return NightFigure(name, per * r, None, None, x)
    spread = max(0.0, yy - 2 * r * xy + r * r * xx) * clusters / (clusters - 1)
    half = Z95 * math.sqrt(spread) / x
    return NightFigure(name, per * r, per * max(0.0, r - half), per * (r + half), x)


def _median(store: Store, name: str, durations: str) -> NightFigure | None:
    """The median of the `ms` of a query, with an interval by order statistics; None where it has no row."""
    n = int(store.value(f"select count(*) from ({durations})"))
    if not n:
        return None
    half = Z95 * math.sqrt(n) / 2
    ranks = [math.ceil(n / 2), max(1, math.floor(n / 2 - half)), min(n, math.ceil(n / 2 + half) + 1)]
    rows = store.rows(
        f"""select ms from (select ms, row_number() over (order by ms, journey_id) as place from ({durations}))
            where list_contains($ranks, place) order by place""",
        {"ranks": ranks},
    )
    values = sorted(float(row[0]) for row in rows)
    if len(set(ranks)) < 3:
        return NightFigure(name, values[len(values) // 2], None, None, n)
    return NightFigure(name, values[1], values[0], values[2], n)


def effort(store: Store) -> NightFigure | None:
    """The mean customer effort; None where no journey has any, or none was reckoned."""
    found = mean_effort(store) if store.has_table("journey_effort") else None
    if found is None or not found.value:
        return None
    return NightFigure("effort_ms", found.value, found.low, found.high, found.journeys)


def _undeclared(store: Store) -> NightFigure | None:
    n, of_n = store.rows("select count(*) filter (visible is null), count(*) from event")[0]
    return NightFigure("undeclared", n / of_n, None, None, of_n) if of_n else None
