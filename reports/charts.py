"""Small charts as inline SVG: an effect with its interval on an axis, and a line over time. Colour only by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import formats
from reports.svg import px, text


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis that all cards with one unit share. `factor` turns a share into the per cent of the ticks."""

    low: float
    high: float
    step: float
    factor: float = 1.0
    suffix: str = ""

    @classmethod
    def over(cls, values: Sequence[float], *, factor: float = 1.0, suffix: str = "") -> Axis:
        """An axis from zero, or around it, with about four round steps that holds all `values`; of zeros one step."""
        top, bottom = max([*values, 0.0]) * factor, min([*values, 0.0]) * factor
        span = top - bottom or 1.0
        rough = span / 4
        magnitude = 10.0 ** math.floor(math.log10(rough))
        step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
        low, high = math.floor(bottom / step) * step, math.ceil(top / step - 1e-9) * step
        return cls(low, max(high, low + step), step, factor, suffix)

    @property
    def ticks(self) -> list[float]:
        """Tick values, from low to high."""
        return [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]


def effect_axis(
    value: float, low: float | None, high: float | None, axis: Axis, tone: str, title: str, width: int = 276
) -> Markup:
    """A dot with its interval; hollow when the interval holds zero. `title` is the accessible name."""
    left, right = 14.0, width - 22.0

    def at(v: float) -> float:
        return left + (v * axis.factor - axis.low) / (axis.high - axis.low) * (right - left)

    parts = [
        f'<svg class="effect" role="img" aria-label="{text(title)}" viewBox="0 0 {width} 40" width="{width}" '
        f'height="40">'
    ]
    for index, tick in enumerate(axis.ticks):
        zero = " zero" if abs(tick) < axis.step / 1e6 else ""
        x = left + (tick - axis.low) / (axis.high - axis.low) * (right - left)
        parts.append(f'<line class="tick{zero}" x1="{px(x)}" x2="{px(x)}" y1="{2 if zero else 4}" y2="22"/>')
        name = formats.number(
            tick, None if axis.step < 1 and tick else 0 if axis.step >= 1 and axis.step % 1 == 0 else 1
        )
        suffix = axis.suffix if index == len(axis.ticks) - 1 else ""
        parts.append(f'<text x="{px(x)}" y="35">{text(name)}{text(suffix)}</text>')
    if low is not None and high is not None:
        parts.append(f'<line class="ci {tone}" x1="{px(at(low))}" x2="{px(at(high))}" y1="12" y2="12"/>')
    hollow = " hollow" if low is not None and high is not None and low <= 0 <= high else ""
    parts.append(f'<circle class="dot {tone}{hollow}" cx="{px(at(value))}" cy="12" r="5"/></svg>')
    return Markup("".join(parts))


def spark(values: Sequence[float], title: str, width: int = 200, height: int = 30) -> Markup:
    """A bare line over equal steps of time; empty for fewer than three values. `title` says what it shows."""
    if len(values) < 3:
        return Markup("")
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = [
        (2 + i * (width - 8) / (len(values) - 1), height - 4 - (value - low) / span * (height - 8))
        for i, value in enumerate(values)
    ]
    line = "L".join(f"{px(x)} {px(y)}" for x, y in points)
    x, y = points[-1]  # the dot is a stroke, too, so that stretching keeps it round
    return Markup(
        f'<svg class="spark" role="img" aria-label="{text(title)}" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none">'
        f'<path d="M{line}" vector-effect="non-scaling-stroke"/><path class="end" d="M{px(x)} {px(y)}h0.01" '
        f'vector-effect="non-scaling-stroke"/></svg>'
    )
