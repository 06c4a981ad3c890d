"""What a run says: customers' minutes per original need, waits, who gives up, who calls again, agents' hours.

Minutes are divided by *today's* number of original needs in every scenario, so that a need that does not arise counts
as saved, and a call that is given up does not: it costs its own minutes and a penalty, and its need stays open
(method 0.5 and 9.6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.whatif.draws import Drawn
from mining.whatif.reading import WEEK_S, Calls, Floats
from mining.whatif.regime import REPEAT, Log, Regime

ABANDON_PENALTY_MIN = 2.0
"""What giving up costs besides the wait (method 0.5)."""
WARM_WEEKS, WEEKS, TAIL_WEEKS = 1, 4, 1
"""A run: weeks that are thrown away, weeks that count, and one in which what began there comes to its end."""
RUN_WEEKS = WARM_WEEKS + WEEKS + TAIL_WEEKS
NAMES = (
    "min_per_need", "own_min_per_need", "wait_p50_s", "wait_p90_s", "abandon_share", "unresolved_share",
    "contacts_per_need", "repeats_per_need", "agent_hours", "staffed_hours", "occupancy", "proactive_done_share",
)  # fmt: skip
_NEED, _NUMBER, _WHY, _LEG, _AT, _WAIT, _SERVED, _TALK, _AGENT, _STATION, _TEAM, _BACK = range(12)


@dataclass(frozen=True)
class Outcome:
    """One run. `values` by NAMES; `by_week`: minutes per need of the needs that began in each of the weeks."""

    values: dict[str, float]
    by_week: tuple[float, ...]


def measure(log: Log, drawn: Drawn, regime: Regime, n_base_by_week: Floats, menu_s: float, n_segment: int) -> Outcome:
    """The outcome of one run. `n_base_by_week`: today's original needs in each counted week, the denominator."""
    rows = np.array(log.rows, dtype=float).reshape(-1, 12)
    need = rows[:, _NEED].astype(np.int64)
    week = (drawn.at_s[need] // WEEK_S).astype(np.int64) - WARM_WEEKS
    rows, need, week = (part[(week >= 0) & (week < WEEKS)] for part in (rows, need, week))
    first_leg, served = rows[:, _LEG] == 0, rows[:, _SERVED] > 0
    minutes = (rows[:, _WAIT] + rows[:, _TALK] + np.where(first_leg, max(0.0, menu_s), 0.0)) / 60
    minutes += np.where(served, 0.0, ABANDON_PENALTY_MIN)
    begun = np.array(log.proactive_at_s, dtype=float)
    counted = (begun >= WARM_WEEKS * WEEK_S) & (begun < (WARM_WEEKS + WEEKS) * WEEK_S)
    own_week = (begun[counted] // WEEK_S).astype(np.int64) - WARM_WEEKS
    own_min = (regime.team.proactive_s if regime.team else 0.0) / 60
    by_week = np.bincount(week, minutes, minlength=WEEKS) + np.bincount(own_week, minlength=WEEKS) * own_min
    n_base = max(1.0, float(n_base_by_week.sum()))
    waits = rows[first_leg, _WAIT]
    calls = max(1, int(first_leg.sum()))
    last = np.flatnonzero(np.r_[need[1:] != need[:-1], True]) if len(need) else np.zeros(0, np.int64)
    order = np.lexsort((rows[:, _LEG], rows[:, _NUMBER], need))
    ended = served[order][np.r_[need[order][1:] != need[order][:-1], True]] if len(last) else np.ones(0, bool)
    busy_h = (rows[:, _AGENT].sum() / 60 + counted.sum() * own_min) / 60 / WEEKS
    staffed = staffed_hours(regime)
    due = (
        n_segment * WEEKS * WEEK_S / regime.team.proactive_every_s
        if regime.team and regime.team.proactive_every_s
        else 0
    )
    values = {
        "min_per_need": float(by_week.sum() / n_base),
        "own_min_per_need": float(counted.sum() * own_min / n_base),
        "wait_p50_s": float(np.quantile(waits, 0.5)) if len(waits) else 0.0,
        "wait_p90_s": float(np.quantile(waits, 0.9)) if len(waits) else 0.0,
        "abandon_share": float((~served).sum() / calls),
        "unresolved_share": float((~ended).sum() / n_base),
        "contacts_per_need": calls / n_base,
        "repeats_per_need": float(((rows[:, _WHY] == REPEAT) & first_leg).sum() / n_base),
        "agent_hours": float(busy_h),
        "staffed_hours": float(staffed),
        "occupancy": float(busy_h / staffed) if staffed else 0.0,
        "proactive_done_share": float(min(1.0, counted.sum() / due)) if due else 1.0,
    }
    return Outcome(values, tuple((by_week / np.maximum(n_base_by_week, 1.0)).tolist()))


def staffed_hours(regime: Regime) -> float:
    """Agent hours a week that are there, executives included."""
    calendars = [*regime.stations, *([regime.team.calendar] if regime.team else [])]
    total = 0.0
    for one in calendars:
        at = np.append(np.minimum(one.at_s, RUN_WEEKS * WEEK_S), RUN_WEEKS * WEEK_S)
        total += float((np.diff(at) * np.asarray(one.n)).sum())
    return total / 3600 / RUN_WEEKS


def as_calls(log: Log, drawn: Drawn, stations: tuple[str, ...], first_week: int, last_week: int) -> Calls:
    """A run's calls of the weeks [first, last) as a log would tell them, time from the first of them."""
    rows = np.array(log.rows, dtype=float).reshape(-1, 12)
    need, number = rows[:, _NEED].astype(np.int64), rows[:, _NUMBER].astype(np.int64)
    call = need * 100 + number
    legs = np.unique(call, return_counts=True)
    at = rows[:, _AT]
    keep = (at >= first_week * WEEK_S) & (at < last_week * WEEK_S)
    order = np.lexsort((rows[:, _LEG], call, at))
    order = order[keep[order]]
    n_legs = legs[1][np.searchsorted(legs[0], call)]
    return Calls(
        stations, last_week - first_week, rows[order, _STATION].astype(np.int64),
        rows[order, _LEG].astype(np.int64) + 1, n_legs[order].astype(np.int64), rows[order, _SERVED] > 0,
        drawn.customer[need[order]].astype(np.int64), call[order], at[order] - first_week * WEEK_S,
        rows[order, _WAIT], rows[order, _TALK], (rows[:, _AGENT] - rows[:, _TALK])[order], np.zeros(len(order)),
    )  # fmt: skip
