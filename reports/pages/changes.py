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
from mining.changes.metrics import METRICS
from mining.context import quoted
from reports import formats
from reports.change_map import ChangeMap, Known, change_map
from reports.change_picture import WeekPoint, change_lines
from reports.change_tables import PromiseRow, Ways, level, promises, undeclared, ways, went
from reports.figures import Figures
from reports.plots import tick_text
from reports.view import Report

MOST_CHANGES = 8
MOST_MAPS = 3
"""Changes with a difference map, so that the page keeps below 300 kB."""
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
_VERDICTS = {
    (True, False): mark("{change}: what is confirmed got better for customers"),
    (False, True): mark("{change}: what is confirmed got worse for customers"),
    (True, True): mark("{change}: some figures got better for customers, others worse"),
}
"""By whether anything that is confirmed got better, and whether anything got worse."""
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
    """One change. `heads`: of the columns of `rows`; `weeks`: heads and rows of the table of its numbers by week."""

    id: str
    title: str
    sub: str
    answer: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[MetricRow, ...]
    ways: Ways | None
    map: ChangeMap | None
    charts: tuple[Chart, ...]
    week_heads: tuple[str, ...]
    weeks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What the page shows. `others`: declared changes that are not judged; `steps`: what nobody declared; `promises`:
    what came of findings that were accepted and acted upon."""

    headline: str
    lede: str
    changes: tuple[ChangeView, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    promises: tuple[PromiseRow, ...] = ()


def build(figures: Figures, report: Report) -> ChangesView:
    """Read and word."""
    store = figures.store
    declared = (
        store.records("select * from declared_change where design <> 'promise' order by day desc, change_id")
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
    known = Known.of(figures, report)
    shown = [row for row in declared if row["change_id"] in told][:MOST_CHANGES]
    names = {row["change_id"] for row in shown}
    return ChangesView(
        headline=_headline(declared, shown, told),
        lede=_lede(declared),
        changes=tuple(
            _change(figures, row, told[row["change_id"]], hrefs, known, n) for n, row in enumerate(shown, 1)
        ),
        others=tuple(
            (row["label"], formats.date_long(row["day"]), _why_not_shown(row, figures.as_of))
            for row in declared if row["change_id"] not in names
        ),
        steps=undeclared(figures),
        promises=promises(figures, hrefs),
    )  # fmt: skip


def _headline(
    declared: Sequence[Mapping[str, Any]],
    shown: Sequence[Mapping[str, Any]],
    findings: Mapping[str, Sequence[Mapping[str, Any]]],
) -> str:
    """For customers: what the last change of which something is confirmed made better and worse."""
    if not declared:
        return say("No change is declared")
    for row in shown:
        sure = [one for one in findings[row["change_id"]] if one["status"] == "confirmed"]
        n_better = sum(_is_better(one) for one in sure)
        if sure:
            return say(_VERDICTS[n_better > 0, n_better < len(sure)], change=quoted(row["label"]))
    told = [one for row in shown for one in findings[row["change_id"]]]
    for one in told:
        if one["status"] == "candidate":
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
    known: Known,
    number: int,
) -> ChangeView:
    order = list(METRICS)
    own = sorted(findings, key=lambda one: order.index(one["extra"]["metric"]))
    series = _series(figures, row["change_id"])
    drawn = sorted(own, key=_interest)[:MOST_CHARTS]
    day = formats.date_long(row["day"])
    about = say(_DESIGNS[row["design"]])
    with_placebo = any(one["extra"]["placebo_ci"] for one in own)
    sub = say("{day}; {design}. Affected: {affected}.", day=day, design=about, affected=row["affected"])
    if row["control"]:
        sub = f"{sub} {say('Left as it was: {control}.', control=row['control'])}"
    told = ways(figures, row["change_id"], row["design"], {touch.step: touch.label for touch in known.touches})
    table = f"ways-change-{number}" if told and told.rows else f"change-{number}-title"
    return ChangeView(
        f"change-{number}",
        row["label"],
        sub,
        _answer(own),
        (
            say("Figure"), say("With the change"), say("Left as it was"), say("Effect (interval)"),
            *((say("Against made-up dates"),) if with_placebo else ()), say("Smallest that would be seen"),
        ),
        tuple(_row(one, hrefs, with_placebo=with_placebo) for one in own),
        told,
        change_map(figures, row, known, table) if number <= MOST_MAPS else None,
        tuple(chart for one in drawn if (chart := _chart(one, series.get(one["extra"]["metric"], []), row["day"])).svg),
        (say("Week of"), *(say(METRICS[one["extra"]["metric"]].label) for one in drawn)),
        _week_rows(drawn, series),
    )  # fmt: skip


def _interest(one: Mapping[str, Any]) -> tuple[int, int, int]:
    """First what is confirmed, then what was expected to move, then the order of metrics."""
    status = ("confirmed", "candidate", "below_tolerance", "cannot_tell", "not_enough_data", "withdrawn")
    extra = one["extra"]
    return status.index(one["status"]), extra["expected"] is None, list(METRICS).index(extra["metric"])


def _is_better(one: Mapping[str, Any]) -> bool:
    return bool((one["effect"]["value"] < 0) == (one["extra"]["better"] == "down"))


def _answer(findings: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """For customers: which figures got better and which worse, of those that are confirmed, the largest first."""
    sure = sorted(
        (one for one in findings if one["status"] == "confirmed"), key=lambda one: -abs(one["effect"]["value"])
    )
    better, worse = ([_short(one) for one in sure if _is_better(one) == side] for side in (True, False))
    said = []
    if better:
        said.append(say("Better for customers: {figures}.", figures="; ".join(better)))
    if worse:
        said.append(say("Worse for customers: {figures}.", figures="; ".join(worse)))
    return tuple(said)


def _short(one: Mapping[str, Any]) -> str:
    metric = METRICS[one["extra"]["metric"]]
    return say("{metric} {effect}", metric=say(metric.label), effect=_effect(one))


def _standing(one: Mapping[str, Any]) -> str:
    standing = say(_STANDING[one["status"]])
    if one["status"] not in ("confirmed", "candidate") or one["effect"]["value"] is None:
        return standing
    better, worse = mark("{standing}: better"), mark("{standing}: worse")
    return say(better if _is_better(one) else worse, standing=standing)


def _placebo(ci: Sequence[float] | None) -> str:
    return formats.interval(*(formats.signed(100 * part, 1) for part in ci)) if ci else formats.NONE


def _row(one: Mapping[str, Any], hrefs: Mapping[str, str], *, with_placebo: bool) -> MetricRow:
    extra = one["extra"]
    metric = METRICS[extra["metric"]]
    before, after, c_before, c_after = (
        level(extra[name], metric) for name in ("before", "after", "control_before", "control_after")
    )
    placebo = extra["placebo_ci"]
    return MetricRow(
        say(metric.label),
        (
            went(before, after),
            went(c_before, c_after) if extra["has_control"] else formats.NONE,
            _effect(one),
            *(() if not with_placebo else (_placebo(placebo),)),
            formats.NONE if extra["mde"] is None else formats.share(extra["mde"], 0),
        ),
        _standing(one),
        str(one["text_caution"]) if one["status"] in ("cannot_tell", "not_enough_data") else "",
        hrefs.get(one["no_label"], ""),
    )


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
                level(value, metric)
                for value in (row["value"], row["control"]) if value is not None
            ]  # fmt: skip
            cells.setdefault(row["monday"], {})[metric.name] = " / ".join(parts)
    return tuple(
        (formats.date_short(monday), *(by_metric.get(one["extra"]["metric"], formats.NONE) for one in drawn))
        for monday, by_metric in sorted(cells.items())
    )
