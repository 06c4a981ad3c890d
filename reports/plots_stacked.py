"""Bars of parts on top of each other, as inline SVG like the other charts (reports/plots.py), with their legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.plots import drawn_twice, frame_of, scale, tick_text, x_text, y_axis
from reports.svg import px, text


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its name below the axis, and the size of each part, from the axis up."""

    name: str
    parts: Sequence[float]


def stacked(bars: Sequence[Bar], tones: Sequence[str], title: str) -> Markup:
    """Bars side by side; `tones`: the class of each part. The numbers stand in a table on the same page."""
    if not bars:
        return Markup("")
    ticks = scale(0, max(sum(bar.parts) for bar in bars) or 1.0)

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (0, len(bars)), ticks, tick_text)
        parts = y_axis(frame, tick_text)
        for place, bar in enumerate(bars):
            left, right = frame.x(place + 0.1), frame.x(place + 0.9)
            base = 0.0
            for size, tone in zip(bar.parts, tones, strict=True):
                top, bottom = frame.y(base + size), frame.y(base)
                base += size
                if bottom - top >= 0.3:
                    parts.append(
                        f'<rect class="part {tone}" x="{px(left)}" y="{px(top)}" width="{px(right - left)}" '
                        f'height="{px(bottom - top)}"/>'
                    )
            parts.append(x_text(frame, frame.x(place + 0.5), bar.name)[0])
        return parts

    return drawn_twice(title, draw)


def legend(names: Sequence[tuple[str, str]], label: str) -> Markup:
    """(tone, name) as a list with a swatch each, in the order of the bars from top to bottom."""
    items = "".join(
        f'<li><svg aria-hidden="true" class="w20"><rect class="part {tone}" width="16" height="12" rx="2"/></svg>'
        f"{text(name)}</li>"
        for tone, name in reversed(names)
    )
    return Markup(f'<ul class="legend" aria-label="{text(label)}">{items}</ul>')
