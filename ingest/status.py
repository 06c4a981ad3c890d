"""What the warehouse holds and how the last runs ended: for a person in lines, for a program as JSON.

The JSON's keys are stable: within a schema version none goes away or changes its meaning.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from ingest.errors import StorageError
from ingest.metrics import Run, is_published, runs
from ingest.record import AuditResult, Record
from ingest.site import Site
from ingest.store import Store

_SOURCES = """select
    s.name, s.adapter, count(*) as n_files, count(*) filter (where status = 'refused') as n_refused_files,
    cast(sum(n_lines) as bigint) as n_lines, cast(sum(n_accepted) as bigint) as n_accepted,
    cast(sum(n_duplicate) as bigint) as n_duplicate, cast(sum(n_quarantined) as bigint) as n_quarantined,
    cast(sum(n_blank) as bigint) as n_blank, cast(sum(n_dropped) as bigint) as n_dropped,
    cast(sum(n_held_back) as bigint) as n_held_back, min(first_at) as first_at, max(last_at) as last_at
from ledger as l inner join source as s using (source_id)
group by s.name, s.adapter, s.rank order by s.rank, s.name"""
_QUARANTINE = """select s.name as source, field, expectation, count(*) as n
from quarantine inner join ledger as l using (file_id) inner join source as s using (source_id)
group by all order by n desc, source, field, expectation"""
_REFUSED = """select s.name as source, path, reason from ledger inner join source as s using (source_id)
where status = 'refused' order by source, path"""
_IDENTITY = """select measure, n, of_n from data_quality
where source is null and not starts_with(measure, 'hidden') and not starts_with(measure, 'undeclared')"""
_AUDITS = "select audit, severity, publishes, source, n, of_n, message from audit"


class RunStatus(Record):
    """How a run ended; `ended_at` is UTC."""

    run_id: str
    ended_at: dt.datetime
    exit_code: int
    stage: str
    reason: str
    night: dt.date | None


class SourceStatus(Record):
    """Files and lines of a source: n_lines = n_accepted + n_duplicate + n_quarantined + n_blank. Times are UTC."""

    name: str
    adapter: str
    n_files: int
    n_refused_files: int
    n_lines: int
    n_accepted: int
    n_duplicate: int
    n_quarantined: int
    n_blank: int
    n_dropped: int = Field(description="of the accepted: understood and not wanted, such as pictures and robots")
    n_held_back: int = Field(description="unfinished last lines, not counted as read")
    first_at: dt.datetime | None
    last_at: dt.datetime | None


class QuarantineCount(Record):
    """Lines in quarantine by source and by the rule they broke."""

    source: str
    field: str
    expectation: str
    n: int


class RefusedFile(Record):
    """A file nothing of which counts."""

    source: str
    path: str
    reason: str


class Measure(Record):
    """One figure of identity and data quality: n of of_n."""

    measure: str
    n: int
    of_n: int | None


class Status(Record):
    """The whole of `status --json`."""

    schema_version: Literal[1] = 1
    site: str
    night: dt.date | None = None
    last_run: RunStatus | None = None
    last_success: RunStatus | None = Field(None, description="the last run with exit code 0 that left a report")
    sources: list[SourceStatus] = []
    quarantine: list[QuarantineCount] = []
    refused_files: list[RefusedFile] = []
    n_held_back: int = 0
    n_events: int = 0
    n_undeclared: int = 0
    undeclared_share: float | None = None
    n_customers: int = 0
    n_journeys: int = 0
    identity: list[Measure] = []
    audits: list[AuditResult] = []
    warehouse_bytes: int | None = Field(None, description="null: there is no warehouse yet")
    free_bytes: int = 0


def read_status(site: Site) -> Status:
    """Nothing of a log's content is in it. Works on an empty site too. Raises BusyError while a run has the
    warehouse open, StateError when it is damaged."""
    known = list(runs(site))
    good = next((run for run in known if run.record.exit_code == 0 and is_published(run.record)), None)
    status = Status(
        site=site.name,
        last_run=_run(known[0]) if known else None,
        last_success=_run(good) if good else None,
        free_bytes=shutil.disk_usage(site.root).free,
    )
    if not site.warehouse.exists():
        return status
    try:
        with Store.open(site.warehouse, read_only=True, patience_s=0) as store:
            return status.model_copy(update=_held(store) | {"warehouse_bytes": site.warehouse.stat().st_size})
    except StorageError:
        with site.lock():  # says so when a run is at work, which is why the warehouse can't be opened
            raise


def _held(store: Store) -> dict[str, Any]:
    """What the tables say, as far as there are tables: a first run may have ended before it derived any."""

    def records(table: str, query: str) -> list[dict[str, Any]]:
        return store.records(query) if store.has_table(table) else []

    def count(table: str, condition: str = "true") -> int:
        query = f"select count(*) from {table} where {condition}"
        return int(store.value(query)) if store.has_table(table) else 0

    sources = [SourceStatus(**row) for row in records("ledger", _SOURCES)]
    n_events, n_undeclared = count("event"), count("event", "visible is null")
    night = [row["value"] for row in records("run_fact", "select value from run_fact where name = 'as_of'")]
    return {
        "night": dt.date.fromisoformat(night[0]) if night else None,
        "sources": sources,
        "quarantine": [QuarantineCount(**row) for row in records("quarantine", _QUARANTINE)],
        "refused_files": [RefusedFile(**row) for row in records("ledger", _REFUSED)],
        "n_held_back": sum(source.n_held_back for source in sources),
        "n_events": n_events,
        "n_undeclared": n_undeclared,
        "undeclared_share": n_undeclared / n_events if n_events else None,
        "n_customers": count("customer"),
        "n_journeys": count("journey"),
        "identity": [Measure(**row) for row in records("data_quality", _IDENTITY)],
        "audits": [AuditResult(**row) for row in records("audit", _AUDITS)],
    }


def _run(run: Run) -> RunStatus:
    record = run.record
    return RunStatus(
        run_id=record.run_id,
        ended_at=dt.datetime.fromtimestamp(round(run.ended_at), dt.UTC),
        exit_code=record.exit_code,
        stage=record.stage,
        reason=record.reason,
        night=record.night,
    )


def status_lines(status: Status, most: int = 20) -> Iterator[str]:
    """The status in words; of long lists the first `most`."""
    yield f"{status.site}: " + (f"night of {status.night}" if status.night else "no night yet")
    for name, run in (("last run", status.last_run), ("last success", status.last_success)):
        if run is not None:
            yield f"{name} {run.run_id}, ended {run.ended_at:%Y-%m-%d %H:%M} UTC: stage {run.stage}, exit code " + (
                f"{run.exit_code}, {run.reason}"
            )
    if status.warehouse_bytes is None:
        yield "no warehouse yet: run `make nightly`"
        return
    for source in status.sources:
        yield (
            "{name}: {n_files} files ({n_refused_files} refused), {n_lines} lines = {n_accepted} accepted + "
            "{n_duplicate} duplicate + {n_quarantined} quarantined + {n_blank} blank; "
            "{n_dropped} of the accepted were not wanted, {n_held_back} unfinished lines held back"
        ).format(**source.model_dump())
    for line in status.quarantine[:most]:
        yield f"quarantined {line.n} of {line.source}: {line.field}, expected {line.expectation}"
    for file in status.refused_files[:most]:
        yield f"refused {file.source}/{file.path}: {file.reason}"
    share = f" ({status.undeclared_share:.2%})" if status.undeclared_share is not None else ""
    yield f"{status.n_events} events, {status.n_undeclared} of them undeclared{share}"
    yield f"{status.n_customers} customers, {status.n_journeys} journeys"
    for measure in status.identity:
        yield f"{measure.measure}: {measure.n}" + (f" of {measure.of_n}" if measure.of_n is not None else "")
    for audit in status.audits:
        yield f"{audit.severity}: {audit.message}"
    yield f"the warehouse has {status.warehouse_bytes} bytes, {status.free_bytes} bytes are free"
