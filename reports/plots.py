"""Charts of the drill-down pages as inline SVG: a line with its band, a histogram, bars, an interval in a table row.

A chart is drawn twice, wide and narrow, and a container query of the style sheet shows one, so that letters keep their
size on a phone. Colour comes from classes only; the numbers stand in a table on the same page.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ingest.language import say
from reports import formats
from reports.charts import Axis
from reports.svg import px, text, text_px

WIDE, NARROW = (560, 230), (300, 200)
LETTERS_PX = 11.0
Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day, with its interval where there is one."""

    day: dt.date
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """A bar of a histogram, [low, high); n None = fewer than may be told."""

    low: float
    high: float
    n: int | None


def scale(low: float, high: float, steps: int = 4) -> list[float]:
    """Round ticks, about `steps` of them, that hold [low, high]."""
    span = high - low or abs(high) or 1.0
    rough = span / steps
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


def tick_text(tick: float) -> str:
    """0, 2, 2.5: no more decimals than the tick has."""
    return formats.number(tick, next(d for d in range(7) if d == 6 or abs(tick - round(tick, d)) < 1e-9))


@dataclass(frozen=True, slots=True)
class Frame:
    """The inside of a chart: from values to px."""

    width: int
    height: int
    left: float
    x_low: float
    x_high: float
    ticks: Sequence[float]

    def x(self, value: float) -> float:
        span = self.x_high - self.x_low or 1.0
        return self.left + (value - self.x_low) / span * (self.width - 14 - self.left)

    def y(self, value: float) -> float:
        span = self.ticks[-1] - self.ticks[0] or 1.0
        return self.height - 24 - (value - self.ticks[0]) / span * (self.height - 24 - 20)


def drawn_twice(
    title: str,
    draw: Callable[[int, int], list[str]],
    wide: tuple[int, int] = WIDE,
    narrow: tuple[int, int] = NARROW,
) -> Markup:
    parts = []
    for name, (width, height) in (("wide", wide), ("narrow", narrow)):
        parts.append(
            f'<svg class="plot {name}" role="img" aria-label="{text(title)}" viewBox="0 0 {width} {height}">'
            f"{''.join(draw(width, height))}</svg>"
        )
    return Markup("".join(parts))


def frame_of(width: int, height: int, x: tuple[float, float], ticks: Sequence[float], show: Format) -> Frame:
    return Frame(width, height, 12 + max(text_px(show(tick), LETTERS_PX) for tick in ticks), *x, ticks)


def y_axis(frame: Frame, show: Format) -> list[str]:
    parts = []
    for tick in frame.ticks:
        y = frame.y(tick)
        parts.append(
            f'<line class="grid" x1="{px(frame.left)}" x2="{px(frame.width - 14)}" y1="{px(y)}" y2="{px(y)}"/>'
        )
        parts.append(f'<text class="end" x="{px(frame.left - 6)}" y="{px(y + 4)}">{text(show(tick))}</text>')
    return parts


def x_text(frame: Frame, x: float, label: str, last_x: float = -99.0) -> tuple[str, float]:
    """A label below the axis, kept inside the drawing; '' where it would touch the one before, which ends at last_x."""
    half = text_px(label, LETTERS_PX) / 2
    middle = min(max(x, half + 1), frame.width - half - 1)
    if middle - half < last_x + 6:
        return "", last_x
    return f'<text class="mid" x="{px(middle)}" y="{px(frame.height - 7)}">{text(label)}</text>', middle + half


def line_band(
    points: Sequence[Point],
    title: str,
    show: Format,
    marks: Sequence[tuple[dt.date, str]] = (),
    unit: float = 1.0,
    most_days: int | None = None,
) -> Markup:
    """A line over days with its intervals as a band; `unit` divides the values. Empty for fewer than three points.

    Between points that are more than `most_days` apart there is no line; one that stands alone is a dot.
    """
    if len(points) < 3:
        return Markup("")
    bounds = [v / unit for p in points for v in (p.value, p.low, p.high) if v is not None]
    ticks = scale(min(bounds), max(bounds))
    first, last = points[0].day.toordinal(), points[-1].day.toordinal()

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (first, last), ticks, show)
        at = [(frame.x(p.day.toordinal()), p) for p in points]
        parts = y_axis(frame, show)
        runs = _runs(at, most_days)
        for run in runs:
            band = [(x, p.low, p.high) for x, p in run if p.low is not None and p.high is not None]
            if len(band) > 1:
                over = [f"{px(x)} {px(frame.y(high / unit))}" for x, _, high in band]
                under = [f"{px(x)} {px(frame.y(low / unit))}" for x, low, _ in reversed(band)]
                parts.append(f'<path class="band" d="M{"L".join(over + under)}Z"/>')
        for day, name in marks:
            if first <= day.toordinal() <= last:
                x = frame.x(day.toordinal())
                parts.append(f'<line class="mark" x1="{px(x)}" x2="{px(x)}" y1="18" y2="{px(frame.height - 24)}"/>')
                parts.append(f'<text class="mid" x="{px(min(max(x, 60), width - 60))}" y="12">{text(name)}</text>')
        for run in runs:
            if len(run) == 1:
                x, p = run[0]
                parts.append(f'<circle class="last" cx="{px(x)}" cy="{px(frame.y(p.value / unit))}" r="2.5"/>')
            line = "L".join(f"{px(x)} {px(frame.y(p.value / unit))}" for x, p in run)
            parts.append(f'<path class="line" d="M{line}"/>')
        x, p = at[-1]
        parts.append(f'<circle class="last" cx="{px(x)}" cy="{px(frame.y(p.value / unit))}" r="4"/>')
        ends = -99.0
        for place in sorted({round(i * (len(at) - 1) / 4) for i in range(5)}):
            label, ends = x_text(frame, at[place][0], formats.date_in_year(at[place][1].day), ends)
            parts.append(label)
        return parts

    return drawn_twice(title, draw)


