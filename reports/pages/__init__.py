"""Pages: one self-describing template NAME.html.j2 each, found by scanning this folder; nothing is registered by hand.

A page that shows more than the report's own numbers has a module NAME.py beside it, with

    build(figures, report) -> view      what its template sees as `view`; it reads its numbers by its own queries
    beside(view) -> {name: bytes}       optional: files that are written next to the page, such as a table as CSV

so that a page adds no field to `Report`. Each list a page shows is bounded and says how much it leaves out.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.errors import FrontstageError

if TYPE_CHECKING:
    from reports.figures import Figures
    from reports.view import Report

HERE = Path(__file__).parent


def built(stem: str, figures: Figures, report: Report) -> tuple[Any, dict[str, bytes]]:
    """(view, files beside the page) of the page `stem`; (None, {}) when it has no module.

    A view is built once a night: a page that shows part of another one's shows the same numbers.
    Raises FrontstageError when the module has no `build`.
    """
    if not (HERE / f"{stem}.py").exists():
        return None, {}
    module = importlib.import_module(f"{__name__}.{stem}")
    if not hasattr(module, "build"):
        raise FrontstageError(
            f"pages/{stem}.py: no build(figures, report); a page's module states what its template sees"
        )
    if stem not in figures.views:
        figures.views[stem] = module.build(figures, report)
    view = figures.views[stem]
    return view, module.beside(view) if hasattr(module, "beside") else {}
