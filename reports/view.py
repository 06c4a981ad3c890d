"""The report of a night, ready to print: every number is text by now, every map is drawn.

Templates only place what stands here; they count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup

from ingest.language import mark, say
from mining.register import OF_RESEARCH
from mining.sentences import all_of
from reports import formats
from reports.chart_kinds import ChartsView, charts_view
from reports.diagram_bands import LANE_TINTS
from reports.figures import Figures
from reports.figures_map import n_journeys_whole, off_map, step_times, touches
from reports.layout_cells import Cell
from reports.map_building import company_map, process_map
from reports.map_marks import marks_of
from reports.map_notes import MapFacts
from reports.map_room import fit
from reports.maps import ProcessMap
from reports.places import place_of
from reports.records import Example, FindingFigure, Night, WaySummary
from reports.timeline import journey_lines
from reports.unseen import Unseen, nothing_found
from reports.verdict import verdict_of
from reports.view_data import DataView, data_view
from reports.view_facts import cost_facts, n_facts, provenance_facts, robustness_facts, sample_line, standing_facts
from reports.view_figures import KeyFigure, key_figures
from reports.view_findings import (
    GRADE_WORDS,
    FindingView,
    axes_of,
    measure,
    second_measure,
    seen_line,
    status_of,
    together,
    tone_of,
    trend,
    word_of,
)
from reports.view_journeys import StepNames, Strip, strip, way_strip
from reports.view_loops import LoopRow, loop_rows
from reports.view_maps import MapsView, draw_finding_map, maps_view
from reports.view_tables import TableRow, listed_steps, move_rows, moves_left_out, step_rows, steps_told

MOST_FINDINGS, MOST_RESEARCH = 20, 3
"""Findings that have a card and a page: what a reader may look at, and what keeps a night below 5 MB."""

ALL_GAPS = 100_000
"""More gaps than a log has: the map says how many there are."""


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
    unseen: tuple[Unseen, ...]
    nothing_found: str
    maps: MapsView | None
    charts: ChartsView | None
    steps: tuple[TableRow, ...]
    steps_told: str
    loops: tuple[LoopRow, ...]
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
        drawn = [m.n_boxes for m in (self.maps.all if self.maps else [])] + [self.charts.n_boxes if self.charts else 0]
        return max([*drawn, *(f.map.n_boxes for f in self.findings if f.map)], default=0)


def build(
    figures: Figures,
    *,
    site: str,
    currency: str,
    intended: tuple[str, ...],
    successors: frozenset[tuple[str, str]],
    pins: Mapping[str, Mapping[str, Cell]],
    unseen: tuple[Unseen, ...],
    criteria: str = "",
) -> Report:
    """Read all numbers of a night and turn them into a report."""
    night = figures.night()
    steps, moves, every = figures.steps(), figures.moves(), figures.findings()
    findings = shown(every)
    departments = figures.departments()
    lanes: dict[str | None, int] = {None: 0} | {name: n for n, (name, _) in enumerate(departments, 1)}
    names = StepNames.of(steps, lanes, LANE_TINTS)
    store = figures.store
    marks = marks_of(steps, moves, step_times(store), findings, intended, night, figures.k)
    full = process_map(steps, moves, departments, findings, intended, successors, marks, touches(store), figures.k)
    rows_of = {step.step for step in listed_steps(steps)}
    full = replace(full, steps=tuple(s if s.key in rows_of else replace(s, anchor=None) for s in full.steps))
    merged = company_map(full, figures.department_gaps(), findings)
    facts = MapFacts(
        night, moves, off_map(store), figures.gaps(ALL_GAPS), criteria, partial(n_journeys_whole, store), figures.k
    )
    maps = maps_view(full, merged, figures.k, pins, facts) if steps else None
    charts = charts_view(full, steps, moves, night, figures.k, pins) if steps else None
    data = data_view(figures, night)
    verdict = verdict_of(night, every, unseen, figures.k)
    views = _findings(figures, findings, full, merged, names, currency)
    step_table, rows = step_rows(steps, night, figures.k, marks), move_rows(moves, steps, full, figures.k)
    if maps:
        maps, rows = fit(maps, step_table, rows)
    ways, ways_note = _ways(figures, names)
    return Report(
        site=site,
        night=formats.date_long(night.as_of),
        night_iso=night.as_of.isoformat(),
        window=_window(night),
        verdict=verdict.heading,
        lede=verdict.lede,
        missing=verdict.missing,
        warnings=tuple(message for _, _, message in data.audit_rows),
        figures=key_figures(figures, night),
        findings=views,
        other_findings=_others(figures.finding_statuses(), len(every) - len(findings)),
        together=together(every),
        unseen=unseen,
        nothing_found=nothing_found(unseen),
        maps=maps,
        charts=charts,
        steps=step_table,
        steps_told=steps_told(len(step_table), len(steps)),
        loops=loop_rows(findings, names, figures.k),
        moves=rows,
        moves_more=moves_left_out(moves, len(rows), figures.k),
        ways=ways,
        ways_note=ways_note,
        names=names,
        data=data,
        hidden_note=_hidden_note(night, data),
        k=figures.k,
        footer=_footer(night, figures.k),
    )


def shown(every: Sequence[FindingFigure]) -> list[FindingFigure]:
    """The findings that have a card and a page: the first by rank. Gaps to competitors stand after what is as sure and
    from the own log, so up to MOST_RESEARCH confirmed ones keep a place: else a long list would push them all off."""
    research = [one for one in every if one.kind in OF_RESEARCH and one.status == "confirmed"][:MOST_RESEARCH]
    others = [one for one in every if one not in research][: MOST_FINDINGS - len(research)]
    return sorted([*others, *research], key=lambda one: every.index(one))


def _window(night: Night) -> str:
    if night.data_from is None or night.data_to is None:
        return say("no data yet")
    first, last = formats.date_long(night.data_from.date()), formats.date_long(night.data_to.date())
    return say("data of {first} to {last}", first=first, last=last)


_NOT_SHOWN = {
    "below_tolerance": mark("{n} within what is tolerated"),
    "not_enough_data": mark("{n} not enough data"),
    "cannot_tell": mark("{n} cannot tell"),
    "withdrawn": mark("{n} withdrawn"),
}
"""Findings that are looked at and not shown, by status."""


def _others(statuses: Mapping[str, int], n_further: int) -> str:
    sentences = []
    if n_further > 0:
        sentences.append(
            formats.plural(
                n_further,
                "{n} further finding of lower rank stands in exports/findings.json alone.",
                "{n} further findings of lower rank stand in exports/findings.json alone.",
            )
        )
    kinds = [say(text, n=formats.count(statuses[key])) for key, text in _NOT_SHOWN.items() if statuses.get(key)]
    if kinds:
        sentences.append(say("Also looked at, and not shown: {kinds}.", kinds=all_of(kinds)))
    return " ".join(sentences)


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
            status=status_of(finding),
            grade=say(GRADE_WORDS.get(finding.grade, finding.grade)),
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
    ("typical", mark("Typical"), mark("drawn at random from the journeys that show it")),
    ("extreme", mark("Extreme"), mark("those that show it most")),
    ("counter", mark("Counter-examples"), mark("comparable journeys that do not show it")),
)
_MOST_EXAMPLES, _MOST_STRIPS = 10, 3


def _keys(finding: FindingFigure, kind: str) -> list[str]:
    return [str(key) for key in finding.evidence.get(kind, [])][:_MOST_EXAMPLES]


def _timeline(finding: FindingFigure, examples: Mapping[str, Example], names: StepNames) -> Markup:
    own = frozenset(place_of(finding.kind, finding.place, frozenset(names.label)).steps)
    groups = [
        (say(title), [examples[key] for key in _keys(finding, kind) if key in examples]) for kind, title, _ in _EXAMPLES
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
            groups.append((say(title), say(note), found))
    return tuple(groups)


def _ways(figures: Figures, names: StepNames) -> tuple[tuple[WayRow, ...], str]:
    summary = figures.ways()
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
        return (), say("No way through the process was gone by enough customers to be told.")
    return rows, " ".join(_told_of_ways(summary, figures.k))


def _told_of_ways(summary: WaySummary, k: int) -> Iterator[str]:
    """What the rows hold and what they leave out, each a sentence."""
    share = formats.ratio(sum(way.n_journeys for way in summary.top), summary.n_journeys)
    yield say("Page views are left out.")
    if summary.of_orders:
        yield formats.plural(
            len(summary.top),
            "{n} way covers {share} of {of_n} journeys with an order.",
            "{n} ways cover {share} of {of_n} journeys with an order.",
            share=share,
            of_n=formats.count(summary.n_journeys),
        )
    else:
        yield formats.plural(
            len(summary.top),
            "{n} way covers {share} of {of_n} journeys.",
            "{n} ways cover {share} of {of_n} journeys.",
            share=share,
            of_n=formats.count(summary.n_journeys),
        )
    rest = summary.n_ways - len(summary.top)
    if rest > 0 and summary.n_small_ways:
        yield formats.plural(
            rest,
            "{n} further way covers the rest, {small} of them gone by fewer than {k} customers each.",
            "{n} further ways cover the rest, {small} of them gone by fewer than {k} customers each.",
            small=formats.count(summary.n_small_ways),
            k=k,
        )
    elif rest > 0:
        yield formats.plural(rest, "{n} further way covers the rest.", "{n} further ways cover the rest.")
    if summary.n_browsing >= k:
        yield formats.plural(
            summary.n_browsing,
            "{n} of these journeys holds nothing but page views.",
            "{n} of these journeys hold nothing but page views.",
        )


def _hidden_note(night: Night, data: DataView) -> str:
    """The sentence before a link, hence the blank at its end."""
    told = say(
        "Not on the map: {hidden} events behind the line of visibility (what customers don't see) and {undeclared} "
        "events with an undeclared code, of {of_n} events in all.",
        hidden=data.n_hidden,
        undeclared=data.n_undeclared,
        of_n=formats.count(night.n_events),
    )
    return f"{told} "


def _footer(night: Night, k: int) -> tuple[str, ...]:
    return (
        formats.plural(
            night.n_events,
            "Made by the nightly run for {night} from {n} event.",
            "Made by the nightly run for {night} from {n} events.",
            night=formats.date_long(night.as_of),
        ),
        say(
            "Intervals are 95 % unless a number says otherwise. Counts that stand for fewer than {k} customers are not "
            "told.",
            k=k,
        ),
    )
