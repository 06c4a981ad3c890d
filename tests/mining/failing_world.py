"""Worlds of journeys that may end badly at every step (method note 6, T6.1 to T6.3): what was planted is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mining_log import St

STAGES = ("research", "order", "receive")
N_STEPS = 18
DAY, WINDOW = 86_400, 52 * 86_400


def step_name(k: int) -> str:
    """Step k of 18; each stage has six, the first of them its main step."""
    return f"{STAGES[k // 6]}_{k % 6}"


def dictionary(reactive: tuple[str, ...] = ()) -> list[St]:
    """18 steps, a good and a bad end."""
    steps = [
        St(step_name(k), stage=STAGES[k // 6], repeats=None, reactive=step_name(k) in reactive) for k in range(N_STEPS)
    ]
    return [*steps, St("done", step_class="outcome"), St("cancelled", step_class="outcome", bad=True)]


@dataclass
class Plan:
    """How journeys run. `hazard`: chance that a step is the last before a bad end, for a customer like most.

    `times`: step -> how many times that chance; `trouble_step`: a step that customers take because trouble has begun,
    which is what ends the journey badly, with or without the step.
    """

    n: int = 3000
    hazard: float = 0.04
    finish: float = 0.08
    frailty: float = 0.5
    times: dict[str, float] = field(default_factory=dict)
    trouble_step: str = ""
    customers_per_journey: float = 0.7


def log(plan: Plan, seed: int) -> dict[str, Any]:
    """Columns of bulk_world.bulk: customers differ in their hazard (gamma, variance `frailty`)."""
    rng = np.random.default_rng(seed)
    n = plan.n
    n_customers = max(1, int(n * plan.customers_per_journey))
    frailty = rng.gamma(1 / plan.frailty, plan.frailty, n_customers)
    customer = rng.integers(0, n_customers, n)
    clock = np.round(rng.uniform(0, WINDOW, n))
    weights = np.tile([3.0, 1, 1, 1, 1, 1], 3) / 24
    times = np.array([plan.times.get(step_name(k), 1.0) for k in range(N_STEPS)])
    has_trouble = np.zeros(n, dtype=bool)
    trouble = next((k for k in range(N_STEPS) if step_name(k) == plan.trouble_step), -1)
    alive = np.arange(n)
    case, at_s, step = [], [], []
    for _ in range(60):
        k = rng.choice(N_STEPS, len(alive), p=weights)
        if trouble >= 0:
            has_trouble[alive] |= rng.random(len(alive)) < 0.06
            k = np.where(has_trouble[alive] & (rng.random(len(alive)) < 0.2), trouble, k)
        clock[alive] += np.round(60 + rng.exponential(3600, len(alive)))
        case += alive.tolist()
        at_s += clock[alive].tolist()
        step += [step_name(one) for one in k]
        chance = np.minimum(plan.hazard * frailty[customer[alive]] * times[k], 0.95)
        chance = np.where(has_trouble[alive], np.minimum(4 * chance, 0.95), chance)
        draw = rng.random(len(alive))
        bad, good = draw < chance, (draw >= chance) & (draw < chance + plan.finish)
        for name, ended in (("cancelled", bad), ("done", good)):
            case += alive[ended].tolist()
            at_s += (clock[alive[ended]] + 30).tolist()
            step += [name] * int(ended.sum())
        alive = alive[~(bad | good)]
        if not len(alive):
            break
    order = np.lexsort((at_s, case))
    return {
        "case": np.array(case)[order],
        "customer": customer[np.array(case)[order]],
        "at_s": np.array(at_s)[order],
        "step": [step[i] for i in order],
        "engaged_ms": np.full(len(case), 60_000),
    }
