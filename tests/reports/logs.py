"""Journeys as lists of steps, counted into the figures that maps are made of."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from reports.figures_map import StepTimes, Touch
from reports.map_building import process_map
from reports.map_marks import marks_of
from reports.maps import ProcessMap
from reports.records import FindingFigure, MoveFigure, Night, StepFigure

START = dt.datetime(2026, 1, 5)


def finding(
    kind: str, where: dict[str, Any], value: float = 0.05, status: str = "confirmed", **extra: Any
) -> FindingFigure:
    """A finding with what a map reads of it."""
    rest: list[Any] = [{}, {}, {"value": value}, {}, None, None, None, None, {}, {}, {}, extra, None, None]
    return FindingFigure("f" * 16, "F-01", kind, status, "D", 1, "", "", "", where, *rest, "1", "", "", "17", 1, 1)


class Log:
    """A log of journeys; `touches`: the step dictionary."""

    def __init__(self, journeys: Sequence[Sequence[str]], touches: Sequence[Touch]) -> None:
        self.journeys, self.touches = journeys, touches
        self.events = Counter(step for journey in journeys for step in journey)
        self.moves = Counter(pair for journey in journeys for pair in itertools.pairwise(journey))

    def night(self) -> Night:
        n, last = len(self.journeys), START + dt.timedelta(days=28)
        total = self.events.total()
        return Night(last.date(), START, last, total, total, n, n, n, n, total, {})

    def steps(self) -> list[StepFigure]:
        found = []
        for touch in self.touches:
            n = self.events[touch.step]
            if n:
                journeys = sum(touch.step in journey for journey in self.journeys)
                starts = sum(journey[0] == touch.step for journey in self.journeys)
                ends = sum(journey[-1] == touch.step for journey in self.journeys)
                who = touch.step, touch.label, touch.stage, touch.channel, touch.department, "work"
                found.append(StepFigure(*who, n, n, journeys, journeys, starts, ends, 0, 60_000, None, 120_000))
        return found

    def move_figures(self) -> list[MoveFigure]:
        return [MoveFigure(a, b, n, n, n, 60_000, 90_000) for (a, b), n in sorted(self.moves.items())]

    def map(
        self,
        findings: Sequence[FindingFigure] = (),
        intended: tuple[str, ...] = (),
        waits: dict[str, int] | None = None,
    ) -> ProcessMap:
        """The departmental map, whole."""
        times = {step: StepTimes(180_000, 120_000, None, None, (waits or {}).get(step, 0)) for step in self.events}
        marks = marks_of(self.steps(), self.move_figures(), times, findings, intended, self.night(), 5)
        departments = [(name, "") for name in dict.fromkeys(t.department for t in self.touches) if name]
        pairs = frozenset(itertools.pairwise(intended))
        return process_map(
            self.steps(), self.move_figures(), departments, findings, intended, pairs, marks, self.touches, 5
        )


def planted() -> Log:
    """1 000 journeys visit > order > pay > ship > deliver; 300 call after the order, 50 skip pay (method.md T1.1)."""
    journeys = []
    for n in range(1000):
        call = ["call"] if n % 10 < 3 else []
        pay = [] if n % 20 == 7 else ["pay"]
        journeys.append(["visit", "order", *call, *pay, "ship", "deliver"])
    return Log(journeys, SHOP)


SHOP = [
    Touch("visit", "Visits the shop", "research", "web", "Web shop", "customer"),
    Touch("order", "Orders", "order", "web", "Web shop", "customer"),
    Touch("call", "Calls the menu", "help", "ivr", "Call centre", "customer"),
    Touch("pay", "Pays", "order", "web", "Web shop", "customer"),
    Touch("ship", "Parcel leaves", "receive", "parcel", "Delivery", "company"),
    Touch("deliver", "Receives the goods", "receive", "parcel", None, "customer"),
]


def random_log(seed: int) -> Log:
    """Journeys through up to 34 steps of up to 5 departments, some of them rare, in no order."""
    chance = random.Random(seed)
    rooms = [None, *(f"Department {n}" for n in range(chance.randint(1, 5)))]
    channels, stages = ("web", "ivr", "agent", "mail"), ("research", "order", "help", "return")
    touches = [
        Touch(f"s{n}", f"Step {n}", chance.choice(stages), chance.choice(channels), chance.choice(rooms), "company")
        for n in range(chance.randint(3, 34))
    ]
    weights = [chance.paretovariate(1) for _ in touches]
    keys = [touch.step for touch in touches]
    journeys = [chance.choices(keys, weights, k=chance.randint(1, 9)) for _ in range(chance.randint(20, 400))]
    return Log(journeys, touches)
