"""The pages of findings: which journeys show it more than others, by how they began, week, product and customer.

Shares are of the closed journeys of the finding's window that reach its steps, all customers; each has its interval.
Journeys that were cut off by the begin of the data are in none of them.
Journeys that show it are those that the finding's own query returns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import say
from mining.sentences import any_of
from mining.statistics import wilson
from reports import formats, path_picture, survival
from reports.charts import Axis
from reports.figures import Figures
from reports.map_marks import channel_word
from reports.number_picture import WeekShare, by_week, number_pictures
from reports.page_picture import Picture, pictures
from reports.places import place_of
from reports.plots import Point, interval_dot, line_band, tick_text
from reports.records import FindingFigure
from reports.view import Report
from reports.view_facts import is_share
from reports.view_journeys import StepNames, Strip

MOST_WEEKS, MOST_PRODUCTS, MOST_CHANNELS = 8, 8, 8
LEAST_JOURNEYS = 30
MOST_DRIVEN = 20
"""Findings, in their order, that are told by group: each takes a look at all journeys."""
_BEGAN, _CUSTOMER, _WEEK, _PRODUCT = 1, 2, 3, 4
"""The kinds of groups, by which the query tells them."""

_JOURNEYS = """create or replace temporary table driver as
select journey.journey_id, journey.journey_key, journey.customer_id, metrics.variant_id, journey.started_at,
    moment.channel, date_trunc('week', journey.started_at)::date as week,
    row_number() over (
        partition by journey.customer_id order by journey.started_at, journey.journey_id) = 1 as is_first
from journey
inner join journey_metrics as metrics using (journey_id)
inner join journey_event as moment on moment.pos = metrics.first_pos
where journey.is_complete and not journey.is_truncated"""
"""Grain: one row per closed journey with an event, and what may drive a finding in it. Journeys that the begin of the
data cut off are left out: most analyses leave them out, and their week would seem to be free of any finding."""

_UNRECORDED = "and driver.journey_id not in (select journey_id from unrecorded_journey)"
"""For findings that count only journeys of which all sources tell."""
_RECORDED = ("deviation", "outcome_path", "failure_point")

_STEPS = """create or replace temporary table driver_step as
select distinct unnest(string_split(steps, ' > '))::step_t as step, variant_id from variants"""
"""Grain: one row per step and variant that has it."""

_PRODUCTS = """create or replace temporary table driver_product as
with named as (
    select distinct moment.journey_id, event.product_id
    from journey_event as moment inner join event on event.event_no = moment.event_no
    where event.product_id is not null),
most as (select product_id from named group by product_id order by count(*) desc, product_id limit $most)
select named.* from named inner join most using (product_id)"""
"""Grain: one row per journey and product that one of its events names, of the products that most journeys name."""

_READ = """with shown as materialized (select journey_id from driver semi join ({hits}) using (journey_key)),
reach as materialized (
    select distinct variant_id from driver_step where step in (select unnest($anchors::step_t[]))),
base as materialized (
    select driver.journey_id, driver.customer_id, driver.channel, driver.is_first, driver.week,
        shown.journey_id is not null as is_hit
    from driver
    left join shown on shown.journey_id = driver.journey_id
    left join reach on reach.variant_id = driver.variant_id
    where driver.started_at >= $first and driver.started_at < $last {recorded}
        and (len($anchors) = 0 or shown.journey_id is not null or reach.variant_id is not null)),
counted as (
    select grouping(channel, is_first, week) as sets, channel, is_first, week, {counts}
    from base group by grouping sets ((channel), (is_first), (week), ())),
by_product as (
    select product_id, {counts} from base inner join driver_product using (journey_id) group by product_id)
select
    case sets when 7 then 0 when 3 then 1 when 5 then 2 else 3 end as no,
    case sets
        when 7 then '' when 3 then channel::varchar
        when 5 then case when is_first then 'first' else 'was here' end
        else strftime(week, '%Y-%m-%d')
    end as name,
    n, hits, n_customers, n_hit_customers
from counted
union all
select 4, product_id, n, hits, n_customers, n_hit_customers from by_product
order by no, case when no = 3 then name end desc, n desc, name"""
_COUNTS = """count(*) as n, count(*) filter (is_hit) as hits, approx_count_distinct(customer_id) as n_customers,
    count(distinct customer_id) filter (is_hit) as n_hit_customers"""
"""How many customers a group has is asked only to leave out small ones, and twice the least is asked for, so that an
estimate will do: it does not depend on the order of rows."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One group: (group, journeys, of them showing it, share with interval) and its drawing."""

    cells: tuple[str, ...]
    dot: Markup


