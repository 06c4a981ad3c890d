"""Deviations where the recording leaves something open: outages, days without times, journeys that still run."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from mining_log import EPOCH, Ev, Log, St
from planted import mined, pick, world

from ingest.store import Store
from mining import coarse
from mining.findings import Finding
from mining.method import Method
from mining.sentences import count_text

STEPS = [St(s, s.title(), source=1 + (s == "pay")) for s in ("order", "pay", "pack", "ship", "deliver")]
PROCESS: dict[str, Any] = {
    "process": "p",
    "case": "order",
    "steps": ["order", "pay", "pack", "ship", "deliver"],
    "tolerance": 0.01,
}


def conforming(_: random.Random) -> list[tuple[str, float]]:
    return [(step.step, 600) for step in STEPS]


def loud(findings: list[Finding]) -> list[str]:
    return [f.title for f in findings if f.status in ("confirmed", "candidate")]


def lost(log: Log, step: str, day: dt.date, share: float = 1.0) -> Log:
    """The log without a day's records of a step (or a share of them)."""
    rng = random.Random(7)
    kept = [e for e in log.events if e.step != step or e.at.date() != day or rng.random() >= share]
    return replace(log, events=kept)


def without(log: Log, step: str, share: float) -> Log:
    rng = random.Random(7)
    return replace(log, events=[e for e in log.events if e.step != step or rng.random() >= share])


def test_an_outage_is_no_deviation(store: Store) -> None:
    """On one day nothing is heard of the source of payments: 1.8 % of all journeys seem not to have paid."""
    day = (EPOCH + dt.timedelta(days=30)).date()
    log = lost(world(conforming, 4500, STEPS), "pay", day)
    findings = mined(store, log, PROCESS, only="deviations")
    assert loud(findings) == []
    assert store.rows("select source_id, day, n_events from source_day where not is_complete") == [(2, day, 0)]
    told = store.rows(
        "select n, of_n from data_quality where measure like 'journeys not held against the intended process%silent%'"
    )
    assert len(told) == 1 and 80 < told[0][0] < 800 and told[0][1] == 4500


def test_without_the_rule_the_outage_would_be_a_finding(store: Store) -> None:
    day = (EPOCH + dt.timedelta(days=30)).date()
    log = lost(world(conforming, 4500, STEPS), "pay", day)
    assert loud(mined(store, log, PROCESS, Method(source_day_share_min=0.0), only="deviations"))


def test_what_is_planted_beside_an_outage_is_found_and_says_what_was_left_out(store: Store) -> None:
    day = (EPOCH + dt.timedelta(days=30)).date()
    log = lost(without(world(conforming, 6000, STEPS), "pay", 0.05), "pay", day)
    skipped = pick(mined(store, log, PROCESS, only="deviations"), "deviation.skipped", step="pay")
    assert skipped.status == "confirmed" and skipped.ci["low"] <= 0.05 <= skipped.ci["high"]
    left_out = skipped.extra["n_unrecorded"]
    assert skipped.n["exposed"] == 6000 - left_out and f"{left_out:,} journeys are left out" in skipped.text_caution
    assert len(store.rows(skipped.evidence["sql"])) == skipped.n["journeys"]


def test_a_quiet_source_and_the_ends_of_the_data_are_no_outage(store: Store) -> None:
    """Of 9 payments a day all may be missing by chance; on the first and last day there is always less."""
    mined(
        store,
        lost(world(conforming, 500, STEPS), "pay", (EPOCH + dt.timedelta(days=30)).date()),
        PROCESS,
        only="deviations",
    )
    assert store.rows("select * from source_day where not is_complete") == []


def day_only(log: Log, *steps: str) -> Log:
    """The log with only the day of some steps, at its end, as ingest leaves them."""

    def told(event: Ev) -> Ev:
        end = event.at.replace(hour=23, minute=59, second=59)
        return replace(event, at=end, coarse=True) if event.step in steps else event

    return replace(log, events=[told(event) for event in log.events])


def test_steps_of_one_day_have_no_order(store: Store) -> None:
    """Pay and pack within an hour; of pay only the day is known, so that it seems to come last on it."""

    def play(rng: random.Random) -> list[tuple[str, float]]:
        way = [("order", 0.0), ("pay", 30), ("pack", 30), ("ship", 2880), ("deliver", 1440)]
        return [one for one in way if one[0] != "ship" or rng.random() >= 0.05]

    log = day_only(world(play, 3000, STEPS), "pay")
    assert (
        len({tuple(e.step for e in sorted(log.events, key=lambda e: e.at) if e.case == f"j{n:06d}") for n in range(50)})
        > 1
    )
    findings = mined(store, log, PROCESS, only="deviations")
    assert {(f.kind, f.where["step"]) for f in findings if f.status == "confirmed"} == {("deviation.skipped", "ship")}
    assert {f.where["step"] for f in findings} == {"ship"}, "no payment is out of order"
    skipped = pick(findings, "deviation.skipped", step="ship")
    assert len(store.rows(skipped.evidence["sql"])) == skipped.n["journeys"] and skipped.n["exposed"] == 3000


