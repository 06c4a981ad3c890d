"""How many times as many calls follow a page as its peers: rates shrunk towards 1 (method note 7.2).

Peers are the pages of the same category without the page itself and without pages that stand out. With y calls where E
were expected, y ~ Poisson(E theta) and theta ~ Gamma(a, b); a and b maximise the negative-binomial likelihood of all
pages. That is the gamma-Poisson shrinker of drug-safety screening (DuMouchel 1999, "Bayesian data mining in large
frequency tables"); tau, by which peers differ among themselves, is added to the error of each page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PEERS_MIN = 8
PRIOR_MIN = 30
"""Of fewer pages no prior can be fitted: the one among them that differs would be drawn to the others."""
WEIGHT_MAX = 2000.0
"""No page weighs more than this many views in the mean of its peers, so that one giant can't define a category."""
TAU_UNKNOWN = 0.3
"""Spread of what differs in more than the thing at hand: taken where there are too few peers to measure it, and where
one group of visits is held against another.
"""
_LOG_CAP = float(np.log(1e4))
"""Without over-dispersion the likelihood grows without end in a and b."""
_ROUNDS = 2


@dataclass(frozen=True)
class Counts:
    """One number per page: calls `y`, views `v`, views weighted by how often views of their kind are followed by a call
    `w`, and the category's number.
    """

    y: Floats
    v: Floats
    w: Floats
    category: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shrunk:
    """One number per page: calls expected after its peers, theta, the standard error of log theta, tau, and what of the
    error is the chance in the calls of what it is held against.
    """

    expected: Floats
    theta: Floats
    error: Floats
    tau: Floats
    noise: Floats

    def above(self, times: float) -> Floats:
        """Probability that the page is followed by more than `times` as many calls as its peers."""
        return np.asarray(stats.norm.sf((np.log(times) - np.log(self.theta)) / self.error))

    def page_above(self, page: int, times: float) -> float:
        """The same of one page."""
        return float(stats.norm.sf((np.log(times) - np.log(self.theta[page])) / self.error[page]))

    def interval(self, page: int, confidence: float) -> tuple[float, float]:
        """Of one page's theta."""
        half = float(stats.norm.ppf(0.5 + confidence / 2)) * float(self.error[page])
        return float(self.theta[page] * np.exp(-half)), float(self.theta[page] * np.exp(half))


def peers(counts: Counts, flagged: Flags) -> tuple[Floats, Floats, Floats]:
    """(rate, tau, noise) of each page's peers: noise = the relative standard error of the rate. Fewer than 8 of them:
    the rate of all other pages, and tau = 0.3.
    """
    overall = max(float(counts.y.sum()), 0.5) / max(float(counts.w.sum()), 1.0)
    own_rate = (counts.y + 0.5) / (counts.w + 0.5 / overall)
    weight = np.where(flagged, 0.0, np.minimum(counts.v, WEIGHT_MAX))
    is_peer = (weight > 0).astype(float)
    chance = 1 / (counts.w + 0.5 / overall)
    columns = (
        is_peer,
        weight,
        weight * own_rate,
        weight * own_rate**2,
        weight * chance,
        weight**2,
        weight**2 * chance,
    )
    n, total, first, second, spread, squares, square_spread = (
        np.bincount(counts.category, column)[counts.category] - column for column in columns
    )
    known = n >= PEERS_MIN
    total = np.where(known, total, 1.0)
    rate = first / total
    between = np.maximum(0.0, second / total - rate**2 - rate * spread / total)
    rest = np.where(flagged, 0.0, counts.w)
    other_calls = np.where(flagged, 0.0, counts.y).sum() - counts.y * ~flagged + 0.5
    others = other_calls / (rest.sum() - rest + 0.5 / overall)
    rate = np.where(known, rate, others)
    tau = np.where(known, np.sqrt(between) / rate, TAU_UNKNOWN)
    noise = np.where(known, np.sqrt(square_spread / rate + tau**2 * squares) / total, 1 / np.sqrt(other_calls))
    return rate, tau, noise


def fit_prior(y: Floats, expected: Floats) -> tuple[float, float]:
    """(a, b) of theta ~ Gamma(a, rate b). Of too few pages none can be fitted: then one that is worth half a call."""
    if len(y) < PRIOR_MIN:
        return 0.5, 0.5

    def cost(log_ab: Floats) -> float:
        a, b = np.exp(log_ab)
        told = special.gammaln(a + y) - special.gammaln(a) + a * np.log(b / (b + expected))
        return -float((told + y * np.log(expected / (b + expected))).sum())

    bounds = [(-_LOG_CAP, _LOG_CAP)] * 2
    found = optimize.minimize(cost, np.array([1.0, 1.0]), method="L-BFGS-B", bounds=bounds)
    a, b = np.exp(found.x)
    return float(a), float(b)


def shrink(counts: Counts, flagged: Flags) -> Shrunk:
    """Each page against its peers, where the flagged pages are nobody's peer."""
    rate, tau, noise = peers(counts, flagged)
    expected = np.maximum(rate * counts.w, 1e-9)
    seen = counts.w > 0
    a, b = fit_prior(counts.y[seen], expected[seen])
    theta = (a + counts.y) / (b + expected)
    return Shrunk(expected, theta, np.sqrt(1 / (a + counts.y) + tau**2 + noise**2), tau, noise)


def hold_against(counts: Counts, against: npt.NDArray[np.int64]) -> Shrunk:
    """Each group of visits against the one that `against` numbers, by a prior that is worth half a call.

    Two groups differ in more than what tells them apart, and no peers say by how much: tau = 0.3.
    """
    other_calls = counts.y[against] + 0.5
    overall = max(float(counts.y.sum()), 0.5) / max(float(counts.w.sum()), 1.0)
    expected = np.maximum(other_calls / (counts.w[against] + 0.5 / overall) * counts.w, 1e-9)
    a, b = fit_prior(counts.y[:0], expected[:0])
    theta, tau, noise = (a + counts.y) / (b + expected), np.full(len(expected), TAU_UNKNOWN), 1 / np.sqrt(other_calls)
    return Shrunk(expected, theta, np.sqrt(1 / (a + counts.y) + tau**2 + noise**2), tau, noise)


def standing_out(counts: Counts, times: float, sure: float) -> Flags:
    """Pages surely followed by more than `times` as many calls as their peers; they are nobody's peer.

    Several such pages of one category would hide each other in its mean and spread. So the first guess leaves the
    spread out, and takes from the peers whatever stands out by chance alone; two rounds with the spread of the rest
    follow.
    """
    nobody = np.zeros(len(counts.y), dtype=bool)
    first = shrink(counts, nobody)
    flagged = np.asarray(replace(first, error=np.sqrt(first.error**2 - first.tau**2)).above(times) >= sure)
    for _ in range(_ROUNDS):
        flagged = np.asarray(shrink(counts, flagged).above(times) >= sure)
    return flagged


def smallest_found(expected: float, tau: float, calls_min: int, times: float, sure: float, power: float) -> float:
    """The theta that stands out with this power where so many calls are expected; the prior is left out of it."""
    z = float(stats.norm.ppf(sure) + stats.norm.ppf(power))
    least = calls_min / expected

    def short(log_theta: float) -> float:
        return log_theta - float(np.log(times)) - z * float(np.sqrt(np.exp(-log_theta) / expected + tau**2))

    return max(least, float(np.exp(optimize.brentq(short, -20.0, 40.0))))
