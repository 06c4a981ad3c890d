"""One run of one or more stages: its number, its record (run.json), its lock, its exit code.

`run.json` repeats exit code and reason, since make turns every code into 2. It is replaced by one rename, so a reader
never sees half of it. No value out of a log is written to it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.errors import ExitCode, FrontstageError, StateError, UsageError
from ingest.scrub import scrub
from ingest.site import Site
from ingest.stopping import Stopped, Stopper, stoppable
from ingest.store import Store, clear_spill

RUN_VARIABLE = "FRONTSTAGE_RUN"
log = logging.getLogger("frontstage")


Work = Callable[[Site, Store], dict[str, Any]]


def run_stage(stage: str, site_root: Path, work: Work, *, read_only: bool = False) -> int:
    """Run one stage on a site under its lock and write what came of it to run.json. Returns the exit code.

    `work` gets the site and the open warehouse, and returns figures for run.json. A gate that fails after the work is
    done (too much undeclared) is a figure `gate` with the reason: the stage's tables stand, the code is DATA_GATE.
    """
    level = os.environ.get("FRONTSTAGE_LOG", "WARNING")
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    started = time.monotonic()
    record: dict[str, Any] = {"stage": stage, "exit_code": int(ExitCode.OK), "reason": "ok"}
    site: Site | None = None
    try:
        with stoppable() as stopper:
            site = Site(site_root)
            site.prepare()
            _ = site.settings
            with site.lock():
                record["figures"] = _work(site, work, read_only, stopper)
        if gate := record["figures"].pop("gate", None):
            record |= {"exit_code": int(ExitCode.DATA_GATE), "reason": gate}
    except (Exception, Stopped) as error:
        record |= _failure(error, site_root)
        log.debug("%s", _where(error))
    if record["exit_code"]:
        print(f"frontstage {stage}: {record['reason']}", file=sys.stderr)
    record["seconds"] = round(time.monotonic() - started, 1)
    if site is not None and record["exit_code"] != ExitCode.BUSY:
        note(site, record)
    return int(record["exit_code"])


def note(site: Site, record: dict[str, Any]) -> None:
    """Add a stage's record to this run's run.json, where there is room for it."""
    with contextlib.suppress(OSError):  # the disk may be full or our folder missing: the message is on stderr already
        _append(site, record)


def stage_night(store: Store, as_of: str | None) -> dt.date:
    """The night that ingest left the warehouse at. Raises StateError when there is none, or when AS_OF asks for
    another."""
    asked = parse_night(as_of)
    known = store.value("select value from run_fact where name = 'as_of'") if store.has_table("run_fact") else None
    if known is None:
        raise StateError("the warehouse holds no night yet; run `make nightly`, or `make ingest` first")
    night = dt.date.fromisoformat(known)
    if asked not in (None, night):
        raise StateError(
            f"the warehouse stands at the night of {night}, not {asked}; run `make ingest AS_OF={asked}` first"
        )
    return night


def _work(site: Site, work: Work, read_only: bool, stopper: Stopper) -> dict[str, Any]:
    """Open the warehouse, do the stage's work, leave no write-ahead log and a high-water mark."""
    clear_spill(site.warehouse)
    _check_state(site)
    if read_only and not site.warehouse.exists():
        raise StateError(f"{site.warehouse}: there is no warehouse yet; run `make nightly`")
    with Store.open(site.warehouse, read_only=read_only) as store:
        stopper.store = store
        try:
            figures = work(site, store)
            if not read_only:
                store.checkpoint()
        finally:
            stopper.store = None
    if not read_only:
        _write_state(site)
    return figures


def _failure(error: Exception, site_root: Path) -> dict[str, Any]:
    """Exit code and reason of an error. Of a bug only kind and place are told: its text may hold personal data."""
    if isinstance(error, FrontstageError):
        return {"exit_code": int(error.exit_code), "reason": str(error)}
    if isinstance(error, Stopped):
        return {"exit_code": 128 + error.number, "reason": f"stopped by {error}; nothing half-done was kept"}
    if isinstance(error, OSError):
        where = error.filename or site_root
        reason = f"{scrub(str(where))}: {error.strerror}; free space or mend the permission, then run again"
        return {"exit_code": int(ExitCode.STORAGE), "reason": reason}
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"bug: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}; please report it"
    return {"exit_code": int(ExitCode.BUG), "reason": reason}


def _where(error: BaseException) -> str:
    """Where an error came from, for a developer: kinds and places, never texts, which may hold values of a log."""
    parts = []
    found: BaseException | None = error
    while found is not None:
        parts.append(type(found).__name__ + "\n" + "".join(traceback.format_tb(found.__traceback__)))
        found = found.__cause__
    return "caused by ".join(parts)


def _append(site: Site, record: dict[str, Any]) -> None:
    """Add a stage's record to this run's run.json."""
    run_id = os.environ.get(RUN_VARIABLE) or new_run_id(site)
    folder = site.runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "run.json"
    known: dict[str, Any] = (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"run_id": run_id, "stages": []}
    )
    known["stages"].append(record)
    known |= {"exit_code": record["exit_code"], "stage": record["stage"], "reason": record["reason"]}
    write_atomically(path, json.dumps(known, indent=1, sort_keys=True) + "\n")


def new_run_id(site: Site) -> str:
    """The next run's number. Not a clock: two runs in one second must differ, and a replay must not depend on the
    time."""
    numbers = [int(p.name[1:]) for p in site.runs.glob("r*") if p.name[1:].isdigit()]
    return f"r{max(numbers, default=0) + 1:06d}"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees all of the old or all of the new text."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _state(store: Store) -> dict[str, int]:
    if not store.has_table("ledger"):
        return {"n_files": 0, "n_lines": 0}
    n_files, n_lines = store.rows("select count(*), coalesce(sum(n_lines), 0) from ledger where status = 'loaded'")[0]
    return {"n_files": int(n_files), "n_lines": int(n_lines)}


def _write_state(site: Site) -> None:
    """The high-water mark outside of the database: DuckDB drops a torn or missing write-ahead log without a word."""
    with Store.open(site.warehouse, read_only=True) as store:
        state = _state(store)
    write_atomically(site.var / "state.json", json.dumps(state) + "\n")


def _check_state(site: Site) -> None:
    """Raises StateError when the warehouse holds less than the last run left in it."""
    path = site.var / "state.json"
    if not path.exists():
        return
    try:
        expected = {name: int(n) for name, n in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise StateError(f"{path}: damaged; delete it if warehouse.duckdb beside it is the newest") from error
    found = {"n_files": 0, "n_lines": 0}
    if site.warehouse.exists():
        with Store.open(site.warehouse, read_only=True) as store:
            found = _state(store)
    if any(found[name] < expected.get(name, 0) for name in found):
        raise StateError(
            f"{site.warehouse}: holds {found['n_files']} files and {found['n_lines']} lines, but the last run left "
            f"{expected.get('n_files')} and {expected.get('n_lines')}; put the newest warehouse back, or delete it "
            "together with state.json to rebuild from the raw files"
        )


def parse_night(text: str | None) -> dt.date | None:
    """AS_OF as a date. Raises UsageError."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"AS_OF: got {text!r}, expected YYYY-MM-DD") from error
