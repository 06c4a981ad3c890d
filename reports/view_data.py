"""The data page: what became of each delivered line, what is not on the map, how sure identities are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from reports import formats
from reports.figures import Figures
from reports.records import FileAccount, Night
from reports.view_clocks import ClockView, clock_view

MOST_FILES = 200
UNDECLARED_LIMIT = 0.005
"""Above this share of events the run says so in exit code and report (design.md 5)."""


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
    undeclared_is_high: bool
    undeclared_rows: tuple[tuple[str, ...], ...]
    n_hidden: str
    hidden_rows: tuple[tuple[str, ...], ...]
    quality_rows: tuple[tuple[str, ...], ...]
    gap_rows: tuple[tuple[str, ...], ...]
    clocks: ClockView
    fact_rows: tuple[tuple[str, str], ...]


def data_view(figures: Figures, night: Night) -> DataView:
    """Read and format everything the data page shows."""
    k = figures.k
    files = figures.files()
    n_undeclared, codes = figures.undeclared()
    hidden = figures.hidden()
    read = sum(file.n_lines for file in files)
    parts = [
        sum(getattr(file, name) for file in files) for name in ("n_accepted", "n_duplicate", "n_quarantined", "n_blank")
    ]
    held = sum(file.n_held_back for file in files)
    holds = all(_holds(file) for file in files)
    told = [
        f"{formats.count(n)} {name}"
        for n, name in zip(parts, ("accepted", "duplicate", "quarantined", "blank"), strict=True)
    ]
    return DataView(
        identity=f"{formats.count(read)} lines read = {' + '.join(told)}",
        identity_holds=holds,
        held_back=f"{formats.plural(held, 'unfinished last line')} held back until the file grows; not counted as read."
        if held
        else "",
        source_head=(
            "Source",
            "Files",
            "Lines",
            "Accepted",
            "Duplicate",
            "Quarantined",
            "Blank",
            "of accepted: dropped",
            "Events",
            "From",
            "To",
        ),
        source_rows=_by_source(files),
        file_rows=tuple(_file_row(file) for file in files[:MOST_FILES]),
        file_more=f"Not listed: {formats.plural(len(files) - MOST_FILES, 'further file')}."
        if len(files) > MOST_FILES
        else "",
        dropped_rows=tuple((c.group, c.name, formats.count(c.n)) for c in figures.dropped()),
        quarantine_rows=tuple((c.group, c.name, c.note or "", formats.count(c.n)) for c in figures.quarantined()),
        refused=tuple(
            f"{file.source}, {file.path}: {file.reason or 'refused'}" for file in files if file.status == "refused"
        ),
        n_undeclared=formats.count(n_undeclared),
        undeclared_share=formats.ratio(n_undeclared, night.n_events),
        undeclared_is_high=bool(night.n_events) and n_undeclared / night.n_events > UNDECLARED_LIMIT,
        undeclared_rows=tuple(
            (
                c.group,
                c.name,
                formats.small_count(c.n, k, c.of_n),
                formats.ratio(c.n, night.n_events) if (c.of_n or 0) >= k else formats.NONE,
            )
            for c in codes
        ),
        n_hidden=formats.count(sum(c.n for c in hidden)),
        hidden_rows=tuple((c.group, c.name, formats.count(c.n)) for c in hidden),
        quality_rows=tuple(
            (
                c.name.replace("_", " "),
                c.group,
                formats.count(c.n),
                f"{formats.count(c.of_n)} ({formats.ratio(c.n, c.of_n)})" if c.of_n else "",
                c.note or "",
            )
            for c in figures.quality()
        ),
        gap_rows=tuple(
            (source, formats.date_long(first), formats.date_long(last), str((last - first).days + 1))
            for source, first, last in figures.gaps()
        ),
        clocks=clock_view(figures.clocks(), k),
        fact_rows=tuple(sorted(night.facts.items())),
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
