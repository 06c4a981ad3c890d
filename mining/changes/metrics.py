"""What is measured of a change: the customer's own figures, each a share or a mean of sums over days.

`containment` alone is none of them: a system books a caller who hangs up in despair as contained.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.language import mark


@dataclass(frozen=True)
class Metric:
    """`hits` / `n`, columns of `change_day`; a share lies in 0..1. `divisor`: from the column to the unit.

    better: the direction that is good for the customer. is_followed: known only 7 days later. of_codes: counted from
    codes that a new system may write otherwise.
    """

    name: str
    label: str
    unit: str
    hits: str
    n: str
    better: str
    is_share: bool = False
    divisor: float = 1.0
    is_followed: bool = False
    of_codes: bool = False


_ALL = (
    Metric(
        "transfers_per_call", mark("transfers per 100 answered calls"), mark("transfers per 100 answered calls"),
        "n_transfers", "n_reached", "down", divisor=0.01, of_codes=True,
    ),
    Metric(
        "menus_per_call", mark("menus per call"), mark("menus per call"),
        "n_menus", "n_calls", "down", of_codes=True,
    ),
    Metric(
        "minutes_to_right_agent", mark("minutes to the right person"), mark("minutes to the right person"),
        "right_ms", "n_reached", "down", divisor=60_000,
    ),
    Metric(
        "abandon_share", mark("the share of waiting calls that are given up"), mark("share of calls"),
        "n_abandoned", "n_queued", "down", is_share=True,
    ),
    Metric(
        "true_containment", mark("the share of calls that end in the phone menu, with no other within 7 days"),
        mark("share of calls"),
        "n_settled", "n_known", "up", is_share=True, is_followed=True, of_codes=True,
    ),
    Metric(
        "repeat_contact_7d", mark("the share of contacts that another one follows within 7 days"),
        mark("share of contacts"),
        "n_repeated", "n_known", "down", is_share=True, is_followed=True,
    ),
    Metric(
        "customer_min_per_need", mark("customer minutes per need"), mark("minutes per need"),
        "need_ms", "n_needs", "down", divisor=60_000, is_followed=True,
    ),
    Metric(
        "agent_min_per_need", mark("agent minutes per need"), mark("minutes per need"),
        "need_agent_ms", "n_needs", "down", divisor=60_000, is_followed=True,
    ),
    Metric(
        "calls_after_visit", mark("the share of visits that a call follows within a day"), mark("share of visits"),
        "n_called", "n_visits", "down", is_share=True,
    ),
)  # fmt: skip
METRICS = {one.name: one for one in _ALL}
"""In the order in which reports tell them."""
OF_VISITS = ("calls_after_visit",)
"""What is measured where a change is on pages of the website; all others are of calls."""
COLUMNS = tuple(dict.fromkeys(column for one in _ALL for column in (one.hits, one.n)))
