"""Welch's t for many figures at once: the variance of each side's weeks is drawn towards that of all figures.

Four or five weeks after a change tell the spread of one figure badly, and those of a map have about the same weather.
So each side's variance is the posterior mean under a scaled inverse chi-squared prior, fitted to all variances of
that side by their logarithms (Smyth 2004, "Linear models and empirical Bayes methods", 6.2); sides are kept apart,
since a change may make all weeks after it livelier. With few figures, or very unlike ones, it is Welch's plain test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from mining.changes.estimate import Numbers

FIGURES_MIN = 8
FREEDOM_MOST = 30.0
"""Degrees of freedom that the other figures may lend: ways on from one step share their weeks' noise."""
_LEAST = 1e-12


@dataclass(frozen=True)
class Prior:
    """What all figures tell of the variance of one: `freedom` degrees of freedom at `variance`."""

    freedom: float
    variance: float

    def moderated(self, values: Numbers) -> tuple[float, float]:
        """(variance, degrees of freedom) of a side of a figure."""
        own = len(values) - 1
        total = self.freedom + own
        return (self.freedom * self.variance + own * float(values.var(ddof=1))) / total, total


def prior_of(sides: Sequence[Numbers]) -> Prior:
    """Fit the prior to the same side of all figures; no freedom for fewer than FIGURES_MIN with any spread."""
    spread = [(float(side.var(ddof=1)), (len(side) - 1) / 2) for side in sides if len(side) > 1]
    known = [(variance, half) for variance, half in spread if variance > _LEAST]
    if len(known) < FIGURES_MIN:
        return Prior(0.0, 1.0)
    variances, halves = (np.array(column) for column in zip(*known, strict=True))
    logs = np.log(variances) - special.digamma(halves) + np.log(halves)
    beyond = float(logs.var(ddof=1) - special.polygamma(1, halves).mean())
    half = _half_freedom(beyond)
    centre = float(logs.mean()) + (float(special.digamma(half)) - math.log(half) if math.isfinite(half) else 0.0)
    return Prior(min(2 * half, FREEDOM_MOST), math.exp(centre))


def _half_freedom(beyond: float) -> float:
    """Half the prior's degrees of freedom, of which trigamma is the variance of logarithms beyond chance."""
    high = 1e4
    if beyond <= float(special.polygamma(1, high)):
        return math.inf
    return float(optimize.brentq(lambda half: float(special.polygamma(1, half)) - beyond, 1e-4, high))


def p_of(before: Numbers, after: Numbers, priors: tuple[Prior, Prior]) -> float:
    """Two-sided p of equal means, by Welch and Satterthwaite with the moderated variances."""
    parts, freedoms = [], []
    for side, prior in zip((before, after), priors, strict=True):
        variance, freedom = prior.moderated(side)
        parts.append(variance / len(side))
        freedoms.append(freedom)
    error, gap = math.sqrt(sum(parts)), float(after.mean() - before.mean())
    if error <= _LEAST:
        return 1.0 if gap == 0 else 0.0
    freedom = sum(parts) ** 2 / sum(part**2 / own for part, own in zip(parts, freedoms, strict=True))
    return float(2 * stats.t.sf(abs(gap) / error, freedom))
