"""Analyses on planted worlds: what is planted is found with the right words, what is not planted is not confirmed."""

from __future__ import annotations

import dataclasses
import os
import random
from pathlib import Path

import pytest
from mining_log import St
from planted import mined, pick, relabelled, world

from ingest.store import Store
from mining import analyses
from mining.method import Method

CAMPAIGN = bool(os.environ.get("FRONTSTAGE_CAMPAIGN"))
STEPS = [St(s, s.title()) for s in ("order", "pay", "pack", "ship", "deliver")]
PROCESS = {"process": "p", "case": "order", "steps": ["order", "pay", "pack", "ship", "deliver"], "tolerance": 0.02}


def deviating(skip: float, swap: float, loss: float = 0.0):  # type: ignore[no-untyped-def]
    def play(rng: random.Random) -> list[tuple[str, float]]:
        way = ["order", "pay", "pack", "ship", "deliver"]
        if rng.random() < skip:
            way.remove("pay")
        if rng.random() < swap:
            way[-3], way[-2] = way[-2], way[-3]
        kept = [s for s in way if rng.random() >= loss] or ["order"]
        return [(s, 600) for s in kept]

    return play


def test_planted_deviations_are_confirmed_and_nothing_else(store: Store) -> None:
    """T3.2: 5 % without payment, 3 % shipped before packed, 20,000 journeys under FRONTSTAGE_CAMPAIGN=1, else 9,000."""
    n, swap = (20_000, 0.03) if CAMPAIGN else (9000, 0.035)
    log = world(deviating(0.05, swap), n, STEPS, seed=2 if CAMPAIGN else 1)
    findings = mined(store, log, PROCESS, only="deviations")
    confirmed = {(f.kind, f.where["step"], f.where.get("next")) for f in findings if f.status == "confirmed"}
    assert confirmed == {("deviation.skipped", "pay", None), ("deviation.out_of_order", "ship", "pack")}
    skipped = pick(findings, "deviation.skipped", step="pay")
    assert skipped.where["prev"] == "order"
    assert skipped.ci["low"] <= 0.05 <= skipped.ci["high"]
    assert skipped.n["sample"] == "confirm" and skipped.n["units"] < skipped.n["exposed"] == n
    swapped = pick(findings, "deviation.out_of_order", step="ship")
    assert swapped.ci["low"] <= swap <= swapped.ci["high"]
    assert '"Pay"' in skipped.title and "[" in skipped.title


def test_loss_of_records_below_tolerance_confirms_nothing() -> None:
    """T3.3 in small: 6 conforming worlds with 1 % of the records lost; 50 under FRONTSTAGE_CAMPAIGN=1."""
    loud = 0
    n_worlds = 50 if CAMPAIGN else 6
    for seed in range(n_worlds):
        with Store.open() as store:
            findings = mined(
                store, world(deviating(0, 0, loss=0.01), 1500, STEPS, seed=seed), PROCESS, only="deviations"
            )
            loud += any(f.status in ("confirmed", "candidate") for f in findings)
    assert loud <= n_worlds // 50


def test_names_of_cases_change_no_finding() -> None:
    """T3.5: unpadded case ids in another order of text."""
    log = world(deviating(0.06, 0.04), 1200, STEPS)
    made = []
    for version in (log, relabelled(log)):
        with Store.open() as store:
            made.append(
                [
                    (f.finding_id, f.status, f.title, f.n, f.ci, f.cost)
                    for f in mined(store, version, PROCESS, only="deviations")
                ]
            )
    assert made[0] == made[1]


def test_few_customers_are_folded(store: Store) -> None:
    log = world(deviating(0.0, 0.0), 300, STEPS)
    skipped = {f"j{n:06d}" for n in range(3)}
    log.events = [e for e in log.events if not (e.case in skipped and e.step == "pay")]
    assert mined(store, log, PROCESS, only="deviations") == []
    folded = store.rows("select n, of_n, note from data_quality where measure = 'findings small cell'")
    assert [(n, of_n) for n, of_n, _ in folded] == [(1, 1)] and folded[0][2].startswith("deviation.skipped:")
    assert store.rows("from finding_variant") == []


def test_a_kind_is_bounded_and_the_rest_is_counted(store: Store) -> None:
    process = {**PROCESS, "tolerance": 0.0}
    method = Method(stored_per_kind_max=1)
    findings = mined(store, world(deviating(0.1, 0, loss=0.03), 800, STEPS), process, method, only="deviations")
    assert [f.where["step"] for f in findings if f.kind == "deviation.skipped"] == ["pay"]
    assert (
        store.value(
            "select n from data_quality where measure = 'findings beyond bound' and note like 'deviation.skipped:%'"
        )
        >= 1
    )


