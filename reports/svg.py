"""Small helpers to write SVG as text: escaped, no style attributes, numbers short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from markupsafe import escape

Point = tuple[float, float]

_BLANKS = re.compile(r"[ \t\n\r\f\v\u2028\u2029]+")
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}


def plain(text: str, limit: int = 200) -> str:
    """Text without control, bidirectional and other invisible characters, cut at `limit` characters."""
    spaced = _BLANKS.sub(" ", text).strip(" ")
    shown = "".join("\ufffd" if unicodedata.category(c) in _INVISIBLE else c for c in spaced)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def text(value: str) -> str:
    """Escaped for element content and for attributes in double quotes."""
    return str(escape(plain(value)))


def px(value: float) -> str:
    """A coordinate with at most one decimal: 12, 12.5."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0") if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
    )


_WIDTHS = {**dict.fromkeys("iljI'|.,:;!", 0.29), **dict.fromkeys("tfr ()-\u202f", 0.4), **dict.fromkeys("mwMW@%…", 0.9)}


def text_px(value: str, size: float) -> float:
    """About how wide a text is in the system's sans-serif at `size` px, semi-bold; on the wide side."""
    return size * sum(
        _WIDTHS.get(c, 0.69 if c.isupper() else 0.63 if c.isdigit() else 0.595 if ord(c) < 0x2E80 else 1.05)
        for c in value
    )


def wrap(value: str, width: float, most_lines: int, size: float = 12.0) -> list[str]:
    """Break into at most `most_lines` lines of at most `width` px at `size` px; what is left over ends in an
    ellipsis."""
    lines: list[str] = []
    words = plain(value).split(" ")
    while words:
        line = words.pop(0)
        while words and text_px(f"{line} {words[0]}", size) <= width:
            line += " " + words.pop(0)
        if text_px(line, size) > width:
            kept = _cut(line, width, size)
            words.insert(0, line[len(kept) :])
            line = kept
        lines.append(line)
        if len(lines) == most_lines and words:
            lines[-1] = _cut(f"{line} {words[0]}", width - text_px("…", size), size).rstrip() + "…"
            break
    return lines


def _cut(line: str, width: float, size: float) -> str:
    """The longest beginning that fits, at least one character."""
    while len(line) > 1 and text_px(line, size) > width:
        line = line[:-1]
    return line


def rounded_path(points: Sequence[Point], radius: float = 7.0) -> str:
    """A polyline with round corners as the `d` of a path."""
    parts = [f"M{px(points[0][0])} {px(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, _length(before, corner) / 2, _length(corner, after) / 2)
        into, out = _toward(corner, before, r), _toward(corner, after, r)
        parts.append(f"L{px(into[0])} {px(into[1])}Q{px(corner[0])} {px(corner[1])} {px(out[0])} {px(out[1])}")
    parts.append(f"L{px(points[-1][0])} {px(points[-1][1])}")
    return "".join(parts)


def arrow(points: Sequence[Point], stroke: float) -> tuple[list[Point], str]:
    """The line shortened for its head, and the head as the `d` of a filled path; the head grows with the stroke."""
    (ax, ay), (bx, by) = points[-2], points[-1]
    length = min(6.0 + 1.1 * stroke, max(_length((ax, ay), (bx, by)) - 1, 3.0))
    half = 3.2 + 0.75 * stroke
    ux, uy = _unit((ax, ay), (bx, by))
    base = (bx - ux * length, by - uy * length)
    left, right = (base[0] - uy * half, base[1] + ux * half), (base[0] + uy * half, base[1] - ux * half)
    head = f"M{px(bx)} {px(by)}L{px(left[0])} {px(left[1])}L{px(right[0])} {px(right[1])}Z"
    return [*points[:-1], (bx - ux * (length - 1), by - uy * (length - 1))], head


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _unit(a: Point, b: Point) -> Point:
    if abs(b[0] - a[0]) >= abs(b[1] - a[1]):
        return (1.0 if b[0] >= a[0] else -1.0), 0.0
    return 0.0, (1.0 if b[1] >= a[1] else -1.0)


def _toward(a: Point, b: Point, distance: float) -> Point:
    ux, uy = _unit(a, b)
    return a[0] + ux * distance, a[1] + uy * distance
