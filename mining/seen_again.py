"""The status of a plain count (method 4.3): no p value, but what was picked for being large must be seen again."""

from __future__ import annotations

import math
from typing import Any

from mining.evidence import Reach
from mining.method import Method
from mining.rates import Rate


def status_of_count(method: Method, rate: Rate, reach: Reach, n_needed: int | None, robust: dict[str, Any]) -> str:
    """not_enough_data where a floor fails (`n_needed`); confirmed where the floors hold in proportion among the
    customers it is found with and again among those kept apart, and it stays without the heaviest; else candidate.
    """
    if n_needed is not None:
        return "not_enough_data"
    shares = {"discovery": method.discovery_parts / 10, "confirm": 1 - method.discovery_parts / 10}
    is_again = all(
        rate.n[split] >= math.ceil(method.loop_journeys_min * share)
        and rate.hits[split] >= math.ceil(method.loop_hits_min * share)
        for split, share in shares.items()
    )
    enough_people = reach.customers_confirm >= math.ceil(method.loop_customers_min * shares["confirm"])
    return "confirmed" if is_again and enough_people and robust["sign_stable"] is not False else "candidate"
