"""The pages of findings: which journeys show it more than others, by how they began, week, product and customer.

Shares are of the closed journeys of the finding's window that reach its steps, all customers; each has its interval.
Journeys that show it are those that the finding's own query returns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from mining.statistics import wilson
from reports import formats
from reports.charts import Axis
from reports.figures import Figures
from reports.places import place_of
from reports.plots import Point, interval_dot, line_band, tick_text
from reports.records import FindingFigure
from reports.view import Report
from reports.view_facts import is_share

MOST_WEEKS, MOST_PRODUCTS, MOST_CHANNELS = 8, 8, 8
LEAST_JOURNEYS = 30
_PRODUCT = 4

_JOURNEYS = """create or replace temporary table driver as
select journey.journey_id, journey.journey_key, journey.customer_id, metrics.variant_id, journey.started_at,
    moment.channel::varchar as channel, strftime(date_trunc('week', journey.started_at), '%Y-%m-%d') as week,
    row_number() over (
        partition by journey.customer_id order by journey.started_at, journey.journey_id) = 1 as is_first
from journey
inner join journey_metrics as metrics using (journey_id)
inner join journey_event as moment on moment.pos = metrics.first_pos
where journey.is_complete"""
"""Grain: one row per closed journey with an event, and what may drive a finding in it."""

_WAYS = """create or replace temporary table driver_way as
select distinct variant_id, unnest(string_split(steps, ' > ')) as step from variants order by step, variant_id"""
"""Grain: one row per variant and step that it has; sorted, so that a step's variants are found without reading all."""

_MOST_JOURNEYS = "select coalesce(max(n), 0) from (select count(*) as n from driver group by customer_id)"
"""Closed journeys of the busiest customer: a group of k times as many is of k customers at least."""

_PRODUCTS = """create or replace temporary table driver_product as
select distinct moment.journey_id, event.product_id
from journey_event as moment inner join event on event.event_no = moment.event_no where event.product_id is not null"""
"""Grain: one row per journey and product that one of its events names."""

_READ = """with shown as materialized (select distinct journey_key from ({hits})),
hit as materialized (select journey_id from driver semi join shown using (journey_key)),
way as materialized (select distinct variant_id from driver_way where step in (select unnest($anchors::varchar[]))),
base as materialized (
    select driver.*, hit.journey_id is not null as is_hit
    from driver left join hit on hit.journey_id = driver.journey_id
    where driver.started_at >= $first and driver.started_at < $last
        and (len($anchors) = 0 or hit.journey_id is not null or driver.variant_id in (select variant_id from way))),
member as (
    select 1 as no, 'Began by' as head, channel as name, customer_id, is_hit from base
    union all
    select 2, 'Customer', case when is_first then 'first journey in the data' else 'was here before' end, customer_id,
        is_hit
    from base
    union all select 3, 'Week of', week, customer_id, is_hit from base
    union all select 4, 'Product', product_id, customer_id, is_hit
    from base inner join driver_product using (journey_id)
    union all select 0, 'All', '', customer_id, is_hit from base),
counted as materialized (
    select no, head, name, count(*) as n, count(*) filter (is_hit) as hits from member group by no, head, name),
people as (
    select no, name, count(distinct customer_id) as n_customers,
        count(distinct customer_id) filter (is_hit) as n_hit_customers
    from member inner join counted using (no, name)
    where counted.n < $safe or (member.is_hit and counted.hits < $safe) group by no, name)
select no, head, name, n, hits, case when n < $safe then people.n_customers else $safe end as n_customers,
    case when hits = 0 then 0 when hits < $safe then people.n_hit_customers else $safe end as n_hit_customers
from counted left join people using (no, name)
order by no, case when no = 3 then name end desc, n desc, name"""
"""Customers are told apart only where a group is so small ($safe journeys) that they could be too few to tell of."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One group: (group, journeys, of them showing it, share with interval) and its drawing."""

    cells: tuple[str, ...]
    dot: Markup


@dataclass(frozen=True, slots=True)
class FindingPage:
    """What the page of one finding shows beyond its FindingView."""

    drivers: tuple[Driver, ...]
    driver_note: str
    of_what: str
    nights: Markup
    nights_note: str


def build(figures: Figures, report: Report) -> Mapping[str, FindingPage]:
    """label -> what its page shows."""
    with_page = {finding.label for finding in report.findings}
    findings = [finding for finding in figures.findings() if finding.label in with_page]
    if not findings:
        return {}
    figures.store.run(_JOURNEYS, name="driver")
    figures.store.run(_PRODUCTS, name="driver_product")
    figures.store.run(_WAYS, name="driver_way")
    safe = figures.k * int(figures.store.value(_MOST_JOURNEYS))
    return {finding.label: _page(figures, finding, report.names.label, safe) for finding in findings}


