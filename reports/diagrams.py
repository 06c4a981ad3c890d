"""A process map as inline SVG: layout in, text out.

Colour, dashes and type come from CSS classes only, so that dark mode and print need no second drawing. Two drawings
stand side by side: the lane heads, which stay in place, and the map, which scrolls. Paths are told by the table, not by
the drawing; each step is a link to its row, in reading order from left to right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from reports import formats
from reports.layout import Box, Edge, Layout, PlacedBox, PlacedEdge, Sizes, lay_out
from reports.layout_cells import Cell
from reports.layout_labels import Rect
from reports.maps import Coverage, MapEdge, MapStep, ProcessMap
from reports.svg import arrow, plain, px, rounded_path, text, wrap

LANE_TINTS = 6
"""Tints for lane heads in the style sheet: 0 is the customer's, departments take 1 to 5 in turn."""

_LONG_WAIT_MS = 40 * 3_600_000
_DISC = 9.0
_WIDEST, _TIGHTEST = 90.0, 12.0
"""How far a gutter may grow, and how much it may shrink, for a map to fit its frame, px."""

SMALLEST_SCALE = 0.82
"""How far a map is scaled down to fit its frame: letters of 11 px are then 9 px, the least that reports.md allows."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawn map. `heads` and `body` are two SVGs of equal height; `width` in px is of both together."""

    heads: Markup
    body: Markup
    width: int
    height: int
    n_boxes: int
    layout: Layout
    coverage: Coverage | None = None

    @property
    def print_class(self) -> str:
        """The class of the style sheet that scales the map to a landscape page."""
        for percent in (100, 85, 70, 60, 50, 40):
            if self.width * percent <= 104_000:
                return f"pz-{percent}"
        return "pz-30"


def hover_css(n_boxes: int) -> str:
    """One rule a box: pointing at it dims all edges that don't touch it (reports.md section 4). Scoped per drawing."""
    return "".join(
        f"svg:has(.n-{n}:is(:hover,:focus-visible)) .ed:not(.s-{n},.t-{n}){{opacity:.13}}" for n in range(n_boxes)
    )


def draw(
    process: ProcessMap,
    *,
    title: str,
    k: int,
    pins: Mapping[str, Cell] | None = None,
    ruler: bool = True,
    coverage: Coverage | None = None,
    scale_to: int | None = None,
    focus: frozenset[str] = frozenset(),
    finding_href: str = "#{}",
    step_href: str = "#{}",
    fill: int = 0,
) -> Diagram:
    """Draw a map. `title` is its accessible name, `k` the least number of customers a published count stands for.

    `scale_to` is the largest count that the stroke width is scaled to (default: the map's own largest), `focus` the
    keys of steps that are set off from their neighbours. `finding_href` and `step_href` are links with {} for the
    anchor; a map about `fill` px wide is made exactly so.
    """
    top = scale_to or max((edge.n for edge in process.edges if edge.source != edge.target), default=1)
    by_pair = {(edge.source, edge.target): edge for edge in process.edges}
    edges = [Edge(e.source, e.target, e.n, *_label_px(e, k), _stroke(e.n, top)) for e in process.edges]
    boxes = [Box(step.key, step.lane) for step in process.steps]
    seen = {key for pair in by_pair for key in pair}
    guides = [Edge(e.source, e.target, e.n) for e in process.unseen if not {e.source, e.target} <= seen]
    sizes = Sizes() if ruler else replace(Sizes(), ruler=0.0)
    widest = fill / SMALLEST_SCALE if fill else None

    def laid_out(sizes: Sizes) -> Layout:
        return lay_out(
            boxes,
            edges,
            len(process.lanes),
            intended=process.intended,
            pins=pins,
            sizes=sizes,
            widest=widest,
            guides=guides,
        )

    layout = laid_out(sizes)
    n_gutters = len(layout.column_x) - 1
    change = (fill - layout.width) / max(n_gutters, 1)
    if fill and n_gutters and change > -_TIGHTEST:  # routes don't depend on measures: other gutters are the same map
        layout = laid_out(replace(sizes, stretch=min(change, _WIDEST)))
    steps = {step.key: step for step in process.steps}
    reading = sorted(layout.boxes, key=lambda box: (box.x, box.y, box.key))
    number = {box.key: n for n, box in enumerate(reading)}
    width, height = math.ceil(layout.width), math.ceil(layout.height)
    head = int(sizes.head)
    scale = min(1.0, max(SMALLEST_SCALE, fill / width)) if fill else 1.0
    body = [
        f'<svg class="map-body" role="graphics-document document" aria-label="{text(title)}" '
        f'{_frame(width - head, height, scale)}><g transform="translate(-{head} 0)">',
        _bands(layout, width),
    ]
    if ruler:
        body.append(_ruler(layout, steps))
    body.append(_visibility(layout, width, head))
    drawn = sorted(layout.edges, key=lambda e: (bool(by_pair[e.edge.source, e.edge.target].findings), e.edge.weight))
    body += [_edge(e, by_pair[e.edge.source, e.edge.target], number) for e in drawn]
    body += [
        _box(box, steps[box.key], process, number[box.key], k, (step_href, finding_href), box.key in focus)
        for box in reading
    ]
    body += [_label(e, by_pair[e.edge.source, e.edge.target], number, k, finding_href) for e in drawn if e.label]
    body.append(_discs(layout, by_pair, finding_href))
    body.append("</g></svg>")
    return Diagram(
        Markup(_heads(layout, process, head, _frame(head, height, scale), ruler)),
        Markup("".join(body)),
        round(width * scale),
        round(height * scale),
        len(boxes),
        layout,
        coverage,
    )


