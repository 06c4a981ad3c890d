"""The loops that findings tell of: how often customers go round, how they get out (method note 1.2, loop connector).

A loop has two exits: the normal one, by which the journey goes on, and the abnormal one, by which it ends inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.language import say
from reports import formats
from reports.records import FindingFigure
from reports.view_journeys import StepNames


@dataclass(frozen=True, slots=True)
class LoopRow:
    """A loop: the finding that tells of it, its steps in words, and its numbers as text."""

    label: str
    href: str
    steps: str
    cells: tuple[str, ...]


def loop_rows(findings: Sequence[FindingFigure], names: StepNames, k: int) -> tuple[LoopRow, ...]:
    """One row a loop between steps, in the order of the findings."""
    loops = (one for one in findings if "cycle" in one.where and "passes_mean" in one.extra)
    return tuple(_row(finding, names, k) for finding in loops)


def _row(finding: FindingFigure, names: StepNames, k: int) -> LoopRow:
    extra = finding.extra
    steps = [names.label.get(step, step) for step in finding.place["cycle"]]
    return LoopRow(
        finding.label,
        f"findings/{finding.label}.html",
        steps[0] if len(steps) == 1 else " \u2192 ".join([*steps, steps[0]]),
        (
            formats.small_count(int(finding.n.get("journeys") or 0), k),
            formats.number(extra["passes_mean"], 1),
            formats.number(extra["passes_p90"], 0),
            _exit(extra.get("exit_normal"), extra.get("exit_abnormal")),
            _exit(extra.get("exit_abnormal"), extra.get("exit_normal")),
        ),
    )


def _exit(n: int | None, n_other: int | None) -> str:
    """The share of a loop's journeys that leave it in one way, not in the other; not told where few leave it so."""
    if n is None or n_other is None or not n + n_other:
        return say("not told")
    return formats.ratio(n, n + n_other)
