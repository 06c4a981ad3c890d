"""How often journeys that end badly went a path, against journeys that stood at the same point and did not end so.

A path is a short sequence of steps; a journey has gone it once these steps came in this order, whatever lay between.
Each journey is credited to the first of the paths that it has gone, so that shares add up to one with the rest.

Immortal time (method note 6.1): a journey that lives longer meets more steps, so whole journeys are never compared. A
bad one is held against the moments at which others, still at risk, stood at the same point: at the same step, and about
as far into the journey (the position bands of method 6.2):

    difference = sum over points of b / N * (x - g / G)

b of the N bad journeys ended at a point, x of them (as a share) had gone the path; of the G moments of others at this
point, g had. Who stands at the same point in a structured process has often come the same way, so that what is left is
how they came there. Bad journeys at points where too few others stand are not compared. Errors by linearisation with
customers as clusters: all journeys of a customer, bad or not, and all their moments go together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.routes import T_MAX, Bools, Codes, Ints, Routes
from mining.statistics import normal_above, normal_quantile

FAR = T_MAX + 1
"""The t at which a path is complete that is never."""
BANDS = (1, 5, 10, 16, 25)
"""First t of each position band. Narrower ones would make a path be compared with itself: who takes a step more stands
a step further at every later point. Wider ones would let long journeys look like paths."""
_BAND = np.searchsorted(np.array(BANDS), np.arange(T_MAX + 1), side="right").astype(np.int64)
_N_BANDS = len(BANDS) + 1
_CHUNK = 4096
"""Ways that are looked at together, so that memory stays bounded."""
Path = tuple[int, ...]
"""Codes of steps, in order."""
Floats = npt.NDArray[np.float64]


def completed(codes: Codes, paths: Sequence[Path]) -> Ints:
    """ways x paths: the t at which each way has gone each path first, FAR where it never does.

    The earliest step that fits is always taken, which completes a subsequence as early as any choice does.
    """
    steps = sorted({code for path in paths for code in path})
    longest = max((len(path) for path in paths), default=0)
    column = np.full((len(paths), longest), len(steps), dtype=np.int32)  # past its end a path stays where it is
    for row, path in enumerate(paths):
        column[row, : len(path)] = [steps.index(code) for code in path]
    out = np.empty((len(codes), len(paths)), dtype=np.int64)
    for start in range(0, len(codes), _CHUNK):
        following = _following(codes[start : start + _CHUNK], steps)
        n, _, width = following.shape
        row_at = np.arange(n, dtype=np.int32)[:, None] * ((FAR + 1) * width)
        at = np.zeros((n, len(paths)), dtype=np.int32)
        for place in range(longest):
            at = following.ravel().take(row_at + at * width + column[:, place]).astype(np.int32)
        out[start : start + _CHUNK] = at
    return out


def _following(codes: Codes, steps: Sequence[int]) -> npt.NDArray[np.uint8]:
    """ways x (FAR + 1) x (steps + 1): the first t after t with this step, else FAR; the last column is t itself."""
    out = np.full((len(codes), FAR + 1, len(steps) + 1), FAR, dtype=np.uint8)
    for t in range(T_MAX - 1, -1, -1):
        out[:, t, :-1] = np.where(codes[:, t, None] == np.array(steps, dtype=np.uint8), t + 1, out[:, t + 1, :-1])
    out[:, :, -1] = np.arange(FAR + 1, dtype=np.uint8)
    return out


@dataclass(frozen=True)
class Moments:
    """Where fates stand. By bad fate: `point` = where it ended (0 = nowhere comparable), `at` = its t. By moment of
    other fates at risk: `fate`, `t`, `where` = the point. `enough`: points with enough others in both parts."""

    at: Ints
    point: Ints
    fate: Ints
    t: Ints
    where: Ints
    enough: Bools


def moments(routes: Routes, at_risk_min: int) -> Moments:
    """All moments at risk, and the points at which bad journeys are compared."""
    others = np.flatnonzero(~routes.is_bad & (routes.high >= routes.low))
    length = routes.high[others] - routes.low[others] + 1
    fate = np.repeat(others, length)
    first = np.repeat(np.cumsum(length) - length, length)
    t = routes.low[fate] + np.arange(len(fate)) - first
    where = _points(routes, fate, t)
    point = np.where(routes.is_bad & (routes.high > 0), _points(routes, np.arange(len(routes.way)), routes.high), 0)
    enough = np.ones(_n_points(), dtype=bool)
    for split in ("discovery", "confirm"):
        enough &= np.bincount(where, routes.n[split][fate], _n_points()) >= at_risk_min
    enough[0] = False
    return Moments(routes.high, point, fate, t, where, enough)


def _n_points() -> int:
    return 1 + 256 * _N_BANDS


def _points(routes: Routes, fate: Ints, t: Ints) -> Ints:
    """The point of a fate after its t-th step: the step and the band; never 0."""
    step = routes.codes[routes.way[fate], np.maximum(t, 1) - 1].astype(np.int64)
    out: Ints = 1 + step * _N_BANDS + _BAND[t]
    return out


@dataclass(frozen=True)
class Exposure:
    """The comparison in one split: compared bad journeys (by fate, and how many), and by point the moments of others
    and the weight b / (N G) of each."""

    n_bad: int
    is_compared: Bools
    others: Floats
    weight: Floats


def exposure(routes: Routes, seen: Moments, split: str) -> Exposure:
    """Who is compared in a split, and with which weights."""
    n = routes.n[split]
    others = np.bincount(seen.where, n[seen.fate], _n_points()).astype(np.float64)
    usable = seen.enough & (others > 0)
    is_compared = routes.is_bad & usable[seen.point]
    ended = np.bincount(seen.point[is_compared], n[is_compared], _n_points())
    n_bad = int(ended.sum())
    weight = np.divide(ended, max(n_bad, 1) * others, out=np.zeros(_n_points()), where=usable)
    return Exposure(n_bad, is_compared, others, weight)


def gone(seen: Moments, compared: Exposure, complete: Ints, taken: Ints) -> tuple[Bools, Bools]:
    """(by fate: bad ones that are credited to a path; by moment of others: whether it is credited to it).

    `complete`, `taken`: by fate, the t at which it has gone the path, and at which an earlier path takes it.
    """
    is_hit = compared.is_compared & (complete <= seen.at) & (taken > seen.at)
    return is_hit, (complete[seen.fate] <= seen.t) & (taken[seen.fate] > seen.t)


@dataclass(frozen=True)
class Share:
    """A path in one split. hits of n bad journeys went it; `others`: share of those at the same points; error: of the
    difference; share_error: of hits / n. n_went: other journeys that went it at any time at risk."""

    hits: int
    n: int
    others: float
    error: float
    share_error: float
    n_went: int

    @property
    def share(self) -> float:
        """Of the bad journeys, those credited to the path."""
        return self.hits / self.n if self.n else 0.0

    @property
    def difference(self) -> float:
        """Share among the bad ones above that of the others."""
        return self.share - self.others

    def interval(self, confidence: float) -> tuple[float, float]:
        """Normal interval of the difference."""
        half = normal_quantile(0.5 + confidence / 2) * self.error
        return max(-1.0, self.difference - half), min(1.0, self.difference + half)

    def share_interval(self, confidence: float) -> tuple[float, float]:
        """Normal interval of the share, kept within 0 and 1."""
        half = normal_quantile(0.5 + confidence / 2) * self.share_error
        return max(0.0, self.share - half), min(1.0, self.share + half)

    @property
    def p_value(self) -> float:
        """One-sided p of "bad journeys do not go it more often"."""
        return normal_above(self.difference / self.error) if 0 < self.error < math.inf else 1.0


def shares(routes: Routes, seen: Moments, complete: Ints, split: str) -> list[Share]:
    """Each path's share in a split, in order, and last that of the journeys that went none of them. `complete`: fates x
    paths, as `completed` tells of their ways."""
    compared = exposure(routes, seen, split)
    taken = np.full(len(routes.way), FAR)
    out = []
    for number in range(complete.shape[1]):
        out.append(_share(routes, seen, compared, split, *gone(seen, compared, complete[:, number], taken)))
        taken = np.minimum(taken, complete[:, number])
    out.append(_share(routes, seen, compared, split, *gone(seen, compared, np.zeros_like(taken), taken)))
    return out


def _share(routes: Routes, seen: Moments, compared: Exposure, split: str, is_hit: Bools, is_on: Bools) -> Share:
    n = routes.n[split]
    on = np.bincount(seen.where[is_on], n[seen.fate[is_on]], _n_points())
    usual = np.divide(on, compared.others, out=np.zeros(_n_points()), where=compared.others > 0)
    hits, size = int(n[is_hit].sum()), max(compared.n_bad, 1)
    expected = float(compared.weight @ on)
    share = hits / size
    own = np.where(compared.is_compared, (is_hit - share) / size, 0.0)
    pull = np.where(compared.is_compared, (is_hit - usual[seen.point] - (share - expected)) / size, 0.0)
    pull -= np.bincount(seen.fate, compared.weight[seen.where] * (is_on - usual[seen.where]), len(pull))
    went = np.zeros(len(n), dtype=bool)
    went[seen.fate[is_on]] = True
    return Share(
        hits, compared.n_bad, expected, _error(routes, split, pull), _error(routes, split, own), int(n[went].sum())
    )


def _error(routes: Routes, split: str, pull: Floats) -> float:
    """Standard error of a sum of pulls by fate, customers as clusters; infinite for fewer than two."""
    chosen = routes.in_split[split]
    customer = routes.customer[chosen]
    n_clusters = int(np.count_nonzero(np.bincount(customer)))
    if n_clusters < 2:
        return math.inf
    sums = np.bincount(customer, pull[routes.fate[chosen]])
    return float(math.sqrt((sums**2).sum() * n_clusters / (n_clusters - 1)))
