"""What format a file is of and how sure that is: the share of its first lines that an adapter reads, the next best."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ingest.record import Record
from ingest.scrub import scrub
from ingest.sniffing.columns import is_ambiguous, slug, time_format
from ingest.sniffing.head import Head, read_head
from ingest.sniffing.trial import Bench, Trial, trials

SURE, LIKELY, LEAST = 0.95, 0.7, 0.3
RIVAL = 0.5
MAX_MISSES = 3
Sureness = Literal["sure", "likely", "doubtful", "unknown"]


class RunnerUp(Record):
    """The next best adapter."""

    adapter: str
    share: float


class Event(Record):
    """One event as it would be loaded: identifiers as short pseudonyms of this run, texts scrubbed."""

    occurred_at: str
    code: str
    who: list[str]
    product: str | None
    has_order: bool
    wait_s: float | None
    handle_s: float | None


class Sniffed(Record):
    """What was found out about one file. Shares are of its first lines, or records."""

    file: str
    sureness: Sureness
    adapter: str | None = None
    summary: str = ""
    n_lines: int = 0
    share: float = 0.0
    n_dropped: int = 0
    n_events: int = 0
    first_at: str | None = None
    last_at: str | None = None
    runner_up: RunnerUp | None = None
    settings: dict[str, Any] = {}
    events: list[Event] = []
    doubts: list[str] = []
    reason: str = ""


def sniff(path: Path, bench: Bench, names: list[str] | None = None) -> Sniffed:
    """Name the format of a file. Never raises because of what is in it. `names` = the only adapters to try."""
    head = read_head(path)
    shown = scrub(path.name)
    if head.reason:
        return Sniffed(file=shown, sureness="unknown", reason=head.reason, doubts=_doubts_of(head))
    best, other, tried = compared(head, bench, names)
    if best is None or best.share < LEAST:
        return Sniffed(
            file=shown,
            sureness="unknown",
            runner_up=_runner_up(best),
            reason=_all_quarantined(head, bench, tried) or _why_not(head, tried),
            doubts=_doubts_of(head),
        )
    try:
        bench.load(best, head)
    except Exception as error:  # what is in a file is no reason to fail
        return Sniffed(file=shown, sureness="unknown", reason=f"its lines can't be loaded ({type(error).__name__})")
    settings = best.options | ({} if head.encoding == "utf-8" else {"encoding": head.encoding})
    return Sniffed(
        file=shown,
        sureness=_sureness(best, other),
        adapter=best.adapter.name,
        summary=best.adapter.summary,
        n_lines=best.n_lines,
        share=round(best.share, 4),
        n_dropped=best.n_dropped,
        n_events=best.n_events,
        first_at=best.first_at and f"{best.first_at:%Y-%m-%d %H:%M:%S}",
        last_at=best.last_at and f"{best.last_at:%Y-%m-%d %H:%M:%S}",
        runner_up=_runner_up(other),
        settings=settings,
        events=[Event(**event) for event in best.events],
        doubts=_doubts_of(head) + _doubts(best, other, head),
    )


def compared(
    head: Head, bench: Bench, names: list[str] | None = None
) -> tuple[Trial | None, Trial | None, list[Trial]]:
    """The best trial, the best of another adapter, and all of them."""
    tried = [bench.taste(head, *trial) for trial in trials(head, names)]
    best = max(tried, key=lambda trial: trial.rank, default=None)
    others = (trial for trial in tried if best and trial.adapter is not best.adapter)
    return best, max(others, key=lambda trial: trial.rank, default=None), tried


def _sureness(best: Trial, other: Trial | None) -> Sureness:
    """A guess of what columns mean is never sure; nor is a format that shares its lines with another one's."""
    if best.share < LIKELY:
        return "doubtful"
    is_rivalled = other is not None and other.share >= RIVAL and not other.adapter.is_general
    if best.share < SURE or is_rivalled or {"tables", "objects"} & best.options.keys() or best.n_events == 0:
        return "likely"
    return "sure"


