"""What a finding about the intended process says, in sentences for a manager (method notes 0.8, 3.4)."""

from __future__ import annotations

from typing import Any

from ingest.language import mark, say, say_n
from mining.context import Context
from mining.deviating import Deviation
from mining.evidence import Reach
from mining.rates import Rate, ci_part
from mining.sentences import count_text, paragraph, share_text

CAUTIONS = {
    "below_tolerance": mark("This is within what the process tolerates."),
    "cannot_tell": mark("The rate lies above the tolerance, but so few journeys carry it that it may be chance."),
    "candidate": mark("Seen in the customers used for searching, not shown in those kept apart for checking."),
    "confirmed": mark("A count: a step that the logs miss looks like a skipped step, so check the recording first."),
    "not_enough_data": mark("Not enough data: about {n} journeys would be needed to say more."),
}
_TITLES = {
    "skipped": (
        mark("{share} of the journeys went on without {step}"),
        mark("{share} of the journeys that reached {reached} went on without {step}"),
    ),
    "out_of_order": (
        mark("{share} of the journeys had {step} before {other}"),
        mark("{share} of the journeys that reached {reached} had {step} before {other}"),
    ),
    "again": (
        mark("{share} of the journeys had {step} again or where it is not intended"),
        mark("{share} of the journeys that reached {reached} had {step} again or where it is not intended"),
    ),
    "unexpected": (
        mark("{share} of the journeys had {step}, which is not part of the intended process"),
        mark("{share} of the journeys that reached {reached} had {step}, which is not part of the intended process"),
    ),
}
"""What happened -> the sentence of all journeys, and of those that reached a step."""
_ALTERNATIVES = {
    "skipped": mark("Of part of them it can't be told whether it was this, or {step} that was skipped."),
    "out_of_order": mark("Of part of them it can't be told whether it was this, or {step} out of its place."),
    "unexpected": mark("Of part of them it can't be told whether it was this, or {step} that was not intended there."),
}


def title(context: Context, deviation: Deviation, share: str) -> str:
    """One sentence with the share of journeys and its interval."""
    of_all, of_reached = _TITLES["again" if deviation.kind == "unexpected" and deviation.known else deviation.kind]
    return say(
        of_reached if deviation.context else of_all,
        share=share,
        reached=context.label(deviation.context),
        step=context.label(deviation.step),
        other=context.label(deviation.other),
    )


def evidence_text(
    context: Context,
    rate: Rate,
    sample: str,
    reach: Reach,
    cost: dict[str, Any],
    tolerance: float,
    extra: dict[str, Any],
) -> str:
    """How often, by how many customers, against what tolerance, what it takes of the customer, what still runs."""
    running = extra["n_running_hits"]
    return paragraph(
        seen(rate, sample, reach, context.method.confidence, is_certain=extra["blame_mean"] >= 1),
        tolerated(tolerance),
        *(say(_ALTERNATIVES[one["kind"]], step=context.label(one["step"])) for one in extra["alternatives"]),
        minutes_text(cost),
        say("Of {n} journeys that still run, {hits} may go that way.", n=f"{extra['n_running']:,}", hits=f"{running:,}")
        if running
        else "",
    )


def seen(rate: Rate, sample: str, reach: Reach, confidence: float, *, is_certain: bool) -> str:
    """Numerator, denominator and interval, and whose they are. Not `is_certain` = the blame is shared: "about 46"."""
    told = {
        "hits": count_text(rate.hits[sample], is_certain=is_certain),
        "n": count_text(rate.n[sample]),
        "share": share_text(rate.share(sample), ci_part(rate, sample, confidence)),
        "customers": f"{reach.customers:,}",
    }
    if sample == "all":
        return say("Seen in {hits} of {n} closed journeys ({share}), of {customers} customers.", **told)
    return say(
        "Seen in {hits} of {n} journeys ({share}) of the customers kept apart for checking. In all: {hits_all} of "
        "{n_all} closed journeys ({share_all} %), of {customers} customers.",
        **told,
        hits_all=count_text(rate.hits["all"], is_certain=is_certain),
        n_all=count_text(rate.n["all"]),
        share_all=f"{100 * rate.share('all'):.1f}",
    )


def tolerated(tolerance: float) -> str:
    """What the process bears."""
    if not tolerance:
        return say("The process tolerates none.")
    return say("The process tolerates {share} %.", share=f"{100 * tolerance:.1f}")


def minutes_text(cost: dict[str, Any]) -> str:
    """The customers' minutes against conforming journeys, in one sentence; none when they are not known."""
    minutes = cost["customer_min_per_week"]
    if minutes is None:
        return ""
    more = {name: f"{minutes[name]:,.0f}" for name in ("low", "mid", "high")}
    fewer = {name: f"{-minutes[name]:,.0f}" for name in ("low", "mid", "high")}
    if minutes["low"] > 0:
        return say(
            "These journeys took customers {mid} more minutes a week [{low} to {high}] than conforming journeys that "
            "began in the same week and channel.",
            **more,
        )
    if minutes["high"] < 0:
        return say(
            "These journeys took customers {mid} fewer minutes a week [{low} to {high}] than conforming journeys that "
            "began in the same week and channel.",
            low=fewer["high"],
            mid=fewer["mid"],
            high=fewer["low"],
        )
    if max(-minutes["low"], minutes["high"]) < 0.5:
        return say(
            "They took customers as many minutes as conforming journeys that began in the same week and channel."
        )
    return say(
        "They took customers about as many minutes as conforming journeys that began in the same week and channel: "
        "between {fewer} fewer and {more} more a week.",
        fewer=fewer["low"],
        more=more["high"],
    )


def caution(context: Context, status: str, needed: int | None, extra: dict[str, Any]) -> str:
    """What to keep in mind before acting on it."""
    n = extra["n_undecided"]
    undecided = ""
    if extra["n_checked"] and n / extra["n_checked"] > context.method.undecided_share_max:
        low, high = extra["rate_interval"]
        undecided = say_n(
            "Not fully checked: {n} journey could not be aligned exactly, so the share lies between {low} and "
            "{high} %.",
            "Not fully checked: {n} journeys could not be aligned exactly, so the share lies between {low} and "
            "{high} %.",
            n,
            n=f"{n:,}",
            low=f"{100 * low:.1f}",
            high=f"{100 * high:.1f}",
        )
    return paragraph(say(CAUTIONS[status], n=f"{needed or 0:,}"), undecided, left_out(extra))


def left_out(extra: dict[str, Any]) -> str:
    """Journeys that are no part of the denominator, and why."""
    unrecorded, unlinked, valid_from = extra["n_unrecorded"], extra["n_unlinked"], extra["valid_from"]
    return paragraph(
        say_n(
            "{n} journey is left out: a source it needs delivered too little while it was under way.",
            "{n} journeys are left out: a source they need delivered too little while they were under way.",
            unrecorded,
            n=f"{unrecorded:,}",
        )
        if unrecorded
        else "",
        say_n(
            "{n} journey is left out: it has none of several steps that only one source tells, and that source often "
            "cannot say who the customer is.",
            "{n} journeys are left out: they have none of several steps that only one source tells, and that source "
            "often cannot say who the customer is.",
            unlinked,
            n=f"{unlinked:,}",
        )
        if unlinked
        else "",
        say("Journeys that began before {day} followed another process and are left out.", day=valid_from)
        if valid_from
        else "",
    )
