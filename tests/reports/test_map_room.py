"""The map page stays within its bytes, whatever the site; what it leaves out is a file, and it says so."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import toy
from wide import make_wide_site

from ingest.site import Site
from ingest.store import Store
from reports import map_room, view_tables
from reports.figures import Figures
from reports.view_tables import TableRow

MOST_BYTES = 300_000


def test_a_page_of_many_paths_leaves_them_to_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_wide_site(tmp_path / "wide", n_journeys=900)
    whole = (toy.written(root) / "map.html").read_text("utf-8")
    assert len(whole.encode()) < MOST_BYTES and 'id="rare"' in whole
    monkeypatch.setattr(map_room, "MOST_BYTES", 140_000)
    monkeypatch.setattr(view_tables, "MOST_STEPS", 40)
    night = toy.written(root)
    page = (night / "map.html").read_text("utf-8")
    assert len(page.encode()) < 140_000
    assert 'id="rare"' not in page and 'href="map-rare.svg"' in page and (night / "map-rare.svg").exists()
    assert "The 40 most frequent of 60 visible steps that occur" in page
    with Store.open(Site(root).warehouse, read_only=True) as store:
        told = [move.n for move in Figures(store, toy.NIGHT).moves() if move.n_customers >= 5]
    listed = [int(n) for n in re.findall(r'<td class="num" data-v="(\d+)">', page.split('id="path-table"')[1])][::4]
    assert 0 < len(listed) < len(told) and listed == told[: len(listed)]
    assert f"{len(told) - len(listed)} further paths below the first {len(listed)}" in unescape(page)
    rows = list(csv.reader(io.StringIO((night / "paths.csv").read_text("utf-8"))))
    assert [int(row[2]) for row in rows[1:]] == told
    ids = set(re.findall(r' id="([^"]*)"', page))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= ids, "no link to a row that is not there"


def test_a_row_is_never_taken_for_less_than_it_is(night: Path) -> None:
    page = (night / "map.html").read_text("utf-8")
    for table in ("step-table", "path-table"):
        for row in re.findall(r"<tr.*?</tr>", page.split(f'id="{table}"')[1].split("</table>")[0], re.S)[1:]:
            cells = re.findall(r'<td(?: class="num" data-v="(\d+)")?>(?:<a href="([^"]*)">)?([^<]*)', row)
            told = tuple((text, int(sort) if sort else None, href or None) for sort, href, text in cells)
            kind = re.search(r'class="kind (\w+)"', row)
            told = told[:-1] if kind else told
            taken = map_room.row_bytes(
                TableRow("step-" if table == "step-table" else "", told, kind[1] if kind else "")
            )
            assert taken >= len(row.encode()) - 40, row


def test_a_name_is_no_formula_in_a_spreadsheet() -> None:
    row = TableRow("", (("=1+1", None, None), ("b", None, None), ("9", 9, None)), "allowed")
    assert map_room.paths_csv([row, replace(row, kind="deviation")]).decode().splitlines()[1:] == [
        "'=1+1,b,9,allowed",
        "'=1+1,b,9,deviation",
    ]
