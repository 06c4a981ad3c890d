"""What truly happened: the steps of each need, and of each customer, in order of time, by a way of its own.

It reads the world before anything is written down: no file format, no identity, no journey cutting is involved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from world_config import DAY_S
from world_record import Call, World

from ingest.touch import Matcher, StepDictionary, load_steps

GAP_S = 7 * DAY_S
"""Needs of one customer that are no further apart may lawfully be one journey (method note 2.2)."""
Sequences = Iterable[Sequence[str]]
Moments = list[tuple[int, int, str]]
"""(epoch second, rank, step)."""


class Steps:
    """The step dictionary of the standard worlds: from raw codes to visible steps."""

    def __init__(self, path: Path) -> None:
        known = load_steps(path)
        self.visible = {step.step for step in known.step if step.visible}
        self.bad = {step.step for step in known.step if step.bad}
        self.browse = {step.step for step in known.step if step.kind == "browse"}
        self.free = {step.step for step in known.step if step.kind == "browse" or step.repeats == "any"}
        outcomes = {step.step for step in known.step if step.kind == "outcome"}
        self.ends = outcomes | self.bad
        self.begins = {
            step.step
            for step in known.step
            if step.visible and step.stage == "order" and step.actor == "customer" and step.step not in self.free
        } - self.ends
        self.told = {step.step for step in known.step if step.visible and not (step.bad or step.reactive)} - self.browse
        self.allowed = {step.step: step.repeats for step in known.step if isinstance(step.repeats, int)}
        self.department = {
            step.step: step.department for step in known.step if step.actor == "customer" and step.step not in self.free
        }
        self.asks = {item: {step.step for step in known.step if item in step.asks} for item in _items(known)}
        self.changes = {item: {step.step for step in known.step if item in step.changes} for item in self.asks}
        self._matcher = Matcher(known)
        self._known: dict[tuple[str, str], str | None] = {}

    def of(self, source: str, code: str) -> str | None:
        """The visible step of a code."""
        key = (source, code)
        if key not in self._known:
            step = self._matcher.match(source, code).step
            self._known[key] = step if step in self.visible else None
        return self._known[key]


def _items(known: StepDictionary) -> set[str]:
    return {item for step in known.step for item in step.asks}


@dataclass(frozen=True, eq=False)
class Truth:
    """Steps of each need, in the same order their moments and the need's number; and the steps of each stretch of a
    customer's life, which is needs no further apart than GAP_S.
    """

    made: World
    steps: Steps
    needs: list[list[str]]
    stretches: list[list[str]]
    moments: list[Moments]
    numbers: list[int]

    def share(self, names: Iterable[str], *, stretched: bool = False) -> tuple[float, int]:
        """Of the needs (or stretches) that reached a loop's entry, the share that went round beyond what is allowed;
        and how many reached it.

        The entry is the member that most of the looping ones reach first. Names are steps or departments.
        """
        members, sequences = frozenset(names), self.stretches if stretched else self.needs
        free, allowed = self.steps.free, 0
        if members <= self.steps.department.keys() | self.steps.allowed.keys():
            allowed = min(self.steps.allowed.get(step, 0) for step in members)
        else:
            sequences, free = [self._departments(found) for found in sequences], set()
        looping = [found for found in sequences if cycles(found, free).count(members) > allowed]
        if not looping:
            return 0.0, 0
        first = [next(step for step in found if step in members) for found in looping]
        entry = max(sorted(members), key=first.count)
        n = sum(entry in found for found in sequences)
        return len(looping) / n, n

    def done_again(self, names: Iterable[str], *, stretched: bool = False) -> tuple[float, int]:
        """Of the needs (or stretches) that came to a step, the share that did it more often than is allowed; and how
        many came.
        """
        (step,) = names
        times = [n for found in (self.stretches if stretched else self.needs) if (n := found.count(step))]
        return sum(n > 1 + self.steps.allowed.get(step, 0) for n in times) / max(1, len(times)), len(times)

    def had_again(self, step: str, prev: str | None, *, stretched: bool = False) -> tuple[float, int]:
        """Of the needs (or stretches) that came to `prev` (all that came to the step, without it): the share that had
        the step again, after coming to `prev` once more; and how many came. A step gone round to in any other way is
        another matter.
        """
        reached = [found for found in (self.stretches if stretched else self.needs) if (prev or step) in found]
        return sum(_comes_again(found, step, prev) for found in reached) / max(1, len(reached)), len(reached)

    def asked_again(self, names: Iterable[str], *, stretched: bool = False) -> tuple[float, int]:
        """Of the needs (or stretches) that a step asked for an item, or any step: the share that had given it before,
        and not altered it since; and how many were asked.
        """
        (item,) = (name for name in names if name in self.steps.asks)
        asking = self.steps.asks[item]
        at = asking & set(names) or asking
        reached = [found for found in (self.stretches if stretched else self.needs) if at & set(found)]
        return sum(self._gives_again(found, item, at) for found in reached) / max(1, len(reached)), len(reached)

    def _gives_again(self, found: Sequence[str], item: str, at: set[str]) -> bool:
        given: list[str] = []
        for step in found:
            if step in self.steps.changes[item]:
                given = []
            if step not in self.steps.asks[item]:
                continue
            by_others, by_itself = len(given) - given.count(step), given.count(step)
            is_free = step in self.steps.free
            if step in at and (by_others or (by_itself > self.steps.allowed.get(step, 0) and not is_free)):
                return True
            given.append(step)
        return False

    def _departments(self, found: Sequence[str]) -> list[str]:
        """The departments that a customer turned to, in turn."""
        names = (self.steps.department.get(step) for step in found)
        return [name for name, _ in groupby(name for name in names if name is not None)]


def _comes_again(found: Sequence[str], step: str, prev: str | None) -> bool:
    if step not in found:
        return False
    later = found[found.index(step) + 1 :]
    if prev is not None:
        later = later[later.index(prev) + 1 :] if prev in later else []
    return step in later


def truth_of(made: World, steps: Steps) -> Truth:
    """What truly happened in a world."""
    rows = _rows(made, steps)
    names = [_names(found) for found in rows.values()]
    truth = Truth(made, steps, names, [], list(rows.values()), list(rows))
    return replace(truth, stretches=[_names(stretch) for stretch in stretches_of(truth)])


def stretches_of(truth: Truth) -> list[Moments]:
    """The moments of each stretch of a customer's life, in order of time."""
    by_person: defaultdict[int, list[Moments]] = defaultdict(list)
    for need, moments in sorted(zip(truth.numbers, truth.moments, strict=True)):
        by_person[truth.made.needs.person[need]].append(moments)
    return [sorted(stretch) for of_one in by_person.values() for stretch in _stretches(of_one)]