def test_too_little_data_says_how_much_is_needed(store: Store) -> None:
    """W11: a tiny world confirms nothing."""
    findings = mined(store, world(deviating(0.2, 0.1), 50, STEPS), PROCESS)
    assert findings and not [f for f in findings if f.status == "confirmed"]
    assert all(f.n["n_needed"] for f in findings if f.status == "not_enough_data")


LOOP_STEPS = [
    St("view", "Looks", step_class="browse", repeats=None),
    St("pay", "Pays"),
    St("refused", "Is refused"),
    St("done", "Is done", step_class="outcome", department=None),
    St("phone", "Phones", channel="agent", department="Call centre", step_class="contact"),
    St("form", "Fills in a form", repeats=1),
]


def looping(rng: random.Random) -> list[tuple[str, float]]:
    way: list[tuple[str, float]] = [("view", 0)] * rng.randrange(1, 4)
    way += [("form", 1)] * (2 if rng.random() < 0.5 else 1)
    way += [("pay", 3)]
    while rng.random() < 0.15:
        way += [("refused", 1), ("pay", 2)]
    while rng.random() < 0.2:
        way += [("view", 5), ("phone", 60)]
    return [*way, ("done", 1)]


def test_planted_loops(store: Store) -> None:
    findings = mined(store, world(looping, 3000, LOOP_STEPS), only="loops")
    pay = pick(findings, "loop.pingpong", cycle=["pay", "refused"])
    assert pay.status == "confirmed" and pay.ci["low"] <= 0.15 <= pay.ci["high"] and pay.extra["entry"] == "pay"
    assert pay.extra["passes_mean"] == pytest.approx(1 / 0.85, abs=0.08) and pay.p is None and pay.grade == "D"
    phone = pick(findings, "loop.self", cycle=["phone"])
    assert phone.ci["low"] <= 0.2 <= phone.ci["high"]
    assert not [f for f in findings if "view" in f.where.get("cycle", []) or f.where.get("cycle") == ["form"]], (
        "free and allowed repeats are no loop"
    )
    assert not [f for f in findings if "departments" in f.where], "looking at a page is no department's work"


def between(rng: random.Random) -> list[tuple[str, float]]:
    way: list[tuple[str, float]] = [("pay", 0)]
    while rng.random() < 0.2:
        way += [("phone", 5), ("form", 5)]
    return [*way, ("done", 1)]


def test_back_and_forth_between_departments(store: Store) -> None:
    findings = mined(store, world(between, 1500, LOOP_STEPS), only="loops")
    found = pick(findings, "loop.pingpong", departments=["Call centre", "Web shop"])
    assert found.status == "confirmed" and found.ci["low"] <= 0.2 <= found.ci["high"]
    assert found.cost["customer_min_per_week"] is None and found.cost["reason"]["customer_min_per_week"]


def test_minutes_in_loops_are_measured_once(store: Store) -> None:
    """T4.4, and the cost is exactly the engaged minutes of the erased events."""
    log = world(looping, 2000, LOOP_STEPS)
    findings = mined(store, log, only="loops")
    weeks = findings[0].window["weeks"]
    total = sum(e.engaged_ms or 0 for e in log.events) / 60_000 / weeks
    costs = [f.cost["customer_min_per_week"]["mid"] for f in findings if f.cost["customer_min_per_week"]]
    assert 0 < sum(costs) <= total
    pay = pick(findings, "loop.pingpong", cycle=["pay", "refused"])
    passes = sum(e.step == "refused" for e in log.events)
    assert pay.n["events"] == passes
    assert pay.cost["customer_min_per_week"]["mid"] == pytest.approx(2 * passes / weeks, rel=0.005)
    assert (
        pay.cost["customer_min_per_week"]["low"]
        < pay.cost["customer_min_per_week"]["mid"]
        < pay.cost["customer_min_per_week"]["high"]
    )


MERGE_STEPS = [St(s, s.title()) for s in ("start", "address", "check", "other", "end")]


def merging(together: float, gap: float):  # type: ignore[no-untyped-def]
    def play(rng: random.Random) -> list[tuple[str, float]]:
        way: list[tuple[str, float]] = [("start", 0)] if rng.random() < 0.5 else [("other", 0)]
        way.append(("address", 20 * rng.lognormvariate(0, 1)))
        if rng.random() < together:
            way.append(("check", gap * rng.lognormvariate(0, 0.3)))
        else:
            way += [("other", 15), ("check", 15)] if rng.random() < 0.5 else [("other", 15)]
        way.append(("start" if rng.random() < 0.3 else "end", 1000))
        return way

    return play


