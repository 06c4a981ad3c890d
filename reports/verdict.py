"""The night in one sentence, what stands under it, and what is missing where there is too little to tell.

Every text is a whole sentence with named values, in this one place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from reports import formats
from reports.records import FindingFigure, Night
from reports.unseen import NOT_LOOKED_FOR, NOTHING_LARGER, Unseen
from reports.view_facts import bounds
from reports.view_findings import MINUTES, main_measure, tone_of

ENOUGH_JOURNEYS = 100
"""The floor of most findings (method.md 4, 5): below it the report says what is missing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The heading of the overview, the paragraph under it, and what is missing, each a sentence."""

    heading: str
    lede: str
    missing: tuple[str, ...]


def verdict_of(night: Night, findings: Sequence[FindingFigure], unseen: Sequence[Unseen], k: int) -> Verdict:
    """Judge the night; `findings` are those shown, in rank order, `k` the fewest customers that are told."""
    if not night.n_events:
        return Verdict("There is no data yet", _NOTHING_TO_READ, (_NO_EVENT,))
    if not night.n_journeys or not night.n_journey_events:
        return Verdict("No customer journey could be built from this data", _NOTHING_TO_READ, (_NO_STEP,))
    if findings:
        return Verdict(findings[0].title.rstrip("."), _with_findings(night, findings), _missing(night, ()))
    if night.n_journeys < ENOUGH_JOURNEYS:
        size = _size(night) if night.n_customers >= k else f"Fewer than {k} customers"
        return Verdict(
            "There is too little data yet to say where customers lose time",
            f"{size} so far. The map and its tables show what may be told; no share of so few can be told from chance.",
            _missing(night, unseen),
        )
    limits = [_told(row) for row in unseen if row.limit.startswith(NOTHING_LARGER)]
    return Verdict(
        f"Nothing stands out in {formats.plural(night.n_journeys, 'journey')}",
        " ".join([f"{_size(night)} were looked at.", *limits[:2]]),
        _missing(night, unseen),
    )


_NOTHING_TO_READ = "What is missing is listed below; the data page shows what became of each line that was delivered."
_NO_EVENT = "No event was read. Put raw logs into the inbox folders of the site and run the night again."
_NO_STEP = "No event has a declared, visible step. Declare the codes listed on the data page in process/steps.toml."


def _size(night: Night) -> str:
    return f"{formats.plural(night.n_journeys, 'journey')} of {formats.plural(night.n_customers, 'customer')}"


def _with_findings(night: Night, findings: Sequence[FindingFigure]) -> str:
    n_confirmed = sum(finding.status == "confirmed" for finding in findings)
    n, size = len(findings), _size(night)
    if n == 1:
        place = f"This is the only finding in {size}"
        sure = "confirmed on customers who were not used to find it" if n_confirmed else "not confirmed yet"
    else:
        place = f"This is the first of {formats.count(n)} findings in {size}"
        sure = (
            f"{formats.count(n_confirmed)} of them confirmed on customers who were not used to find them"
            if n_confirmed
            else "none of them confirmed yet"
        )
    return " ".join(part for part in (_takes(findings[0]), f"{place}, {sure}.", _next_decision(findings)) if part)


def _takes(first: FindingFigure) -> str:
    """What the first finding stands for in customers' time, where that is known; of what could fall away, the most."""
    unit, value, low, high = main_measure(first)
    if unit != MINUTES or low is None or high is None:
        return ""
    minutes = f"{formats.number(value)}{formats.THIN}min of customers' time a week (95{formats.THIN}% interval "
    minutes += f"{bounds(low, high)})"
    return f"About {minutes} could fall away." if tone_of(first) == "save" else f"It stands for {minutes}."


def _next_decision(findings: Sequence[FindingFigure]) -> str:
    """When what is not confirmed may be; only where nothing is confirmed yet."""
    if any(finding.status == "confirmed" for finding in findings):
        return ""
    days = sorted({str(one["next_decision"]) for f in findings if (one := f.extra.get("standing"))})
    return f"The next decision is on {formats.date_long(dt.date.fromisoformat(days[0]))}." if days else ""


def _missing(night: Night, unseen: Sequence[Unseen]) -> tuple[str, ...]:
    """What to deliver or declare so that more can be told."""
    missing = []
    if night.n_journeys < ENOUGH_JOURNEYS:
        missing.append(
            f"Findings need at least {ENOUGH_JOURNEYS} journeys at a step, so that a share can be told from chance. "
            "Deliver more days of logs."
        )
    if not night.n_order_journeys and unseen:
        missing.append("No journey has an order: without order logs, journeys are cut by quiet times alone.")
    missing += [_told(row) for row in unseen if row.limit.startswith(NOT_LOOKED_FOR)]
    return tuple(missing)


def _told(row: Unseen) -> str:
    """A family and its limit as one sentence."""
    return f"{row.name}: {row.limit[0].lower()}{row.limit[1:]}"
