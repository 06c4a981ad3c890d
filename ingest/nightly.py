"""The nightly job: the three stages one after the other, each in a process of its own, under one lock and one run
number.

A process a stage gives its memory back at its end, and keeps pm4py's many imports to mining. The lock is handed on as
an open descriptor, so that no other run gets in between two stages.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from ingest.erasure import Erasure
from ingest.errors import ExitCode, FrontstageError
from ingest.run import RUN_VARIABLE, new_run_id, note
from ingest.site import LOCK_VARIABLE, Site

STAGES = ("ingest", "mining", "reports")


def nightly(site_root: Path, as_of: str) -> int:
    """Run all stages on a site; stops at the first that fails. Returns the exit code of the night.

    A stage that ends with DATA_GATE has left whole tables, so the report is made all the same and carries the
    warning, unless there is nothing to report; the night still ends with DATA_GATE.
    """
    site = None
    try:
        site = Site(site_root)
        site.prepare()
        _ = site.settings
        with site.lock() as descriptor:
            return run_stages(site, as_of, descriptor)
    except FrontstageError as error:
        print(f"frontstage nightly: {error}", file=sys.stderr)
        if site is not None and error.exit_code != ExitCode.BUSY:
            note(site, {"stage": "nightly", "exit_code": int(error.exit_code), "reason": str(error)})
        return int(error.exit_code)


def run_stages(site: Site, as_of: str, descriptor: int, stages: tuple[str, ...] = STAGES) -> int:
    """The stages under the lock that `descriptor` holds, and what an erasure has left to do. Returns the exit code."""
    run_id = new_run_id(site)
    environment = os.environ | {RUN_VARIABLE: run_id, LOCK_VARIABLE: str(descriptor)}
    worst = int(ExitCode.OK)
    erasure = Erasure(site)
    for stage in stages:
        command = [sys.executable, "-m", stage, "--site", str(site.root)] + (["--as-of", as_of] if as_of else [])
        process = subprocess.Popen(command, env=environment, pass_fds=(descriptor,))
        code = _wait(process)
        if code == ExitCode.DATA_GATE and stage == "ingest" and _has_events(site, run_id):
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


def _has_events(site: Site, run_id: str) -> bool:
    """Whether ingest got as far as events: then its gate is one of quality, and there is something to report."""
    record = json.loads((site.runs / run_id / "run.json").read_text(encoding="utf-8"))
    return bool(record["stages"][-1].get("figures", {}).get("n_events"))
