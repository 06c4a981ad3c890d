"""The fixed-lane layout: lanes in the declared order with the customer on top, time from left to right.

Pure Python, no clock, no chance: the same input gives the same drawing. The stages: order (layout_order), cells
(layout_cells), global routing (layout_route), tracks (layout_tracks), and here the pixels; labels in layout_labels.
Yesterday's cells come in as `pins`, so that the boxes of a nightly map stay where the reader knows them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reports.layout_cells import Cell, assign_cells
from reports.layout_labels import Point, Rect, place_labels
from reports.layout_order import sequence
from reports.layout_route import Grid, Node, Router
from reports.layout_tracks import LineKey, Run, assign_tracks, overlapping, split_into_runs

MOST_EDGES = 120
"""The router's cap; lighter edges beyond it are reported as hidden."""


_USUAL_GUTTER = 47.0
"""Mean width of a gutter on maps looked at, px; only used to guess how many columns fit."""

_NARROWINGS = 4
"""How many numbers of columns are tried, each one less, when gutters turn out wider than that."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box to draw: `lane` counts from 0, the customer's. `tag_px`: width of a tag below its right end, or 0."""

    key: str
    lane: int
    tag_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed edge with its count; `label_px` is the width of its label, 0 for none.

    `least_px`: the width of a shorter label, for where the whole one finds no place; 0 for none.
    """

    source: str
    target: str
    weight: int
    label_px: float = 0.0
    least_px: float = 0.0
    stroke_px: float = 2.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Measures in px (reports.md section 5)."""

    box_width: float = 122.0
    box_height: float = 56.0
    head: float = 104.0
    ruler: float = 26.0
    pitch: float = 10.0
    port_pitch: float = 9.0
    pad: float = 15.0
    """Between a box and the nearest track: room for an arrowhead."""
    border: float = 8.0
    """Between a lane's border and the nearest track."""
    gutter: float = 34.0
    stretch: float = 0.0
    """Added to each gutter between columns, to fit a map to its frame."""
    loop: float = 32.0
    """Height kept free above a row with self-loops: the arc and its count."""
    tag: float = 18.0
    """Height kept free below a row with tags."""
    labels_beside: bool = False
    """Whether a label may stand beside a long piece of its path, where there is no room on it."""


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box with its cell and its rectangle in px."""

    key: str
    lane: int
    column: int
    row: int
    x: float
    y: float
    width: float
    height: float
    tag_px: float = 0.0

    @property
    def rect(self) -> Rect:
        """The box as a rectangle."""
        return Rect(self.x, self.y, self.x + self.width, self.y + self.height)

    @property
    def tag_rect(self) -> Rect | None:
        """Where its tag hangs; None for a box without one."""
        if not self.tag_px:
            return None
        right, bottom = self.x + self.width, self.y + self.height
        return Rect(right - self.tag_px, bottom + 2, right, bottom + 16)


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """An edge as a polyline from border to border. `is_back`: it goes back in time (a loop).

    `label` is the centre of its label, None when none was wanted or no place was free; `label_px` its width.
    """

    edge: Edge
    points: tuple[Point, ...]
    is_back: bool
    label: Point | None
    label_px: float = 0.0


@dataclass(frozen=True, slots=True)
class PlacedLane:
    """A band: top and height in px."""

    index: int
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing in px. `column_x` are the centres of the columns; `hidden` the edges that were not routed."""

    width: float
    height: float
    lanes: tuple[PlacedLane, ...]
    boxes: tuple[PlacedBox, ...]
    edges: tuple[PlacedEdge, ...]
    hidden: tuple[Edge, ...]
    column_x: tuple[float, ...]
    order: tuple[str, ...]

    @property
    def pins(self) -> dict[str, Cell]:
        """The cell of each box: tomorrow's `pins`."""
        return {box.key: (box.column, box.row) for box in self.boxes}


