"""The map page, and the map by department as files beside it: SVG in both styles, BPMN."""

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
    return {
        "map.svg": standalone_svg(view.department, LOVEM, view.coverage),
        "map-blueprint.svg": standalone_svg(view.department, BLUEPRINT, view.coverage),
        "map.bpmn": bpmn(view.department, view.coverage),
    }
