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

from ingest import log as speech
from ingest.errors import ExitCode, FrontstageError
from ingest.metrics import write_metrics
from ingest.record import RUN_VARIABLE, RunRecord, StageRecord, as_json, new_run_id, read_run, run_path
from ingest.run import failure, note, tell
from ingest.site import LOCK_VARIABLE, Site

STAGES = ("ingest", "mining", "reports")


def nightly(site_root: Path, as_of: str, *, as_json_too: bool = False) -> int:
    """Run all stages on a site; stops at the first that fails. Returns the exit code of the night.

    A stage that ends with DATA_GATE and may publish (too much undeclared) has left whole tables, so the report is
    made all the same and carries the warning; the night still ends with DATA_GATE.
    """
    speech.configure("nightly")
    site, run_id, run = None, None, None
    try:
        site = Site(site_root)
        site.prepare()
        _ = site.settings
        with site.lock() as descriptor:
            run_id = new_run_id(site)
            code = _stages(site, as_of, descriptor, run_id, is_silent=as_json_too or not _is_watched())
            run = read_run(run_path(site, run_id))
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


def _stages(site: Site, as_of: str, descriptor: int, run_id: str, *, is_silent: bool) -> int:
    environment = os.environ | {RUN_VARIABLE: run_id, LOCK_VARIABLE: str(descriptor)}
    if is_silent:
        environment[speech.RESULTS_VARIABLE] = "none"
    worst = int(ExitCode.OK)
    for stage in STAGES:
        command = [sys.executable, "-m", stage, "--site", str(site.root)] + (["--as-of", as_of] if as_of else [])
        process = subprocess.Popen(command, env=environment, pass_fds=(descriptor,))
        code = _wait(process)
        if code < 0:
            code = _killed(site, run_id, stage, -code)
        if code == ExitCode.DATA_GATE and _may_publish(site, run_id):
            worst = code
        elif code:
            return code
    return worst


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a stage, and hand SIGTERM and SIGINT on to it."""
    previous = {
        number: signal.signal(number, lambda n, _: process.send_signal(n)) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        return process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _killed(site: Site, run_id: str, stage: str, number: int) -> int:
    """Say and note that a stage was killed from outside: it could not do so itself."""
    reason = f"killed by {signal.Signals(number).name}: was memory short? Nothing half-done was kept; run again"
    record = StageRecord(stage=stage, exit_code=int(ExitCode.BUG), reason=reason, publish=False)
    tell(record)
    note(site, run_id, record)
    return record.exit_code


def _may_publish(site: Site, run_id: str) -> bool:
    """Whether the last stage left tables that a report may be made of."""
    run = read_run(run_path(site, run_id))
    return run is not None and run.stages[-1].publish
