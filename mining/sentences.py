"""What findings' sentences have in common: shares, counts and ranges in words, lists of names, the sentence of a count.

Numbers are written as Python writes them; reports give them the signs of the language (`formats.prose`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.language import mark, say
from mining.rates import Rate

UNITS = {
    "journeys": (
        mark("In all closed journeys: {hits} of {n} journeys, {share}."),
        mark(
            "Among customers kept apart for checking: {hits} of {n} journeys, {share}; in all closed journeys: "
            "{hits_all} of {n_all} ({share_all} %)."
        ),
    ),
    "calls": (
        mark("In all closed journeys: {hits} of {n} calls, {share}."),
        mark(
            "Among customers kept apart for checking: {hits} of {n} calls, {share}; in all closed journeys: "
            "{hits_all} of {n_all} ({share_all} %)."
        ),
    ),
    "hand-offs": (
        mark("In all closed journeys: {hits} of {n} hand-offs, {share}."),
        mark(
            "Among customers kept apart for checking: {hits} of {n} hand-offs, {share}; in all closed journeys: "
            "{hits_all} of {n_all} ({share_all} %)."
        ),
    ),
    "customer days": (
        mark("In all closed journeys: {hits} of {n} customer days, {share}."),
        mark(
            "Among customers kept apart for checking: {hits} of {n} customer days, {share}; in all closed journeys: "
            "{hits_all} of {n_all} ({share_all} %)."
        ),
    ),
}
"""What is counted -> its sentence over all customers, and over those kept apart."""


def counted(rate: Rate, sample: str, interval: Mapping[str, Any], unit: str = "journeys") -> str:
    """One sentence with numerator, denominator and interval, and where the numbers come from. `unit`: one of UNITS."""
    over_all, kept_apart = UNITS[unit]
    return say(
        kept_apart if sample == "confirm" else over_all,
        hits=count_text(rate.hits[sample]),
        n=count_text(rate.n[sample]),
        share=share_text(rate.share(sample), interval),
        hits_all=count_text(rate.hits["all"]),
        n_all=count_text(rate.n["all"]),
        share_all=f"{100 * rate.share('all'):.1f}",
    )


def share_text(share: float, ci: Mapping[str, Any]) -> str:
    """'15.3 % [13.8 to 16.9 %]'."""
    return percent_text(share, ci["low"], ci["high"])


def percent_text(value: float, low: float, high: float, sign: str = "") -> str:
    """A share, or a difference of shares, with its interval; `sign`: '+' writes the sign of gains too."""
    numbers = {"share": value, "low": low, "high": high}
    return say(
        "{share} % [{low} to {high} %]", **{name: f"{100 * number:{sign}.1f}" for name, number in numbers.items()}
    )


def range_text(triple: Mapping[str, Any], digits: int = 0) -> str:
    """'40 [10 to 90]'."""
    numbers = {name: f"{triple[name]:,.{digits}f}" for name in ("low", "mid", "high")}
    return say("{mid} [{low} to {high}]", **numbers)


def count_text(value: float, *, is_certain: bool = True) -> str:
    """'12,345'. Fractional hits (shared blame) are an estimate and say so, like what is not certain: 'about 105'."""
    if is_certain and abs(value - round(value)) < 0.05:
        return f"{value:,.0f}"
    return say("about {n}", n=f"{max(1, round(value)):,}")


def not_few(n: int, few: int) -> str:
    """A count that may stand for fewer customers than can be told: '1,234', '0', 'fewer than 5'."""
    return f"{n:,}" if n == 0 or n >= few else say("fewer than {n}", n=few)


def all_of(names: Sequence[str]) -> str:
    """'A, B and C'."""
    return say("{most} and {last}", most=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)


def any_of(names: Sequence[str]) -> str:
    """'A, B or C'."""
    return say("{most} or {last}", most=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)


def paragraph(*sentences: str) -> str:
    """Whole sentences after one another, without the empty ones."""
    return " ".join(filter(None, sentences))
