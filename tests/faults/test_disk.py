"""A disk that is full, read-only or broken: exit 74, path and free bytes are told, the next night mends it (G16)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.errors import StorageError
from ingest.store import Store

KB = 1024


@contextmanager
def small_disk(folder: Path, free_kb: int) -> Iterator[None]:
    """`folder` on a disk of its own, with so much room left. Skips where nothing may be mounted."""
    aside = folder.with_name(folder.name + ".aside")
    if folder.exists():
        folder.rename(aside)
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here (needs root)")
    try:
        if aside.exists():
            shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
        disk = os.statvfs(folder)
        used_kb = (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024
        remount(folder, f"size={used_kb + free_kb}k")
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def last_problem(said: str) -> str:
    """The last line on stderr: what a stage printed before comes when it pleases, or when the process ends."""
    return [line for line in said.splitlines() if line.startswith("frontstage ")][-1]


def current(site) -> dict[str, str]:
    return {name: value for name, value in site.published().items() if name.startswith("current/")}


@pytest.mark.parametrize("folder", ["var", "reports", "exports"])
def test_a_full_disk(nights, before, after, campaign, tmp_path, folder):
    tables, last_report = set(before.tables()), current(before)
    failed = 0
    for extra_kb in (0, 64, 256, 512, 1024, 2048) if campaign else (0,):
        site = before.copy(tmp_path / f"site{extra_kb}")
        with small_disk(site.root / folder, extra_kb):
            code, said = nights.run(site)
            if code == 0:
                continue  # room enough
            failed += 1
            assert code == 74, said
            line = last_problem(said)
            assert re.search(rf"{site.root}.*\b\d+ bytes are free", line) and "run again" in line, said
            assert tables <= set(site.tables()), "the warehouse opens while the disk is full"
            assert current(site) == last_report
            remount(site.root / folder, "size=64m")
            code, said = nights.run(site)
            assert (code, site.state()) == (0, after), said
    assert failed


def test_files_that_may_not_grow(nights, before, after, tmp_path):
    """The same without a mount: no file of the run may pass the warehouse's size."""
    site = before.copy(tmp_path / "site")
    code, said = nights.run(site, file_size_limit=site.warehouse.stat().st_size // 4096 * 4096)
    assert code == 74, said
    assert current(site) == current(before)
    code, said = nights.run(site)
    assert (code, site.state()) == (0, after), said


def test_a_first_night_on_a_full_disk_leaves_no_stub(nights, empty, tmp_path):
    """A database that is cut short while it is being made never opens again: it is made beside its place."""
    site = empty.copy(tmp_path / "site")
    with small_disk(site.root / "var", 64):
        code, said = nights.run(site, "ingest")
        assert code == 74 and "bytes are free" in said, said
        assert not site.warehouse.exists()
        remount(site.root / "var", "size=64m")
        assert nights.run(site)[0] == 0


def test_a_disk_that_is_read_only(nights, before, after, tmp_path):
    site = before.copy(tmp_path / "site")
    with small_disk(site.root / "var", 64 * KB):
        remount(site.root / "var", "ro")
        code, said = nights.run(site)
        assert code == 74, said
        line = last_problem(said)
        assert str(site.root / "var") in line and "Read-only file system" in line
        assert current(site) == current(before)
        remount(site.root / "var", "rw")
        assert nights.run(site)[0] == 0
        assert site.state() == after


def test_a_spill_that_finds_no_room(tmp_path):
    """Out of memory and of spill space: the message names the place, the connection lives on."""
    (tmp_path / "w.spill").mkdir()
    path = tmp_path / "w.duckdb"
    with small_disk(tmp_path / "w.spill", 2 * KB), Store.open(path, memory_limit="64MB", threads=1) as store:
        with pytest.raises(StorageError, match=r"spill.*w\.duckdb.*bytes are free"):
            store.rows("select count(*) from (select distinct md5(i::varchar) from range(3000000) as t(i))")
        assert store.value("select 1") == 1


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_a_system_call_that_fails(before, after, nights, campaign, tmp_path, call):
    """Real I/O errors of the database's own calls, by strace: the n-th fails, for n = 1, 2, 3 ... until none does."""
    if not campaign:
        pytest.skip("a campaign: make campaign")
    if shutil.which("strace") is None:
        pytest.skip("no strace here")
    for n in range(1, 400):
        site = before.copy(tmp_path / "site")
        command = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={call}",
                   "-e", f"inject={call}:error=EIO:when={n}",
                   sys.executable, "-m", "ingest", "--site", str(site.root)]  # fmt: skip
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"FRONTSTAGE_KEY": "5e" * 32},
            cwd=Path(__file__).parents[2],
        )
        hit = "INJECTED" in (tmp_path / "trace").read_text()
        assert run.returncode == (74 if hit else 0), (n, run.stderr)
        code, said = nights.run(site)
        assert (code, site.state()) == (0, after), (n, said)
        if not hit:
            break
    assert n > 2
