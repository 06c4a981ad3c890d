"""A run that dies or fails before its n-th statement, write, fsync or rename: the next night mends it (G4, G7, G16)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

STRIDE = 160
TOLD = {"FRONTSTAGE_LOG": "DEBUG"}
"""All nights of a test speak alike: what is told is read first, and that is a point too."""


def points(log: str) -> list[tuple[int, str, str]]:
    """The points a night has passed: number, kind, what."""
    found = re.findall(r"point (\d+): (\w+): (.*)", log)
    return [(int(number), kind, what) for number, kind, what in found]


@pytest.fixture(scope="module")
def passed(nights, before, tmp_path_factory) -> list[tuple[int, str, str]]:
    """The points of the undisturbed second night."""
    site = before.copy(tmp_path_factory.mktemp("passed") / "site")
    code, said = nights.run(site, fault="0", environment=TOLD)
    assert code == 0
    return points(said)


def test_every_statement_and_every_change_of_a_file_is_a_point(passed):
    assert [number for number, _, _ in passed] == list(range(1, len(passed) + 1))
    kinds = {kind for _, kind, _ in passed}
    assert kinds == {"sql", "write", "fsync", "rename"}
    renamed = {what.split(" to ")[0].split(" for ")[0] for _, kind, what in passed if kind == "rename"}
    assert {
        "state.json.new",
        "run.json.new",
        "findings.json.new",
        "dfg.csv.new",
        ".2026-01-10.new",
        ".2026-01-10.link",
    } <= renamed
    assert len(passed) > 250


def mends(nights, site, after) -> None:
    """A clean night ends where the undisturbed one did."""
    code, said = nights.run(site)
    assert code == 0, said
    assert site.state() == after
    assert not list(site.root.glob("var/*.wal")) and not list(site.root.glob("reports/.*.new"))


def faults_of(campaign: bool, passed: list[tuple[int, str, str]]) -> Iterator[str]:
    """Deaths at a sample of points, or at every one; in a campaign also failures of all that writes."""
    for number, kind, what in passed if campaign else passed[STRIDE // 2 :: STRIDE]:
        yield str(number)
        if campaign and (kind != "sql" or what in ("commit", "checkpoint")):
            yield f"{number}:enospc"


def test_a_night_after_one_that_died_ends_like_an_undisturbed_one(nights, before, after, passed, campaign, tmp_path):
    current = before.published()
    for fault in faults_of(campaign, passed):
        site = before.copy(tmp_path / "site")
        code, said = nights.run(site, fault=fault, environment=TOLD)
        number, _, what = passed[int(fault.split(":")[0]) - 1]
        # run.json, in the run's folder, is a note: a night that can't write it has done its work all the same
        is_note = re.fullmatch(r"run\.json.*|r\d+", what) is not None
        assert code == (137 if ":" not in fault else 0 if is_note else 74), (fault, said)
        if code and number < next(n for n, _, what in passed if what.startswith("dfg.csv")):
            assert site.published() == current, (fault, what)
        mends(nights, site, after)


def test_a_first_night_that_died_leaves_nothing_in_the_way(nights, empty, campaign, tmp_path):
    """The warehouse is made beside its place, and the schema comes whole."""
    site = empty.copy(tmp_path / "reference")
    code, said = nights.run(site, "ingest", fault="0", environment=TOLD)
    assert code == 0, said
    expected, n = site.state(), len(points(said))
    making = [number for number, _, what in points(said) if "schema.sql" in what or "to warehouse.duckdb" in what]
    assert len(making) >= 3
    for number in range(1, n + 1) if campaign else [*making[:2], making[2] + 2]:
        site = empty.copy(tmp_path / "site")
        assert nights.run(site, "ingest", fault=str(number), environment=TOLD)[0] == 137
        code, said = nights.run(site, "ingest")
        assert (code, site.state()) == (0, expected), (number, said)


def test_a_reader_finds_a_whole_report_whenever_a_publishing_dies(nights, before, after, tmp_path):
    """One site, one death after the other before each rename, no clean night between."""
    site = before.copy(tmp_path / "site")
    code, said = nights.run(site, "ingest", "mining")
    assert code == 0, said
    old, new = current(before.published()), current(after)
    assert old != new
    for number in range(1, 9):
        code, said = nights.run(site, "reports", fault=f"rename:{number}")
        assert current(site.published()) == (old if number == 1 else new), number
        if code == 0:
            break
        assert code == 137
    assert number >= 3, "the night's folder, the link, run.json"
    mends(nights, site, after)


def current(published: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in published.items() if name.startswith("current/")}


def test_a_disk_that_fails_a_rename_is_exit_74_and_says_where(nights, before, after, tmp_path):
    site = before.copy(tmp_path / "site")
    code, said = nights.run(site, fault="rename:1:eio")
    assert code == 74
    assert re.search(r"state\.json.*(Input/output error).*bytes are free", said), said
    assert site.runs()[-1]["exit_code"] == 74 and "state.json" in site.runs()[-1]["reason"]
    mends(nights, site, after)


@pytest.mark.parametrize("text", ["x", "1:full", "rename", "-1", "1:eio:2"])
def test_a_fault_that_is_none_is_refused(text):
    from ingest import faults
    from ingest.errors import UsageError

    with pytest.raises(UsageError, match="FRONTSTAGE_FAULT"):
        faults.arm(text)


def test_a_key_that_was_half_written_is_written_anew(monkeypatch, tmp_path: Path):
    from ingest import faults
    from ingest.errors import StorageError
    from ingest.pseudonym import load_key

    monkeypatch.delenv("FRONTSTAGE_KEY", raising=False)
    for kind in ("write", "fsync", "rename"):
        faults.arm(f"{kind}:1:enospc")
        with pytest.raises(StorageError, match="key"):
            load_key(tmp_path / "key")
        assert not (tmp_path / "key").exists()
    faults.arm(None)
    assert len(load_key(tmp_path / "key")) == 32
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
