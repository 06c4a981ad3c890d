"""From p values and counts to a status (method 0.6), the same for every analysis that proposes.

A claim with a limit is tested: Benjamini-Hochberg over its family in the discovery parts, Holm over the candidates in
the customers kept apart. A plain count is no hypothesis: it is confirmed when it is seen again there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mining.evidence import Reach
from mining.method import Method
from mining.rates import Rate
from mining.statistics import benjamini_hochberg, holm


@dataclass(frozen=True)
class Decision:
    """What the tests say of a proposed place. `p` is the confirming one where it was tried."""

    status: str
    p: float | None
    q: float | None


@dataclass(frozen=True)
class Floor:
    """The least there must be: units, units that show it, customers who do."""

    units: int
    hits: int = 1
    customers: int = 1


def decide(
    method: Method, discovery: Mapping[str, float], proposed: Sequence[str], confirm: Callable[[str], float]
) -> dict[str, Decision]:
    """Decisions on the proposed places. `discovery`: p in the discovery parts of the whole family, by place.

    confirmed = Holm over the candidates <= 0.05 in the customers kept apart; candidate = BH q <= 0.10; cannot_tell =
    the definition holds over all, but the discovery parts alone do not carry it.
    """
    places = sorted(discovery)
    q = dict(zip(places, benjamini_hochberg([discovery[place] for place in places]), strict=True))
    candidates = [place for place in proposed if q[place] <= method.discovery_q]
    checked = [confirm(place) for place in candidates]
    out = {place: Decision("cannot_tell", discovery[place], q[place]) for place in proposed}
    for place, p, adjusted in zip(candidates, checked, holm(checked), strict=True):
        out[place] = Decision("confirmed" if adjusted <= method.confirm_alpha else "candidate", p, q[place])
    return out


def seen_again(method: Method, rate: Rate, reach: Reach, floor: Floor) -> Decision:
    """A count: confirmed when discovery and confirmation each hold their part of the floor."""
    parts = {"discovery": method.discovery_parts / 10, "confirm": 1 - method.discovery_parts / 10}
    holds = all(
        rate.n[split] >= math.ceil(floor.units * part) and rate.hits[split] >= math.ceil(floor.hits * part)
        for split, part in parts.items()
    )
    people = reach.customers_confirm >= math.ceil(floor.customers * parts["confirm"])
    return Decision("confirmed" if holds and people else "candidate", None, None)
