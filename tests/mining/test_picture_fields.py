"""The numbers of a finding's pictures: against its own counts, and never of fewer customers than may be told."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from page_world import World, build, frame

from ingest.store import Store
from mining.analyses import page_calls
from mining.picture_fields import among_peers, around

FEW = 5


@pytest.mark.parametrize("seed", range(20))
def test_hours_are_joined_until_no_bar_is_of_few_customers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.choice(np.arange(-24, 24), rng.integers(0, 30), replace=False).tolist())
    hours = [
        (hour, n := int(rng.integers(1, 9)), rng.choice(60, int(rng.integers(1, n + 1)), replace=False).tolist())
        for hour in chosen
    ]
    told = around(hours, FEW, "calls", "the view")
    sides = [[one for one in hours if (one[0] < 0) == is_before] for is_before in (True, False)]
    is_few = [0 < len({who for _, _, customers in side for who in customers}) < FEW for side in sides]
    if told is None:
        assert any(is_few)
        return
    assert not any(is_few)
    bars = told["bars"]
    assert bars[0][0] == -24 and bars[-1][1] == 24
    assert all(left[1] == right[0] for left, right in itertools.pairwise(bars)), "no hour twice, none left out"
    for begin, end, n in bars:
        inside = [one for one in hours if begin <= one[0] < end]
        assert n == sum(one[1] for one in inside)
        customers = {who for one in inside for who in one[2]}
        assert len(customers) >= FEW or not customers
        assert not begin < 0 < end


def test_the_nearest_hours_stay_as_narrow_as_they_may() -> None:
    hours = [(0, 9, range(9)), (1, 2, [1, 2]), (2, 3, [3, 4, 5]), (20, 1, [7]), (-3, 6, range(6))]
    told = around(hours, FEW, "calls", "the view")
    assert told is not None
    assert told["bars"] == [[-24, 0, 6], [0, 1, 9], [1, 24, 6]], "the hours 3 to 23 have too few for a bar of their own"


def test_few_peers_are_no_spread() -> None:
    assert among_peers((1, 1, 1), np.ones(7), "calls") is None
    told = among_peers((4, 3, 5), np.arange(101) / 100, "calls")
    assert told is not None and told["peers"] == [0.1, 0.25, 0.5, 0.75, 0.9] and told["n_peers"] == 101


def test_the_record_of_a_page_adds_up(store: Store) -> None:
    world = World(3, n_customers=6_000, n_pages=100, n_categories=4, times={5: 4.0}, is_named=True)
    build(store, world)
    (found,) = [one for one in page_calls.find(store, frame(store)) if one.where["product"] == "5"]
    bars = found.extra["around"]["bars"]
    assert sum(n for begin, _, n in bars if begin >= 0) == found.extra["ya"]
    assert sum(n for begin, _, n in bars if begin < 0) == found.extra["yb"]
    told = found.extra["among_peers"]
    assert told["value"] / found.effect["value"] == pytest.approx(told["high"] / found.ci["high"], rel=1e-3)
    assert told["low"] > told["peers"][-1], "it stands out of its peers"
    assert 20 <= told["n_peers"] <= 24, "none that stands out itself"
    by_hand = store.rows(
        "select 1000.0 * count(*) filter (is_called) / count(*) from exposure where place::varchar = 'product:5'"
    )[0][0]
    if found.n["sample"] == "all":
        assert told["value"] == pytest.approx(by_hand, rel=0.15), "shrunk, and as its customers are"
