"""The chart kinds of LOVEM beside the full map (method.md 1.2): logical, and one for each department.

All are the same steps, paths and counts as the departmental map, in other bands or in part. The architecture chart is
drawn by chart_architecture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from ingest.language import say
from reports import formats
from reports.chart_architecture import architecture_svg, in_order, stage_word
from reports.diagram_bands import LOVEM
from reports.diagrams import Diagram, draw
from reports.layout_cells import Cell
from reports.map_notes import coverage_words
from reports.map_svg import standalone_svg
from reports.maps import MapLane, ProcessMap, fold_steps, neighbourhood, reduce_edges
from reports.records import MoveFigure, Night, StepFigure

FULL_WIDTH = 1390
MOST_JOB_STEPS, MOST_JOB_EDGES, MOST_NEIGHBOURS = 25, 45, 12
_ROOM_ON_PAGE = 170_000
"""Bytes of drawings that the page of charts may hold; what is beyond is a file beside it."""


@dataclass(frozen=True, slots=True)
class JobChart:
    """The chart of one department. `file`: where it is when the page has no room for it, "" when it is drawn there."""

    name: str
    anchor: str
    diagram: Diagram
    note: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class ChartsView:
    """All charts of a night."""

    architecture: Markup
    architecture_note: str
    logical: Diagram
    logical_note: str
    jobs: tuple[JobChart, ...]

    @property
    def pins(self) -> dict[str, dict[str, Cell]]:
        """Tomorrow's pins, by chart."""
        return {"logical": self.logical.layout.pins} | {job.anchor: job.diagram.layout.pins for job in self.jobs}

    @property
    def signs(self) -> frozenset[str]:
        """What the legend explains."""
        return frozenset().union(*(job.diagram.process.signs for job in self.jobs))

    @property
    def n_boxes(self) -> int:
        """Boxes of the largest drawing on the page."""
        return max([self.logical.n_boxes, *(job.diagram.n_boxes for job in self.jobs if not job.file)])

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """(path, content) of the charts that have no room on the page."""
        return [(job.file, standalone_svg(job.diagram, LOVEM, job.note)) for job in self.jobs if job.file]


def charts_view(
    full: ProcessMap,
    steps: Sequence[StepFigure],
    moves: Sequence[MoveFigure],
    night: Night,
    k: int,
    pins: Mapping[str, Mapping[str, Cell]],
) -> ChartsView:
    """Draw all charts; departments in the order of their bands."""
    architecture, architecture_note = architecture_svg(steps, moves, night, k)
    logical_map, coverage = reduce_edges(fold_steps(logical(full, steps)), k)
    top = max((edge.n for edge in full.edges if edge.source != edge.target), default=1)
    title = say("The process by stage, whoever does it")
    logical_chart = _draw(logical_map, title, k, top, pins.get("logical"), has_departments=False)
    room = _ROOM_ON_PAGE - len(logical_chart.body)
    jobs = []
    for lane in range(1, len(full.lanes)):
        chart = _job(full, lane, k, top, pins)
        room -= len(chart.diagram.body)
        jobs.append(chart if room > 0 else replace(chart, file=f"charts/{chart.anchor}.svg"))
    return ChartsView(architecture, architecture_note, logical_chart, coverage_words(coverage), tuple(jobs))


def logical(full: ProcessMap, steps: Sequence[StepFigure]) -> ProcessMap:
    """The map with a band per stage in place of departments; the customer's own steps stay on top."""
    stage_of = {step.step: step.stage for step in steps}
    stages = in_order(stage_of[step.key] for step in full.steps if step.lane and step.key in stage_of)
    lane_of = {stage: number for number, stage in enumerate(stages, 1)}
    lanes = (full.lanes[0], *(MapLane(stage_word(stage)) for stage in stages))
    kept = tuple(step for step in full.steps if not step.lane or step.key in stage_of)
    return replace(
        full,
        lanes=lanes,
        steps=tuple(replace(step, lane=lane_of[stage_of[step.key]] if step.lane else 0) for step in kept),
        unseen=(),
    )


def job_map(full: ProcessMap, lane: int) -> tuple[ProcessMap, frozenset[str], int]:
    """The steps of one band and direct neighbours; the neighbours' keys; how many rarer neighbours are left out."""
    own = [step.key for step in full.steps if step.lane == lane]
    inside = set(own)
    around = {
        edge.target if edge.source in inside else edge.source
        for edge in full.edges
        if (edge.source in inside) != (edge.target in inside)
    }
    part = neighbourhood(full, own, (), most=MOST_NEIGHBOURS)
    others = frozenset(step.key for step in part.steps) - inside
    return part, others, len(around) - len(others)


def _job(full: ProcessMap, lane: int, k: int, top: int, pins: Mapping[str, Mapping[str, Cell]]) -> JobChart:
    name, anchor = full.lanes[lane].name, f"job-{lane}"
    part, others, n_left_out = job_map(full, lane)
    folded = fold_steps(part, MOST_JOB_STEPS)
    shown, coverage = reduce_edges(folded, k, most=MOST_JOB_EDGES)
    grey = frozenset(step.key for step in shown.steps if set(step.members or (step.key,)) <= others)
    diagram = _draw(shown, say("{lane}: its steps and their neighbours", lane=name), k, top, pins.get(anchor), grey)
    note = _job_words(name, len(part.steps) - len(others), len(others), n_left_out)
    return JobChart(name, anchor, diagram, f"{note} {coverage_words(coverage)}")


def _job_words(lane: str, n_own: int, n_others: int, n_left_out: int) -> str:
    """What a department's chart holds."""
    steps = formats.plural(n_own, "{n} step", "{n} steps")
    neighbours = formats.plural(n_others, "{n} direct neighbour", "{n} direct neighbours")
    if not n_left_out:
        return say("{steps} of {lane}; grey: {neighbours}.", steps=steps, lane=lane, neighbours=neighbours)
    return formats.plural(
        n_left_out,
        "{steps} of {lane}; grey: {neighbours}, {n} rarer one left out.",
        "{steps} of {lane}; grey: {neighbours}, {n} rarer ones left out.",
        steps=steps,
        lane=lane,
        neighbours=neighbours,
    )


def _draw(
    process: ProcessMap,
    title: str,
    k: int,
    top: int,
    pins: Mapping[str, Cell] | None,
    grey: frozenset[str] = frozenset(),
    *,
    has_departments: bool = True,
) -> Diagram:
    """`top`: the count of the widest stroke, the same on all charts and on the map."""
    return draw(
        process,
        title=title,
        k=k,
        pins=pins,
        grey=grey,
        scale_to=top,
        has_departments=has_departments,
        finding_href="findings/{}",
        step_href="map.html#{}",
        fill=FULL_WIDTH,
    )
