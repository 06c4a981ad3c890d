"""How small a share may be and still be found: the power of the floors and tests that findings go through (method 0.7).

Each function gives the probability that a place whose true share is `share` is proposed (candidate or better); the
smallest share that is proposed with probability 0.8 is what "nothing larger would have gone unseen" speaks of. Journeys
are taken as one a customer: where customers have several, what they do alike makes the true limit a little larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from mining.method import Method

POWER = 0.8
_EXACT = 1e-5


def smallest_share(power_at: Callable[[float], float], null: float = 0.0, power: float = POWER) -> float | None:
    """The smallest share above `null` found with this power; None where not even a share of 1 is.

    `power_at` must not fall as the share grows.
    """
    if power_at(1.0) < power:
        return None
    low, high = null, 1.0
    while high - low > _EXACT:
        middle = (low + high) / 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def count_is_proposed(share: float, n: int, units_min: int, hits_min: int) -> float:
    """A plain count (loops, items asked again): the units there are, and so many hits among them."""
    return float(stats.binom.sf(hits_min - 1, n, share)) if n >= units_min else 0.0


def excess_is_proposed(share: float, n_discovery: int, n_confirm: int, null: float, m: int, method: Method) -> float:
    """A share above what is tolerated (mining/tolerated.py), one true deviation among `m` tests.

    It needs its floor of hits and Benjamini-Hochberg's level as the first of its family in the discovery parts, and
    the floor of journeys and hits over all.
    """
    n = n_discovery + n_confirm
    part = method.discovery_parts / 10
    if n < method.deviation_journeys_min or n_discovery < math.ceil(method.deviation_journeys_min * part):
        return 0.0
    level = method.discovery_q / max(1, m)
    by_test = int(stats.binom.isf(level, n_discovery, null)) + 1
    first = max(by_test, math.ceil(method.deviation_hits_min * part), math.floor(null * n_discovery) + 1)
    hits = np.arange(first, n_discovery + 1)
    rest = np.maximum(max(method.deviation_hits_min, math.floor(null * n) + 1) - hits, 0)
    seen = stats.binom.pmf(hits, n_discovery, share) * stats.binom.sf(rest - 1, n_confirm, share)
    return float(seen.sum())
