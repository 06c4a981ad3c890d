"""The variants page: the ways customers go, with how many go them, how long it takes and how often they call."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from reports import formats
from reports.figures import Figures
from reports.figures_ways import MOST
from reports.records import Way, WaySummary
from reports.view import Report
from reports.view_journeys import StepNames, Strip, way_strip

SHOWN = 100
CSV_BYTES = 300_000
_HEAD = ("of", "place", "way", "journeys", "share", "customers", "median_seconds", "calls_per_100")
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
        lede="A way is the sequence of steps of a journey, page views left out. Journeys that go exactly the same way "
        "stand in one row."
        if first
        else "A way is told when enough customers went it; this site has none yet.",
        groups=groups,
        csv_name="variants.csv" if first else "",
        csv=_csv(summaries, report.names, calls_are_told) if first else b"",
    )


def beside(view: VariantsView) -> dict[str, bytes]:
    """The table as CSV."""
    return {view.csv_name: view.csv} if view.csv_name else {}


def _what(summary: WaySummary) -> str:
    return "journeys with an order" if summary.of_orders else "journeys without an order"


def _headline(summary: WaySummary | None) -> str:
    if summary is None:
        return "No way through the process can be told yet"
    covered = 0
    for n, way in enumerate(summary.top, 1):
        covered += way.n_journeys
        if 2 * covered >= summary.n_journeys:
            return f"Half of all {_what(summary)} go one of {formats.plural(n, 'way')}"
    return (
        f"The {formats.plural(len(summary.top), 'way')} that can be told cover "
        f"{formats.ratio(covered, summary.n_journeys)} of the {_what(summary)}"
    )


def _group(summary: WaySummary, names: StepNames, k: int, calls_are_told: bool) -> WayGroup:
    rows = tuple(
        WayLine(way_strip(way.steps, names), _cells(way, summary.n_journeys, calls_are_told))
        for way in summary.top[:SHOWN]
    )
    name = "orders" if summary.of_orders else "others"
    return WayGroup(name, _what(summary).capitalize(), _note(summary, len(rows), k), rows)


def _cells(way: Way, n_all: int, calls_are_told: bool) -> tuple[tuple[str, str, int], ...]:
    share = way.n_journeys / n_all
    calls = 100 * way.n_calls / way.n_journeys
    cells = [
        ("Share", formats.share(share), round(1e6 * share)),
        ("Journeys", formats.count(way.n_journeys), way.n_journeys),
        ("Customers", formats.count(way.n_customers), way.n_customers),
        ("Median time", formats.duration(way.median_ms), way.median_ms or 0),
    ]
    if calls_are_told:
        cells.append(("Calls per 100", formats.number(calls, 0), round(100 * calls)))
    return tuple(cells)


def _note(summary: WaySummary, n_shown: int, k: int) -> str:
    shown = sum(way.n_journeys for way in summary.top[:n_shown])
    parts = [
        f"{formats.plural(n_shown, 'way')} of {formats.count(summary.n_ways)} "
        f"{'is' if n_shown == 1 else 'are'} listed; {formats.ratio(shown, summary.n_journeys)} of "
        f"{formats.count(summary.n_journeys)} {_what(summary)} go them."
    ]
    if summary.n_small_ways:
        parts.append(
            f"{formats.plural(summary.n_small_ways, 'way')} gone by fewer than {k} customers each "
            f"{'is' if summary.n_small_ways == 1 else 'are'} counted and not told."
        )
    if summary.n_browsing >= k:
        parts.append(f"{formats.count(summary.n_browsing)} of these journeys hold nothing but page views.")
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
            line = _line((_what(summary), place, steps, way.n_journeys, share, way.n_customers, seconds, calls))
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
