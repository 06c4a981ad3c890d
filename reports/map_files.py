"""The files beside the pages of a night: the map as SVG in both styles and as BPMN; charts too many for a page."""

from __future__ import annotations

from collections.abc import Iterator

from reports.chart_kinds import ChartsView
from reports.diagram_bands import BLUEPRINT, LOVEM
from reports.map_bpmn import bpmn
from reports.map_svg import standalone_svg
from reports.render import Page
from reports.view_maps import MapsView


def map_files(maps: MapsView | None, charts: ChartsView | None) -> Iterator[Page]:
    """All files, in a fixed order; none where there is no map."""
    if maps is None or charts is None:
        return
    yield Page("map.svg", standalone_svg(maps.department, LOVEM, maps.coverage))
    yield Page("map-blueprint.svg", standalone_svg(maps.department, BLUEPRINT, maps.coverage))
    yield Page("map.bpmn", bpmn(maps.department, maps.coverage))
    for path, content in charts.files:
        yield Page(path, content)
