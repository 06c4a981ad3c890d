"""A change drawn over weeks: who got it, who did not, the day, and where the figure would have been without it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import formats
from reports.plots import Format, drawn_twice, frame_of, scale, x_text, y_axis
from reports.svg import px, text


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """A week's value of the affected group, of the control where there is one, and whether the change was there."""

    monday: dt.date
    value: float | None
    control: float | None
    is_after: bool


def change_lines(
    weeks: Sequence[WeekPoint], day: dt.date, without: tuple[float, float] | None, title: str, show: Format
) -> Markup:
    """The weekly lines; `without` = the interval in which the level after would have been without the change.

    Empty for fewer than three weeks.
    """
    values = [v for week in weeks for v in (week.value, week.control) if v is not None]
    if len(weeks) < 3 or not values:
        return Markup("")
    ticks = scale(min(*values, *(without or values)), max(*values, *(without or values)))
    first, last = weeks[0].monday.toordinal(), weeks[-1].monday.toordinal() + 6

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (first, last), ticks, show)
        parts = y_axis(frame, show)
        after = [week.monday.toordinal() for week in weeks if week.is_after]
        if without and after:
            left, right = frame.x(after[0]), frame.x(min(after[-1] + 6, last))
            top, bottom = frame.y(without[1]), frame.y(without[0])
            parts.append(f'<path class="band" d="M{px(left)} {px(top)}H{px(right)}V{px(bottom)}H{px(left)}Z"/>')
        if first <= day.toordinal() <= last:
            x = frame.x(day.toordinal())
            name = formats.date_in_year(day)
            parts.append(f'<line class="mark" x1="{px(x)}" x2="{px(x)}" y1="18" y2="{px(frame.height - 24)}"/>')
            parts.append(f'<text class="mid" x="{px(min(max(x, 40), width - 40))}" y="12">{text(name)}</text>')
        for is_control, kind in ((True, "line usual"), (False, "line")):
            for run in _runs(weeks, is_control=is_control):
                path = "L".join(f"{px(frame.x(at))} {px(frame.y(value))}" for at, value in run)
                parts.append(f'<path class="{kind}" d="M{path}"/>')
        ends = -99.0
        for place in sorted({round(i * (len(weeks) - 1) / 4) for i in range(5)}):
            monday = weeks[place].monday
            label, ends = x_text(frame, frame.x(monday.toordinal() + 3), formats.date_in_year(monday), ends)
            parts.append(label)
        return parts

    return drawn_twice(title, draw)


def _runs(weeks: Sequence[WeekPoint], *, is_control: bool) -> list[list[tuple[int, float]]]:
    """Stretches of weeks without a gap: a line is not drawn over weeks that were left out, such as the wash-out."""
    runs: list[list[tuple[int, float]]] = [[]]
    before: int | None = None
    for week in weeks:
        value, at = (week.control if is_control else week.value), week.monday.toordinal()
        if value is None:
            continue
        if before is not None and at - before > 7:
            runs.append([])
        runs[-1].append((at + 3, value))
        before = at
    return [run for run in runs if run]
