"""The page of scenarios: today beside what would be, with every assumption, and whether the model may be believed.

Everything is in the findings of kind `whatif` (mining/whatif); nothing is reckoned here but money, at the site's rate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from mining.whatif.comparing import GRID
from mining.whatif.words import ASSUMPTIONS, is_nothing
from reports import formats
from reports.charts import Axis
from reports.figures import Figures
from reports.forecast_gates import GateView, Rows, Told, gates
from reports.plots import interval_dot
from reports.view import Report

POINTS = {
    "today": mark("Today"),
    "neutral": mark("Behaviour as today"),
    "mid": mark("Middle of what is assumed"),
    "best": mark("Kindest to customers"),
    "worst": mark("Least kind"),
}
MEASURES = {
    "min_per_need": (mark("Minutes of a customer's time for a need"), 2, 1.0),
    "own_min_per_need": (mark("of them in contacts that executives begin"), 2, 1.0),
    "wait_p50_s": (mark("Half of the calls wait at most, seconds"), 0, 1.0),
    "wait_p90_s": (mark("Nine of ten calls wait at most, seconds"), 0, 1.0),
    "abandon_share": (mark("Calls given up, %"), 1, 100.0),
    "unresolved_share": (mark("Needs left open, %"), 1, 100.0),
    "contacts_per_need": (mark("Calls for a need"), 2, 1.0),
    "repeats_per_need": (mark("Further calls after an answer, for 100 needs"), 1, 100.0),
    "staffed_hours": (mark("Agents' hours on duty a week"), 0, 1.0),
    "agent_hours": (mark("of them with customers and after calls"), 0, 1.0),
    "occupancy": (mark("Part of agents' time that is work, %"), 0, 100.0),
    "proactive_done_share": (mark("Contacts begun by executives that found time, %"), 0, 100.0),
}
"""Measure -> (its name, decimals, factor)."""
OF_EXECUTIVES = ("own_min_per_need", "proactive_done_share")
"""Shown only where executives begin contacts."""
STATUSES = {
    "candidate": mark("A forecast"),
    "cannot_tell": mark("Can't be told"),
    "not_enough_data": mark("Not enough data"),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """The break-even picture: columns are values of one assumption, rows of the other; cells (text, tone)."""

    across: str
    down: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """One scenario. `differences`: where in what is assumed, minutes a need less today's, and the same on one axis."""

    id: str
    label: str
    status: str
    title: str
    evidence: str
    caution: str
    differences: tuple[tuple[str, str, Markup], ...]
    measures: Rows | None
    assumptions: Rows | None
    grid: Grid | None


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One scenario beside the others. `as_today`, `assumed`: the difference (value, interval) where customers behave as
    today, and at the middle of what is assumed, empty where not told; `dot`: what is told, on one axis."""

    id: str
    label: str
    status: str
    as_today: tuple[str, str]
    assumed: tuple[str, str]
    dot: Markup | str


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """The page."""

    headline: str
    lede: str
    scenarios: tuple[ScenarioView, ...]
    summary: tuple[SummaryRow, ...]
    gates: tuple[GateView, ...]


def build(figures: Figures, _report: Report) -> WhatIfView:
    """Read the findings and word them."""
    found = [
        Told(row[0], row[1], row[2], row[3], json.loads(row[4]), json.loads(row[5]))
        for row in figures.store.rows(
            """select status, title, text_evidence, text_caution, extra_json, window_json from finding
            where kind = 'whatif' order by where_json"""
        )
    ]
    return WhatIfView(
        headline=_headline(found),
        lede=say(
            "Each scenario runs the calls of today again with one thing changed: same needs, same patience, same luck. "
            "Minutes are those of customers, for each need that arises today; a call given up takes its minutes, too."
        ),
        scenarios=tuple(_scenario(one) for one in found),
        summary=_summary(found),
        gates=gates(found),
    )


def _headline(found: Sequence[Told]) -> str:
    if not found:
        return say("No scenario is asked for")
    told = sum(one.status == "candidate" for one in found)
    if told:
        return formats.plural(
            told, "{n} scenario can be told, with its assumptions", "{n} scenarios can be told, with their assumptions"
        )
    if all(one.status == "not_enough_data" for one in found):
        return say("There are too few calls, or too few weeks since a change, to reckon a scenario through")
    return say("No scenario can be told from today's data")


def _summary(found: Sequence[Told]) -> tuple[SummaryRow, ...]:
    """All scenarios beside each other, each at two points: what rests on what is assumed alone must be seen as such."""
    told = [_told(one) for one in found]
    axis = Axis.over([one[end] for one in told if one for end in ("low", "high")])
    return tuple(_summary_row(one, of_one, axis) for one, of_one in zip(found, told, strict=True))


def _summary_row(finding: Told, told: Mapping[str, float] | None, axis: Axis) -> SummaryRow:
    scenario, status = finding.extra["scenario"], say(STATUSES.get(finding.status, finding.status))
    points: dict[str, tuple[str, str]] = {}
    if told is not None:
        comparison = finding.extra["forecast"]["comparison"]
        differences = comparison["differences"]
        points = {
            name: _in_words(differences[name]["min_per_need"]) for name in _shown(comparison) if name in differences
        }
    return SummaryRow(
        id=f"scenario-{scenario['scenario']}",
        label=str(scenario["label"]),
        status=status,
        as_today=points.get("neutral", ("", "")),
        assumed=points.get("mid", ("", "")),
        dot=_dot(told, axis) if told is not None else "",
    )


def _told(finding: Told) -> Mapping[str, float] | None:
    """The difference that is told; none of a scenario that can't be."""
    forecast = finding.extra.get("forecast")
    return forecast["told"] if forecast and finding.status == "candidate" else None


