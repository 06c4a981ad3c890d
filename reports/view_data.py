"""The data page: what became of each delivered line, what is not on the map, how sure identities are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ingest.language import mark, say
from ingest.told_again import FACTS, told_again
from reports import formats
from reports.figures import Figures
from reports.records import Counted, FileAccount, Night
from reports.view_clocks import ClockView, clock_view

MOST_FILES = 200
_REFUSED = mark("refused")


@dataclass(frozen=True, slots=True)
class DataView:
    """Texts of the data page. `*_rows` are tuples of cells."""

    identity: str
    identity_holds: bool
    held_back: str
    source_head: tuple[str, ...]
    source_rows: tuple[tuple[str, ...], ...]
    file_rows: tuple[tuple[str, ...], ...]
    file_more: str
    dropped_rows: tuple[tuple[str, ...], ...]
    quarantine_rows: tuple[tuple[str, ...], ...]
    refused: tuple[str, ...]
    n_undeclared: str
    undeclared_share: str
    undeclared_rows: tuple[tuple[str, ...], ...]
    n_hidden: str
    hidden_rows: tuple[tuple[str, ...], ...]
    quality_rows: tuple[tuple[str, ...], ...]
    gap_rows: tuple[tuple[str, ...], ...]
    audit_rows: tuple[tuple[str, str, str], ...]
    clocks: ClockView
    fact_rows: tuple[tuple[str, str], ...]


def data_view(figures: Figures, night: Night) -> DataView:
    """Read and format everything the data page shows."""
    k = figures.k
    files = figures.files()
    n_undeclared, codes = figures.undeclared()
    hidden = figures.hidden()
    held = sum(file.n_held_back for file in files)
    return DataView(
        identity=_identity(files),
        identity_holds=all(_holds(file) for file in files),
        held_back=formats.plural(
            held,
            "{n} unfinished last line held back until the file grows; not counted as read.",
            "{n} unfinished last lines held back until the file grows; not counted as read.",
        )
        if held
        else "",
        source_head=(
            say("Source"),
            say("Files"),
            say("Lines"),
            say("Accepted"),
            say("Duplicate"),
            say("Quarantined"),
            say("Blank"),
            say("of accepted: dropped"),
            say("Events"),
            say("From"),
            say("To"),
        ),
        source_rows=_by_source(files),
        file_rows=tuple(_file_row(file) for file in files[:MOST_FILES]),
        file_more=formats.plural(
            len(files) - MOST_FILES, "Not listed: {n} further file.", "Not listed: {n} further files."
        )
        if len(files) > MOST_FILES
        else "",
        dropped_rows=tuple((c.group, told_again(c.name), formats.count(c.n)) for c in figures.dropped()),
        quarantine_rows=tuple(
            (c.group, c.name or say("line"), told_again(c.note or ""), formats.count(c.n))
            for c in figures.quarantined()
        ),
        refused=tuple(
            f"{file.source}, {file.path}: {told_again(file.reason) if file.reason else say(_REFUSED)}"
            for file in files
            if file.status == "refused"
        ),
        n_undeclared=formats.count(n_undeclared),
        undeclared_share=formats.ratio(n_undeclared, night.n_events),
        undeclared_rows=tuple(
            (
                c.group,
                c.name or _few_each(c, k),
                formats.small_count(c.n, k, c.of_n),
                formats.ratio(c.n, night.n_events) if (c.of_n or 0) >= k else formats.NONE,
            )
            for c in codes
        ),
        n_hidden=formats.count(sum(c.n for c in hidden)),
        hidden_rows=tuple((c.group or say("Customer"), c.name, formats.count(c.n)) for c in hidden),
        quality_rows=tuple(
            (
                told_again(c.name.replace("_", " ")),
                c.group,
                formats.count(c.n),
                f"{formats.count(c.of_n)} ({formats.ratio(c.n, c.of_n)})" if c.of_n else "",
                told_again(c.note or ""),
            )
            for c in figures.quality()
        ),
        gap_rows=tuple(
            (source, formats.date_long(first), formats.date_long(last), formats.count((last - first).days + 1))
            for source, first, last in figures.gaps()
        ),
        audit_rows=tuple(
            (told_again(audit.replace("_", " ")), told_again(severity), message)
            for audit, severity, _, message in figures.audits()
        ),
        clocks=clock_view(figures.clocks(), k),
        fact_rows=tuple((say(FACTS.get(name, name)), told_again(value)) for name, value in sorted(night.facts.items())),
    )


def _identity(files: list[FileAccount]) -> str:
    return say(
        "{read} lines read = {accepted} accepted + {duplicate} duplicate + {quarantined} quarantined + {blank} blank",
        read=formats.count(sum(file.n_lines for file in files)),
        accepted=formats.count(sum(file.n_accepted for file in files)),
        duplicate=formats.count(sum(file.n_duplicate for file in files)),
        quarantined=formats.count(sum(file.n_quarantined for file in files)),
        blank=formats.count(sum(file.n_blank for file in files)),
    )


def _few_each(codes: Counted, k: int) -> str:
    """In place of codes that may hold a name."""
    return formats.plural(
        codes.n_names,
        "{n} code of fewer than {k} customers each",
        "{n} codes of fewer than {k} customers each",
        k=k,
    )


def _holds(file: FileAccount) -> bool:
    return file.n_lines == file.n_accepted + file.n_duplicate + file.n_quarantined + file.n_blank


def _by_source(files: list[FileAccount]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[FileAccount]] = defaultdict(list)
    for file in files:
        groups[file.source].append(file)
    rows = []
    for source, members in groups.items():
        starts = [file.first_at for file in members if file.first_at]
        ends = [file.last_at for file in members if file.last_at]
        sums = [
            sum(getattr(file, name) for file in members)
            for name in (
                "n_lines",
                "n_accepted",
                "n_duplicate",
                "n_quarantined",
                "n_blank",
                "n_dropped",
                "n_raw_events",
            )
        ]
        rows.append(
            (
                source,
                formats.count(len(members)),
                *(formats.count(n) for n in sums),
                formats.date_short(min(starts).date()) if starts else formats.NONE,
                formats.date_short(max(ends).date()) if ends else formats.NONE,
            )
        )
    return tuple(rows)


def _file_row(file: FileAccount) -> tuple[str, ...]:
    numbers = (
        file.n_lines,
        file.n_accepted,
        file.n_duplicate,
        file.n_quarantined,
        file.n_blank,
        file.n_dropped,
        file.n_raw_events,
    )
    return (
        file.source,
        file.path,
        *(formats.count(n) for n in numbers),
        formats.date_short(file.first_at.date()) if file.first_at else formats.NONE,
        formats.date_short(file.last_at.date()) if file.last_at else formats.NONE,
    )
