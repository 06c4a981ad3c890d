"""The back-test gate: a model that cannot tell the weeks it has not seen says nothing of a changed world (method 9.4).

Fitted on the first weeks, the model runs the last ones; arrivals are not fed. Distances are held against what two
random halves of the real cases differ by, and against what the model's own parameters, drawn anew, leave open: a right
model that was fitted on some weeks is off by as much. A case: a customer's contacts on one matter, none more than 7
days after the one before. Weeks that differ from one another more than chance allows are no model's fault: the process
changed.
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
from mining.whatif.draws import stream
from mining.whatif.reading import COLUMNS, DAY_S, WEEK_S, Bools, Calls, Floats, Ints

SPLITS = 40
KPIS = ("calls", "abandon_share", "wait_p50_s", "wait_p90_s", "repeat_share")
BAND = 0.95
OUTSIDE_MOST = 1
"""Weeks of which a KPI may lie outside its band (3 of 4 weeks must lie in it)."""


@dataclass(frozen=True)
class Cases:
    """Cases of a log: 3-grams (code, case number), ln(1 + minutes) of each case, second of the day of each contact."""

    gram: Ints
    gram_case: Ints
    log_minutes: Floats
    contact_case: Ints
    second: Floats

    @property
    def n(self) -> int:
        """Cases."""
        return len(self.log_minutes)


@dataclass(frozen=True)
class Gate:
    """`outcome`: passed, drift (the real weeks differ among themselves), failed. `distances`: name -> (distance, the
    95th percentile and the median of the floor, distance of the fitted weeks, 95th percentile of runs drawn anew).
    `weekly`: KPI -> (real values, low, high)."""

    outcome: str
    n_cases: int
    distances: dict[str, tuple[float, float, float, float, float]] = field(default_factory=dict)
    weekly: dict[str, tuple[list[float], float, float]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "outcome": self.outcome,
            "n_cases": self.n_cases,
            "failed": list(self.failed),
            "distances": {
                name: dict(
                    zip(
                        ("distance", "floor_95", "floor_median", "drift", "fit_95"),
                        (round(x, 5) for x in one),
                        strict=True,
                    )
                )
                for name, one in self.distances.items()
            },
            "weekly": {
                name: {"real": [round(x, 4) for x in real], "low": round(low, 4), "high": round(high, 4)}
                for name, (real, low, high) in self.weekly.items()
            },
        }


def hold(fit: Calls, test: Calls, runs: Sequence[Calls], drawn_runs: Sequence[Calls], seed: int) -> Gate:
    """Judge runs of the held-out weeks. `runs`: at the parameters as fitted, for the distances, all their cases
    together; `drawn_runs`: parameters drawn anew in each, with the week before, for the bands."""
    real, fitted = cases_of(test), _in_blocks(fit, test.weeks)
    simulated = reduce(_joined, [cases_of(one) for one in runs])
    both = _joined(fitted, real)
    size = min(real.n, both.n // 2)
    rng = stream(seed, 0, "gate")
    floors: dict[str, list[float]] = {name: [] for name in _DISTANCES}
    drift: dict[str, list[float]] = {name: [] for name in _DISTANCES}
    everything = np.ones(real.n, bool)
    for _ in range(SPLITS):
        halves = rng.permutation(both.n)[: 2 * size]
        some = _chosen(fitted.n, rng.permutation(fitted.n)[:size])
        one, other = _chosen(both.n, halves[:size]), _chosen(both.n, halves[size:])
        for name, distance in _DISTANCES.items():
            floors[name].append(distance(both, one, both, other))
            drift[name].append(distance(fitted, some, real, everything))
    everyone = np.ones(simulated.n, bool)
    redrawn = [cases_of(one.between(one.weeks - test.weeks, one.weeks)) for one in drawn_runs]
    found: dict[str, tuple[float, float, float, float, float]] = {}
    for name, distance in _DISTANCES.items():
        floor = np.array(floors[name])
        apart = [distance(simulated, everyone, one, np.ones(one.n, bool)) for one in redrawn]
        found[name] = (
            distance(simulated, everyone, real, everything), float(np.quantile(floor, 0.95)), float(np.median(floor)),
            float(np.mean(drift[name])), float(np.quantile(apart, 0.95)) if apart else 0.0,
        )  # fmt: skip
    weekly = _weekly(fit, test, drawn_runs)
    drifted = [name for name in _GATES if found[name][3] > found[name][1]]
    failed = [name for name in _GATES if found[name][0] > max(found[name][1], found[name][4])]
    for name, (values, low, high) in weekly.items():
        outside = sum(not low <= value <= high for value in values)
        if outside > OUTSIDE_MOST:
            failed.append(name)
    outcome = "drift" if drifted else "failed" if failed else "passed"
    return Gate(outcome, real.n, found, weekly, tuple(drifted or failed))


def cases_of(calls: Calls) -> Cases:
    """The cases of a log."""
    contacts = contacts_of(calls)
    if not contacts.n:
        none = np.zeros(0, np.int64)
        return Cases(none, none, np.zeros(0), none, np.zeros(0))
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
    return Cases(
        gram, np.concatenate([case, case[closing], case[closing]]), np.log1p(np.maximum(0.0, lasted)), case,
        contacts.at_s[rows] % DAY_S,
    )  # fmt: skip


def _in_blocks(calls: Calls, weeks: int) -> Cases:
    """Cases of stretches as long as the held-out weeks: a longer stretch would cut fewer of them."""
    ends = range(calls.weeks, weeks - 1, -weeks)
    blocks = [cases_of(calls.between(end - weeks, end)) for end in ends]
    return reduce(_joined, blocks)


def _joined(a: Cases, b: Cases) -> Cases:
    return Cases(
        np.r_[a.gram, b.gram], np.r_[a.gram_case, b.gram_case + a.n], np.r_[a.log_minutes, b.log_minutes],
        np.r_[a.contact_case, b.contact_case + a.n], np.r_[a.second, b.second],
    )  # fmt: skip


def _chosen(n: int, places: Ints) -> Bools:
    chosen = np.zeros(n, bool)
    chosen[places] = True
    return chosen


def _control_flow(a: Cases, of_a: Bools, b: Cases, of_b: Bools) -> float:
    """Half the sum of the differences of the shares of 3-grams."""
    size = int(max(a.gram.max(initial=0), b.gram.max(initial=0))) + 1
    p, q = (np.bincount(one.gram[of[one.gram_case]], minlength=size) for one, of in ((a, of_a), (b, of_b)))
    return float(0.5 * np.abs(p / max(1, p.sum()) - q / max(1, q.sum())).sum())


def _cycle_time(a: Cases, of_a: Bools, b: Cases, of_b: Bools) -> float:
    """Wasserstein-1 of ln(1 + minutes)."""
    if not of_a.any() or not of_b.any():
        return 0.0
    return float(wasserstein_distance(a.log_minutes[of_a], b.log_minutes[of_b]))


def _circadian(a: Cases, of_a: Bools, b: Cases, of_b: Bools) -> float:
    """Wasserstein-1 on the circle of 24 hours, in hours: 23 h and 0 h are one apart."""
    p, q = (
        np.bincount((one.second[of[one.contact_case]] // 1800).astype(np.int64), minlength=48)
        for one, of in ((a, of_a), (b, of_b))
    )
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
