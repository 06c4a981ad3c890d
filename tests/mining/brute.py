"""Every aggregate again, in plain Python over the list of events: slow, short, and written without a look at the
SQL.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from mining_log import Ev, Log, St

Row = tuple[Any, ...]
US = dt.timedelta(microseconds=1)


def disc(values: list[int], share: float) -> int | None:
    """The lower quantile: the smallest value with at least `share` of all values at or below it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def ms(delta: dt.timedelta) -> int:
    """Whole ms, at least 0."""
    return max(0, delta // US) // 1000


def half_up(value: float) -> int:
    """Half away from zero, as SQL rounds."""
    return int(math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1))


class Brute:
    """The log, journeys in order, and one method per aggregate returning its rows (journeys by case name)."""

    def __init__(self, log: Log) -> None:
        self.touch: dict[str, St] = {s.step: s for s in log.steps}
        self.order = {s.step: n for n, s in enumerate(log.steps)}
        self.journeys: dict[str, list[Ev]] = defaultdict(list)
        for event in sorted(log.events, key=lambda e: (e.at, e.order)):
            self.journeys[event.case].append(event)
        self.customer = {e.case: e.customer or e.case for e in log.events}

    def pairs(self) -> list[tuple[str, Ev, Ev]]:
        return [(case, a, b) for case, events in self.journeys.items() for a, b in pairwise(events)]

    @staticmethod
    def gap(a: Ev, b: Ev) -> int:
        return ms(b.at - (a.end or a.at))

    def dfg(self) -> set[Row]:
        groups: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for case, a, b in self.pairs():
            groups[a.step, b.step].append((case, self.gap(a, b)))
        return {
            (
                a,
                b,
                len(g),
                len({c for c, _ in g}),
                len({self.customer[c] for c, _ in g}),
                sum(x for _, x in g),
                disc([x for _, x in g], 0.5),
                disc([x for _, x in g], 0.9),
            )
            for (a, b), g in groups.items()
        }

    def starts(self) -> set[Row]:
        return set(Counter(events[0].step for events in self.journeys.values()).items())

    def ends(self) -> set[Row]:
        return set(Counter(events[-1].step for events in self.journeys.values()).items())

    def duration(self, events: list[Ev]) -> int:
        return (max(e.end or e.at for e in events) - min(e.at for e in events)) // US // 1000

    def variants(self) -> set[Row]:
        groups: dict[str, list[str]] = defaultdict(list)
        for case, events in self.journeys.items():
            groups[" > ".join(e.step for e in events)].append(case)
        ranked = sorted(groups, key=lambda text: (-len(groups[text]), text))
        return {
            (
                n,
                text,
                text.count(" > ") + 1,
                len(groups[text]),
                len({self.customer[c] for c in groups[text]}),
                disc([self.duration(self.journeys[c]) for c in groups[text]], 0.5),
            )
            for n, text in enumerate(ranked, 1)
        }

    def journey_metrics(self) -> set[Row]:
        out = set()
        for case, events in self.journeys.items():
            out.add(
                (
                    case,
                    " > ".join(e.step for e in events),
                    len(events),
                    sum(e.n_raw for e in events),
                    self.duration(events),
                    sum(half_up(e.engaged_ms * e.weight) for e in events if e.engaged_ms is not None),
                    sum(half_up(e.wait_ms * e.weight) for e in events if e.wait_ms is not None),
                    len({self.touch[e.step].channel for e in events}),
                    len({self.touch[e.step].department for e in events} - {None}),
                    len({e.call for e in events} - {None}),
                )
            )
        return out

    def steps(self) -> set[Row]:
        groups: dict[str, list[tuple[str, Ev]]] = defaultdict(list)
        for case, events in self.journeys.items():
            for e in events:
                groups[e.step].append((case, e))
        out = set()
        for step, rows in groups.items():
            engaged = [e.engaged_ms for _, e in rows if e.engaged_ms is not None]
            since = [(e.at - self.journeys[c][0].at) // US // 1000 for c, e in rows]
            out.add(
                (
                    step,
                    len(rows),
                    sum(e.n_raw for _, e in rows),
                    len({c for c, _ in rows}),
                    len({self.customer[c] for c, _ in rows}),
                    sum(half_up(e.engaged_ms * e.weight) for _, e in rows if e.engaged_ms is not None),
                    disc(engaged, 0.5),
                    disc(engaged, 0.9),
                    disc(since, 0.5),
                )
            )
        return out

    def waiting_times(self) -> set[Row]:
        groups: dict[str, list[Ev]] = defaultdict(list)
        for events in self.journeys.values():
            for e in events:
                if e.wait_ms is not None:
                    groups[e.step].append(e)
        return {
            (
                s,
                len(g),
                sum(half_up((e.wait_ms or 0) * e.weight) for e in g),
                disc([e.wait_ms or 0 for e in g], 0.5),
                disc([e.wait_ms or 0 for e in g], 0.9),
            )
            for s, g in groups.items()
        }

    def rework(self) -> set[Row]:
        out = set()
        for step in {e.step for events in self.journeys.values() for e in events}:
            counts = [n for events in self.journeys.values() if (n := sum(e.step == step for e in events))]
            loops = sum(a.step == b.step == step for _, a, b in self.pairs())
            allowed = self.touch[step].repeats
            out.add(
                (
                    step,
                    len(counts),
                    sum(n > 1 for n in counts),
                    loops,
                    sum(n - 1 for n in counts) - loops,
                    0 if allowed is None else sum(max(0, n - 1 - allowed) for n in counts),
                    allowed,
                )
            )
        return out

    def handovers(self, attribute: str) -> set[Row]:
        groups: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for case, a, b in self.pairs():
            one, two = (getattr(self.touch[e.step], attribute) or "Customer" for e in (a, b))
            if one != two:
                groups[one, two].append((case, self.gap(a, b)))
        return {(a, b, len(g), len({c for c, _ in g}), disc([x for _, x in g], 0.5)) for (a, b), g in groups.items()}
