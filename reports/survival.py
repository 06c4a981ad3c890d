"""The picture of a failure point: the share of journeys still without the bad outcome after the step, and after the
main step of its stage (Kaplan and Meier 1958). The numbers are the finding's own (`extra.survival`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ingest.language import mark, say
from reports import formats
from reports.plots import drawn_twice, frame_of, scale, tick_text, x_text, y_axis
from reports.svg import px

Curve = Sequence[Sequence[float]]
_LEAST_POINTS = 3
_AXES = {"steps": mark("steps after it"), "days": mark("days after it")}


def curves(survival: Mapping[str, Any], step: str, reference: str) -> Markup:
    """Two falling lines, the step's in the colour of costs; '' where either is too short to draw. `step`, `reference`:
    their labels."""
    own, other = (survival.get(name) or [] for name in ("step", "reference"))
    if min(len(own), len(other)) < _LEAST_POINTS:
        return Markup("")
    lowest = min(point[1] for point in (*own, *other))
    ticks = [tick for tick in scale(min(lowest, 0.95), 1.0) if tick <= 1 + 1e-9]
    last = max(own[-1][0], other[-1][0])
    axis = say(_AXES[survival.get("unit", "steps")])

    def draw(width: int, height: int) -> list[str]:
        frame = frame_of(width, height, (0, last), ticks, _whole)
        parts = y_axis(frame, _whole)
        for curve, tone in ((other, "line usual"), (own, "line cost")):
            parts.append(f'<path class="{tone}" d="{_stairs([(frame.x(t), frame.y(v)) for t, v, *_ in curve])}"/>')
        ends = -99.0
        for tick in scale(0, last, 4):
            if 0 <= tick <= last / 2 and tick == round(tick):  # the rest is for the last label, which has the unit
                label, ends = x_text(frame, frame.x(tick), tick_text(tick), ends)
                parts.append(label)
        parts.append(x_text(frame, width, f"{tick_text(last)} {axis}", ends)[0])
        return parts

    return drawn_twice(_title(own, other, step, reference, axis), draw)


def _title(own: Curve, other: Curve, step: str, reference: str, axis: str) -> str:
    """What the picture shows, for those who hear it."""
    t = min(own[-1][0], other[-1][0])
    left, usual = (next(point[1] for point in curve if point[0] == t) for curve in (own, other))
    return say(
        "{n} {axis}, {share} of journeys are still without the outcome after {step}, and {usual} after {reference}",
        n=tick_text(t),
        axis=axis,
        share=formats.share(left),
        step=step,
        usual=formats.share(usual),
        reference=reference,
    )


def _whole(share: float) -> str:
    """A tick: '80 %'."""
    return formats.share(share, 0)


def _stairs(at: Sequence[tuple[float, float]]) -> str:
    """A path that falls in steps."""
    parts = [f"M{px(at[0][0])} {px(at[0][1])}"]
    parts += [f"H{px(x)}V{px(y)}" for x, y in at[1:]]
    return "".join(parts)


def legend(step: str, reference: str) -> str:
    """One sentence that says which line is which."""
    return say(
        "Share of journeys still without the outcome, from the first time at the step. Vermillion: after {step}; blue "
        "and dashed: after {reference}, the main step of its stage. Journeys leave the count where their risk ends.",
        step=f"“{step}”",
        reference=f"“{reference}”",
    )