@dataclass(frozen=True, slots=True)
class FindingPage:
    """What the page of one finding shows beyond its FindingView."""

    drivers: tuple[Driver, ...]
    no_drivers: str
    driver_note: str
    of_what: str
    path: tuple[Strip, Markup] | None
    curves: Markup
    curves_note: str
    pictures: tuple[Picture, ...]
    nights: Markup
    nights_note: str


def build(figures: Figures, report: Report) -> Mapping[str, FindingPage]:
    """label -> what its page shows."""
    with_page = {finding.label for finding in report.findings}
    findings = [finding for finding in figures.findings() if finding.label in with_page]
    if not findings:
        return {}
    figures.store.run(_JOURNEYS, name="driver")
    figures.store.run(_STEPS, name="driver_step")
    figures.store.run(_PRODUCTS, {"most": MOST_PRODUCTS * 3}, name="driver_product")
    return {one.label: _page(figures, one, report.names, place <= MOST_DRIVEN) for place, one in enumerate(findings, 1)}


def _page(figures: Figures, finding: FindingFigure, names: StepNames, is_driven: bool) -> FindingPage:
    labels = names.label
    anchors = anchors_of(finding, frozenset(labels))
    is_research = finding.kind == "competitor_gap"
    drivers, note, weeks = _drivers(figures, finding, anchors) if is_driven and not is_research else ((), "", ())
    history = figures.history(finding.finding_id)
    return FindingPage(
        drivers=drivers,
        no_drivers=say("Research tells of shoppers and of whole companies, not of groups of customers.")
        if is_research
        else say("Too few customers show it to be told by group.")
        if is_driven
        else say("Only the first {n} findings are told by group.", n=MOST_DRIVEN),
        driver_note=note,
        of_what=_of_what([f"“{labels[step]}”" for step in anchors]),
        path=path_picture.of_finding(finding.extra, names),
        curves=_curves(finding, labels),
        curves_note=_curves_note(finding, labels),
        pictures=(
            *number_pictures(figures, finding, names),
            *pictures(finding.extra),
            *(() if finding.kind == "change_effect" else by_week(weeks)),
        ),
        nights=_nights(finding, history),
        nights_note=formats.plural(
            len(history), "{n} night so far; a line needs three.", "{n} nights so far; a line needs three."
        )
        if len(history) < 3
        else "",
    )


def _curves(finding: FindingFigure, labels: Mapping[str, str]) -> Markup:
    """The picture of a failure point; '' for other findings."""
    if not finding.extra.get("survival"):
        return Markup("")
    return survival.curves(finding.extra["survival"], *_compared(finding, labels))


def _curves_note(finding: FindingFigure, labels: Mapping[str, str]) -> str:
    return survival.legend(*_compared(finding, labels)) if finding.extra.get("survival") else ""


def _compared(finding: FindingFigure, labels: Mapping[str, str]) -> tuple[str, str]:
    """The labels of the finding's step and of the step that it is held against."""
    names = (str(finding.where.get("step")), str(finding.extra.get("reference")))
    return labels.get(names[0], names[0]), labels.get(names[1], names[1])


def _of_what(steps: list[str]) -> str:
    """Of which journeys the shares are."""
    if not steps:
        return say("Share of the closed journeys.")
    return say("Share of the closed journeys that reach {steps} or show it.", steps=any_of(steps))


def anchors_of(finding: FindingFigure, known: frozenset[str]) -> list[str]:
    """The steps that give a journey the chance to show it: the step before, else those of its place; [] = any."""
    before = finding.where.get("prev")
    if isinstance(before, str) and before in known:
        return [before]
    skipped = finding.where.get("step") if finding.kind == "deviation.skipped" else None
    return [step for step in place_of(finding.kind, finding.place, known).steps if step != skipped]


