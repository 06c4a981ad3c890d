"""Their mystery shops against ours: strata, weights, metrics, what may have shifted within a wave (method 10.2)."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from mining.competitors import estimate
from mining.competitors.companies import US
from mining.competitors.compare import (
    DIFFERENCE,
    NOT_COMPARABLE,
    RATIO,
    SHARE,
    Comparison,
    Dropped,
    floored,
)
from mining.competitors.estimate import Gap, Side
from mining.competitors.mix import Mix, Stratum
from mining.competitors.shops import Shop
from mining.competitors.steps_map import StepsMap
from mining.findings import identity, seed_of
from mining.method import Method

SHOPS = "shops"
_SHIFTED = 0.01
"""p below which halves of a wave, or a shopper's later shops, count as different: a caution, no finding."""
_CONTACTS_TO_WEIGH = 30
"""With fewer contacts of ours in the strata that both sides have, these tell nothing of how our customers come."""


@dataclass(frozen=True)
class Metric:
    """What is measured of a shop; None = not measured there, and the shop is left out of this metric."""

    name: str
    shape: str
    unit: str
    better: int
    value: Callable[[Shop, StepsMap], float | None]


def _resolved(shop: Shop, _: StepsMap) -> float | None:
    return float(shop.resolved == "y") if shop.resolved else None


def _minutes(shop: Shop, _: StepsMap) -> float | None:
    return shop.minutes if shop.minutes and shop.minutes > 0 else None


def _wait(shop: Shop, _: StepsMap) -> float | None:
    return None if shop.wait_s is None else shop.wait_s / 60


def _steps(shop: Shop, steps: StepsMap) -> float | None:
    return float(sum(steps.ours(shop.company, stop.step) is not None for stop in shop.stops))


METRICS = (
    Metric("resolved", SHARE, "share of shops", 1, _resolved),
    Metric("minutes", RATIO, "times their time", -1, _minutes),
    Metric("wait", DIFFERENCE, "min", -1, _wait),
    Metric("steps", DIFFERENCE, "steps", -1, _steps),
)


@dataclass(frozen=True)
class Wave:
    """Both sides of one wave: shops of the strata that both have and our customers come in, and what is left out."""

    company: str
    wave: str
    ours: tuple[Shop, ...]
    theirs: tuple[Shop, ...]
    mix: Mapping[Stratum, float]
    dropped: tuple[Dropped, ...]
    weights: str
    is_newest: bool

    @property
    def last_day(self) -> dt.date:
        """The day of its last shop that counts, of the side that ended first: a gap is as old as its older side."""
        return min(max(shop.last_day for shop in side) for side in (self.ours, self.theirs) if side)


def waves(shops: Sequence[Shop], mix: Mix) -> Iterator[Wave]:
    """Each company's waves that both it and we have, the newest first."""
    sides: dict[tuple[str, str], list[Shop]] = defaultdict(list)
    for shop in shops:
        sides[shop.company, shop.wave].append(shop)
    for company in sorted({shop.company for shop in shops if not shop.is_ours}):
        common = [wave for name, wave in sides if name == company and (US, wave) in sides]
        common.sort(key=lambda wave: (max(shop.started_at for shop in sides[company, wave]), wave), reverse=True)
        for place, wave in enumerate(common):
            yield _wave(company, wave, sides[US, wave], sides[company, wave], mix, is_newest=place == 0)


def _wave(company: str, wave: str, ours: list[Shop], theirs: list[Shop], mix: Mix, *, is_newest: bool) -> Wave:
    n_ours, n_theirs = (Counter(shop.stratum for shop in side) for side in (ours, theirs))
    both = sorted(n_ours.keys() & n_theirs.keys())
    is_known = sum(mix.contacts.get(stratum, 0) for stratum in both) >= _CONTACTS_TO_WEIGH
    weights = "log" if is_known else "plan"
    counts = mix.contacts if is_known else n_ours + n_theirs
    scenarios = {scenario for scenario, _, _ in mix.contacts}
    kept = {stratum: float(counts[stratum]) for stratum in both if counts.get(stratum)}
    dropped = tuple(
        Dropped(
            stratum,
            n_ours[stratum],
            n_theirs[stratum],
            _reason(stratum, n_ours, n_theirs, scenarios),
        )
        for stratum in sorted(n_ours.keys() | n_theirs.keys())
        if stratum not in kept
    )
    total = sum(kept.values())
    return Wave(
        company,
        wave,
        tuple(shop for shop in ours if shop.stratum in kept),
        tuple(shop for shop in theirs if shop.stratum in kept),
        {stratum: weight / total for stratum, weight in kept.items()},
        dropped,
        weights,
        is_newest,
    )


