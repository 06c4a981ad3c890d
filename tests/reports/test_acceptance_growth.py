"""Pages do not grow with the log, and boxes stay where they stood when counts shift."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import toy

from ingest.site import Site
from ingest.store import Store
from reports.render import render
from reports.stage import assemble
from reports.view import MOST_FINDINGS

KB = 1_000


def sizes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*.html")}


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two nights of one process, the second with ten times the journeys."""
    root = tmp_path_factory.mktemp("growth")
    small, large = (toy.make_site(root / str(n), n_journeys=n) for n in (700, 7_000))
    return toy.written(small), toy.written(large)


def test_ten_times_the_events_make_no_page_a_tenth_larger(small_and_large: tuple[Path, Path]) -> None:
    before, after = (sizes(folder) for folder in small_and_large)
    assert before.keys() <= after.keys()
    grown = {name: after[name] / before[name] for name in before if after[name] >= 1.1 * before[name]}
    assert grown == {}, "a page must be bounded by what it shows, not by the log"


def test_a_night_with_hundreds_of_findings_is_bounded(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=700)
    site = Site(root)
    with Store.open(site.warehouse) as store:
        store.run("create temporary table one as select * from finding where no_label = 'F-01'")
        for number in range(6, 306):
            store.run(
                """insert into finding by name
                   select * replace ($id as finding_id, $label as no_label, $rank as rank_no) from one""",
                {"id": f"{number:016x}", "label": f"F-{number:02d}", "rank": number},
            )
    folder = toy.written(root)
    found = sizes(folder)
    assert max(found.values()) <= 300 * KB and sum(found.values()) <= 5_000 * KB
    assert len([name for name in found if name.startswith("findings/")]) == MOST_FINDINGS
    overview = (folder / "overview.html").read_text("utf-8")
    assert overview.count("<article") == MOST_FINDINGS and f"{305 - MOST_FINDINGS} further findings" in overview


def test_noise_of_a_tenth_moves_no_box_and_no_lane(tmp_path: Path) -> None:
    """30 nights whose counts of paths vary by 12 %, each given the layout of the first."""
    root = toy.make_site(tmp_path / "site", n_journeys=700)
    site, rng = Site(root), random.Random(12)
    toy.written(root)
    first = json.loads((site.var / "map_layout" / f"{toy.NIGHT}.json").read_text("utf-8"))
    with Store.open(site.warehouse) as store:
        pairs = store.rows("select step_from::varchar, step_to::varchar, n from dfg order by all")
        for trial in range(6):
            for source, target, n in pairs:
                store.run(
                    "update dfg set n = $n where step_from::varchar = $a and step_to::varchar = $b",
                    {"n": max(1, round(n * rng.uniform(0.88, 1.12))), "a": source, "b": target},
                )
            model = assemble(site, store, toy.NIGHT.replace(day=2 + trial))
            assert model.maps is not None
            assert json.loads(json.dumps(model.maps.pins)) == first, f"trial {trial}"
            assert any(page.path == "map.html" for page in render(model))