def lay_out(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    n_lanes: int,
    *,
    intended: Sequence[str] = (),
    pins: Mapping[str, Cell] | None = None,
    sizes: Sizes | None = None,
    most_edges: int = MOST_EDGES,
    widest: float | None = None,
    guides: Sequence[Edge] = (),
) -> Layout:
    """Lay out a process map.

    `edges` name boxes by key, at most one edge per (source, target). Self-loops are placed, too. A map that would be
    wider than `widest` px is made narrower and higher, as far as its cells allow. `guides` are edges that give boxes
    their place but are not drawn. Raises ValueError on an unknown key or lane or on a doubled edge.
    """
    sizes = sizes or Sizes()
    lane_of = {box.key: box.lane for box in boxes}
    weights = {(edge.source, edge.target): edge.weight for edge in edges}
    if len(lane_of) != len(boxes) or len(weights) != len(edges):
        raise ValueError("a box or an edge is given twice")
    named = [key for edge in (*edges, *guides) for key in (edge.source, edge.target)]
    if any(key not in lane_of for key in named) or any(not 0 <= box.lane < n_lanes for box in boxes):
        raise ValueError("an edge names no box, or a box no lane")
    ranked = sorted(edges, key=lambda edge: (-edge.weight, edge.source, edge.target))
    links = [edge for edge in ranked if edge.source != edge.target]
    shown, hidden = links[:most_edges], links[most_edges:]
    loops = [edge for edge in ranked if edge.source == edge.target]
    steering = {(edge.source, edge.target): edge.weight for edge in guides}
    order = sequence([box.key for box in boxes], steering | weights, intended)
    kept = {key: cell for key, cell in (pins or {}).items() if key in lane_of}
    steered = steering | {(e.source, e.target): e.weight for e in shown}
    looping = {edge.source for edge in loops}
    tags = {box.key: box.tag_px for box in boxes if box.tag_px}
    most_columns = None if widest is None else int((widest - sizes.head) / (sizes.box_width + _USUAL_GUTTER))
    plan = None
    for fewer in range(_NARROWINGS):
        most = None if most_columns is None else max(1, most_columns - fewer)
        cells = assign_cells(order, lane_of, steered, kept, most)
        if plan is not None and cells == plan.cells:
            break
        narrower = _Plan.of(order, lane_of, cells, n_lanes, shown, looping, tags, sizes)
        if plan is None or narrower.width < plan.width:
            plan = narrower
        if widest is None or plan.width <= widest:
            break
    assert plan is not None
    return plan.draw(shown, loops, hidden)


