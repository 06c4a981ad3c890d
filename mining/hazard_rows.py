"""The steps at risk of a bad outcome, and what is counted of them (method note 6.2).

All outcomes share the moments (mining/hazard_moments.py): what differs is where a journey's risk begins and ends, and
what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mining.context import Context
from mining.hazard import Ints, Patterns, Times
from mining.hazard_counts import BEFORE, DELAYED, GIVING_UP, GOOD, Outcome, begins
from mining.hazard_moments import Bools, Moments, Numbers, seconds
from mining.population import SPLITS

_VISIT_US = 30 * 60_000_000
"""Who gives up has left within so long of the last step upon the order; a visit of later days is another."""
_DAY_US = 86_400_000_000
_OF_SPLIT = {
    "all": np.ones(8, dtype=bool),
    "discovery": np.arange(8) & 1 > 0,
    "confirm": np.arange(8) & 1 == 0,
    "light": np.arange(8) & 2 == 0,
    "strict": np.arange(8) & 4 > 0,
}
"""Split -> which flags of a journey it holds (population.CHOSEN): 1 = discovery, 2 = heavy, 4 = strict."""
Until = Callable[[Ints], tuple[Ints, Bools]]
"""Moments -> steps (delayed: days) until the outcome or the end of what is known, and whether it is the outcome."""


@dataclass(frozen=True)
class Risk:
    """Where each journey's risk begins and ends: from place `low` on, before `high`; of these moments only those that
    `is_row` holds (None: all). `bad`: the moments at risk that the outcome follows; `marks`: when it came, for those
    who had it before."""

    low: Ints
    high: Ints
    is_row: Bools | None
    bad: Ints
    marks: Ints
    until: Until


@dataclass(frozen=True)
class AtRisk:
    """The moments at risk of an outcome, one customer after the other (Moments.order): `at` = their numbers; `until` as
    above; `is_bad`: whether the outcome follows; `controls`: what tells whether it came before, and whether a good end
    follows, where that says anything. Only what passes the gate asks for these."""

    moments: Moments
    patterns: Patterns
    pattern: Numbers
    at: Ints
    until: Until
    is_bad: Bools
    controls: Mapping[str, Callable[[], Bools]]

    def times(self) -> Times:
        """What the variance is made of."""
        known = self.moments
        customer = known.customer[known.journey[self.at]]
        starts = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
        n_discovery = int(np.count_nonzero(known.is_discovery[customer[starts]]))
        return Times(np.append(starts, len(customer)), self.pattern, n_discovery)

    def chance(self, steps: Sequence[str]) -> pa.Table:
        """step, journey_id, is_bad of every time at one of these steps."""
        rows = self._at_steps(steps)
        journey_id = self.moments.journey_id[self.moments.journey[self.at[rows]]]
        return pa.table(
            {
                "step": pa.DictionaryArray.from_arrays(pa.array(self.pattern[rows]), list(self.patterns.step)),
                "journey_id": pa.array(journey_id, pa.uint32()),
                "is_bad": pa.array(self.is_bad[rows]),
            }
        )

    def survivals(self, steps: Sequence[str]) -> dict[str, list[tuple[int, int, int]]]:
        """Of each step (t, outcomes at t, journeys that leave at t), from a journey's first time at it."""
        rows = self._at_steps(steps)
        names = np.array(self.patterns.step)[self.pattern[rows]]
        return {step: self._survival(rows[names == step]) for step in steps}

    def _survival(self, rows: Ints) -> list[tuple[int, int, int]]:
        journey = self.moments.journey[self.at[rows]]
        t, is_event = self.until(self.at[rows[np.append(True, journey[1:] != journey[:-1])[: len(rows)]]])
        t, place = np.unique(t, return_inverse=True)
        n_events = np.bincount(place, is_event, len(t)).astype(np.int64)
        n_gone = np.bincount(place, minlength=len(t)) - n_events
        return list(zip(t.tolist(), n_events.tolist(), n_gone.tolist(), strict=True))

    def _at_steps(self, steps: Sequence[str]) -> Ints:
        return np.flatnonzero(np.isin(np.array(self.patterns.step), list(steps))[self.pattern])


def rows_at_risk(context: Context, moments: Moments, outcome: Outcome) -> AtRisk:
    """The moments at risk of the outcome, with their patterns. Stages in which it practically never follows tell
    nothing of their steps and are left out."""
    method = context.method
    risk = (_delayed if outcome.form == DELAYED else _terminal)(context, moments, outcome)
    stages = np.unique(np.array(moments.stage), return_inverse=True)[1]
    n_bad = np.bincount(stages[moments.pattern[risk.bad]], minlength=int(stages.max(initial=0)) + 1)
    is_told = (n_bad >= method.failure_outcomes_min)[stages]
    at = _ranges(moments, risk.low, risk.high)
    if risk.is_row is not None:
        at = at[risk.is_row[at]]
    if not is_told.all():
        at = at[is_told[moments.pattern[at]]]
    is_bad = np.zeros(len(moments.at_us), dtype=bool)
    is_bad[risk.bad] = True
    controls = {BEFORE: lambda: _came_before(moments, risk.marks, method.failure_control_days)[at]}
    if outcome.form == DELAYED:
        controls[GOOD] = lambda: moments.is_good[at]
    return _counted(moments, at, risk.until, is_bad[at], controls)


