"""Global routing: each edge finds its way over a coarse grid of gutters, channels and box centres.

Lines of the grid: x alternates gutter, column, gutter, ...; y has, for each lane, a channel above its first row, and a
channel below each row. Two lanes thus meet in two channels, and the border between them stays free of edges.
Where exactly in its gutter or channel an edge runs is decided later (layout_tracks).
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.layout_cells import Cell

Node = tuple[int, int]
"""(ix, iy): crossing of a vertical and a horizontal grid line."""

RIGHT, DOWN, LEFT, UP = range(4)
STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))

# Costs in px of detour that we would accept for avoiding the thing once; found by looking at drawings.
_ACROSS, _UPRIGHT, _BORDER = 78, 42, 22
_BEND, _CROSSING, _CROWD, _BUSY_PORT = 46, 30, 4, 40
_PORTS_AT_EASE = 4


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid of a set of cells. `row_line[lane][row]` is the iy of a row; `is_row[iy]` tells rows from channels."""

    nx: int
    ny: int
    row_line: tuple[tuple[int, ...], ...]
    is_row: tuple[bool, ...]
    lane_of_line: tuple[int, ...]

    @classmethod
    def of(cls, n_columns: int, rows_per_lane: Sequence[int]) -> Grid:
        """Build the grid for that many columns and, per lane, rows."""
        row_line: list[tuple[int, ...]] = []
        is_row: list[bool] = []
        lanes: list[int] = []
        for lane, n_rows in enumerate(rows_per_lane):
            row_line.append(tuple(len(is_row) + 1 + 2 * row for row in range(n_rows)))
            is_row += [False] + [True, False] * n_rows
            lanes += [lane] * (2 * n_rows + 1)
        return cls(2 * n_columns + 1, len(is_row), tuple(row_line), tuple(is_row), tuple(lanes))

    def node(self, lane: int, cell: Cell) -> Node:
        """Where the centre of a box stands."""
        return 2 * cell[0] + 1, self.row_line[lane][cell[1]]


class Router:
    """Routes edges one by one, remembering where the earlier ones run. Deterministic: ties go by insertion order."""

    def __init__(self, grid: Grid, boxes: Iterable[Node]) -> None:
        self.grid = grid
        self.boxes = frozenset(boxes)
        self.links: dict[tuple[Node, Node], int] = defaultdict(int)
        self.flat: dict[Node, int] = defaultdict(int)
        self.steep: dict[Node, int] = defaultdict(int)
        self.ports: dict[tuple[Node, int], int] = defaultdict(int)
        self._dy = [_BORDER if not (a or b) else _UPRIGHT for a, b in zip(grid.is_row, grid.is_row[1:], strict=False)]

    def route_all(self, ends: Mapping[int, tuple[Node, Node]]) -> dict[int, list[Node]]:
        """Route every edge (number -> ends) in the given order, then each once more with all others known."""
        paths: dict[int, list[Node]] = {}
        for _ in range(2):
            for number, (source, target) in ends.items():
                if number in paths:
                    self._count(paths.pop(number), -1)
                path = self._cheapest(source, target)
                self._count(path, 1)
                paths[number] = path
        return paths

    def _count(self, path: Sequence[Node], sign: int) -> None:
        for a, b in itertools.pairwise(path):
            self.links[min(a, b), max(a, b)] += sign
        for a, b, c in zip(path, path[1:], path[2:], strict=False):
            if a[1] == b[1] or b[1] == c[1]:
                self.flat[b] += sign
            if a[0] == b[0] or b[0] == c[0]:
                self.steep[b] += sign
        self.ports[path[0], _direction(path[0], path[1])] += sign
        self.ports[path[-1], _direction(path[-1], path[-2])] += sign

    def _side_of_the_line(self, source: Node, target: Node) -> tuple[int, int]:
        """The horizontal lines an edge may use, [first, last).

        Crossing the line of visibility means a contact with the customer: an edge with both ends on one side stays.
        """
        line = self.grid.lane_of_line.count(0)
        if source[1] < line and target[1] < line:
            return 0, line
        return (0 if min(source[1], target[1]) < line else line), self.grid.ny

    def _cheapest(self, source: Node, target: Node) -> list[Node]:
        """A* over (node, direction). The estimate is the bare distance, which never exceeds the true cost."""
        leave, enter = _port_costs(source, target)
        tx, ty = target
        below = [0]
        for step in self._dy:
            below.append(below[-1] + step)
        nx = self.grid.nx
        top, bottom = self._side_of_the_line(source, target)
        boxes, links, flat, steep, ports, dy = self.boxes, self.links, self.flat, self.steep, self.ports, self._dy
        best: dict[tuple[Node, int], int] = {(source, -1): 0}
        came: dict[tuple[Node, int], tuple[Node, int]] = {}
        heap: list[tuple[int, int, int, Node, int]] = [(0, 0, 0, source, -1)]
        serial = 0
        while heap:
            _, _, cost, node, heading = heapq.heappop(heap)
            if node == target:
                return _walk_back(came, (node, heading))
            if cost > best[node, heading]:
                continue
            x, y = node
            for turn in range(4):
                if heading >= 0 and (turn - heading) % 4 == 2:
                    continue
                sx, sy = STEPS[turn]
                mx, my = x + sx, y + sy
                if not (0 <= mx < nx and top <= my < bottom):
                    continue
                there = (mx, my)
                if there in boxes and there != target:
                    continue
                new = cost + (_ACROSS if sx else dy[min(y, my)])
                new += _CROWD * links.get((min(node, there), max(node, there)), 0)
                if heading < 0:
                    new += leave[turn] + _busy(ports.get((node, turn), 0))
                elif turn == heading:
                    new += _CROSSING * (steep if sx else flat).get(node, 0)
                else:
                    new += _BEND
                if there == target:
                    new += enter[turn] + _busy(ports.get((there, (turn + 2) % 4), 0))
                state = (there, turn)
                if new < best.get(state, 1 << 60):
                    best[state] = new
                    came[state] = (node, heading)
                    serial += 1
                    guess = new + _ACROSS * abs(mx - tx) + abs(below[my] - below[ty])
                    heapq.heappush(heap, (guess, serial, new, there, turn))
        raise AssertionError("the grid is connected: its outer gutters and channels hold no box")


def _busy(n_ports: int) -> int:
    """Extra cost of a box side that already has that many ends of edges."""
    return max(0, n_ports + 1 - _PORTS_AT_EASE) * _BUSY_PORT + 3 * n_ports


def _port_costs(source: Node, target: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cost of leaving and of arriving per heading (right, down, left, up): time runs right, loops go over the top."""
    if target[0] > source[0]:
        return (0, 12, 120, 12), (0, 12, 120, 12)
    if target[0] == source[0]:
        return (25, 0, 45, 0), (45, 0, 25, 0)
    return (70, 0, 25, 0), (70, 0, 25, 0)


def _direction(a: Node, b: Node) -> int:
    return STEPS.index((b[0] - a[0], b[1] - a[1]))


def _walk_back(came: Mapping[tuple[Node, int], tuple[Node, int]], state: tuple[Node, int]) -> list[Node]:
    path = [state[0]]
    while state in came:
        state = came[state]
        path.append(state[0])
    return path[::-1]