def _stretches(needs: list[Moments]) -> list[Moments]:
    """The moments of one customer's needs, joined where they overlap or lie no further apart than GAP_S."""
    out: list[Moments] = []
    until = 0
    for moments in sorted(needs):
        if not out or moments[0][0] - until > GAP_S:
            out.append([])
        out[-1] += moments
        until = max(until, moments[-1][0])
    return out


def _names(moments: Moments) -> list[str]:
    return [step for _, _, step in sorted(moments)]


def _rows(made: World, steps: Steps) -> dict[int, Moments]:
    """The visible moments of each need, in order of time."""
    rows: defaultdict[int, Moments] = defaultdict(list)

    def add(need: int, at_s: int, rank: int, source: str, code: str) -> None:
        step = steps.of(source, code)
        if step is not None and made.is_recorded(at_s):
            rows[need].append((at_s, rank, step))

    for hit in (hit for day in made.hits for hit in day):
        refusal = f" -> {hit.status // 100}xx" if hit.status >= 400 else ""
        add(hit.need, hit.at_s, hit.order, "web", f"{hit.method} {hit.path}{refusal}")
    for call in made.calls:
        for at_s, source, code in _of_call(call):
            add(call.need, at_s, call.sequence, source, code)
    for order in made.orders:
        add(order.need, order.created_s, 0, "orders", f"created {order.source}")
        for at_s, kind, code in order.log:
            name = {"scan": "fulfillment_event"}.get(kind, kind)
            add(order.need, at_s, 1, "orders", f"{name} {code}".strip())
    return {need: sorted(found) for need, found in rows.items()}


def _of_call(call: Call) -> list[tuple[int, str, str]]:
    """(epoch second, source, code) of what a call leaves that is visible."""
    told = [(at_s, "calls", f"MENU_{node} NONE") for at_s, node in call.menu]
    told += [(leg.connect_s, "calls", f"BLINDTRANSFER {leg.queue}") for leg in call.legs]
    if call.asked_s:
        told.append((call.asked_s, "calls", f"ASKED {call.queue}"))
    if call.outcome in ("menu", "closed"):
        return [
            *told,
            (call.start_s, "cdr", f"from-pstn {'BackGround' if call.outcome == 'menu' else 'Playback'} ANSWERED"),
        ]
    verb = {"answered": call.completed_by, "abandoned": "ABANDON", "timeout": "EXITWITHTIMEOUT"}[call.outcome]
    return [*told, (call.connect_s or call.end_s, "calls", f"{verb} {call.queue}")]


def cycles(sequence: Sequence[str], free: set[str]) -> list[frozenset[str]]:
    """The sets of steps gone round, each time a step comes that is still on the way (4.2, loop erasure)."""
    way: list[str] = []
    found = []
    for step in sequence:
        if step in free:
            continue
        if step in way:
            back = way.index(step)
            found.append(frozenset(way[back:]))
            del way[back + 1 :]
        else:
            way.append(step)
    return found
