"""The tables of the map page: all steps, all paths, bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.language import say
from reports import formats
from reports.map_marks import Marks, channel_word, per_week
from reports.maps import ProcessMap
from reports.records import MoveFigure, Night, StepFigure

MOST_ROWS, MOST_STEPS = 500, 150
"""The longest a table of paths and of steps can get."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a sortable table: an anchor, and per cell (text, sort value or None, link or None)."""

    anchor: str
    cells: tuple[tuple[str, int | None, str | None], ...]
    kind: str = ""


def listed_steps(steps: Sequence[StepFigure]) -> list[StepFigure]:
    """The steps that the table holds: all, or where there are too many the most frequent, in the dictionary's order."""
    ranked = sorted(steps, key=lambda step: (-step.n_events, step.step))
    kept = {step.step for step in ranked[:MOST_STEPS]}
    return [step for step in steps if step.step in kept]


def steps_told(n_listed: int, of_n: int) -> str:
    """What the table of steps holds."""
    if n_listed == of_n:
        return say("All visible steps that occur")
    n_all = formats.count(of_n)
    return say("The {n} most frequent of {of_n} visible steps that occur", n=formats.count(n_listed), of_n=n_all)


def step_rows(steps: Sequence[StepFigure], night: Night, k: int, marks: Mapping[str, Marks]) -> tuple[TableRow, ...]:
    """A row a step, in the order of the process."""
    rows = []
    for step in sorted(listed_steps(steps), key=lambda step: marks[step.step].encounter or 0):
        per_100 = 100 * step.n_journeys / night.n_journeys if step.n_customers >= k else None
        rows.append(
            TableRow(
                f"step-{step.step}",
                (
                    (formats.count(marks[step.step].encounter), marks[step.step].encounter, None),
                    (step.label, None, None),
                    (step.department or say("Customer"), None, None),
                    (channel_word(step.channel), None, None),
                    (
                        formats.small_count(step.n_events, k, step.n_customers),
                        step.n_events if step.n_customers >= k else 0,
                        None,
                    ),
                    (
                        per_week(step.n_events, night) if step.n_customers >= k else formats.NONE,
                        step.n_events if step.n_customers >= k else 0,
                        None,
                    ),
                    (
                        formats.small_count(step.n_journeys, k, step.n_customers),
                        step.n_journeys if step.n_customers >= k else 0,
                        None,
                    ),
                    (
                        formats.number(per_100, 1) if per_100 is not None else formats.NONE,
                        round(10 * per_100) if per_100 is not None else 0,
                        None,
                    ),
                    (formats.small_count(step.n_starts, k), step.n_starts if step.n_starts >= k else 0, None),
                    (formats.small_count(step.n_ends, k), step.n_ends if step.n_ends >= k else 0, None),
                    _time_cell(step.gap_ms, step.n_customers >= k),
                    _time_cell(step.since_start_ms, step.n_customers >= k),
                ),
            )
        )
    return tuple(rows)


def _time_cell(ms: int | None, is_told: bool) -> tuple[str, int, None]:
    """A time and what it sorts by; where too few customers stand behind it, neither."""
    return (formats.duration(ms), ms or 0, None) if is_told else (formats.NONE, 0, None)


def move_rows(
    moves: Sequence[MoveFigure], steps: Sequence[StepFigure], full: ProcessMap, k: int
) -> tuple[TableRow, ...]:
    """All paths that may be told, most frequent first."""
    label = {step.step: step.label for step in steps}
    kinds = {(edge.source, edge.target): edge.kind for edge in full.edges}
    told = [move for move in moves if move.n_customers >= k]
    listed = {step.step for step in listed_steps(steps)}

    def end(step: str) -> tuple[str, None, str | None]:
        return label.get(step, step), None, f"#step-{step}" if step in listed else None

    return tuple(
        TableRow(
            "",
            (
                end(m.source),
                end(m.target),
                (formats.count(m.n), m.n, None),
                (formats.count(m.n_journeys), m.n_journeys, None),
                (formats.duration(m.gap_ms), m.gap_ms or 0, None),
                (formats.duration(m.gap_p90_ms), m.gap_p90_ms or 0, None),
            ),
            kinds.get((m.source, m.target), "allowed"),
        )
        for m in told
    )


def moves_left_out(moves: Sequence[MoveFigure], n_listed: int, k: int) -> str:
    """What the table of paths leaves out, in words; "" when that is nothing."""
    told = [move for move in moves if move.n_customers >= k]
    rare, cut = [move for move in moves if move.n_customers < k], told[n_listed:]
    sentences = []
    if rare:
        sentences.append(
            formats.plural(
                len(rare),
                "Not listed: {n} further path with fewer than {k} customers each, {moves} moves together.",
                "Not listed: {n} further paths with fewer than {k} customers each, {moves} moves together.",
                k=k,
                moves=formats.small_count(sum(move.n for move in rare), k),
            )
        )
    if cut:
        sentences.append(
            formats.plural(
                len(cut),
                "Not listed: {n} further path below the first {first}, {moves} moves together.",
                "Not listed: {n} further paths below the first {first}, {moves} moves together.",
                first=formats.count(n_listed),
                moves=formats.count(sum(move.n for move in cut)),
            )
        )
    return " ".join(sentences)
