"""A process map as inline SVG: layout in, text out.

Colour, dashes and type come from CSS classes only, so that dark mode and print need no second drawing. Two drawings
stand side by side: the lane heads, which stay in place, and the map, which scrolls. Paths are told by the table, not by
the drawing; each step is a link to its row, in reading order from left to right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from ingest.language import say
from reports import formats
from reports.diagram_bands import (
    LOVEM,
    STRIP_HEIGHT,
    Strip,
    bands,
    heads,
    lines,
    ruler_svg,
    strips_svg,
)
from reports.diagram_boxes import DISC, box_svg, disc, tag_px
from reports.layout import Box, Edge, Layout, PlacedEdge, Sizes, lay_out
from reports.layout_cells import Cell
from reports.layout_labels import Rect, segment_rects
from reports.maps import INFORMATION, LESS, MATERIAL, MORE, SAME, Coverage, MapEdge, ProcessMap
from reports.svg import arrow, px, rounded_path, text, text_px

_WIDEST, _TIGHTEST = 90.0, 12.0
"""How far a gutter may grow, and how much it may shrink, for a map to fit its frame, px."""

SMALLEST_SCALE = 0.82
"""How far a map is scaled down to fit its frame: letters of 11 px are then 9 px, the least that reports.md allows."""

_SIGNS = {MORE: "▲", LESS: "▼"}
"""No plus and minus: a minus before a share would be read as a share below nothing."""
_TICK = 6.0
"""Half the length of the tick on a path where it leaves its band for another one of the company."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawn map. `heads` and `body` are two SVGs of equal height; `width` in px is of both together.

    `process` is what is drawn, `title` its accessible name; `parts` are the insides of heads and body, `size` their
    width and height in units of the drawing.
    """

    heads: Markup
    body: Markup
    width: int
    height: int
    n_boxes: int
    layout: Layout
    process: ProcessMap
    title: str
    parts: tuple[str, str]
    size: tuple[int, int]
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
    grey: frozenset[str] = frozenset(),
    finding_href: str = "#{}",
    step_href: str = "#{}",
    fill: int = 0,
    strips: Sequence[Strip] = (),
    styles: Sequence[str] = (LOVEM,),
    has_departments: bool = True,
    sizes: Sizes | None = None,
) -> Diagram:
    """Draw a map. `title` is its accessible name, `k` the least number of customers a published count stands for.

    `scale_to` is the largest count that the stroke width is scaled to (default: the map's own largest), `focus` the
    keys of steps that are set off from their neighbours, `grey` those of steps that are only there as neighbours.
    `finding_href` and `step_href` are links with {} for the anchor; a map about `fill` px wide is made exactly so.
    `styles`: whose lines are drawn; with both, the page shows one of them. Where bands are no departments
    (`has_departments` is False), going from one to another is no hand-over. `sizes`: other measures than usual.
    """
    top = scale_to or max((edge.n for edge in process.edges if edge.source != edge.target), default=1)
    by_pair = {(edge.source, edge.target): edge for edge in process.edges}
    sizes = sizes or Sizes()
    layout = _laid_out(process, pins, fill, k, top, sizes if ruler else replace(sizes, ruler=0.0))
    steps = {step.key: step for step in process.steps}
    reading = sorted(layout.boxes, key=lambda box: (box.x, box.y, box.key))
    number = {box.key: n for n, box in enumerate(reading)}
    width, height = math.ceil(layout.width), math.ceil(layout.height + STRIP_HEIGHT * len(strips))
    head = int(sizes.head)
    scale = min(1.0, max(SMALLEST_SCALE, fill / width)) if fill else 1.0
    hrefs = step_href, finding_href
    drawn = sorted(layout.edges, key=lambda e: (by_pair[e.edge.source, e.edge.target].is_told, e.edge.weight))
    body = [bands(layout, width), ruler_svg(layout, steps) if ruler else "", strips_svg(layout, strips, width, head)]
    loose = loose_discs(layout, by_pair)
    body.append(lines(layout, strips, width, head, styles, [place for place, _ in loose]))
    for e in drawn:
        edge = by_pair[e.edge.source, e.edge.target]
        body.append(_edge(e, edge, number, _hand_over(e, edge, process, layout) if has_departments else ""))
    body += [
        box_svg(box, steps[box.key], process, number[box.key], k, hrefs, _look(box.key, focus, grey)) for box in reading
    ]
    body += [_label(e, by_pair[e.edge.source, e.edge.target], number, k, finding_href) for e in drawn if e.label]
    body += [_disc_row(place, findings, finding_href) for place, findings in loose]
    named, inside = heads(layout, process, head, strips, ruler=ruler), "".join(body)
    return Diagram(
        Markup(f'<svg class="map-heads" aria-hidden="true" {_frame(head, height, scale)}>{named}</svg>'),
        Markup(
            f'<svg class="map-body" role="graphics-document document" aria-label="{text(title)}" '
            f'{_frame(width - head, height, scale)}><g transform="translate(-{head} 0)">{inside}</g></svg>'
        ),
        round(width * scale),
        round(height * scale),
        len(process.steps),
        layout,
        process,
        title,
        (named, inside),
        (width, height),
        coverage,
    )


def _laid_out(
    process: ProcessMap, pins: Mapping[str, Cell] | None, fill: int, k: int, top: int, sizes: Sizes
) -> Layout:
    """The layout; gutters grow or shrink a little so that it fills its frame."""
    edges = [Edge(e.source, e.target, e.n, *_label_px(e, k), _width(e, top)) for e in process.edges]
    boxes = [Box(step.key, step.lane, tag_px(step)) for step in process.steps]
    seen = {key for edge in process.edges for key in (edge.source, edge.target)}
    led_to = {edge.target for edge in process.edges}
    guides = [
        Edge(e.source, e.target, e.n)
        for e in process.unseen
        if not {e.source, e.target} <= seen or e.target not in led_to  # else it would stand before all others
    ]
    widest = fill / SMALLEST_SCALE if fill else None

    def laid_out(sizes: Sizes) -> Layout:
        return lay_out(
            boxes,
            edges,
            len(process.lanes),
            intended=process.order,
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
    return layout


def _look(key: str, focus: frozenset[str], grey: frozenset[str]) -> str:
    return "focus" if key in focus else "grey" if key in grey else ""


def _frame(width: int, height: int, scale: float) -> str:
    """The measures of an SVG element: `width` and `height` in units of the drawing, `scale` px each."""
    measures = f'width="{px(width * scale)}" height="{px(height * scale)}"'
    if scale == 1.0:
        return measures
    return f'{measures} viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin slice"'


def _stroke(n: int, top: int) -> float:
    """1.4 to 7 px by the square root of the count."""
    return round(1.4 + 5.6 * math.sqrt(min(1.0, n / max(top, 1))), 1)


def _width(edge: MapEdge, top: int) -> float:
    """By the count; on a difference map by how much the path changed, a path that did not being thin."""
    if edge.kind in (MORE, LESS, SAME):
        return round(2.5 + 4.5 * math.sqrt(min(1.0, edge.size)), 1) if edge.kind != SAME else 1.4
    return _stroke(edge.n, top)


def _label_text(edge: MapEdge, k: int) -> str:
    """The count, or what a difference map says of the path; '' for no label."""
    if edge.kind in (MORE, LESS, SAME):
        return f"{_SIGNS[edge.kind]} {edge.change}" if edge.kind != SAME else ""
    return formats.small_count(edge.n, k, edge.n_people) if edge.n < k else formats.count_short(edge.n)


def _label_px(edge: MapEdge, k: int) -> tuple[float, float]:
    """Width of the pill with count and discs, and of the discs alone, or the sign alone (0 without either)."""
    label = _label_text(edge, k)
    if edge.kind in (MORE, LESS, SAME):
        return (8 + text_px(label, 11), 16.0) if label else (0.0, 0.0)
    discs = (2 * DISC + 2) * len(edge.findings)
    return 10 + 6.4 * len(label) + discs, discs


def _edge(placed: PlacedEdge, edge: MapEdge, number: Mapping[str, int], tick: str) -> str:
    stroke = min(placed.edge.stroke_px, 5.0)
    line, head = arrow(placed.points, stroke)
    back = " bk" if placed.is_back and edge.kind not in (MORE, LESS, SAME) else ""  # there a dash means less
    if edge.flow == MATERIAL:
        head += arrow(line, stroke)[1]  # a second head behind the first
    look = "h hi" if edge.flow == INFORMATION else "h"
    title = f"<title>{text(edge.title)}</title>" if edge.title else ""
    ends = f"s-{number[edge.source]} t-{number[edge.target]}"
    count = "" if edge.kind in (MORE, LESS, SAME) else f' data-n="{edge.n}"'
    return (
        f'<g class="ed k-{edge.kind[0]}{back} {ends}"{count}>{title}'
        f'<path d="{rounded_path(line)}" stroke-width="{px(placed.edge.stroke_px)}"/><path class="{look}" d="{head}"/>'
        f"{tick}</g>"
    )


def _hand_over(placed: PlacedEdge, edge: MapEdge, process: ProcessMap, layout: Layout) -> str:
    """A tick where a path leaves its band for another one of the company: the customer is handed on."""
    lane_of = {box.key: box.lane for box in layout.boxes}
    here, there = lane_of[edge.source], lane_of[edge.target]
    if 0 in (here, there) or here == there:
        return ""
    border = layout.lanes[here + 1 if here < there else here].top
    x = next((a[0] for a, b in itertools.pairwise(placed.points) if min(a[1], b[1]) <= border <= max(a[1], b[1])), None)
    if x is None:
        return ""
    lane, other = process.lanes[here].name, process.lanes[there].name
    if edge.gap_ms is None:
        title = say("Hand-over from {lane} to {other}", lane=lane, other=other)
    else:
        wait = formats.duration(edge.gap_ms)
        title = say("Hand-over from {lane} to {other}, median wait {wait}", lane=lane, other=other, wait=wait)
    return f'<path class="ho" d="M{px(x - _TICK)} {px(border)}h{px(2 * _TICK)}"><title>{text(title)}</title></path>'


def _label(placed: PlacedEdge, edge: MapEdge, number: Mapping[str, int], k: int, finding_href: str) -> str:
    assert placed.label is not None
    x, y = placed.label
    width = placed.label_px
    label = _label_text(edge, k)
    discs = (2 * DISC + 2) * len(edge.findings)
    parts = [
        f'<g class="ed k-{edge.kind[0]} s-{number[edge.source]} t-{number[edge.target]} lb">'
        f'<rect x="{px(x - width / 2)}" y="{px(y - 7.5)}" width="{px(width)}" height="15" rx="4"/>'
    ]
    if edge.change and width != placed.edge.label_px:  # there is room for the sign only
        label = _SIGNS[edge.kind]
    if edge.change or width == placed.edge.label_px:  # else there is room for the numbers of the findings only
        parts.append(f'<text x="{px(x + discs / 2)}" y="{px(y + 4)}">{text(label)}</text>')
    for index, finding in enumerate(edge.findings):
        parts.append(disc(x - width / 2 + DISC + index * (2 * DISC + 2), y, finding, finding_href))
    return "".join(parts) + "</g>"


def loose_discs(layout: Layout, by_pair: Mapping[tuple[str, str], MapEdge]) -> list[tuple[Rect, tuple[int, ...]]]:
    """Where the discs of paths stand whose count found no place, and whose they are.

    On the longest piece that leaves them clear of boxes, counts and other paths; else clear of boxes and counts; else
    in the middle of the line.
    """
    solid = [rect for box in layout.boxes for rect in (box.rect, box.tag_rect) if rect]
    for placed in layout.edges:
        if placed.label:
            (x, y), half = placed.label, placed.label_px / 2
            solid.append(Rect(x - half, y - 8, x + half, y + 8))
    strokes = {id(placed): segment_rects(placed.points, 2.0) for placed in layout.edges}
    found: list[tuple[Rect, tuple[int, ...]]] = []
    for placed in layout.edges:
        findings = by_pair[placed.edge.source, placed.edge.target].findings
        if placed.label or not findings:
            continue
        places = _disc_places(placed, len(findings))
        others = [rect for key, rects in strokes.items() if key != id(placed) for rect in rects]
        clear = [place for place in places if not any(place.meets(rect, 1.0) for rect in solid)]
        free = [place for place in clear if not any(place.meets(rect) for rect in others)]
        chosen = (free or clear or places)[0]
        solid.append(chosen)
        found.append((chosen, findings))
    return found


def _disc_places(placed: PlacedEdge, n: int) -> list[Rect]:
    """Places for `n` discs side by side along a path, the best first."""
    half = (n * (2 * DISC + 2) - 2) / 2
    if placed.edge.source == placed.edge.target:  # above the arc, not on it
        (ax, ay), (bx, _) = placed.points[1], placed.points[2]
        return [Rect((ax + bx) / 2 - half, ay - 12 - DISC, (ax + bx) / 2 + half, ay - 12 + DISC)]
    pieces = sorted(
        itertools.pairwise(placed.points),
        key=lambda piece: (-abs(piece[0][0] - piece[1][0]) - abs(piece[0][1] - piece[1][1]), piece),
    )
    points = [
        (ax + (bx - ax) * share, ay + (by - ay) * share)
        for (ax, ay), (bx, by) in pieces
        for share in (0.5, 0.35, 0.65, 0.2, 0.8)
    ]
    return [Rect(x - half, y - DISC, x + half, y + DISC) for x, y in points]


def _disc_row(place: Rect, findings: Sequence[int], href: str) -> str:
    y = (place.top + place.bottom) / 2
    return "".join(
        disc(place.left + DISC + index * (2 * DISC + 2), y, finding, href) for index, finding in enumerate(findings)
    )
