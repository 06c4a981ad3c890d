"""A toy site, mined and reported once per test session; a browser where Debian's Chromium is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import toy
from toy import CHROMIUM
from toy_research import plant_research

from ingest.site import Site
from ingest.store import Store


@pytest.fixture(scope="session")
def toy_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose warehouse is filled, with research on competitors."""
    root = toy.make_site(tmp_path_factory.mktemp("site") / "shop")
    with Store.open(Site(root).warehouse) as store:
        plant_research(store, root, toy.frame_of(store))
    return root


@pytest.fixture(scope="session")
def night(toy_site: Path) -> Path:
    """The folder of its report."""
    return toy.written(toy_site)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a download. Skips, and says so, where it is absent."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: what a browser must judge is not tested")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()
