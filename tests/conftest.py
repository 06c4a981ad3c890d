"""The sample night, made once for all tests that look at it: the README's main command on a copy of the project."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("FRONTSTAGE_BROWSER", "")  # no night of a test prints a PDF, but the tests of that

ROOT = Path(__file__).parents[1]
sys.path.append(str(Path(__file__).parent))  # for tiny_site
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "exports", "bench", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture(scope="session")
def sample_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after `make nightly` (with this environment; CI sets up a fresh one before the tests)."""
    if shutil.which("make") is None:
        pytest.skip("make is not here")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # workers run side by side and share one night
        shared = shared.parent
    copy = shared / "night" / "frontstage"
    with (shared / "night.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            make_night(copy)
    return copy


def make_night(copy: Path) -> None:
    """Copy the project and run its night there; what fails leaves no copy."""
    try:
        _run_night(copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise


def _run_night(copy: Path) -> None:
    shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
    shutil.rmtree(copy / "data" / "sample" / "reports", ignore_errors=True)
    (copy / ".venv").symlink_to(Path(sys.prefix))
    command = re.search(r"```sh\n(make nightly)\n", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert command, "README.md names the main command first"
    done = subprocess.run(
        [*command.group(1).split(), "-o", ".venv/.runtime"],
        cwd=copy, capture_output=True, text=True, check=False, env=os.environ | {"AS_OF": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
