"""Bars one below the other on one scale: each with its number, its interval, and a line that it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.plots import NARROW, WIDE, drawn_twice
from reports.svg import px, text, text_px

_ROW, _TOP, _FOOT = 44, 6, 18


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar. `told` and `between`: its value and its interval as text; `tone`: cost or plain."""

    name: str
    value: float
    told: str
    tone: str = "plain"
    interval: tuple[float, float] | None = None
    between: str = ""

    @property
    def heading(self) -> str:
        """What stands above it: '12.0 % of orders (11.0 to 13.0 %)'."""
        return f"{self.told} {self.name}" + (f" ({self.between})" if self.between else "")


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """A dashed line through all bars, with its name below them."""

    value: float
    name: str


def bar_rows(rows: Sequence[BarRow], title: str, top: float | None = None, line: HeldAgainst | None = None) -> Markup:
    """The bars, from 0 to `top` (default: what holds all of them, their intervals and the line)."""
    ends = [value for row in rows for value in (row.value, *(row.interval or ()))] + ([line.value] if line else [])
    highest = top or 1.05 * max(ends, default=1.0) or 1.0
    height = _TOP + len(rows) * _ROW + (_FOOT if line else 0)

    def draw(width: int, _height: int) -> list[str]:
        def at(value: float) -> float:
            return 1 + (width - 2) * min(max(value / highest, 0.0), 1.0)

        parts = []
        for place, row in enumerate(rows):
            y = _TOP + place * _ROW
            parts.append(f'<text x="1" y="{px(y + 10)}">{text(row.heading)}</text>')
            parts.append(f'<rect class="rest" x="1" y="{px(y + 16)}" width="{px(width - 2)}" height="14"/>')
            wide = at(row.value) - 1
            parts.append(f'<rect class="bar {row.tone}" x="1" y="{px(y + 16)}" width="{px(wide)}" height="14"/>')
            if row.interval:
                low, high = (at(end) for end in row.interval)
                parts.append(
                    f'<line class="whisker" x1="{px(low)}" x2="{px(high)}" y1="{px(y + 23)}" y2="{px(y + 23)}"/>'
                )
        if line:
            x, bottom = at(line.value), _TOP + len(rows) * _ROW - 10
            half = text_px(line.name, 11) / 2
            middle = min(max(x, half + 1), width - half - 1)
            parts.append(f'<line class="mark" x1="{px(x)}" x2="{px(x)}" y1="{_TOP + 14}" y2="{px(bottom)}"/>')
            parts.append(f'<text class="mid" x="{px(middle)}" y="{px(bottom + 14)}">{text(line.name)}</text>')
        return parts

    return drawn_twice(title, draw, (WIDE[0], height), (NARROW[0], height))
