"""The ways that journeys at risk of a bad outcome go up to it, as counts of distinct ways (method note 6.1, 6.2).

A way is told in the steps that customers can tell it in: no browsing, no bad outcome, no answer to trouble
(`reactive`), nor the door through which one comes to a terminal outcome (the step directly before half of them or
more). `t` counts these steps. A journey that ended badly has the way up to the outcome (without the steps of the
outcome's own call); any other is at risk at each t from where the risk begins (giving up: the order is entered upon)
to where it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mining.hazard_counts import GIVING_UP, TERMINAL, Outcome, begins, outcomes
from mining.population import SPLITS
from mining.route_ways import T_MAX, Bools, Ints, Told, Ways

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Routes:
    """The distinct ways of journeys at risk of an outcome.

    steps: names by code. codes: ways x T_MAX. By fate (a way with where its risk begins and ends): `way` = its row of
    codes (the same for variants that are told alike), is_bad, low and high = the t at which it is compared (of a bad
    one both are the outcome's), n = journeys by split. By journey: `fate`, `customer`, `journey_id`, and which splits
    it is in (`in_split`).
    """

    steps: tuple[str, ...]
    codes: Codes
    way: Ints
    is_bad: Bools
    low: Ints
    high: Ints
    n: dict[str, Ints]
    fate: Ints
    customer: Ints
    journey_id: Ints
    in_split: dict[str, Bools]

    def n_bad(self, split: str) -> int:
        """Journeys that ended so."""
        return int(self.n[split][self.is_bad].sum())

    def n_others(self, split: str) -> int:
        """Journeys at risk that did not end so."""
        return int(self.n[split][~self.is_bad].sum())

    def together(self) -> Routes:
        """The same, in which fates that are told alike are one. Counts and shares are those of the fates apart."""
        key = ((self.way * 2 + self.is_bad) * (T_MAX + 2) + self.low) * (T_MAX + 2) + self.high
        _, first, fate = np.unique(key, return_index=True, return_inverse=True)
        return replace(
            self,
            way=self.way[first],
            is_bad=self.is_bad[first],
            low=self.low[first],
            high=self.high[first],
            n={split: np.bincount(fate, n, len(first)).astype(np.int64) for split, n in self.n.items()},
            fate=fate[self.fate],
        )


def bad_outcomes(ways: Ways) -> list[Outcome]:
    """The bad outcomes of the site."""
    return outcomes(ways.context, ways.both)


def read(ways: Ways, outcome: Outcome) -> Routes | None:
    """The ways of one of the `bad_outcomes`; None where it never came."""
    low, high, is_bad = _risk(ways, outcome)
    journey = np.flatnonzero((low < ways.length)[ways.way])
    own_bad, over = is_bad[ways.way[journey]], high[ways.way[journey]]
    if not own_bad.any():
        return None
    if outcome.form != GIVING_UP:
        over[own_bad] = np.minimum(over[own_bad], ways.call_begins(journey[own_bad], over[own_bad]))
    doors = _doors(ways, journey[own_bad], over[own_bad]) if outcome.form == TERMINAL else frozenset()
    # a fate: of a way, whether it ended so, and where it was over
    width = int(ways.length.max(initial=0)) + 1
    key = (2 * ways.way[journey] + own_bad) * width + over
    key, fate = np.unique(key, return_inverse=True)
    way, is_bad, over = key // (2 * width), key // width % 2 > 0, key % width
    in_split = {split: ways.in_split[split][journey] for split in SPLITS}
    return _routes(
        ways,
        ways.told_without(doors),
        way,
        is_bad,
        low[way],
        over,
        {split: np.bincount(fate[chosen], minlength=len(key)) for split, chosen in in_split.items()},
        fate=fate,
        customer=ways.customer[journey],
        journey_id=ways.journey_id[journey],
        in_split=in_split,
    )


def _risk(ways: Ways, outcome: Outcome) -> tuple[Ints, Ints, Bools]:
    """By way: the places from which, and before which, it is at risk (from its length on: never), and whether it ended
    so."""
    end = ways.first_place(outcome.ends)
    if outcome.form == GIVING_UP:
        return ways.first_place(begins(ways.context)), end, end == ways.length
    bad = ways.first_place([outcome.name])
    return np.zeros_like(end), np.minimum(bad, end), (bad < ways.length) & (bad <= end)


def _doors(ways: Ways, journey: Ints, over: Ints) -> frozenset[str]:
    """Steps directly before so many of the outcomes that they may simply be the way to them."""
    n = np.bincount(ways.step_at(journey[over > 0], over[over > 0] - 1))
    least = ways.context.method.failure_door_share * len(journey)
    return frozenset(ways.name[code] for code in np.flatnonzero(n).tolist() if n[code] >= least)


def _routes(
    ways: Ways, told: Told, way: Ints, is_bad: Bools, low: Ints, over: Ints, n: dict[str, Ints], **journeys: Any
) -> Routes:
    """The ways of fates, in the steps they are told in."""
    begun = told.n_before[ways.starts[way]]
    until = np.minimum(told.n_before[ways.starts[way] + over] - begun, T_MAX)
    before = told.n_before[ways.starts[way] + low] - begun
    return Routes(
        told.steps,
        told.codes,
        told.row[way],
        is_bad,
        np.where(is_bad, until, np.minimum(before + 1, T_MAX)),
        until,
        n,
        **journeys,
    )
