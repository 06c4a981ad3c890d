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
from scipy import sparse

from mining.route_ways import T_MAX, Bools, Ints
from mining.routes import Codes, Routes
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
Places = npt.NDArray[np.int32]


class Following:
    """Of some ways, where each step comes next; a step's table is made once, when a path first asks for it."""

    def __init__(self, codes: Codes) -> None:
        self._steps = np.ascontiguousarray(codes.T)
        self._n = len(codes)
        self._place = np.arange((FAR + 1) * self._n, dtype=np.int32).reshape(FAR + 1, self._n)
        self._tables: dict[int, Places] = {}

    def completed(self, paths: Sequence[Path]) -> Ints:
        """paths x ways: the t at which each way has gone each path first, FAR where it never does.

        The earliest step that fits is always taken, which completes a subsequence as early as any choice does; so paths
        that begin alike share what they begin with.
        """
        at: dict[Path, Places] = {(): self._place[0]}
        for path in sorted({one[:end] for one in paths for end in range(1, len(one) + 1)}, key=len):
            at[path] = self._table(path[-1]).take(at[path[:-1]])
        return (np.stack([at[path] for path in paths]) // max(1, self._n)).astype(np.int64)

    def _table(self, code: int) -> Places:
        """By t and way: where the first t after t with this step stands in it (t * ways + way), else FAR's place."""
        if code not in self._tables:
            out = np.empty_like(self._place)
            out[T_MAX:] = self._place[FAR]
            is_step = self._steps == code
            for t in range(T_MAX - 1, -1, -1):
                out[t] = out[t + 1]
                np.copyto(out[t], self._place[t + 1], where=is_step[t])
            self._tables[code] = out.ravel()
        return self._tables[code]


def completed(codes: Codes, paths: Sequence[Path]) -> Ints:
    """ways x paths: the t at which each way has gone each path first, FAR where it never does."""
    out = np.empty((len(paths), len(codes)), dtype=np.int64)
    for start in range(0, len(codes) if len(paths) else 0, _CHUNK):
        out[:, start : start + _CHUNK] = Following(codes[start : start + _CHUNK]).completed(paths)
    return out.T


@dataclass(frozen=True)
class Moments:
    """Where fates stand. By bad fate: `point` = where it ended (0 = nowhere comparable), `at` = its t. By moment of
    other fates at risk at such points: `fate`, `t`, `where` = the point. `enough`: points with enough others in both
    parts."""

    at: Ints
    point: Ints
    fate: Ints
    t: Ints
    where: Ints
    enough: Bools


def moments(routes: Routes, at_risk_min: int) -> Moments:
    """The moments at risk at the points at which bad journeys are compared."""
    others = np.flatnonzero(~routes.is_bad & (routes.high >= routes.low))
    length = routes.high[others] - routes.low[others] + 1
    fate = np.repeat(others, length)
    first = np.repeat(np.cumsum(length) - length, length)
    t = routes.low[fate] + np.arange(len(fate)) - first
    where = _points(routes, fate, t)
    point = np.where(routes.is_bad & (routes.high > 0), _points(routes, np.arange(len(routes.way)), routes.high), 0)
    enough = np.bincount(point, minlength=_n_points()) > 0
    for split in ("discovery", "confirm"):
        enough &= np.bincount(where, routes.n[split][fate], _n_points()) >= at_risk_min
    enough[0] = False
    is_used = enough[where]
    return Moments(routes.high, point, fate[is_used], t[is_used], where[is_used], enough)


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


def went(routes: Routes, complete: Ints) -> Bools:
    """fates x (paths + 1): whether a fate was credited to the path at some time at risk (a bad one: when it ended), and
    last to none of them. `complete`: fates x paths, the t at which it has gone each.
    """
    n = len(routes.way)
    from_t = np.column_stack([complete, np.zeros(n, dtype=np.int64)])
    taken = np.minimum.accumulate(np.column_stack([np.full(n, FAR), complete]), axis=1)
    out: Bools = np.maximum(from_t, routes.low[:, None]) < np.minimum(taken, routes.high[:, None] + 1)
    return out


@dataclass(frozen=True)
class Share:
    """A path in one split. hits of n bad journeys went it; `others`: share of those at the same points; error: of the
    difference; share_error: of hits / n. null_error: of the difference, if bad journeys went it just as others do.
    n_went: other journeys that went it at any time at risk."""

    hits: int
    n: int
    others: float
    error: float
    share_error: float
    n_went: int
    null_error: float = 0.0

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
        """One-sided p of "bad journeys do not go it more often". Where all of a few went it they seem to differ in
        nothing: what chance alone would do to as many of the others counts then."""
        error = max(self.error, self.null_error)
        return normal_above(self.difference / error) if 0 < error < math.inf else 1.0


def shares(routes: Routes, seen: Moments, complete: Ints, split: str) -> list[Share]:
    """Each path's share in a split, in order, and last that of the journeys that went none of them. `complete`: fates x
    paths, as `completed` tells of their ways."""
    compared, n = exposure(routes, seen, split), routes.n[split]
    n_bad, n_told = max(compared.n_bad, 1), complete.shape[1] + 1
    is_credited = went(routes, complete)
    is_hit = is_credited & compared.is_compared[:, None]
    hits = n @ is_hit
    share = hits / n_bad
    number = _credited(complete, seen)
    on = np.bincount(number * _n_points() + seen.where, n[seen.fate], n_told * _n_points()).reshape(n_told, -1)
    usual = np.divide(on, compared.others, out=np.zeros(on.shape), where=compared.others > 0)
    expected = on @ compared.weight
    # what each fate pulls at the share, and at the difference
    own = np.where(compared.is_compared[:, None], (is_hit - share) / n_bad, 0.0)
    pull = np.where(
        compared.is_compared[:, None], (is_hit - usual.T[seen.point] - (share - expected)) / n_bad, 0.0
    ) - _beside(seen, compared, number, usual)
    ended = np.where(compared.is_compared, n, 0)
    null_errors = np.sqrt(ended @ (usual * (1 - usual)).T[seen.point]) / n_bad
    few = np.where(null_errors > 0, _few(hits, compared.n_bad), 0.0)  # what all others went, nobody could miss
    errors = np.hypot(_errors(routes, split, np.column_stack([pull, own])), np.tile(few, 2))
    n_went = n @ (is_credited & ~routes.is_bad[:, None])
    return [
        Share(
            int(hits[path]),
            compared.n_bad,
            float(expected[path]),
            float(errors[path]),
            float(errors[n_told + path]),
            int(n_went[path]),
            float(null_errors[path]),
        )
        for path in range(n_told)
    ]


def _few(hits: Ints, n: int) -> Floats:
    """What the error of hits / n lacks where n is small and nearly all or none went it: with two more of each (Agresti
    and Coull 1998) it would be so much larger, as a part of the whole error's square."""
    share, wider = hits / max(n, 1), (hits + 2) / (n + 4)
    more = wider * (1 - wider) / (n + 4) - share * (1 - share) / max(n, 1)
    return np.sqrt(np.maximum(more, 0.0)) if n else np.zeros(len(hits))


def _credited(complete: Ints, seen: Moments) -> Ints:
    """By moment of others: the first of the paths that they have gone by then; their number where none."""
    out = np.full(len(seen.t), complete.shape[1])
    for path in reversed(range(complete.shape[1])):
        out[complete[:, path][seen.fate] <= seen.t] = path
    return out


def _beside(seen: Moments, compared: Exposure, number: Ints, usual: Floats) -> Floats:
    """fates x (paths + 1): weights of a fate's moments credited to the path, above what others there make of them."""
    n, n_told = len(seen.point), len(usual)
    weight = compared.weight[seen.where]
    on = np.bincount(seen.fate * n_told + number, weight, n * n_told).reshape(n, n_told)
    starts = np.searchsorted(seen.fate, np.arange(n + 1))
    at = sparse.csr_array((weight, seen.where, starts), (n, usual.shape[1]))
    out: Floats = on - at @ usual.T
    return out


def _errors(routes: Routes, split: str, pulls: Floats) -> Floats:
    """Standard error of each column's sum of pulls by fate, customers as clusters; infinite for fewer than two."""
    chosen = routes.in_split[split]
    customer, fate = routes.customer[chosen], routes.fate[chosen]
    n_clusters = int(np.count_nonzero(np.bincount(customer)))
    if n_clusters < 2:
        return np.full(pulls.shape[1], math.inf)
    of_customer = sparse.csr_array((np.ones(len(fate)), (customer, fate)), (int(customer.max()) + 1, len(pulls)))
    sums = np.asarray(of_customer @ pulls)
    return np.asarray(np.sqrt((sums**2).sum(axis=0) * n_clusters / (n_clusters - 1)))
