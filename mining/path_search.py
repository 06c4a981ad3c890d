"""Looks for the few typical paths to a bad outcome, among the customers who may propose.

Sequential patterns level by level (as GSP does; Srikant and Agrawal 1996), with a beam: a path of k steps is made
longer by any step while enough bad journeys go it, and the paths with the largest difference are made longer first.
Then a small set is taken greedily, so that one journey speaks for one path only. First those that set the bad journeys
apart, by how much of the difference each adds to the ones before it; of paths that add nearly the same the longest,
since it says more. Then, up to the same number, those that most of the rest went, by journeys times steps (the area of
a tile; Geerts, Goethals and Mielikäinen 2004): typical, though no different from others. What is found here is a
proposal: its shares are measured on other customers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mining.method import Method
from mining.path_shares import FAR, Floats, Following, Path, exposure, moments
from mining.route_ways import NOTHING, Bools, Ints
from mining.routes import Routes

BAD_MAX, OTHERS_MAX = 1000, 2000
"""Most frequent ways that are searched; the rest is measured all the same."""
_BEAM, _POOL = 12, 120
_NEARLY = 0.9
"""Of paths that add at least this part of the best difference the longest is taken; a known one from half of it on."""
_KNOWN = 0.5


class Search:
    """The customers who may propose, and what they make of a path."""

    def __init__(self, routes: Routes, method: Method) -> None:
        self.routes = _frequent(routes)
        self.method = method
        seen = moments(self.routes, 1)
        compared = exposure(self.routes, seen, "discovery")
        self.n_bad = compared.n_bad
        self.n = self.routes.n["discovery"]
        self.hits_min = max(method.path_hits_min * method.discovery_parts / 10, method.path_share_min * self.n_bad)
        self._is_bad: Bools = compared.is_compared
        weight = compared.weight[seen.where] * self.n[seen.fate]
        self._others = _until_end(seen.fate * (FAR + 1) + seen.t, weight, len(self.n))
        bad = np.flatnonzero(compared.is_compared)
        self._bad = _until_end(bad * (FAR + 1) + seen.at[bad], self.n[bad], len(self.n))
        self._following = Following(self.routes.codes)
        self._following_bad = Following(self.routes.codes[self.routes.way[bad]])

    def added(self, complete: Ints, taken: Ints) -> tuple[Ints, Floats]:
        """By path: bad journeys that it is credited with besides `taken`, and the difference that it adds. `complete`:
        fates x paths, and `taken` by fate: the t at which it has gone the path, or an earlier one."""
        row = np.arange(len(complete))[:, None] * (FAR + 1)
        begins, ends = row + complete, row + np.maximum(complete, taken[:, None])
        hits = (self._bad.take(begins) - self._bad.take(ends)).sum(axis=0)
        others = (self._others.take(begins) - self._others.take(ends)).sum(axis=0)
        return hits.astype(np.int64), np.round(hits / self.n_bad - others, 12)  # of equals none is ahead by chance

    def completed(self, paths: Sequence[Path]) -> Ints:
        """fates x paths: the t at which each has gone each path first, FAR where it never does."""
        return self._following.completed(paths).T[self.routes.way]

    def pool(self) -> list[Path]:
        """Paths that enough bad journeys go: those with the largest differences, and those that most go."""
        used = sorted({int(c) for c in np.unique(self.routes.codes[self.routes.way[self.routes.is_bad]])} - {NOTHING})
        level: list[Path] = [(code,) for code in used]
        pool: list[tuple[float, int, Path]] = []
        while level:
            told = self._told(level)
            pool += told
            apart = [path for *_, path in sorted(told, key=lambda one: (-one[0], one[2]))[:_BEAM]]
            usual = [path for *_, path in sorted(told, key=lambda one: (-one[1], one[2]))[:_BEAM]]
            beam = list(dict.fromkeys([*apart, *usual]))
            level = [] if not beam or len(beam[0]) >= self.method.path_steps_max else _longer(beam, used)
        by_difference = sorted(pool, key=lambda one: (-one[0], one[2]))[:_POOL]
        by_area = sorted(pool, key=lambda one: (-one[1] * len(one[2]), one[2]))[:_POOL]
        return list(dict.fromkeys(path for *_, path in [*by_difference, *by_area]))

    def _told(self, level: Sequence[Path]) -> list[tuple[float, int, Path]]:
        """(difference, bad journeys, path) of the paths of a level that enough bad journeys go."""
        bad = np.flatnonzero(self._is_bad)
        gone = self._following_bad.completed(level) <= self.routes.high[bad]
        enough = [path for path, n in zip(level, (gone @ self.n[bad]).tolist(), strict=True) if n >= self.hits_min]
        if not enough:
            return []
        hits, difference = self.added(self.completed(enough), np.full(len(self.routes.way), FAR))
        return list(zip(difference.tolist(), hits.tolist(), enough, strict=True))


def _until_end(place: Ints, weight: Floats | Ints, n: int) -> Floats:
    """fates x (FAR + 1): the sum of the weights from a t on; `place`: where each stands in it."""
    at = np.bincount(place, weight, n * (FAR + 1)).reshape(n, FAR + 1)
    return np.ascontiguousarray(at[:, ::-1].cumsum(axis=1)[:, ::-1])


def search(routes: Routes, method: Method, is_known: Callable[[Path], bool]) -> list[Path]:
    """Up to `path_most` paths, in the order in which journeys are credited to them; empty where none is typical."""
    looking = Search(routes, method)
    pool = looking.pool() if looking.n_bad else []
    if not pool:
        return []
    complete = looking.completed(pool)
    taken = np.full(len(looking.routes.way), FAR)
    chosen: list[int] = []
    while len(chosen) < method.path_most:
        hits, added = looking.added(complete, taken)
        fits = [at for at in np.flatnonzero(hits >= looking.hits_min).tolist() if at not in chosen]
        apart = [at for at in fits if added[at] >= method.path_difference_min]
        if apart:
            best = max(float(added[at]) for at in apart)
            at = max(apart, key=lambda at: (*_rank(pool[at], float(added[at]) / best, is_known), _first(pool[at])))
        elif ways := [at for at in fits if len(pool[at]) > 1]:
            at = max(ways, key=lambda at: (hits[at] * len(pool[at]), _first(pool[at])))
        else:
            break
        chosen.append(at)
        taken = np.minimum(taken, complete[:, at])
    return [pool[at] for at in chosen]


def _rank(path: Path, part: float, is_known: Callable[[Path], bool]) -> tuple[bool, bool, int, float]:
    is_near = part >= _NEARLY
    return part >= _KNOWN and is_known(path), is_near, len(path) if is_near else 0, round(part, 9)


def _first(path: Path) -> Path:
    """So that of equals the one with the first steps is the largest."""
    return tuple(-code for code in path)


def _frequent(routes: Routes) -> Routes:
    """The most frequent ways of both sides among the customers who may propose."""
    n = routes.n["discovery"]
    order = np.argsort(-n, kind="stable")
    keep = np.zeros(len(n), dtype=bool)
    for side, most in ((routes.is_bad, BAD_MAX), (~routes.is_bad, OTHERS_MAX)):
        keep[order[side[order] & (n[order] > 0)][:most]] = True
    mine = routes.n["discovery"][keep]
    ways, way = np.unique(routes.way[keep], return_inverse=True)
    return replace(
        routes,
        codes=routes.codes[ways],
        way=way,
        is_bad=routes.is_bad[keep],
        low=routes.low[keep],
        high=routes.high[keep],
        n=dict.fromkeys(routes.n, mine),
    )


def _longer(beam: Sequence[Path], used: Sequence[int]) -> list[Path]:
    """Each path with one more step at any place."""
    made = {(*path[:place], code, *path[place:]) for path in beam for place in range(len(path) + 1) for code in used}
    return sorted(made)
