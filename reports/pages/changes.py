"""The page of changes: what each declared change did to customers, week by week, against contacts it left as they were.

Numbers are those of the findings (mining/analyses/change_effects.py) and of `change_week`; also what is not confirmed
is told here, with the reason, since a change that was declared asks for an answer.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from mining.changes.metrics import METRICS, Metric
from reports import formats
from reports.change_picture import WeekPoint, change_lines
from reports.figures import Figures
from reports.plots import tick_text
from reports.view import Report

MOST_CHANGES = 8
MOST_CHARTS = 4
MOST_WEEKS = 60
_FINDINGS = """select finding_id, no_label, status, grade, title, text_evidence, text_caution, effect_json, ci_json,
    extra_json
from finding where kind = 'change_effect' order by rank_no, no_label"""
_WEEKS = """select metric, monday, is_after, max(value) filter (not is_control) as value,
    max(value) filter (is_control) as control, max(n_contacts) filter (not is_control) as n
from change_week where change_id = $change group by metric, monday, is_after order by metric, monday"""
_DESIGNS = {
    "did": mark("held against contacts that it left as they were"),
    "its": mark("no unaffected group: before and after only"),
    "staggered": mark("in waves, each held against those who still waited"),
    "rct": mark("by lot, held against customers who did not get it"),
}
_STANDING = {
    "confirmed": mark("confirmed"),
    "candidate": mark("a candidate"),
    "below_tolerance": mark("no change is shown"),
    "not_enough_data": mark("not enough data"),
    "cannot_tell": mark("can't be told"),
    "withdrawn": mark("withdrawn"),
}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric of a change: its cells, what can be said, and the finding's page if it has one."""

    name: str
    cells: tuple[str, ...]
    standing: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A metric over weeks."""

    title: str
    sub: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change. `weeks`: heads and rows of the table of its numbers by week."""

    id: str
    title: str
    sub: str
    answer: str
    rows: tuple[MetricRow, ...]
    charts: tuple[Chart, ...]
    week_heads: tuple[str, ...]
    weeks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What the page shows. `coming`: (change, day) of those that have not begun, or are beyond the bound."""

    headline: str
    lede: str
    changes: tuple[ChangeView, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()


def build(figures: Figures, report: Report) -> ChangesView:
    """Read and word."""
    store = figures.store
    declared = (
        store.records("select * from declared_change order by day desc, change_id")
        if store.has_table("declared_change")
        else []
    )
    told: dict[str, list[dict[str, Any]]] = {}
    for row in store.records(_FINDINGS):
        finding = {
            key.removesuffix("_json"): json.loads(value) if key.endswith("_json") else value
            for key, value in row.items()
        }
        told.setdefault(finding["extra"]["change"], []).append(finding)
    hrefs = {finding.label: finding.href for finding in report.findings}
    shown = [row for row in declared if row["change_id"] in told][:MOST_CHANGES]
    names = {row["change_id"] for row in shown}
    return ChangesView(
        headline=_headline(declared, [one for row in shown for one in told[row["change_id"]]]),
        lede=_lede(declared),
        changes=tuple(_change(figures, row, told[row["change_id"]], hrefs, n) for n, row in enumerate(shown, 1)),
        others=tuple(
            (row["label"], formats.date_long(row["day"]), _why_not_shown(row, figures.as_of))
            for row in declared if row["change_id"] not in names
        ),
    )  # fmt: skip


def _headline(declared: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> str:
    if not declared:
        return say("No change is declared")
    for status in ("confirmed", "candidate"):
        for one in told:
            if one["status"] == status:
                return str(one["title"])
    if any(one["status"] == "below_tolerance" for one in told):
        return say("No declared change shows an effect on customers, as far as can be told")
    return say("No declared change can be judged yet")


def _lede(declared: Sequence[Mapping[str, Any]]) -> str:
    if not declared:
        return say(
            "What is changed for customers, and when, is declared in process/changes.toml: whom it touches, and who is "
            "left as they were. Then its effect on customers is told here."
        )
    return say(
        "Full weeks before and after each change, as the customers lived them: menus, transfers, waits, calls given "
        "up, further contacts, minutes. Where a group is left as it was, what both have in common is taken off."
    )


def _why_not_shown(row: Mapping[str, Any], night: dt.date) -> str:
    if row["day"] > night:
        return say("not begun yet")
    return say("no contact of its groups is known, or of too few customers to be told")


def _change(
    figures: Figures,
    row: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    hrefs: Mapping[str, str],
    number: int,
) -> ChangeView:
    order = list(METRICS)
    own = sorted(findings, key=lambda one: order.index(one["extra"]["metric"]))
    series = _series(figures, row["change_id"])
    drawn = sorted(own, key=_interest)[:MOST_CHARTS]
    day = formats.date_long(row["day"])
    about = say(_DESIGNS[row["design"]])
    sub = say("{day}; {design}. Affected: {affected}.", day=day, design=about, affected=row["affected"])
    if row["control"]:
        sub = f"{sub} {say('Left as it was: {control}.', control=row['control'])}"
    return ChangeView(
        f"change-{number}",
        row["label"],
        sub,
        _answer(own),
        tuple(_row(one, hrefs) for one in own),
        tuple(chart for one in drawn if (chart := _chart(one, series.get(one["extra"]["metric"], []), row["day"])).svg),
        (say("Week of"), *(say(METRICS[one["extra"]["metric"]].label) for one in drawn)),
        _week_rows(drawn, series),
    )  # fmt: skip


def _interest(one: Mapping[str, Any]) -> tuple[int, int, int]:
    """First what is confirmed, then what was expected to move, then the order of metrics."""
    status = ("confirmed", "candidate", "below_tolerance", "cannot_tell", "not_enough_data", "withdrawn")
    extra = one["extra"]
    return status.index(one["status"]), extra["expected"] is None, list(METRICS).index(extra["metric"])


def _answer(findings: Sequence[Mapping[str, Any]]) -> str:
    """For customers: how many figures got better, how many worse, of those that are confirmed."""
    sure = [one for one in findings if one["status"] == "confirmed"]
    if not sure:
        return ""
    better = sum((one["effect"]["value"] < 0) == (one["extra"]["better"] == "down") for one in sure)
    if better == len(sure):
        return say("All that is confirmed is better for customers.")
    if better == 0:
        return say("All that is confirmed is worse for customers.")
    return say(
        "Of what is confirmed, {n} of {of_n} figures are better for customers, the others worse.",
        n=better,
        of_n=len(sure),
    )


def _row(one: Mapping[str, Any], hrefs: Mapping[str, str]) -> MetricRow:
    extra = one["extra"]
    metric = METRICS[extra["metric"]]
    before, after, c_before, c_after = (
        _level(extra[name], metric) for name in ("before", "after", "control_before", "control_after")
    )
    placebo = extra["placebo_ci"]
    return MetricRow(
        say(metric.label),
        (
            _went(before, after),
            _went(c_before, c_after) if extra["has_control"] else formats.NONE,
            _effect(one),
            formats.NONE if not placebo else formats.interval(*(formats.signed(100 * part, 1) for part in placebo)),
            formats.NONE if extra["mde"] is None else formats.share(extra["mde"], 0),
        ),
        say(_STANDING[one["status"]]),
        str(one["text_caution"]) if one["status"] in ("cannot_tell", "not_enough_data") else "",
        hrefs.get(one["no_label"], ""),
    )


def _level(value: float | None, metric: Metric) -> str:
    if value is None:
        return formats.NONE
    return formats.share(value) if metric.is_share else formats.number(value, 2)


def _went(before: str, after: str) -> str:
    return say("{before} to {after}", before=before, after=after)


def _effect(one: Mapping[str, Any]) -> str:
    value, ci = one["effect"]["value"], one["ci"]
    if value is None or "low" not in ci:
        return formats.NONE
    between = formats.interval(formats.signed(100 * ci["low"], 1), formats.signed(100 * ci["high"], 1))
    return f"{formats.signed(100 * value, 1)}{formats.THIN}% ({between})"


def _series(figures: Figures, change: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in figures.store.records(_WEEKS, {"change": change}):
        found.setdefault(row["metric"], []).append(row)
    return {metric: rows[-MOST_WEEKS:] for metric, rows in found.items()}


def _chart(one: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], day: dt.date) -> Chart:
    extra = one["extra"]
    metric = METRICS[extra["metric"]]
    factor = 100.0 if metric.is_share else 1.0
    weeks = [
        WeekPoint(row["monday"], _scaled(row["value"], factor), _scaled(row["control"], factor), row["is_after"])
        for row in rows
    ]
    without = None
    if "low" in one["ci"] and extra["after"]:
        ends = sorted(factor * extra["after"] / (1 + part) for part in (one["ci"]["low"], one["ci"]["high"]))
        without = (ends[0], ends[1])
    label = say(metric.label)
    title = say("{measure}, {unit}", measure=label, unit=say("per cent")) if metric.is_share else label
    if extra["has_control"]:
        sub = say("Line: with the change. Dashed: left as it was. Band: where it would have been without the change.")
    else:
        sub = say(
            "Line: by week. Band: where it would have been without the change, if nothing else came at that time."
        )
    return Chart(title, sub, change_lines(weeks, day, without, f"{title}. {sub}", tick_text))


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _week_rows(
    drawn: Sequence[Mapping[str, Any]], series: Mapping[str, list[dict[str, Any]]]
) -> tuple[tuple[str, ...], ...]:
    """One row per week: the affected group's value, with the control's behind it."""
    cells: dict[dt.date, dict[str, str]] = {}
    for one in drawn:
        metric = METRICS[one["extra"]["metric"]]
        for row in series.get(metric.name, []):
            parts = [
                _level(value, metric)
                for value in (row["value"], row["control"]) if value is not None
            ]  # fmt: skip
            cells.setdefault(row["monday"], {})[metric.name] = " / ".join(parts)
    return tuple(
        (formats.date_short(monday), *(by_metric.get(one["extra"]["metric"], formats.NONE) for one in drawn))
        for monday, by_metric in sorted(cells.items())
    )