def _page(figures: Figures, finding: FindingFigure, labels: Mapping[str, str], safe: int) -> FindingPage:
    anchors = anchors_of(finding, frozenset(labels))
    drivers, note = _drivers(figures, finding, anchors, safe)
    names = formats.listing([f"“{labels[step]}”" for step in anchors], "or")
    history = figures.history(finding.finding_id)
    return FindingPage(
        drivers=drivers,
        driver_note=note,
        of_what=f"closed journeys that reach {names} or show it" if anchors else "closed journeys",
        nights=_nights(finding, history),
        nights_note=f"{formats.plural(len(history), 'night')} so far; a line needs three." if len(history) < 3 else "",
    )


def anchors_of(finding: FindingFigure, known: frozenset[str]) -> list[str]:
    """The steps that give a journey the chance to show it: the step before, else those of its place; [] = any."""
    before = finding.where.get("prev")
    if isinstance(before, str) and before in known:
        return [before]
    skipped = finding.where.get("step") if finding.kind == "deviation.skipped" else None
    return [step for step in place_of(finding.kind, finding.place, known).steps if step != skipped]


def _drivers(figures: Figures, finding: FindingFigure, anchors: list[str], safe: int) -> tuple[tuple[Driver, ...], str]:
    """The groups that may be told, and what is left out. A group of `safe` journeys is of enough customers."""
    sql = str(finding.evidence.get("sql") or "").strip().rstrip(";")
    window = finding.window
    if not sql or not window.get("from"):
        return (), ""
    rows = figures.store.rows(
        _READ.format(hits=sql),
        {
            "first": dt.date.fromisoformat(window["from"]),
            "last": dt.date.fromisoformat(window["to"]),
            "anchors": anchors,
            "safe": safe,
        },
    )
    if not rows or rows[0][5] < figures.k or rows[0][6] < figures.k:
        return (), ""
    n_all, hits_all = rows[0][3], rows[0][4]
    most = {1: MOST_CHANNELS, 2: 2, 3: MOST_WEEKS, 4: MOST_PRODUCTS}
    told: list[tuple[str, str, int, int]] = []
    for no, limit in most.items():
        told += _of_kind([row for row in rows if row[0] == no], figures.k)[:limit]
    n_left = len(rows) - 1 - len(told)
    bounds = [wilson(hits, n) for _, _, n, hits in told]
    axis = Axis.over([edge for pair in bounds for edge in pair], factor=100)
    drivers = tuple(
        _driver(head, name, n, hits, pair, axis, hits_all / n_all)
        for (head, name, n, hits), pair in zip(told, bounds, strict=True)
    )
    note = (
        f"All of them together: {formats.ratio(hits_all, n_all)}, {formats.count(hits_all)} of {formats.count(n_all)}."
    )
    if n_left:
        note += (
            f" Not listed: {formats.plural(n_left, 'further group')} of fewer than {LEAST_JOURNEYS} journeys, with "
            f"fewer than {figures.k} customers who show it, or below the first {MOST_PRODUCTS} of a kind."
        )
    return drivers, note


def _of_kind(rows: list[tuple[Any, ...]], k: int) -> list[tuple[str, str, int, int]]:
    """(kind, name, journeys, hits) of the groups that may be told.

    The groups of a kind add up to all, so that a single one that is left out could be worked out: then the smallest
    other one is left out with it.
    """
    small = [row for row in rows if 0 < row[6] < k or 0 < row[5] < k]
    told = [row for row in rows if row not in small]
    if len(small) == 1 and told and rows[0][0] != _PRODUCT:
        told.remove(min(told, key=lambda row: (row[4], row[3])))
    return [row[1:5] for row in told if row[3] >= LEAST_JOURNEYS]


def _driver(head: str, name: str, n: int, hits: int, pair: tuple[float, float], axis: Axis, overall: float) -> Driver:
    low, high = pair
    tone = "cost" if low > overall else "save" if high < overall else "neutral"
    share = f"{formats.ratio(hits, n)} ({formats.share(low)} to {formats.share(high)})"
    shown = formats.date_short(dt.date.fromisoformat(name)) if head == "Week of" else name
    cells = (
        f"{head} {shown}" if head == "Week of" else f"{head}: {shown}",
        formats.count(n),
        formats.count(hits),
        share,
    )
    return Driver(cells, interval_dot(hits / n, low, high, axis, tone, overall))


def _nights(finding: FindingFigure, history: list[tuple[dt.date, float, float | None, float | None]]) -> Markup:
    unit = str(finding.effect.get("unit") or "")
    divisor = 0.01 if is_share(unit) else 1.0
    points = [Point(*row) for row in history]
    name = str(finding.effect.get("name") or "effect")
    return line_band(points, f"{name} over {len(points)} nights", tick_text, unit=divisor)
