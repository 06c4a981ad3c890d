"""Which variants go round which cycle, and which do a step again: the places that loop findings are about (4.1, 4.2).

What is legitimate is taken off: browsing and steps with any number of repeats are looked through, the step dictionary's
repeats and the rounds that the intended process itself can go are subtracted. `rework` of a step is told only where it
has no single loop that already tells it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mining.automaton import Automaton
from mining.context import Context
from mining.erasure import Cycle, department_sequence, erase
from mining.findings import identity
from mining.population import Variant

REWORKED = ("work", "handoff")
"""Classes of steps that count as rework when they are done again."""
TOLD_BY_A_LOOP = 0.8
"""A step's rework is no finding of its own when one loop holds this share of its journeys."""


@dataclass
class Loop:
    """A cycle (or a step done again) with the variants that show it: passes beyond the allowance, and the places of
    their events. `steps` are its members by name: going round them in another order is the same cycle. `ends_inside`:
    variants that end there.
    """

    kind: str
    where: dict[str, Any]
    steps: tuple[str, ...]
    allowed: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    orders: Counter[tuple[str, ...]] = field(default_factory=Counter)
    passes: dict[int, int] = field(default_factory=dict)
    places: dict[int, list[int]] = field(default_factory=dict)
    ends_inside: set[int] = field(default_factory=set)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this loop becomes."""
        return identity(self.kind, self.where)

    @property
    def hits(self) -> dict[int, float]:
        """Passes per journey of each variant."""
        return {variant_id: float(n) for variant_id, n in self.passes.items()}

    @property
    def entry(self) -> str:
        """The step (or department) at which the loop closes most often."""
        return min(self.entries, key=lambda name: (-self.entries[name], name))

    @property
    def order(self) -> tuple[str, ...]:
        """The members in the order in which they are gone round most often."""
        return min(self.orders, key=lambda names: (-self.orders[names], names))

    @property
    def is_of_steps(self) -> bool:
        """Whether it is a cycle of steps, whose events it holds alone."""
        return "cycle" in self.where


def collect(ways: Iterable[Variant], context: Context) -> list[Loop]:
    """Every cycle of every variant, and every step that is done again, gathered by kind and place."""
    gathered = _Gathered(context)
    counts: dict[int, int] = {}
    for way in ways:
        gathered.add(way)
        counts[way.variant_id] = way.counts["all"]
    loops = [gathered.found[key] for key in sorted(gathered.found)]
    return [loop for loop in loops if loop.passes and not (loop.kind == "rework" and _is_told(loop, loops, counts))]


def sought(context: Context) -> dict[str, str | None]:
    """The department that the customer turns to in each step; None where they browse or the company acts by itself.

    A parcel scan between two calls sends nobody back and forth.
    """
    return {
        step: touch.department if touch.actor == "customer" and not touch.is_free else None
        for step, touch in context.touch.items()
    }


class _Gathered:
    """Loops by (level, names), filled variant by variant."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.free = {step for step, touch in context.touch.items() if touch.is_free}
        self.department = sought(context)
        self.reworked = {
            step: _allowed_again(step, context)
            for step, touch in context.touch.items()
            if touch.step_class in REWORKED and not touch.is_free
        }
        self.allowances: dict[tuple[str, ...], int | None] = {}
        self.found: dict[tuple[str, tuple[str, ...]], Loop] = {}

    def add(self, way: Variant) -> None:
        """Take a variant in."""
        solid = [step for step in way.steps if step not in self.free]
        if len(set(solid)) < len(solid):
            last = max(place for place, step in enumerate(way.steps) if step not in self.free)
            self._cycles(way, "step", erase(way.steps, self.free), last)
            self._rework(way, solid)
        names, _ = department_sequence(solid, self.department)
        if len(set(names)) < len(names):
            self._cycles(way, "department", [cycle for cycle in erase(names) if cycle.length == 2])

    def _cycles(self, way: Variant, level: str, cycles: list[Cycle], last: int = -1) -> None:
        """`last` = position of the last step; a journey that ends where a cycle closes never got out of it."""
        seen: Counter[tuple[str, ...]] = Counter()
        for cycle in cycles:
            members = tuple(sorted(cycle.steps))
            seen[members] += 1
            allowed = self._allowed(cycle.steps) if level == "step" else 0
            if allowed is None or seen[members] <= allowed:
                continue
            loop = self._loop(level, members, allowed)
            loop.entries[cycle.entry] += way.counts["all"]
            loop.orders[cycle.steps] += way.counts["all"]
            loop.allowed = max(loop.allowed, allowed)
            loop.passes[way.variant_id] = loop.passes.get(way.variant_id, 0) + 1
            if level == "step":  # what a department's run holds is already counted by the steps
                loop.places.setdefault(way.variant_id, []).extend(cycle.erased)
            if cycle.erased[-1] == last and not self._is_outcome(cycle.entry):
                loop.ends_inside.add(way.variant_id)

    def _rework(self, way: Variant, solid: list[str]) -> None:
        for step, n in Counter(solid).items():
            allowed = self.reworked.get(step) if n > 1 else None
            if allowed is not None and n - 1 > allowed:
                loop = self._loop("again", (step,), allowed)
                loop.entries[step] += way.counts["all"]
                loop.orders[step,] += way.counts["all"]
                loop.passes[way.variant_id] = n - 1 - allowed

    def _loop(self, level: str, names: tuple[str, ...], allowed: int) -> Loop:
        key = (level, names)
        if key not in self.found:
            self.found[key] = _new_loop(level, names, allowed)
        return self.found[key]

    def _allowed(self, steps: tuple[str, ...]) -> int | None:
        if steps not in self.allowances:
            self.allowances[steps] = _allowed_rounds(steps, self.context)
        return self.allowances[steps]

    def _is_outcome(self, step: str) -> bool:
        touch = self.context.touch.get(step)
        return touch is not None and touch.step_class == "outcome"


