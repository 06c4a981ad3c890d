"""Sentences that all findings about calls after something share: other times, reasons, what is lacking."""

from __future__ import annotations

from ingest.language import say
from mining.context import quoted
from mining.exposure_findings import Told
from mining.exposures import Family, Subject
from mining.sentences import paragraph


def times_text(estimate: tuple[float, float, float]) -> str:
    """'2.4 [1.9 to 3.1]'."""
    value, low, high = (f"{number:.1f}" for number in estimate)
    return say("{mid} [{low} to {high}]", mid=value, low=low, high=high)


def times_and_reasons(family: Family, one: Subject, told: Told) -> str:
    """How many times the calls are within other times; the most frequent reasons of these calls, if there are any."""
    short, long = (f"{family.by_calls[name].theta[one.number]:.1f}" for name in ("y_2h", "y_72h"))
    reasons = ", ".join(f"{quoted(reason)} ({n:,})" for reason, n in told.reasons)
    return paragraph(
        say("Within 2 hours it is {short} times as many, within 72 hours {long}.", short=short, long=long),
        say("Most frequent reasons of these calls: {reasons}.", reasons=reasons) if reasons else "",
    )


def not_confirmed(status: str) -> str:
    """Why something is no more than a candidate; '' for any other status."""
    if status == "candidate":
        return say("It is not confirmed by the customers kept apart for checking.")
    if status == "cannot_tell":
        return say("The customers used to look for it do not show it by themselves.")
    return ""


def not_controlled(told: Told) -> str:
    """That nothing controls for customers who call a lot, where that is so."""
    if told.control:
        return ""
    return say("There are too few calls on other topics to check that these customers do not simply call more.")
