"""What lies under and around the boxes of a process map: bands, their heads, the ruler, the lines, the strips below.

The lines are what tells the two styles apart (method.md 1.1): in LOVEM the line of visibility parts customer and
company; in a service blueprint that is the line of interaction, and the line of visibility lies below all that the
customer sees. Boxes, paths and numbers are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.language import mark, say
from reports import formats
from reports.layout import Layout
from reports.layout_labels import Rect, segment_rects
from reports.maps import MapStep, ProcessMap
from reports.svg import px, text, wrap

LANE_TINTS = 6
"""Tints for lane heads in the style sheet: 0 is the customer's, departments take 1 to 5 in turn."""

LOVEM, BLUEPRINT = "lovem", "blueprint"
STRIP_HEIGHT = 34.0
_BEYOND = 4000
"""Bands and lines go on to the right, so that a narrow map fills its frame."""

_FIRST_SCREEN = 1_330.0


@dataclass(frozen=True, slots=True)
class Strip:
    """A band below the map that is told, not drawn: what customers do not see, and what nobody declared.

    `line`: the line above it, by style, said where it is drawn; a style that has no line there is absent.
    """

    name: str
    note: str
    line: tuple[tuple[str, str], ...] = ()


LINE_OF_VISIBILITY = mark("line of visibility")
CUSTOMER_LINE = ((LOVEM, LINE_OF_VISIBILITY), (BLUEPRINT, mark("line of interaction")))


def bands(layout: Layout, width: int) -> str:
    """One rectangle a lane; the customer's is warm, the others alternate."""
    kinds = ["c"] + ["o" if lane % 2 else "e" for lane in range(1, len(layout.lanes))]
    return "".join(
        f'<rect class="band b-{kind}" data-lane="{lane.index}" x="0" y="{px(lane.top)}" width="{width + _BEYOND}" '
        f'height="{px(lane.height)}"/>'
        for lane, kind in zip(layout.lanes, kinds, strict=True)
    )


def heads(layout: Layout, process: ProcessMap, head: int, strips: Sequence[Strip], *, ruler: bool) -> str:
    """Names of the lanes and what they count. The drawing that stays while the map scrolls."""
    since = say("since start")
    parts = [f'<text class="ruler" x="12" y="17">{text(since)}</text>'] if ruler else []
    for lane in layout.lanes:
        tint = 0 if lane.index == 0 else (lane.index - 1) % (LANE_TINTS - 1) + 1
        parts.append(f'<rect class="lane-{tint}" x="0" y="{px(lane.top)}" width="{head}" height="{px(lane.height)}"/>')
        names = wrap(process.lanes[lane.index].name, head - 20, 2, 13)
        most = 3 if lane.height > 110 else 2 if lane.height > 80 else 1
        note = process.lanes[lane.index].note
        notes = wrap(note, head - 20, most, 11) if note else []
        at = lane.top + lane.height / 2 - (15 * len(names) + 13 * len(notes)) / 2 + 12
        for line in names:
            parts.append(f'<text class="lane-name" x="12" y="{px(at)}">{text(line)}</text>')
            at += 15
        for line in notes:
            parts.append(f'<text class="lane-note" x="12" y="{px(at)}">{text(line)}</text>')
            at += 13
    top = layout.height
    for strip in strips:
        parts.append(f'<rect class="below" x="0" y="{px(top)}" width="{head}" height="{px(STRIP_HEIGHT)}"/>')
        parts.append(f'<text class="below-name" x="12" y="{px(top + 21)}">{text(strip.name)}</text>')
        top += STRIP_HEIGHT
    y = layout.lanes[0].top + layout.lanes[0].height
    parts.append(f'<line class="lov" x1="0" x2="{head}" y1="{px(y)}" y2="{px(y)}"/>')
    return "".join(parts)


def ruler_svg(layout: Layout, steps: Mapping[str, MapStep]) -> str:
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


def strips_svg(layout: Layout, strips: Sequence[Strip], width: int, head: int) -> str:
    """The strips below the lanes: their sentence, in place of boxes."""
    parts, top = [], layout.height
    for strip in strips:
        parts.append(
            f'<rect class="below" x="0" y="{px(top)}" width="{width + _BEYOND}" height="{px(STRIP_HEIGHT)}"/>'
            f'<text class="below-note" x="{head + 12}" y="{px(top + 21)}">{text(strip.note)}</text>'
        )
        top += STRIP_HEIGHT
    return "".join(parts)


def lines(
    layout: Layout, strips: Sequence[Strip], width: int, head: int, styles: Sequence[str], discs: Sequence[Rect] = ()
) -> str:
    """The lines of each style, named where there is room. The customer's lower edge comes first."""
    taken = [*_taken(layout), *discs]
    y = layout.lanes[0].top + layout.lanes[0].height
    parts = [_line("lov", y, width), *_names(CUSTOMER_LINE, y, taken, width, head, styles)]
    for index, strip in enumerate(strips):
        y = layout.height + index * STRIP_HEIGHT
        for style, name in strip.line:
            if style in styles:
                drawn = _line("lov" if name == LINE_OF_VISIBILITY else "lin", y, width)
                named = "".join(_names([(style, name)], y, taken, width, head, [style]))
                parts.append(f'<g class="in-{style}">{drawn}{named}</g>' if len(styles) > 1 else drawn + named)
    return "".join(parts)


def _line(name: str, y: float, width: int) -> str:
    return f'<line class="{name}" x1="0" x2="{width + _BEYOND}" y1="{px(y)}" y2="{px(y)}"/>'


def _names(
    line: Sequence[tuple[str, str]], y: float, taken: Sequence[Rect], width: int, head: int, styles: Sequence[str]
) -> list[str]:
    """The name of a line per style, in a pill as far right on the first screen as nothing else stands."""
    half = 14 + 3.1 * max(len(say(name)) for _, name in line)
    right = max(min(width - 10 - half, _FIRST_SCREEN), head + half + 4)  # a narrow map's lines go on beyond it
    places = [right - 12 * i for i in range(max(0, int((right - head - half) / 12)) + 1)]
    x = next((p for p in places if not any(r.meets(Rect(p - half, y - 9, p + half, y + 9)) for r in taken)), None)
    if x is None:
        return []
    return [
        f'<g class="lov-name{f" in-{style}" if len(styles) > 1 else ""}"><rect x="{px(x - half)}" y="{px(y - 9)}" '
        f'width="{px(2 * half)}" height="18" rx="9"/><text x="{px(x)}" y="{px(y + 4)}">{text(say(name))}</text></g>'
        for style, name in line
        if style in styles
    ]


def _taken(layout: Layout) -> list[Rect]:
    """Where boxes, tags, paths and counts are."""
    taken = [rect for box in layout.boxes for rect in (box.rect, box.tag_rect) if rect]
    for edge in layout.edges:
        taken += segment_rects(edge.points, 3.0)
        if edge.label:
            (x, y), half = edge.label, edge.label_px / 2
            taken.append(Rect(x - half, y - 8, x + half, y + 8))
    return taken
