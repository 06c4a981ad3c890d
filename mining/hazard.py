"""The joint discrete-time hazard model of a bad outcome, fitted on counted patterns (method note 6.2).

    logit P(y = 1) = alpha[stage x band] + sum_k beta_k [step = k] + gamma'z

One row of `Patterns` is a combination of a step with what is accounted for; it has n times at the step and y times that
the outcome followed, so that the fit costs nothing more on ten million events than on ten thousand. The reference of a
stage is its own main step. Newton's method (iteratively reweighted least squares; McCullagh and Nelder 1989, 2.5). A
ridge of 0.001 keeps what is perfectly separated finite and moves nothing else.

Variance: the sandwich H^-1 M H^-1 with M = sum over customers of the products of their score sums (Liang and Zeger
1986), times G / (G - 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
OTHER = "(other)"
FACTORS = {
    "band": (1, 4),
    "prior": (4, 3),
    "is_back": (12, 2),
    "is_off": (24, 2),
    "wait": (48, 3),
    "is_again": (144, 2),
    "kind": (288, 8),
    "value": (2304, 4),
    "poor": (9216, 3),
}
"""What is accounted for -> (unit, levels) within a cell's number (hazards.sql, hazard_goods.sql)."""
N_CELLS = max(unit * levels for unit, levels in FACTORS.values())
OF_GOODS = ("kind", "value", "poor")
LEAST_NEEDED = ("kind", "value", "poor", "is_again", "wait", "is_back", "prior", "is_off", "band")
"""In this order they are given up where there are too few outcomes for so many parameters."""
_RIDGE, _ROUNDS, _CLOSE, _STEEPEST = 1e-3, 60, 1e-9, 30.0
_BLOCK = 100_000
"""Customers whose sums are in memory at once."""


@dataclass(frozen=True)
class Patterns:
    """Steps, their stages and cells by pattern; counts by split: times at it, and times the outcome followed."""

    step: Sequence[str]
    stage: Sequence[str]
    cell: Ints
    n: Mapping[str, Ints]
    y: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(self.step)

    def by_step(self, counts: Ints) -> dict[str, int]:
        """Sums of `counts` by step."""
        out: dict[str, int] = {}
        for step, count in zip(self.step, counts.tolist(), strict=True):
            out[step] = out.get(step, 0) + count
        return out

    def chosen(self, step: str) -> npt.NDArray[np.bool_]:
        """Which patterns are of a step."""
        return np.asarray(self._steps == step)

    @cached_property
    def _steps(self) -> npt.NDArray[np.str_]:
        return np.array(self.step)

    def level(self, factor: str) -> Ints:
        """The level of a factor in each pattern."""
        unit, levels = FACTORS[factor]
        return self.cell // unit % levels


@dataclass(frozen=True)
class Times:
    """The pattern of every time at risk, one customer after the other. `starts`: where each customer's begin, and the
    end of all. The `n_discovery` customers who may propose come first, so that either part is a slice."""

    starts: Ints
    pattern: npt.NDArray[np.integer]
    n_discovery: int

    @property
    def parts(self) -> dict[str, range]:
        """The customers of each split that has a variance of its own."""
        n = len(self.starts) - 1
        return {"all": range(n), "discovery": range(self.n_discovery), "confirm": range(self.n_discovery, n)}

    def customers_by_step(self, patterns: Patterns) -> dict[str, int]:
        """Customers who were at each step."""
        steps, step = np.unique(np.array(patterns.step), return_inverse=True)
        n = np.zeros(len(steps), dtype=np.int64)
        for first in range(0, len(self.starts) - 1, _BLOCK):
            starts = self.starts[first : first + _BLOCK + 1]
            customer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            was_at = np.zeros((len(starts) - 1, len(steps)), dtype=bool)
            was_at[customer, step[self.pattern[starts[0] : starts[-1]]]] = True
            n += was_at.sum(axis=0)
        return dict(zip(steps.tolist(), n.tolist(), strict=True))


