"""Pictures of a finding that brings their numbers: its place among its peers, and the hours around a moment.

What is drawn is in the finding's record (mining/picture_fields.py); a kind that has the fields has the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from reports import formats
from reports.plots import NARROW, WIDE, Frame, drawn_twice, frame_of, scale, tick_text, x_text, y_axis
from reports.svg import px

_STRIP_PX = 96
_SIDE_HOURS = 24
_TICKS = (-24, -12, 0, 12, 24)
_PARTS = (
    mark("others: a tenth have less"),
    mark("others: a quarter have less"),
    mark("others: half have less"),
    mark("others: three quarters have less"),
    mark("others: nine tenths have less"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A heading, a sentence on how to read it, the drawing; its numbers as a table, the first column text."""

    heading: str
    note: str
    drawing: Markup
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def pictures(extra: Mapping[str, Any]) -> tuple[Picture, ...]:
    """All pictures that a record has the numbers of."""
    found = []
    if extra.get("among_peers"):
        found.append(_among_peers(extra["among_peers"]))
    if extra.get("around"):
        found.append(_around(extra["around"]))
    return tuple(found)


def _among_peers(told: Mapping[str, Any]) -> Picture:
    """A dot with its interval over the spread of the peers."""
    low, first, half, third, high = (float(value) for value in told["peers"])
    own, own_low, own_high = (float(told[name]) for name in ("value", "low", "high"))
    unit = say(str(told["unit"]))
    ticks = scale(0.0, max(high, own_high, own))

    def draw(width: int, height: int) -> list[str]:
        frame = Frame(width, height, 16.0, ticks[0], ticks[-1], ticks)
        floor, middle = height - 24.0, (height - 24.0) / 2
        parts = []
        ends = -99.0
        for tick in ticks:
            at = px(frame.x(tick))
            parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="4" y2="{px(floor)}"/>')
            label, ends = x_text(frame, frame.x(tick), tick_text(tick), ends)
            parts.append(label)
        for begin, end, tall in ((low, high, 14.0), (first, third, 28.0)):
            wide = max(frame.x(end) - frame.x(begin), 2.0)
            parts.append(
                f'<rect class="band" x="{px(frame.x(begin))}" y="{px(middle - tall / 2)}" width="{px(wide)}" '
                f'height="{px(tall)}"/>'
            )
        at = px(frame.x(half))
        parts.append(f'<line class="line" x1="{at}" x2="{at}" y1="{px(middle - 18)}" y2="{px(middle + 18)}"/>')
        ends_at = f'x1="{px(frame.x(own_low))}" x2="{px(frame.x(own_high))}"'
        parts.append(f'<line class="line cost" {ends_at} y1="{px(middle)}" y2="{px(middle)}"/>')
        parts.append(f'<circle class="dot cost" cx="{px(frame.x(own))}" cy="{px(middle)}" r="6"/>')
        return parts

    title = say(
        "{own} {unit} here (interval {low} to {high}), {half} in the middle of the others",
        own=formats.number(own),
        unit=unit,
        low=formats.number(own_low),
        high=formats.number(own_high),
        half=formats.number(half),
    )
    note = say(
        "In {unit}. Vermillion: here, with its interval. Blue: the middle of {n} others, the half around it and, "
        "lighter, eight in ten of them, all as if they had the customers of this one.",
        unit=unit,
        n=formats.count(int(told["n_peers"])),
    )
    drawn = drawn_twice(title, draw, (WIDE[0], _STRIP_PX), (NARROW[0], _STRIP_PX))
    rows = [(say("here"), formats.number(own)), *zip(map(say, _PARTS), map(formats.number, told["peers"]), strict=True)]
    return Picture(say("Among its peers"), note, drawn, (say("Which"), unit), tuple(rows))


def _around(told: Mapping[str, Any]) -> Picture:
    """Bars of events an hour, from 24 hours before a moment to 24 hours after it."""
    bars: Sequence[tuple[int, int, int]] = [(int(a), int(b), int(n)) for a, b, n in told["bars"]]
    unit, moment = say(str(told["unit"])), say(str(told["moment"]))
    before = sum(n for begin, _, n in bars if begin < 0)
    after = sum(n for begin, _, n in bars if begin >= 0)
    ticks = scale(0.0, max(max(n / (end - begin) for begin, end, n in bars), 1e-9))

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (-_SIDE_HOURS, _SIDE_HOURS), ticks, tick_text)
        parts = y_axis(frame, tick_text)
        for begin, end, n in bars:
            x, y = frame.x(begin), frame.y(n / (end - begin))
            wide = max(frame.x(end) - x - 1, 1.0)
            tone = "bar" if begin < 0 else "bar cost"
            parts.append(
                f'<rect class="{tone}" x="{px(x)}" y="{px(y)}" width="{px(wide)}" height="{px(frame.y(0) - y)}"/>'
            )
        zero = px(frame.x(0))
        parts.append(f'<line class="mark" x1="{zero}" x2="{zero}" y1="4" y2="{px(frame.y(0))}"/>')
        ends = -99.0
        for tick in _TICKS:
            label, ends = x_text(frame, frame.x(tick), _hour(tick, moment), ends)
            parts.append(label)
        return parts

    title = say(
        "{before} {unit} in the 24 hours before {moment}, {after} in the 24 hours after it",
        before=formats.count(before),
        after=formats.count(after),
        unit=unit,
        moment=moment,
    )
    note = say(
        "{unit} an hour. Blue: before {moment}; vermillion: after it. A wide bar joins hours of few customers.",
        unit=unit.capitalize(),
        moment=moment,
    )
    rows = [(formats.interval(f"{begin:+d}", f"{end:+d}"), formats.count(n)) for begin, end, n in bars]
    return Picture(say("Before and after"), note, drawn_twice(title, draw), (say("Hours"), unit), tuple(rows))


def _hour(tick: int, moment: str) -> str:
    if not tick:
        return moment
    return say("{n} h", n=formats.number(tick, 0))
