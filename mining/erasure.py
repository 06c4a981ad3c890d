"""Chronological loop erasure (method note 4.2): takes a journey apart into its way and the cycles on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Cycle:
    """One pass: the steps gone round, in a canonical rotation, and the positions (from 0) of the erased events.

    `entry` is the step at which the loop closed.
    """

    steps: tuple[str, ...]
    entry: str
    erased: tuple[int, ...]

    @property
    def length(self) -> int:
        """Number of distinct steps: 1 = self-loop, 2 = ping-pong."""
        return len(self.steps)


def rotate(steps: Sequence[str]) -> tuple[str, ...]:
    """The rotation that starts with the smallest step: a cycle is the same wherever one enters it."""
    start = steps.index(min(steps))
    return tuple(steps[start:]) + tuple(steps[:start])


def erase(sequence: Sequence[str], free: Set[str] = frozenset()) -> list[Cycle]:
    """The cycles of a sequence, in order of closing. Steps in `free` are looked through, as if they were not there.

    Walk the sequence keeping the current path; when a step on the path recurs, everything after its first position is
    one cycle, is recorded and removed. Each event lies in at most one cycle, so nothing counts twice; O(n).
    """
    path: list[tuple[str, int]] = []
    place: dict[str, int] = {}
    cycles: list[Cycle] = []
    for position, step in enumerate(sequence):
        if step in free:
            continue
        if step not in place:
            place[step] = len(path)
            path.append((step, position))
            continue
        keep = place[step]
        removed = path[keep + 1 :]
        names = [step, *(name for name, _ in removed)]
        cycles.append(Cycle(rotate(names), step, (*(at for _, at in removed), position)))
        for name, _ in removed:
            del place[name]
        del path[keep + 1 :]
    return cycles


def department_sequence(sequence: Sequence[str], department: dict[str, str | None]) -> tuple[list[str], list[int]]:
    """The departments met, runs collapsed, the customer's own lane left out; and the position each run starts at."""
    names: list[str] = []
    starts: list[int] = []
    for position, step in enumerate(sequence):
        name = department.get(step)
        if name is not None and (not names or names[-1] != name):
            names.append(name)
            starts.append(position)
    return names, starts


@dataclass(frozen=True)
class Passes:
    """How many journeys went round how often: number of passes (from 1) -> journeys."""

    journeys: Mapping[int, int]

    @property
    def total(self) -> int:
        """Passes in all."""
        return sum(k * n for k, n in self.journeys.items())

    @property
    def n_journeys(self) -> int:
        """Journeys with a pass."""
        return sum(self.journeys.values())

    @property
    def mean(self) -> float:
        """Passes per journey with a pass; 0 when there is none."""
        return round(self.total / self.n_journeys, 2) if self.journeys else 0.0

    def percentile(self, share: float) -> int:
        """Lower percentile of passes per journey with a pass; 0 when there is none."""
        target, running = math.ceil(share * self.n_journeys), 0
        for k in sorted(self.journeys):
            running += self.journeys[k]
            if running >= target:
                return k
        return 0