@dataclass(frozen=True)
class Design:
    """The columns of the model by name, one row per pattern, all 0 or 1, the intercept first; `of_step`: step -> its
    column; `reference`: stage -> main step; `factors`: what is accounted for besides stage and step."""

    matrix: sparse.csr_matrix
    names: tuple[str, ...]
    of_step: Mapping[str, int]
    reference: Mapping[str, str]
    factors: tuple[str, ...]

    @cached_property
    def pairs(self) -> sparse.csr_array:
        """(columns x columns) x patterns: the products of any two columns. Made once, it turns each round's X'WX into a
        product with the weights W."""
        x, n = self.matrix, len(self.names)
        length = np.repeat(np.diff(x.indptr), np.diff(x.indptr))
        row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
        one = np.repeat(np.arange(len(row)), length)
        other = np.arange(len(one)) - np.repeat(np.cumsum(length) - length, length) + x.indptr[row[one]]
        place = x.indices[one].astype(np.int64) * n + x.indices[other]
        return sparse.csr_array((x.data[one] * x.data[other], (place, row[one])), (n * n, x.shape[0]))


@dataclass(frozen=True)
class Fit:
    """Coefficients, the information matrix (with the ridge), and each pattern's log odds and probability."""

    beta: Floats
    information: Floats
    eta: Floats
    p: Floats

    @cached_property
    def covariance(self) -> Floats:
        """Of the coefficients, as if every row were a customer's only one."""
        return np.asarray(np.linalg.inv(self.information))

    def naive_error(self, column: int) -> float:
        """Standard error as if every row were a customer's only one."""
        return float(np.sqrt(self.covariance[column, column]))

    def risk(self, chosen: npt.NDArray[np.bool_], n: Ints, column: int, beta: float) -> float:
        """Mean probability over the chosen patterns if the coefficient of their step were `beta` (0: it is off)."""
        eta = self.eta[chosen] - self.beta[column] + beta
        weight = n[chosen]
        return float(weight @ _probability(eta)) / max(1, int(weight.sum()))


def design(patterns: Patterns, reactive: frozenset[str], rows_min: int, least: int, epv_min: float) -> Design:
    """The columns that the outcomes suffice for: `epv_min` outcomes each. Steps of fewer than `rows_min` rows are one;
    where outcomes are too few, first less is accounted for, then more of the rarest steps are one. `least`:
    outcomes that a main step should have."""
    rows, bad = patterns.by_step(patterns.n["all"]), patterns.by_step(patterns.y["all"])
    stages = dict(zip(patterns.step, patterns.stage, strict=True))
    reference = {
        stage: _main_step({step: rows[step] for step in rows if stages[step] == stage}, bad, reactive, least)
        for stage in sorted(set(patterns.stage))
    }
    n_bad = int(patterns.y["all"].sum())
    known = {name for name in FACTORS if len(set(patterns.level(name).tolist())) > 1}
    floors = [rows_min, *sorted({n for n in rows.values() if n >= rows_min})]
    given_up = [(rows_min, LEAST_NEEDED[:k]) for k in range(len(LEAST_NEEDED) + 1)]
    for least, without in [*given_up, *((floor + 1, LEAST_NEEDED) for floor in floors)]:
        named = [step if rows[step] >= least or step in reference.values() else OTHER for step in patterns.step]
        factors = tuple(name for name in FACTORS if name in known and name not in without)
        made = _columns(patterns, named, reference, factors)
        if n_bad >= epv_min * len(made.names):
            break
    return made


def _main_step(rows: Mapping[str, int], bad: Mapping[str, int], reactive: frozenset[str], least: int) -> str:
    """The most frequent step of a stage that answers no trouble. Where hardly any outcome follows it: the most frequent
    one with enough of them that fails no more than the stage as a whole, so that a step that fails is not the measure.
    """
    ordered = sorted(rows, key=lambda step: (step in reactive, -rows[step], step))
    share = sum(bad[step] for step in rows) / max(1, sum(rows.values()))
    able = [step for step in ordered if step not in reactive and bad[step] >= least]
    if ordered[0] in able:
        return ordered[0]
    return next((step for step in able if bad[step] <= share * rows[step]), ordered[0])


