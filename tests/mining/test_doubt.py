"""A doubt about who is who: the over-merging alarm holds findings back, what strong identity does not show is said."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from mining_log import St
from planted import mined, pick, world

from ingest.store import Store
from mining.doubt import ALARM, holds_strictly, with_doubts
from mining.findings import Finding
from mining.rates import Rate, robustness_part

STEPS = [St(s, s.title()) for s in ("order", "pay", "ship")]
PROCESS = {"process": "p", "case": "order", "steps": ["order", "pay", "ship"], "tolerance": 0.02}


def play(rng: random.Random) -> list[tuple[str, float]]:
    return [(s, 600) for s in ("order", "pay", "ship") if s != "pay" or rng.random() >= 0.08]


def skipped(store: Store, weak: str = "none") -> Finding:
    """The finding of a world where 8 % go without paying. `weak`: whose identity is weak: none, all, who skip."""
    log = world(play, 2000, STEPS)
    paid = {e.case for e in log.events if e.step == "pay"}
    customer_of = {e.case: e.customer or e.case for e in log.events}
    doubtful = {c for case, c in customer_of.items() if weak == "all" or (weak == "who skip" and case not in paid)}
    log.identity = dict.fromkeys(doubtful, "weak")
    found = mined(store, log, PROCESS, only="deviations")
    return pick(with_doubts(store, found), "deviation.skipped", step="pay")


def test_a_finding_is_counted_again_with_strong_identity_only(store: Store) -> None:
    finding = skipped(store)
    assert finding.status == "confirmed" and holds_strictly(finding) is True
    assert finding.robustness["strict_identity"]["n"] == 2000
    assert "without doubt" not in finding.text_caution


def test_what_strong_identity_does_not_show_is_not_confirmed(store: Store) -> None:
    finding = skipped(store, "who skip")
    assert finding.status == "candidate" and holds_strictly(finding) is False
    assert finding.robustness["sign_stable"] is False


def test_a_finding_that_strong_identity_can_not_tell_says_so(store: Store) -> None:
    finding = skipped(store, "all")
    assert finding.status == "confirmed" and holds_strictly(finding) is None
    assert "known without doubt can't be told" in finding.text_caution


def test_a_finding_whose_direction_is_lost_by_chance_says_so(store: Store) -> None:
    finding = skipped(store)
    few = {**finding.robustness, "strict_identity": {"value": 0.019, "n": 50}}
    said = with_doubts(store, [replace(finding, robustness=few)])[0]
    assert said.status == "confirmed" and "does not show in the journeys" in said.text_caution
    for n_strict, is_stable in ((60, True), (600, False)):  # 1 of 60 may be chance
        rate = Rate({"light": 9.0, "strict": 1.0}, {"light": 100, "strict": n_strict})
        assert robustness_part(rate, 0.02)["sign_stable"] is is_stable


@pytest.mark.parametrize(("n", "status"), [(0, "confirmed"), (2, "candidate")])
def test_nothing_is_confirmed_on_a_night_with_an_over_merging_alarm(store: Store, n: int, status: str) -> None:
    found = mined(store, world(play, 2000, STEPS), PROCESS, only="deviations")
    store.run(f"insert into data_quality by name select '{ALARM}' as measure, {n} as n, 2000 as of_n, '' as note")
    finding = pick(with_doubts(store, found), "deviation.skipped", step="pay")
    assert finding.status == status
    assert ("several people" in finding.text_caution) == (n > 0)
