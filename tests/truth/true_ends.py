"""How customers truly came to give up: what of it goes together with a step, and with a path to it (method note 6).

Read from the world before anything is written down, one customer's moments after the other, by a way of its own: no
file, identity, journey table or model is involved. A stretch of a customer's life (true_needs) is given up where it
entered upon an order and has no outcome. As in the logs, only stretches that lie whole in the recorded days count.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from true_needs import GAP_S, Moments, Truth, stretches_of

VISIT_S = 1_800
"""Who gives up has left within so long of the last step upon the order."""
FROM_T = (1, 5, 10, 16, 25)
"""How far along: first t of each band within which paths are compared."""
GIVING_UP = "giving up"


def of(truth: Truth, finding: Mapping[str, Any]) -> float | None:
    """The true size of a finding about giving up: of a path its difference, of a failure point its odds against the
    step that it was held against. As it came out in this world: what a longer time would show differs by chance."""
    where = finding["where"]
    if finding["kind"] == "outcome_path":
        told = difference(truth, where["path"])
        return told.value if told else None
    found = odds(truth, where["step"], finding["extra"]["reference"])
    return found.ratio if found else None


@dataclass(frozen=True)
class Way:
    """One stretch at risk of being given up: its moments, the places from which and before which it is at risk."""

    moments: Moments
    begin: int
    end: int
    is_given_up: bool


def ways(truth: Truth) -> Iterator[Way]:
    """The stretches that entered upon an order."""
    steps, made = truth.steps, truth.made
    for moments in stretches_of(truth):
        if moments[0][0] < made.start_s + GAP_S or moments[-1][0] + GAP_S > made.end_s:
            continue
        names = [step for _, _, step in moments]
        end = next((place for place, step in enumerate(names) if step in steps.ends), len(names))
        begin = next((place for place, step in enumerate(names) if step in steps.begins), end)
        if begin < end:
            yield Way(moments, begin, end, end == len(names))


@dataclass(frozen=True)
class Odds:
    """Odds of giving up right after a step against those after another; `error`: of their logarithm, every time at
    either step taken by itself; `n`: times at the step."""

    ratio: float
    error: float
    n: int


def odds(truth: Truth, step: str, reference: str) -> Odds | None:
    """None where either step has no time with the outcome, or none without."""
    n, hits = _at_risk(truth)
    cells = [count for one in (step, reference) for count in (hits[one], n[one] - hits[one])]
    if not all(cells):
        return None
    ratio = cells[0] * cells[3] / cells[1] / cells[2]
    return Odds(ratio, math.sqrt(sum(1 / count for count in cells)), n[step])


@cache
def _at_risk(truth: Truth) -> tuple[Counter[str], Counter[str]]:
    """By step: times at risk of giving up, and times that were the last of its last visit upon the order."""
    n: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for way in ways(truth):
        end = way.end
        if way.is_given_up:
            last_s = max(at_s for at_s, _, step in way.moments if step in truth.steps.begins)
            end = bisect_right([at_s for at_s, *_ in way.moments], last_s + VISIT_S)
            hits[way.moments[end - 1][2]] += 1
        n.update(step for _, _, step in way.moments[way.begin : end])
    return n, hits


@dataclass(frozen=True)
class Difference:
    """Of those who gave up, the share that went a path, above that of others who stood at the same points; `error`: of
    it, every stretch taken by itself; `n`: who gave up."""

    value: float
    error: float
    n: int


def difference(truth: Truth, path: Sequence[str]) -> Difference | None:
    """None where nobody gave up at a point at which others stand, too."""
    ended: Counter[tuple[str, int]] = Counter()
    went: Counter[tuple[str, int]] = Counter()
    beside: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for told, before, is_given_up in _told(truth):
        if is_given_up and told:
            point = _point(told)
            ended[point] += 1
            went[point] += _goes(told, path)
        elif not is_given_up:
            for t in range(before + 1, len(told) + 1):
                others = beside[_point(told[:t])]
                others[0] += 1
                others[1] += _goes(told[:t], path)
    points = [point for point in ended if beside[point][0]]
    n = sum(ended[point] for point in points)
    if not n:
        return None
    share = sum(went[point] for point in points) / n
    usual = sum(ended[point] * beside[point][1] / beside[point][0] for point in points) / n
    return Difference(share - usual, math.sqrt(max(share * (1 - share), 1 / n) / n), n)


@cache
def _told(truth: Truth) -> list[tuple[list[str], int, bool]]:
    """Of each way: the steps it is told in, how many of them came before it was at risk, and whether it was given up.
    Of a step that may be repeated freely several in a row are one."""
    steps, out = truth.steps, []
    for way in ways(truth):
        told: list[str] = []
        before = 0
        for place, (_, _, step) in enumerate(way.moments[: way.end]):
            if place == way.begin:
                before = len(told)
            if step in steps.told and not (step in steps.free and told[-1:] == [step]):
                told.append(step)
        out.append((told, before, way.is_given_up))
    return out


def _point(told: Sequence[str]) -> tuple[str, int]:
    return told[-1], bisect_right(FROM_T, len(told))


def _goes(told: Iterable[str], path: Sequence[str]) -> bool:
    """Whether the path's steps come in their order, with others between them or not."""
    left = iter(told)
    return all(step in left for step in path)
