"""The night in one sentence, what stands under it, and what is missing where there is too little to tell.

Every text is a whole sentence with named values, in this one place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.language import mark, say, say_n
from reports import formats
from reports.records import FindingFigure, Night
from reports.unseen import Unseen
from reports.view_facts import bounds, sample_size
from reports.view_findings import MINUTES, main_measure, tone_of

ENOUGH_JOURNEYS = 100
"""The floor of most findings (method.md 4, 5): below it the report says what is missing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The heading of the overview, the paragraph under it, and what is missing, each a sentence.

    The heading is shown as prose (formats.prose), which gives its numbers the signs of the language.
    """

    heading: str
    lede: str
    missing: tuple[str, ...]


def verdict_of(night: Night, findings: Sequence[FindingFigure], unseen: Sequence[Unseen], k: int) -> Verdict:
    """Judge the night; `findings` are those shown, in rank order, `k` the fewest customers that are told."""
    if not night.n_events:
        return Verdict(say("There is no data yet"), say(_NOTHING_TO_READ), (say(_NO_EVENT),))
    if not night.n_journeys or not night.n_journey_events:
        heading = say("No customer journey could be built from this data")
        return Verdict(heading, say(_NOTHING_TO_READ), (say(_NO_STEP),))
    if findings:
        return Verdict(findings[0].title.rstrip("."), _with_findings(night, findings), _missing(night, ()))
    if night.n_journeys < ENOUGH_JOURNEYS:
        size = _size(night) if night.n_customers >= k else say("Fewer than {k} customers", k=k)
        return Verdict(
            say("There is too little data yet to say where customers lose time"),
            say(
                "{size} so far. The map and its tables show what may be told; no share of so few can be told from "
                "chance.",
                size=size,
            ),
            _missing(night, unseen),
        )
    limits = [_told(row) for row in unseen if row.is_share]
    return Verdict(
        say_n(
            "Nothing stands out in {n} journey",
            "Nothing stands out in {n} journeys",
            night.n_journeys,
            n=f"{night.n_journeys:,}",
        ),
        " ".join([say("{size} were looked at.", size=_size(night)), *limits[:2]]),
        _missing(night, unseen),
    )


_NOTHING_TO_READ = mark(
    "What is missing is listed below; the data page shows what became of each line that was delivered."
)
_NO_EVENT = mark("No event was read. Put raw logs into the inbox folders of the site and run the night again.")
_NO_STEP = mark(
    "No event has a declared, visible step. Declare the codes listed on the data page in process/steps.toml."
)


def _size(night: Night) -> str:
    return sample_size(night.n_journeys, night.n_customers)


def _with_findings(night: Night, findings: Sequence[FindingFigure]) -> str:
    sentences = (_takes(findings[0]), _place(night, findings), _next_decision(findings))
    return " ".join(sentence for sentence in sentences if sentence)


def _place(night: Night, findings: Sequence[FindingFigure]) -> str:
    """How many findings there are, and how sure they are."""
    n_confirmed = sum(finding.status == "confirmed" for finding in findings)
    n, size = formats.count(len(findings)), _size(night)
    if len(findings) == 1 and n_confirmed:
        return say(
            "This is the only finding in {size}, confirmed on customers who were not used to find it.", size=size
        )
    if len(findings) == 1:
        return say("This is the only finding in {size}, not confirmed yet.", size=size)
    if not n_confirmed:
        return say("This is the first of {n} findings in {size}, none of them confirmed yet.", n=n, size=size)
    return say(
        "This is the first of {n} findings in {size}, {confirmed} of them confirmed on customers who were not used to "
        "find them.",
        n=n,
        size=size,
        confirmed=formats.count(n_confirmed),
    )


def _takes(first: FindingFigure) -> str:
    """What the first finding stands for in customers' time, where that is known; of what could fall away, the most."""
    unit, value, low, high = main_measure(first)
    if unit != MINUTES or low is None or high is None:
        return ""
    told = {"minutes": formats.minutes(value), "level": formats.share(0.95, 0), "between": bounds(low, high)}
    if tone_of(first) == "save":
        return say(
            "About {minutes} of customers' time a week ({level} interval {between}) could fall away.",
            **told,
        )
    return say("It stands for {minutes} of customers' time a week ({level} interval {between}).", **told)


def _next_decision(findings: Sequence[FindingFigure]) -> str:
    """When what is not confirmed may be; only where nothing is confirmed yet."""
    if any(finding.status == "confirmed" for finding in findings):
        return ""
    days = sorted({str(one["next_decision"]) for f in findings if (one := f.extra.get("standing"))})
    if not days:
        return ""
    return say("The next decision is on {day}.", day=formats.date_long(dt.date.fromisoformat(days[0])))


def _missing(night: Night, unseen: Sequence[Unseen]) -> tuple[str, ...]:
    """What to deliver or declare so that more can be told."""
    missing = []
    if night.n_journeys < ENOUGH_JOURNEYS:
        missing.append(
            say(
                "Findings need at least {n} journeys at a step, so that a share can be told from chance. Deliver more "
                "days of logs.",
                n=ENOUGH_JOURNEYS,
            )
        )
    if not night.n_order_journeys and unseen:
        missing.append(say("No journey has an order: without order logs, journeys are cut by quiet times alone."))
    missing += [_told(row) for row in unseen if row.is_missing]
    return tuple(missing)


def _told(row: Unseen) -> str:
    """A family and its limit."""
    return say("{family}: {limit}", family=row.name, limit=row.limit)
