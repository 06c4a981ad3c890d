"""One run of a stage: its lock, its record in run.json, its exit code.

`run.json` repeats exit code and reason, since make turns every code into 2. It is replaced by one rename, so a reader
never sees half of it. No value out of a log is written to it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest import log as speech
from ingest import schema, state
from ingest.durable import free_bytes
from ingest.errors import ExitCode, FrontstageError, StateError, UsageError
from ingest.pseudonym import line_salt, load_key
from ingest.record import RUN_VARIABLE, AuditResult, RunRecord, StageRecord, append, as_json, new_run_id
from ingest.scrub import scrub
from ingest.site import Site
from ingest.stopping import Stopped, Stopper, stoppable
from ingest.store import Store, clear_spill

log = logging.getLogger("frontstage.run")


@dataclass(frozen=True)
class Outcome:
    """What a stage's work came to: the line for a person, and what goes into run.json."""

    summary: str
    night: dt.date
    figures: dict[str, Any]
    restated: list[dt.date] = field(default_factory=list)
    audits: list[AuditResult] = field(default_factory=list)

    def record(self, stage: str) -> StageRecord:
        """The stage's record. An audit of severity error is a data gate: the tables stand, the code is DATA_GATE."""
        errors = [audit for audit in self.audits if audit.severity == "error"]
        return StageRecord(
            stage=stage,
            exit_code=int(ExitCode.DATA_GATE if errors else ExitCode.OK),
            reason="; ".join(audit.message for audit in errors) or "ok",
            publish=all(audit.publishes for audit in errors),
            night=self.night,
            figures=self.figures,
            restated=self.restated,
            audits=self.audits,
        )


Work = Callable[[Site, Store], Outcome]


def run_stage(stage: str, site_root: Path, work: Work, *, read_only: bool = False, as_json_too: bool = False) -> int:
    """Run one stage on a site under its lock and write what came of it to run.json. Returns the exit code.

    The result is one line on stdout, or with `as_json_too` the run's record; nothing when quiet.
    """
    speech.configure(stage)
    started = time.monotonic()
    site: Site | None = None
    run_id = os.environ.get(RUN_VARIABLE)
    summary = ""

    def staged(stopper: Stopper) -> Outcome:
        nonlocal site, run_id
        site = Site(site_root)
        site.prepare()
        _ = site.settings
        with site.lock():
            run_id = run_id or new_run_id(site)
            speech.name_run(run_id)
            return _work(site, work, read_only, stopper)

    try:
        outcome = stoppable(staged)
        record, summary = outcome.record(stage), outcome.summary
    except (Exception, Stopped) as error:
        record = failure(stage, error, site_root)
        log.debug("%s", _where(error))
    finally:
        speech.end_progress()
    record = record.model_copy(update={"seconds": round(time.monotonic() - started, 1)})
    tell(record)
    run = note(site, run_id, record) if site is not None else None
    if as_json_too:
        print(as_json(run or RunRecord(run_id=run_id or "").with_stage(record)), end="")
    elif summary and speech.tells_results():
        print(summary)
    return record.exit_code


def note(site: Site, run_id: str | None, record: StageRecord) -> RunRecord | None:
    """Add a stage's record to a run's run.json, where there is room for it. A run that found the site busy leaves
    none."""
    if record.exit_code == ExitCode.BUSY:
        return None
    with contextlib.suppress(OSError):  # the disk may be full or our folder missing: the message is on stderr already
        return append(site, run_id or new_run_id(site), record)
    return None


def tell(record: StageRecord) -> None:
    """Log a stage's end: what went wrong in one line, the audits' warnings, or that it is done."""
    for audit in record.audits:
        if audit.severity == "warn":
            log.warning("%s", audit.message, extra={"event": "audit", "source": audit.source})
    extra = {"event": "ended", "exit_code": record.exit_code, "seconds": record.seconds, "counts": record.figures}
    if record.exit_code:
        log.error("%s", record.reason, extra=extra)
    else:
        log.info("done in %.1f s", record.seconds, extra=extra)


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


def _work(site: Site, work: Work, read_only: bool, stopper: Stopper) -> Outcome:
    """Open the warehouse, do the stage's work, leave no write-ahead log and a high-water mark."""
    clear_spill(site.warehouse)
    shutil.rmtree(site.rehearsal, ignore_errors=True)
    state.check(site)
    if not read_only:
        schema.prepare(site.warehouse, line_salt(load_key(site.key)))
    elif not site.warehouse.exists() or schema.version_of(site.warehouse) < schema.VERSION:
        raise StateError(f"{site.warehouse}: there is no warehouse of this release yet; run `make nightly`")
    with Store.open(site.warehouse, read_only=read_only) as store:
        stopper.store = store
        try:
            outcome = work(site, store)
            if not read_only:
                state.advance(store)
                store.checkpoint()
        finally:
            stopper.store = None
    if not read_only:
        state.mark(site)
    return outcome


def failure(stage: str, error: BaseException, site_root: Path) -> StageRecord:
    """The record of a stage that ended with `error`. Of a bug only kind and place are told: its text may hold
    personal data."""
    if isinstance(error, FrontstageError):
        code, reason = int(error.exit_code), str(error)
    elif isinstance(error, Stopped):
        code, reason = 128 + error.number, f"stopped by {error}; nothing half-done was kept"
    elif isinstance(error, OSError):
        where = Path(error.filename or site_root)
        room = free_bytes(where)
        code = int(ExitCode.STORAGE)
        reason = f"{where}: {error.strerror}; {room} bytes are free; free space or mend the permission, then run again"
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        code = int(ExitCode.BUG)
        reason = f"bug: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}; please report it"
    return StageRecord(stage=stage, exit_code=code, reason=scrub(reason), publish=False)


def _where(error: BaseException) -> str:
    """Where an error came from, for a developer: kinds and places, never texts, which may hold values of a log."""
    parts = []
    found: BaseException | None = error
    while found is not None:
        parts.append(type(found).__name__ + "\n" + "".join(traceback.format_tb(found.__traceback__)))
        found = found.__cause__
    return "caused by ".join(parts)


def parse_night(text: str | None, option: str = "AS_OF") -> dt.date | None:
    """AS_OF, or another option that names a night, as a date. Raises UsageError."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: got {text!r}, expected YYYY-MM-DD") from error
