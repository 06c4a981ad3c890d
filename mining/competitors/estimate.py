"""The statistics of a fair comparison (method 10.2): weighted strata, shoppers as clusters, intervals, likeness.

A sample is one side of a comparison: values of its shops, the stratum and the shopper of each. A shop of stratum k
weighs a_i = w_k / n_k, so that the strata count as our customers come. Shoppers make shops alike; with a correlation
rho between the shops of one shopper a mean has the variance

    sigma^2 * sum(a_i^2) * (1 + (m - 1) rho),    m = sum over shoppers of (sum of a_i)^2 / sum(a_i^2)

which for equal weights is the usual n_eff = n / (1 + (m - 1) ICC) (Kish 1965).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special
from statsmodels.stats.proportion import confint_proportions_2indep

Floats = npt.NDArray[np.float64]
Interval = Callable[[float], tuple[float, float]]
"""Confidence -> (low, high) of a gap."""
ICC_UNKNOWN = 0.1
SHOPPERS_TO_KNOW = 30
"""With fewer shoppers the correlation that the data show is itself too uncertain to go below ICC_UNKNOWN."""
_TIGHTEST = 1e-9


@dataclass(frozen=True)
class Side:
    """One side: `value`, `weight` (a_i, adding up to 1), `stratum` and `shopper` (numbers from 0), all of length n."""

    value: Floats
    weight: Floats
    stratum: npt.NDArray[np.int64]
    shopper: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls,
        values: Sequence[float],
        strata: Sequence[Hashable],
        shoppers: Sequence[Hashable],
        mix: Mapping[Any, float],
    ) -> Side:
        """A side of shops all of whose strata have a weight in `mix`."""
        number = {name: place for place, name in enumerate(mix)}
        stratum = np.array([number[name] for name in strata], np.int64)
        counts = np.bincount(stratum, minlength=len(number))
        share = np.array([mix[name] for name in number], np.float64) * (counts > 0)
        each = np.divide(share, counts * share.sum(), out=np.zeros(len(number)), where=counts > 0)
        known: dict[Hashable, int] = {}
        shopper = np.array([known.setdefault(name, len(known)) for name in shoppers], np.int64)
        return cls(np.asarray(values, np.float64), each[stratum], stratum, shopper)

    @property
    def n(self) -> int:
        """Shops."""
        return len(self.value)

    @property
    def n_shoppers(self) -> int:
        """Shoppers."""
        return int(self.shopper.max()) + 1 if self.n else 0

    @property
    def mean(self) -> float:
        """Weighted mean."""
        return float(self.weight @ self.value)

    @property
    def cluster_size(self) -> float:
        """m: shops of a shopper, as far as their weights make them count together."""
        per_shopper = np.bincount(self.shopper, self.weight)
        return float((per_shopper @ per_shopper) / (self.weight @ self.weight))

    @property
    def residual(self) -> Floats:
        """Values less the mean of their stratum."""
        counts = np.bincount(self.stratum)
        means = np.bincount(self.stratum, self.value) / np.maximum(counts, 1)
        return np.asarray(self.value - means[self.stratum], np.float64)

    @property
    def variance(self) -> float:
        """Variance within strata; over all where each stratum has one shop."""
        freedom = self.n - len(np.unique(self.stratum))
        if freedom <= 0:
            return float(np.var(self.value, ddof=1)) if self.n > 1 else 0.0
        return float(self.residual @ self.residual) / freedom

    def effective(self, icc: float) -> float:
        """n_eff: as many independent shops of equal weight would tell as much."""
        return 1 / float(self.weight @ self.weight) / (1 + max(0.0, self.cluster_size - 1) * icc)

    def mean_effective(self, icc: float) -> float:
        """n_eff of a mean: less where heavy strata vary more than the variance over all, which they do where most
        customers come to an errand with many steps. A stratum's own variance is drawn to that by two shops' worth."""
        pooled = self.variance
        if pooled <= 0:
            return self.effective(icc)
        counts = np.bincount(self.stratum)
        own = (np.bincount(self.stratum, self.residual**2) + 2 * pooled) / np.maximum(counts + 1, 1)
        spread = float((self.weight**2) @ own[self.stratum])
        return self.effective(icc) / max(1.0, spread / (pooled * float(self.weight @ self.weight)))

    def share_effective(self, icc: float) -> float:
        """n_eff of a share: less where heavy strata vary more than the share over all would."""
        share = _shrunk(self.value, self.mean)
        counts = np.bincount(self.stratum)
        hits = np.bincount(self.stratum, self.value)
        by_stratum = ((hits + 2 * share) / (counts + 2))[self.stratum]
        spread = float((self.weight**2) @ (by_stratum * (1 - by_stratum)))
        usual = float(self.weight @ self.weight) * share * (1 - share)
        return self.effective(icc) / max(1.0, spread / usual)


def _shrunk(value: Floats, share: float) -> float:
    return (share * len(value) + 1) / (len(value) + 2)


@dataclass(frozen=True)
class Gap:
    """Ours less theirs (of times: ours over theirs, as a logarithm). `interval` gives it at any confidence.

    margin: how far counts as alike; 0 = no distance does.
    """

    value: float
    interval: Interval
    n_eff: tuple[float, float]
    icc: float
    margin: float

    @cached_property
    def p(self) -> float:
        """Two-sided p of "no gap": 1 - the highest confidence at which the interval excludes 0."""

        def excludes(alpha: float) -> bool:
            low, high = self.interval(1 - alpha)
            return not low <= 0 <= high

        return _smallest(excludes)

    @cached_property
    def p_alike(self) -> float:
        """p of two one-sided tests of "the gap lies beyond the margin" (Schuirmann 1987); 1 without a margin."""
        if self.margin <= 0:
            return 1.0

        def within(alpha: float) -> bool:
            low, high = self.interval(1 - 2 * alpha)
            return -self.margin < low and high < self.margin

        return _smallest(within, 0.5)


def _smallest(holds: Callable[[float], bool], top: float = 1.0) -> float:
    """The smallest alpha for which `holds`, which then holds for all larger ones; by halving on a log scale."""
    low, high = math.log(_TIGHTEST), math.log(top - 1e-9)
    if not holds(math.exp(high)):
        return 1.0
    if holds(math.exp(low)):
        return _TIGHTEST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(math.exp(middle)) else (middle, high)
    return math.exp(high)


def intraclass(sides: Sequence[Side]) -> float:
    """Correlation between shops of one shopper, within strata, by the analysis of variance; see SHOPPERS_TO_KNOW."""
    residual = np.concatenate([side.residual for side in sides])
    first = np.cumsum([0, *(side.n_shoppers for side in sides)])
    shopper = np.concatenate([side.shopper + begins for side, begins in zip(sides, first[:-1], strict=True)])
    counts = np.bincount(shopper).astype(np.float64)
    n, n_shoppers = float(counts.sum()), len(counts)
    n_strata = sum(len(np.unique(side.stratum)) for side in sides)
    between_df, within_df = n_shoppers - len(sides), n - n_shoppers - (n_strata - len(sides))
    if between_df < 1 or within_df < 1:
        return ICC_UNKNOWN
    means = np.bincount(shopper, residual) / counts
    between = float(counts @ means**2) / between_df
    within = max(0.0, float(residual @ residual) - float(counts @ means**2)) / within_df
    size = (n - float(counts @ counts) / n) / max(1, n_shoppers - 1)
    total = between + (size - 1) * within
    found = (between - within) / total if total > 0 else ICC_UNKNOWN
    least = 0.0 if n_shoppers >= SHOPPERS_TO_KNOW else ICC_UNKNOWN
    return min(1.0, max(least, found))


def _freedom(ours: Side, theirs: Side) -> float:
    return float(ours.n_shoppers + theirs.n_shoppers - 2)


def newcombe(
    share_ours: float, n_ours: float, share_theirs: float, n_theirs: float, confidence: float
) -> tuple[float, float]:
    """Newcombe's hybrid score interval of a difference of shares (1998, method 10); n may have fractions (n_eff)."""
    if confidence >= 1:  # Student's quantile of few shoppers is beyond what a normal one can tell
        return -1.0, 1.0
    hits = [
        min(max(share, 0.0), 1.0) * n for share, n in ((share_ours, n_ours), (share_theirs, n_theirs))
    ]  # sums round
    low, high = confint_proportions_2indep(
        hits[0],
        n_ours,
        hits[1],
        n_theirs,
        method="newcomb",
        compare="diff",
        alpha=1 - confidence,
    )
    return float(low), float(high)


