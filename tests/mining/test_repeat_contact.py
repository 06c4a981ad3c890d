"""Repeat contact (T4.2): what a contact is, windows against a count by hand, the estimate over worlds, the finding."""

from __future__ import annotations

import datetime as dt
import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mining_log import EPOCH, Ev, Log, St, build
from planted import NIGHT, frame, mined, pick

from ingest.store import Store
from mining.excess import Sums
from mining.repeats import DAY_S, Contacts, sum_up
from mining.season import choose_side
from mining.subjects import read_subjects

N_WORLDS = 200
PHONE = St("talk", "Talks to us", "help", "agent", "Call centre", "contact")
STEPS = [
    PHONE,
    St("menu", "Hears the menu", "help", "ivr", "Call centre", "contact"),
    St("passed_on", "Is passed on", "help", "agent", "Call centre", "handoff", "company"),
    St("call_back", "Is called back", "help", "agent", "Call centre", "contact", "company"),
    St("mail", "Writes to us", "help", "mail", "Call centre", "contact"),
    St("page", "Looks", "research", "web", "Web shop", "browse", repeats=None),
]


def at(minutes: float) -> dt.datetime:
    return EPOCH + dt.timedelta(minutes=minutes)


def test_what_a_contact_is(store: Store) -> None:
    """A call is one, with its menu; so is what it is handed on to within 5 minutes. What the company begins is none."""
    told = [
        Ev("j", "menu", at(0), at(1), "ann", engaged_ms=60_000, call="1"),
        Ev("j", "talk", at(1), at(4), "ann", engaged_ms=180_000, handle_ms=170_000, call="1", intent="status"),
        Ev("j", "passed_on", at(4), at(4), "ann", call="1"),
        Ev("j", "talk", at(6), at(9), "ann", engaged_ms=180_000, call="2", intent="refund"),
        Ev("j", "talk", at(11), at(12), "ann", engaged_ms=60_000, call="3", intent="refund"),
        Ev("j", "call_back", at(60), at(65), "ann", engaged_ms=300_000, call="4"),
        Ev("j", "mail", at(99), None, "ann"),
        Ev("j", "page", at(100), None, "ann"),
        Ev("k", "talk", at(0), at(2), "withheld", call="5"),
    ]
    build(store, Log(told, STEPS, identity={"withheld": "none"}))
    read_subjects(store, frame(store))
    columns = "date_diff('minute', $epoch, started_at), intent, is_call, customer_s, company_s"
    seen = store.rows(f"select {columns} from contact", {"epoch": EPOCH})
    assert seen == [(0, "status", True, 420, 170), (11, "refund", True, 60, 0), (99, None, False, 0, 0)]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 90 * 4), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([1, 7, 14]),
    st.sampled_from(["after", "before"]),
)
def test_windows_against_a_count_by_hand(told: list[tuple[int, int, bool]], days: int, side: str) -> None:
    """Times are quarters of days, so that the borders of windows are met."""
    rows = sorted(told)
    at_s = [quarter * DAY_S // 4 for _, quarter, _ in rows]
    seen = min(at_s), max(at_s)
    columns = [np.array(c, dtype=np.int64) for c in ([r[0] for r in rows], at_s, at_s, [1] * len(rows))]
    flags = np.array([r[2] for r in rows])
    got = sum_up(Contacts(*columns, flags), days, 28, side, seen, {"all": np.ones(len(rows), dtype=bool)}).get("all")
    followed = far = contacts = 0
    for (customer, _, is_counted), now in zip(rows, at_s, strict=True):
        gaps = [(t - now) / DAY_S for (c, _, _), t in zip(rows, at_s, strict=True) if c == customer]
        reach = (now - seen[0]) / DAY_S if side == "before" else math.inf
        left = (seen[1] - now) / DAY_S
        if not is_counted or left < (days if side == "before" else 28 + days) or reach < 28 + days:
            continue
        contacts += 1
        followed += any(0 < gap <= days for gap in gaps)
        far += any(28 < gap <= 28 + days if side == "after" else 28 < -gap <= 28 + days for gap in gaps)
    counted = (got.total["m"], got.total["a"], got.total["b"]) if got else (0, 0, 0)
    assert counted == (contacts, followed, far)


def calls(seed: int, brings: float, n_customers: int = 3000, per_year: float = 3, days: int = 365) -> list[np.ndarray]:
    """(customer, s) of a year of calls: customers differ (gamma, cv 1.5), each call brings another with `brings`, on
    average two days later. Of those, 1 - exp(-3.5) come within 7 days.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1 / 1.5**2, 1.5**2 * per_year, n_customers)
    who = np.repeat(np.arange(n_customers), rng.poisson(rate * days / 365))
    told = [(who, rng.uniform(0, days, len(who)))]
    while len(told[-1][0]):
        who, when = told[-1]
        again = rng.random(len(who)) < brings
        who, when = who[again], when[again] + rng.exponential(2, int(again.sum()))
        told.append((who[when < days], when[when < days]))
    who, when = (np.concatenate(part) for part in zip(*told, strict=True))
    order = np.lexsort((when, who))
    return [who[order], (when[order] * DAY_S).astype(np.int64)]


def estimate(seed: int, brings: float) -> Sums:
    who, at_s = calls(seed, brings)
    ones = np.ones(len(who), dtype=np.int64)
    contacts = Contacts(who, at_s, 60 * ones, 60 * ones, ones > 0)
    return sum_up(contacts, 7, 28, "after", (0, 365 * DAY_S), {"all": ones > 0})["all"]


@pytest.mark.parametrize("brings", [0.0, 0.1])
def test_the_interval_covers_what_was_planted(brings: float) -> None:
    """T4.2. Raw shares are near 17 % where nothing was planted."""
    truth = brings * (1 - math.exp(-3.5))
    sums = [estimate(seed, brings) for seed in range(N_WORLDS)]
    told = [one.excess() for one in sums]
    values = [value for value, _ in told if told]  # type: ignore[misc]
    covered = sum(abs(value - truth) <= 1.96 * error for value, error in told)  # type: ignore[misc]
    assert 181 <= covered <= 197, "99 % band of the binomial"
    assert abs(float(np.mean(values)) - truth) < 0.004
    assert all(truth - 0.03 < value < truth + 0.03 for value in values)
    assert sums[0].soon > truth + 0.1, "what customers do anyway is taken off"
    seconds, error = sums[0].time("t")
    assert seconds == pytest.approx(values[0] * sums[0].total["t"]) and error > told[0][1] * sums[0].total["t"] / 2  # type: ignore[index]


def test_a_season_that_ends_is_no_repeat() -> None:
    year = np.full(200, 40)
    assert choose_side(year, 7, 28, 1.25).side == "after"
    ends = np.concatenate([np.full(70, 40), np.full(60, 4)])
    assert (choose_side(ends, 7, 28, 1.25).side, choose_side(ends, 7, 28, 1.25).is_level) == ("before", True)
    peak = np.concatenate([np.full(60, 2), np.full(20, 400), np.full(60, 2)])
    assert not choose_side(peak, 7, 28, 1.25).is_level, "nothing to compare with"
    assert choose_side(np.full(20, 5), 7, 28, 1.25).ratio is None


def phone_log(brings: float, seed: int = 5, n_customers: int = 500, known: float = 1.0) -> Log:
    """Ten weeks of calls: each customer calls now and then about anything, and again within days with `brings`."""
    rng = random.Random(seed)
    log = Log([], STEPS, as_of=NIGHT)
    for who in range(n_customers):
        for number in range(rng.choice([1, 1, 2, 5])):
            clock = EPOCH + dt.timedelta(days=rng.uniform(0, 69))
            intent = rng.choice(["status", "refund"]) if rng.random() < known else None
            for again in range(9):
                call = f"{who}-{number}-{again}"
                log.events.append(
                    Ev(f"j{who}-{number}", "talk", clock, clock + dt.timedelta(minutes=4), f"k{who}",
                       engaged_ms=240_000, handle_ms=200_000, call=call, intent=intent)
                )  # fmt: skip
                if intent == "refund" or rng.random() >= brings:
                    break
                clock += dt.timedelta(days=rng.expovariate(1 / 2))
    log.events = [e for e in log.events if e.at < EPOCH + dt.timedelta(days=69)]
    return log


def test_the_finding(store: Store) -> None:
    findings = mined(store, phone_log(0.3, n_customers=800), only="repeat_contact")
    status = pick(findings, "repeat_contact", intent="status")
    assert status.status == "confirmed" and status.grade == "B" and status.n["sample"] == "confirm"
    assert status.ci["low"] <= 0.29 <= status.ci["high"] and 'about "status"' in status.title
    assert set(status.extra["windows"]) == {"1", "7", "14"} and status.m == 2
    assert pick(findings, "repeat_contact", intent="refund").status == "cannot_tell"
    cost = status.cost["customer_min_per_week"]
    assert cost["low"] < cost["mid"] < cost["high"] and status.cost["money_per_week"]["mid"] > 0
    keys = [row[0] for row in store.rows(status.evidence["sql"])]
    by_hand: dict[str, list[dt.datetime]] = {}
    for customer, when in store.rows("select customer_id, started_at from contact where intent = 'status'"):
        by_hand.setdefault(customer, []).append(when)
    n_again = sum(b - a <= dt.timedelta(days=7) for times in by_hand.values() for a, b in pairwise(sorted(times)))
    assert store.value("select count(*) from followed where about = 'status' and is_again") == n_again
    assert len(keys) == status.n["journeys"] and set(status.evidence["typical"]) <= set(keys)
    assert not set(status.evidence["counter"]) & set(keys) and status.evidence["counter"]


def test_what_is_not_known_is_repeated_by_anything(store: Store) -> None:
    findings = mined(store, phone_log(0.3, known=0.0), only="repeat_contact")
    assert [f.where for f in findings] == [{"intent": None, "days": 7}]
    assert findings[0].extra["any_intent"] and "not known" in findings[0].text_caution


def test_few_customers_confirm_nothing(store: Store) -> None:
    """W11."""
    findings = mined(store, phone_log(0.5, n_customers=50), only="repeat_contact")
    assert findings and {f.status for f in findings} == {"not_enough_data"}
    assert all(f.n["n_needed"] for f in findings)
