"""The few statistics that findings use, each with its source. All are exact or closed forms; none reads a clock or a
random state that is not handed in."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats


def wilson(hits: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927). `hits` may be fractional (weights of blame). (0, 1) for n =
    0.
    """
    if n <= 0:
        return 0.0, 1.0
    z = normal_quantile(0.5 + confidence / 2)
    share = min(max(hits / n, 0.0), 1.0)
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def normal_quantile(share: float) -> float:
    """The value below which a standard normal lies with probability `share`."""
    return float(special.ndtri(share))


def normal_above(z: float) -> float:
    """The probability that a standard normal exceeds `z`."""
    return float(special.ndtr(-z))


def binomial_above(hits: float, n: int, share: float) -> float:
    """One-sided exact p of "the true share is at most `share`"; fractional hits are rounded down (conservative)."""
    return float(stats.binom.sf(math.floor(hits) - 1, n, share)) if n > 0 else 1.0


def t_above(values: Sequence[float], level: float) -> float:
    """One-sided p of "the mean of these values is at most `level`" by Student's t; without spread 0 or 1."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    if spread == 0:
        return 0.0 if mean > level else 1.0
    return float(stats.t.sf((mean - level) / spread * math.sqrt(len(values)), len(values) - 1))


def t_interval(shares: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Mean of shares with Student's interval, kept within 0 and 1. One share tells nothing of its spread: (0, 1)."""
    mean = float(np.mean(shares))
    if len(shares) < 2:
        return mean, 0.0, 1.0
    half = (
        float(stats.t.ppf(0.5 + confidence / 2, len(shares) - 1))
        * float(np.std(shares, ddof=1))
        / math.sqrt(len(shares))
    )
    return mean, max(0.0, mean - half), min(1.0, mean + half)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """q values of a family, in the order given (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p)), key=lambda i: (p[i], i))
    q = [1.0] * len(p)
    running = 1.0
    for rank in range(len(order), 0, -1):
        i = order[rank - 1]
        running = min(running, p[i] * len(p) / rank)
        q[i] = running
    return q


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given (Holm 1979)."""
    order = sorted(range(len(p)), key=lambda i: (p[i], i))
    adjusted = [1.0] * len(p)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, p[i] * (len(p) - rank)))
        adjusted[i] = running
    return adjusted


def entropy_bits(counts: Sequence[int]) -> float:
    """Shannon entropy of a split in bit with the Miller-Madow correction (m - 1) / (2 n ln 2)."""
    n = sum(counts)
    used = [count for count in counts if count > 0]
    if n == 0:
        return 0.0
    plain = -sum(count / n * math.log2(count / n) for count in used)
    return plain + (len(used) - 1) / (2 * n * math.log(2))


def bootstrap_entropy(
    counts: npt.NDArray[np.int64], seed: int, draws: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of `entropy_bits` of the columns' sums; rows (customers) are drawn anew with Poisson(1) weights."""
    rng = np.random.Generator(np.random.PCG64(seed))
    found = sorted(entropy_bits((rng.poisson(1.0, len(counts)) @ counts).tolist()) for _ in range(draws))
    tail = (1 - confidence) / 2
    return found[math.floor(tail * draws)], found[min(draws - 1, math.ceil((1 - tail) * draws) - 1)]


def bootstrap_sum(
    per_customer: npt.NDArray[np.int64], seed: int, draws: int, customers_max: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of a total over customers, who are drawn anew with Poisson(1) weights, percentile method.

    Customers with nothing to add need not be handed in: their weight times zero is zero. With more than
    `customers_max` of them the normal limit (variance = sum of squares) is used. Units are those of the input.
    """
    if len(per_customer) == 0:
        return 0.0, 0.0
    tail = (1 - confidence) / 2
    if len(per_customer) > customers_max:
        total, spread = float(per_customer.sum()), math.sqrt(float((per_customer.astype(np.float64) ** 2).sum()))
        z = float(stats.norm.ppf(1 - tail))
        return max(0.0, total - z * spread), total + z * spread
    # whole numbers below 2^53 (in ms: 285,000 years) are exact as floats, in whatever order they are summed up
    sums = np.sort(_poisson_weights(seed, draws, len(per_customer)) @ per_customer.astype(np.float64))
    low = sums[max(0, math.floor(tail * draws))]
    high = sums[min(draws - 1, math.ceil((1 - tail) * draws) - 1)]
    return float(low), float(high)


@functools.lru_cache(maxsize=1)
def _poisson_weights(seed: int, draws: int, n: int) -> npt.NDArray[np.float64]:
    """How often each of `n` customers is drawn, a row per draw. Kept for the next sum over the same customers (their
    minutes, then the company's): drawing is what costs.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = np.empty((draws, n))
    for row in weights:
        np.take(_POISSON, rng.integers(0, len(_POISSON), n, dtype=np.uint16), out=row)
    return weights


_POISSON = stats.poisson.ppf((np.arange(1 << 16) + 0.5) / (1 << 16), 1.0)
"""Poisson(1) by the inverse of its distribution, at the middle of each of 65,536 parts of equal probability: five times
as fast as one call of `Generator.poisson`, each probability within 1/65,536 of the true one."""


def needed_for_floor(seen: float, floor: float, n: int) -> int:
    """Units needed until `floor` hits may be expected at the share seen so far; at least one more than there are."""
    return max(n + 1, math.ceil(n * floor / seen)) if seen > 0 else 2 * max(n, 1)
