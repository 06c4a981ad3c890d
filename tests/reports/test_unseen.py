"""What was looked for: every family says how small a thing would have been seen, from the warehouse's own counts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import toy

from ingest.site import Site
from ingest.store import Store
from mining import analyses
from mining.method import Method
from reports import formats
from reports.figures_search import search_figure
from reports.unseen import unseen_rows, unstated


def limits(night: Path) -> dict[str, str]:
    """Family -> sentence, as the data page tells them."""
    table = (night / "data.html").read_text("utf-8").split('<table id="searched"')[1].split("</table>")[0]
    rows = re.findall(r"<tr><td>(.*?)</td><td[^>]*>\d+</td><td>(.*?)</td></tr>", table)
    return {unescape(name): unescape(limit) for name, limit in rows}


def test_every_kind_of_finding_has_its_sentence() -> None:
    kinds = {kind for analysis in analyses.scan() for kind in analysis.kinds}
    assert unstated(kinds) == {"data_quality"}, "state in reports/unseen.py how small such a thing may be"


def test_where_nothing_is_found_the_overview_says_so_and_the_limit_is_that_of_the_journeys(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=400, findings=False)
    night = toy.written(root)
    with Store.open(Site(root).warehouse, read_only=True) as store:
        n = store.value("select count(*) from journey where is_complete")
    told = limits(night)["Loops and rework"]
    assert f"of {formats.count(n)} closed journeys would have gone unseen" in told
    share = float(re.search(r"larger than ([\d.]+)", told).group(1)) / 100  # type: ignore[union-attr]
    assert n * share > Method().loop_hits_min, "on average more than the floor, so that it holds 8 times in 10"
    overview = unescape((night / "overview.html").read_text("utf-8"))
    assert (
        f"Nothing is told of any of the {len(limits(night))} kinds" in overview
        and 'href="data.html#unseen"' in overview
    )


def test_what_was_not_looked_for_says_why(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=30, findings=False)
    (root / "process" / "intended.toml").unlink()
    told = limits(toy.written(root))
    assert (
        told["Loops and rework"].startswith("Too little data:")
        and "at least 100 are needed" in told["Loops and rework"]
    )
    assert "declares no intended process" in told["Steps skipped, added or out of order"]
    assert "declares no rule" in told["Broken rules"]


def test_a_family_with_findings_is_not_told_as_empty(toy_site: Path) -> None:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        rows = unseen_rows(search_figure(store, 6, None, None), Method(), None)
        told = store.value("select count(*) from finding where status in ('candidate', 'confirmed')")
    assert sum(row.n_told for row in rows) == told
    assert {row.name for row in rows if row.n_told} == {
        "Loops and rework", "Steps skipped, added or out of order", "Steps that could be one"
    }  # fmt: skip