def _reason(stratum: Stratum, n_ours: Counter[Stratum], n_theirs: Counter[Stratum], known: Collection[str]) -> str:
    """Why a stratum is left out; `known`: the scenarios that the log knows."""
    if not n_ours[stratum] or not n_theirs[stratum]:
        return "theirs" if n_ours[stratum] else "ours"
    return "mix" if stratum[0] in known else "unknown"


def alone(shops: Sequence[Shop]) -> list[tuple[str, str, int]]:
    """(company, wave, shops) of waves that only they or only we have, and that are in no comparison."""
    counts = Counter((shop.company, shop.wave) for shop in shops)
    ours = {wave for company, wave in counts if company == US}
    theirs = {wave for company, wave in counts if company != US}
    return [(*key, n) for key, n in sorted(counts.items()) if key[1] not in (theirs if key[0] == US else ours)]


def comparisons(wave: Wave, steps: StepsMap, method: Method, night: dt.date) -> list[Comparison]:
    """All metrics of a wave, without verdicts where there is a number."""
    mapped = mapped_share(wave.ours, steps), mapped_share(wave.theirs, steps)
    last = wave.last_day if wave.ours and wave.theirs else night
    told = [one for one in METRICS if one.name != "wait" or any(shop.wait_s for shop in (*wave.ours, *wave.theirs))]
    return [_compare(wave, metric, steps, method, mapped, last, (night - last).days) for metric in told]


def mapped_share(shops: Sequence[Shop], steps: StepsMap) -> float:
    """Of the steps of these shops: the share that is mapped, exactly or closely."""
    all_stops = [(shop.company, stop.step) for shop in shops for stop in shop.stops]
    return sum(steps.ours(*stop) is not None for stop in all_stops) / len(all_stops) if all_stops else 0.0


def _compare(
    wave: Wave,
    metric: Metric,
    steps: StepsMap,
    method: Method,
    mapped: tuple[float, float],
    last: dt.date,
    age_days: int,
) -> Comparison:
    ours, theirs = measured(wave.ours, metric, steps), measured(wave.theirs, metric, steps)
    if metric.name == "wait":
        queues = {shop.channel for shop, wait in (*ours, *theirs) if wait > 0}  # nobody waits where there is no queue
        ours, theirs = ([one for one in side if one[0].channel in queues] for side in (ours, theirs))
    there = {shop.stratum for shop, _ in ours} & {shop.stratum for shop, _ in theirs}
    ours, theirs = ([one for one in side if one[0].stratum in there] for side in (ours, theirs))
    mix = {stratum: weight for stratum, weight in wave.mix.items() if stratum in there}
    base = Comparison(
        wave.company, SHOPS, metric.name, wave.wave, metric.shape, metric.unit, metric.better, len(ours), len(theirs),
        last, age_days, strata=tuple(sorted(mix)), weight_of=_shares(mix), dropped=wave.dropped, weights=wave.weights,
        mapped=mapped, is_newest=wave.is_newest, shoppers=(n_shoppers(ours), n_shoppers(theirs)),
    )  # fmt: skip
    if metric.name == "steps" and min(mapped) < 1 - method.gap_unmapped_share_max:
        return replace(base, verdict=NOT_COMPARABLE)
    if base.n < method.gap_cases_min:
        return floored(base, method)
    if min(base.shoppers) < 2:
        return replace(base, cautions=("one_shopper",))
    sides = side_of(ours, mix, metric), side_of(theirs, mix, metric)
    gap = _gap(metric, *sides, _seed(wave, metric), method)
    return replace(
        base,
        value_ours=base.read(gap_center(sides[0], metric)),
        value_theirs=base.read(gap_center(sides[1], metric)),
        gap=gap,
        extra={
            "as_planned": base.read(_as_planned(ours, theirs, metric)),
            "against": _against(gap, ours, theirs),
        },
        cautions=(*_cautions(ours, theirs, metric), *_turned(gap, ours, theirs, mix, metric)),
    )


def _shares(mix: Mapping[Stratum, float]) -> tuple[float, ...]:
    total = math.fsum(mix.values())
    return tuple(mix[stratum] / total for stratum in sorted(mix))


def measured(shops: Sequence[Shop], metric: Metric, steps: StepsMap) -> list[tuple[Shop, float]]:
    """The shops where the metric was measured, with its value."""
    return [(shop, value) for shop in shops if (value := metric.value(shop, steps)) is not None]


def n_shoppers(side: Sequence[tuple[Shop, float]]) -> int:
    """Different shoppers."""
    return len({shop.shopper for shop, _ in side})


def side_of(side: Sequence[tuple[Shop, float]], mix: Mapping[Stratum, float], metric: Metric) -> Side:
    """A side of a comparison; ratios are compared as logarithms."""
    values = [math.log(value) if metric.shape == RATIO else value for _, value in side]
    return Side.of(values, [shop.stratum for shop, _ in side], [shop.shopper for shop, _ in side], mix)


