"""The report of a night, ready to print: every number is text by now, every map is drawn.

Templates only place what stands here; they count nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from reports import formats
from reports.diagrams import LANE_TINTS
from reports.figures import Figures
from reports.layout_cells import Cell
from reports.maps import ProcessMap
from reports.places import place_of
from reports.records import Example, FindingFigure, Night
from reports.timeline import journey_lines
from reports.view_data import DataView, data_view
from reports.view_facts import cost_facts, n_facts, provenance_facts, robustness_facts, sample_line, standing_facts
from reports.view_figures import KeyFigure, key_figures
from reports.view_findings import (
    GRADE_WORDS,
    STATUS_WORDS,
    FindingView,
    axes_of,
    measure,
    second_measure,
    seen_line,
    together,
    tone_of,
    trend,
    word_of,
)
from reports.view_journeys import StepNames, Strip, strip, way_strip
from reports.view_maps import MapsView, company_map, draw_finding_map, maps_view, process_map
from reports.view_tables import TableRow, move_rows, step_rows

ENOUGH_JOURNEYS = 100
"""The floor of most findings (method.md 4, 5): below it the report says what is missing."""


@dataclass(frozen=True, slots=True)
class WayRow:
    """A frequent way through the process."""

    strip: Strip
    share: str
    n: str
    median: str


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
    warnings: tuple[str, ...]
    figures: tuple[KeyFigure, ...]
    findings: tuple[FindingView, ...]
    other_findings: str
    together: str
    maps: MapsView | None
    steps: tuple[TableRow, ...]
    moves: tuple[TableRow, ...]
    moves_more: str
    ways: tuple[WayRow, ...]
    ways_note: str
    names: StepNames
    """Label and tint of each step, for the strips of a page's own module."""
    data: DataView
    hidden_note: str
    k: int
    footer: tuple[str, ...]

    @property
    def n_boxes(self) -> int:
        """Boxes of the largest map: how many hover rules a page needs."""
        drawn = [m.n_boxes for m in (self.maps.all if self.maps else [])]
        return max([*drawn, *(f.map.n_boxes for f in self.findings if f.map)], default=0)


