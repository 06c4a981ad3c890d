"""What truly happened, need by need: the steps of each need in order of time, by a way of its own.

It reads the world before anything is written down: no file format, no identity, no journey cutting is involved.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from world_record import Call, World

from ingest.touch import Matcher, load_steps

Needs = dict[int, list[str]]


class Steps:
    """The step dictionary of the standard worlds: from raw codes to visible steps."""

    def __init__(self, path: Path) -> None:
        known = load_steps(path)
        self.visible = {step.step for step in known.step if step.visible}
        self.free = {step.step for step in known.step if step.kind == "browse" or step.repeats == "any"}
        self.allowed = {step.step: step.repeats for step in known.step if step.repeats != "any"}
        self._matcher = Matcher(known)
        self._known: dict[tuple[str, str], str | None] = {}

    def of(self, source: str, code: str) -> str | None:
        """The visible step of a code."""
        key = (source, code)
        if key not in self._known:
            step = self._matcher.match(source, code).step
            self._known[key] = step if step in self.visible else None
        return self._known[key]


def steps_by_need(made: World, steps: Steps) -> Needs:
    """The visible steps of each need, in order of time."""
    rows: defaultdict[int, list[tuple[int, int, str]]] = defaultdict(list)

    def add(need: int, at_s: int, rank: int, source: str, code: str) -> None:
        step = steps.of(source, code)
        if step is not None and made.is_recorded(at_s):
            rows[need].append((at_s, rank, step))

    for hit in (hit for day in made.hits for hit in day):
        refusal = f" -> {hit.status // 100}xx" if hit.status >= 400 else ""
        add(hit.need, hit.at_s, hit.order, "web", f"{hit.method} {hit.path}{refusal}")
    for call in made.calls:
        for source, code in _call_codes(call):
            add(call.need, call.connect_s or call.end_s, call.sequence, source, code)
    for order in made.orders:
        add(order.need, order.created_s, 0, "orders", f"created {order.source}")
        for at_s, kind, code in order.log:
            name = {"scan": "fulfillment_event"}.get(kind, kind)
            add(order.need, at_s, 1, "orders", f"{name} {code}".strip())
    return {need: [step for _, _, step in sorted(found)] for need, found in rows.items()}


def _call_codes(call: Call) -> list[tuple[str, str]]:
    if call.outcome in ("menu", "closed"):
        return [("cdr", f"from-pstn {'BackGround' if call.outcome == 'menu' else 'Playback'} ANSWERED")]
    verb = {"answered": call.completed_by, "abandoned": "ABANDON", "timeout": "EXITWITHTIMEOUT"}[call.outcome]
    return [("calls", f"{verb} {call.queue}")]


def cycles(sequence: list[str], free: set[str]) -> list[frozenset[str]]:
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


def share_of_loop(needs: Needs, members: frozenset[str], steps: Steps) -> float:
    """Of the needs that reached the loop's most frequent entry: the share that went round beyond what is allowed.

    The entry is not looked for: it is the member that most looping needs hold first, which is the same for short loops.
    """
    allowed = min((steps.allowed.get(step, 0) for step in members), default=0)
    looping = [found for found in needs.values() if cycles(found, steps.free).count(members) > allowed]
    if not looping:
        return 0.0
    first = [next(step for step in found if step in members) for found in looping]
    entry = max(sorted(members), key=first.count)
    return len(looping) / sum(entry in found for found in needs.values())
