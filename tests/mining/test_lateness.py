"""Waits that are far too long without a promise: planted, absent, and where nothing can be told."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest
from mining_log import Ev, Log, St
from planted import mined, pick

from ingest.store import Store
from mining.analyses.lateness import null_share
from mining.decisions import date_for
from mining.lateness_words import span_text

NIGHT_TO = dt.date(2026, 3, 16)
START = dt.datetime(2025, 12, 1)
STEPS = [St("pay"), St("ship", "Is told that it is on its way", actor="company"), St("look")]


def waits(n: int, late: float, *, seed: int = 1, spread: float = 0.8, steps: list[St] = STEPS) -> Log:
    """`n` journeys over 16 weeks: pay, then ship after a lognormal day; from 19 January some take twelve times that."""
    rng = random.Random(seed)
    log = Log([], steps, as_of=NIGHT_TO)
    for number in range(n):
        clock = START + dt.timedelta(seconds=rng.randrange(110 * 86400))
        days = rng.lognormvariate(0, spread)
        if clock >= dt.datetime(2026, 1, 19) and rng.random() < late:
            days *= 12
        shipped = clock + dt.timedelta(days=days)
        customer = f"k{rng.randrange(n):05d}"
        log.events.append(Ev(f"j{number}", "pay", clock, customer=customer))
        if shipped < dt.datetime(2026, 3, 16):
            log.events.append(Ev(f"j{number}", "ship", shipped, customer=customer, order=1))
    return log


def test_planted_lateness_is_confirmed(store: Store) -> None:
    findings = mined(store, waits(9000, 0.2), only="lateness")
    outside = pick(findings, "deviation.late", hours="other hours")
    assert outside.status == "confirmed" and outside.where["prev"] == "pay" and outside.where["step"] == "ship"
    assert outside.effect["value"] > 0.02 and outside.n["unit"] == "waits"
    assert outside.window["weeks"] == 4 and outside.window["to"] == date_for(NIGHT_TO).isoformat()
    assert outside.extra["baseline_share"] < 0.02
    assert outside.n["journeys"] == len(store.rows(outside.evidence["sql"]))
    assert "took longer than" in outside.title and "[" in outside.title


def test_who_looks_in_while_waiting_is_not_lost(store: Store) -> None:
    """The longer the wait, the surer somebody looks at the tracking page before it is over."""
    log = waits(9000, 0.2)
    log.steps = [*STEPS[:2], replace(STEPS[2], step_class="browse", repeats=None)]
    paid = {event.case: event for event in log.events if event.step == "pay"}
    for event in [event for event in log.events if event.step == "ship"]:
        if event.at - paid[event.case].at > dt.timedelta(days=3):
            at = event.at - dt.timedelta(days=1)
            log.events.append(replace(event, step="look", at=at))
    told = pick(mined(store, log, only="lateness"), "deviation.late", hours="other hours")
    assert told.status == "confirmed" and told.where["prev"] == "pay" and told.where["step"] == "ship"


def test_nothing_planted_nothing_confirmed() -> None:
    for seed in range(3):
        with Store.open() as store:
            findings = mined(store, waits(2200, 0.0, seed=seed, spread=0.4 + 0.4 * seed), only="lateness")
            assert [f.title for f in findings if f.status in ("confirmed", "candidate")] == []


@pytest.mark.parametrize(("later", "expected"), [(1.0, False), (2.5, True)])
def test_waits_of_two_usual_lengths_are_late_when_the_longer_one_becomes_usual(
    store: Store, later: float, expected: bool
) -> None:
    """No van on Sundays: a fifth wait a day longer, always. Late is what comes more often than it did."""
    rng = random.Random(5)
    log = Log([], STEPS, as_of=NIGHT_TO)
    for number in range(6000):
        clock = START + dt.timedelta(seconds=rng.randrange(110 * 86400))
        more = later if clock >= dt.datetime(2026, 2, 2) else 1.0
        hours = rng.gauss(12, 1) + 24 * (rng.random() < 0.2 * more)
        customer = f"k{rng.randrange(6000):05d}"
        log.events.append(Ev(f"j{number}", "pay", clock, customer=customer))
        log.events.append(Ev(f"j{number}", "ship", clock + dt.timedelta(hours=hours), customer=customer, order=1))
    findings = mined(store, log, only="lateness")
    assert ("confirmed" in {f.status for f in findings}) == expected
    assert all(0.15 < f.effect["baseline"] < 0.25 for f in findings if f.status == "confirmed")


def test_how_long_customers_take_is_theirs(store: Store) -> None:
    steps = [replace(step, actor="customer") for step in STEPS]
    assert mined(store, waits(3000, 0.3, steps=steps), only="lateness") == []


def test_short_data_give_no_limit(store: Store) -> None:
    log = waits(1500, 0.0)
    log.events = [event for event in log.events if event.at >= dt.datetime(2026, 1, 19)]
    assert mined(store, log, only="lateness") == []
    rows = store.rows("select n, of_n from data_quality where measure like 'weeks of data for limits%'")
    assert len(rows) == 1 and rows[0][0] < rows[0][1] == 12


@pytest.mark.parametrize(("n", "share"), [(200, 0.0237), (2000, 0.0132), (10**9, 0.0099)])
def test_a_limit_from_few_waits_lets_more_pass(n: int, share: float) -> None:
    assert null_share(n) == pytest.approx(share, rel=0.05)


def test_spans_are_told_in_the_unit_that_fits() -> None:
    assert [span_text(ms) for ms in (1500, 119_000, 7.3e6, 2.7e8, 1e9)] == [
        "1.5 seconds",
        "119 seconds",
        "2.0 hours",
        "3.1 days",
        "12 days",
    ]
