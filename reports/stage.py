"""The report stage: a night's numbers become a folder of pages, published by one rename.

    SITE/reports/<night>/index.html (= overview.html), overview.html, map.html, charts.html, data.html,
    glossary.html,
    findings/F-nn.html, map.svg, map-blueprint.svg, map.bpmn
    SITE/reports/current -> <night>

Pages are built in a sibling folder first; on any failure the last report stays as it was.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ingest.durable import exchange, free_bytes, rename, write, write_atomically
from ingest.errors import DataGateError, StateError, StorageError
from ingest.language import speaking
from ingest.site import Site
from ingest.store import Store
from mining.context import read_touch
from mining.intended import load
from mining.method import Method
from reports import pdf
from reports.figures import Figures
from reports.figures_search import search_figure
from reports.layout_cells import Cell
from reports.map_notes import criteria_words
from reports.render import render
from reports.unseen import unseen_rows
from reports.view import Report, build

_NEEDED = (
    "event",
    "journey",
    "journey_event",
    "touch",
    "steps",
    "dfg",
    "variants",
    "journey_metrics",
    "finding",
    "ledger",
    "night_figure",
)


def report(site: Site, store: Store, night: dt.date) -> Path:
    """Write the report of `night` and make it the current one. Returns the night's folder.

    `store` is only read. Raises StateError when mining has not run, DataGateError when an audit forbids to publish,
    StorageError when the folder can't be written.
    """
    missing = [name for name in _NEEDED if not store.has_table(name)]
    if missing:
        raise StateError(
            f"{site.warehouse}: no table {missing[0]!r}; expected what ingest and mining leave; run both, then reports"
        )
    if faults := forbidding(store):
        raise DataGateError(f"{'; '.join(faults)}; the last report stays in place")
    figures = Figures(store, night, site.settings.privacy.min_cell)
    try:
        with speaking(site.settings.site.language):
            return publish(site.reports, figures, assemble(site, figures), _pins_file(site, night))
    except OSError as error:
        raise StorageError(
            f"{site.reports}: the report can't be written ({error.strerror}; {free_bytes(site.reports)} bytes are free "
            "on its disk); the last report stays in place; free space or make the folder writable, then run again"
        ) from error


def forbidding(store: Store) -> list[str]:
    """What the audits of ingest found that no report may be made of."""
    if not store.has_table("audit"):
        return []
    return [message for (message,) in store.rows("select message from audit where not publishes order by all")]


def assemble(site: Site, figures: Figures) -> Report:
    """Read what more than one page of a night's report shows; a page's own numbers are read as it is made."""
    settings = site.settings
    labels = {step: touch.label for step, touch in read_touch(figures.store).items()}
    process = load(site.process, labels)
    method = replace(Method(), small_cell_customers=settings.privacy.min_cell)
    case, valid_from = (process.case, process.valid_from) if process else (None, None)
    searched = search_figure(figures.store, method.discovery_parts, case, valid_from)
    return build(
        figures,
        site=site.name,
        currency=settings.site.currency,
        intended=process.order if process else (),
        successors=process.successors if process else frozenset(),
        pins=read_pins(site, figures.as_of),
        unseen=unseen_rows(searched, method, process),
        criteria=criteria_words(process, labels),
    )


def publish(reports: Path, figures: Figures, model: Report, pins_file: Path) -> Path:
    """Write all pages next to their place, then swap: first the night's folder, then the link `current`."""
    night = figures.as_of
    target = reports / night.isoformat()
    fresh, link = (reports / f".{night.isoformat()}.{part}" for part in ("new", "link"))
    reports.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        for page in render(model, figures):
            path = fresh / page.path
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, page.content)
        pdf.print_pages(fresh, night)
        if target.exists():
            exchange(fresh, target)
        else:
            rename(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    link.unlink(missing_ok=True)
    link.symlink_to(night.isoformat(), target_is_directory=True)
    rename(link, reports / "current")
    if model.maps and model.charts:
        _write_pins(pins_file, model.maps.pins | model.charts.pins)
    return target


def _pins_file(site: Site, night: dt.date) -> Path:
    return site.var / "map_layout" / f"{night.isoformat()}.json"


def _write_pins(path: Path, pins: Mapping[str, Mapping[str, Cell]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(pins, sort_keys=True, indent=1) + "\n")


def read_pins(site: Site, night: dt.date) -> dict[str, dict[str, Cell]]:
    """Where the boxes stood on the last night before this one; empty on the first, and when the file can't be read.

    On the first night of a month nothing is pinned: the gaps that vanished steps left are closed then.
    """
    folder = site.var / "map_layout"
    earlier = sorted(path for path in folder.glob("????-??-??.json") if path.stem < night.isoformat())
    if not earlier or night.day == 1:
        return {}
    try:
        found = json.loads(earlier[-1].read_text(encoding="utf-8"))
        return {
            view: {key: (int(cell[0]), int(cell[1])) for key, cell in cells.items()} for view, cells in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return {}  # a layout is a convenience: without it the map is drawn afresh
