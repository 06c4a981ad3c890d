"""Whether a mended finding gave back what it promised: planted falls of a loop, none, a rise, and too few weeks."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from mining_log import EPOCH, Ev, Log, St, build
from planted import frame

from ingest.store import Store
from mining import aggregate, decisions, population, register
from mining.accepted import Acceptance
from mining.analyses import change_effects, loops
from mining.changes import promises
from mining.findings import Finding

WEEK = dt.timedelta(weeks=1)
BEFORE, RATE = 11, 0.30
DAY = EPOCH.date() + BEFORE * WEEK
STEPS = [
    St("payment", "Opens the payment page", department="Web shop"),
    St("refused", "Payment is refused", department="Web shop"),
    St("done", "Has paid", step_class="outcome", actor="company", department="Web shop"),
]


def world(rate_after: float, weeks_after: int, seed: int = 3) -> Log:
    """150 journeys a week; of those before the change `RATE` go back and forth once, of those after it `rate_after`."""
    rng, events, part = random.Random(seed), [], {}
    for week in range(BEFORE + weeks_after):
        for n in range(150):
            case = f"w{week}-{n}"
            at = EPOCH + week * WEEK + dt.timedelta(hours=rng.uniform(8, 6 * 24))
            again = rng.random() < (RATE if week < BEFORE else rate_after)
            for place, step in enumerate(["payment", *(["refused", "payment"] if again else []), "done"]):
                minutes = dt.timedelta(minutes=2 * place)
                events.append(Ev(case, step, at + minutes, customer=case, engaged_ms=120_000))
            part[case] = rng.randrange(10)
    as_of = EPOCH.date() + (BEFORE + weeks_after) * WEEK
    return Log(events, STEPS, part=part, as_of=as_of)


def looked(store: Store, log: Log, *, promised: bool = True) -> tuple[str, list[Finding]]:
    """The finding's id, and tonight's findings after what was promised on the day of the change."""
    build(store, log)
    register.prepare(store)
    change_effects.declare(store, ())
    aggregate.build(store)
    night = replace(frame(store), window_to=log.as_of or DAY)
    closed = replace(night, window_from=EPOCH.date(), window_to=DAY)
    population.prepare(store, closed)
    found = loops.find(store, closed)
    [loop] = [one for one in found if one.kind == "loop.pingpong"]
    assert loop.status == "confirmed"
    if promised:
        decisions.write(store, closed, DAY, found)
    for marks in ("finding_variant", "finding_journey"):
        store.run(f"delete from {marks}")
    tonight = replace(night, confirmed=frozenset({loop.finding_id}))
    population.prepare(store, tonight)
    entry = Acceptance(finding=loop.finding_id, since=DAY, reason="a second card is offered at once", carried_out=DAY)
    return loop.finding_id, promises.follow(store, tonight, loops.find(store, tonight), {loop.finding_id: entry})


def told(rate_after: float, weeks_after: int = 7, **values: bool) -> dict[str, Any]:
    with Store.open(None, threads=1) as store:
        finding_id, findings = looked(store, world(rate_after, weeks_after), **values)
        [row] = store.rows("select design, day from declared_change")
        assert row == ("promise", DAY), "it stands in the register of changes"
        return dict(next(one for one in findings if one.finding_id == finding_id).extra["promise"])


def test_promised_and_delivered() -> None:
    promise = told(0.02)
    low, mid, high = promise["given_min_per_week"]
    assert promise["verdict"] in ("true", "part") and low > 0
    taken = promise["promised_min_per_week"][1]
    assert mid == pytest.approx(taken * (1 - 0.02 / RATE), rel=0.2) and low <= taken * (1 - 0.02 / RATE) <= high
    assert promise["shares"][0] == pytest.approx(RATE, abs=0.05) and promise["shares"][1] < 0.05


def test_promised_and_not_delivered() -> None:
    promise = told(RATE)
    assert promise["verdict"] == "none"
    low, _, high = promise["given_min_per_week"]
    assert low < 0 < high


def test_worse_than_before() -> None:
    assert told(0.65)["verdict"] == "worse"


def test_half_of_it_is_a_part() -> None:
    assert told(0.10)["verdict"] == "part"


def test_too_early_says_how_many_weeks() -> None:
    promise = told(0.02, weeks_after=4)
    assert (promise["verdict"], promise["n_pre"], promise["n_post"]) == ("early", BEFORE, 3)
    assert promise["given_min_per_week"] is None and promise["promised_min_per_week"] is not None


def test_what_nobody_promised_is_no_promise() -> None:
    promise = told(0.02, promised=False)
    assert promise["verdict"] == "unpromised" and promise["given_min_per_week"] is None


def test_a_finding_that_is_gone_cannot_be_told() -> None:
    with Store.open(None, threads=1) as store:
        finding_id, _ = looked(store, world(0.02, 7))
        entry = Acceptance(finding=finding_id, since=DAY, reason="mended", carried_out=DAY)
        night = replace(frame(store), confirmed=frozenset({finding_id}), window_to=EPOCH.date() + 18 * WEEK)
        change_effects.declare(store, ())
        assert promises.follow(store, night, [], {finding_id: entry}) == []
        assert store.rows("select verdict from change_promise") == [("untold",)]


def test_verdicts() -> None:
    promised = (5.0, 10.0, 15.0)
    assert promises.verdict_of((6.0, 9.0, 12.0), promised) == "true"
    assert promises.verdict_of((2.0, 4.0, 6.0), promised) == "part"
    assert promises.verdict_of((-1.0, 4.0, 12.0), promised) == "none"
    assert promises.verdict_of((-6.0, -4.0, -2.0), promised) == "worse"