def _turned(
    gap: Gap,
    ours: Sequence[tuple[Shop, float]],
    theirs: Sequence[tuple[Shop, float]],
    mix: Mapping[Stratum, float],
    metric: Metric,
) -> Iterator[str]:
    """Whether a difference of steps turns round when those without a counterpart count as well: no side is said to ask
    less that asks more in steps of its own."""
    if metric.name != "steps":
        return
    every = [side_of([(shop, float(len(shop.stops))) for shop, _ in side], mix, metric).mean for side in (ours, theirs)]
    if gap.value and round(every[0] - every[1], 9) * gap.value <= 0:
        yield "unmapped"


def _as_planned(ours: Sequence[tuple[Shop, float]], theirs: Sequence[tuple[Shop, float]], metric: Metric) -> float:
    """The gap with strata weighted as the shops were planned, in place of as our customers come."""
    mix = {stratum: float(n) for stratum, n in Counter(shop.stratum for shop, _ in (*ours, *theirs)).items()}
    return gap_center(side_of(ours, mix, metric), metric) - gap_center(side_of(theirs, mix, metric), metric)


def _against(gap: Gap, ours: Sequence[tuple[Shop, float]], theirs: Sequence[tuple[Shop, float]]) -> tuple[int, int]:
    """(pairs, of all) of one shop of ours and one of theirs with the same errand, channel and part of the day, in which
    it is the other way round than the gap: its counter-examples. Pairs that are even count among all."""
    n = of_n = 0
    by_stratum: dict[Stratum, list[float]] = defaultdict(list)
    for shop, value in theirs:
        by_stratum[shop.stratum].append(value)
    for shop, value in ours:
        others = by_stratum[shop.stratum]
        of_n += len(others)
        n += sum((value - other) * gap.value < 0 for other in others)
    return n, of_n


def gap_center(side: Side, metric: Metric) -> float:
    """What a side comes to: a weighted mean, or of waits the weighted median."""
    return estimate.median(side) if metric.name == "wait" else side.mean


def _gap(metric: Metric, ours: Side, theirs: Side, seed: int, method: Method) -> Gap:
    if metric.shape == SHARE:
        return estimate.gap_of_shares(ours, theirs, method.gap_margin_share)
    if metric.shape == RATIO:
        return estimate.gap_of_means(ours, theirs, math.log(1 + method.gap_margin_time))
    if metric.name == "wait":
        margin = method.gap_margin_time * estimate.median(theirs)
        return estimate.gap_of_medians(ours, theirs, margin, seed, method.bootstrap_draws)
    return estimate.gap_of_means(ours, theirs, 0.0)


def _seed(wave: Wave, metric: Metric) -> int:
    return seed_of(identity("competitor_gap", {"company": wave.company, "metric": metric.name, "wave": wave.wave}))


def _cautions(
    ours: Sequence[tuple[Shop, float]], theirs: Sequence[tuple[Shop, float]], metric: Metric
) -> Iterator[str]:
    """What may have shifted within the wave: what a company offers, or shoppers who learn."""
    for name, side in (("theirs_shifted", theirs), ("ours_shifted", ours)):
        if _halves_differ(side):
            yield name
    if metric.shape == RATIO and _learns([*ours, *theirs]):
        yield "learning"


def _halves_differ(side: Sequence[tuple[Shop, float]]) -> bool:
    """Whether the first and the second half of a side's shops differ, by the ranks of what is above or below the usual
    of their errand (Mann and Whitney): which errands came first says nothing of the company."""
    errands: dict[tuple[str, str], list[float]] = defaultdict(list)
    for shop, value in side:
        errands[shop.scenario, shop.channel].append(value)
    usual = {errand: math.fsum(values) / len(values) for errand, values in errands.items()}
    in_order = sorted(side, key=lambda one: one[0].started_at)
    ordered = [round(value - usual[shop.scenario, shop.channel], 9) for shop, value in in_order]
    half = len(ordered) // 2
    if half < 10 or len(set(ordered)) < 2:
        return False
    return bool(stats.mannwhitneyu(ordered[:half], ordered[half:], method="asymptotic").pvalue < _SHIFTED)


def _learns(shops: Sequence[tuple[Shop, float]]) -> bool:
    """Whether a shopper's later shops are quicker: the slope over their order, within shoppers."""
    by_shopper: dict[int, list[tuple[Shop, float]]] = defaultdict(list)
    for one in shops:
        by_shopper[one[0].shopper].append(one)
    orders, logs = [], []
    for own in by_shopper.values():
        own.sort(key=lambda one: one[0].started_at)
        values = np.log([value for _, value in own])
        orders += [place - (len(own) - 1) / 2 for place in range(len(own))]
        logs += list(values - values.mean())
    if len(logs) < 20 or np.ptp(orders) == 0 or np.ptp(logs) == 0:
        return False
    found = stats.linregress(orders, logs)
    return bool(found.slope < 0 and found.pvalue < _SHIFTED)
