"""Scenarios as findings (`what_if`): a site too small to be reckoned through says so, and how much it lacks."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from toy_site import NIGHT, toy_warehouse

from ingest.site import Site
from ingest.store import Store
from mining import population, register, stage
from mining.analyses import what_if
from mining.context import Context
from mining.findings import Finding

SCENARIOS = Path(__file__).parents[1] / "worldgen/site_files/scenarios"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("what_if")
    made = toy_warehouse(root, 300)
    shutil.copytree(SCENARIOS, root / "process/scenarios")
    return made


def told(site: Site, **frame: object) -> list[Finding]:
    with Store.open(site.warehouse) as store:
        register.prepare(store)
        context: Context = replace(stage.make_context(site, store, NIGHT), **frame)  # type: ignore[arg-type]
        population.prepare(store, context)
        return what_if.find(store, context)


def test_a_small_site_is_told_what_it_lacks(site: Site) -> None:
    found = told(site, confirmed=frozenset(), known=frozenset())
    assert {one.where["scenario"] for one in found} == {path.stem for path in SCENARIOS.glob("*.toml")}
    for one in found:
        assert (one.kind, one.status, one.grade) == ("whatif", "not_enough_data", "D")
        assert one.ci.get("reason") and one.cost["customer_min_per_week"] is None
        assert one.effect["value"] is None or one.effect["value"] == 0


def test_a_decision_tells_of_closed_windows_only(site: Site) -> None:
    assert told(site, confirmed=None) == []
    assert told(site, confirmed=frozenset(), known=frozenset(), scenarios=()) == []