def _in_words(one: Mapping[str, float]) -> tuple[str, str]:
    """(a difference, its interval)."""
    return _signed(one["value"]), formats.interval(_signed(one["low"]), _signed(one["high"]))


def _dot(one: Mapping[str, float], axis: Axis) -> Markup:
    tone = "cost" if one["low"] > 0 else "save" if one["high"] < 0 else "neutral"
    return interval_dot(one["value"], one["low"], one["high"], axis, tone, 0.0)


def _dotted(one: Mapping[str, float], axis: Axis) -> tuple[str, Markup]:
    """A difference with its interval, in words and on the axis."""
    value, between = _in_words(one)
    return f"{value} ({between})", _dot(one, axis)


def _scenario(finding: Told) -> ScenarioView:
    extra = finding.extra
    comparison = (extra.get("forecast") or {}).get("comparison")
    scenario = extra["scenario"]
    return ScenarioView(
        id=f"scenario-{scenario['scenario']}",
        label=str(scenario["label"]),
        status=say(STATUSES.get(finding.status, finding.status)),
        title=finding.title,
        evidence=finding.evidence,
        caution=finding.caution,
        differences=_differences(comparison) if comparison else (),
        measures=_measures(comparison, extra) if comparison else None,
        assumptions=_assumptions(extra["assumptions"]),
        grid=_grid(next(iter(_kinds(scenario)), ""), comparison["grid"]) if comparison else None,
    )


def _kinds(scenario: Mapping[str, Any]) -> list[str]:
    return [name for name in GRID if scenario["change"].get(name)]


def _measures(comparison: Mapping[str, Any], extra: Mapping[str, Any]) -> Rows:
    points = [name for name in _shown(comparison) if name in comparison["measures"]]
    means = comparison["measures"]
    rows = []
    for name, (label, digits, factor) in MEASURES.items():
        if name in OF_EXECUTIVES and not any(means[point]["own_min_per_need"] for point in points):
            continue
        cells = [formats.number(factor * means[point][name], digits) for point in points]
        if name in OF_EXECUTIVES:
            cells[0] = formats.NONE
        rows.append((say(label), *cells))
    if comparison["orders"]["today"] or extra["scenario"]["change"].get("line") is None:
        # the callers of a line may be known to order nothing
        rows.append((say("Orders a week"), *(formats.number(comparison["orders"][point], 0) for point in points)))
    if extra.get("agent_hour"):
        money = [formats.number(means[point]["staffed_hours"] * extra["agent_hour"], 0) for point in points]
        rows.append((say("Cost of agents' hours a week, {currency}", currency=extra["currency"]), *money))
    return Rows((say("Measure"), *(say(POINTS[point]) for point in points)), tuple(rows))


def _differences(comparison: Mapping[str, Any]) -> tuple[tuple[str, str, Markup], ...]:
    """The difference in minutes a need at each point of what is assumed."""
    told = {name: one["min_per_need"] for name, one in comparison["differences"].items()}
    axis = Axis.over([one[end] for one in told.values() for end in ("low", "high")])
    return tuple((say(POINTS[name]), *_dotted(told[name], axis)) for name in _shown(comparison) if name in told)


def _shown(comparison: Mapping[str, Any]) -> list[str]:
    """The points of what is assumed that say something."""
    return [name for name in POINTS if name != "neutral" or not is_nothing(comparison)]


def _signed(value: float) -> str:
    return formats.signed(value, 2)


def _assumptions(told: Sequence[Mapping[str, Any]]) -> Rows | None:
    if not told:
        return None
    heads = (say("What is assumed"), say("Low"), say("Middle"), say("High"), say("Who stands for it"))
    rows = []
    for one in told:
        source = str(one["source"])
        rows.append(
            (
                say(ASSUMPTIONS[one["name"]]),
                *(formats.number(one[part], 2) for part in ("low", "mid", "high")),
                say("nobody") if source.strip().lower() == "none" else source,
            )
        )
    return Rows(heads, tuple(rows))


def _grid(kind: str, cells: Sequence[Sequence[float]]) -> Grid | None:
    if not kind or not cells:
        return None
    first, _, second = GRID[kind]
    xs, ys = sorted({cell[0] for cell in cells}), sorted({cell[1] for cell in cells})
    at = {(cell[0], cell[1]): cell[2] for cell in cells}
    rows = []
    for y in ys:
        told = [at.get((x, y)) for x in xs]
        rows.append(
            (
                formats.number(y, 2),
                tuple(("", "") if d is None else (_signed(d), _tone(d)) for d in told),
            )
        )
    return Grid(say(ASSUMPTIONS[first]), say(ASSUMPTIONS[second]), tuple(formats.number(x, 2) for x in xs), tuple(rows))


def _tone(difference: float) -> str:
    """What is nothing to two decimals is neither gain nor loss."""
    return "" if abs(difference) < 0.005 else "save" if difference < 0 else "cost"