def test_every_order_of_a_day_is_tried() -> None:
    assert coarse.orders("abcd", ".Ffc", 99) == [tuple("abcd"), tuple("adbc"), tuple("abdc")]
    assert set(coarse.orders("abc", "Ccc", 99) or ()) == {tuple(x) for x in ("abc", "acb", "bac", "bca", "cab", "cba")}
    assert coarse.orders("abab", "CfCf", 99) == [tuple("abab"), tuple("abba"), tuple("baab"), tuple("baba")]
    assert coarse.orders("axb", "CcC", 99, lambda step: step != "x") == [("a", "b")]
    assert coarse.orders("abcdefghi", "C" + "c" * 8, 10**9) is None, "more than 8 of one day"
    assert coarse.orders("abcdef", "Cccccc", 719) is None and len(coarse.orders("abcdef", "Cccccc", 720) or ()) == 720


def test_journeys_that_run_are_told_beside_and_not_blamed_for_their_future(store: Store) -> None:
    log = without(world(conforming, 3000, STEPS), "pay", 0.06)
    cases = sorted({event.case for event in log.events})
    log.open_cases = set(cases[:400])
    log.events = [e for e in log.events if e.case not in log.open_cases or e.step not in ("ship", "deliver")]
    findings = mined(store, log, PROCESS, only="deviations")
    assert {(f.kind, f.where["step"]) for f in findings} == {("deviation.skipped", "pay")}
    (skipped,) = findings
    showing = {e.case for e in log.events if e.case in log.open_cases} - {e.case for e in log.events if e.step == "pay"}
    assert (skipped.extra["n_running"], skipped.extra["n_running_hits"]) == (400, len(showing))
    assert f"Of 400 journeys that still run, {len(showing)} may go that way." in skipped.text_evidence
    assert skipped.n["exposed"] == 2600


def test_journeys_before_the_process_was_valid_are_left_out(store: Store) -> None:
    """Until the middle of the window nobody paid; then the process changed."""
    change = EPOCH + dt.timedelta(days=28)
    log = world(conforming, 2000, STEPS)
    began = {e.case: e.at for e in reversed(log.events)}
    log.events = [e for e in log.events if e.step != "pay" or began[e.case] >= change]
    process = {**PROCESS, "valid_from": change.date()}
    assert mined(store, log, process, only="deviations") == []
    with Store.open() as other:
        skipped = pick(mined(other, log, PROCESS, only="deviations"), "deviation.skipped", step="pay")
        assert skipped.status == "confirmed" and skipped.effect["value"] > 0.4


def test_what_is_not_fully_checked_says_so(store: Store) -> None:
    log = without(world(conforming, 1500, STEPS), "pay", 0.2)
    findings = mined(store, log, PROCESS, Method(align_pops_night=7), only="deviations")
    assert findings == [], "the most frequent way used up the night's budget"
    with Store.open() as other:
        log = replace(log, events=[e for e in log.events if e.step != "ship" or int(e.case[1:]) % 9])
        found = mined(other, log, PROCESS, Method(align_pops_night=14), only="deviations")
        assert found and all("Not fully checked: " in f.text_caution for f in found)
        low, high = found[0].extra["rate_interval"]
        assert high - low == pytest.approx(found[0].extra["n_undecided"] / 1500, abs=0.01)


@pytest.mark.parametrize(("value", "text"), [(105.0, "105"), (105.2, "about 105"), (4061.0, "4,061"), (0.3, "about 1")])
def test_counts_are_whole_or_say_that_they_are_not(value: float, text: str) -> None:
    assert count_text(value) == text


def test_shared_blame_names_what_else_it_may_have_been(store: Store) -> None:
    """Two ways in, both cut short: it can't be told which step was skipped."""

    def play(rng: random.Random) -> list[tuple[str, float]]:
        first = rng.choice(["order", "pay"])
        return [(step, 10) for step in (["deliver"] if rng.random() < 0.1 else [first, "deliver"])]

    process = {"process": "p", "steps": [{"one_of": [["order"], ["pay"]]}, "deliver"], "tolerance": 0.01}
    findings = mined(store, world(play, 2000, STEPS), process, only="deviations")
    skipped = pick(findings, "deviation.skipped", step="pay")
    assert skipped.extra["blame_mean"] == 0.5
    assert (
        'Of part of them it can\'t be told whether it was this, or "Order" that was skipped.' in skipped.text_evidence
    )