def _came_before(moments: Moments, marks: Ints, days: int) -> Bools:
    """By moment: whether one of `marks` comes in the days before it, for the same customer."""
    asked, mark = moments.before(marks)
    out = np.zeros(len(moments.at_us), dtype=bool)
    out[asked[moments.at_us[mark] >= moments.at_us[asked] - days * _DAY_US]] = True
    return out


def both(moments: Moments, outcome: str, good: Sequence[str]) -> list[tuple[str, int, int]]:
    """Of each good outcome: journeys with it and the bad one, and of them those with the bad one later."""
    bad_place = moments.first_place(moments.of_steps([outcome]))
    out = []
    for step in good:
        place = moments.first_place(moments.of_steps([step]))
        has_both = (bad_place < moments.n) & (place < moments.n)
        out.append((step, int(has_both.sum()), int((has_both & (bad_place > place)).sum())))
    return out


def _terminal(context: Context, moments: Moments, outcome: Outcome) -> Risk:
    over = moments.first_place(moments.of_steps(outcome.ends))
    if outcome.form == GIVING_UP:
        begun = moments.of_steps(begins(context))
        low = moments.first_place(begun)
        is_event = (low < moments.n) & (over == moments.n)
        over = np.where(is_event, _visit_end(moments, begun), over)
    else:
        ended = moments.of_steps([outcome.name])
        low, bad_place = np.zeros_like(over), moments.first_place(ended)
        is_event = bad_place < over
        over = np.minimum(over, bad_place)
    bad = (moments.starts + over - 1)[is_event & (over > low)]

    def until(at: Ints) -> tuple[Ints, Bools]:
        journey = moments.journey[at]
        return over[journey] - moments.place(at), is_event[journey]

    return Risk(low, over, None, bad, bad if outcome.form == GIVING_UP else ended, until)


def _visit_end(moments: Moments, begun: Ints) -> Ints:
    """By journey: the place after the last moment of the visit of its last step upon the order."""
    last_us = np.zeros(len(moments.n), dtype=np.int64)
    last_us[moments.journey[begun]] = moments.at_us[begun]
    inside = np.flatnonzero(moments.at_us <= np.repeat(last_us, moments.n) + _VISIT_US)
    out = np.zeros_like(moments.n)
    out[moments.journey[inside]] = moments.place(inside) + 1
    return out


def _delayed(context: Context, moments: Moments, outcome: Outcome) -> Risk:
    """t in days, to the last that is looked at and one more. What follows in the same call is a part of it."""
    days = context.method.failure_days
    marks = moments.of_steps([outcome.name])
    asked, mark = moments.after(marks)
    wait_s = seconds(moments, asked, mark)
    call = moments.call[asked]
    is_near = (wait_s <= 86400 * days) & ((call == 0) | (call != moments.call[mark]))
    t = np.full(len(moments.at_us), days + 1)
    t[asked[is_near]] = -(-wait_s[is_near] // 86400)
    is_row = moments.at_us < np.datetime64(context.window_to, "us").astype(np.int64) - days * _DAY_US
    is_row[marks] = False
    bad = np.flatnonzero(is_row & (t <= days))
    return Risk(np.zeros_like(moments.n), moments.n, is_row, bad, marks, lambda at: (t[at], t[at] <= days))


def _ranges(moments: Moments, low: Ints, high: Ints) -> Ints:
    """The moments of each journey from place `low` on, before `high`, customer by customer (Moments.order)."""
    order = moments.order
    length = np.maximum(high - low, 0)[order]
    ends = np.cumsum(length)
    first = (moments.starts + low)[order] - (ends - length)
    out: Ints = np.repeat(first, length) + np.arange(int(ends[-1]) if len(ends) else 0)
    return out


def _counted(
    moments: Moments, at: Ints, until: Until, is_bad: Bools, controls: Mapping[str, Callable[[], Bools]]
) -> AtRisk:
    """Patterns that are there, with their counts by split."""
    n_all = len(moments.step)
    slot, pattern = moments.slot[at], moments.pattern[at]
    n, y = (np.bincount(k, minlength=8 * n_all).reshape(-1, 8) for k in (slot, slot[is_bad]))
    used = np.flatnonzero(n.any(axis=1))
    number: Numbers = np.zeros(n_all, dtype=np.int32)
    number[used] = np.arange(len(used))
    step, stage = ([names[one] for one in used.tolist()] for names in (moments.step, moments.stage))
    counts, bad = ({split: k[used] @ _OF_SPLIT[split] for split in SPLITS} for k in (n, y))
    patterns = Patterns(step, stage, moments.cell[used], counts, bad)
    return AtRisk(moments, patterns, number[pattern], at, until, is_bad, controls)
