"""Whether a ping-pong is a tendency, and not a mix of customers who differ (method note 4.3, claim 3).

Where a journey comes to B, having been elsewhere: x = it came from A, y = it goes on to A. Customers who like A come
from A and go to A more often than others, so x and y go together over all journeys even when nobody is sent back.
Within one journey they don't: U = the sum of (x - mean x)(y - mean y) over that journey's own visits to B.
z = sum U / sqrt(sum U^2) over journeys, one-sided; never pooled. It is careful rather than sharp: what is not shown
need not be absent.

Decided as in 0.6: BH q over all directions tested, in the discovery parts; Holm over the candidates in the parts kept
apart. A direction is tested where at least `journeys_min` journeys, in proportion in each part, say anything about it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from scipy import stats

from mining.method import Method
from mining.population import Variant
from mining.statistics import benjamini_hochberg, holm

Direction = tuple[str, str]
"""(A, B): from A to B and back to A."""


@dataclass(frozen=True)
class Score:
    """Sums over the journeys of a split that say anything: how many, of U, of U^2."""

    journeys: int
    u: float
    u_squared: float

    @property
    def z(self) -> float:
        """Standard normal when there is no tendency; 0 where nothing varies."""
        return self.u / math.sqrt(self.u_squared) if self.u_squared > 0 else 0.0

    @property
    def p(self) -> float:
        """One-sided p."""
        return float(stats.norm.sf(self.z))


@dataclass(frozen=True)
class Verdict:
    """What the test says of a direction. `q` is None where it was not tested, `p_confirm` where it was no candidate."""

    journeys: int
    is_shown: bool
    z: float
    p: float
    q: float | None = None
    p_confirm: float | None = None


def visits(steps: Sequence[str], at: str) -> list[tuple[str, str]]:
    """(step before, step after) of each visit to `at` from elsewhere that goes on somewhere."""
    return [(steps[i - 1], steps[i + 1]) for i in range(1, len(steps) - 1) if steps[i] == at and steps[i - 1] != at]


def within(seen: Sequence[tuple[str, str]], back_to: str) -> float:
    """U of one journey: how much coming from `back_to` goes with going on to it, round the journey's own means."""
    came = sum(before == back_to for before, _ in seen)
    goes = sum(after == back_to for _, after in seen)
    both = sum(before == after == back_to for before, after in seen)
    return both - came * goes / len(seen) if seen else 0.0


def scores(
    ways: Iterable[Variant],
    directions: Iterable[Direction],
    splits: Sequence[str],
    free: Set[str] = frozenset(),
) -> dict[Direction, dict[str, Score]]:
    """Each direction's score by split, over all variants. Steps in `free` are looked through."""
    back: dict[str, list[str]] = {}
    for back_to, at in sorted(set(directions)):
        back.setdefault(at, []).append(back_to)
    told: dict[Direction, list[tuple[float, Mapping[str, int]]]] = {(a, at): [] for at in back for a in back[at]}
    for way in ways:
        often = [at for at in back.keys() & set(way.steps) if way.steps.count(at) > 1]
        steps = [step for step in way.steps if step not in free] if often else []
        for at in often:
            seen = visits(steps, at)
            came, goes = {before for before, _ in seen}, {after for _, after in seen}
            for back_to in back[at]:
                # where one of the two never happens, nothing is told
                if back_to in came and back_to in goes and (u := within(seen, back_to)):
                    told[back_to, at].append((u, way.counts))
    return {
        direction: {
            split: Score(
                sum(counts[split] for _, counts in scored),
                sum(counts[split] * u for u, counts in scored),
                sum(counts[split] * u * u for u, counts in scored),
            )
            for split in splits
        }
        for direction, scored in told.items()
    }


def decide(
    scored: Mapping[Direction, Mapping[str, Score]], method: Method, journeys_min: int
) -> dict[Direction, Verdict]:
    """The verdict on each direction."""
    parts = {"discovery": method.discovery_parts / 10, "confirm": 1 - method.discovery_parts / 10}
    tested = [
        direction
        for direction in sorted(scored)
        if all(scored[direction][split].journeys >= journeys_min * share for split, share in parts.items())
    ]
    q = dict(zip(tested, benjamini_hochberg([scored[d]["discovery"].p for d in tested]), strict=True))
    candidates = [direction for direction in tested if q[direction] <= method.discovery_q]
    checked = [scored[direction]["confirm"].p for direction in candidates]
    adjusted = dict(zip(candidates, holm(checked), strict=True))
    return {
        direction: Verdict(
            one["all"].journeys,
            adjusted.get(direction, 1.0) <= method.confirm_alpha,
            round(one["all"].z, 4),
            one["all"].p,
            q.get(direction),
            adjusted.get(direction),
        )
        for direction, one in sorted(scored.items())
    }
