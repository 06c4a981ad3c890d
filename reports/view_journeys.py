"""Journeys as strips of chevrons: an example with its waits, or a way that many share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.language import say
from reports import formats
from reports.records import Example, Moment, StepFigure

_SAME_VISIT_MS, _LONG_MS = 3_600_000, 40 * 3_600_000


@dataclass(frozen=True, slots=True)
class Chevron:
    """One step of a journey strip: text, lane tint 0 to 5, the wait before it, how often in a row, of the finding or
    not."""

    label: str
    tint: int
    wait: str
    times: str
    long_wait: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """A journey as chevrons."""

    key: str
    chevrons: tuple[Chevron, ...]
    span: str
    more: str


@dataclass(frozen=True, slots=True)
class StepNames:
    """Label and lane tint of each step, and which are page views."""

    label: Mapping[str, str]
    tint: Mapping[str, int]
    browse: frozenset[str]

    @classmethod
    def of(cls, steps: Sequence[StepFigure], lanes: Mapping[str | None, int], tints: int) -> StepNames:
        """From the steps and the lane number of each department."""
        lane = {step.step: lanes.get(step.department, 0) for step in steps}
        return cls(
            {step.step: step.label for step in steps},
            {key: 0 if n == 0 else (n - 1) % (tints - 1) + 1 for key, n in lane.items()},
            frozenset(step.step for step in steps if step.kind == "browse" and step.channel == "web"),
        )

    def folds(self, a: str, b: str, own: frozenset[str]) -> bool:
        """Whether two steps in a row may be told as page views."""
        return a in self.browse and b in self.browse and a not in own and b not in own


def strip(example: Example, names: StepNames, own: frozenset[str] = frozenset(), most: int = 30) -> Strip:
    """An example journey. The same step several times in a row is one chevron with a count, and so are page views in a
    row.

    `own`: the steps of the finding, which are set off and never folded.
    """
    runs: list[list[Moment]] = []
    for moment in example.moments:
        last = runs[-1][-1] if runs else None
        if (
            last
            and (moment.gap_ms or 0) < _SAME_VISIT_MS
            and (last.step == moment.step or names.folds(last.step, moment.step, own))
        ):
            runs[-1].append(moment)
        else:
            runs.append([moment])
    shown: list[list[Moment]] = []
    for run in runs:  # two page views are told by name, more are counted
        shown += [run] if len(run) > 2 or len({moment.step for moment in run}) == 1 else [[moment] for moment in run]
    chevrons = []
    for run in shown[:most]:
        first, gap = run[0], run[0].gap_ms
        mixed = len({moment.step for moment in run}) > 1
        label = names.label.get(first.step, first.step)
        if mixed:
            label = formats.plural(len(run), "{n} page view", "{n} page views")
        times = f"×{len(run)}" if len(run) > 1 and not mixed else ""
        wait = formats.duration(gap) if gap is not None and gap >= 60_000 else ""
        chevrons.append(
            Chevron(label, names.tint.get(first.step, 0), wait, times, (gap or 0) >= _LONG_MS, first.step in own)
        )
    left_out = example.n_events - sum(len(run) for run in shown[:most])
    more = formats.plural(left_out, "and {n} further event", "and {n} further events") if left_out else ""
    return Strip(example.key, tuple(chevrons), formats.duration(example.duration_ms), more)


def way_strip(steps: Sequence[str], names: StepNames, most: int = 14) -> Strip:
    """A way through the process as chevrons, without times."""
    runs: list[tuple[str, int]] = []
    for step in steps:
        runs[-1:] = [(step, runs[-1][1] + 1)] if runs and runs[-1][0] == step else [*runs[-1:], (step, 1)]
    chevrons = tuple(
        Chevron(names.label.get(step, step), names.tint.get(step, 0), "", f"×{n}" if n > 1 else "", False, False)
        for step, n in runs[:most]
    )
    more = say("and {n} more", n=formats.count(len(runs) - most)) if len(runs) > most else ""
    return Strip("", chevrons, "", more)
