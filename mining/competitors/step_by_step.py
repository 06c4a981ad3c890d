"""The steps of both sides beside each other: who meets which step, how long it takes, who follows whom.

A step stands for one of our dictionary, or by its own name where nothing of ours is like it. Shares are of the shops
of those errands (scenario and channel) in which anybody meets the step, weighted like every comparison: in other
errands it can't come. Who asks for a step more often is told where its interval at Holm's level over all steps of the
company excludes "as often", with 30 such shops and more on each side, enough of the steps mapped, and a wave that is
not old.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from mining.competitors import estimate
from mining.competitors.estimate import Side
from mining.competitors.of_shops import Wave, mapped_share
from mining.competitors.shops import Shop, Stop
from mining.competitors.steps_map import StepsMap
from mining.method import Method
from mining.statistics import holm

MOST_STEPS, MOST_OWN_STEPS = 20, 6
"""Steps of our dictionary, and steps without a counterpart, that are told one by one; the others are one, REST."""
REST = "~"
START, ENDS = "^", {"y": "^y", "later": "^later", "n": "^n", "": "^?"}
"""Where a shop begins, and how it ends by what was noted, among the keys of moves."""


@dataclass(frozen=True)
class StepSide:
    """How a side meets a step: shops with it, of so many of its errands, their weighted share (None below the floor),
    median minutes, median wait."""

    n: int
    of_n: int
    share: float | None
    minutes: float | None
    wait_s: float | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class StepBeside:
    """One step. `step` is ours; None = `name` has no counterpart with us ('' = all such that are not told one by one).
    channel: where most shops meet it. asks_more: ours, theirs or ''. match: exact, close or none, the weakest of both
    sides."""

    place: int
    step: str | None
    name: str
    channel: str
    match: str
    ours: StepSide
    theirs: StepSide
    gap: tuple[float, float, float] | None
    asks_more: str


@dataclass(frozen=True)
class Move:
    """How often the shops of a side go from one step to another; keys as in `Keys.of`, START and ENDS."""

    is_ours: bool
    source: str
    target: str
    n: int


class Keys:
    """What the stops of a wave are drawn as: our step, '~' and its own name where it has no counterpart, or REST."""

    def __init__(self, wave: Wave, steps: StepsMap) -> None:
        """What is beyond the MOST_STEPS, and the MOST_OWN_STEPS, that most shops have becomes REST."""
        self._steps = steps
        self._rest: frozenset[str] = frozenset()
        met = Counter(key for shop in (*wave.ours, *wave.theirs) for key in self.way(shop, once=True))
        ranked = sorted(met, key=lambda key: (-met[key], key))
        own, shared = ([key for key in ranked if key.startswith("~") == is_own] for is_own in (True, False))
        beyond = own[MOST_OWN_STEPS:] + shared[MOST_STEPS:]
        self._rest = frozenset(beyond if len(beyond) > 1 else ())
        self.all = sorted({REST if key in self._rest else key for key in met})

    def of(self, shop: Shop, step: str) -> str:
        """The key of one stop."""
        key = self._steps.ours(shop.company, step) or f"~{step}"
        return REST if key in self._rest else key

    def way(self, shop: Shop, *, once: bool = False) -> list[str]:
        """The keys of a shop's stops, in their order; `once`: each of them once."""
        keys = [self.of(shop, stop.step) for stop in shop.stops]
        return list(dict.fromkeys(keys)) if once else keys


def step_rows(wave: Wave, steps: StepsMap, keys: Keys, method: Method, night: dt.date) -> list[StepBeside]:
    """All steps of a wave, in the order in which customers meet them."""
    sides = wave.ours, wave.theirs
    errands = {key: _of_its_errands(sides, key, keys) for key in keys.all}
    gaps = {key: _gap(errands[key], wave, key, keys, method) for key in keys.all}
    can_rank = (
        min(mapped_share(side, steps) for side in sides) >= 1 - method.gap_unmapped_share_max
        and (night - wave.last_day).days <= method.gap_age_days_max
    )
    enough = [key for key in keys.all if min(len(side) for side in errands[key]) >= method.gap_ranking_min]
    ranked = [key for key in enough if gaps[key] is not None] if can_rank else []
    adjusted = dict(zip(ranked, holm([one[1] for key in ranked if (one := gaps[key])]), strict=True))
    rows = []
    for place, key in enumerate(sorted(keys.all, key=lambda key: (_position(sides, key, keys), key))):
        found = gaps[key]
        more = ""
        if found and adjusted.get(key, 1.0) <= method.confirm_alpha:
            more = "ours" if found[0][0] > 0 else "theirs"
        shares = found[2] if found else (None, None)
        rows.append(
            StepBeside(
                place,
                None if key.startswith("~") else key,
                key.removeprefix("~"),
                _channel(sides, key, keys),
                _match(sides, key, keys, steps),
                _side(errands[key][0], key, keys, shares[0]),
                _side(errands[key][1], key, keys, shares[1]),
                found[0] if found else None,
                more,
            )
        )
    return rows


