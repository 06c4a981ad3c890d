"""The trends page: key figures by week of the data with their intervals, as each night told them, findings over nights.

Weeks come from tonight's data, so that there is something to see on the first night; the last weeks are left out while
too many of their journeys still go on. Nights come from `night_figure`, which mining writes down each night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ingest.language import mark, say
from mining.night_figures import Z95
from reports import formats
from reports.charts import spark
from reports.figures import Figures
from reports.pages.news import MEASURES, figure_text
from reports.plots import Point, line_band, tick_text
from reports.view import Report
from reports.view_facts import bounds, quantity

MOST_NIGHTS = 90
MOST_WEEKS = 104
MOST_FINDINGS = 30
DECIDED_SHARE = 0.9
"""A week is shown when this share of its journeys has ended: what still goes on has not called yet."""

_WEEKS = """with measured as (
    select date_trunc('week', journey.started_at)::date as week, journey.customer_id, journey.is_complete,
        metrics.n_calls, metrics.duration_ms
    from journey inner join journey_metrics as metrics using (journey_id)
    where journey.anchor = 'order' or not $of_orders),
customer as (
    select week, customer_id, count(*)::hugeint as x, sum(n_calls)::hugeint as y
    from measured group by week, customer_id),
calls as (
    select week, count(*) as clusters, sum(x) as x, sum(y) as y, sum(y * y) as yy, sum(x * y) as xy, sum(x * x) as xx
    from customer group by week),
times as (
    select week, count(*) filter (is_complete) as n_closed,
        quantile_disc(duration_ms, [0.5]) filter (is_complete) as ms,
        list(duration_ms order by duration_ms) filter (is_complete) as all_ms
    from measured group by week),
limits as (select min(started_at) as first_at, max(started_at) as last_at from journey)
select week, clusters, x, y, yy, xy, xx, n_closed, ms[1] as median_ms,
    all_ms[greatest(1, floor(n_closed / 2 - $z * sqrt(n_closed) / 2))::bigint] as low_ms,
    all_ms[least(n_closed, ceil(n_closed / 2 + $z * sqrt(n_closed) / 2) + 1)::bigint] as high_ms
from calls inner join times using (week), limits
where week >= first_at and week + interval 7 day <= last_at and clusters >= $k
order by week desc limit $most"""

_NIGHTS = """select measure, night, value, low, high, n from night_figure
where night <= $night and night > $night - $most::integer order by measure, night"""

_FINDINGS = """select f.no_label, f.title, f.effect_json->>'unit' as unit,
    list(row(h.night, h.value, h.low, h.high) order by h.night) as history
from finding as f inner join finding_history as h using (finding_id)
where f.status in ('candidate', 'confirmed') and h.value is not null
    and h.night <= $night and h.night > $night - $most::integer
group by f.no_label, f.title, unit, f.rank_no order by f.rank_no limit $findings"""

_CHANGES = """select day, label from (select unnest(waves) as day, label from declared_change)
where day between $first and $last order by day desc, label limit 6"""

_DECISIONS = "select decided_for from decision_date where decided_for <= $night order by decided_for"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its heading."""

    title: str
    sub: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class TrendsView:
    """What the page shows. `changes`: what the numbered marks over the weeks are."""

    headline: str
    lede: str
    weeks: tuple[Chart, ...]
    changes: tuple[str, ...]
    week_rows: tuple[tuple[str, ...], ...]
    nights: tuple[Chart, ...]
    nights_note: str
    findings: tuple[tuple[tuple[str, ...], str, Markup], ...]


def build(figures: Figures, _report: Report) -> TrendsView:
    """Read the weeks and the nights."""
    weeks = _weeks(figures)
    nights = _nights(figures)
    n_nights = max((len(points) for points in nights.values()), default=0)
    changes = _changes(figures, weeks)
    charts = _week_charts(figures, weeks, [(day, f"{no}") for no, (day, _) in enumerate(changes, 1)])
    return TrendsView(
        headline=_headline(weeks, figures),
        lede=say("By week in which a journey began, with 95 % intervals. A line is drawn for three weeks or more.")
        if weeks
        else say("A week is told when nine of ten of its journeys have ended; this site has none yet."),
        weeks=charts,
        changes=tuple(
            say("{n}: {change}, {day}", n=no, change=label, day=formats.date_long(day))
            for no, (day, label) in enumerate(changes, 1)
        ),
        week_rows=tuple(_week_row(week) for week in weeks[-26:]),
        nights=_night_charts(figures, nights),
        nights_note=_nights_note(n_nights),
        findings=_findings(figures),
    )


