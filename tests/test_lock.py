"""The lock files: every package by hash, no address in them, and they agree with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.M)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_is_pinned_by_hash_and_no_address_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if NAME.match(block))


def test_both_locks_pin_the_same_versions_of_what_runs() -> None:
    runtime, dev = (dict(NAME.findall((ROOT / n).read_text())) for n in ("requirements.lock", "requirements-dev.lock"))
    assert {name: dev.get(name) for name in runtime} == runtime


def test_the_runtime_lock_covers_the_declared_dependencies() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=!~ ]", text)[0].lower() for text in declared}
    assert names <= {name.lower() for name, _ in NAME.findall((ROOT / "requirements.lock").read_text())}
