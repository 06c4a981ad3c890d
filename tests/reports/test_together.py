"""What the overview says of all consolidation candidates together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from reports.records import FindingFigure
from reports.view_facts import cost_facts
from reports.view_findings import together


def finding(own: dict[str, float] | None) -> FindingFigure:
    minutes = {"low": 4.0, "mid": 20.0, "high": 50.0}
    cost: dict[str, Any] = {"customer_min_per_week": minutes, "basis": {}, "reason": {}} | ({"own": own} if own else {})
    return cast(FindingFigure, SimpleNamespace(cost=cost))


def test_own_parts_are_added_and_nothing_else() -> None:
    half, whole = {"low": 2.0, "mid": 10.0, "high": 25.0, "part": 0.5}, {"low": 4, "mid": 20, "high": 50, "part": 1}
    told = together([finding(half), finding(whole), finding(None)])
    assert "2 candidates" in told and "30" in told and "75" in told and "counted once" in told
    assert together([finding(None)]) == together([]) == ""


def test_a_finding_says_which_part_of_its_minutes_others_claim() -> None:
    names = [fact.name for fact in cost_facts(finding({"low": 2.0, "mid": 10.0, "high": 25.0, "part": 0.5}), "EUR")]
    assert names[:2] == ["Customers' time", "Of it, claimed by no finding above"]
    assert "Of it" not in " ".join(
        f.name for f in cost_facts(finding({"low": 4, "mid": 20, "high": 50, "part": 1}), "EUR")
    )
