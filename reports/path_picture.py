"""The picture of a path to a bad end: its steps as boxes in the tints of their lanes, and the two shares as bars.

The shares are of the journeys that ended so and of others who stood at the same point (mining/path_shares.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ingest.language import say
from mining.hazard_counts import GIVING_UP
from reports import formats
from reports.plots import drawn_twice
from reports.svg import px, text
from reports.view_facts import bounds
from reports.view_journeys import Chevron, StepNames, Strip

_ROW, _TOP = 44, 6


def end_word(outcome: str, names: StepNames) -> str:
    """What a bad end is called: the step's label, or that the order is given up."""
    return say("Gives up the order") if outcome == GIVING_UP else names.label.get(outcome, outcome)


def path_strip(steps: Sequence[str], outcome: str, names: StepNames) -> Strip:
    """The steps and the end, as chevrons; the end is set off."""
    boxes = [
        Chevron(names.label.get(step, step), names.tint.get(step, 0), "", "", long_wait=False, is_own=False)
        for step in steps
    ]
    end = Chevron(end_word(outcome, names), names.tint.get(outcome, 0), "", "", long_wait=False, is_own=True)
    return Strip("", (*boxes, end), "", "")


def bars(share: float, interval: tuple[float, float], others: float) -> Markup:
    """Two bars on one scale from 0 to 100 %: of journeys that ended so, with its interval, and of others."""
    rows = (
        (say("of journeys that ended so"), share, interval, "cost"),
        (say("of others at the same point"), others, None, "plain"),
    )

    def draw(width: int, _height: int) -> list[str]:
        parts = []
        for place, (name, value, between, tone) in enumerate(rows):
            y = _TOP + place * _ROW
            told = f"{formats.share(value)} {name}"
            if between:
                told += f" ({bounds(*between, 'share')})"
            wide = (width - 2) * min(max(value, 0.0), 1.0)
            parts.append(f'<text x="1" y="{px(y + 10)}">{text(told)}</text>')
            parts.append(f'<rect class="rest" x="1" y="{px(y + 16)}" width="{px(width - 2)}" height="14"/>')
            parts.append(f'<rect class="bar {tone}" x="1" y="{px(y + 16)}" width="{px(wide)}" height="14"/>')
            if between:
                low, high = (1 + (width - 2) * min(max(end, 0.0), 1.0) for end in between)
                parts.append(
                    f'<line class="whisker" x1="{px(low)}" x2="{px(high)}" y1="{px(y + 23)}" y2="{px(y + 23)}"/>'
                )
        return parts

    title = say(
        "{share} of journeys that ended so had gone this path, and {others} of others at the same point",
        share=formats.share(share),
        others=formats.share(others),
    )
    return drawn_twice(title, draw, (560, _TOP + 2 * _ROW), (300, _TOP + 2 * _ROW))


def of_finding(extra: Mapping[str, Any], names: StepNames) -> tuple[Strip, Markup] | None:
    """The picture of a finding that has a path; None for others."""
    if "path" not in extra or "share_others" not in extra:
        return None
    low, high = extra["share_interval"]
    return (
        path_strip(extra["path"], str(extra["outcome"]), names),
        bars(float(extra["share"]), (float(low), float(high)), float(extra["share_others"])),
    )
