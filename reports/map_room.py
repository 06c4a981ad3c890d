"""Keep the map page within its 300 kB: what has no room on it goes into files beside it, and the page says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

from reports.diagrams import Diagram
from reports.view_maps import MapsView
from reports.view_tables import MOST_ROWS, TableRow

MOST_BYTES = 297_000
_FRAME = 36_000
"""Bytes of a page without its drawings and rows: styles, script, navigation, legend, notes."""

_ROW, _CELL = 72, 27
"""Bytes of markup of a table's row and of each of its cells."""

PATH_COLUMNS = ("From", "To", "Times", "Journeys", "Median ms", "9 of 10 within, ms")


def fit(maps: MapsView, steps: Sequence[TableRow], moves: Sequence[TableRow]) -> tuple[MapsView, tuple[TableRow, ...]]:
    """The maps and the rows of the path table that the page has room for.

    First the map with rare paths becomes a file; then the table of paths is cut, and the whole of it becomes a file.
    """
    drawings, rare = drawn_bytes(maps.department) + drawn_bytes(maps.simple), drawn_bytes(maps.rare)
    room = MOST_BYTES - _FRAME - drawings - sum(map(row_bytes, steps))
    if maps.rare and sum(map(row_bytes, moves)) > room - rare:
        maps, rare = replace(maps, rare=None, rare_file=maps.rare), 0
    room -= rare
    kept: list[TableRow] = []
    for row in moves:
        room -= row_bytes(row)
        if room < 0 or len(kept) == MOST_ROWS:
            return replace(maps, paths_csv=paths_csv(moves)), tuple(kept)
        kept.append(row)
    return maps, tuple(kept)


def drawn_bytes(drawn: Diagram | None) -> int:
    """Bytes of a drawing."""
    return len(drawn.body.encode()) + len(drawn.heads.encode()) if drawn else 0


def row_bytes(row: TableRow) -> int:
    """About how many bytes a row takes on the page."""
    cells = sum(len(text.encode()) + len(str(sort or "")) + len(href or "") + _CELL for text, sort, href in row.cells)
    return _ROW + len(row.anchor) + 2 * len(row.kind) + cells


def paths_csv(rows: Sequence[TableRow]) -> bytes:
    """All told paths: the names of their steps, and their numbers as they are sorted by."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*PATH_COLUMNS, "Class"))
    for row in rows:
        values = [text if sort is None else sort for text, sort, _ in row.cells]
        writer.writerow([*(_inert(value) for value in values), row.kind])
    return out.getvalue().encode()


def _inert(value: str | int) -> str | int:
    """A name that a spreadsheet would take for a formula, made text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
