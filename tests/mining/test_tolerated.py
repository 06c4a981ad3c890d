"""The test "the rate lies above what is tolerated" (method notes 0.6, 3.4): seen is not shown."""

from __future__ import annotations

import numpy as np
import pytest

from mining.method import Method
from mining.rates import Rate
from mining.tolerated import decide

N_DISCOVERY, N_CONFIRM, TOLERANCE = 900, 600, 0.02


def confirmed(share: float, worlds: int = 400) -> float:
    """Of worlds with one rate of this size: the part that confirms it."""
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(worlds):
        hits = {"discovery": rng.binomial(N_DISCOVERY, share), "confirm": rng.binomial(N_CONFIRM, share)}
        n = {"discovery": N_DISCOVERY, "confirm": N_CONFIRM}
        rate = Rate({**hits, "all": sum(hits.values())}, {**n, "all": sum(n.values())})
        p_holm = decide([rate], TOLERANCE, Method())[0].p_holm
        found += p_holm is not None and p_holm <= Method().confirm_alpha
    return found / worlds


@pytest.mark.parametrize(("share", "low", "high"), [(0.01, 0.0, 0.0), (TOLERANCE, 0.0, 0.02), (0.05, 0.95, 1.0)])
def test_what_lies_at_the_tolerance_is_seldom_confirmed_and_what_lies_beyond_mostly(
    share: float, low: float, high: float
) -> None:
    """At the tolerance both parts must err by chance: 0.1 x 0.05."""
    assert low <= confirmed(share) <= high


def test_of_many_rates_at_the_tolerance_hardly_one_is_confirmed() -> None:
    rng = np.random.default_rng(4)
    rates = [
        Rate(
            {"discovery": float(one), "confirm": float(two), "all": float(one + two)},
            {"discovery": N_DISCOVERY, "confirm": N_CONFIRM, "all": N_DISCOVERY + N_CONFIRM},
        )
        for one, two in zip(
            rng.binomial(N_DISCOVERY, TOLERANCE, 200), rng.binomial(N_CONFIRM, TOLERANCE, 200), strict=True
        )
    ]
    verdicts = decide(rates, TOLERANCE, Method())
    assert sum(one.p_holm is not None and one.p_holm <= Method().confirm_alpha for one in verdicts) == 0
