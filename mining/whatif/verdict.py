"""What may be said of a scenario, and what would settle what may not (method 9.7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mining.whatif.comparing import GRID, Comparison, Estimate, line_at
from mining.whatif.gate import Gate
from mining.whatif.measures import staffed_hours
from mining.whatif.reading import Calls
from mining.whatif.regime import Regime
from mining.whatif.scenarios import Scenario
from mining.whatif.staffing import Staffing

REACH = (0.5, 1.5)
"""A scenario outside this part of what was observed leaves the data."""
BUSY_INFERRED = 0.9
PILOT_WEEKS, PILOT_WEEKS_MOST = 8, 52
PILOT_SHARE = 0.1
"""Where nothing is forecast, a trial is sized for a difference of this part of a call's minutes today."""
POWER = 16.0
"""Lehr's rule: 16 variances over the squared difference, in each of two groups, for 80 % power at 5 %."""

DRIFT, UNFIT, UNSTABLE, OUTSIDE, INFERRED, UNSOURCED, UNCERTAIN = (
    "drift", "gate", "unstable", "outside_data", "capacity_inferred", "unsourced", "uncertain",
)  # fmt: skip


@dataclass(frozen=True)
class Pilot:
    """How many customers by lot in each group, for how many weeks, tell a difference of `minutes` a need."""

    customers: int
    weeks: int
    minutes: float


@dataclass(frozen=True)
class Verdict:
    """`reason`: why it can't be told, None when it can. `breakeven`: the first assumption of the picture at which the
    difference is nothing, the second at `line_at`; None where that line does not cross. `pays`: the line is below
    nothing, or above it, at all its points; None where it crosses, or there is none."""

    reason: str | None
    unsourced: tuple[str, ...]
    breakeven: float | None
    pays: bool | None
    pilot: Pilot | None


def told_of(comparison: Comparison) -> Estimate | None:
    """The difference in minutes a need that is told: at the middle of what is assumed."""
    for point in ("mid", "neutral"):
        if point in comparison.differences:
            return comparison.differences[point]["min_per_need"]
    return None


def judge(
    scenario: Scenario,
    gate: Gate,
    comparison: Comparison | None,
    staffing: Staffing,
    regimes: Sequence[Regime],
    calls: Calls,
) -> Verdict:
    """`regimes`: today's and the scenario's, for how many agent hours are there. `comparison` None: the gate did not
    pass, and nothing was run."""
    told = told_of(comparison) if comparison else None
    unsourced = tuple(name for name, one in scenario.assumptions.items() if not one.has_source and one.low < one.high)
    reason = _reason(scenario, gate, comparison, staffing, regimes, told, unsourced)
    wanted = max(scenario.smallest_useful_min, abs(told.value) if told else PILOT_SHARE * minutes_a_call(calls))
    line = line_of(scenario, comparison) if comparison else []
    pays = all(d < 0 for _, d in line) if line and len({d < 0 for _, d in line}) == 1 else None
    return Verdict(reason, unsourced, breakeven(line), pays, pilot_of(calls, wanted))


def _reason(
    scenario: Scenario,
    gate: Gate,
    comparison: Comparison | None,
    staffing: Staffing,
    regimes: Sequence[Regime],
    told: Estimate | None,
    unsourced: tuple[str, ...],
) -> str | None:
    if gate.outcome != "passed":
        return DRIFT if gate.outcome == "drift" else UNFIT
    if comparison is None or comparison.unstable or told is None:
        return UNSTABLE
    today = comparison.measures["today"]
    ratios = [staffed_hours(regimes[1]) / max(1e-9, staffed_hours(regimes[0]))]
    ratios += [one["occupancy"] / max(1e-9, today["occupancy"]) for one in comparison.measures.values()]
    if any(not REACH[0] <= ratio <= REACH[1] for ratio in ratios):
        return OUTSIDE
    if staffing.is_inferred and today["occupancy"] > BUSY_INFERRED:
        return INFERRED
    ends = [one["min_per_need"].value for point, one in comparison.differences.items() if point in ("best", "worst")]
    if unsourced and ends and min(ends) < 0 < max(ends):
        return UNSOURCED
    if told.low <= 0 <= told.high and (told.high - told.low) / 2 > scenario.smallest_useful_min:
        return UNCERTAIN
    return None


def line_of(scenario: Scenario, comparison: Comparison) -> list[tuple[float, float]]:
    """(first assumption, minutes a need less today's) along the second's `line_at`."""
    if scenario.kind not in GRID:
        return []
    return sorted((x, d) for x, y, d in comparison.grid if math.isclose(y, line_at(scenario)))


def breakeven(line: Sequence[tuple[float, float]]) -> float | None:
    """Where the line crosses nothing, by straight lines between its points; all shipped ones rise."""
    for (x0, d0), (x1, d1) in pairwise(line):
        if d0 <= 0 <= d1 and d1 > d0:
            return x0 + (x1 - x0) * -d0 / (d1 - d0)
    return None


def minutes_a_call(calls: Calls) -> float:
    """Customers' minutes on the line, waiting and talking, by call."""
    return float((calls.wait_s + calls.talk_s).sum()) / 60 / max(1, calls.n_calls)


def pilot_of(calls: Calls, minutes: float) -> Pilot | None:
    """Customers of a pilot by lot, from how much customers' minutes vary in the log; None where a year would not do."""
    known = calls.customer >= 0
    if not known.any() or calls.weeks < 1:
        return None
    _, customer = np.unique(calls.customer[known], return_inverse=True)
    spent = np.bincount(customer.reshape(-1), (calls.wait_s + calls.talk_s)[known] / 60)
    number = np.bincount(customer.reshape(-1), (calls.leg[known] == 1).astype(float))
    scale = PILOT_WEEKS / calls.weeks
    variance, per_customer = float(spent.var()) * scale, float(number.mean()) * scale
    each = math.ceil(POWER * variance / max(1e-9, minutes * per_customer) ** 2)
    there = len(spent)
    if 2 * each <= there:
        return Pilot(max(each, 20), PILOT_WEEKS, minutes)
    weeks = math.ceil(PILOT_WEEKS * 2 * each / there)
    return Pilot(there // 2, weeks, minutes) if weeks <= PILOT_WEEKS_MOST else None


def record(verdict: Verdict) -> dict[str, Any]:
    """As JSON."""
    pilot = verdict.pilot
    return {
        "blocking_reason": verdict.reason,
        "unsourced": list(verdict.unsourced),
        "breakeven": None if verdict.breakeven is None else round(verdict.breakeven, 4),
        "pays": verdict.pays,
        "what_would_settle_it": {"customers": pilot.customers, "weeks": pilot.weeks, "minutes": round(pilot.minutes, 3)}
        if pilot
        else None,
    }