def _frame(width: int, height: int, scale: float) -> str:
    """The measures of an SVG element: `width` and `height` in units of the drawing, `scale` px each."""
    measures = f'width="{px(width * scale)}" height="{px(height * scale)}"'
    if scale == 1.0:
        return measures
    return f'{measures} viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin slice"'


def _stroke(n: int, top: int) -> float:
    """1.4 to 7 px by the square root of the count."""
    return round(1.4 + 5.6 * math.sqrt(min(1.0, n / max(top, 1))), 1)


def _label_px(edge: MapEdge, k: int) -> tuple[float, float]:
    """Width of the pill with count and discs, and of the discs alone (0 without findings)."""
    label = formats.small_count(edge.n, k, edge.n_people) if edge.n < k else formats.count_short(edge.n)
    discs = (2 * _DISC + 2) * len(edge.findings)
    return 10 + 6.4 * len(label) + discs, discs


def _bands(layout: Layout, width: int) -> str:
    kinds = ["c"] + ["o" if lane % 2 else "e" for lane in range(1, len(layout.lanes))]
    return "".join(
        f'<rect class="band b-{kind}" data-lane="{lane.index}" x="0" y="{px(lane.top)}" width="{width + 4000}" '
        f'height="{px(lane.height)}"/>'
        for lane, kind in zip(layout.lanes, kinds, strict=True)
    )


def _heads(layout: Layout, process: ProcessMap, head: int, frame: str, ruler: bool) -> str:
    parts = [f'<svg class="map-heads" aria-hidden="true" {frame}>']
    if ruler:
        parts.append('<text class="ruler" x="12" y="17">since start</text>')
    for lane in layout.lanes:
        tint = 0 if lane.index == 0 else (lane.index - 1) % (LANE_TINTS - 1) + 1
        parts.append(f'<rect class="lane-{tint}" x="0" y="{px(lane.top)}" width="{head}" height="{px(lane.height)}"/>')
        names = wrap(process.lanes[lane.index].name, head - 20, 2, 13)
        notes = (
            wrap(
                process.lanes[lane.index].note, head - 20, 3 if lane.height > 110 else 2 if lane.height > 80 else 1, 11
            )
            if process.lanes[lane.index].note
            else []
        )
        at = lane.top + lane.height / 2 - (15 * len(names) + 13 * len(notes)) / 2 + 12
        for line in names:
            parts.append(f'<text class="lane-name" x="12" y="{px(at)}">{text(line)}</text>')
            at += 15
        for line in notes:
            parts.append(f'<text class="lane-note" x="12" y="{px(at)}">{text(line)}</text>')
            at += 13
    y = layout.lanes[0].top + layout.lanes[0].height
    parts.append(f'<line class="lov" x1="0" x2="{head}" y1="{px(y)}" y2="{px(y)}"/></svg>')
    return "".join(parts)


