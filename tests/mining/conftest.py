"""Makes the helpers of this folder importable; a warehouse in memory; hypothesis without chance."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ingest.store import Store

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=25, database=None)
settings.load_profile("fixed")


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty warehouse in memory."""
    with Store.open() as opened:
        yield opened


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real logs beside the repository; skips when it is absent."""
    folder = Path(__file__).parents[3] / "shared" / "realdata" / "process"
    if not folder.is_dir():
        pytest.skip("no ../shared/realdata/process beside the repository: real logs are never committed")
    return folder