def moves(wave: Wave, keys: Keys) -> list[Move]:
    """Who goes from which step to which, from START to one of ENDS: every stop of every shop is come to once and left
    once."""
    out = []
    for is_ours, side in ((True, wave.ours), (False, wave.theirs)):
        counts: Counter[tuple[str, str]] = Counter()
        for shop in side:
            counts.update(pairwise([START, *keys.way(shop), ENDS[shop.resolved]]))
        out += [Move(is_ours, source, target, n) for (source, target), n in sorted(counts.items())]
    return out


def _of_its_errands(sides: Sequence[Sequence[Shop]], key: str, keys: Keys) -> tuple[list[Shop], list[Shop]]:
    """The shops of the errands in which anybody meets a step."""
    errands = {(shop.scenario, shop.channel) for side in sides for shop in side if key in keys.way(shop)}
    ours, theirs = ([shop for shop in side if (shop.scenario, shop.channel) in errands] for side in sides)
    return ours, theirs


def _gap(
    sides: Sequence[Sequence[Shop]], wave: Wave, key: str, keys: Keys, method: Method
) -> tuple[tuple[float, float, float], float, tuple[float, float]] | None:
    """((gap, low, high), p, (our share, their share)) of the shops with a step; None below the floor."""
    if min(len(side) for side in sides) < method.gap_cases_min:
        return None
    if min(len({shop.shopper for shop in side}) for side in sides) < 2:
        return None
    ours, theirs = (
        Side.of(
            [float(key in keys.way(shop)) for shop in side],
            [shop.stratum for shop in side],
            [shop.shopper for shop in side],
            {stratum: wave.mix[stratum] for stratum in sorted({shop.stratum for shop in side})},
        )
        for side in sides
    )
    gap = estimate.gap_of_shares(ours, theirs, method.gap_margin_share)
    low, high = gap.interval(method.confidence)
    told = round(gap.value, 9), round(low, 9), round(high, 9)  # weights add up to 1 but for the last digits
    return told, gap.p, (round(ours.mean, 9), round(theirs.mean, 9))


def _stops(shops: Sequence[Shop], key: str, keys: Keys) -> Iterator[tuple[Shop, Stop]]:
    return ((shop, stop) for shop in shops for stop in shop.stops if keys.of(shop, stop.step) == key)


def _side(shops: Sequence[Shop], key: str, keys: Keys, share: float | None) -> StepSide:
    """How a side meets a step; of names the most frequent first, three at most."""
    met = list(_stops(shops, key, keys))
    times = [stop.minutes for _, stop in met if stop.minutes is not None]
    waits = [stop.wait_s for _, stop in met if stop.wait_s is not None]
    names = Counter(stop.step for _, stop in met)
    return StepSide(
        len({id(shop) for shop, _ in met}),
        len(shops),
        share,
        median(times) if times else None,
        median(waits) if waits else None,
        tuple(name for name, _ in sorted(names.items(), key=lambda one: (-one[1], one[0]))[:3]),
    )


def _channel(sides: Sequence[Sequence[Shop]], key: str, keys: Keys) -> str:
    counts = Counter(shop.channel for side in sides for shop, _ in _stops(side, key, keys))
    return min(counts, key=lambda channel: (-counts[channel], channel))


def _match(sides: Sequence[Sequence[Shop]], key: str, keys: Keys, steps: StepsMap) -> str:
    found = {steps.match(shop.company, stop.step) for side in sides for shop, stop in _stops(side, key, keys)}
    return next(name for name in ("none", "close", "exact") if name in found)


def _position(sides: Sequence[Sequence[Shop]], key: str, keys: Keys) -> float:
    """Where in a shop the step comes on average: 0 = first, 1 = last."""
    found: dict[int, list[float]] = defaultdict(list)
    for number, side in enumerate(sides):
        for shop in side:
            way = keys.way(shop)
            found[number] += [place / max(1, len(way) - 1) for place, one in enumerate(way) if one == key]
    means = [sum(places) / len(places) for places in found.values() if places]
    return sum(means) / len(means)
