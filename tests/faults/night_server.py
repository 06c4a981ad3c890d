"""Runs nights in forked children, for tests that need hundreds of them: python and pm4py are imported once.

A line of JSON on stdin is one order: {"do": "start", "site": ..., "stages": [...], "environment": {...}, "log": path}
answers {"pid": n}; {"do": "wait", "pid": n} answers {"code": n}, negative for a signal. The server itself opens no
warehouse and has no threads, so that its children start clean.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mining.stage  # noqa: F401 - seconds, once
from ingest import faults
from ingest.run import Outcome, run_stage
from ingest.site import Site
from ingest.stage import ingest
from ingest.store import Store
from mining.__main__ import mine_site
from reports.__main__ import report_site

STAGES = {"ingest": (ingest, False), "mining": (mine_site, False), "reports": (report_site, True)}


def _at(work: Callable[..., Outcome], as_of: str, site: Site, store: Store) -> Outcome:
    return work(site, store, as_of)


def night(order: dict[str, Any]) -> int:
    """The stages one after the other, in this process; the exit code of the first that fails."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order.get("environment", {}))
    if limit := order.get("file_size_limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    faults.arm(os.environ.get(faults.FAULT_VARIABLE))
    for stage in order.get("stages", STAGES):
        work, read_only = STAGES[stage]
        as_of = order.get("as_of", "")
        code = run_stage(stage, Path(order["site"]), partial(_at, work, as_of), read_only=read_only)
        if code:
            return code
    return 0


def start(order: dict[str, Any]) -> dict[str, int]:
    pid = os.fork()
    if pid:
        return {"pid": pid}
    code = 1
    try:
        code = night(order)
        sys.stdout.flush()
    finally:
        os._exit(code)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            answer = start(order)
        else:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(order["pid"], 0)[1])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
