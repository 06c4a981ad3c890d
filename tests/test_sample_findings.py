"""The sample night finds what was planted in the sample world, at the planted size, and confirms nothing else."""

from __future__ import annotations

import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "worldgen"))

from world_research_sample import ERRANDS

# what the world's truth.json calls a plant -> the finding that tells it
PLANTED = {
    "merge": ("merge", {"checkout_address", "checkout_delivery"}),
    "payment loop": ("loop.pingpong", {"payment_page", "pay_failed"}),
    "poor pages": ("channel_switch", {"call_product"}),
    "status calls": ("loop.self", {"call_status"}),
    "status calls, against the rule": ("deviation.rule", {"call_status"}),
    "late parcels": ("deviation.rule", {"deliver"}),
    "no shipping mail": ("deviation.skipped", {"shipping_mail"}),
    "no thank-you page": ("deviation.skipped", {"order_confirmation"}),
    "a competitor's shorter checkout": ("competitor_gap", {"Alpstern"}),
    "scans swapped": ("deviation.out_of_order", {"out_for_delivery", "deliver"}),
}
# true, though nobody planted it
ALSO_TRUE = {
    ("batch_contact", frozenset({"confirmation_mail", "shipping_mail"})),  # what is packed at once is sent that day
    ("re_ask", frozenset({"call_status", "order_number"})),  # who calls again is asked again
    ("deviation.rule", frozenset({"call_status"})),  # the planted status calls break the rule against them
    ("deviation.rule", frozenset({"confirmation_mail", "deliver"})),  # parcels come late, orders are cancelled
}


@pytest.fixture(scope="module")
def findings(sample_night: Path) -> list[dict[str, Any]]:
    return list(json.loads((sample_night / "data/sample/exports/findings.json").read_text(encoding="utf-8")))


def places(finding: dict[str, Any]) -> set[str]:
    """Every step that a finding's place names."""
    found: set[str] = set()
    for value in finding["where"].values():
        found |= set(value) if isinstance(value, list) else {str(value)}
    return found


def confirmed(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["status"] == "confirmed"]


@pytest.mark.parametrize("name", PLANTED)
def test_a_plant_is_found_and_confirmed(findings: list[dict[str, Any]], name: str) -> None:
    kind, steps = PLANTED[name]
    assert [f for f in confirmed(findings) if f["kind"] == kind and places(f) & steps], (
        f"{name} is not among the confirmed"
    )


def test_nothing_else_is_confirmed(findings: list[dict[str, Any]]) -> None:
    for finding in confirmed(findings):
        planted = any(finding["kind"] == kind and places(finding) & steps for kind, steps in PLANTED.values())
        also = any(finding["kind"] == kind and steps <= places(finding) for kind, steps in ALSO_TRUE)
        assert planted or also, f"{finding['no_label']} {finding['kind']} {finding['where']} was never planted"


@pytest.mark.parametrize(("plant", "kind", "step"), [
    ("skipped_shipping_mail", "deviation.skipped", "shipping_mail"),
    ("skipped_thank_you", "deviation.skipped", "order_confirmation"),
    ("swapped_scans", "deviation.out_of_order", "deliver"),
])  # fmt: skip
def test_intervals_cover_the_planted_rate(
    findings: list[dict[str, Any]], sample_night: Path, plant: str, kind: str, step: str
) -> None:
    truth = json.loads(gzip.decompress((sample_night / "data/sample/truth.json.gz").read_bytes()))
    rows = [p for p in truth["plants"] if p["kind"] == kind and step in json.dumps(p["where"])]
    assert len(rows) == 1, f"{plant}: {rows}"
    rate = rows[0]["n_affected"] / rows[0]["n_eligible"]
    found = next(f for f in confirmed(findings) if f["kind"] == kind and step in places(f))
    assert found["ci"]["low"] <= rate <= found["ci"]["high"]


def test_the_gap_to_a_competitor_is_the_planted_one(findings: list[dict[str, Any]]) -> None:
    """Their minutes were planted errand by errand; ours over theirs, weighted as customers come in the log."""
    found = next(f for f in findings if f["kind"] == "competitor_gap" and f["where"]["metric"] == "minutes"
                 and f["where"]["company"] == "Alpstern")  # fmt: skip
    theirs = {(one.scenario, one.channel): one.theirs for one in ERRANDS}
    weights = found["extra"]["weight"]
    assert abs(sum(weights) - 1) < 1e-9
    truth = math.exp(
        -sum(w * math.log(theirs[a, b]) for (a, b, _), w in zip(found["extra"]["strata"], weights, strict=True))
    )
    assert found["ci"]["low"] <= truth <= found["ci"]["high"]
    thin = [f for f in findings if f["kind"] == "competitor_gap" and f["where"]["company"] in ("Trekhaus", "Waldkante")]
    assert {f["status"] for f in thin} == {"not_enough_data"} and not any("ahead" in f["where"] for f in thin)


def test_every_finding_has_what_a_reader_needs(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        assert finding["effect"]["unit"] and finding["n"]["units"] is not None
        assert finding["ci"].get("low") is not None or finding["ci"].get("reason")
        if finding["status"] == "confirmed":
            assert finding["evidence"]["typical"] and finding["evidence"]["counter"] and finding["evidence"]["sql"]
