"""Steps after which a bad outcome is more frequent: what the hazard models say of each step (method note 6.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mining.context import Context
from mining.deciding import Decision, decide
from mining.findings import identity
from mining.hazard import OF_GOODS, Design, Fit, Patterns, Times, design, fit, sandwich, without
from mining.hazard_counts import BEFORE, GOOD, TERMINAL, Outcome
from mining.hazard_moments import Moments
from mining.hazard_rows import AtRisk, rows_at_risk
from mining.method import Method
from mining.population import SPLITS
from mining.power import POWER
from mining.rates import Rate
from mining.statistics import needed_for_floor, normal_above, normal_quantile

KIND = "failure_point"
_TESTED = ("all", "discovery", "confirm")
_MADE_LATER = ("band", "wait", "is_again")
"""What the outcome itself may have changed when it came before the step: the control does not account for it."""


@dataclass(frozen=True)
class Effect:
    """What a step goes with in one split: log odds with standard error (never below that of independent rows); mean
    risk with the step off and on, and on at the ends of the interval."""

    beta: float
    error: float
    p0: float
    p1: float
    p_low: float
    p_high: float

    @property
    def odds(self) -> float:
        """Odds ratio against the stage's main step; cut off where its interval is."""
        return math.exp(min(20.0, max(-20.0, self.beta)))

    @property
    def difference(self) -> float:
        """Average risk difference."""
        return self.p1 - self.p0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Normal interval of the odds ratio, on the log scale; cut off where nobody needs the number."""
        half = normal_quantile(0.5 + confidence / 2) * self.error
        return math.exp(max(-20.0, self.beta - half)), math.exp(min(20.0, self.beta + half))

    @property
    def p_value(self) -> float:
        """One-sided p of "the odds are not higher"."""
        return normal_above(self.beta / self.error) if 0 < self.error < math.inf else 1.0


def e_value(ratio: float) -> float:
    """How strongly an unseen factor would have to go with both (risk ratio; VanderWeele and Ding 2017); 1 for no
    effect."""
    return ratio + math.sqrt(ratio * (ratio - 1)) if ratio > 1 else 1.0


@dataclass(frozen=True)
class Failing:
    """A step and the outcome after it. `effects` by split; `controls`: log odds of BEFORE and GOOD with standard error,
    of a step that passes the gate, where they are not too rare there to tell."""

    outcome: Outcome
    step: str
    stage: str
    reference: str
    effects: dict[str, Effect]
    rate: Rate
    n_customers: int
    n_bad: int
    n_bad_main: int
    controls: dict[str, tuple[float, float]] = field(default_factory=dict)
    kind: str = KIND

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return f"{self.outcome.name}|{self.step}"

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"step": self.step, "outcome": self.outcome.name}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    @property
    def share_of_bad(self) -> float:
        """Of all the outcomes, those that follow this step."""
        return self.rate.hits["all"] / self.n_bad if self.n_bad else 0.0

    def is_door(self, method: Method) -> bool:
        """Whether it may simply be the way to a step that ends badly. Nobody needs a way to give up."""
        return self.outcome.form == TERMINAL and self.share_of_bad >= method.failure_door_share

    def passes(self, method: Method, split: str) -> bool:
        """The gate: odds, interval and risk difference."""
        one = self.effects[split]
        return (
            one.odds >= method.failure_odds_min
            and one.interval(method.confidence)[0] > 1
            and one.difference >= method.failure_difference_min
        )

    def n_needed(self, method: Method) -> int | None:
        """None when the floors hold, else how many times at the step would be needed."""
        n, hits = self.rate.n["all"], self.rate.hits["all"]
        needed = [method.failure_rows_min] if n < method.failure_rows_min else []
        if hits < method.failure_outcomes_min:
            needed.append(needed_for_floor(hits, method.failure_outcomes_min, n))
        if self.n_customers < method.failure_customers_min:
            needed.append(needed_for_floor(self.n_customers, method.failure_customers_min, n))
        if self.n_bad_main < method.failure_main_outcomes_min:
            needed.append(needed_for_floor(self.n_bad_main, method.failure_main_outcomes_min, n))
        return max(needed) if needed else None

    def p_value(self, method: Method, split: str) -> float:
        """p of a split; 1 where the split has less than its part of the floor of outcomes."""
        parts = {"discovery": method.discovery_parts / 10, "confirm": 1 - method.discovery_parts / 10}
        if self.rate.hits[split] < math.ceil(method.failure_outcomes_min * parts[split]):
            return 1.0
        return self.effects[split].p_value

    def known_by(self, confidence: float) -> list[str]:
        """The controls that are more frequent at this step too, so that it is not what fails."""
        z = normal_quantile(0.5 + confidence / 2)
        return [name for name, (beta, error) in self.controls.items() if beta - z * error > 0]

    def smallest_odds(self, method: Method) -> float | None:
        """The odds ratio found 8 times in 10 among the customers kept apart, as the only candidate."""
        error = self.effects["confirm"].error
        if not 0 < error < 10:
            return None
        return math.exp((normal_quantile(1 - method.confirm_alpha) + normal_quantile(POWER)) * error)


@dataclass(frozen=True)
class Model:
    """A fitted outcome: what it says of each step that customers may meet, of answers to trouble apart (`signals`)."""

    outcome: Outcome
    at_risk: AtRisk
    steps: tuple[Failing, ...]
    signals: tuple[Failing, ...]
    n_bad: int
    epv: float
    factors: tuple[str, ...]
    of_goods: dict[str, Effect]
    """Level of a factor of the goods ('poor=2') -> what it goes with, against the most frequent level."""


def model(context: Context, moments: Moments, outcome: Outcome) -> Model | None:
    """The model of an outcome; None where there are too few outcomes for any, or no step looks
    worse than its main step."""
    method = context.method
    at_risk = rows_at_risk(context, moments, outcome)
    patterns = at_risk.patterns
    n_bad = int(patterns.y["all"].sum())
    if n_bad < method.failure_outcomes_min:
        return None
    reactive = frozenset(step for step, touch in context.touch.items() if touch.reactive)
    made = design(patterns, reactive, method.failure_rows_min, method.failure_main_outcomes_min, method.failure_epv_min)
    if not all(patterns.y[split].any() for split in _TESTED):
        return None
    fits = {"all": fit(made, patterns.n["all"], patterns.y["all"])}
    if not any(_looks_bad(method, patterns, made, fits["all"], step) for step in made.of_step):
        return None
    for split in SPLITS:
        if split not in fits and patterns.y[split].any():
            fits[split] = fit(made, patterns.n[split], patterns.y[split])
    times = at_risk.times()
    customers = times.customers_by_step(patterns)
    told = [step for step in sorted(made.of_step) if step in customers and _may_be_told(context, step)]
    goods = [column for column, name in enumerate(made.names) if name.split("=")[0] in OF_GOODS]
    columns = [made.of_step[step] for step in told] + goods
    errors = {
        split: sandwich(made, fits[split], times, at_risk.is_bad, customers_of, columns)
        for split, customers_of in times.parts.items()
    }
    found = [_failing(method, outcome, patterns, made, fits, errors, step, customers[step]) for step in told]
    found = _controlled(method, at_risk, made, times, found)
    return Model(
        outcome,
        at_risk,
        tuple(one for one in found if one.step not in reactive),
        tuple(one for one in found if one.step in reactive),
        n_bad,
        n_bad / len(made.names),
        made.factors,
        {
            made.names[column]: Effect(float(fits["all"].beta[column]), float(errors["all"][column]), 0, 0, 0, 0)
            for column in goods
        },
    )


def _controlled(method: Method, at_risk: AtRisk, made: Design, times: Times, found: list[Failing]) -> list[Failing]:
    """The same, with the negative controls of those that pass the gate: no other is told with them."""
    told: dict[str, dict[str, tuple[float, float]]] = {one.step: {} for one in found}
    patterns, passing = at_risk.patterns, [one.step for one in found if one.passes(method, "all")]
    for name, left_out in ((GOOD, ()), (BEFORE, _MADE_LATER)):
        if not passing or name not in at_risk.controls:
            continue
        seen = at_risk.controls[name]()
        y = np.bincount(at_risk.pattern[seen], minlength=len(patterns))
        enough = [step for step in passing if y[patterns.chosen(step)].sum() >= method.failure_outcomes_min]
        if not enough:
            continue
        plain = without(patterns, made, left_out)
        fitted = fit(plain, patterns.n["all"], y)
        columns = [plain.of_step[step] for step in enough]
        errors = sandwich(plain, fitted, times, seen, times.parts["all"], columns)
        for step, column in zip(enough, columns, strict=True):
            told[step][name] = (float(fitted.beta[column]), float(errors[column]))
    return [replace(one, controls=told[one.step]) for one in found]


def _looks_bad(method: Method, patterns: Patterns, made: Design, fitted: Fit, step: str) -> bool:
    """Whether a step passes the gate but for its interval. Where none does, the scan for the variance is spared."""
    column, chosen = made.of_step[step], patterns.chosen(step)
    beta = float(fitted.beta[column])
    if not chosen.any() or beta < math.log(method.failure_odds_min):
        return False
    off, on = (fitted.risk(chosen, patterns.n["all"], column, at) for at in (0.0, beta))
    return on - off >= method.failure_difference_min


def _may_be_told(context: Context, step: str) -> bool:
    """Outcomes are no steps on the way to one."""
    touch = context.touch.get(step)
    return touch is None or (touch.step_class != "outcome" and not touch.bad)


def _failing(
    method: Method,
    outcome: Outcome,
    patterns: Patterns,
    made: Design,
    fits: dict[str, Fit],
    errors: dict[str, np.ndarray],
    step: str,
    n_customers: int,
) -> Failing:
    column, chosen = made.of_step[step], patterns.chosen(step)
    stage = next(name for name, own in zip(patterns.stage, chosen.tolist(), strict=True) if own)
    half = normal_quantile(0.5 + method.confidence / 2)
    effects: dict[str, Effect] = {}
    for split in ("all", "discovery", "confirm", "light", "strict"):
        if split not in fits:
            continue
        fitted, n = fits[split], patterns.n[split]
        beta = float(fitted.beta[column])
        error = max(float(errors[split][column]) if split in errors else 0.0, fitted.naive_error(column))
        told = [fitted.risk(chosen, n, column, at) for at in (0.0, beta, beta - half * error, beta + half * error)]
        effects[split] = Effect(beta, error, *told)
    n_of = {split: int(patterns.n[split][chosen].sum()) for split in patterns.n}
    hits = {split: float(patterns.y[split][chosen].sum()) for split in patterns.y}
    return Failing(
        outcome,
        step,
        stage,
        made.reference[stage],
        effects,
        Rate(hits, n_of),
        n_customers,
        int(patterns.y["all"].sum()),
        int(patterns.y["all"][patterns.chosen(made.reference[stage])].sum()),
    )


def decisions(context: Context, found: Model) -> tuple[list[Failing], dict[str, Decision], int]:
    """(steps that become findings, decision by step, size of the family)."""
    method = context.method
    family = {one.step: one for one in found.steps if one.n_needed(method) is None}
    has_outcomes = found.epv >= method.failure_epv_min
    proposed = [one for one in found.steps if one.passes(method, "all")]
    tested = [one.step for one in proposed if one.step in family] if has_outcomes else []
    decided = decide(
        method,
        {step: one.p_value(method, "discovery") for step, one in family.items()},
        tested,
        lambda step: family[step].p_value(method, "confirm"),
    )
    return proposed, decided, len(family)
