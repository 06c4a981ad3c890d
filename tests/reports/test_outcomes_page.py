"""The page of bad ends (`outcomes`), and the picture of a path on a finding's page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import toy
from test_drill_downs import table

from ingest.site import Site
from ingest.store import Store
from reports import formats, path_picture
from reports.figures import Figures
from reports.pages import outcomes
from reports.render import render
from reports.stage import assemble
from reports.view_journeys import StepNames

PATH = {
    "outcome": "giving up", "form": "giving up", "finding_id": "", "n_ended": 200, "n_at_risk": 1000, "n_bad": 80,
    "share_low": None, "share_high": None, "low": None, "high": None,
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    PATH | {"path_no": 1, "steps": ["checkout", "pay"], "hits": 44, "n_customers": 40, "share": 0.55, "share_low": 0.44,
            "share_high": 0.66, "others": 0.30, "difference": 0.25, "low": 0.14, "high": 0.36},
    PATH | {"path_no": 2, "steps": ["checkout"], "hits": 20, "n_customers": 19, "share": 0.25, "share_low": 0.15,
            "share_high": 0.35, "others": 0.25, "difference": 0.0, "low": -0.08, "high": 0.08},
    PATH | {"path_no": 0, "steps": [], "hits": 16, "n_customers": 0, "share": 0.20, "others": 0.45,
            "difference": -0.25},
    {"outcome": "call_complaint", "form": "delayed", "path_no": 0, "steps": [], "n_ended": 3, "n_at_risk": 900},
]  # fmt: skip


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = toy.make_site(tmp_path_factory.mktemp("ends") / "shop", n_journeys=300)
    site = Site(root)
    with Store.open(site.warehouse) as store:
        for row in ROWS:
            columns = ", ".join(f"${name} as {name}" for name in row)
            store.run(f"insert into outcome_path by name select {columns}", row)
        figures = Figures(store, toy.NIGHT)
        pages = {page.path: page.content.decode() for page in render(assemble(site, figures), figures)}
    return pages["outcomes.html"]


def test_each_line_has_both_shares_and_the_lines_add_up(html: str) -> None:
    rows = table(html, "table-outcome-1")
    assert [row[1].split(" (")[0] for row in rows] == [formats.share(share) for share in (0.55, 0.25, 0.2)]
    assert [row[2] for row in rows] == [formats.share(share) for share in (0.30, 0.25, 0.45)]
    assert [row[3] for row in rows] == [
        "+25.0 (+14.0 to +36.0)",
        f"0.0 ({formats.MINUS}8.0 to +8.0)",
        f"{formats.MINUS}25.0",
    ]
    assert rows[2][0] == "All other ways" and rows[1][5] == "typical; others go it as often"
    assert "20.0" in html.split("<h1", 1)[1].split("</h1>", 1)[0] and "200 of 1" in html


def test_a_bad_end_of_few_journeys_tells_no_path_and_no_number_of_few(html: str) -> None:
    assert table(html, "few-ends") == [[table(html, "few-ends")[0][0], f"<{formats.THIN}5"]]
    assert "table-outcome-2" not in html


def test_the_boxes_are_the_steps_in_their_lanes_and_the_end(html: str) -> None:
    first = html.split('<table id="table-outcome-1"', 1)[1].split("<tbody>", 1)[1].split("</tr>", 1)[0]
    boxes = re.findall(r'<span class="chev (t\d)( own)?">([^<]*)</span>', first)
    assert len(boxes) == 3 and boxes[-1][1:] == (" own", "Gives up the order") and not boxes[0][1]


def test_without_bad_ends_the_page_says_what_to_declare(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "shop", n_journeys=60)
    with Store.open(Site(root).warehouse) as store:
        figures = Figures(store, toy.NIGHT)
        view = outcomes.build(figures, assemble(Site(root), figures))
        assert "process/steps.toml" in view.lede and view.outcomes == ()
        store.run("drop table outcome_path")
        assert outcomes.build(figures, assemble(Site(root), figures)).outcomes == ()


def test_the_picture_of_a_finding_shows_its_two_shares() -> None:
    names = StepNames({"a": "Does A", "b": "Does B", "x": "Ends badly"}, {"a": 1, "b": 2, "x": 3}, frozenset())
    extra = {"path": ["a", "b"], "outcome": "x", "share": 0.6, "share_interval": [0.5, 0.7], "share_others": 0.3}
    strip, drawing = path_picture.of_finding(extra, names) or (None, "")
    assert strip and [(box.label, box.tint, box.is_own) for box in strip.chevrons] == [
        ("Does A", 1, False), ("Does B", 2, False), ("Ends badly", 3, True)
    ]  # fmt: skip
    wide = drawing.split("</svg>", 1)[0]
    rest, *own = (float(width) for width in re.findall(r'width="([\d.]+)" height="14"', wide))
    assert own[0] / rest == pytest.approx(0.6, abs=0.01) and own[2] / own[1] == pytest.approx(0.3, abs=0.01)
    assert path_picture.of_finding({"path": ["a"]}, names) is None