def student(confidence: float, freedom: float) -> float:
    """Student's two-sided quantile."""
    return float(special.stdtrit(freedom, 0.5 + confidence / 2))


def widened(confidence: float, freedom: float) -> float:
    """The confidence whose normal quantile is Student's at `confidence`: few shoppers tell little of their spread."""
    return float(2 * special.ndtr(student(confidence, max(1.0, freedom))) - 1)


def gap_of_shares(ours: Side, theirs: Side, margin: float) -> Gap:
    """Ours less theirs of a share (values 0 and 1)."""
    icc = intraclass((ours, theirs))
    n_eff = ours.share_effective(icc), theirs.share_effective(icc)
    freedom = _freedom(ours, theirs)

    def interval(confidence: float) -> tuple[float, float]:
        return newcombe(ours.mean, n_eff[0], theirs.mean, n_eff[1], widened(confidence, freedom))

    return Gap(ours.mean - theirs.mean, interval, n_eff, icc, margin)


def gap_of_means(ours: Side, theirs: Side, margin: float) -> Gap:
    """Ours less theirs of a mean by Welch, with n_eff in place of n; hand in logarithms for a ratio of times."""
    icc = intraclass((ours, theirs))
    n_eff = ours.mean_effective(icc), theirs.mean_effective(icc)
    gap, interval = welch(
        (ours.mean, ours.variance, n_eff[0]), (theirs.mean, theirs.variance, n_eff[1]), _freedom(ours, theirs)
    )
    return Gap(gap, interval, n_eff, icc, margin)


