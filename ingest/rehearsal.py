"""`--dry-run`: what a run would read, and what would become of each line, without changing a file of the site.

The true stage runs on a throw-away copy of the warehouse. A transaction that is rolled back would not do: DuckDB
writes large inserts into the file before they are committed. The copy is made while nobody can write (we hold the
site's lock and have no connection open), lies in SITE/var/dry-run, since it holds what the warehouse holds, and is
removed at the end, or by the next run when this one was killed. It needs as much free space as the warehouse.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ingest import log as speech
from ingest import schema, state
from ingest.arrival import Arrival, FileCount
from ingest.errors import StorageError
from ingest.pseudonym import line_salt, load_key
from ingest.record import AuditResult, Record, as_json
from ingest.run import failure, tell
from ingest.site import Site
from ingest.stage import Ingested, ingest
from ingest.stopping import Stopped, Stopper, stoppable
from ingest.store import Store

log = logging.getLogger("frontstage.rehearsal")


class Plan(Record):
    """What the next run would do. `exit_code` and `reason` are those that its ingest stage would end with."""

    schema_version: Literal[1] = 1
    site: str
    night: dt.date
    exit_code: int
    reason: str
    n_files: int
    n_new_files: int
    n_refused_files: int
    arrival: Arrival
    audits: list[AuditResult]
    n_events: int
    warehouse_bytes: int
    warehouse_bytes_after: int
    free_bytes: int


def rehearse(site_root: Path, as_of: str, *, as_json_too: bool) -> int:
    """Print the plan of the next run; returns the exit code that it would end with."""
    speech.configure("dry-run")

    def planned(stopper: Stopper) -> Plan:
        site = Site(site_root)
        _ = site.settings
        return _plan(site, as_of, stopper)

    try:
        plan = stoppable(planned)
    except (Exception, Stopped) as error:
        record = failure("dry-run", error, site_root)
        tell(record)
        return record.exit_code
    finally:
        speech.end_progress()
    if as_json_too:
        print(as_json(plan), end="")
    else:
        print("\n".join(plan_lines(plan)))
    return plan.exit_code


def _plan(site: Site, as_of: str, stopper: Stopper) -> Plan:
    has_run = (site.var / "lock").exists()  # a site that never ran has nothing to guard, and gets no lock file
    before = site.warehouse.stat().st_size if site.warehouse.exists() else 0
    with site.lock() if has_run else contextlib.nullcontext():
        state.check(site)
        with _throw_away(site) as stage:
            schema.prepare(stage.warehouse, line_salt(load_key(stage.key)))
            with Store.open(stage.warehouse) as store:
                stopper.store = store
                try:
                    outcome = ingest(stage, store, as_of)
                    store.checkpoint()
                finally:
                    stopper.store = None
            after = stage.warehouse.stat().st_size
        free = shutil.disk_usage(site.root).free
    return _told(site, outcome, before, after, free)


def _told(site: Site, outcome: Ingested, before: int, after: int, free: int) -> Plan:
    record = outcome.record("ingest")
    return Plan(
        site=site.name,
        night=outcome.night,
        exit_code=record.exit_code,
        reason=record.reason,
        n_files=outcome.figures["n_files"],
        n_new_files=outcome.figures["n_new_files"],
        n_refused_files=outcome.figures["n_refused_files"],
        arrival=outcome.arrived,
        audits=outcome.audits,
        n_events=outcome.figures["n_events"],
        warehouse_bytes=before,
        warehouse_bytes_after=after,
        free_bytes=free,
    )


@contextlib.contextmanager
def _throw_away(site: Site) -> Iterator[Site]:
    """The same site with a `var` of its own: the warehouse copied, the key linked and not copied."""
    size = site.warehouse.stat().st_size if site.warehouse.exists() else 0
    free = shutil.disk_usage(site.root).free
    if free < size:
        raise StorageError(
            f"{site.var}: a dry run copies the warehouse, {size} bytes, but {free} bytes are free; free space"
        )
    is_first = not site.var.exists()
    shutil.rmtree(site.rehearsal, ignore_errors=True)
    previous = os.umask(0o077)
    try:
        site.rehearsal.mkdir(parents=True)
        stage = copy.copy(site)
        stage.var = site.rehearsal
        stage.warehouse, stage.key = stage.var / site.warehouse.name, stage.var / "key"
        for path in (site.warehouse, site.warehouse.with_name(site.warehouse.name + ".wal")):
            if path.exists():
                shutil.copyfile(path, stage.var / path.name)
        if site.key.exists():
            stage.key.symlink_to(site.key.resolve())
        yield stage
    finally:
        os.umask(previous)
        shutil.rmtree(site.rehearsal, ignore_errors=True)
        if is_first:
            with contextlib.suppress(OSError):  # somebody's first run has come in between and uses it
                site.var.rmdir()


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan in words."""
    yield f"{plan.site}: {plan.n_new_files} of {plan.n_files} files would be read, {plan.n_refused_files} refused"
    for file in plan.arrival.files:
        yield "  " + _file_line(file)
    yield f"days with new events: {_days(plan.arrival.days)}; of them reported before: {_days(plan.arrival.restated)}"
    yield f"the night would be {plan.night}, with {plan.n_events} events, and end with exit code {plan.exit_code}"
    for audit in plan.audits:
        yield f"{audit.severity}: {audit.message}"
    yield (
        f"the warehouse has {plan.warehouse_bytes} bytes and would have about {plan.warehouse_bytes_after}; "
        f"{plan.free_bytes} bytes are free"
    )


def _file_line(file: FileCount) -> str:
    if file.status == "refused":
        return f"{file.source}/{file.path}: refused: {file.reason}"
    held = f", {file.n_held_back} held back" if file.n_held_back else ""
    return (
        f"{file.source}/{file.path}: {file.n_lines} lines = {file.n_accepted} accepted + {file.n_duplicate} duplicate "
        f"+ {file.n_quarantined} quarantined + {file.n_blank} blank{held}"
    )


def _days(days: list[dt.date]) -> str:
    if not days:
        return "none"
    return str(days[0]) if len(days) == 1 else f"{len(days)}, {days[0]} to {days[-1]}"
