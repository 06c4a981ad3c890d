"""The variants page: the ways customers go, with how many go them, how long it takes and how often they call."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.language import say
from reports import formats
from reports.figures import Figures
from reports.figures_ways import MOST
from reports.records import Way, WaySummary
from reports.view import Report
from reports.view_journeys import StepNames, Strip, way_strip

SHOWN = 100
CSV_BYTES = 300_000
_HEAD = ("of", "place", "way", "journeys", "share", "customers", "median_seconds", "calls_per_100")
_CSV_OF = {True: "journeys with an order", False: "journeys without an order"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class WayLine:
    """One way: its strip and (name of the column, text, sort value) of each number."""

    strip: Strip
    cells: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class WayGroup:
    """The ways of journeys with an order, or of those without one."""

    id: str
    title: str
    note: str
    rows: tuple[WayLine, ...]


@dataclass(frozen=True, slots=True)
class VariantsView:
    """What the page shows; `csv_name` is '' when no way may be told."""

    headline: str
    lede: str
    groups: tuple[WayGroup, ...]
    csv_name: str
    csv: bytes


def build(figures: Figures, report: Report) -> VariantsView:
    """Read and word the ways."""
    summaries = [figures.all_ways[key] for key in (True, False) if key in figures.all_ways]
    calls_are_told = figures.calls_per_100()[0] is not None
    groups = tuple(_group(one, report.names, figures.k, calls_are_told) for one in summaries)
    first = next((one for one in summaries if one.top), None)
    return VariantsView(
        headline=_headline(first),
        lede=say(
            "A way is the sequence of steps of a journey, page views left out. Journeys that go exactly the same way "
            "stand in one row."
        )
        if first
        else say("A way is told when enough customers went it; this site has none yet."),
        groups=groups,
        csv_name="variants.csv" if first else "",
        csv=_csv(summaries, report.names, calls_are_told) if first else b"",
    )


def beside(view: VariantsView) -> dict[str, bytes]:
    """The table as CSV."""
    return {view.csv_name: view.csv} if view.csv_name else {}


def _headline(summary: WaySummary | None) -> str:
    if summary is None:
        return say("No way through the process can be told yet")
    covered = 0
    for n, way in enumerate(summary.top, 1):
        covered += way.n_journeys
        if 2 * covered >= summary.n_journeys:
            return _half_go(n, summary.of_orders)
    n, share = len(summary.top), formats.ratio(covered, summary.n_journeys)
    if summary.of_orders:
        return formats.plural(
            n,
            "The {n} way that can be told covers {share} of the journeys with an order",
            "The {n} ways that can be told cover {share} of the journeys with an order",
            share=share,
        )
    return formats.plural(
        n,
        "The {n} way that can be told covers {share} of the journeys without an order",
        "The {n} ways that can be told cover {share} of the journeys without an order",
        share=share,
    )


def _half_go(n: int, of_orders: bool) -> str:
    if of_orders:
        return formats.plural(
            n,
            "Half of all journeys with an order go one of {n} way",
            "Half of all journeys with an order go one of {n} ways",
        )
    return formats.plural(
        n,
        "Half of all journeys without an order go one of {n} way",
        "Half of all journeys without an order go one of {n} ways",
    )


def _group(summary: WaySummary, names: StepNames, k: int, calls_are_told: bool) -> WayGroup:
    rows = tuple(
        WayLine(way_strip(way.steps, names), _cells(way, summary.n_journeys, calls_are_told))
        for way in summary.top[:SHOWN]
    )
    name, title = (
        ("orders", say("Journeys with an order")) if summary.of_orders else ("others", say("Journeys without an order"))
    )
    return WayGroup(name, title, _note(summary, len(rows), k), rows)


def _cells(way: Way, n_all: int, calls_are_told: bool) -> tuple[tuple[str, str, int], ...]:
    share = way.n_journeys / n_all
    calls = 100 * way.n_calls / way.n_journeys
    cells = [
        (say("Share"), formats.share(share), round(1e6 * share)),
        (say("Journeys"), formats.count(way.n_journeys), way.n_journeys),
        (say("Customers"), formats.count(way.n_customers), way.n_customers),
        (say("Median time"), formats.duration(way.median_ms), way.median_ms or 0),
    ]
    if calls_are_told:
        cells.append((say("Calls per 100"), formats.number(calls, 0), round(100 * calls)))
    return tuple(cells)


def _note(summary: WaySummary, n_shown: int, k: int) -> str:
    shown = sum(way.n_journeys for way in summary.top[:n_shown])
    share, n_all = formats.ratio(shown, summary.n_journeys), formats.count(summary.n_journeys)
    parts = [
        formats.plural(
            n_shown,
            "{n} way of {of_n} is listed.",
            "{n} ways of {of_n} are listed.",
            of_n=formats.count(summary.n_ways),
        ),
        say("{share} of {n} journeys with an order go them.", share=share, n=n_all)
        if summary.of_orders
        else say("{share} of {n} journeys without an order go them.", share=share, n=n_all),
    ]
    if summary.n_small_ways:
        parts.append(
            formats.plural(
                summary.n_small_ways,
                "{n} way gone by fewer than {k} customers each is counted and not told.",
                "{n} ways gone by fewer than {k} customers each are counted and not told.",
                k=k,
            )
        )
    if summary.n_browsing >= k:
        parts.append(
            formats.plural(
                summary.n_browsing,
                "{n} of these journeys holds nothing but page views.",
                "{n} of these journeys hold nothing but page views.",
            )
        )
    return " ".join(parts)


def _csv(summaries: list[WaySummary], names: StepNames, calls_are_told: bool) -> bytes:
    """At most MOST rows a group and CSV_BYTES in all. No cell begins as a formula would in a spreadsheet."""
    lines = [_line(_HEAD)]
    size = len(lines[0])
    for summary in summaries:
        for place, way in enumerate(summary.top[:MOST], 1):
            calls = f"{100 * way.n_calls / way.n_journeys:.2f}" if calls_are_told else ""
            steps = " > ".join(names.label.get(step, step) for step in way.steps)
            share = f"{way.n_journeys / summary.n_journeys:.6f}"
            seconds = "" if way.median_ms is None else way.median_ms // 1000
            line = _line(
                (_CSV_OF[summary.of_orders], place, steps, way.n_journeys, share, way.n_customers, seconds, calls)
            )
            size += len(line)
            if size > CSV_BYTES:
                return b"".join(lines)
            lines.append(line)
    return b"".join(lines)


def _line(cells: Iterable[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([safe_cell(str(cell)) for cell in cells])
    return out.getvalue().encode("utf-8")


def safe_cell(cell: str) -> str:
    """A cell that a spreadsheet shows as text: what would begin a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
