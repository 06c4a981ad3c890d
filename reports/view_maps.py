"""The maps of a night: from figures to process maps, reduced, drawn, with what they leave out in words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports import formats
from reports.diagrams import Diagram, draw
from reports.layout_cells import Cell
from reports.maps import (
    Coverage,
    MapEdge,
    MapLane,
    MapStep,
    ProcessMap,
    fold_steps,
    neighbourhood,
    reduce_edges,
    simple_view,
)
from reports.places import COSTLY, Place, edge_class, place_of
from reports.records import FindingFigure, MoveFigure, StepFigure

MOST_RARE, MOST_DISCS = 120, 9
FULL_WIDTH, TEXT_WIDTH = 1390, 1238
"""Inner width of a map on the map page and on the other pages of a screen 1 440 px wide."""


@dataclass(frozen=True, slots=True)
class MapsView:
    """The drawn maps. `rare` is the departmental map with the rare paths; None when the map already shows all."""

    department: Diagram
    rare: Diagram | None
    simple: Diagram
    overview: Diagram
    coverage: str
    rare_coverage: str
    simple_coverage: str
    summary: str
    pins: dict[str, dict[str, Cell]]

    @property
    def is_wide(self) -> bool:
        """Whether the departmental map is wider than a usual screen."""
        return self.department.width > FULL_WIDTH + 10

    @property
    def all(self) -> list[Diagram]:
        """All drawings."""
        return [self.department, *([self.rare] if self.rare else []), self.simple, self.overview]


def process_map(
    steps: Sequence[StepFigure],
    moves: Sequence[MoveFigure],
    departments: Sequence[tuple[str, str]],
    findings: Sequence[FindingFigure],
    intended: tuple[str, ...],
    successors: frozenset[tuple[str, str]],
) -> ProcessMap:
    """All steps and paths. Departments without a visible step get no lane. Findings beyond the first 9 keep off the
    map."""
    used = {step.department for step in steps}
    present = [(name, note) for name, note in departments if name in used]
    lane_of: dict[str | None, int] = {None: 0} | {name: n for n, (name, _) in enumerate(present, 1)}
    known = frozenset(step.step for step in steps)
    at_step: dict[str, list[int]] = {}
    at_path: dict[tuple[str, str], list[int]] = {}
    deviating: set[tuple[str, str]] = set()
    failures: set[str] = set()
    real = {(move.source, move.target) for move in moves}
    for finding in findings:
        place = place_of(finding.kind, finding.place, known)
        paths = [pair for pair in place.paths if pair in real]
        if finding.kind.startswith(COSTLY):
            deviating |= set(paths)
        if finding.kind == "failure_point":
            failures |= set(place.steps[-1:])
        if finding.rank > MOST_DISCS:
            continue
        if paths:
            at_path.setdefault(paths[0], []).append(finding.number)
        elif place.steps:
            at_step.setdefault(place.steps[-1], []).append(finding.number)
    boxes = tuple(
        MapStep(
            s.step,
            s.label,
            lane_of[s.department],
            s.n_events,
            s.n_customers,
            s.gap_ms,
            s.since_start_ms,
            s.n_starts,
            s.n_ends,
            f"step-{s.step}",
            tuple(sorted(at_step.get(s.step, []))),
            s.step in failures,
        )
        for s in steps
    )
    edges = tuple(
        MapEdge(
            m.source,
            m.target,
            m.n,
            edge_class((m.source, m.target), deviating, successors),
            m.n_customers,
            m.gap_ms,
            tuple(sorted(at_path.get((m.source, m.target), []))),
        )
        for m in moves
        if m.source in known and m.target in known
    )
    lanes = (MapLane("Customer", "what they do"), *(MapLane(name, note) for name, note in present))
    return ProcessMap(lanes, boxes, edges, tuple(key for key in intended if key in known))


def company_map(full: ProcessMap, waits: Mapping[str, int], findings: Sequence[FindingFigure]) -> ProcessMap:
    """The simple view, with the numbers of the findings that speak of departments."""
    merged = simple_view(full, waits)
    at: dict[tuple[str, str], set[int]] = {}
    for finding in findings:
        pairs = department_place(finding, merged).paths
        if pairs and finding.rank <= MOST_DISCS:
            at.setdefault(pairs[0], set()).add(finding.number)
    edges = tuple(
        replace(e, findings=tuple(sorted({*e.findings, *at.get((e.source, e.target), ())}))) for e in merged.edges
    )
    return replace(merged, edges=edges)


def department_place(finding: FindingFigure, merged: ProcessMap) -> Place:
    """Where on the simple map a finding about departments sits; nowhere for all others."""
    key_of = {step.label: step.key for step in merged.steps if step.lane}
    keys = [key_of[name] for name in finding.where.get("departments", []) if name in key_of]
    real = {(edge.source, edge.target) for edge in merged.edges}
    around = [*itertools.pairwise(keys), *([(keys[-1], keys[0])] if len(keys) > 1 else [])]
    return Place(tuple(keys), tuple(pair for pair in around if pair in real))


def maps_view(full: ProcessMap, merged: ProcessMap, k: int, pins: Mapping[str, Mapping[str, Cell]]) -> MapsView:
    """Draw the departmental map, its version with rare paths, the simple map, and the simple map for the overview."""
    folded = fold_steps(full)
    reduced, coverage = reduce_edges(folded, k)
    title = "How customers go through the company, by department"
    department = draw(
        reduced,
        title=title,
        k=k,
        pins=pins.get("department"),
        coverage=coverage,
        finding_href="findings/{}",
        fill=FULL_WIDTH,
    )
    wide, wide_coverage = reduce_edges(folded, k, most=MOST_RARE, flow_share=1.0)
    rare = None
    if wide_coverage.n_edges > coverage.n_edges:
        rare = draw(
            wide,
            title=f"{title}, with rare paths",
            k=k,
            pins=department.layout.pins,
            coverage=wide_coverage,
            finding_href="findings/{}",
        )
    small, simple_coverage = reduce_edges(_fold_customer(merged), k)
    pinned = pins.get("simple")
    simple = draw(
        small,
        title="How customers go through the company, company as one band",
        k=k,
        pins=pinned,
        coverage=simple_coverage,
        finding_href="findings/{}",
        fill=FULL_WIDTH,
    )
    overview = draw(
        small,
        title="The process as the customer sees it",
        k=k,
        pins=simple.layout.pins,
        ruler=False,
        coverage=simple_coverage,
        step_href="map.html#{}",
        fill=TEXT_WIDTH,
    )
    summary = (
        f"{formats.plural(len(full.steps), 'step')}, {formats.plural(len(full.edges), 'path')}, "
        f"{formats.plural(full.n_moves, 'move')}"
    )
    return MapsView(
        department,
        rare,
        simple,
        overview,
        words(coverage),
        words(wide_coverage),
        words(simple_coverage),
        summary,
        {"department": department.layout.pins, "simple": simple.layout.pins},
    )


def _fold_customer(merged: ProcessMap) -> ProcessMap:
    return fold_steps(merged, 16)


def words(coverage: Coverage) -> str:
    """'Shown: 42 of 45 paths, 98 % of 51 230 moves.'"""
    text = (
        f"Shown: {formats.count(coverage.n_edges)} of {formats.plural(coverage.of_edges, 'path')}, "
        f"{formats.ratio(coverage.n_moves, coverage.of_moves)} of {formats.plural(coverage.of_moves, 'move')}"
    )
    if coverage.n_folded:
        text += f"; {formats.plural(coverage.n_folded, 'less frequent step')} folded into one box a lane"
    return text + "."


def draw_finding_map(
    full: ProcessMap, merged: ProcessMap, finding: FindingFigure, k: int
) -> tuple[Diagram | None, str]:
    """The small map of a finding's page: its steps, their neighbours, coverage in words."""
    place = department_place(finding, merged)
    if place.steps:
        full = merged
    else:
        place = place_of(finding.kind, finding.place, frozenset(step.key for step in full.steps))
    if not place.steps:
        return None, ""
    part = neighbourhood(full, place.steps, place.paths)
    own = set([pair for pair in place.paths if any((e.source, e.target) == pair for e in part.edges)][:1])
    part = replace(
        part,
        edges=tuple(
            replace(e, findings=(finding.number,) if (e.source, e.target) in own else (), kind=e.kind)
            for e in part.edges
        ),
        steps=tuple(replace(s, findings=()) for s in part.steps),
    )
    shown, coverage = reduce_edges(part, k, most=24)
    diagram = draw(
        shown,
        title=f"The steps of {finding.label} and their neighbours",
        k=k,
        coverage=coverage,
        ruler=False,
        focus=frozenset(place.steps),
        scale_to=max((edge.n for edge in full.edges if edge.source != edge.target), default=1),
        finding_href="#{}",
        step_href="../map.html#{}",
        fill=TEXT_WIDTH,
    )
    text = (
        f"The steps of this finding and the {formats.plural(len(part.steps) - len(place.steps), 'step')} that "
        f"customers come from or go to "
        f"most often. {words(coverage)}"
    )
    return diagram, text