@dataclass(slots=True)
class _Plan:
    """Everything between cells and pixels."""

    sizes: Sizes
    order: list[str]
    lane_of: Mapping[str, int]
    cells: Mapping[str, Cell]
    grid: Grid
    node_of: dict[str, Node]
    lines: dict[LineKey, list[Run]]
    runs_of: dict[int, list[tuple[LineKey, Run]]]
    looping: frozenset[Node]
    tags: dict[Node, float]
    x_start: list[float] = field(default_factory=list)
    x_size: list[float] = field(default_factory=list)
    y_start: list[float] = field(default_factory=list)
    y_size: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        order: list[str],
        lane_of: Mapping[str, int],
        cells: Mapping[str, Cell],
        n_lanes: int,
        shown: Sequence[Edge],
        looping: set[str],
        tags: Mapping[str, float],
        sizes: Sizes,
    ) -> _Plan:
        rows = [1] * n_lanes
        for key, (_, row) in cells.items():
            rows[lane_of[key]] = max(rows[lane_of[key]], row + 1)
        grid = Grid.of(max((column for column, _ in cells.values()), default=0) + 1, rows)
        node_of = {key: grid.node(lane_of[key], cells[key]) for key in order}
        router = Router(grid, node_of.values())
        paths = router.route_all({n: (node_of[e.source], node_of[e.target]) for n, e in enumerate(shown)})
        lines, runs_of = split_into_runs(paths)
        assign_tracks(lines, runs_of)
        arcs, hung = frozenset(node_of[key] for key in looping), {node_of[key]: width for key, width in tags.items()}
        plan = cls(sizes, order, lane_of, cells, grid, node_of, lines, runs_of, arcs, hung)
        plan._measure()
        return plan

    @property
    def width(self) -> float:
        """Width of the drawing, px."""
        return self.x_start[-1] + self.x_size[-1]

    def _measure(self) -> None:
        """Widths of gutters and heights of channels follow from their tracks."""
        s, at = self.sizes, self.sizes.head
        for ix in range(self.grid.nx):
            tracks = max((run.n_tracks for run in self.lines.get((False, ix), [])), default=0)
            outer = ix in (0, self.grid.nx - 1)
            gutter = max(24.0 if outer else s.gutter, 2 * s.pad + tracks * s.pitch if tracks else 0.0)
            self.x_start.append(at)
            self.x_size.append(s.box_width if ix % 2 else gutter + (0.0 if outer else s.stretch))
            at += self.x_size[-1]
        at = s.ruler
        for iy in range(self.grid.ny):
            self.y_start.append(at)
            self.y_size.append(s.box_height if self.grid.is_row[iy] else sum(self._channel(iy)))
            at += self.y_size[-1]

    def _channel(self, iy: int) -> tuple[float, float, float]:
        """(space above the tracks, tracks, space below) of a channel."""
        s, grid = self.sizes, self.grid
        tracks = max((run.n_tracks for run in self.lines.get((True, iy), [])), default=0)
        row_above = iy > 0 and grid.is_row[iy - 1]
        row_below = iy + 1 < grid.ny and grid.is_row[iy + 1]
        loop = s.loop if row_below and any(node[1] == iy + 1 for node in self.looping) else 0.0
        tag = s.tag if row_above and any(node[1] == iy - 1 for node in self.tags) else 0.0
        if not tracks:
            return max(9.0 if row_above else 5.0, tag), 0.0, max(9.0 if row_below else 5.0, loop)
        above, below = (s.pad if row_above else s.border), (s.pad if row_below else s.border)
        return max(above, tag), tracks * s.pitch, max(below, loop + 4.0 if loop else 0.0)

    def _offsets(self) -> dict[int, float]:
        """The coordinate across its line, in px, of every run by identity."""
        s, offsets = self.sizes, {}
        for (flat, index), runs in self.lines.items():
            is_box_line = self.grid.is_row[index] if flat else bool(index % 2)
            for group in overlapping(runs):
                n = group[0].n_tracks
                if is_box_line:
                    low, high = self._port_range(flat, group)
                    start = (self.y_start if flat else self.x_start)[index]
                    pitch = min(s.port_pitch, (high - low) / (n - 1)) if n > 1 else 0.0
                    middle = start + (s.box_height if flat else s.box_width) / 2
                    first = min(max(middle - pitch * (n - 1) / 2, start + low), start + high - pitch * (n - 1))
                elif flat:
                    above, tracks, _ = self._channel(index)
                    pitch = s.pitch
                    first = self.y_start[index] + above + (tracks - n * pitch) / 2 + pitch / 2
                else:
                    pitch = s.pitch
                    first = self.x_start[index] + self.x_size[index] / 2 - pitch * (n - 1) / 2
                for run in group:
                    offsets[id(run)] = first + pitch * run.track
        return offsets

    def _port_range(self, flat: bool, group: Sequence[Run]) -> tuple[float, float]:
        """Where on the side of a box edges may end, from its upper or left corner.

        Self-loops own the right of the upper side, tags that of the lower one.
        """
        s = self.sizes
        if flat:
            return 9.0, s.box_height - 9.0
        beside_loop = any(box in self.looping for run in group for box in run.boxes)
        below = [(run, box) for run in group for box in run.boxes if run.low + run.high > 2 * box[1]]
        tag = max((self.tags.get(box, 0.0) for _, box in below), default=0.0)
        return 11.0, s.box_width - max(46.0 if beside_loop else 11.0, tag + 8.0 if tag else 0.0)

    def _polyline(
        self, edge: Edge, runs: Sequence[tuple[LineKey, Run]], offsets: Mapping[int, float]
    ) -> tuple[Point, ...]:
        source, target = self._box(edge.source), self._box(edge.target)
        points: list[Point] = []
        (first_flat, _), first = runs[0]
        last_flat = runs[-1][0][0]
        toward = self._heading(edge, runs, at_start=True)
        start_at = offsets[id(first)]
        points.append(_border(source, first_flat, toward, start_at))
        for ((flat, _), run), (_, after) in itertools.pairwise(runs):
            here, there = offsets[id(run)], offsets[id(after)]
            points.append((there, here) if flat else (here, there))
        toward = self._heading(edge, runs, at_start=False)
        points.append(_border(target, last_flat, toward, offsets[id(runs[-1][1])]))
        return tuple((round(x, 1), round(y, 1)) for x, y in points)

    def _heading(self, edge: Edge, runs: Sequence[tuple[LineKey, Run]], *, at_start: bool) -> int:
        """-1 when the edge leaves or meets the box on its left or top, +1 on its right or bottom."""
        (flat, _), run = runs[0] if at_start else runs[-1]
        here = self.node_of[edge.source if at_start else edge.target][0 if flat else 1]
        return 1 if (run.low + run.high) / 2 > here else -1

    def _box(self, key: str) -> PlacedBox:
        ix, iy = self.node_of[key]
        column, row = self.cells[key]
        s = self.sizes
        x, y, tag = self.x_start[ix], self.y_start[iy], self.tags.get((ix, iy), 0.0)
        return PlacedBox(key, self.lane_of[key], column, row, x, y, s.box_width, s.box_height, tag)

    def draw(self, shown: Sequence[Edge], loops: Sequence[Edge], hidden: Sequence[Edge]) -> Layout:
        """Turn tracks into points, place the labels."""
        boxes = {key: self._box(key) for key in self.order}
        width, height = self.width, self.y_start[-1] + self.y_size[-1]
        offsets = self._offsets()
        polylines = {n: self._polyline(edge, self.runs_of[n], offsets) for n, edge in enumerate(shown)}
        polylines |= {len(shown) + n: _self_loop(boxes[edge.source]) for n, edge in enumerate(loops)}
        everyone = [*shown, *loops]
        labels = place_labels(
            polylines,
            {n: [width for width in (edge.label_px, edge.least_px) if width] for n, edge in enumerate(everyone)},
            {n: edge.stroke_px / 2 for n, edge in enumerate(everyone)},
            [rect for box in boxes.values() for rect in (box.rect, box.tag_rect) if rect],
            Rect(self.sizes.head + 2, self.sizes.ruler + 1, width - 2, height - 1),
            may_stand_beside=self.sizes.labels_beside,
        )
        place = {key: index for index, key in enumerate(self.order)}
        column = {key: cell[0] for key, cell in self.cells.items()}

        def is_back(edge: Edge) -> bool:
            return (column[edge.target], place[edge.target]) <= (column[edge.source], place[edge.source])

        nowhere = (None, 0.0)
        placed = [
            PlacedEdge(edge, polylines[n], is_back(edge), *labels.get(n, nowhere)) for n, edge in enumerate(everyone)
        ]
        lanes = []
        for lane, rows in enumerate(self.grid.row_line):
            top, last = self.y_start[rows[0] - 1], rows[-1] + 1
            lanes.append(PlacedLane(lane, top, self.y_start[last] + self.y_size[last] - top))
        centres = tuple(self.x_start[ix] + self.x_size[ix] / 2 for ix in range(1, self.grid.nx, 2))
        return Layout(
            width, height, tuple(lanes), tuple(boxes.values()), tuple(placed), tuple(hidden), centres, tuple(self.order)
        )


def _border(box: PlacedBox, flat: bool, side: int, at: float) -> Point:
    if flat:
        return (box.x + box.width if side > 0 else box.x), at
    return at, (box.y + box.height if side > 0 else box.y)


def _self_loop(box: PlacedBox) -> tuple[Point, ...]:
    """A small arc on the right of the box's upper edge."""
    right, top = box.x + box.width, box.y
    return ((right - 34, top), (right - 34, top - 12), (right - 14, top - 12), (right - 14, top))
