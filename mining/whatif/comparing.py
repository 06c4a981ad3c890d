"""Today against a scenario, replication by replication, on the same needs: paired differences and what they hang on.

Each replication draws all parameters anew from the bootstrap, so that the spread of the differences holds their
uncertainty; what a run of a few weeks adds by chance is told from its weeks and taken off but for its mean. Tasks are
replications, each by itself, so that workers change nothing but the time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import stats

from mining.whatif.building import Run, Today, base_run, neutral, scenario_run
from mining.whatif.calibration import Behaviour, Prepared, calibrate, drawn_weights
from mining.whatif.draws import Drawn, draw, stream
from mining.whatif.engine import Centre
from mining.whatif.measures import NAMES, RUN_WEEKS, WARM_WEEKS, WEEKS, Outcome, as_calls, measure
from mining.whatif.reading import WEEK_S, Calls
from mining.whatif.regime import Unstable
from mining.whatif.scenarios import Scenario

WORSE_WHEN_MORE = {
    "inbound_factor": 1, "repeat_factor": 1, "service_factor": 1, "order_channel_shift": 1, "page_calls_factor": 1,
    "misrouted_share": 1, "callback_accept": -1, "callback_reach": -1, "menu_seconds": -1, "order_uplift": 0,
    "merged_share": -1, "merged_talk_factor": 1,
}  # fmt: skip
"""What more of an assumption does to customers' minutes."""
GRID: Mapping[str, tuple[str, tuple[float, ...], str]] = {
    "assign": ("inbound_factor", (0.6, 0.7, 0.8, 0.9, 1.0), "repeat_factor"),
    "menu": ("misrouted_share", (0.0, 0.05, 0.1, 0.2), "menu_seconds"),
    "merge": ("merged_talk_factor", (0.5, 0.75, 1.0, 1.5, 2.0), "merged_share"),
}
"""Kinds of change whose sign hangs on what is assumed -> the first assumption of the break-even picture, where it is
tried, and the second, which is tried at its low, middle and high."""
GRID_REPLICATIONS = 10
PARAMETERS_LEAST = 0.4
"""By simulation with 10 to 30 replications and 0.3 to 3 times as much chance as parameters, 95 % intervals then cover
in 93 to 98 of 100; without it in 83 to 94."""
PARALLEL_FROM = 1_500_000
"""Contacts to be simulated, from which on other processes help."""


@dataclass(frozen=True)
class Task:
    """All that a replication needs; sent to a worker once."""

    prepared: Prepared
    today: Today
    scenario: Scenario
    points: tuple[tuple[str, dict[str, float]], ...]
    grid: tuple[tuple[str, dict[str, float]], ...]


@dataclass(frozen=True)
class Estimate:
    """A mean over replications with its 95 % interval."""

    value: float
    low: float
    high: float

    def record(self) -> dict[str, float]:
        """As JSON."""
        return {"value": round(self.value, 5), "low": round(self.low, 5), "high": round(self.high, 5)}


@dataclass(frozen=True)
class Replication:
    """Outcomes of one replication by point; a point that is missing was unstable. `orders` a week."""

    outcomes: dict[str, Outcome]
    orders: dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """`measures`: point -> measure -> its mean; `differences`: point -> measure -> scenario less today, with interval.

    `unstable`: points at which more work comes than can be done. `grid`: (first value, second value, minutes a need
    less today's). `correlation_gain`: by how much common numbers cut the variance of the difference.
    """

    replications: int
    measures: dict[str, dict[str, float]]
    differences: dict[str, dict[str, Estimate]]
    orders: dict[str, float]
    unstable: tuple[str, ...]
    grid: tuple[tuple[float, float, float], ...]
    variance_ratio: float

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "replications": self.replications,
            "measures": {p: {m: round(x, 5) for m, x in one.items()} for p, one in self.measures.items()},
            "differences": {p: {m: x.record() for m, x in one.items()} for p, one in self.differences.items()},
            "orders": {p: round(x, 2) for p, x in self.orders.items()},
            "unstable": list(self.unstable),
            "grid": [[round(x, 5) for x in cell] for cell in self.grid],
            "variance_ratio": round(self.variance_ratio, 2),
        }


