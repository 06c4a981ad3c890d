"""What a finding about the intended process says, in sentences for a manager (method notes 0.8, 3.4)."""

from __future__ import annotations

from typing import Any

from mining.context import Context
from mining.deviating import Deviation
from mining.evidence import Reach
from mining.rates import Rate, ci_part, count_text, share_text

CAUTIONS = {
    "below_tolerance": "This is within what the process tolerates.",
    "cannot_tell": "The rate lies above the tolerance, but so few journeys carry it that it may be chance.",
    "candidate": "Seen in the customers used for searching, not shown in those kept apart for checking.",
}


def title(context: Context, deviation: Deviation, share: str) -> str:
    """One sentence with the share of journeys and its interval."""
    step = context.label(deviation.step)
    reached = f"the journeys that reached {context.label(deviation.context)}" if deviation.context else "the journeys"
    if deviation.kind == "skipped":
        return f"{share} of {reached} went on without {step}"
    if deviation.kind == "out_of_order":
        return f"{share} of {reached} had {step} before {context.label(deviation.other)}"
    if deviation.known:
        return f"{share} of {reached} had {step} again or where it is not intended"
    return f"{share} of {reached} had {step}, which is not part of the intended process"


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
    certain = extra["blame_mean"] >= 1
    sentences = [counted(rate, sample, reach, context.method.confidence, certain=certain), tolerated(tolerance)]
    if others := [_alternative(context, one) for one in extra["alternatives"]]:
        sentences.append(f"Of part of them it can't be told whether it was this, or {' or '.join(others)}.")
    sentences += minutes_text(cost)
    if extra["n_running_hits"]:
        sentences.append(
            f"Of {extra['n_running']:,} journeys that still run, {extra['n_running_hits']:,} may go that way."
        )
    return " ".join(sentences)


def counted(rate: Rate, sample: str, reach: Reach, confidence: float, *, certain: bool) -> str:
    """Numerator, denominator and interval, and whose they are. Not `certain` = the blame is shared: "about 46"."""

    def hits(split: str) -> str:
        text = count_text(rate.hits[split])
        return text if certain or text.startswith("about") else f"about {text}"

    part = (
        f"{hits(sample)} of {count_text(rate.n[sample])} {{}} "
        f"({share_text(rate.share(sample), ci_part(rate, sample, confidence))})"
    )
    if sample == "all":
        return f"Seen in {part.format('closed journeys')}, of {reach.customers:,} customers."
    return (
        f"Seen in {part.format('journeys')} of the customers kept apart for checking. In all: "
        f"{hits('all')} of {count_text(rate.n['all'])} closed journeys "
        f"({100 * rate.share('all'):.1f} %), of {reach.customers:,} customers."
    )


def tolerated(tolerance: float) -> str:
    """What the process bears."""
    return f"The process tolerates {100 * tolerance:.1f} %." if tolerance else "The process tolerates none."


def minutes_text(cost: dict[str, Any]) -> list[str]:
    """The customers' minutes against conforming journeys, in one sentence; none when they are not known."""
    minutes = cost["customer_min_per_week"]
    if minutes is None:
        return []
    low, mid, high = minutes["low"], minutes["mid"], minutes["high"]
    fellows = "conforming journeys that began in the same week and channel"
    if low > 0:
        return [
            f"These journeys took customers {mid:,.0f} more minutes a week [{low:,.0f} to {high:,.0f}] than {fellows}."
        ]
    if high < 0:
        return [
            f"These journeys took customers {-mid:,.0f} fewer minutes a week [{-high:,.0f} to {-low:,.0f}] than "
            f"{fellows}."
        ]
    if max(-low, high) < 0.5:
        return [f"They took customers as many minutes as {fellows}."]
    span = f"between {-low:,.0f} fewer and {high:,.0f} more a week"
    return [f"They took customers about as many minutes as {fellows}: {span}."]


def caution(context: Context, status: str, needed: int | None, extra: dict[str, Any]) -> str:
    """What to keep in mind before acting on it."""
    texts = {
        **CAUTIONS,
        "not_enough_data": f"Not enough data: about {needed or 0:,} journeys would be needed to say more.",
        "confirmed": "A count: a step that the logs miss looks like a skipped step, so check the recording first.",
    }
    sentences = [texts[status]]
    undecided = extra["n_undecided"]
    if extra["n_checked"] and undecided / extra["n_checked"] > context.method.undecided_share_max:
        low, high = extra["rate_interval"]
        sentences.append(
            f"Not fully checked: {undecided:,} journeys could not be aligned exactly, so the share lies between "
            f"{100 * low:.1f} and {100 * high:.1f} %."
        )
    return " ".join(sentences + left_out(extra))


def left_out(extra: dict[str, Any]) -> list[str]:
    """Journeys that are no part of the denominator, and why."""
    sentences = []
    if extra["n_unrecorded"]:
        sentences.append(
            f"{extra['n_unrecorded']:,} journeys are left out: a source they need delivered too little while they were "
            "under way."
        )
    if extra["n_unlinked"]:
        sentences.append(
            f"{extra['n_unlinked']:,} journeys are left out: they have none of several steps that only one source "
            "tells, and that source often cannot say who the customer is."
        )
    if extra["valid_from"]:
        sentences.append(f"Journeys that began before {extra['valid_from']} followed another process and are left out.")
    return sentences


def _alternative(context: Context, one: dict[str, str]) -> str:
    step = context.label(one["step"])
    if one["kind"] == "skipped":
        return f"{step} that was skipped"
    return f"{step} out of its place" if one["kind"] == "out_of_order" else f"{step} that was not intended there"