def _drivers(
    figures: Figures, finding: FindingFigure, anchors: list[str]
) -> tuple[tuple[Driver, ...], str, tuple[WeekShare, ...]]:
    sql = str(finding.evidence.get("sql") or "").strip().rstrip(";")
    window = finding.window
    if not sql or not window.get("from"):
        return (), "", ()
    is_recorded = finding.kind.startswith(_RECORDED) and figures.store.has_table("unrecorded_journey")
    rows = figures.store.rows(
        _READ.format(hits=sql, counts=_COUNTS, recorded=_UNRECORDED if is_recorded else ""),
        {
            "first": dt.date.fromisoformat(window["from"]),
            "last": dt.date.fromisoformat(window["to"]),
            "anchors": anchors,
        },
    )
    if not rows or rows[0][4] < 2 * figures.k or rows[0][5] < figures.k:
        return (), "", ()
    n_all, hits_all = rows[0][2], rows[0][3]
    most = {_BEGAN: MOST_CHANNELS, _CUSTOMER: 2, _WEEK: MOST_WEEKS, _PRODUCT: MOST_PRODUCTS}
    told: list[tuple[int, str, int, int]] = []
    for no, limit in most.items():
        told += _of_kind([row for row in rows if row[0] == no], figures.k)[:limit]
    n_left = len(rows) - 1 - len(told)
    bounds = [wilson(hits, n) for _, _, n, hits in told]
    axis = Axis.over([edge for pair in bounds for edge in pair], factor=100)
    drivers = tuple(
        _driver(_group(no, name), n, hits, pair, axis, hits_all / n_all)
        for (no, name, n, hits), pair in zip(told, bounds, strict=True)
    )
    note = say(
        "All of them together: {share}, {n} of {of_n}.",
        share=formats.ratio(hits_all, n_all),
        n=formats.count(hits_all),
        of_n=formats.count(n_all),
    )
    if n_left:
        left_out = formats.plural(
            n_left,
            "Not listed: {n} further group of fewer than {journeys} journeys, with fewer than {k} customers who show "
            "it, or below the first {most} of a kind.",
            "Not listed: {n} further groups of fewer than {journeys} journeys, with fewer than {k} customers who show "
            "it, or below the first {most} of a kind.",
            journeys=LEAST_JOURNEYS,
            k=figures.k,
            most=MOST_PRODUCTS,
        )
        note = f"{note} {left_out}"
    by_week = _of_kind([row for row in rows if row[0] == _WEEK], figures.k)
    weeks = tuple(WeekShare(dt.date.fromisoformat(name), hits, n) for _, name, n, hits in reversed(by_week))
    return drivers, note, weeks


def _of_kind(rows: list[tuple[Any, ...]], k: int) -> list[tuple[int, str, int, int]]:
    """(kind, name, journeys, hits) of the groups that may be told.

    The groups of a kind add up to all, so that a single one that is left out could be worked out: then the smallest
    other one is left out with it.
    """
    small = [row for row in rows if 0 < row[5] < k or row[4] < 2 * k]
    told = [row for row in rows if row not in small]
    if len(small) == 1 and told and rows[0][0] != _PRODUCT:
        told.remove(min(told, key=lambda row: (row[3], row[2])))
    return [row[:4] for row in told if row[2] >= LEAST_JOURNEYS]


def _group(no: int, name: str) -> str:
    """A group in words, by its kind."""
    if no == _BEGAN:
        return say("Began by: {channel}", channel=channel_word(name))
    if no == _CUSTOMER:
        return say("Customer: first journey in the data") if name == "first" else say("Customer: was here before")
    if no == _WEEK:
        return say("Week of {day}", day=formats.date_short(dt.date.fromisoformat(name)))
    return say("Product: {product}", product=name)


def _driver(group: str, n: int, hits: int, pair: tuple[float, float], axis: Axis, overall: float) -> Driver:
    low, high = pair
    tone = "cost" if low > overall else "save" if high < overall else "neutral"
    between = formats.interval(formats.share(low), formats.share(high))
    cells = (group, formats.count(n), formats.count(hits), f"{formats.ratio(hits, n)} ({between})")
    return Driver(cells, interval_dot(hits / n, low, high, axis, tone, overall))


def _nights(finding: FindingFigure, history: list[tuple[dt.date, float, float | None, float | None]]) -> Markup:
    unit = str(finding.effect.get("unit") or "")
    divisor = 0.01 if is_share(unit) else 1.0
    points = [Point(*row) for row in history]
    effect = say(str(finding.effect.get("name") or ""))
    title = formats.plural(len(points), "{name} over {n} night", "{name} over {n} nights", name=effect)
    return line_band(points, title, tick_text, unit=divisor)
