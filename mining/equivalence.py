"""Whether two groups of journeys end alike: shown, not merely not refuted (two one-sided tests).

Difference of shares within strata, weighted n1 n0 / (n1 + n0) as Mantel and Haenszel do; its variance by
linearisation with customers as clusters. Columns are handled whole; sums are taken in the order of the rows, so that
equal input gives equal bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.statistics import normal_above, normal_quantile

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Journeys:
    """Journeys that could have had a step: one entry each. Codes count from 0."""

    has_step: Flags
    is_bad: Flags
    stratum: Numbers
    customer: Numbers
    next_step: Numbers

    def only(self, chosen: Flags) -> Journeys:
        """Those that are chosen."""
        return Journeys(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Difference:
    """Share that ends badly with the step minus without it, adjusted; its standard error; sizes and raw shares."""

    value: float
    error: float
    n_with: int
    n_without: int
    bad_with: float
    bad_without: float

    @property
    def base(self) -> float:
        """Share of all these journeys that ends badly."""
        n = self.n_with + self.n_without
        return (self.bad_with * self.n_with + self.bad_without * self.n_without) / n if n else 0.0

    @property
    def smaller(self) -> int:
        """Journeys in the smaller group."""
        return min(self.n_with, self.n_without)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Normal interval of the difference."""
        half = normal_quantile(0.5 + confidence / 2) * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)

    def p_apart(self, margin: float) -> float:
        """p of "the difference is at least `margin`, one way or the other": small when the groups are alike."""
        if self.error == math.inf:
            return 1.0
        if self.error == 0:
            return 0.0 if abs(self.value) < margin else 1.0
        return max(normal_above((margin - self.value) / self.error), normal_above((margin + self.value) / self.error))

    def n_needed(self, margin: float) -> int:
        """Journeys per group that show likeness within `margin` 8 times in 10 if there is no difference."""
        z = normal_quantile(0.95) + normal_quantile(0.90)
        return math.ceil(2 * self._spread * (z / margin) ** 2)

    def n_to_confirm(self, margin: float, part: float) -> int:
        """Journeys per group, of all customers, with which the share `part` of them shows that likeness 8 times in 10.

        Counts how much wider the interval is here than that of independent journeys of two even groups: customers with
        several journeys and uneven strata make it so.
        """
        plain = math.sqrt(self._spread * (1 / self.n_with + 1 / self.n_without)) if self.smaller else math.inf
        wider = self.error / plain if math.isfinite(self.error) and math.isfinite(plain) else 1.0
        return math.ceil(self.n_needed(margin) * max(1.0, wider) ** 2 / part)

    @property
    def _spread(self) -> float:
        """Variance of a journey's bad end; never 0, since none seen is not none."""
        share = min(max(self.base, 1 / (self.n_with + self.n_without + 1)), 0.5)
        return share * (1 - share)


def difference(journeys: Journeys) -> Difference:
    """The adjusted difference; an infinite error where no stratum holds both groups."""
    one, bad = journeys.has_step, journeys.is_bad.astype(np.float64)
    n_with, n_without = int(one.sum()), int((~one).sum())
    raw = (float(bad[one].mean()) if n_with else 0.0, float(bad[~one].mean()) if n_without else 0.0)
    if not n_with or not n_without:
        return Difference(0.0, math.inf, n_with, n_without, *raw)
    size = int(journeys.stratum.max()) + 1
    n1 = np.bincount(journeys.stratum[one], minlength=size).astype(np.float64)
    n0 = np.bincount(journeys.stratum[~one], minlength=size).astype(np.float64)
    both = (n1 > 0) & (n0 > 0)
    if not both.any():
        return Difference(0.0, math.inf, n_with, n_without, *raw)
    share1 = np.bincount(journeys.stratum[one], bad[one], size) / np.maximum(n1, 1)
    share0 = np.bincount(journeys.stratum[~one], bad[~one], size) / np.maximum(n0, 1)
    weight = np.where(both, n1 * n0 / np.maximum(n1 + n0, 1), 0.0)
    weight /= weight.sum()
    value = float((weight * (share1 - share0)).sum())
    s = journeys.stratum
    part = weight[s] * np.where(one, (bad - share1[s]) / np.maximum(n1[s], 1), (share0[s] - bad) / np.maximum(n0[s], 1))
    _, customer = np.unique(journeys.customer, return_inverse=True)
    sums = np.bincount(customer, part)
    n = len(sums)
    error = math.sqrt(float((sums**2).sum()) * n / (n - 1)) if n > 1 else math.inf
    error = max(error, _least_error(float(bad[one].sum()), n_with, float(bad[~one].sum()), n_without))
    return Difference(value, error, n_with, n_without, *raw)


def _least_error(bad_with: float, n_with: int, bad_without: float, n_without: int) -> float:
    """Standard error with a bad and a good journey more in each group (Agresti, Caffo 2000): none bad is not sure."""
    shares = [((bad + 1) / (n + 2), n + 2) for bad, n in ((bad_with, n_with), (bad_without, n_without))]
    return math.sqrt(sum(share * (1 - share) / n for share, n in shares))


def distance(journeys: Journeys, draws: int, seed: int) -> tuple[float, float]:
    """Total variation between what comes next with and without the step, and the upper end of its 90 % interval.

    By multinomial bootstrap; a drawn distance is never too small on average, so the bound errs on the careful side.
    """
    size = int(journeys.next_step.max(initial=0)) + 1
    counts = [np.bincount(journeys.next_step[side], minlength=size) for side in (journeys.has_step, ~journeys.has_step)]
    if not all(c.sum() for c in counts):
        return 1.0, 1.0
    shares = [c / c.sum() for c in counts]
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = [rng.multinomial(int(c.sum()), p, draws) / c.sum() for c, p in zip(counts, shares, strict=True)]
    found = np.sort(np.abs(drawn[0] - drawn[1]).sum(axis=1) / 2)
    value = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return value, max(value, float(found[math.ceil(0.95 * draws) - 1]))
