"""How long the company truly let customers wait, and how many of those waits were far longer than usual (3.6).

The limit is that of the method note, reckoned here from the true waits by a way of its own. The last recorded day of
every standard world is the eve of a decision, so its last four weeks are the window, the eight before it the baseline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats
from true_needs import GAP_S, Truth
from world_config import DAY_S, HOUR_S, seconds_of_day, weekday

WINDOW_S, BASELINE_S = 28 * DAY_S, 56 * DAY_S
SPREADS, LONG_SHARE, USUAL_SHARE, LEAST = 2.33 * 1.4826, 0.05, 0.01, 200


@dataclass(frozen=True)
class Waits:
    """One kind of wait: those of the window, the share of them above the limit, and what chance alone may reach."""

    n: int
    late: float
    usual: float


def waits(truth: Truth, prev: str, step: str) -> dict[str, Waits]:
    """Waits from one step to the next one (browsing looked through) by when they began: 'business hours' or 'other
    hours'. Without those of which the baseline holds too few.
    """
    end = truth.made.end_s
    told: defaultdict[tuple[str, bool], list[float]] = defaultdict(list)
    for begun, over in _spans(truth, prev, step):
        if over >= end - WINDOW_S - BASELINE_S:
            told[_hours(begun), over >= end - WINDOW_S].append(over - begun)
    out = {}
    for hours in ("business hours", "other hours"):
        before, now = (np.log(told[hours, is_now]) for is_now in (False, True))
        if len(before) >= LEAST and len(now):
            middle = np.median(before)
            limit = middle + SPREADS * max(np.median(abs(before - middle)), np.median(before[before > middle] - middle))
            share = float(np.mean(before > limit))
            out[hours] = Waits(len(now), float(np.mean(now > limit)), _reached_by_chance(share, len(before)))
    return out


def closed(truth: Truth) -> set[int]:
    """Needs (by number) that lie whole in the recorded days: as long silent before and after as parts two journeys."""
    made = truth.made
    return {
        need
        for need, moments in zip(truth.numbers, truth.moments, strict=True)
        if moments[0][0] >= made.start_s + GAP_S and moments[-1][0] + GAP_S <= made.end_s
    }


def _spans(truth: Truth, prev: str, step: str) -> Iterator[tuple[int, int]]:
    """(begun, over) of each wait, epoch seconds."""
    for moments in truth.moments:
        solid = [(at_s, name) for at_s, _, name in moments if name not in truth.steps.browse]
        for (begun, before), (over, after) in pairwise(solid):
            if (before, after) == (prev, step) and over > begun:
                yield begun, over


def _hours(at_s: int) -> str:
    is_open = weekday(at_s) < 5 and 9 * HOUR_S <= seconds_of_day(at_s) < 17 * HOUR_S
    return "business hours" if is_open else "other hours"


def _reached_by_chance(share: float, n: int) -> float:
    """1 % and the limit's error, or what the share before may be, where that is usual: one-sided 95 %."""
    error = np.sqrt((np.pi / 2 + 2.33**2 * 1.36) / n)
    least = float(stats.norm.sf(2.33 - 1.645 * error))
    if share <= LONG_SHARE:
        return max(least, USUAL_SHARE)
    return max(least, float(stats.binomtest(round(share * n), n).proportion_ci(0.90, "wilson").high))
