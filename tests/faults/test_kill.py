"""kill -9, SIGTERM and SIGINT at seeded random moments; several runs at once (G4, G8, G19)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
NIGHT_S = 1.5  # about as long as a tiny night takes; a later signal finds it ended


def until(log: Path, mark: str) -> None:
    """Wait until a night has said `mark`; what never comes fails the test."""
    end = time.monotonic() + PATIENCE_S
    while not log.exists() or mark not in log.read_text():
        assert time.monotonic() < end, f"the night never said {mark!r}: {log.read_text() if log.exists() else ''}"
        time.sleep(0.002)


def test_kill_9_at_random_moments(nights, before, after, campaign, tmp_path):
    """Five kills, then a clean night; a campaign has twenty times as many."""
    rng = random.Random(9)
    killed = 0
    for row in range(20 if campaign else 1):
        site = before.copy(tmp_path / f"site{row}")
        for _ in range(5):
            pid, _log = nights.start(site)
            time.sleep(rng.uniform(0, NIGHT_S))
            os.kill(pid, signal.SIGKILL)
            killed += nights.wait(pid) == -signal.SIGKILL
        code, said = nights.run(site)
        assert (code, site.state()) == (0, after), said
    assert killed >= 3


def test_a_stage_that_is_stopped_at_a_random_moment(nights, before, after, campaign, tmp_path):
    rng = random.Random(19)
    stopped = []
    for row in range(10 if campaign else 1):
        site = before.copy(tmp_path / f"site{row}")
        for number, code in 2 * [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
            pid, log = nights.start(site, "ingest", environment={"FRONTSTAGE_LOG": "DEBUG"})
            until(log, "frontstage ingest: debug:")
            time.sleep(rng.uniform(0, NIGHT_S / 4))
            os.kill(pid, number)
            ended = nights.wait(pid)
            assert ended in (0, code), log.read_text()
            if ended:
                stopped.append(number)
                assert f"stopped by {number.name}" in log.read_text() and "Traceback" not in log.read_text()
                assert site.runs()[-1]["exit_code"] == code
        assert nights.run(site)[0] == 0
        assert site.state() == after
    assert stopped


def nightly(site) -> subprocess.Popen[str]:
    """The nightly job as a scheduler starts it, with what it says."""
    return subprocess.Popen(
        [sys.executable, "-m", "ingest", "nightly", "--site", str(site.root)],
        cwd=ROOT,
        env=os.environ | {"FRONTSTAGE_LOG": "DEBUG", "FRONTSTAGE_KEY": "5e" * 32},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def told_until(process: subprocess.Popen[str], mark: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if mark in line:
            return
    pytest.fail(f"the night never said {mark!r}")


def test_the_whole_night_is_stopped_between_and_before_its_stages(before, after, nights, tmp_path):
    """What is waited for is nearly the last that ingest does: the signal finds its end, or mining's start."""
    site = before.copy(tmp_path / "site")
    current = before.published()
    with nightly(site) as process:
        told_until(process, "generation")
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 143, rest
    assert "SIGTERM" in rest and "Traceback" not in rest
    assert site.runs()[-1]["exit_code"] == 143
    assert site.published() == current
    assert nights.run(site)[0] == 0
    assert site.state() == after


def test_a_stage_that_the_system_kills_is_told_of(before, tmp_path):
    """Out of memory: the stage says nothing any more, the night does."""
    site = before.copy(tmp_path / "site")
    with nightly(site) as process:
        told_until(process, "loading/stage.sql")
        (stage,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(stage), signal.SIGKILL)
        rest = process.stderr.read()
    assert process.returncode == 137
    assert "ended by SIGKILL at stage ingest" in rest and "memory" in rest
    assert site.runs()[-1]["exit_code"] == 137


def test_one_of_many_runs_at_once_works_and_the_others_are_told(nights, before, after, tmp_path):
    site = before.copy(tmp_path / "site")
    pid, log = nights.start(site, "ingest", environment={"FRONTSTAGE_LOG": "DEBUG"})
    until(log, "loading/stage.sql")
    os.kill(pid, signal.SIGSTOP)
    others = [nights.start(site, "ingest") for _ in range(7)]
    assert [nights.wait(other) for other, _ in others] == [75] * 7
    assert all("another run is at work" in log.read_text() for _, log in others)
    os.kill(pid, signal.SIGCONT)
    assert nights.wait(pid) == 0
    racing = [nights.start(site, "ingest")[0] for _ in range(8)]
    codes = {nights.wait(pid) for pid in racing}
    assert 0 in codes and codes <= {0, 75}
    assert nights.run(site)[0] == 0
    assert site.state() == after


def test_files_that_were_finished_are_not_read_again(nights, before, tmp_path):
    site = before.copy(tmp_path / "site")
    assert nights.run(site, "ingest", fault="at:derive/links.sql")[0] == 137
    code, said = nights.run(site, "ingest")
    assert code == 0 and "1 new of 4 files" in said, "only the damaged file, which is tried each night"


def test_a_dead_run_blocks_nobody(nights, before, tmp_path):
    site = before.copy(tmp_path / "site")
    pid, log = nights.start(site, "ingest", environment={"FRONTSTAGE_LOG": "DEBUG"})
    until(log, "loading/accept.sql")
    os.kill(pid, signal.SIGSTOP)
    assert nights.run(site, "ingest")[0] == 75
    os.kill(pid, signal.SIGKILL)
    assert nights.wait(pid) == -signal.SIGKILL
    assert nights.run(site, "ingest")[0] == 0
