"""Which lines and weeks a scenario is asked of, where the site declares changes (mining/whatif/part.py)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
import whatif_world as world
from test_whatif_reading import EVENT, MONDAY, put

from ingest.store import Store
from mining.changes.declared import Change, Group
from mining.whatif import gate, reading
from mining.whatif.building import Today
from mining.whatif.calibration import prepare
from mining.whatif.comparing import back_test_runs
from mining.whatif.part import Part, Touch, linked, part_of, touches
from mining.whatif.reading import COLUMNS, WEEK_S, Calls, Logins, Reading
from mining.whatif.scenarios import Scenario

FIRST = dt.date(2025, 12, 8)
WEEKS = 12
TODAY = Today(("calls",), world.staffing(6))


def changed(day: dt.date, **affected: list[str]) -> Change:
    return Change(change="new", label="Something new", date=day, affected=Group(**affected))


@pytest.fixture
def log(store: Store) -> Store:
    """40 calls each at two queues, the one by the service line; after 20 views of a page, 20 calls of a third."""
    for statement in EVENT.split(";\n"):
        if statement.strip():
            store.run(statement)
    for n in range(40):
        for queue in ("service", "orders"):
            call = {"call_id": f"{queue}{n}", "intent": queue, "customer_id": n}
            put(store, 60 * n, step="menu", raw_code=f"{queue}-line menu", **call)
            put(store, 60 * n + 1, step="call", wait_ms=0, handle_ms=1_000, **call)
        seen = {"customer_id": 100 + n % 20, "intent": "status"}
        if n < 20:
            put(store, 60 * n, step="page", channel="web", raw_code="GET /track", customer_id=100 + n)
            put(store, 60 * n + 30, step="call", call_id=f"status{n}", wait_ms=0, handle_ms=1_000, **seen)
    return store


def lines_touched(log: Store, *changes: Change) -> list[tuple[str, int]]:
    none = np.zeros(0)
    stations = ("orders", "service", "status")
    calls = Calls(stations, WEEKS, *(none.astype(np.int64) for _ in COLUMNS))
    logins = Logins(none.astype(np.int64), none, none.astype(np.int64))
    found = Reading(calls, logins, MONDAY.date(), 0, (), 0.0, "")
    return [(one.line, one.first_week) for one in touches(log, changes, found)]


def test_a_change_touches_the_lines_whose_calls_its_group_holds(log: Store) -> None:
    """Weeks count from the Monday after the wash-out of a week."""
    day = MONDAY.date() + dt.timedelta(weeks=2)
    assert lines_touched(log, changed(day, line=["service-line"])) == [("service", 3)]
    assert lines_touched(log, changed(day + dt.timedelta(days=1), queue=["orders"])) == [("orders", 4)]
    assert lines_touched(log, changed(day, line=["trade-line"])) == []


def test_a_change_of_a_page_touches_the_line_that_is_called_after_it(log: Store) -> None:
    day = MONDAY.date() + dt.timedelta(weeks=2)
    assert lines_touched(log, changed(day, page=["/track"])) == [("status", 3)]
    assert lines_touched(log, changed(day, page=["/help"])) == []


def test_changes_long_ago_or_to_come_touch_nothing(log: Store) -> None:
    before, after = MONDAY.date() - dt.timedelta(weeks=1), MONDAY.date() + dt.timedelta(weeks=WEEKS)
    assert lines_touched(log, changed(before, queue=["orders"]), changed(after, queue=["orders"])) == []


def two_lines(handed_on: int = 0) -> Reading:
    """Two queues, a call each per half day over 12 weeks; so many calls of the first go on to the second."""
    n = WEEKS * 14
    at = np.tile(np.arange(n) * (WEEK_S / 14) + 1, 2)
    zero = np.zeros(2 * n)
    values = dict.fromkeys(COLUMNS, zero) | {
        "station": np.repeat([0, 1], n), "leg": np.ones(2 * n, np.int64), "n_legs": np.ones(2 * n, np.int64),
        "is_served": np.ones(2 * n, bool), "customer": np.arange(2 * n), "call": np.arange(2 * n), "at_s": at,
    }  # fmt: skip
    for k in range(handed_on):
        values["call"][n + k], values["leg"][n + k], values["at_s"][n + k] = k, 2, at[k] + 60
    order = np.argsort(values["at_s"], kind="stable")
    calls = Calls(("orders", "service"), WEEKS, *(values[name][order] for name in COLUMNS))
    nobody = Logins(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    return Reading(calls, nobody, FIRST, calls.n_calls, (), 0.0, "whole")


def asked(queue: str) -> Scenario:
    return Scenario.model_validate({"scenario": "more", "label": "More", "change": {"agents": {queue: 1}}})


SURE = {"low": 1.0, "mid": 1.0, "high": 1.0, "source": "a pilot"}
EVERYWHERE = Scenario.model_validate(
    {
        "scenario": "back", "label": "Back", "change": {"callback": {"after_s": 60}},
        "assume": {"callback_accept": SURE, "callback_reach": SURE},
    }
)  # fmt: skip


def told(scenario: Scenario, week: int, handed_on: int = 0) -> Part:
    """With a change of the service line that was settled in that week."""
    touch = Touch("Something new", dt.date(2026, 1, 1), "service", week)
    return part_of(scenario, two_lines(handed_on), (touch,), 1)


def test_a_change_elsewhere_does_not_matter() -> None:
    found = told(asked("orders"), 7)
    calls = found.reading.calls
    assert (calls.stations, calls.weeks, calls.n_calls, found.obstacles) == (("orders",), WEEKS, WEEKS * 14, ())


def test_a_change_that_leaves_too_few_weeks_says_until_when() -> None:
    """Week 7 begins on 26 January; eight weeks later is 23 March."""
    found = told(asked("service"), 7)
    (one,) = found.obstacles
    assert found.is_blocked and one.lines == ("service",)
    assert (one.since, one.weeks, one.told_from) == (dt.date(2026, 1, 26), 5, dt.date(2026, 3, 23))


def test_weeks_begin_after_a_change_that_leaves_enough() -> None:
    for scenario in (asked("service"), EVERYWHERE):
        found = told(scenario, 3)
        assert found.obstacles == () and found.reading.first_day == dt.date(2025, 12, 29)
        calls = found.reading.calls
        assert calls.weeks == 9 and 0 <= calls.at_s.min() < WEEK_S / 7 and calls.at_s.max() < 9 * WEEK_S


def test_a_scenario_of_all_lines_is_asked_of_those_that_a_change_left_alone() -> None:
    found = told(EVERYWHERE, 7)
    assert not found.is_blocked and found.reading.calls.stations == ("orders",)
    assert found.obstacles[0].lines == ("service",) and found.reading.digest != "whole"


def test_a_scenario_for_the_callers_of_a_line_is_asked_of_it_alone() -> None:
    for line, stations in (("orders", ("orders",)), ("service", ())):
        change = EVERYWHERE.change.model_copy(update={"line": line})
        found = told(EVERYWHERE.model_copy(update={"change": change}), 7)
        assert found.is_blocked is (line == "service") and found.reading.calls.stations == (stations or ("service",))


def test_lines_that_hand_each_other_calls_stand_and_fall_together() -> None:
    assert linked(two_lines(29).calls)["orders"] == {"orders"}
    assert linked(two_lines(30).calls)["orders"] == {"orders", "service"}
    for scenario in (asked("orders"), EVERYWHERE):
        found = told(scenario, 7, handed_on=30)
        assert found.is_blocked and found.obstacles[0].lines == ("orders", "service")


def test_a_model_fitted_across_a_change_is_stopped_and_one_fitted_after_it_is_not() -> None:
    """From the fourth week on nearly nobody has to call again: told by the weeks after that, and by no others."""
    poor, good = (world.behaviour(needs_per_week=560, customers=4_000, repeat=share) for share in (0.35, 0.05))
    before, after = world.calls_of(poor, TODAY, 3, 1), world.calls_of(good, TODAY, 9, 2)
    after = replace(after, at_s=after.at_s + 3 * WEEK_S, call=after.call + 10**9)
    columns = {name: np.concatenate([getattr(before, name), getattr(after, name)]) for name in COLUMNS}
    whole = Calls(("calls",), WEEKS, **columns)
    outcomes = []
    for first, weeks, test_weeks in ((0, 8, 4), (3, 6, 3)):
        part = whole.between(first, WEEKS)
        fit, test = part.between(0, weeks), part.between(weeks, weeks + test_weeks)
        prepared = prepare(fit, TODAY.staffing)
        outcomes.append(gate.hold(fit, test, *back_test_runs(prepared, TODAY, test_weeks, 1, 8)).outcome)
    assert outcomes[0] != "passed" and outcomes[1] == "passed"


def test_the_cut_reading_is_that_of_a_log_of_only_these_lines_and_weeks() -> None:
    """Each call of the part is there once, with its own numbers, in the order of time."""
    whole = two_lines()
    part = told(asked("service"), 3).reading
    rows = (whole.calls.station == 1) & (whole.calls.at_s >= 3 * WEEK_S)
    assert part.calls.at_s.tolist() == (whole.calls.at_s[rows] - 3 * WEEK_S).tolist()
    assert part.calls.call.tolist() == whole.calls.call[rows].tolist()
    assert replace(part, digest="") != part and reading.digest_of(part.calls, part.logins) == part.digest
