"""The back-test gate: a model that cannot tell the weeks it has not seen says nothing of a changed world (method 9.4).

Fitted on the first weeks, the model runs the last ones; arrivals are not fed. A case: a customer's contacts on one
matter, none more than 7 days after the one before. What chance does is told by the model's own runs, in which the same
few customers call again and again, and a queue's bad hour meets many of them: random halves of the real cases would
take each case for a draw of its own and call chance an error. Held-out weeks may differ from the model by what runs
with parameters drawn anew do (a right model that was fitted on some weeks is off by as much), and from the fitted weeks
by what runs at the same parameters differ by among themselves: beyond that the process changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from scipy.stats import t as t_law
from scipy.stats import wasserstein_distance

from mining.whatif.contacts import REPEAT_S, contacts_of
from mining.whatif.reading import COLUMNS, DAY_S, WEEK_S, Calls, Floats, Ints

KPIS = ("calls", "abandon_share", "wait_p50_s", "wait_p90_s", "repeat_share")
BAND = 0.95
OUTSIDE_MOST = 1
"""Weeks of which a KPI may lie outside its band (3 of 4 weeks must lie in it)."""
LEVEL = 0.05
"""Of each of the two questions (does the model tell the kept weeks, are they like those before), over its distances."""
FARTHEST = 1.5
"""Times the farthest run, beyond which no limit goes: runs that have nothing in common would allow everything."""
NOTHING = 1e-9


@dataclass(frozen=True)
class Cases:
    """Cases of a log: the code of each 3-gram, ln(1 + minutes) of each case, second of the day of each contact."""

    gram: Ints
    log_minutes: Floats
    second: Floats

    @property
    def n(self) -> int:
        """Cases."""
        return len(self.log_minutes)


@dataclass(frozen=True)
class Gate:
    """`outcome`: passed, drift (the real weeks differ among themselves), failed. `distances`: name -> (of the model
    from the held-out weeks, its limit, p; of the fitted weeks from them, its limit, p). `weekly`: KPI -> (real values,
    low, high)."""

    outcome: str
    n_cases: int
    distances: dict[str, tuple[float, float, float, float, float, float]] = field(default_factory=dict)
    weekly: dict[str, tuple[list[float], float, float]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        parts = ("distance", "limit", "p", "drift", "drift_limit", "drift_p")
        return {
            "outcome": self.outcome,
            "n_cases": self.n_cases,
            "failed": list(self.failed),
            "distances": {
                name: dict(zip(parts, (round(x, 5) for x in one), strict=True)) for name, one in self.distances.items()
            },
            "weekly": {
                name: {"real": [round(x, 4) for x in real], "low": round(low, 4), "high": round(high, 4)}
                for name, (real, low, high) in self.weekly.items()
            },
        }


def hold(fit: Calls, test: Calls, runs: Sequence[Calls], drawn_runs: Sequence[Calls]) -> Gate:
    """Judge runs of the held-out weeks. `runs`: at the parameters as fitted, for the distances, all their cases
    together; `drawn_runs`: parameters drawn anew in each, with the week before, for what the model leaves open."""
    real, fitted = cases_of(test), _in_blocks(fit, test.weeks)
    alike = [cases_of(one) for one in runs]
    simulated = reduce(_joined, alike)
    redrawn = [cases_of(one.between(one.weeks - test.weeks, one.weeks)) for one in drawn_runs]
    others = _others(alike, fit.weeks // test.weeks)
    found = {}
    for name, distance in _DISTANCES.items():
        off, drift = distance(simulated, real), distance(fitted, real)
        left_open = _limit([distance(simulated, one) for one in redrawn], off)
        by_chance = _limit([distance(rest, one) for rest, one in zip(others, alike, strict=True)], drift)
        found[name] = (off, *left_open, drift, *by_chance)
    weekly = _weekly(fit, test, drawn_runs)
    drifted = [name for name in _GATES if found[name][3] > found[name][4]]
    failed = [name for name in _GATES if found[name][0] > found[name][1]]
    for name, (values, low, high) in weekly.items():
        if sum(not low <= value <= high for value in values) > OUTSIDE_MOST:
            failed.append(name)
    outcome = "drift" if drifted else "failed" if failed else "passed"
    return Gate(outcome, real.n, found, weekly, tuple(drifted or failed))


def _others(runs: Sequence[Cases], n: int) -> list[Cases]:
    """For each run `n` others together, as fitted weeks to its held-out ones."""
    return [reduce(_joined, [runs[(at + 1 + k) % len(runs)] for k in range(n)]) for at in range(len(runs))]


def _limit(by_chance: Sequence[float], found: float) -> tuple[float, float]:
    """(how far chance goes at the gate's level, p of `found`), by a normal law of the logarithm: so few runs have no
    quantile of their own."""
    if len(by_chance) < 2:
        return float("inf"), 1.0
    values = np.log(np.maximum(NOTHING, by_chance))
    mean, spread = float(values.mean()), max(NOTHING, float(values.std(ddof=1)) * np.sqrt(1 + 1 / len(values)))
    law = t_law(len(values) - 1)
    limit = min(float(np.exp(mean + law.isf(LEVEL / len(_GATES)) * spread)), FARTHEST * max(by_chance))
    return limit, float(law.sf((np.log(max(NOTHING, found)) - mean) / spread))


def cases_of(calls: Calls) -> Cases:
    """The cases of a log."""
    contacts = contacts_of(calls)
    if not contacts.n:
        none = np.zeros(0, np.int64)
        return Cases(none, np.zeros(0), np.zeros(0))
    last_at = np.zeros(contacts.n)
    order = np.lexsort((calls.leg, calls.call))
    call = calls.call[order]
    ends = np.flatnonzero(np.r_[call[1:] != call[:-1], True])
    begins = np.flatnonzero(np.r_[True, call[1:] != call[:-1]])
    by_time = np.argsort(calls.at_s[order[begins]], kind="stable")
    last_at = (calls.at_s + calls.wait_s + calls.talk_s)[order[ends]][by_time]
    rows = np.lexsort((contacts.at_s, contacts.pair))
    new = np.r_[True, (contacts.pair[rows][1:] != contacts.pair[rows][:-1]) | (contacts.gap_s[rows][1:] > REPEAT_S)]
    case = np.cumsum(new) - 1
    label = 1 + 2 * contacts.station[rows] + contacts.is_served[rows]
    base = int(2 * len(calls.stations) + 3)
    end = base - 1
    begin_of = np.flatnonzero(new)
    place = np.arange(len(rows)) - begin_of[case]
    one = np.where(place >= 1, np.r_[0, label[:-1]], 0)
    two = np.where(place >= 2, np.r_[0, 0, label[:-2]][: len(label)], 0)
    closing = np.flatnonzero(np.r_[new[1:], True])
    gram = np.concatenate(
        [
            (two * base + one) * base + label,
            (one[closing] * base + label[closing]) * base + end,
            (label[closing] * base + end) * base + end,
        ]
    )
    lasted = (last_at[rows][closing] - contacts.at_s[rows][begin_of]) / 60
    return Cases(gram, np.log1p(np.maximum(0.0, lasted)), contacts.at_s[rows] % DAY_S)


def _in_blocks(calls: Calls, weeks: int) -> Cases:
    """Cases of stretches as long as the held-out weeks: a longer stretch would cut fewer of them."""
    ends = range(calls.weeks, weeks - 1, -weeks)
    blocks = [cases_of(calls.between(end - weeks, end)) for end in ends]
    return reduce(_joined, blocks)


def _joined(a: Cases, b: Cases) -> Cases:
    return Cases(*(np.r_[getattr(a, name), getattr(b, name)] for name in ("gram", "log_minutes", "second")))


def _control_flow(a: Cases, b: Cases) -> float:
    """Half the sum of the differences of the shares of 3-grams."""
    size = int(max(a.gram.max(initial=0), b.gram.max(initial=0))) + 1
    p, q = (np.bincount(one.gram, minlength=size) for one in (a, b))
    return float(0.5 * np.abs(p / max(1, p.sum()) - q / max(1, q.sum())).sum())


def _cycle_time(a: Cases, b: Cases) -> float:
    """Wasserstein-1 of ln(1 + minutes)."""
    return float(wasserstein_distance(a.log_minutes, b.log_minutes)) if a.n and b.n else 0.0


def _circadian(a: Cases, b: Cases) -> float:
    """Wasserstein-1 on the circle of 24 hours, in hours: 23 h and 0 h are one apart."""
    p, q = (np.bincount((one.second // 1800).astype(np.int64), minlength=48) for one in (a, b))
    ahead = np.cumsum(p / max(1, p.sum()) - q / max(1, q.sum()))
    return float(np.abs(ahead - np.median(ahead)).sum() * 0.5)


_DISTANCES = {"control_flow": _control_flow, "cycle_time": _cycle_time, "circadian": _circadian}
_GATES = ("control_flow", "cycle_time")


def _weekly(fit: Calls, test: Calls, runs: Sequence[Calls]) -> dict[str, tuple[list[float], float, float]]:
    """Each KPI: its real weekly values, and the band of the simulated ones."""
    real = _kpis(_after(fit, test), skip=1)
    simulated = [_kpis(one, skip=1) for one in runs]
    out = {}
    for name in KPIS:
        low, high = _band([one[name] for one in simulated])
        out[name] = (real[name].tolist(), low, high)
    return out


def _band(by_run: Sequence[Floats]) -> tuple[float, float]:
    """Where a further week lies, by a normal law of ln(1 + value): quantiles of so few runs would be too narrow."""
    if len(by_run) < 2:
        return 0.0, float("inf")
    values = np.log1p(np.concatenate(by_run))
    half = float(t_law.ppf((1 + BAND) / 2, len(by_run) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(by_run)))
    mean = float(values.mean())
    return max(0.0, float(np.expm1(mean - half))), float(np.expm1(mean + half))


def _after(fit: Calls, test: Calls) -> Calls:
    """The held-out weeks with the week before them."""
    last = fit.between(fit.weeks - 1, fit.weeks)
    columns = {
        name: np.concatenate([getattr(last, name), getattr(test, name) + (WEEK_S if name == "at_s" else 0)])
        for name in COLUMNS
    }
    return Calls(fit.stations, 1 + test.weeks, **columns)


def _kpis(calls: Calls, skip: int) -> dict[str, Floats]:
    """By week, without the first `skip` weeks, which only tell what came before."""
    week = (calls.at_s // WEEK_S).astype(np.int64)
    contacts = contacts_of(calls)
    out: dict[str, list[float]] = {name: [] for name in KPIS}
    for one in range(skip, calls.weeks):
        rows, of_week = week == one, contacts.week == one
        waits = calls.wait_s[rows]
        repeats = contacts.was_served[of_week] & (contacts.gap_s[of_week] <= REPEAT_S)
        out["calls"].append(float(of_week.sum()))
        out["abandon_share"].append(float(1 - calls.is_served[rows].mean()) if rows.any() else 0.0)
        out["wait_p50_s"].append(float(np.quantile(waits, 0.5)) if len(waits) else 0.0)
        out["wait_p90_s"].append(float(np.quantile(waits, 0.9)) if len(waits) else 0.0)
        out["repeat_share"].append(float(repeats.mean()) if of_week.any() else 0.0)
    return {name: np.array(values) for name, values in out.items()}