def _new_loop(level: str, names: tuple[str, ...], allowed: int) -> Loop:
    if level == "department":
        return Loop("loop.pingpong", {"departments": list(names)}, names)
    if level == "again":
        return Loop("rework", {"step": names[0]}, names, allowed)
    kind = {1: "loop.self", 2: "loop.pingpong"}.get(len(names), "loop.cycle")
    return Loop(kind, {"cycle": list(names)}, names, allowed)


def _is_told(rework: Loop, loops: Iterable[Loop], counts: Mapping[int, int]) -> bool:
    """Whether one loop of steps holds nearly all journeys that do the step again."""
    journeys = sum(counts[variant_id] for variant_id in rework.passes)
    return any(
        sum(counts[variant_id] for variant_id in rework.passes.keys() & loop.passes.keys()) >= TOLD_BY_A_LOOP * journeys
        for loop in loops
        if loop.is_of_steps and rework.steps[0] in loop.steps
    )


def _allowed_rounds(steps: tuple[str, ...], context: Context) -> int | None:
    """Legitimate passes of a cycle in one journey: the smallest allowance of its steps, or the rounds that the intended
    process can go, whichever is more. None = any number.
    """
    declared = min((context.touch[step].repeats or 0 for step in steps if step in context.touch), default=0)
    intended = rounds(context.intended.automaton, steps) if context.intended else 0
    return None if intended is None else max(declared, intended)


def _allowed_again(step: str, context: Context) -> int | None:
    """Legitimate repeats of a step in one journey beyond the first; None = any number."""
    declared = context.touch[step].repeats or 0
    most = most_times(context.intended.automaton, step) if context.intended else 0
    return None if most is None else max(declared, most - 1)


def rounds(automaton: Automaton, steps: tuple[str, ...]) -> int | None:
    """How often the process can go round a cycle after being on it, at best; None = any number of times."""
    best = 0
    for start in range(len(steps)):
        entry, lap = steps[start], (*steps[start + 1 :], *steps[: start + 1])
        for moves in automaton.moves:
            state, seen = moves.get(entry), set[int]()
            while state is not None:
                if state in seen:
                    return None
                seen.add(state)
                for step in lap:
                    state = automaton.moves[state].get(step) if state is not None else None
            best = max(best, len(seen) - 1)
    return best


def most_times(automaton: Automaton, step: str) -> int | None:
    """How often the process can do a step, at best; None = any number of times."""
    limit = sum(step in moves for moves in automaton.moves)
    best: dict[int, int] = {0: 0}
    grown = {0}
    while grown:
        changed = set()
        for state in grown:
            for label, target in automaton.moves[state].items():
                n = best[state] + (label == step)
                if n > limit:
                    return None
                if n > best.get(target, -1):
                    best[target] = n
                    changed.add(target)
        grown = changed
    return max(best.values())
