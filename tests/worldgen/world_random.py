"""Random numbers: one named child stream of the seed for each purpose, so that one plant does not reshuffle the others.

Uniforms are drawn in blocks and turned into other distributions by inversion, since a call into numpy for each single
number would take most of the run time.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()
_BLOCK = 96


def stream(seed: int, name: str, index: int = 0) -> np.random.Generator:
    """The child stream `name` (and `index` within it) of a seed."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), index])


class Draws:
    """Single random numbers from one stream."""

    __slots__ = ("_block", "_next", "_rng")

    def __init__(self, seed: int, name: str, index: int = 0) -> None:
        self._rng = stream(seed, name, index)
        self._block: list[float] = []
        self._next = 0

    def u(self) -> float:
        """Uniform in (0, 1)."""
        if self._next >= len(self._block):
            self._block = self._rng.random(_BLOCK).tolist()
            self._next = 0
        value = self._block[self._next]
        self._next += 1
        return value or 5e-324

    def chance(self, share: float) -> bool:
        """True with probability `share`. Always uses one number, so that a rate of 0 leaves the rest as it was."""
        return self.u() < share

    def exp(self, mean: float) -> float:
        """Exponential."""
        return -mean * math.log(1.0 - self.u() * (1.0 - 1e-12))

    def lognormal(self, median: float, sigma: float) -> float:
        """Lognormal with the given median."""
        return median * math.exp(sigma * _NORMAL.inv_cdf(min(max(self.u(), 1e-12), 1.0 - 1e-12)))

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.u()

    def below(self, n: int) -> int:
        """Integer in 0..n-1."""
        return int(self.u() * n)

    def weighted(self, cumulative: Sequence[float]) -> int:
        """Index drawn from cumulative weights."""
        return min(bisect_right(cumulative, self.u() * cumulative[-1]), len(cumulative) - 1)

    def geometric(self, again: float, most: int) -> int:
        """Number of successes before the first failure, at most `most`."""
        n = 0
        while n < most and self.u() < again:
            n += 1
        return n


def cumulative(weights: Sequence[float]) -> list[float]:
    """Running sums, for `Draws.weighted`."""
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
