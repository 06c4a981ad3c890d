"""Places for the counts on the edges: greedy, heaviest edge first, against boxes, labels and foreign edges.

An edge without a free place gets no label; the number is in the table.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Point = tuple[float, float]

LABEL_HEIGHT = 15.0
_ALONG = (0.5, 0.35, 0.65, 0.2, 0.8)
_ROOM = 22.0  # px of line that must stay visible beside a label on it, so that the arrow can be read


@dataclass(frozen=True, slots=True)
class Rect:
    """An axis-parallel rectangle in px."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Rect, gap: float = 0.0) -> bool:
        """Whether the two come closer than `gap`."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.top < other.bottom + gap
            and other.top < self.bottom + gap
        )


def segment_rects(points: Sequence[Point], half: float = 1.0) -> list[Rect]:
    """The straight pieces of a polyline as thin rectangles, `half` px to each side."""
    return [
        Rect(min(a[0], b[0]) - half, min(a[1], b[1]) - half, max(a[0], b[0]) + half, max(a[1], b[1]) + half)
        for a, b in itertools.pairwise(points)
    ]


def place_labels(
    lines: Mapping[int, Sequence[Point]],
    widths: Mapping[int, Sequence[float]],
    halves: Mapping[int, float],
    solid: Iterable[Rect],
    frame: Rect,
    *,
    may_stand_beside: bool = False,
) -> dict[int, tuple[Point, float]]:
    """Centre and width of the label per edge number, in the order of `lines`; edges without a free place are absent.

    `widths`: label widths per edge in px, the wanted one first, `halves`: half the stroke width, `solid`: what a label
    may never touch. `may_stand_beside`: also beside a long piece, where there is no room on it.
    """
    strokes = {number: segment_rects(points, halves.get(number, 1.0)) for number, points in lines.items()}
    everything = [(number, rect) for number, rects in strokes.items() for rect in rects]
    taken = list(solid)
    placed: dict[int, tuple[Point, float]] = {}
    for number, points in lines.items():
        gap = 3 + halves.get(number, 1.0)
        places = [
            (place, width)
            for width in widths.get(number, ())
            for place in _candidates(points, width) + (_beside(points, width, gap) if may_stand_beside else [])
        ]
        for (x, y), width in places:
            half = width / 2
            rect = Rect(x - half, y - LABEL_HEIGHT / 2, x + half, y + LABEL_HEIGHT / 2)
            if rect.left < frame.left or rect.right > frame.right or rect.top < frame.top or rect.bottom > frame.bottom:
                continue
            if any(rect.meets(other, 2.0) for other in taken):
                continue
            if any(other != number and rect.meets(stroke) for other, stroke in everything):
                continue
            placed[number] = (x, y), width
            taken.append(rect)
            break
    return placed


def _candidates(points: Sequence[Point], width: float) -> list[Point]:
    """Places to try: on the longest pieces first (level ones before upright ones), then beside short pieces."""
    pieces = sorted(
        itertools.pairwise(points),
        key=lambda piece: (
            piece[0][1] != piece[1][1],
            -abs(piece[0][0] - piece[1][0]) - abs(piece[0][1] - piece[1][1]),
            piece,
        ),
    )
    on_line: list[Point] = []
    beside: list[Point] = []
    for (ax, ay), (bx, by) in pieces:
        level = ay == by
        length, needed = (abs(ax - bx), width + _ROOM) if level else (abs(ay - by), LABEL_HEIGHT + _ROOM)
        if length >= needed:
            on_line += [(ax + (bx - ax) * share, ay + (by - ay) * share) for share in _ALONG]
        elif level:
            middle, shift = (ax + bx) / 2, LABEL_HEIGHT / 2 + 4
            beside += [(middle, ay - shift), (middle, ay + shift)]
            slide = width / 2 - length / 2 + 4
            beside += [(middle + slide, ay - shift), (middle - slide, ay - shift)] if slide > 0 else []
        else:
            middle, shift = (ay + by) / 2, width / 2 + 4
            beside += [(ax + shift, middle), (ax - shift, middle)]
    return on_line + beside


def _beside(points: Sequence[Point], width: float, gap: float) -> list[Point]:
    """Places close to each piece of a line, the longest first, on either side of it."""
    pieces = sorted(itertools.pairwise(points), key=lambda p: (-abs(p[0][0] - p[1][0]) - abs(p[0][1] - p[1][1]), p))
    found: list[Point] = []
    for (ax, ay), (bx, by) in pieces:
        for share in _ALONG:
            x, y = ax + (bx - ax) * share, ay + (by - ay) * share
            if ay == by:
                found += [(x, y - LABEL_HEIGHT / 2 - gap), (x, y + LABEL_HEIGHT / 2 + gap)]
            else:
                found += [(x + width / 2 + gap, y), (x - width / 2 - gap, y)]
    return found
