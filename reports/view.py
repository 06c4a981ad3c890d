"""The report of a night, ready to print: every number is text by now, every map is drawn.

Templates only place what stands here; they count nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports import formats
from reports.charts import spark
from reports.diagrams import LANE_TINTS, Diagram
from reports.figures import Estimate, Example, Figures, FindingFigure, MoveFigure, Night, StepFigure
from reports.layout_cells import Cell
from reports.view_data import DataView, data_view
from reports.view_findings import (
    Fact, FindingView, STATUS_WORDS, GRADE_WORDS, StepNames, Strip, axes_of, cost_facts, measure, n_facts, provenance_facts,
    robustness_facts, sample_line, second_measure, seen_line, strip, tone_of, trend, variant_strip, word_of,
)  # fmt: skip
from reports.view_maps import MapsView, draw_finding_map, maps_view, process_map

MOST_ROWS = 500
ENOUGH_JOURNEYS = 100
"""The floor of most findings (method.md 4, 5): below it the report says what is missing."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the figures under the verdict."""

    name: str
    value: str
    unit: str
    detail: str
    line: Markup


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A frequent journey."""

    strip: Strip
    share: str
    n: str
    n_sort: int
    median: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a sortable table: an anchor, and per cell (text, sort value or None, link or None)."""

    anchor: str
    cells: tuple[tuple[str, int | None, str | None], ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A night's report."""

    site: str
    night: str
    night_iso: str
    window: str
    verdict: str
    lede: str
    missing: tuple[str, ...]
    figures: tuple[KeyFigure, ...]
    findings: tuple[FindingView, ...]
    other_findings: str
    maps: MapsView | None
    steps: tuple[TableRow, ...]
    moves: tuple[TableRow, ...]
    moves_more: str
    variants: tuple[VariantRow, ...]
    variants_note: str
    data: DataView
    hidden_note: str
    k: int
    footer: tuple[str, ...]

    @property
    def n_boxes(self) -> int:
        """Boxes of the largest map: how many hover rules a page needs."""
        drawn = [m.n_boxes for m in (self.maps.all if self.maps else [])]
        return max([*drawn, *(f.map.n_boxes for f in self.findings if f.map)], default=0)


def build(figures: Figures, *, site: str, currency: str, intended: tuple[str, ...], successors: frozenset[tuple[str, str]],
          pins: Mapping[str, Mapping[str, Cell]]) -> Report:  # fmt: skip
    """Read all numbers of a night and turn them into a report."""
    night = figures.night()
    steps, moves, findings = figures.steps(), figures.moves(), figures.findings()
    departments = figures.departments()
    lanes: dict[str | None, int] = {None: 0} | {name: n for n, (name, _) in enumerate(departments, 1)}
    names = StepNames.of(steps, lanes, LANE_TINTS)
    full = process_map(steps, moves, departments, findings, intended, successors)
    maps = maps_view(full, figures.department_gaps(), figures.k, pins) if steps else None
    data = data_view(figures, night)
    views = _findings(figures, findings, full, names, currency)
    rows, more = _move_rows(moves, steps, full, figures.k)
    variants, variants_note = _variants(figures, night, names)
    return Report(
        site=site,
        night=formats.date_long(night.as_of),
        night_iso=night.as_of.isoformat(),
        window=_window(night),
        verdict=_verdict(night, findings),
        lede=_lede(night, findings),
        missing=_missing(night, findings, data),
        figures=_key_figures(figures, night),
        findings=views,
        other_findings=_others(figures.finding_statuses()),
        maps=maps,
        steps=_step_rows(steps, night, figures.k),
        moves=rows,
        moves_more=more,
        variants=variants,
        variants_note=variants_note,
        data=data,
        hidden_note=_hidden_note(night, data),
        k=figures.k,
        footer=_footer(night, figures.k),
    )


def _window(night: Night) -> str:
    if night.data_from is None or night.data_to is None:
        return "no data yet"
    return f"data of {formats.date_long(night.data_from.date())} to {formats.date_long(night.data_to.date())}"


def _verdict(night: Night, findings: list[FindingFigure]) -> str:
    if not night.n_events:
        return "There is no data yet"
    if not night.n_journeys or not night.n_journey_events:
        return "No customer journey could be built from this data"
    if not findings:
        if night.n_journeys < ENOUGH_JOURNEYS:
            return "There is too little data yet to say where customers lose time"
        return f"Nothing stands out in {formats.plural(night.n_journeys, 'journey')}"
    return findings[0].title.rstrip(".")


def _lede(night: Night, findings: list[FindingFigure]) -> str:
    if not night.n_journeys:
        return "What is missing is listed below; the data page shows what became of each line that was delivered."
    size = f"{formats.plural(night.n_journeys, 'journey')} of {formats.plural(night.n_customers, 'customer')}"
    if not findings:
        return f"{size} were looked at. No loop, deviation or pair of steps to merge reached the least size that can be told from chance."
    confirmed = sum(finding.status == "confirmed" for finding in findings)
    told = f"{formats.plural(len(findings), 'finding')} in {size}"
    rest = f"{confirmed} of them confirmed on customers who were not used to find them" if confirmed else "none of them confirmed yet"
    return f"This is the first of {told}, {rest}."


def _missing(night: Night, findings: list[FindingFigure], data: DataView) -> tuple[str, ...]:
    missing = []
    if not night.n_events:
        missing.append("No event was read. Put raw logs into the inbox folders of the site and run the night again.")
    elif not night.n_journey_events:
        missing.append("No event has a declared, visible step. Declare the codes listed on the data page in process/steps.toml.")
    elif night.n_journeys < ENOUGH_JOURNEYS:
        missing.append(
            f"Only {formats.plural(night.n_journeys, 'journey')}: findings need at least {ENOUGH_JOURNEYS} journeys at a step, "
            "so that a share can be told from chance. Deliver more days of logs."
        )
    if data.undeclared_is_high:
        missing.append(f"{data.undeclared_share} of all events have a code that the step dictionary does not know; they are in no journey.")
    return tuple(missing)


def _others(statuses: Mapping[str, int]) -> str:
    names = {
        "below_tolerance": "within what is tolerated", "not_enough_data": "not enough data", "cannot_tell": "cannot tell", "withdrawn": "withdrawn",
    }  # fmt: skip
    parts = [f"{formats.count(statuses[key])} {name}" for key, name in names.items() if statuses.get(key)]
    return f"Also looked at, and not shown: {formats.listing(parts)}." if parts else ""


def _key_figures(figures: Figures, night: Night) -> tuple[KeyFigure, ...]:
    if not night.n_journeys:
        return ()
    weekly = figures.weekly()
    calls, unit = figures.calls_per_100()
    orders = night.n_order_journeys
    detail = f"{formats.count(orders)} with an order, " if orders else ""
    result = [
        KeyFigure("Journeys followed", formats.count(night.n_journeys), "", f"{detail}{formats.plural(night.n_customers, 'customer')}",
                  spark([n for _, n, _ in weekly], f"{unit.capitalize()} per week of their start")),
    ]  # fmt: skip
    if calls:
        per_week = [100 * n_calls / n for _, n, n_calls in weekly if n]
        result.append(KeyFigure(f"Calls per 100 {unit}", formats.number(calls.value), "", _between(calls, unit), spark(per_week, "The same per week of the start")))
    duration = figures.duration()
    if duration:
        value, time_unit = formats.duration(duration.value).split(formats.THIN)
        between = (
            f"{formats.interval(formats.duration(duration.low), formats.duration(duration.high))}; {formats.count(duration.n)} closed {unit}"
            if duration.low is not None
            else f"{formats.count(duration.n)} closed {unit}"
        )
        words = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds"}
        result.append(KeyFigure("Median time from first to last contact", value, words[time_unit], between, Markup("")))
    met = figures.departments_met()
    if met:
        result.append(KeyFigure("Departments a journey meets", formats.number(met.value), "on average", _between(met, "journeys"), Markup("")))
    result.append(
        KeyFigure("Journeys that have ended", formats.ratio(night.n_closed_journeys, night.n_journeys), "",
                  f"{formats.count(night.n_closed_journeys)} of {formats.count(night.n_journeys)}; the others may still go on", Markup(""))
    )  # fmt: skip
    return tuple(result)


def _between(estimate: Estimate, unit: str) -> str:
    sample = f"{formats.count(estimate.n)} {unit}"
    if estimate.low is None or estimate.high is None:
        return f"{sample}; too few customers for an interval"
    return f"{formats.interval(formats.number(estimate.low), formats.number(estimate.high))}; {sample}"


def _findings(
    figures: Figures, findings: list[FindingFigure], full: Any, names: StepNames, currency: str
) -> tuple[FindingView, ...]:
    axes = axes_of(findings)
    views = []
    for place, finding in enumerate(findings, 1):
        groups = []
        for key, title, note in (
            ("typical", "Typical", "drawn at random from the journeys that show it"),
            ("extreme", "Extreme", "those that show it most"),
            ("counter", "Counter-examples", "comparable journeys that do not show it"),
        ):
            found: list[Example] = figures.examples([str(value) for value in finding.evidence.get(key, [])][:6])
            if found:
                groups.append((title, note, tuple(strip(example, names) for example in found)))
        word, icon = word_of(finding)
        diagram, note = draw_finding_map(full, finding, figures.k)
        typical = groups[0][2][:2] if groups and groups[0][0] == "Typical" else ()
        views.append(
            FindingView(
                label=finding.label, number=finding.number, href=f"findings/{finding.label}.html", place=place, word=word, icon=icon,
                tone=tone_of(finding), title=finding.title.rstrip("."), evidence=finding.evidence_text, caution=finding.caution,
                status=STATUS_WORDS.get(finding.status, finding.status), grade=GRADE_WORDS.get(finding.grade, finding.grade),
                sample=sample_line(finding), seen=seen_line(finding), measure=measure(finding, axes), second=second_measure(finding),
                facts=n_facts(finding, figures.k), costs=cost_facts(finding, currency), robustness=robustness_facts(finding),
                examples=tuple(groups), card_examples=typical, sql=str(finding.evidence.get("sql") or ""),
                provenance=provenance_facts(finding), trend=trend(figures.history(finding.finding_id)), map=diagram, map_note=note,
                finding_id=finding.finding_id,
            )
        )  # fmt: skip
    return tuple(views)


def _step_rows(steps: list[StepFigure], night: Night, k: int) -> tuple[TableRow, ...]:
    rows = []
    for step in steps[:MOST_ROWS]:
        per_100 = 100 * step.n_journeys / night.n_journeys if step.n_customers >= k else None
        rows.append(
            TableRow(
                f"step-{step.step}",
                (
                    (step.label, None, None),
                    (step.department or "Customer", None, None),
                    (formats.small_count(step.n_events, k, step.n_customers), step.n_events if step.n_customers >= k else 0, None),
                    (formats.small_count(step.n_journeys, k, step.n_customers), step.n_journeys if step.n_customers >= k else 0, None),
                    (formats.number(per_100, 1) if per_100 is not None else formats.NONE, round(10 * per_100) if per_100 is not None else 0, None),
                    (formats.small_count(step.n_starts, k), step.n_starts if step.n_starts >= k else 0, None),
                    (formats.small_count(step.n_ends, k), step.n_ends if step.n_ends >= k else 0, None),
                    (formats.duration(step.gap_ms) if step.n_customers >= k else formats.NONE, step.gap_ms or 0, None),
                    (formats.duration(step.since_start_ms) if step.n_customers >= k else formats.NONE, step.since_start_ms or 0, None),
                ),
            )
        )
    return tuple(rows)


def _move_rows(moves: list[MoveFigure], steps: list[StepFigure], full: Any, k: int) -> tuple[tuple[TableRow, ...], str]:
    label = {step.step: step.label for step in steps}
    kinds = {(edge.source, edge.target): edge.kind for edge in full.edges}
    told = [move for move in moves if move.n_customers >= k]
    rows = tuple(
        TableRow(
            "",
            (
                (label.get(m.source, m.source), None, f"#step-{m.source}"), (label.get(m.target, m.target), None, f"#step-{m.target}"),
                (formats.count(m.n), m.n, None), (formats.count(m.n_journeys), m.n_journeys, None),
                (formats.duration(m.gap_ms), m.gap_ms or 0, None), (formats.duration(m.gap_p90_ms), m.gap_p90_ms or 0, None),
            ),
            kinds.get((m.source, m.target), "allowed"),
        )
        for m in told[:MOST_ROWS]
    )  # fmt: skip
    rare, cut = [move for move in moves if move.n_customers < k], told[MOST_ROWS:]
    parts = []
    if rare:
        n = sum(move.n for move in rare)
        parts.append(f"{formats.plural(len(rare), 'further path')} with fewer than {k} customers each, {formats.small_count(n, k)} moves together")
    if cut:
        parts.append(f"{formats.plural(len(cut), 'further path')} below the first {MOST_ROWS}, {formats.count(sum(m.n for m in cut))} moves together")
    return rows, f"Not listed: {'; '.join(parts)}." if parts else ""


def _variants(figures: Figures, night: Night, names: StepNames) -> tuple[tuple[VariantRow, ...], str]:
    summary = figures.variants()
    rows = tuple(
        VariantRow(variant_strip(str(v.variant_id), v.steps, names), formats.ratio(v.n_journeys, summary.n_journeys), formats.count(v.n_journeys),
                   v.n_journeys, formats.duration(v.median_duration_ms))
        for v in summary.top
    )  # fmt: skip
    covered = sum(v.n_journeys for v in summary.top)
    rest = summary.n_variants - len(summary.top)
    note = f"{formats.plural(len(rows), 'way')} through the process cover {formats.ratio(covered, summary.n_journeys)} of all journeys"
    note += f"; {formats.plural(rest, 'further way')} cover the rest" if rest > 0 else ""
    if summary.n_small_variants:
        note += f", {formats.count(summary.n_small_variants)} of them gone by fewer than {figures.k} customers each"
    return rows, note + "." if rows else ("No way through the process was gone by enough customers to be told." if night.n_journeys else "")


def _hidden_note(night: Night, data: DataView) -> str:
    return (
        f"Not on the map: {data.n_hidden} events behind the line of visibility (what customers don't see) and {data.n_undeclared} events "
        f"with an undeclared code, of {formats.count(night.n_events)} events in all. "
    )


def _footer(night: Night, k: int) -> tuple[str, ...]:
    return (
        f"Made by the nightly run for {formats.date_long(night.as_of)} from {formats.plural(night.n_events, 'event')}.",
        f"Intervals are 95 % unless a number says otherwise. Counts that stand for fewer than {k} customers are not told.",
    )


def night_of(value: dt.date | str) -> dt.date:
    """A date from a date or an ISO text."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


__all__ = ["Diagram", "Fact", "KeyFigure", "Report", "TableRow", "VariantRow", "build", "night_of"]
