"""Worlds of journeys that may end badly after any step, and more often once they have gone a planted path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.population import SPLITS
from mining.route_ways import NOTHING, T_MAX
from mining.routes import Routes

N_STEPS = 8


@dataclass
class Plan:
    """`times`: how many times the chance of a bad end after each step is, once the path was gone; `rise`: by what
    part of itself the chance grows with each step."""

    n: int = 3000
    hazard: float = 0.05
    finish: float = 0.10
    frailty: float = 0.5
    path: tuple[int, ...] = (2, 5)
    times: float = 1.0
    rise: float = 0.0
    customers_per_journey: float = 0.7


def world(plan: Plan, seed: int) -> Routes:
    """Each journey is a way of its own; customers differ in their hazard (gamma, variance `frailty`), and those who end
    badly early live short, so that whole journeys must not be compared."""
    rng = np.random.default_rng(seed)
    n_customers = max(1, int(plan.n * plan.customers_per_journey))
    frail = rng.gamma(1 / plan.frailty, plan.frailty, n_customers) if plan.frailty else np.ones(n_customers)
    customer = rng.integers(0, n_customers, plan.n)
    codes = np.full((plan.n, T_MAX), NOTHING, dtype=np.uint8)
    alive = np.arange(plan.n)
    went = np.zeros(plan.n, dtype=int)
    is_bad = np.zeros(plan.n, dtype=bool)
    high = np.zeros(plan.n, dtype=np.int64)
    wanted = np.array([*plan.path, NOTHING - 1])
    for t in range(T_MAX):
        step = rng.integers(0, N_STEPS, len(alive))
        codes[alive, t] = step
        high[alive] = t + 1
        went[alive] += step == wanted[went[alive]]
        chance = plan.hazard * frail[customer[alive]] * np.where(went[alive] == len(plan.path), plan.times, 1.0)
        chance *= 1 + plan.rise * t
        draw = rng.random(len(alive))
        bad = draw < np.minimum(chance, 0.9)
        is_bad[alive[bad]] = True
        alive = alive[~bad & (draw < 1 - plan.finish)]
    part = rng.integers(0, 10, n_customers)[customer]
    in_split = {
        "all": np.ones(plan.n, bool), "discovery": part < 6, "confirm": part >= 6,
        "light": np.ones(plan.n, bool), "strict": np.ones(plan.n, bool),
    }  # fmt: skip
    return Routes(
        tuple(f"s{k}" for k in range(N_STEPS)),
        codes,
        np.arange(plan.n),
        is_bad,
        np.where(is_bad, high, 1),
        high,
        {split: in_split[split].astype(np.int64) for split in SPLITS},
        np.arange(plan.n),
        customer,
        np.arange(plan.n),
        in_split,
    )
