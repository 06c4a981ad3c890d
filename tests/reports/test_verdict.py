"""The night in one sentence, for nights of every kind: none has to be explained."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mining.words import lint
from reports.records import FindingFigure, Night
from reports.unseen import Unseen
from reports.verdict import verdict_of

NIGHT = Night(dt.date(2026, 3, 1), None, None, 9_000, 8_000, 700, 1_024, 800, 900, 8_000, {})
LIMIT = "Nothing larger than 2.1 % of 900 closed journeys would have gone unseen: that much is found 8 times in 10."
NO_RULE = "Not looked for: the site declares no rule (rules in process/intended.toml)."
UNSEEN = (
    Unseen("Loops and rework", 0, LIMIT, is_share=True),
    Unseen("Broken rules", 0, NO_RULE, is_missing=True),
)
MINUTES = {"low": 20.0, "mid": 31.5, "high": 42.0}


def finding(
    status: str = "confirmed", kind: str = "loop.self", minutes: dict[str, float] | None = None
) -> FindingFigure:
    made: dict[str, Any] = {
        "status": status,
        "kind": kind,
        "title": '9.4 % [6.9 to 12.6 %] of the journeys came back to "Pays".',
        "cost": {"customer_min_per_week": minutes},
        "effect": {"value": 0.09, "unit": "share"},
        "ci": {"low": 0.06, "high": 0.12},
        "extra": {"standing": {"next_decision": "2026-03-30"}},
    }
    return cast(FindingFigure, SimpleNamespace(**made))


def test_a_finding_is_the_verdict_and_its_minutes_stand_below() -> None:
    told = verdict_of(NIGHT, [finding(minutes=MINUTES), finding("candidate")], UNSEEN, 5)
    assert told.heading == '9.4 % [6.9 to 12.6 %] of the journeys came back to "Pays"' and not told.missing
    assert "stands for 31.5\u202fmin of customers' time a week" in told.lede and "20.0 to 42.0" in told.lede
    assert "first of 2 findings" in told.lede and "1 of them confirmed" in told.lede and "decision" not in told.lede


def test_minutes_that_may_be_none_are_not_told_as_taken() -> None:
    told = verdict_of(NIGHT, [finding(minutes={"low": -3.0, "mid": 2.0, "high": 9.0})], UNSEEN, 5)
    assert "customers' time" not in told.lede and "only finding in" in told.lede


def test_a_saving_could_fall_away() -> None:
    assert "could fall away" in verdict_of(NIGHT, [finding(kind="merge", minutes=MINUTES)], UNSEEN, 5).lede


def test_candidates_alone_say_when_they_may_be_confirmed() -> None:
    told = verdict_of(NIGHT, [finding("candidate"), finding("candidate")], UNSEEN, 5)
    assert "none of them confirmed yet" in told.lede and "next decision is on 30 March 2026" in told.lede


def test_where_nothing_stands_out_the_limit_is_told() -> None:
    told = verdict_of(NIGHT, [], UNSEEN, 5)
    assert told.heading == "Nothing stands out in 1,024 journeys", "shown as prose, like a finding's sentence"
    assert "Loops and rework: Nothing larger than 2.1 %" in told.lede
    assert told.missing == (f"Broken rules: {NO_RULE}",)


@pytest.mark.parametrize(
    ("changes", "heading", "missing"),
    [
        ({"n_events": 0, "n_journeys": 0}, "There is no data yet", "Put raw logs into the inbox"),
        ({"n_journey_events": 0}, "No customer journey could be built from this data", "Declare the codes"),
        (
            {"n_journeys": 1, "n_customers": 1, "n_order_journeys": 0},
            "There is too little data yet",
            "at least 100 journeys",
        ),
    ],
)
def test_too_little_says_what_to_do(changes: dict[str, int], heading: str, missing: str) -> None:
    told = verdict_of(replace(NIGHT, **changes), [], UNSEEN, 5)
    assert told.heading.startswith(heading) and missing in told.missing[0]
    assert "1 customer" not in told.lede
    for sentence in (told.heading, told.lede, *told.missing):
        assert sentence == sentence.strip() and not lint(sentence, "D")
