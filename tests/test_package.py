"""The wheel holds every .sql file, template and asset: it is built, unpacked elsewhere, and the stages run from
there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = ("ingest", "mining", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_stages(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    here = {
        str(path.relative_to(ROOT))
        for stage in STAGES
        for path in (ROOT / stage).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here - inside == set()
    assert not any(name.startswith(("tests/", "data/")) for name in inside)


def test_the_stages_run_from_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    zipfile.ZipFile(wheel).extractall(installed)
    site = tmp_path / "site"
    shutil.copytree(
        ROOT / "data" / "sample", site, ignore=shutil.ignore_patterns("var", "reports", "exports", "*.json*")
    )
    shutil.copy(
        ROOT / "data/sample/inbox/orders/orders-2026-01-11.json.gz", site / "inbox/orders/orders-20260111.json.gz"
    )
    for path in (site / "inbox").glob("*/*"):
        if "2026011" not in path.name:
            path.unlink()
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "ingest", "nightly", "--site", str(site), "--as-of", "2026-01-20"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (site / "reports" / "current" / "overview.html").exists()
