"""What a change did to a weekly figure: differences of weekly log ratios, and what guards them (method note 8.2).

A figure of a week is a share or a mean, taken to its logit or logarithm with half a unit added, so that a week without
a hit has a number. z = treated minus control. Weeks, not calls, are the units: within a week calls share their weather.
Sources: Bertrand, Duflo and Mullainathan 2004 (collapse by time), Welch 1947, Prais and Winsten (GLSAR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from scipy import special, stats

Numbers = npt.NDArray[np.float64]
POWER_TIMES = 2.8
"""Standard errors that a change must have to be found with 80 % probability at 5 %: 1.96 + 0.84."""


@dataclass(frozen=True)
class Estimate:
    """A change on the log (or logit) scale with its interval; `mde` = the smallest found with 80 % probability."""

    effect: float
    low: float
    high: float
    p: float
    n_pre: int
    n_post: int
    sd_week: float
    mde: float

    def excludes_none(self) -> bool:
        """Whether the interval leaves out "no change"."""
        return self.low > 0 or self.high < 0


def logs(hits: Numbers, n: Numbers, is_share: bool) -> Numbers:
    """ln of hits / n, or of the odds of a share, half a unit added; NaN where n is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.maximum(n - hits, 0) + 0.5 if is_share else n
        return np.where(n > 0, np.log((hits + 0.5) / rest), np.nan)


def step_of_means(before: Numbers, after: Numbers, confidence: float) -> Estimate:
    """Mean after minus mean before, Welch's t; one element a week."""
    parts = [float(part.var(ddof=1)) / len(part) for part in (before, after)]  # scipy warns where a part has no spread
    error, effect = math.sqrt(sum(parts)), float(after.mean() - before.mean())
    n_pre, n_post = len(before), len(after)
    if error <= 1e-12:  # weeks without any spread
        return Estimate(effect, effect, effect, 1.0 if effect == 0 else 0.0, n_pre, n_post, 0.0, 0.0)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n_pre - 1) + parts[1] ** 2 / (n_post - 1))
    half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(effect) / error, freedom))
    sd = math.sqrt((before.var(ddof=1) * (n_pre - 1) + after.var(ddof=1) * (n_post - 1)) / (n_pre + n_post - 2))
    mde = POWER_TIMES * sd * math.sqrt(1 / n_pre + 1 / n_post)
    return Estimate(effect, effect - half, effect + half, p, n_pre, n_post, sd, mde)


def step_with_slope(
    week: npt.NDArray[np.int64], values: Numbers, is_after: npt.NDArray[np.bool_], confidence: float
) -> Estimate:
    """Without a control: the level after a change, over a slope of all weeks (interrupted series, OLS)."""
    design = np.column_stack([np.ones(len(week)), week - week.mean(), is_after.astype(float)])
    fit = sm.OLS(values, design).fit()
    low, high = fit.conf_int(1 - confidence)[2]
    n_pre, n_post = int((~is_after).sum()), int(is_after.sum())
    sd = math.sqrt(max(float(fit.mse_resid), 0.0))
    return Estimate(
        float(fit.params[2]), float(low), float(high), float(fit.pvalues[2]), n_pre, n_post, sd,
        POWER_TIMES * float(fit.bse[2]),
    )  # fmt: skip


