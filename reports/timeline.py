"""Journeys on a scale of time, one row each, on one axis: when what happened, and how long nothing did."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from reports import formats
from reports.plots import scale, tick_text
from reports.records import Example
from reports.svg import px, text
from reports.view_journeys import StepNames

_WIDTH, _LEFT, _RIGHT, _ROW = 1160, 104, 22, 20
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def journey_lines(groups: Sequence[tuple[str, Sequence[Example]]], names: StepNames, own: frozenset[str]) -> Markup:
    """The drawing; '' without a journey. `groups`: heading and journeys; `own`: the steps of the finding, drawn large.

    What falls on one spot of the axis is one dot; a step of the finding covers others.
    """
    longest = max((one.duration_ms for _, members in groups for one in members), default=0)
    if not any(members for _, members in groups):
        return Markup("")
    unit, unit_ms = next((pair for pair in _UNITS if longest >= 1.5 * pair[1]), _UNITS[-1])
    ticks = scale(0, max(longest / unit_ms, 1), 8)

    def at(ms: float) -> float:
        return _LEFT + ms / unit_ms / ticks[-1] * (_WIDTH - _LEFT - _RIGHT)

    parts: list[str] = []
    y = 14.0
    for title, members in groups:
        if members:
            parts.append(f'<text class="tl-head" x="0" y="{px(y + 4)}">{text(title)}</text>')
            y += _ROW
        for one in members:
            parts += _row(one, y, at, names, own)
            y += _ROW
    height = y + 14
    grid = []
    for tick in ticks:
        x = at(tick * unit_ms)
        grid.append(f'<line class="grid" x1="{px(x)}" x2="{px(x)}" y1="4" y2="{px(height - 20)}"/>')
        grid.append(
            f'<text class="mid" x="{px(x)}" y="{px(height - 6)}">{text(tick_text(tick))}{formats.THIN}{unit}</text>'
        )
    n = sum(len(members) for _, members in groups)
    label = formats.plural(
        n,
        "{n} journey on a scale of time, up to {longest}; as steps below",
        "{n} journeys on a scale of time, up to {longest}; as steps below",
        longest=formats.duration(longest),
    )
    return Markup(
        f'<svg class="plot lanes" role="img" aria-label="{text(label)}" viewBox="0 0 {_WIDTH} {px(height)}" '
        f'width="{_WIDTH}" height="{px(height)}">{"".join(grid)}{"".join(parts)}</svg>'
    )


def _row(one: Example, y: float, at: Callable[[float], float], names: StepNames, own: frozenset[str]) -> list[str]:
    spots: dict[int, tuple[bool, int]] = {}
    for moment in one.moments:
        spot = round(at(moment.at_ms) / 5)
        is_own = moment.step in own
        if spot not in spots or (is_own and not spots[spot][0]):
            spots[spot] = (is_own, names.tint.get(moment.step, 0))
    end = at(one.duration_ms)
    parts = [
        f'<text x="8" y="{px(y + 4)}">{text(one.key)}</text>',
        f'<line class="tl-row" x1="{px(at(0))}" x2="{px(end)}" y1="{px(y)}" y2="{px(y)}"/>',
    ]
    for spot, (is_own, tint) in sorted(spots.items(), key=lambda item: (item[1][0], item[0])):
        look = "tl-own" if is_own else f"tl-dot lane-{tint}"
        parts.append(f'<circle class="{look}" cx="{spot * 5}" cy="{px(y)}" r="{5 if is_own else 4}"/>')
    if not one.is_complete:
        parts.append(f'<text class="tl-open" x="{px(end + 9)}" y="{px(y + 4)}">…</text>')
    return parts
