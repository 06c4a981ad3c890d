"""The maps of a night: from figures to process maps, reduced, drawn, with what they leave out in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.language import say
from reports import formats
from reports.diagram_bands import BLUEPRINT, LOVEM
from reports.diagrams import Diagram, draw
from reports.layout_cells import Cell
from reports.map_building import department_place
from reports.map_notes import MapFacts, coverage_words
from reports.maps import ProcessMap, fold_steps, neighbourhood, reduce_edges
from reports.places import place_of
from reports.records import FindingFigure

MOST_RARE = 120
STYLES = (LOVEM, BLUEPRINT)
FULL_WIDTH, TEXT_WIDTH = 1390, 1238
"""Inner width of a map on the map page and on the other pages of a screen 1 440 px wide."""


@dataclass(frozen=True, slots=True)
class MapsView:
    """The drawn maps. `rare` is the departmental map with the rare paths; None when the map already shows all.

    What a page has no room for is a file beside it: `rare_file` in place of `rare`, `paths_csv` for a table cut short.
    """

    department: Diagram
    rare: Diagram | None
    simple: Diagram
    overview: Diagram
    coverage: str
    rare_coverage: str
    simple_coverage: str
    summary: str
    criteria: str
    pins: dict[str, dict[str, Cell]]
    rare_file: Diagram | None = None
    paths_csv: bytes = b""

    @property
    def is_wide(self) -> bool:
        """Whether the departmental map is wider than a usual screen."""
        return self.department.width > FULL_WIDTH + 10

    @property
    def signs(self) -> frozenset[str]:
        """What the legend of the map page explains."""
        return frozenset().union(*(drawn.process.signs for drawn in (self.department, self.rare, self.simple) if drawn))

    @property
    def all(self) -> list[Diagram]:
        """All drawings."""
        return [self.department, *([self.rare] if self.rare else []), self.simple, self.overview]


def maps_view(
    full: ProcessMap, merged: ProcessMap, k: int, pins: Mapping[str, Mapping[str, Cell]], facts: MapFacts
) -> MapsView:
    """Draw the departmental map, its version with rare paths, the simple map, and the simple map for the overview."""
    folded = fold_steps(full)
    reduced, coverage = reduce_edges(folded, k)
    department = draw(
        reduced,
        title=say("How customers go through the company, by department"),
        k=k,
        pins=pins.get("department"),
        coverage=coverage,
        finding_href="findings/{}",
        fill=FULL_WIDTH,
        strips=facts.strips,
        styles=STYLES,
    )
    wide, wide_coverage = reduce_edges(folded, k, most=MOST_RARE, flow_share=1.0)
    rare = None
    if wide_coverage.n_edges > coverage.n_edges:
        rare = draw(
            wide,
            title=say("How customers go through the company, by department, with rare paths"),
            k=k,
            pins=department.layout.pins,
            coverage=wide_coverage,
            finding_href="findings/{}",
            strips=facts.strips,
            styles=STYLES,
        )
    small, simple_coverage = reduce_edges(_fold_customer(merged), k)
    pinned = pins.get("simple")
    simple = draw(
        small,
        title=say("How customers go through the company, company as one band"),
        k=k,
        pins=pinned,
        coverage=simple_coverage,
        finding_href="findings/{}",
        fill=FULL_WIDTH,
        strips=facts.strips,
        styles=STYLES,
    )
    overview = draw(
        small,
        title=say("The process as the customer sees it"),
        k=k,
        pins=simple.layout.pins,
        ruler=False,
        coverage=simple_coverage,
        step_href="map.html#{}",
        fill=TEXT_WIDTH,
    )
    summary = say(
        "{steps}, {paths}, {moves}",
        steps=formats.plural(len(full.steps), "{n} step", "{n} steps"),
        paths=formats.plural(len(full.edges), "{n} path", "{n} paths"),
        moves=formats.plural(full.n_moves, "{n} move", "{n} moves"),
    )
    return MapsView(
        department,
        rare,
        simple,
        overview,
        facts.footer(reduced, coverage),
        facts.footer(wide, wide_coverage) if rare else "",
        coverage_words(simple_coverage),
        summary,
        facts.criteria,
        {"department": department.layout.pins, "simple": simple.layout.pins},
    )


def _fold_customer(merged: ProcessMap) -> ProcessMap:
    return fold_steps(merged, 16)


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
        title=say("The steps of {finding} and their neighbours", finding=finding.label),
        k=k,
        coverage=coverage,
        ruler=False,
        focus=frozenset(place.steps),
        scale_to=max((edge.n for edge in full.edges if edge.source != edge.target), default=1),
        finding_href="#{}",
        step_href="../map.html#{}",
        fill=TEXT_WIDTH,
    )
    text = formats.plural(
        len(part.steps) - len(place.steps),
        "The steps of this finding and the {n} step that customers come from or go to most often.",
        "The steps of this finding and the {n} steps that customers come from or go to most often.",
    )
    return diagram, f"{text} {coverage_words(coverage)}"