@dataclass(frozen=True, slots=True)
class Week:
    """One week of journeys: how many, calls per 100 with interval, median ms with interval."""

    monday: dt.date
    n: int
    calls: Point
    duration: Point


def _weeks(figures: Figures) -> list[Week]:
    rows = figures.store.records(
        _WEEKS, {"of_orders": figures.has_orders, "k": figures.k, "most": MOST_WEEKS, "z": Z95}
    )
    weeks = []
    for row in reversed(rows):
        monday, c, x, y = row["week"], int(row["clusters"]), int(row["x"]), int(row["y"])
        if row["n_closed"] < DECIDED_SHARE * x:
            continue
        r = y / x
        spread = max(0.0, int(row["yy"]) - 2 * r * int(row["xy"]) + r * r * int(row["xx"])) * c / max(c - 1, 1)
        half = Z95 * spread**0.5 / x
        calls = Point(monday, 100 * r, 100 * max(0.0, r - half), 100 * (r + half))
        weeks.append(Week(monday, x, calls, Point(monday, row["median_ms"], row["low_ms"], row["high_ms"])))
    return weeks


def _marks(figures: Figures) -> list[tuple[dt.date, str]]:
    rows = figures.store.rows(_DECISIONS, {"night": figures.as_of + dt.timedelta(days=1)})
    return [(day, say("decision")) for (day,) in rows[-6:]]


def _changes(figures: Figures, weeks: Sequence[Week]) -> list[tuple[dt.date, str]]:
    """(day, label) of the declared changes that the weeks see, oldest first."""
    if not weeks or not figures.store.has_table("declared_change"):
        return []
    rows = figures.store.rows(_CHANGES, {"first": weeks[0].monday, "last": weeks[-1].monday})
    return [(day, label) for day, label in reversed(rows)]


def _week_charts(figures: Figures, weeks: Sequence[Week], marks: Sequence[tuple[dt.date, str]]) -> tuple[Chart, ...]:
    of_orders = figures.has_orders
    unit, divisor = _time_unit([week.duration.value for week in weeks])
    charts = []
    if figures.calls_per_100()[0] is not None:
        charts.append(
            _chart(
                say("Calls per 100 journeys"),
                say("Journeys with an order, by week of their start")
                if of_orders
                else say("Journeys of any kind, by week of their start"),
                [w.calls for w in weeks],
                tick_text,
                marks=marks,
            )
        )
    charts.append(
        _chart(
            say("{measure}, {unit}", measure=say("Median time from first to last contact"), unit=unit),
            say("Closed journeys with an order, by week of their start")
            if of_orders
            else say("Closed journeys of any kind, by week of their start"),
            [w.duration for w in weeks],
            tick_text,
            divisor,
            marks,
        )
    )
    return tuple(chart for chart in charts if chart.svg)


def _chart(
    title: str, sub: str, points: Sequence[Point], show: Callable[[float], str], divisor: float = 1.0,
    marks: Sequence[tuple[dt.date, str]] = (),
) -> Chart:  # fmt: skip
    return Chart(title, sub, line_band(points, f"{title}. {sub}", show, marks, divisor))


def _time_unit(values: Sequence[float]) -> tuple[str, float]:
    """The unit of an axis of durations, in words, and its ms."""
    largest = max(values, default=0.0)
    for name, ms in ((say("days"), 86_400_000), (say("hours"), 3_600_000), (say("minutes"), 60_000)):
        if largest >= 1.5 * ms:
            return name, float(ms)
    return say("seconds"), 1_000.0


