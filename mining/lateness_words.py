"""What a finding about waits says, in sentences for a manager."""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say
from mining.context import Context
from mining.deviation_words import CAUTIONS
from mining.evidence import Reach
from mining.rates import Rate
from mining.sentences import count_text, paragraph, share_text

BUSINESS_HOURS, OTHER_HOURS = mark("business hours"), mark("other hours")
_UNITS = (
    (86_400_000, mark("{n} days")),
    (3_600_000, mark("{n} hours")),
    (60_000, mark("{n} minutes")),
    (1000, mark("{n} seconds")),
)
_TITLES = {
    BUSINESS_HOURS: mark(
        "{share} of the waits from {first} to {second}, begun in business hours, took longer than {limit}"
    ),
    OTHER_HOURS: mark("{share} of the waits from {first} to {second}, begun in other hours, took longer than {limit}"),
}
_CAUTIONS = {
    **CAUTIONS,
    "cannot_tell": mark("More than one in a hundred were late, but so few that it may be chance."),
    "not_enough_data": mark("Not enough data: about {n} waits in four weeks would be needed to say more."),
    "confirmed": mark("Late means far beyond what was usual before, not beyond a promise: nobody stated one."),
}


def span_text(ms: float) -> str:
    """A span of time in the largest unit of which there are at least two: '3.2 days', '40 minutes'."""
    size, text = next(((size, text) for size, text in _UNITS if ms >= 2 * size), _UNITS[-1])
    value = ms / size
    return say(text, n=f"{value:.1f}" if value < 10 else f"{value:,.0f}")


def title(context: Context, where: dict[str, Any], limit_ms: float, share: float, ci: dict[str, Any]) -> str:
    """One sentence with the share of late waits, its interval and the limit."""
    return say(
        _TITLES[where["hours"]],
        share=share_text(share, ci),
        first=context.label(where["prev"]),
        second=context.label(where["step"]),
        limit=span_text(limit_ms),
    )


def evidence_text(rate: Rate, sample: str, reach: Reach, extra: dict[str, Any]) -> str:
    """How many, of whom, and what is usual."""
    told = {
        "hits_all": count_text(rate.hits["all"]),
        "n_all": count_text(rate.n["all"]),
        "customers": f"{reach.customers:,}",
    }
    if sample == "all":
        late = say(
            "Late were {hits_all} of {n_all} waits that ended in these four weeks, of {customers} customers.", **told
        )
    else:
        late = say(
            "Of the customers kept apart for checking {hits} of {n} waits were late; in all {hits_all} of {n_all}, of "
            "{customers} customers.",
            **told,
            hits=count_text(rate.hits[sample]),
            n=count_text(rate.n[sample]),
        )
    usual = say(
        "Half of the {n} waits of the eight weeks before took up to {usual}; {share} % of them lasted longer than "
        "{limit}.",
        n=f"{extra['n_baseline']:,}",
        usual=span_text(extra["usual_ms"]),
        share=f"{100 * extra['baseline_share']:.1f}",
        limit=span_text(extra["limit_ms"]),
    )
    beyond = say("Waiting beyond that came to {n} hours a week.", n=f"{extra['beyond_hours_per_week']:,.0f}")
    return paragraph(late, usual, beyond)


def caution(status: str, needed: int, *, has_usual_tail: bool) -> str:
    """What to keep in mind before acting on it."""
    if status == "cannot_tell" and has_usual_tail:
        return say("Such waits have more than one usual length, and no more of the long ones came than before.")
    return say(_CAUTIONS[status], n=f"{needed:,}")
