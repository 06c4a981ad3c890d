"""The steps of both sides beside each other: who meets which step, how long it takes, who follows whom.

A step stands for one of our dictionary, or by its own name where nothing of ours is like it. Shares are of shops,
weighted like every comparison; who asks for a step more often is told where its interval at Holm's level over all
steps of the company excludes "as often", with 30 shops and more on each side and enough of the steps mapped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from mining.competitors import estimate
from mining.competitors.estimate import Side
from mining.competitors.of_shops import Wave, mapped_share
from mining.competitors.shops import Shop
from mining.competitors.steps_map import StepsMap
from mining.method import Method
from mining.statistics import holm

MOST_OWN_STEPS = 6
"""Steps without a counterpart that are told one by one; of the others there is the number."""


@dataclass(frozen=True)
class StepSide:
    """How a side meets a step: shops with it, their weighted share (None below the floor), median minutes, wait."""

    n: int
    share: float | None
    minutes: float | None
    wait_s: float | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class StepBeside:
    """One step. `step` is ours; None = `name` has no counterpart with us. asks_more: ours, theirs or ''. match: exact,
    close or none, the weakest of both sides."""

    place: int
    step: str | None
    name: str
    match: str
    ours: StepSide
    theirs: StepSide
    gap: tuple[float, float, float] | None
    asks_more: str


@dataclass(frozen=True)
class Move:
    """So many shops of a side (1 = ours, 0 = theirs) go from one step to another; keys as in `key_of`."""

    is_ours: bool
    source: str
    target: str
    n: int


def key_of(shop: Shop, step: str, steps: StepsMap) -> str:
    """What a stop is drawn as: our step, or '~' and its own name where it has no counterpart."""
    return steps.ours(shop.company, step) or f"~{step}"


def step_rows(wave: Wave, steps: StepsMap, method: Method) -> list[StepBeside]:
    """All steps of a wave, in the order in which customers meet them."""
    sides = wave.ours, wave.theirs
    taken = [
        Counter(key for shop in side for key in {key_of(shop, s.step, steps) for s in shop.stops}) for side in sides
    ]
    keys = _kept(taken)
    gaps = {key: _gap(wave, key, steps, method) for key in keys}
    can_rank = (
        min(len(side) for side in sides) >= method.gap_ranking_min
        and min(mapped_share(side, steps) for side in sides) >= 1 - method.gap_unmapped_share_max
    )
    ranked = [key for key in keys if gaps[key] is not None] if can_rank else []
    adjusted = dict(zip(ranked, holm([one[1] for key in ranked if (one := gaps[key])]), strict=True))
    places = {key: place for place, key in enumerate(sorted(keys, key=lambda key: (_position(sides, key, steps), key)))}
    rows = []
    for key in sorted(keys, key=places.__getitem__):
        found = gaps[key]
        more = ""
        if found and adjusted.get(key, 1.0) <= method.confirm_alpha:
            more = "ours" if found[0][0] > 0 else "theirs"
        names = [_names(side, key, steps) for side in sides]
        weakest = _match(sides, key, steps)
        rows.append(
            StepBeside(
                places[key],
                None if key.startswith("~") else key,
                key.removeprefix("~"),
                weakest,
                _side(wave.ours, key, steps, found[2][0] if found else None, names[0]),
                _side(wave.theirs, key, steps, found[2][1] if found else None, names[1]),
                found[0] if found else None,
                more,
            )
        )
    return rows


def moves(wave: Wave, steps: StepsMap, known: Sequence[str]) -> list[Move]:
    """Who goes from which step to which: shops that do so at least once, among the steps that are told."""
    told, out = set(known), []
    for is_ours, side in ((True, wave.ours), (False, wave.theirs)):
        counts: Counter[tuple[str, str]] = Counter()
        for shop in side:
            way = [key for stop in shop.stops if (key := key_of(shop, stop.step, steps)) in told]
            counts.update(set(pairwise(way)))
        out += [Move(is_ours, source, target, n) for (source, target), n in sorted(counts.items())]
    return out


def _kept(taken: Sequence[Counter[str]]) -> list[str]:
    """All steps of ours, and of those without a counterpart the most frequent."""
    total = taken[0] + taken[1]
    own = sorted((key for key in total if key.startswith("~")), key=lambda key: (-total[key], key))
    return sorted(key for key in total if not key.startswith("~")) + own[:MOST_OWN_STEPS]


def _gap(
    wave: Wave, key: str, steps: StepsMap, method: Method
) -> tuple[tuple[float, float, float], float, tuple[float, float]] | None:
    """((gap, low, high), p, (our share, their share)) of the shops with a step; None below the floor."""
    sides = wave.ours, wave.theirs
    if min(len(side) for side in sides) < method.gap_cases_min:
        return None
    if min(len({shop.shopper for shop in side}) for side in sides) < 2:
        return None
    ours, theirs = (
        Side.of(
            [float(any(key_of(shop, stop.step, steps) == key for stop in shop.stops)) for shop in side],
            [shop.stratum for shop in side],
            [shop.shopper for shop in side],
            wave.mix,
        )
        for side in sides
    )
    gap = estimate.gap_of_shares(ours, theirs, method.gap_margin_share)
    return (gap.value, *gap.interval(method.confidence)), gap.p, (ours.mean, theirs.mean)


def _side(shops: Sequence[Shop], key: str, steps: StepsMap, share: float | None, names: tuple[str, ...]) -> StepSide:
    met = [(shop, stop) for shop in shops for stop in shop.stops if key_of(shop, stop.step, steps) == key]
    times = [stop.minutes for _, stop in met if stop.minutes is not None]
    waits = [stop.wait_s for _, stop in met if stop.wait_s is not None]
    n = len({id(shop) for shop, _ in met})
    return StepSide(n, share, median(times) if times else None, median(waits) if waits else None, names)


def _names(shops: Sequence[Shop], key: str, steps: StepsMap) -> tuple[str, ...]:
    """What a side calls the step, the most frequent first; three at most."""
    counts = Counter(stop.step for shop in shops for stop in shop.stops if key_of(shop, stop.step, steps) == key)
    return tuple(name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:3])


def _match(sides: Sequence[Sequence[Shop]], key: str, steps: StepsMap) -> str:
    found = {
        steps.match(shop.company, stop.step)
        for side in sides
        for shop in side
        for stop in shop.stops
        if key_of(shop, stop.step, steps) == key
    }
    return next(name for name in ("none", "close", "exact") if name in found)


def _position(sides: Sequence[Sequence[Shop]], key: str, steps: StepsMap) -> float:
    """Where in a shop the step comes on average: 0 = first, 1 = last."""
    found: dict[int, list[float]] = defaultdict(list)
    for number, side in enumerate(sides):
        for shop in side:
            last = max(1, len(shop.stops) - 1)
            found[number] += [
                place / last for place, stop in enumerate(shop.stops) if key_of(shop, stop.step, steps) == key
            ]
    means = [sum(places) / len(places) for places in found.values() if places]
    return sum(means) / len(means)