def _runner_up(trial: Trial | None) -> RunnerUp | None:
    return RunnerUp(adapter=trial.adapter.name, share=round(trial.share, 4)) if trial and trial.share else None


def _all_quarantined(head: Head, bench: Bench, tried: list[Trial]) -> str:
    """What the adapters of a file's kind miss in it, when none of them can read one record."""
    if head.rows:
        return ""
    own = [
        trial
        for trial in tried
        if (trial.adapter.sign or trial.adapter.records in ("xml", "ocel"))
        and trial.n_lines
        and not (trial.n_read or trial.reason or trial.adapter.is_general)
    ]
    told = []
    for trial in own[:MAX_MISSES]:
        bench.load(trial, head)
        told += [f"{trial.adapter.name} expects {expected} as {field}" for field, expected, _ in trial.problems[:1]]
    return f"no adapter reads a record of it: {'; '.join(told)}" if told else ""


def _why_not(head: Head, tried: list[Trial]) -> str:
    if head.kind == "database":
        told = next((trial.reason for trial in tried if trial.reason), "")
        return told or "a database that no adapter reads"
    if head.rows and head.delimiter != ",":
        return (
            f"a table whose columns are parted by {head.delimiter!r}; export it with commas, or declare its columns in "
            "site.toml where an adapter's line in README.md says that it takes them"
        )
    if head.rows:
        return (
            "a table with a header in which no column is surely a moment or an identifier; declare its columns under "
            '[source.tables.<name>] of a source with adapter = "relational_orders"'
        )
    if head.is_json:
        return "JSON of a kind that no adapter knows"
    return f"no adapter reads {LEAST:.0%} of its first lines"


def _doubts_of(head: Head) -> list[str]:
    told = {
        "damaged": "the file is damaged further on: a night refuses it as a whole; deliver it again",
        "encoding": "some lines are not UTF-8: a night puts them in quarantine, or set `encoding` of the source",
    }
    found = [told[doubt] for doubt in head.doubts]
    if head.encoding != "utf-8" and not head.reason:
        found.append(
            f"its text is not UTF-8 but seems to be {head.encoding}: look whether letters with accents are right"
        )
    return found


def _doubts(best: Trial, other: Trial | None, head: Head) -> list[str]:
    """What to look at before the settings are believed, in plain words."""
    found = []
    if best.has_local_times:
        found.append(
            "its times carry no zone: on which clock were they written? Set `timezone` of the source, such as "
            '"Europe/Berlin"; until then they are read on the site\'s'
        )
    if best.n_lines < 10:
        found.append(f"only {best.n_lines} {'lines' if best.n_lines != 1 else 'line'} to go by")
    if best.n_events == 0:
        found.append(
            "no line gives an event: "
            + ("all were dropped (pictures, robots)" if not best.n_links else "it only links identifiers of a customer")
        )
    for field, expectation, n in best.problems:
        found.append(f"{n} of {best.n_lines} lines would be in quarantine: {field}, expected {expectation}")
    if other and other.share >= RIVAL and not other.adapter.is_general:
        found.append(f"{other.adapter.name} reads {other.share:.0%} of the lines too: look at the events below")
    if extra := best.options.get("extra"):
        found.append(f"the field after the user agent is taken for {extra[0]}")
    if objects := best.options.get("objects"):
        found.append(
            f"that {', '.join(map(repr, objects))} identify somebody is a guess from their names: look at each"
        )
    for name, table in best.options.get("tables", {}).items():
        found += _table_doubts(name, table, head)
    return found


def _table_doubts(name: str, table: dict[str, Any], head: Head) -> list[str]:
    found = [f"the meaning of the columns of table {name!r} is a guess from their names: look at each"]
    for column in table.get("events", {}).values():
        values = [row[column].strip() for row in head.rows if row[column].strip()]
        form = time_format(values, column)
        if form and is_ambiguous(form, values):
            found.append(f"column {slug(column)!r}: day and month may be the other way round ({form})")
    if table.get("events") and not table.get("identifiers"):
        found.append("no column names a customer, order or call: its events belong to nobody")
    return found
