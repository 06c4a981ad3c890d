"""The map page, and beside it the map as files: SVG in both styles, BPMN, and what the page has no room for."""

from __future__ import annotations

from reports.diagram_bands import BLUEPRINT, LOVEM
from reports.figures import Figures
from reports.map_bpmn import bpmn
from reports.map_svg import standalone_svg
from reports.view import Report
from reports.view_maps import MapsView


def build(_figures: Figures, report: Report) -> MapsView | None:
    """The maps of the night; None where no event has a visible step."""
    return report.maps


def beside(view: MapsView | None) -> dict[str, bytes]:
    """The files for other tools."""
    if view is None:
        return {}
    files = {
        "map.svg": standalone_svg(view.department, LOVEM, view.coverage),
        "map-blueprint.svg": standalone_svg(view.department, BLUEPRINT, view.coverage),
        "map.bpmn": bpmn(view.department, view.coverage),
    }
    if view.rare_file:
        files["map-rare.svg"] = standalone_svg(view.rare_file, LOVEM, view.rare_coverage)
    if view.paths_csv:
        files["paths.csv"] = view.paths_csv
    return files