def daily_opinion(
    values: Numbers,
    weekday: npt.NDArray[np.int64],
    is_after: npt.NDArray[np.bool_],
    confidence: float,
    day: npt.NDArray[np.int64] | None = None,
) -> tuple[float, float, float] | None:
    """A second opinion: GLSAR with AR(1) on days, weekdays told apart: (effect, low, high). `day` adds a slope.

    None where days are too few for it.
    """
    known = np.isfinite(values)
    values, weekday, is_after = values[known], weekday[known], is_after[known]
    names = sorted(set(weekday.tolist()))
    if len(values) < 28 or is_after.sum() < 7 or (~is_after).sum() < 7:
        return None
    columns = [(weekday == name).astype(float) for name in names] + [is_after.astype(float)]
    if day is not None:
        columns.append((day[known] - day[known].mean()).astype(float))
    fit = sm.GLSAR(values, np.column_stack(columns), rho=1).iterative_fit(maxiter=10)
    low, high = fit.conf_int(1 - confidence)[len(names)]
    effect = float(fit.params[len(names)])
    return (effect, float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None


def disagree(one: Estimate, other: tuple[float, float, float]) -> bool:
    """Whether two opinions contradict each other: opposite signs of which one is sure, or one wholly off the other.

    Two estimates around none have opposite signs half of the time, and say the same.
    """
    effect, low, high = other
    sure = one.excludes_none() or low > 0 or high < 0
    return sure and (one.effect * effect < 0 or low > one.high or high < one.low)


def placebos(before: Numbers, n_post: int, least_before: int, with_slope: bool) -> Numbers:
    """Effects of made-up dates, a week apart, inside the weeks before the change, each with as many weeks after it."""
    found = []
    for at in range(least_before, len(before) - n_post + 1):
        part = before[: at + n_post]
        if with_slope:
            week = np.arange(len(part))
            design = np.column_stack([np.ones(len(part)), week - week.mean(), (week >= at).astype(float)])
            found.append(float(np.linalg.lstsq(design, part, rcond=None)[0][2]))
        else:
            found.append(float(part[at:].mean() - part[:at].mean()))
    return np.array(found)


def placebo_interval(effect: float, found: Numbers, confidence: float) -> tuple[float, float]:
    """The effect with the interval that made-up dates give it."""
    half = float(stats.t.ppf(0.5 + confidence / 2, len(found))) * math.sqrt(float((found**2).mean()))
    return effect - half, effect + half


def slope_before(before: Numbers, weeks: int = 8) -> tuple[float, float]:
    """(change of z per week over the last weeks before the change, its standard error)."""
    last = before[-weeks:]
    if len(last) < 3:
        return 0.0, math.inf
    fit = stats.linregress(np.arange(len(last)), last)
    return float(fit.slope), float(fit.stderr)


def ran_apart(slope: float, error: float, n_weeks: int, effect: float) -> bool:
    """Whether the drift before the change could explain it: from the middle of the weeks before to the middle of those
    after, which lie n_weeks / 2 apart, it comes to more than half of the effect. A slope within its own error (90 %) is
    no drift, else every long series had one."""
    return bool(abs(slope) * n_weeks > abs(effect) and abs(slope) > stats.norm.ppf(0.95) * error)


def as_change(effect: float, before: float, is_share: bool) -> float:
    """A step on the log or logit scale as a part of the level before: -0.1 = a tenth less. `before` = that level."""
    if not is_share:
        return math.expm1(effect)
    level = min(max(before, 1e-9), 1 - 1e-9)
    return float(special.expit(special.logit(level) + effect)) / level - 1


@dataclass(frozen=True)
class Arm:
    """Sums over the customers of one arm of a roll-out by lot: hits, n, and their products; customers are clusters."""

    customers: int
    hits: float
    n: float
    hits_hits: float
    hits_n: float
    n_n: float

    def log(self, is_share: bool) -> tuple[float, float]:
        """(ln of the rate, or its logit; its variance), by linearisation."""
        rate = (self.hits + 0.5) / (self.n + 1)
        scale = rate * (1 - rate) if is_share else rate
        return (float(special.logit(rate)) if is_share else math.log(rate)), self.variance(is_share) / scale**2

    def variance(self, is_share: bool) -> float:
        """Of the rate. At least that of as many draws: an arm without a hit has no spread, and is not sure of it."""
        rate = (self.hits + 0.5) / (self.n + 1)
        spread = self.hits_hits - 2 * rate * self.hits_n + rate * rate * self.n_n
        spread *= self.customers / max(self.customers - 1, 1)
        return max(spread, self.n * rate * ((1 - rate) if is_share else 1.0)) / self.n**2


def by_customer(treated: Arm, control: Arm, is_share: bool, confidence: float) -> Estimate:
    """A roll-out by lot: the log ratio (or log odds ratio) of two arms. n_pre and n_post = customers of the control
    and of the treated arm."""
    (one, one_error), (other, other_error) = treated.log(is_share), control.log(is_share)
    return _normal(one - other, math.sqrt(one_error + other_error), control.customers, treated.customers, confidence)


def _normal(effect: float, error: float, n_pre: int, n_post: int, confidence: float) -> Estimate:
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * error
    p = float(2 * stats.norm.sf(abs(effect) / error)) if error > 0 else 1.0
    return Estimate(effect, effect - half, effect + half, p, n_pre, n_post, error, POWER_TIMES * error)


def mean_of(estimates: list[Estimate], confidence: float) -> Estimate:
    """The mean over the waves of a staggered roll-out. Waves share the weeks of those who wait, so their errors are
    added up as if they moved together, which is the most they can."""
    z = [(one.high - one.low) / 2 for one in estimates]
    effect, half = float(np.mean([one.effect for one in estimates])), float(np.mean(z))
    error = half / float(stats.norm.ppf(0.5 + confidence / 2))
    p = float(2 * stats.norm.sf(abs(effect) / error)) if error > 0 else 1.0
    return Estimate(
        effect, effect - half, effect + half, p, min(one.n_pre for one in estimates),
        sum(one.n_post for one in estimates), float(np.mean([one.sd_week for one in estimates])),
        float(np.mean([one.mde for one in estimates])),
    )  # fmt: skip
