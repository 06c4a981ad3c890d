"""The nightly job: the three stages one after the other, each in a process of its own, under one lock and one run
number.

A process a stage gives its memory back at its end, and keeps pm4py's many imports to mining. The lock is handed on as
an open descriptor, so that no other run gets in between two stages.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Self

from ingest import log as speech
from ingest.backfill import nights_between, rewind
from ingest.erasure import Erasure
from ingest.errors import ExitCode, FrontstageError, UsageError
from ingest.metrics import write_metrics
from ingest.record import RUN_VARIABLE, RunRecord, StageRecord, as_json, new_run_id, read_run, run_path
from ingest.run import failure, note, tell
from ingest.site import LOCK_VARIABLE, Site
from ingest.stopping import STOPPING

STAGES = ("ingest", "mining", "reports")


def nightly(site_root: Path, as_of: str, first: str = "", last: str = "", *, as_json_too: bool = False) -> int:
    """Run all stages on a site; stops at the first that fails. Returns the exit code of the night.

    A stage that ends with DATA_GATE and may publish (too much undeclared) has left whole tables, so the report is
    made all the same and carries the warning; the night still ends with DATA_GATE. With `first` and `last` each night
    of them is run in its turn, also after one that ended with DATA_GATE, as a scheduler would.
    """
    speech.configure("nightly")
    site, run_id, run = None, None, None
    try:
        site = Site(site_root)
        site.prepare()
        _ = site.settings
        if as_of and (first or last):
            raise UsageError("--as-of names one night, --from and --to several: give the one or the others")
        nights = nights_between(first, last) if first or last else []
        with site.lock() as descriptor:
            code = rewind(site, nights[0], descriptor) if nights else int(ExitCode.OK)
            for night in map(str, nights) if nights else [as_of]:
                if code not in (ExitCode.OK, ExitCode.DATA_GATE):
                    break
                run_id = new_run_id(site)
                ended = run_stages(site, night, descriptor, run_id, STAGES, is_silent=as_json_too or not _is_watched())
                run = read_run(run_path(site, run_id))
                code = ended or code
    except FrontstageError as error:
        record = failure("nightly", error, site_root)
        tell(record)
        code = record.exit_code
        noted = note(site, run_id, record) if site is not None else None
        run = noted or RunRecord(run_id=run_id or "").with_stage(record)
    if site is not None and code != ExitCode.BUSY:
        write_metrics(site)
    if as_json_too and run is not None:
        print(as_json(run), end="")
    return code


def _is_watched() -> bool:
    """Whether anybody looks: under cron a night that goes well prints nothing."""
    return sys.stdout.isatty() or sys.stderr.isatty() or bool(os.environ.get(speech.FORMAT_VARIABLE))


def run_stages(
    site: Site, as_of: str, descriptor: int, run_id: str, stages: tuple[str, ...], *, is_silent: bool
) -> int:
    """The stages under the lock that `descriptor` holds, and what an erasure has left to do. Returns the exit code."""
    environment = os.environ | {RUN_VARIABLE: run_id, LOCK_VARIABLE: str(descriptor)}
    if is_silent:
        environment[speech.RESULTS_VARIABLE] = "none"
    worst = int(ExitCode.OK)
    erasure = Erasure(site)
    with _Stopping() as stopping:
        for stage in stages:
            if stopping.number:
                return _cut_short(site, run_id, stage, stopping.number)
            command = [sys.executable, "-m", stage, "--site", str(site.root)] + (["--as-of", as_of] if as_of else [])
            code = stopping.run(command, environment, descriptor)
            if code < 0:
                return _cut_short(site, run_id, stage, -code)
            if code == ExitCode.DATA_GATE and _may_publish(site, run_id):
                worst = code
            elif code:
                return code
            if stage == "ingest":
                erasure = Erasure(site)
                erasure.remove_exports()
            elif stage == "mining":
                erasure.rewrite()
    erasure.remove_reports()
    return worst


class _Stopping:
    """Runs stages; hands SIGTERM and SIGINT on to the one at work, and remembers those that come between two."""

    def __init__(self) -> None:
        self.number = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._pass_on) for number in STOPPING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def run(self, command: list[str], environment: dict[str, str], descriptor: int) -> int:
        """Exit code of one stage, negative when a signal killed it."""
        self._process = subprocess.Popen(command, env=environment, pass_fds=(descriptor,))
        if self.number:  # it came while the process was being made
            self._process.send_signal(self.number)
        code = self._process.wait()
        self._process = None
        return code

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        if self._process is not None:
            self._process.send_signal(number)


def _cut_short(site: Site, run_id: str, stage: str, number: int) -> int:
    """Tell of a signal that ended the night where no stage could tell of it. Returns 128 + the signal's number."""
    name = signal.Signals(number).name
    advice = "run again" if number in STOPPING else "memory may have run out: see the system's log, then run again"
    reason = f"ended by {name} at stage {stage}; nothing half-done was kept; {advice}"
    record = StageRecord(stage=stage, exit_code=128 + number, reason=reason, publish=False)
    tell(record)
    note(site, run_id, record)
    return record.exit_code


def _may_publish(site: Site, run_id: str) -> bool:
    """Whether the last stage left tables that a report may be made of."""
    run = read_run(run_path(site, run_id))
    return run is not None and run.stages[-1].publish