def test_steps_that_always_go_together(store: Store) -> None:
    """T5.1: 96 % adjacent, gap 3 min, n = 2,000."""
    findings = mined(store, world(merging(0.96, 3), 2000, MERGE_STEPS, engaged_ms=0), only="merges")
    assert [(f.kind, f.where) for f in findings] == [("merge", {"next": "check", "step": "address"})]
    merge = findings[0]
    assert merge.status == "confirmed" and merge.extra["may_worsen"]
    once, setup = merge.extra["saving_per_occurrence_min"], Method().merge_setup_min
    assert once["low"] <= 3 + setup <= once["high"]
    cost = merge.cost["customer_min_per_week"]
    assert cost["low"] < cost["mid"] < cost["high"] and merge.cost["basis"]["customer_min_per_week"].startswith(
        "assumed"
    )


@pytest.mark.parametrize("together", [0.8, 0.5])
def test_steps_that_often_part_are_not_proposed(store: Store, together: float) -> None:
    assert mined(store, world(merging(together, 3), 2000, MERGE_STEPS), only="merges") == []


def test_one_action_written_twice_is_a_matter_of_data_quality(store: Store) -> None:
    findings = mined(store, world(merging(1.0, 0.01), 1000, MERGE_STEPS), only="merges")
    assert [(f.kind, f.cost["customer_min_per_week"]) for f in findings] == [("data_quality", None)]


def test_steps_of_one_day_in_unknown_order_are_neither_merged_nor_doubled(store: Store) -> None:
    """Two steps of which only the day is known seem to come at once, in the order of their rows."""
    log = world(merging(1.0, 0.0), 600, MERGE_STEPS)
    ends = {
        e.case: e.at.replace(hour=23, minute=59, second=59, microsecond=0) for e in log.events if e.step == "address"
    }
    log.events = [
        dataclasses.replace(e, at=ends[e.case], coarse=True) if e.step in ("address", "check") else e
        for e in log.events
    ]
    assert mined(store, log, only="merges") == []


def test_independent_steps_give_no_merge() -> None:
    """T5.3 in small."""

    def play(rng: random.Random) -> list[tuple[str, float]]:
        return [(rng.choice(MERGE_STEPS).step, 5) for _ in range(rng.randrange(2, 9))]

    for seed in range(8):
        with Store.open() as store:
            assert mined(store, world(play, 600, MERGE_STEPS, seed=seed), only="merges") == []


WORLDS = {
    "deviations": (deviating(0.06, 0.04), STEPS, PROCESS),
    "loops": (looping, LOOP_STEPS, None),
    "merges": (merging(0.96, 3), MERGE_STEPS, None),
}


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_evidence_is_real_and_its_sql_runs(store: Store, name: str) -> None:
    play, steps, process = WORLDS[name]
    findings = mined(store, world(play, 2000, steps), process)  # type: ignore[arg-type]
    assert {f.kind for f in findings} & set(next(a for a in analyses.scan() if a.name == name).kinds)
    every = {row[0] for row in store.rows("select journey_key from journey")}
    for finding in findings:
        evidence = finding.evidence
        keys = [row[0] for row in store.rows(evidence["sql"])]
        assert len(keys) == len(set(keys)) == finding.n["journeys"], finding.title
        assert set(evidence["typical"]) | set(evidence["extreme"]) <= set(keys)
        assert not set(evidence["counter"]) & set(keys) and set(evidence["counter"]) <= every
        assert len(evidence["typical"]) == min(10, len(keys)) and not set(evidence["typical"]) & set(
            evidence["extreme"]
        )


def test_running_and_cut_off_journeys_are_left_out(store: Store) -> None:
    log = world(deviating(0.0, 0.0), 400, STEPS)
    cases = sorted({e.case for e in log.events})
    log.open_cases, log.truncated = set(cases[:100]), set(cases[100:150])
    log.events = [
        e
        for e in log.events
        if not (
            (e.case in log.open_cases and e.step in ("ship", "deliver"))
            or (e.case in log.truncated and e.step == "order")
        )
    ]
    findings = mined(store, log, PROCESS, only="deviations")
    assert findings == []


def test_every_analysis_describes_itself_and_has_its_test() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    for analysis in analyses.scan():
        assert analysis.summary and analysis.kinds and analysis.reads
        is_tested = f'only="{analysis.name}"' in text or f"{analysis.name}.find(" in text
        assert is_tested, f"add a test of mining/analyses/{analysis.name}.py to tests/mining"
