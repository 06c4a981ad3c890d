"""What would have gone unseen: the closed forms against draws that go through the very floors and tests of findings."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from mining import tolerated
from mining.evidence import Reach
from mining.method import Method
from mining.power import count_is_proposed, excess_is_proposed, smallest_share
from mining.rates import Rate, floor_needed

METHOD = Method()
REACH = Reach(1000, 1000, 400)
DRAWS = 1500
SEED = 20260301


def rate(first: int, second: int, n_discovery: int, n_confirm: int) -> Rate:
    return Rate(
        {"all": float(first + second), "discovery": float(first), "confirm": float(second)},
        {"all": n_discovery + n_confirm, "discovery": n_discovery, "confirm": n_confirm},
    )


def proposed_excess(share: float, n_discovery: int, n_confirm: int, tolerance: float, m: int) -> float:
    """How often a deviation of this share is a candidate beside m - 1 others that lie at what is tolerated."""
    rng = np.random.default_rng(SEED)
    usual = max(math.ceil(tolerance * n_discovery), math.ceil(METHOD.deviation_hits_min * 0.6))
    others = [rate(usual, usual, n_discovery, n_confirm)] * (m - 1)
    found = 0
    for first, second in rng.binomial([n_discovery, n_confirm], share, (DRAWS, 2)).tolist():
        one = rate(first, second, n_discovery, n_confirm)
        verdict = tolerated.decide([one, *others], tolerance, METHOD)[0]
        floors = (METHOD.deviation_journeys_min, METHOD.deviation_hits_min, METHOD.small_cell_customers)
        needed = floor_needed(one, REACH, *floors)
        found += verdict.status(one.share("all"), tolerance, needed, REACH, True, METHOD) in ("candidate", "confirmed")
    return found / DRAWS


@pytest.mark.parametrize(
    ("n_discovery", "n_confirm", "tolerance", "m"), [(90, 60, 0.01, 1), (540, 360, 0.01, 6), (3000, 2000, 0.05, 4)]
)
def test_the_smallest_deviation_is_found_four_times_in_five(
    n_discovery: int, n_confirm: int, tolerance: float, m: int
) -> None:
    power_at = partial(
        excess_is_proposed, n_discovery=n_discovery, n_confirm=n_confirm, null=tolerance, m=m, method=METHOD
    )
    smallest = smallest_share(power_at, tolerance)
    assert smallest is not None
    error = 4 * (0.8 * 0.2 / DRAWS) ** 0.5
    drawn = proposed_excess(smallest, n_discovery, n_confirm, tolerance, m)
    assert 0.8 - error <= drawn <= 0.8 + error + 0.03, "a share is counted in whole journeys"
    lesser = tolerance + 0.6 * (smallest - tolerance)
    assert proposed_excess(lesser, n_discovery, n_confirm, tolerance, m) < 0.7


def test_the_smallest_loop_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(SEED)
    for n in (100, 1024, 40_000):
        floors = (METHOD.loop_journeys_min, METHOD.loop_hits_min)
        smallest = smallest_share(lambda share, n=n, floors=floors: count_is_proposed(share, n, *floors))
        assert smallest is not None
        hits = rng.binomial(n, smallest, DRAWS)
        reached = [
            floor_needed(Rate({"all": float(h)}, {"all": n}), REACH, *floors, METHOD.loop_customers_min) is None
            for h in hits
        ]
        assert abs(np.mean(reached) - 0.8) <= 4 * (0.8 * 0.2 / DRAWS) ** 0.5


def test_too_few_units_find_nothing() -> None:
    assert smallest_share(lambda share: count_is_proposed(share, 99, 100, 20)) is None
    assert smallest_share(lambda share: excess_is_proposed(share, 50, 40, 0.01, 1, METHOD), 0.01) is None


def test_more_journeys_find_smaller_shares() -> None:
    found = [
        smallest_share(
            partial(excess_is_proposed, n_discovery=6 * n, n_confirm=4 * n, null=0.01, m=3, method=METHOD), 0.01
        )
        for n in (20, 100, 1000, 20_000)
    ]
    assert None not in found and found == sorted(found, reverse=True) and found[-1] < 0.013  # type: ignore[operator]
