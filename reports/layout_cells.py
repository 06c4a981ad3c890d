"""Give each box its cell: column by time, row inside its lane.

The rule that keeps maps narrow is Rummler and Brache's: a hand-over to another lane may stay in the same column, drawn
straight up or down; only a step inside a lane costs a column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

from reports.layout_join import join_columns
from reports.layout_order import Weights

Cell = tuple[int, int]
"""(column, row inside the lane), both from 0."""

_MOST_ROWS = 2
"""Boxes that may share one cell of lane and column when the layout is free to choose."""

_CLEAR, _NOTABLE = 2.0, 0.1
"""A step inside a lane costs a column when it is taken so many times as often as its way back, and by at least this
share of
the moves at one of its ends. Where customers go to and fro, or hardly ever go, left and right mean nothing."""


def assign_cells(
    order: Sequence[str],
    lane_of: Mapping[str, int],
    weights: Weights,
    pins: Mapping[str, Cell],
    most_columns: int | None = None,
) -> dict[str, Cell]:
    """Return the cell of each key of `order`. A key in `pins` keeps its column, and its row when that is possible.

    A map of more than `most_columns` columns is made narrower and higher: there only clear steps cost a column, then
    neighbouring columns are joined.
    """
    columns = _columns(order, lane_of, weights, pins, compact=False)
    if most_columns is not None and max(columns.values(), default=0) >= most_columns:
        columns = _columns(order, lane_of, weights, pins, compact=True)
        columns = join_columns(columns, lane_of, weights, pins, most_columns)
    return _rows(order, lane_of, weights, columns, pins)


def _columns(
    order: Sequence[str], lane_of: Mapping[str, int], weights: Weights, pins: Mapping[str, Cell], *, compact: bool
) -> dict[str, int]:
    place = {key: index for index, key in enumerate(order)}
    forward_in: dict[str, list[str]] = defaultdict(list)
    forward_out: dict[str, list[str]] = defaultdict(list)
    for source, target in sorted(weights):
        if place[source] < place[target]:
            forward_in[target].append(source)
            forward_out[source].append(target)
    clear = _clear_steps(weights) if compact else set(weights)
    ancestors: dict[str, set[str]] = {}
    for key in order:
        before = [source for source in forward_in[key] if (source, key) in clear]
        ancestors[key] = set(before).union(*(ancestors[source] for source in before))

    def cost(source: str, target: str) -> int:
        return int(lane_of[source] == lane_of[target] and (source, target) in clear)

    columns: dict[str, int] = {key: pins[key][0] for key in order if key in pins}
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for key in columns:
        cells[lane_of[key], columns[key]].append(key)
    for key in order:
        if key in pins:
            continue
        column = max((columns[s] + cost(s, key) for s in forward_in[key] if s in columns), default=0)
        while not _fits(key, cells[lane_of[key], column], ancestors):
            column += 1
        columns[key] = column
        cells[lane_of[key], column].append(key)
    movable = [key for key in order if key not in pins]
    for _ in range(3):
        moved = [
            _pull(key, columns, cells, lane_of, weights, forward_in, forward_out, cost) for key in reversed(movable)
        ]
        if not any(moved):
            break
    return columns


def _clear_steps(weights: Weights) -> set[tuple[str, str]]:
    """The edges that are clearly one-way and matter to one of their ends."""
    outflow: dict[str, int] = defaultdict(int)
    inflow: dict[str, int] = defaultdict(int)
    for (source, target), weight in weights.items():
        if source != target:
            outflow[source] += weight
            inflow[target] += weight
    return {
        (source, target)
        for (source, target), weight in weights.items()
        if weight >= _CLEAR * weights.get((target, source), 0)
        and weight >= _NOTABLE * min(outflow[source], inflow[target])
    }


def _fits(key: str, occupants: Sequence[str], ancestors: Mapping[str, set[str]]) -> bool:
    related = any(other in ancestors[key] or key in ancestors[other] for other in occupants)
    return not related and len(occupants) < _MOST_ROWS


def _pull(
    key: str,
    columns: dict[str, int],
    cells: dict[tuple[int, int], list[str]],
    lane_of: Mapping[str, int],
    weights: Weights,
    forward_in: Mapping[str, list[str]],
    forward_out: Mapping[str, list[str]],
    cost: Callable[[str, str], int],
) -> bool:
    """Move a box to the free column at which its edges are shortest, time order kept. True when it moved."""
    lane, now = lane_of[key], columns[key]
    low = max((columns[s] + cost(s, key) for s in forward_in[key]), default=now)
    high = min((columns[t] - cost(key, t) for t in forward_out[key]), default=now)
    links = [(columns[t], w) for (s, t), w in weights.items() if s == key != t]
    links += [(columns[s], w) for (s, t), w in weights.items() if t == key != s]

    def length(column: int) -> int:
        return sum(weight * abs(column - other) for other, weight in links)

    options = [c for c in range(max(0, low), high + 1) if c == now or not cells[lane, c]]
    best = min(options, key=lambda c: (length(c), abs(c - now), c), default=now)
    if best == now or length(best) >= length(now):
        return False
    cells[lane, now].remove(key)
    cells[lane, best].append(key)
    columns[key] = best
    return True


def _rows(
    order: Sequence[str],
    lane_of: Mapping[str, int],
    weights: Weights,
    columns: Mapping[str, int],
    pins: Mapping[str, Cell],
) -> dict[str, Cell]:
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for key in order:
        cells[lane_of[key], columns[key]].append(key)
    n_lanes = max(lane_of.values(), default=0) + 1
    n_rows = [1] * n_lanes
    for (lane, _), members in cells.items():
        n_rows[lane] = max(n_rows[lane], len(members), *(pins[key][1] + 1 for key in members if key in pins), 1)
    tops = [sum(n_rows[:lane]) for lane in range(n_lanes)]
    row: dict[str, int] = {}
    for members in cells.values():
        taken: set[int] = set()
        for key in sorted(members, key=lambda k: (k not in pins, pins.get(k, (0, 0))[1])):
            wanted = pins[key][1] if key in pins else 0
            row[key] = wanted if wanted not in taken else min(set(range(len(members) + 1)) - taken)
            taken.add(row[key])
    place = {key: index for index, key in enumerate(order)}
    for key in order:  # a clash of pins may have opened one more row
        n_rows[lane_of[key]] = max(n_rows[lane_of[key]], row[key] + 1)
    for _ in range(3):
        changed = False
        for (lane, _column), members in sorted(cells.items()):
            free = [key for key in members if key not in pins]
            if free and n_rows[lane] > 1:
                changed |= _best_rows(free, members, n_rows[lane], row, tops, lane_of, weights, place)
        if not changed:
            break
    return {key: (columns[key], row[key]) for key in order}


def _best_rows(
    free: Sequence[str],
    members: Sequence[str],
    n_rows: int,
    row: dict[str, int],
    tops: Sequence[int],
    lane_of: Mapping[str, int],
    weights: Weights,
    place: Mapping[str, int],
) -> bool:
    """Put the free boxes of one cell on the rows at which their edges climb least. True when something changed.

    Inside a cell time runs downwards: a forward edge that climbs counts double.
    """
    taken = {row[key] for key in members if key not in free}
    open_rows = [r for r in range(n_rows) if r not in taken]
    links = [(s, t, w) for (s, t), w in weights.items() if s != t and (s in free or t in free)]

    def climb(rows: tuple[int, ...]) -> int:
        here = dict(zip(free, rows, strict=True))
        height = {k: tops[lane_of[k]] + here.get(k, row[k]) for link in links for k in link[:2]}
        turned = [w for s, t, w in links if s in here and t in here and place[s] < place[t] and here[s] > here[t]]
        return sum(weight * abs(height[s] - height[t]) for s, t, weight in links) + 2 * sum(turned)

    now = tuple(row[key] for key in free)
    best = min(permutations(open_rows, len(free)), key=lambda rows: (climb(rows), rows != now, rows))
    row.update(zip(free, best, strict=True))
    return best != now