def _ruler(layout: Layout, steps: Mapping[str, MapStep]) -> str:
    """Above each column: the median time since the start of the journey.

    Of the column's steps that are at least a third as frequent as its most frequent one, the latest counts. A column of
    steps that can come at any time (help, say) may be earlier than its left neighbours: it is left without a time, so
    that the ruler never turns back.
    """
    found = []
    for column, x in enumerate(layout.column_x):
        here = [
            steps[box.key] for box in layout.boxes if box.column == column and steps[box.key].since_start_ms is not None
        ]
        if here:
            often = max(step.n for step in here) / 3
            found.append((x, max(step.since_start_ms or 0 for step in here if step.n >= often)))
    return "".join(
        f'<text class="ruler mid" x="{px(x)}" y="17">{formats.duration(ms)}</text>' for x, ms in _rising(found)
    )


def _rising(places: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """The longest run of places, left to right, whose times do not fall; of equal ones the first."""
    best: list[list[tuple[float, int]]] = []
    for place in places:
        before = [run for run in best if run[-1][1] <= place[1]]
        best.append([*max(before, key=len, default=[]), place])
    return max(best, key=len, default=[])


def _edge(placed: PlacedEdge, edge: MapEdge, number: Mapping[str, int]) -> str:
    line, head = arrow(placed.points, min(placed.edge.stroke_px, 5.0))
    back = " bk" if placed.is_back else ""
    return (
        f'<g class="ed k-{edge.kind[0]}{back} s-{number[edge.source]} t-{number[edge.target]}" data-n="{edge.n}">'
        f'<path d="{rounded_path(line)}" stroke-width="{px(placed.edge.stroke_px)}"/><path class="h" d="{head}"/></g>'
    )


def _label(placed: PlacedEdge, edge: MapEdge, number: Mapping[str, int], k: int, finding_href: str) -> str:
    assert placed.label is not None
    x, y = placed.label
    width = placed.label_px
    label = formats.small_count(edge.n, k, edge.n_people) if edge.n < k else formats.count_short(edge.n)
    discs = (2 * _DISC + 2) * len(edge.findings)
    parts = [
        f'<g class="ed k-{edge.kind[0]} s-{number[edge.source]} t-{number[edge.target]} lb">'
        f'<rect x="{px(x - width / 2)}" y="{px(y - 7.5)}" width="{px(width)}" height="15" rx="4"/>'
    ]
    if width == placed.edge.label_px:  # else there is room for the numbers of the findings only
        parts.append(f'<text x="{px(x + discs / 2)}" y="{px(y + 4)}">{label}</text>')
    for index, finding in enumerate(edge.findings):
        parts.append(_disc(x - width / 2 + _DISC + index * (2 * _DISC + 2), y, finding, finding_href))
    return "".join(parts) + "</g>"


def _disc(x: float, y: float, finding: int, href: str) -> str:
    """A numbered disc that leads to the finding. The number is F-nn without its letter."""
    name = f"F-{finding:02d}"
    return (
        f'<a class="disc" href="{text(href.format(name + ".html" if "/" in href else name))}" '
        f'aria-label="{finding}: finding {name}">'
        f'<circle cx="{px(x)}" cy="{px(y)}" r="{px(_DISC)}"/><text x="{px(x)}" y="{px(y + 3.7)}">{finding}</text></a>'
    )


def _discs(layout: Layout, by_pair: Mapping[tuple[str, str], MapEdge], href: str) -> str:
    """Discs of edges whose count found no place: on the middle of the line's longest piece."""
    parts = []
    for placed in layout.edges:
        edge = by_pair[placed.edge.source, placed.edge.target]
        if placed.label or not edge.findings:
            continue
        (ax, ay), (bx, by) = max(
            zip(placed.points, placed.points[1:], strict=False),
            key=lambda piece: abs(piece[0][0] - piece[1][0]) + abs(piece[0][1] - piece[1][1]),
        )
        if placed.edge.source == placed.edge.target:
            ay = by = ay - 12.0  # above the arc, not on it
        for index, finding in enumerate(edge.findings):
            parts.append(_disc((ax + bx) / 2 + index * (2 * _DISC + 2), (ay + by) / 2, finding, href))
    return "".join(parts)


def _box(
    box: PlacedBox, step: MapStep, process: ProcessMap, number: int, k: int, hrefs: tuple[str, str], in_focus: bool
) -> str:
    x, y, w, h = box.x, box.y, box.width, box.height
    lines = wrap(step.label, w - 14, 2)
    shown = formats.small_count(step.n, k, step.n_people)
    wait = formats.duration(step.wait_ms) if step.wait_ms is not None and step.lane else ""
    kinds = "".join(
        (" fail" if step.is_failure else "", " fold" if step.n_folded else "", " focus" if in_focus else "")
    )
    name = f"{plain(step.label)}, {process.lanes[step.lane].name}: {shown} times"
    name += f", median wait {wait}" if wait else ""
    name += f", {formats.plural(len(step.findings), 'finding')}" if step.findings else ""
    parts = [
        f'<a class="n n-{number}{kinds}" href="{text(hrefs[0].format(step.anchor or "steps"))}" '
        f'data-lane="{step.lane}" aria-label="{text(name)}">'
        f"<title>{text(step.label)}</title>"
        f'<rect class="box" x="{px(x)}" y="{px(y)}" width="{px(w)}" height="{px(h)}" rx="6"/>'
    ]
    parts += [
        f'<text class="st" x="{px(x + 9)}" y="{px(y + 18 + 13 * i)}">{text(line)}</text>'
        for i, line in enumerate(lines)
    ]
    parts.append(f'<text class="sn" x="{px(x + 9)}" y="{px(y + 46)}">{shown}</text>')
    if wait and step.wait_ms is not None:
        parts.append(f'<text class="sw" x="{px(x + w - 9)}" y="{px(y + 46)}">{wait}</text>')
        share = min(1.0, math.log10(1 + step.wait_ms / 60_000) / math.log10(1 + 14 * 1440))
        long = " long" if step.wait_ms >= _LONG_WAIT_MS else ""
        parts.append(
            f'<rect class="wb{long}" x="{px(x + 3)}" y="{px(y + h - 5)}" width="{px((w - 6) * share)}" height="3.5" '
            f'rx="1.7"/>'
        )
    if step.is_failure:
        parts.append(f'<path class="tri" d="M{px(x + w - 22)} {px(y + 5)}l7 -12l7 12z"/>')
    parts.append("</a>")
    parts += [_disc(x + 1 + i * (2 * _DISC + 2), y, finding, hrefs[1]) for i, finding in enumerate(step.findings[:4])]
    return "".join(parts)


def _visibility(layout: Layout, width: int, head: int) -> str:
    """The line of visibility at the lower edge of the customer's band, its name where there is room."""
    y = layout.lanes[0].top + layout.lanes[0].height
    taken = [box.rect for box in layout.boxes]
    for edge in layout.edges:
        for a, b in zip(edge.points, edge.points[1:], strict=False):
            taken.append(Rect(min(a[0], b[0]) - 3, min(a[1], b[1]) - 3, max(a[0], b[0]) + 3, max(a[1], b[1]) + 3))
        if edge.label:
            half = edge.label_px / 2
            taken.append(Rect(edge.label[0] - half, edge.label[1] - 8, edge.label[0] + half, edge.label[1] + 8))
    pill, half = 106.0, 53.0
    right = min(width - 10 - half, 1_330.0)  # within the first screen
    places = [right - 12 * i for i in range(int((right - head - half) / 12) + 1)]
    x = next((p for p in places if not any(r.meets(Rect(p - half, y - 9, p + half, y + 9)) for r in taken)), None)
    line = f'<line class="lov" x1="0" x2="{width + 4000}" y1="{px(y)}" y2="{px(y)}"/>'
    if x is None:
        return line
    return (
        f'{line}<g class="lov-name"><rect x="{px(x - half)}" y="{px(y - 9)}" width="{px(pill)}" height="18" rx="9"/>'
        f'<text x="{px(x)}" y="{px(y + 4)}">line of visibility</text></g>'
    )
