"""The minutes that customers truly spend in what was planted: reckoned from the world, not from its logs (0.5).

A page takes until the next page of the same visit, at most five minutes; the last page of a visit takes as long as such
pages usually do, or other pages where most of them were left open. A call takes from the queue to its end. Waiting for
a parcel takes nobody's time.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from true_needs import Truth
from world_config import DAY_S
from world_record import Call, Hit

LONGEST_S, VISIT_ENDS_S, WEEK_S = 300, 1_800, 7 * DAY_S
Moment = tuple[int, int, int]
"""(need, epoch second, rank) as in `Truth.moments`."""


def in_loop(truth: Truth, names: Iterable[str], allowed: int) -> float:
    """Minutes a week inside one loop: of all that comes after the place where it closes, passes beyond the allowed."""
    members, spent, total = frozenset(names), busy(truth), 0.0
    for need, moments in zip(truth.numbers, truth.moments, strict=True):
        way: list[tuple[str, float]] = []
        passes = 0
        for at_s, rank, step in moments:
            if step in truth.steps.free:
                continue
            seconds = spent.get((need, at_s, rank), 0.0)
            known = [name for name, _ in way]
            if step not in known:
                way.append((step, seconds))
                continue
            back = known.index(step)
            if members == set(known[back:]):
                passes += 1
                if passes > allowed:
                    total += seconds + sum(took for _, took in way[back + 1 :])
            del way[back + 1 :]
    return _a_week(truth, total)


def in_calls(truth: Truth, queue: str, kind: int, n: int) -> float:
    """Minutes a week in `n` answered calls of one queue and one kind of need, at their usual length."""
    took = [
        _of(call)
        for call in truth.made.calls
        if call.queue == queue and call.outcome == "answered" and truth.made.needs.kind[call.need] == kind
    ]
    return _a_week(truth, n * statistics.fmean(took)) if took else 0.0


def busy(truth: Truth) -> dict[Moment, float]:
    """Seconds that each page and each call takes."""
    by_need: defaultdict[int, list[Hit]] = defaultdict(list)
    for hit in (hit for day in truth.made.hits for hit in day):
        by_need[hit.need].append(hit)
    known: defaultdict[str, list[float]] = defaultdict(list)
    last: list[tuple[Moment, str]] = []
    out: dict[Moment, float] = {}
    for need, hits in by_need.items():
        hits.sort()
        for hit, after in pairwise([*hits, None]):
            assert hit is not None
            key = (need, hit.at_s, hit.order)
            if after is not None and after.at_s - hit.at_s < VISIT_ENDS_S:
                out[key] = float(min(after.at_s - hit.at_s, LONGEST_S))
                known[hit.path].append(out[key])
            else:
                last.append((key, hit.path))
    usual = {path: ms for path, times in known.items() if (ms := statistics.median_low(times)) < LONGEST_S}
    of_others = statistics.median_low(usual.values()) if usual else 0.0
    for key, path in last:
        out[key] = usual.get(path, of_others)
    for call in truth.made.calls:
        out[call.need, call.connect_s or call.end_s, call.sequence] = _of(call)
    return out


def _of(call: Call) -> float:
    return float(call.end_s - (call.enter_s or call.start_s))


def _a_week(truth: Truth, seconds: float) -> float:
    made = truth.made
    return seconds / 60 / ((made.end_s - made.start_s) / WEEK_S)