def build(
    figures: Figures,
    *,
    site: str,
    currency: str,
    intended: tuple[str, ...],
    successors: frozenset[tuple[str, str]],
    pins: Mapping[str, Mapping[str, Cell]],
) -> Report:
    """Read all numbers of a night and turn them into a report."""
    night = figures.night()
    steps, moves, findings = figures.steps(), figures.moves(), figures.findings()
    departments = figures.departments()
    lanes: dict[str | None, int] = {None: 0} | {name: n for n, (name, _) in enumerate(departments, 1)}
    names = StepNames.of(steps, lanes, LANE_TINTS)
    full = process_map(steps, moves, departments, findings, intended, successors)
    merged = company_map(full, figures.department_gaps(), findings)
    maps = maps_view(full, merged, figures.k, pins) if steps else None
    data = data_view(figures, night)
    views = _findings(figures, findings, full, merged, names, currency)
    rows, more = move_rows(moves, steps, full, figures.k)
    ways, ways_note = _ways(figures, names)
    return Report(
        site=site,
        night=formats.date_long(night.as_of),
        night_iso=night.as_of.isoformat(),
        window=_window(night),
        verdict=_verdict(night, findings),
        lede=_lede(night, findings),
        missing=_missing(night),
        warnings=tuple(message for _, _, message in data.audit_rows),
        figures=key_figures(figures, night),
        findings=views,
        other_findings=_others(figures.finding_statuses()),
        together=together(findings),
        maps=maps,
        steps=step_rows(steps, night, figures.k),
        moves=rows,
        moves_more=more,
        ways=ways,
        ways_note=ways_note,
        names=names,
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
        return (
            f"{size} were looked at. No loop, deviation or pair of steps to merge reached the least size that "
            f"can be told from chance."
        )
    confirmed = sum(finding.status == "confirmed" for finding in findings)
    told = f"{formats.plural(len(findings), 'finding')} in {size}"
    rest = (
        f"{confirmed} of them confirmed on customers who were not used to find them"
        if confirmed
        else "none of them confirmed yet"
    )
    return f"This is the first of {told}, {rest}."


def _missing(night: Night) -> tuple[str, ...]:
    missing = []
    if not night.n_events:
        missing.append("No event was read. Put raw logs into the inbox folders of the site and run the night again.")
    elif not night.n_journey_events:
        missing.append(
            "No event has a declared, visible step. Declare the codes listed on the data page in process/steps.toml."
        )
    elif night.n_journeys < ENOUGH_JOURNEYS:
        missing.append(
            f"Only {formats.plural(night.n_journeys, 'journey')}: findings need at least {ENOUGH_JOURNEYS} journeys "
            f"at a step, "
            "so that a share can be told from chance. Deliver more days of logs."
        )
    return tuple(missing)


def _others(statuses: Mapping[str, int]) -> str:
    names = {
        "below_tolerance": "within what is tolerated",
        "not_enough_data": "not enough data",
        "cannot_tell": "cannot tell",
        "withdrawn": "withdrawn",
    }
    parts = [f"{formats.count(statuses[key])} {name}" for key, name in names.items() if statuses.get(key)]
    return f"Also looked at, and not shown: {formats.listing(parts)}." if parts else ""


def _findings(
    figures: Figures,
    findings: list[FindingFigure],
    full: ProcessMap,
    merged: ProcessMap,
    names: StepNames,
    currency: str,
) -> tuple[FindingView, ...]:
    axes = axes_of(findings)
    examples = figures.examples(key for finding in findings for kind, *_ in _EXAMPLES for key in _keys(finding, kind))
    views = []
    for place, finding in enumerate(findings, 1):
        word, icon = word_of(finding)
        diagram, map_note = draw_finding_map(full, merged, finding, figures.k)
        groups = _examples(finding, examples, names)
        view = FindingView(
            label=finding.label,
            href=f"findings/{finding.label}.html",
            place=place,
            word=word,
            icon=icon,
            tone=tone_of(finding),
            title=finding.title.rstrip("."),
            evidence=finding.evidence_text,
            caution=finding.caution,
            status=STATUS_WORDS.get(finding.status, finding.status),
            grade=GRADE_WORDS.get(finding.grade, finding.grade),
            sample=sample_line(finding),
            seen=seen_line(finding),
            measure=measure(finding, axes),
            second=second_measure(finding),
            facts=n_facts(finding, figures.k),
            costs=cost_facts(finding, currency),
            robustness=robustness_facts(finding),
            examples=groups,
            card_examples=groups[0][2][:2] if groups else (),
            timeline=_timeline(finding, examples, names),
            sql=str(finding.evidence.get("sql") or ""),
            provenance=(*standing_facts(finding), *provenance_facts(finding)),
            trend=trend(figures.history(finding.finding_id)),
            map=diagram,
            map_note=map_note,
        )
        views.append(view)
    return tuple(views)


_EXAMPLES = (
    ("typical", "Typical", "drawn at random from the journeys that show it"),
    ("extreme", "Extreme", "those that show it most"),
    ("counter", "Counter-examples", "comparable journeys that do not show it"),
)
_MOST_EXAMPLES, _MOST_STRIPS = 10, 5


def _keys(finding: FindingFigure, kind: str) -> list[str]:
    return [str(key) for key in finding.evidence.get(kind, [])][:_MOST_EXAMPLES]


def _timeline(finding: FindingFigure, examples: Mapping[str, Example], names: StepNames) -> Markup:
    own = frozenset(place_of(finding.kind, finding.place, frozenset(names.label)).steps)
    groups = [
        (title, [examples[key] for key in _keys(finding, kind) if key in examples]) for kind, title, _ in _EXAMPLES
    ]
    return journey_lines(groups, names, own)


def _examples(
    finding: FindingFigure, examples: Mapping[str, Example], names: StepNames
) -> tuple[tuple[str, str, tuple[Strip, ...]], ...]:
    """(heading, how they were chosen, journeys) for each kind of example that there is."""
    own = frozenset(place_of(finding.kind, finding.place, frozenset(names.label)).steps)
    groups = []
    for kind, title, note in _EXAMPLES:
        keys = [key for key in _keys(finding, kind) if key in examples][:_MOST_STRIPS]
        found = tuple(strip(examples[key], names, own) for key in keys)
        if found:
            groups.append((title, note, found))
    return tuple(groups)


def _ways(figures: Figures, names: StepNames) -> tuple[tuple[WayRow, ...], str]:
    summary = figures.ways()
    what = "journeys with an order" if summary.of_orders else "journeys"
    rows = tuple(
        WayRow(
            way_strip(w.steps, names),
            formats.ratio(w.n_journeys, summary.n_journeys),
            formats.count(w.n_journeys),
            formats.duration(w.median_ms),
        )
        for w in summary.top
    )
    if not summary.n_journeys:
        return (), ""
    if not rows:
        return (
            (),
            f"No way through the process was gone by enough customers to be told: "
            f"{formats.plural(summary.n_ways, 'way')} in {formats.count(summary.n_journeys)} {what}.",
        )
    covered = sum(w.n_journeys for w in summary.top)
    rest = summary.n_ways - len(summary.top)
    note = (
        f"Page views are left out. {formats.plural(len(rows), 'way')} cover "
        f"{formats.ratio(covered, summary.n_journeys)} of {formats.count(summary.n_journeys)} {what}"
    )
    note += f"; {formats.plural(rest, 'further way')} cover the rest" if rest > 0 else ""
    note += (
        f", {formats.count(summary.n_small_ways)} of them gone by fewer than {figures.k} customers each"
        if summary.n_small_ways
        else ""
    )
    note += (
        f". {formats.count(summary.n_browsing)} of these journeys hold nothing but page views"
        if summary.n_browsing >= figures.k
        else ""
    )
    return rows, note + "."


def _hidden_note(night: Night, data: DataView) -> str:
    return (
        f"Not on the map: {data.n_hidden} events behind the line of visibility (what customers don't see) and "
        f"{data.n_undeclared} events "
        f"with an undeclared code, of {formats.count(night.n_events)} events in all. "
    )


def _footer(night: Night, k: int) -> tuple[str, ...]:
    return (
        f"Made by the nightly run for {formats.date_long(night.as_of)} from {formats.plural(night.n_events, 'event')}.",
        f"Intervals are 95 % unless a number says otherwise. Counts that stand for fewer than {k} customers are not "
        f"told.",
    )