_OF_CALLS = (
    mark("Calls per 100 journeys rose from {first} to {last} since the week of {day}"),
    mark("Calls per 100 journeys fell from {first} to {last} since the week of {day}"),
    mark("Calls per 100 journeys stayed where they were, as far as can be told"),
)
_OF_TIME = (
    mark("The median time of a journey rose from {first} to {last} since the week of {day}"),
    mark("The median time of a journey fell from {first} to {last} since the week of {day}"),
    mark("The median time of a journey stayed where it was"),
)


def _headline(weeks: Sequence[Week], figures: Figures) -> str:
    """What the last week says against the first, by their intervals."""
    if len(weeks) < 3:
        return say("There are too few closed weeks to see a trend")
    told = figures.calls_per_100()[0] is not None
    first, last = (weeks[0].calls, weeks[-1].calls) if told else (weeks[0].duration, weeks[-1].duration)
    rose, fell, stayed = _OF_CALLS if told else _OF_TIME
    show = formats.number if told else formats.duration
    ends = {"first": show(first.value), "last": show(last.value), "day": formats.date_long(first.day)}
    if first.high is not None and last.low is not None and first.high < last.low:
        return say(rose, **ends)
    if first.low is not None and last.high is not None and last.high < first.low:
        return say(fell, **ends)
    return say(stayed)


def _week_row(week: Week) -> tuple[str, ...]:
    time = week.duration
    return (
        formats.date_short(week.monday),
        formats.count(week.n),
        f"{formats.number(week.calls.value)} ({bounds(week.calls.low or 0.0, week.calls.high or 0.0)})",
        f"{formats.duration(time.value)} ({formats.interval(formats.duration(time.low), formats.duration(time.high))})",
    )


def _nights(figures: Figures) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    rows = figures.store.rows(_NIGHTS, {"night": figures.as_of, "most": MOST_NIGHTS})
    for measure, night, value, low, high, n in rows:
        if n >= figures.k:
            found.setdefault(measure, []).append(Point(night, value, low, high))
    return {measure: found[measure] for measure in MEASURES if any(point.value for point in found.get(measure, ()))}


def _night_charts(figures: Figures, nights: dict[str, list[Point]]) -> tuple[Chart, ...]:
    marks = _marks(figures)
    charts = []
    for measure, points in nights.items():
        title, divisor = say(MEASURES[measure]), 1.0
        if measure.endswith("_ms"):
            unit, divisor = _time_unit([point.value for point in points])
            title = say("{measure}, {unit}", measure=title, unit=unit)
        elif measure == "calls_per_100":
            title = say("Calls per 100 orders") if figures.has_orders else say("Calls per 100 journeys")
        elif measure == "undeclared":
            title, divisor = say("{measure}, {unit}", measure=title, unit=say("per cent")), 0.01
        last = say("Last night: {figure}", figure=figure_text(measure, points[-1].value))
        charts.append(_chart(title, last, points, tick_text, divisor, marks))
    return tuple(chart for chart in charts if chart.svg)


def _nights_note(n_nights: int) -> str:
    if n_nights < 3:
        return formats.plural(
            n_nights,
            "{n} night so far; a line needs three. Each night adds a point.",
            "{n} nights so far; a line needs three. Each night adds a point.",
        )
    return formats.plural(
        n_nights,
        "Each point is what that night told of all data up to it, {n} night in all; dotted: a decision was held. "
        "These lines move slowly; the weeks above show changes first.",
        "Each point is what that night told of all data up to it, {n} nights in all; dotted: a decision was held. "
        "These lines move slowly; the weeks above show changes first.",
    )


def _findings(figures: Figures) -> tuple[tuple[tuple[str, ...], str, Markup], ...]:
    rows = figures.store.rows(_FINDINGS, {"night": figures.as_of, "most": MOST_NIGHTS, "findings": MOST_FINDINGS})
    told = []
    for label, title, unit, history in rows:
        values = [point[1] for point in history]
        cells = (
            f"{label}: {title.rstrip('.')}",
            formats.count(len(values)),
            quantity(values[0], unit or ""),
            quantity(values[-1], unit or ""),
        )
        over = formats.plural(len(values), "{name} over {n} night", "{name} over {n} nights", name=label)
        told.append((cells, f"findings/{label}.html", spark(values, over, 160, 24)))
    return tuple(told)