def points_of(scenario: Scenario) -> tuple[tuple[str, dict[str, float]], ...]:
    """Neutral, mid, and the two ends: every assumption where it is kindest to customers, and where it is not."""
    still, told = neutral(scenario), scenario.assumptions
    if not told:
        return (("neutral", still),)
    best = {n: one.high if WORSE_WHEN_MORE.get(n, 1) < 0 else one.low for n, one in told.items()}
    worst = {n: one.low if WORSE_WHEN_MORE.get(n, 1) < 0 else one.high for n, one in told.items()}
    return (("neutral", still), ("mid", {n: one.mid for n, one in told.items()}), ("best", best), ("worst", worst))


def _key(values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Points with equal keys run alike: what has no part in a run is left out."""
    return tuple(sorted((name, value) for name, value in values.items() if WORSE_WHEN_MORE.get(name, 1)))


def grid_of(scenario: Scenario) -> tuple[tuple[str, dict[str, float]], ...]:
    """The points of the break-even picture; all else stays neutral."""
    if scenario.kind not in GRID:
        return ()
    first, ones, second = GRID[scenario.kind]
    told = scenario.assumptions[second]
    twos = sorted({told.low, told.mid, told.high, line_at(scenario)})
    return tuple((f"grid {x:g} {y:g}", neutral(scenario) | {first: x, second: y}) for x, y in product(ones, twos))


def line_at(scenario: Scenario) -> float:
    """The second assumption where break-even is told: further calls after an answer as today; else the middle."""
    second = GRID[scenario.kind][2]
    return 1.0 if scenario.kind == "assign" else scenario.assumptions[second].mid


def compare(prepared: Prepared, today: Today, scenario: Scenario) -> Comparison:
    """Run all replications."""
    task = Task(prepared, today, scenario, points_of(scenario), grid_of(scenario))
    n_runs = scenario.replications * (1 + len(task.points)) + GRID_REPLICATIONS * len(task.grid)
    size = prepared.contacts.n / max(1, prepared.calls.weeks) * RUN_WEEKS * n_runs
    return summed(task, list(_replications(task, size)))


def _replications(task: Task, size: float) -> Iterator[Replication]:
    numbers = range(task.scenario.replications)
    workers = min(2, os.cpu_count() or 1)
    if size < PARALLEL_FROM or workers < 2:
        yield from (replicate(task, number) for number in numbers)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _remember, (task,)) as pool:
        yield from pool.map(_replicate_remembered, numbers)


_REMEMBERED: list[Task] = []


def _remember(task: Task) -> None:
    _REMEMBERED[:] = [task]


def _replicate_remembered(number: int) -> Replication:
    return replicate(_REMEMBERED[0], number)


def most_of(task_points: Sequence[tuple[str, dict[str, float]]]) -> float:
    """So many times today's needs may be wanted at one of the points."""
    return max([1.0, *(values.get("inbound_factor", 1.0) for _, values in task_points)])


def drawn_of(task: Task, number: int, behaviour: Behaviour) -> Drawn:
    """The needs of a replication, common to all its points."""
    points = (*task.points, *task.grid)
    tasks = task.scenario.change.tasks
    shifted = (-1, 0.0)
    if tasks is not None and tasks.take_order is not None and tasks.take_order.minutes.like in task.today.stations:
        shifted = (task.today.stations.index(tasks.take_order.minutes.like), task.today.orders)
    return draw(behaviour, task.scenario.seed, number, RUN_WEEKS, most_of(points), shifted)


def replicate(task: Task, number: int) -> Replication:
    """One replication: parameters, needs, today, and every point."""
    rng = stream(task.scenario.seed, number, "bootstrap")
    behaviour = calibrate(task.prepared, drawn_weights(task.prepared, rng))
    drawn = drawn_of(task, number, behaviour)
    base = base_run(task.today, behaviour, drawn)
    week = (drawn.at_s[np.array(base.wanted, np.int64)] // WEEK_S).astype(np.int64) - WARM_WEEKS
    n_base = np.bincount(week[(week >= 0) & (week < WEEKS)], minlength=WEEKS).astype(float)
    points = [*task.points, *(task.grid if number < GRID_REPLICATIONS else ())]
    runs = {"today": base} | {
        name: scenario_run(task.scenario, values, task.today, behaviour, drawn) for name, values in points
    }
    keys = {"today": None} | {name: _key(values) for name, values in points}
    done: dict[Any, Outcome | None] = {}
    outcomes = {}
    for name, run in runs.items():
        if keys[name] not in done:
            done[keys[name]] = _run(run, drawn, n_base)
        found = done[keys[name]]
        if found is not None:
            outcomes[name] = found
    return Replication(outcomes, {name: run.orders for name, run in runs.items()})


def _run(run: Run, drawn: Drawn, n_base: Any) -> Outcome | None:
    try:
        log = Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run()
    except Unstable:
        return None
    return measure(log, drawn, run.regime, n_base, run.menu_s, run.n_segment)


def summed(task: Task, found: Sequence[Replication]) -> Comparison:
    """Means, paired differences, and the picture."""
    names = [name for name, _ in task.points]
    unstable = tuple(n for n in ("today", *names) if any(n not in one.outcomes for one in found))
    whole = [n for n in names if n not in unstable] if "today" not in unstable else []
    told = [*whole] if "today" in unstable else ["today", *whole]
    measures = {n: {m: float(np.mean([one.outcomes[n].values[m] for one in found])) for m in NAMES} for n in told}
    differences = {n: {m: _paired(found, n, m) for m in NAMES} for n in whole}
    grid = []
    for name, _ in task.grid:
        held = [one for one in found if name in one.outcomes and "today" in one.outcomes]
        if len(held) == min(GRID_REPLICATIONS, len(found)):
            x, y = (float(part) for part in name.split()[1:])
            grid.append((x, y, float(np.mean([_difference(one, name, "min_per_need") for one in held]))))
    orders = {n: float(np.mean([one.orders[n] for one in found])) for n in ("today", *names)}
    return Comparison(
        len(found), measures, differences, orders, unstable, tuple(grid), _gain(found, whole[0]) if whole else 1.0
    )


def _difference(one: Replication, name: str, measure_: str) -> float:
    return one.outcomes[name].values[measure_] - one.outcomes["today"].values[measure_]


def _paired(found: Sequence[Replication], name: str, measure_: str) -> Estimate:
    """Mean difference with its interval: what parameters leave open, and the mean of what chance adds.

    s2 = variance between replications, of which w2 is chance within one (from its weeks, where a measure has them);
    the interval is of the difference in the long run, whose variance is s2 - w2 + s2 / n. What parameters leave open is
    never taken for less than PARAMETERS_LEAST of s2, since with few replications s2 - w2 is often nothing by chance.
    """
    differences = np.array([_difference(one, name, measure_) for one in found])
    n, mean = len(differences), float(differences.mean())
    if n < 2:
        return Estimate(mean, mean, mean)
    between = float(differences.var(ddof=1))
    within = 0.0
    if measure_ == "min_per_need":
        weekly = np.array([np.subtract(one.outcomes[name].by_week, one.outcomes["today"].by_week) for one in found])
        within = float(weekly.var(axis=1, ddof=1).mean()) / weekly.shape[1]
    spread = math.sqrt(max(PARAMETERS_LEAST * between, between - within) + between / n)
    half = float(stats.t.ppf(0.975, n - 1)) * spread
    return Estimate(mean, mean - half, mean + half)


def _gain(found: Sequence[Replication], name: str) -> float:
    """Variance of the difference of independent runs over that of runs on common numbers."""
    one = np.array([rep.outcomes[name].values["min_per_need"] for rep in found])
    other = np.array([rep.outcomes["today"].values["min_per_need"] for rep in found])
    common = float((one - other).var())
    return float((one.var() + other.var()) / common) if common > 1e-12 else 1.0


def back_test_runs(prepared: Prepared, today: Today, weeks: int, seed: int, n: int) -> tuple[list[Calls], list[Calls]]:
    """(calls of the held-out weeks in `n` runs at the parameters as fitted; in as many with parameters drawn anew, with
    the week before)."""
    fitted = calibrate(prepared)
    still, drawn_anew = [], []
    for number in range(n):
        drawn_now = calibrate(prepared, drawn_weights(prepared, stream(seed, number, "back-test")))
        still.append(_back_test(fitted, today, weeks, seed + 1, number, 1))
        drawn_anew.append(_back_test(drawn_now, today, weeks, seed + 2, number, 0))
    return still, drawn_anew


def _back_test(behaviour: Behaviour, today: Today, weeks: int, seed: int, number: int, first_week: int) -> Calls:
    drawn = draw(behaviour, seed, number, 1 + weeks)
    run = base_run(today, behaviour, drawn)
    log = Centre(run.needs, run.wanted, run.regime, (1 + weeks) * float(WEEK_S)).run()
    return as_calls(log, drawn, today.stations, first_week, 1 + weeks)
