"""How often customers call, those included who did not call in the weeks that were looked at.

A customer's needs are Poisson at a rate of their own, rates are gamma: needs are negative binomial, and who had none is
not seen (zero-truncated; maximum likelihood). Without the unseen a model lets the same few call again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from mining.whatif.reading import Floats

SHAPE = (0.05, 50.0)
UNSEEN_MOST = 20
"""Times the customers who were seen."""


@dataclass(frozen=True)
class Frequency:
    """`shape` of the gamma of rates; `n_unseen`: customers who had no need by chance."""

    shape: float
    n_unseen: int


def frequency(k: Floats) -> Frequency:
    """From the needs of each customer who was seen, of at least one contact each."""
    counts = np.maximum(1.0, k)
    if len(counts) < 2 or counts.max() < 1.5:
        return Frequency(SHAPE[1], 0)
    # 1.4 needs are one need in six of ten cases, two in four: rounded, customers would look more alike than they are
    whole = np.floor(counts)
    value, place = np.unique(np.r_[whole, whole + 1], return_inverse=True)
    times = np.bincount(place, np.r_[1.0 - (counts - whole), counts - whole])

    def minus_log_likelihood(x: Floats) -> float:
        shape, mean = np.exp(x)
        p = shape / (shape + mean)
        seen = np.log1p(-min(p**shape, 1 - 1e-12))
        return -float((times * (stats.nbinom.logpmf(value, shape, p) - seen)).sum())

    bounds = [tuple(np.log(SHAPE)), (np.log(1e-3), np.log(10.0 * counts.mean()))]
    start = np.array([0.0, np.log(counts.mean())])
    found = optimize.minimize(minus_log_likelihood, start, method="L-BFGS-B", bounds=bounds)
    shape, mean = np.exp(found.x)
    none = float((shape / (shape + mean)) ** shape)
    unseen = min(UNSEEN_MOST * len(counts), round(len(counts) * none / max(1e-9, 1 - none)))
    return Frequency(float(round(shape, 6)), int(unseen))