def welch(
    ours: tuple[float, float, float], theirs: tuple[float, float, float], freedom_most: float = math.inf
) -> tuple[float, Interval]:
    """(gap, interval) of two (mean, variance, n) by Welch; never more degrees of freedom than `freedom_most`."""
    parts = [variance / n for _, variance, n in (ours, theirs)]
    gap, error = ours[0] - theirs[0], math.sqrt(sum(parts))
    spread = sum(part**2 / max(n - 1, 0.5) for part, (_, _, n) in zip(parts, (ours, theirs), strict=True))
    freedom = max(1.0, min(freedom_most, error**4 / spread if spread > 0 else 1.0))

    def interval(confidence: float) -> tuple[float, float]:
        half = student(confidence, freedom) * error
        return gap - half, gap + half

    return gap, interval


def gap_of_medians(ours: Side, theirs: Side, margin: float, seed: int, draws: int) -> Gap:
    """Ours less theirs of a weighted median; shoppers are drawn anew with all of their shops (cluster bootstrap).

    Percentiles, stretched about the gap by t / z * sqrt(J / (J - 1)) for J shoppers, t of J - 1 degrees of freedom,
    since a bootstrap of few clusters is too narrow (Hesterberg 2015). J is of the side with fewer.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    gap = median(ours) - median(theirs)
    drawn = np.sort(_medians(ours, _draws(rng, ours, draws)) - _medians(theirs, _draws(rng, theirs, draws)))
    fewest = min(ours.n_shoppers, theirs.n_shoppers)
    freedom = max(1.0, float(fewest - 1))
    icc = intraclass((ours, theirs))

    def interval(confidence: float) -> tuple[float, float]:
        low, high = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2])
        by_t = student(confidence, freedom) / float(special.ndtri(0.5 + confidence / 2))
        stretch = max(1.0, by_t) * math.sqrt(fewest / max(1, fewest - 1))
        return gap - stretch * max(0.0, gap - float(low)), gap + stretch * max(0.0, float(high) - gap)

    return Gap(gap, interval, (ours.effective(icc), theirs.effective(icc)), icc, margin)


def median(side: Side) -> float:
    """The weighted median of a side."""
    return float(_medians(side, np.ones((1, side.n_shoppers)))[0])


def _draws(rng: np.random.Generator, side: Side, draws: int) -> Floats:
    """How often each shopper is drawn: shape (draws, shoppers)."""
    n = side.n_shoppers
    return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)


def _medians(side: Side, times: Floats) -> Floats:
    """Weighted median of each draw; a stratum keeps its weight whoever is drawn of it. `times`: (draws, shoppers)."""
    one_hot = np.zeros((side.n, int(side.stratum.max()) + 1))
    one_hot[np.arange(side.n), side.stratum] = 1
    per_shop = times[:, side.shopper]
    in_stratum = (per_shop @ one_hot)[:, side.stratum]
    share = (side.weight @ one_hot)[side.stratum]
    weight = np.divide(per_shop * share, in_stratum, out=np.zeros_like(per_shop), where=in_stratum > 0)
    order = np.argsort(side.value, kind="stable")
    filled = np.cumsum(weight[:, order], axis=1)
    half = filled[:, -1:] / 2
    return np.asarray(side.value[order][(filled >= half - 1e-12).argmax(axis=1)], np.float64)
