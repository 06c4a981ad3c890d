"""Pages do not grow with the log, and boxes stay where they stood when counts shift."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import toy

from ingest.site import Site
from ingest.store import Store
from mining import aggregate
from reports.pages.variants import SHOWN
from reports.stage import report
from reports.view import MOST_FINDINGS

KB = 1_000


def sizes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*.html")}


COPIES = {
    "journey": "journey_id + n * {journeys}, customer_id + n * {customers}, journey_key || n",
    "journey_event": (
        "pos + n * {events}, journey_id + n * {journeys}, customer_id + n * {customers}, event_no + n * {numbers}"
    ),
    "event": "event_no + n * {numbers}, customer_id + n * {customers}, call_id || '-' || n",
}
"""Table -> what of a row is another's in each further copy: ids; the process and its times are the same."""


def tenfold(root: Path) -> None:
    """Ten times the customers, who do the same."""
    with Store.open(Site(root).warehouse) as store:
        sizes = {
            "journeys": store.value("select max(journey_id) from journey"),
            "customers": 10 * store.value("select max(customer_id) // 10 + 1 from journey"),
            "events": store.value("select max(pos) from journey_event"),
            "numbers": store.value("select max(event_no) from event"),
        }
        for table, changes in COPIES.items():
            parts = [part.strip().format(**sizes) for part in changes.split(",")]
            columns = ", ".join(f"({part})::{kind_of(store, table, part)} as {part.split()[0]}" for part in parts)
            store.run(
                f"""insert into {table} select {table}.* replace ({columns}) from {table}, range(1, 10) as copy(n)
                    order by 1"""
            )
        aggregate.build(store)


def kind_of(store: Store, table: str, part: str) -> str:
    """The type of the column that a change begins with."""
    return str(store.value(f"select typeof({part.split()[0]}) from {table} limit 1"))


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two nights of one process, the second with ten times the journeys."""
    root = tmp_path_factory.mktemp("growth")
    small, large = toy.make_site(root / "small", n_journeys=3_000), root / "large"
    shutil.copytree(small, large)
    tenfold(large)
    return toy.written(small), toy.written(large)


def test_ten_times_the_events_make_no_page_a_tenth_larger(small_and_large: tuple[Path, Path]) -> None:
    """The list of ways is left to its own bound: more customers make more ways frequent enough to be told."""
    before, after = (sizes(folder) for folder in small_and_large)
    assert before.keys() == after.keys()
    grown = {name: after[name] / before[name] for name in before if after[name] >= 1.1 * before[name]}
    grown.pop("variants.html", None)
    for folder in small_and_large:
        assert (folder / "variants.html").read_text("utf-8").count("<tr") <= 2 * SHOWN + 10
    assert grown == {}, f"a page must be bounded by what it shows, not by the log: {before}"


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
    """Nights whose counts of paths vary by 12 %, each given the layout of the night before."""
    root = toy.make_site(tmp_path / "site", n_journeys=700)
    site, rng = Site(root), random.Random(12)
    toy.written(root)
    layouts = site.var / "map_layout"
    first = json.loads((layouts / f"{toy.NIGHT}.json").read_text("utf-8"))
    with Store.open(site.warehouse) as store:
        store.run("create temporary table usual as select * from dfg")
        for later in range(1, 4):
            factors = [rng.uniform(0.88, 1.12) for _ in range(1000)]
            store.run(
                """create or replace table dfg as select * exclude (place) replace (
                       greatest(1, round(n * list_extract($factors, 1 + place::integer % 1000)))::ubigint as n)
                   from (select *, row_number() over (order by step_from, step_to) as place from usual)
                   order by step_from, step_to""",
                {"factors": factors},
            )
            night = toy.NIGHT.replace(day=1 + later)
            report(site, store, night)
            assert json.loads((layouts / f"{night}.json").read_text("utf-8")) == first, f"night {later}"