def _columns(
    patterns: Patterns, named: Sequence[str], reference: Mapping[str, str], factors: tuple[str, ...]
) -> Design:
    """Dummies of every level but the most frequent one (of a step: but its stage's main step)."""
    n = patterns.n["all"]
    bands = patterns.level("band") if "band" in factors else np.zeros(len(patterns), dtype=np.int64)
    levels: dict[str, Sequence[str]] = {
        "place": [f"{stage}/{band}" for stage, band in zip(patterns.stage, bands.tolist(), strict=True)],
        "step": named,
    }
    for factor in factors:
        if factor != "band":
            levels[factor] = [str(level) for level in patterns.level(factor).tolist()]
    names, columns, of_step = ["intercept"], [np.ones(len(patterns))], {}
    for factor, values in levels.items():
        array = np.array(values)
        found = sorted(set(values))
        base = set(reference.values())
        if factor != "step":
            base = {max(found, key=lambda value: (int(n[array == value].sum()), value))}
        for value in found:
            if value in base:
                continue
            if factor == "step":
                of_step[value] = len(names)
            names.append(f"{factor}={value}")
            columns.append((array == value).astype(np.float64))
    return Design(sparse.csr_matrix(np.column_stack(columns)), tuple(names), of_step, dict(reference), factors)


def without(patterns: Patterns, made: Design, left_out: Sequence[str]) -> Design:
    """The same model, in which some of `factors` are not accounted for."""
    kept = {*made.of_step, *made.reference.values()}
    named = [step if step in kept else OTHER for step in patterns.step]
    return _columns(patterns, named, made.reference, tuple(name for name in made.factors if name not in left_out))


def fit(made: Design, n: Ints, y: Ints) -> Fit:
    """Maximum likelihood with the ridge (not on the intercept)."""
    x, weight = made.matrix, n.astype(np.float64)
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 1e-9
    beta = np.zeros(x.shape[1])
    share = (y.sum() + 0.5) / (weight.sum() + 1)
    beta[0] = np.log(share / (1 - share))
    eta = x @ beta
    best = _likelihood(eta, weight, y, beta, ridge)
    for _ in range(_ROUNDS):
        p = _probability(eta)
        score = x.T @ (y - weight * p) - ridge * beta
        step = np.linalg.solve(_information(made, weight, p, ridge), score)
        taken = beta + step
        eta = x @ taken
        now = _likelihood(eta, weight, y, taken, ridge)
        while now < best - 1e-9 * abs(best) and np.abs(step).max() > _CLOSE:
            step, taken = step / 2, beta + step / 2
            eta = x @ taken
            now = _likelihood(eta, weight, y, taken, ridge)
        beta, best = taken, now
        if np.abs(step).max() < _CLOSE:
            break
    p = _probability(eta)
    return Fit(beta, _information(made, weight, p, ridge), eta, p)


def _probability(eta: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(eta, -_STEEPEST, _STEEPEST))))


def _information(made: Design, weight: Floats, p: Floats, ridge: Floats) -> Floats:
    return np.asarray((made.pairs @ (weight * p * (1 - p))).reshape(len(ridge), -1)) + np.diag(ridge)


def _likelihood(eta: Floats, weight: Floats, y: Ints, beta: Floats, ridge: Floats) -> float:
    eta = np.clip(eta, -_STEEPEST, _STEEPEST)
    return float((y * eta).sum() - (weight * np.logaddexp(0, eta)).sum() - 0.5 * (ridge * beta**2).sum())


def sandwich(
    made: Design,
    fitted: Fit,
    times: Times,
    seen: npt.NDArray[np.bool_],
    customers: range,
    columns: Sequence[int] | None = None,
) -> Floats:
    """Standard error of each coefficient, customers as clusters; infinite for fewer than two customers. `seen`: which
    times had the outcome; `customers`: which of them count, one after the other; `columns`: the coefficients that are
    wanted, None = all, infinite for the others.

    The diagonal of H^-1 M H^-1 is the sum over customers of the squares of what they move each coefficient, which is
    the sum over their times of (y - p) x' H^-1: M itself is never needed.
    """
    n = len(customers)
    errors = np.full(len(fitted.beta), np.inf)
    wanted = np.arange(len(errors)) if columns is None else np.array(columns, dtype=np.int64)
    if n < 2 or not len(wanted):
        return errors
    moves = made.matrix @ fitted.covariance[:, wanted]
    variance = np.zeros(len(wanted))
    for first in customers[::_BLOCK]:
        starts = times.starts[first : min(first + _BLOCK, customers.stop) + 1]
        own = slice(starts[0], starts[-1])
        pattern = times.pattern[own]
        rest = seen[own] - fitted.p[pattern]
        moved = sparse.csr_array((rest, pattern, starts - starts[0]), (len(starts) - 1, len(fitted.p))) @ moves
        variance += np.einsum("ij,ij->j", moved, moved)
    errors[wanted] = np.sqrt(variance * n / (n - 1))
    return errors
