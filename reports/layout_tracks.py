"""Tracks: give each straight run of an edge its own line inside its gutter, channel, row or column.

Runs that overlap on a grid line never share a track, so edges never lie on one another. The order of the tracks is
chosen by the crossings that each pair of runs would make, then improved by insertion.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.layout_route import Node

_PASSES = 3


@dataclass(slots=True)
class Run:
    """A straight piece of an edge on one grid line.

    `low`, `high`: its extent along the line in grid units (an end at a box stops half a unit short of the box centre).
    `turn_low`, `turn_high`: where the edge goes at that end: -1 up or left, +1 down or right, 0 it ends there.
    `boxes`: the ends of the edge that lie on this run.
    `track` (from 0) of `n_tracks` within the group of runs that overlap.
    """

    edge: int
    low: float
    high: float
    turn_low: int
    turn_high: int
    boxes: tuple[Node, ...]
    track: int = 0
    n_tracks: int = 1


LineKey = tuple[bool, int]
"""(is horizontal, index of the grid line)."""


def split_into_runs(
    paths: Mapping[int, Sequence[Node]],
) -> tuple[dict[LineKey, list[Run]], dict[int, list[tuple[LineKey, Run]]]]:
    """Cut paths into runs. Returns the runs per grid line, and per edge its runs from source to target."""
    lines: dict[LineKey, list[Run]] = defaultdict(list)
    edges: dict[int, list[tuple[LineKey, Run]]] = {}
    for number, path in paths.items():
        corners = [path[0]]
        corners += [b for a, b, c in zip(path, path[1:], path[2:], strict=False) if (a[0] == b[0]) != (b[0] == c[0])]
        corners.append(path[-1])
        edges[number] = []
        for index, (a, b) in enumerate(itertools.pairwise(corners)):
            flat = a[1] == b[1]
            along = 0 if flat else 1
            before = corners[index - 1] if index else None
            after = corners[index + 2] if index + 2 < len(corners) else None
            ends = sorted([(a[along], _turn(a, before, along)), (b[along], _turn(b, after, along))])
            low, high = float(ends[0][0]), float(ends[1][0])
            first, last = (a, b) if a[along] <= b[along] else (b, a)
            low += 0.5 if first in (path[0], path[-1]) else 0.0
            high -= 0.5 if last in (path[0], path[-1]) else 0.0
            boxes = tuple(end for end, there in ((a, index == 0), (b, index == len(corners) - 2)) if there)
            run = Run(number, low, high, ends[0][1], ends[1][1], boxes)
            key = (flat, a[1] if flat else a[0])
            lines[key].append(run)
            edges[number].append((key, run))
    return dict(lines), edges


def _turn(corner: Node, beyond: Node | None, along: int) -> int:
    if beyond is None:
        return 0
    across = 1 - along
    return 1 if beyond[across] > corner[across] else -1


def assign_tracks(lines: Mapping[LineKey, list[Run]], edges: Mapping[int, Sequence[tuple[LineKey, Run]]]) -> None:
    """Set `track` and `n_tracks` of every run, in place. Horizontal, vertical, then horizontal again with fine ends."""
    for flat in (True, False, True):
        fine = _fine_ends(edges)
        for key in sorted(lines):
            if key[0] == flat:
                _assign_line(lines[key], fine)


def _fine_ends(edges: Mapping[int, Sequence[tuple[LineKey, Run]]]) -> dict[int, tuple[float, float]]:
    """Per run (by identity): its extent with the tracks of the runs it is joined to, as fractions of a grid unit."""
    fine: dict[int, tuple[float, float]] = {}
    for runs in edges.values():
        for index, (key, run) in enumerate(runs):
            low, high = run.low, run.high
            for other_key, other in [*(runs[index - 1 : index] if index else []), *runs[index + 1 : index + 2]]:
                offset = 0.8 * ((other.track + 0.5) / other.n_tracks - 0.5)
                if abs(other_key[1] - run.low) < 0.25 and other_key[0] != key[0]:
                    low = other_key[1] + offset
                elif abs(other_key[1] - run.high) < 0.25 and other_key[0] != key[0]:
                    high = other_key[1] + offset
            fine[id(run)] = (low, high)
    return fine


def _assign_line(runs: list[Run], fine: Mapping[int, tuple[float, float]]) -> None:
    for group in overlapping(runs):
        order = _fewest_crossings(group, fine)
        for run in order:
            run.track = 0
        for index, run in enumerate(order):  # pack: one below the lowest earlier run that overlaps
            run.track = max((o.track + 1 for o in order[:index] if _overlap(o, run)), default=0)
        n_tracks = max(run.track for run in order) + 1
        for run in order:
            run.n_tracks = n_tracks


def _overlap(a: Run, b: Run) -> bool:
    return a.low <= b.high and b.low <= a.high


def overlapping(runs: Sequence[Run]) -> list[list[Run]]:
    """Group runs that overlap, directly or through others."""
    groups: list[list[Run]] = []
    end = float("-inf")
    for run in sorted(runs, key=lambda r: (r.low, r.high, r.edge)):
        if run.low > end:
            groups.append([])
        groups[-1].append(run)
        end = max(end, run.high)
    return groups


def _crossings(above: Run, below: Run, fine: Mapping[int, tuple[float, float]]) -> int:
    """Crossings of two overlapping runs when the first lies on the track before (above, left of) the second."""
    a_low, a_high = fine[id(above)]
    b_low, b_high = fine[id(below)]
    crossings = 0
    for at, turn in ((a_low, above.turn_low), (a_high, above.turn_high)):
        crossings += turn > 0 and b_low < at < b_high
    for at, turn in ((b_low, below.turn_low), (b_high, below.turn_high)):
        crossings += turn < 0 and a_low < at < a_high
    return crossings


def _fewest_crossings(group: list[Run], fine: Mapping[int, tuple[float, float]]) -> list[Run]:
    order = sorted(group, key=lambda r: (r.turn_low + r.turn_high, r.low, r.high, r.edge))
    if len(order) == 1:
        return order
    gain = {  # extra crossings with the first of the pair above the second; antisymmetric
        (id(a), id(b)): (_crossings(a, b, fine) - _crossings(b, a, fine)) if _overlap(a, b) else 0
        for a in order
        for b in order
        if a is not b
    }
    for _ in range(_PASSES):
        moved = False
        for run in list(order):
            at = order.index(run)
            rest = order[:at] + order[at + 1 :]
            cost = sum(gain[id(run), id(other)] for other in rest)  # on top of all
            costs = [cost]
            for other in rest:
                cost -= 2 * gain[id(run), id(other)]
                costs.append(cost)
            best = min(range(len(costs)), key=lambda index: (costs[index], abs(index - at)))
            if costs[best] < costs[at]:
                order = [*rest[:best], run, *rest[best:]]
                moved = True
        if not moved:
            break
    return order
