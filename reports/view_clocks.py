"""The data page's part on clocks: how far apart the sources' clocks are, by day where they are apart."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.language import say
from ingest.told_again import told_again
from reports import formats
from reports.records import ClockFigure

MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class ClockView:
    """Texts on clocks. `rows` and `day_rows` are tuples of cells; `warnings` are sentences, one for each pair of clocks
    that puts steps in doubt."""

    warnings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    day_rows: tuple[tuple[str, ...], ...]


def clock_view(clocks: list[ClockFigure], k: int) -> ClockView:
    """Format the clocks; what fewer than `k` moments tell is folded."""
    return ClockView(
        warnings=tuple(_warning(clock, k) for clock in clocks if clock.n_turned),
        rows=tuple(_row(clock, k) for clock in clocks),
        day_rows=tuple(
            (clock.source, clock.other, formats.date_long(day), formats.count(n), _seconds(ahead_ms))
            for clock in clocks
            if clock.is_best and clock.is_apart
            for day, n, ahead_ms in clock.days[-MOST_DAYS:]
        ),
    )


def _warning(clock: ClockFigure, k: int) -> str:
    return say(
        "The clocks of {source} and {other} are {verdict}. {n} of {of_n} moves between the two lie within that, so "
        "their order may be wrong. Nothing was corrected: mend the timezone, or declare clock_offset_s in site.toml.",
        source=clock.source,
        other=clock.other,
        verdict=told_again(clock.verdict),
        n=formats.small_count(clock.n_turned, k),
        of_n=formats.small_count(clock.n_moves, k),
    )


def _row(clock: ClockFigure, k: int) -> tuple[str, ...]:
    is_told = clock.verdict == "together" or clock.is_apart
    has_span = clock.low_ms is not None and is_told
    span = formats.interval(_seconds(clock.low_ms), _seconds(clock.high_ms)) if has_span else ""
    return (
        clock.source,
        clock.other,
        told_again(clock.moment.replace("_", " ")),
        formats.small_count(clock.n, k),
        _seconds(clock.ahead_ms) if is_told else formats.NONE,
        span,
        told_again(clock.verdict),
    )


def _seconds(ms: int | None) -> str:
    return formats.NONE if ms is None else formats.signed(ms / 1000, 0)
