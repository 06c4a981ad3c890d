"""The page of charts, and as files beside it the charts of departments for which it has no room."""

from __future__ import annotations

from reports.chart_kinds import ChartsView
from reports.figures import Figures
from reports.view import Report


def build(_figures: Figures, report: Report) -> ChartsView | None:
    """The charts of the night; None where no event has a visible step."""
    return report.charts


def beside(view: ChartsView | None) -> dict[str, bytes]:
    """What the page has no room for."""
    return dict(view.files) if view else {}