def _runs(at: Sequence[tuple[float, Point]], most_days: int | None) -> list[list[tuple[float, Point]]]:
    """Stretches of points none of which is more than `most_days` after the one before."""
    runs: list[list[tuple[float, Point]]] = []
    for x, point in at:
        if not runs or (most_days is not None and (point.day - runs[-1][-1][1].day).days > most_days):
            runs.append([])
        runs[-1].append((x, point))
    return runs


def histogram(bins: Sequence[Bin], title: str, unit: str, median: float | None = None) -> Markup:
    """Bars of equal width over a measured scale; bars that may not be told are left out, as the text beside says."""
    if not bins:
        return Markup("")
    ticks = scale(0, max((b.n or 0 for b in bins), default=1))

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (bins[0].low, bins[-1].high), ticks, tick_text)
        parts = y_axis(frame, tick_text)
        for one in bins:
            if one.n:
                x, y = frame.x(one.low), frame.y(one.n)
                wide = max(frame.x(one.high) - x - 1, 1)
                parts.append(
                    f'<rect class="bar" x="{px(x)}" y="{px(y)}" width="{px(wide)}" height="{px(frame.y(0) - y)}"/>'
                )
        if median is not None:
            x = frame.x(median)
            name = say("half within {time}", time=f"{formats.number(median)}{formats.THIN}{unit}")
            half = text_px(name, LETTERS_PX) / 2
            parts.append(f'<line class="mark" x1="{px(x)}" x2="{px(x)}" y1="18" y2="{px(frame.height - 24)}"/>')
            parts.append(f'<text class="mid" x="{px(min(max(x, half), width - half))}" y="12">{text(name)}</text>')
        ends = -99.0
        for tick in scale(bins[0].low, bins[-1].high, 5):
            if bins[0].low <= tick <= bins[-1].high:
                label, ends = x_text(frame, frame.x(tick), f"{tick_text(tick)}{formats.THIN}{unit}", ends)
                parts.append(label)
        return parts

    return drawn_twice(title, draw)


def interval_dot(
    value: float, low: float | None, high: float | None, axis: Axis, tone: str, base: float | None
) -> Markup:
    """A dot with its interval on the axis that all rows of a table share; `base`: what it is held against.

    Decoration of numbers that stand in the same row, hence hidden from screen readers.
    """
    width = 170

    def at(v: float) -> str:
        return px(6 + (v * axis.factor - axis.low) / (axis.high - axis.low) * (width - 12))

    parts = [f'<svg class="dots" aria-hidden="true" viewBox="0 0 {width} 16" width="{width}" height="16">']
    if base is not None:
        parts.append(f'<line class="base" x1="{at(base)}" x2="{at(base)}" y1="0" y2="16"/>')
    if low is not None and high is not None:
        parts.append(f'<line class="ci {tone}" x1="{at(low)}" x2="{at(high)}" y1="8" y2="8"/>')
    parts.append(f'<circle class="dot {tone}" cx="{at(value)}" cy="8" r="4"/></svg>')
    return Markup("".join(parts))


def share_bar(share: float, tone: str = "plain") -> Markup:
    """A bar for a share of 0 to 1, beside the number it repeats."""
    wide = px(160 * min(max(share, 0.0), 1.0))
    return Markup(
        f'<svg class="dots" aria-hidden="true" viewBox="0 0 162 12" width="162" height="12">'
        f'<rect class="rest" x="0" y="2" width="160" height="8"/>'
        f'<rect class="{tone}" x="0" y="2" width="{wide}" height="8"/>'
        f"</svg>"
    )
