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
from reports.bar_rows import BarRow, bar_rows
from reports.view_facts import bounds
from reports.view_journeys import Chevron, StepNames, Strip


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
    ended, stood = say("of journeys that ended so"), say("of others at the same point")
    rows = (
        BarRow(ended, share, formats.share(share), "cost", interval, bounds(*interval, "share")),
        BarRow(stood, others, formats.share(others)),
    )
    title = say(
        "{share} of journeys that ended so had gone this path, and {others} of others at the same point",
        share=formats.share(share),
        others=formats.share(others),
    )
    return bar_rows(rows, title, top=1.0)


def of_finding(extra: Mapping[str, Any], names: StepNames) -> tuple[Strip, Markup] | None:
    """The picture of a finding that has a path; None for others."""
    if "path" not in extra or "share_others" not in extra:
        return None
    low, high = extra["share_interval"]
    return (
        path_strip(extra["path"], str(extra["outcome"]), names),
        bars(float(extra["share"]), (float(low), float(high)), float(extra["share_others"])),
    )
