"""var/metrics.prom: the last night in OpenMetrics text, for a textfile collector such as node_exporter's.

It is made from run.json alone and replaced by one rename. Moments are those of the files' last change: nothing here
reads the clock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.durable import write_atomically
from ingest.record import RunRecord, read_run
from ingest.site import Site

Sample = tuple[dict[str, str], float]


@dataclass(frozen=True)
class Run:
    """A run's record and the moment it was last written, in seconds."""

    record: RunRecord
    ended_at: float


def runs(site: Site) -> Iterator[Run]:
    """All runs that can be read, the newest first."""
    for path in sorted(site.runs.glob("r*/run.json"), reverse=True):
        record = read_run(path)
        if record is not None:
            yield Run(record, path.stat().st_mtime)


def is_published(run: RunRecord) -> bool:
    """Whether a run came to its end and left a report."""
    return any(stage.stage == "reports" and stage.exit_code == 0 for stage in run.stages)


def write_metrics(site: Site) -> None:
    """Write the metrics of the newest run, where there is room for them."""
    last = next(runs(site), None)
    if last is None:
        return
    good = next((run for run in runs(site) if run.record.exit_code == 0 and is_published(run.record)), None)
    with contextlib.suppress(OSError):  # the disk may be full: the run itself has said so
        write_atomically(site.var / "metrics.prom", "".join(f"{line}\n" for line in _lines(site, last, good)))


def _lines(site: Site, last: Run, good: Run | None) -> Iterator[str]:
    run = last.record
    stages = {stage.stage: stage for stage in run.stages}
    figures = stages["ingest"].figures if "ingest" in stages else {}
    new = figures.get("new", {})
    lines: list[Sample] = [
        ({"source": source, "outcome": name}, counts[name])
        for source, counts in new.items()
        for name in ("accepted", "duplicate", "quarantined", "blank")
    ]
    failures: list[Sample] = [
        ({"severity": severity}, sum(audit.severity == severity for audit in run.audits))
        for severity in ("warn", "error")
    ]
    size = site.warehouse.stat().st_size if site.warehouse.exists() else 0
    yield from _metric("last_run_timestamp_seconds", "When the last run ended.", [({}, round(last.ended_at))])
    if good is not None:
        when: list[Sample] = [({}, round(good.ended_at))]
        yield from _metric("last_success_timestamp_seconds", "When the last good night ended.", when)
    yield from _metric("exit_code", "Exit code of the last run.", [({}, run.exit_code)])
    seconds: list[Sample] = [({"stage": name}, stage.seconds) for name, stage in stages.items()]
    yield from _metric("stage_seconds", "Duration of each stage of the last run.", seconds)
    yield from _metric("lines", "Lines that the last run read, by what became of them.", lines)
    refused: list[Sample] = [({"source": source}, counts["refused"]) for source, counts in new.items()]
    yield from _metric("refused_files", "Files that the last run could not use.", refused)
    if "n_events" in figures:
        yield from _metric("events", "Events in the event table.", [({}, figures["n_events"])])
        yield from _metric("undeclared_events", "Events with an undeclared code.", [({}, figures["n_undeclared"])])
    yield from _metric("restated_days", "Earlier days that late data changed.", [({}, len(run.restated))])
    yield from _metric("audit_failures", "Faults that audits found, by severity.", failures)
    yield from _metric("warehouse_bytes", "Size of the warehouse.", [({}, size)])
    yield "# EOF"


def _metric(name: str, meaning: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP frontstage_{name} {meaning}"
    yield f"# TYPE frontstage_{name} gauge"
    for labels, value in samples:
        told = ",".join(f'{key}="{text}"' for key, text in labels.items())
        yield f"frontstage_{name}{'{' + told + '}' if told else ''} {value!r}"
