"""What the forecast reads of the log (`what_if`; mining/whatif/calls.sql): calls, legs, and agents who come and go."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ingest.store import Store
from mining.context import Context
from mining.method import Method
from mining.whatif import reading

MONDAY = dt.datetime(2025, 12, 1, 9)
EVENT = """
create type step_t as enum ('call', 'answer', 'give_up', 'menu', 'work', 'page');
create table touch as select * from (values ('call', 'contact', 'customer'), ('answer', 'work', 'company'),
    ('give_up', 'outcome', 'customer'), ('menu', 'contact', 'customer'), ('work', 'work', 'company'),
    ('page', 'browse', 'customer')) as t (step, class, actor);
create table event (event_no bigint, customer_id bigint, call_id varchar, source_id integer, intent varchar,
    visible boolean, occurred_at timestamp, ended_at timestamp, wait_ms bigint, handle_ms bigint, step step_t,
    raw_code varchar, channel varchar, product_id varchar);
create table journey (anchor varchar, started_at timestamp, customer_id bigint);
"""


def frame(timezone: str = "UTC") -> Context:
    return Context(
        Method(), dt.date(2025, 12, 1), dt.date(2025, 12, 24), {}, None, "EUR", None, "c", "i", timezone=timezone
    )


@pytest.fixture
def log(store: Store) -> Store:
    for statement in EVENT.split(";\n"):
        if statement.strip():
            store.run(statement)
    return store


def put(store: Store, minute: float, **columns: object) -> None:
    """An event so many minutes after MONDAY; `until` ends it."""
    n = store.value("select count(*) from event")
    until = columns.pop("until", None)
    at = MONDAY + dt.timedelta(minutes=minute)
    ended = None if until is None else MONDAY + dt.timedelta(minutes=float(str(until)))
    row = {
        "event_no": n, "customer_id": 1, "call_id": None, "source_id": 1, "intent": None, "visible": True,
        "occurred_at": at, "ended_at": ended, "wait_ms": None, "handle_ms": None, "step": "page", "raw_code": "",
        "channel": "agent", "product_id": None,
    } | columns  # fmt: skip
    store.run(f"insert into event by name select {', '.join(f'${name} as {name}' for name in row)}", row)


def test_a_call_with_two_legs_a_call_given_up_and_a_page(log: Store) -> None:
    """Menu 30 s; first leg 60 s of wait, 2 min of talk; second 15 s and 1 min; then 40 s of work after the call."""
    put(log, 0, call_id="a", step="menu", intent="orders")
    put(log, 1.5, call_id="a", step="call", intent="orders", wait_ms=60_000, handle_ms=120_000, until=3.5)
    put(log, 3.75, call_id="a", step="call", intent="status", wait_ms=15_000, handle_ms=60_000, until=4.75)
    put(log, 4.75 + 40 / 60, call_id="a", step="work", visible=False)
    put(log, 10, call_id="b", customer_id=None, step="call", intent="orders", wait_ms=90_000)
    put(log, 11, step="page")
    found = reading.read(log, frame(), 1)
    calls = found.calls
    assert (found.first_day, calls.weeks, calls.n_calls, calls.n) == (dt.date(2025, 12, 1), 3, 2, 3)
    assert [calls.stations[s] for s in calls.station] == ["orders", "status", "orders"]
    nine = 9 * 3_600
    assert calls.at_s.tolist() == [nine + 30, nine + 210, nine + 510]
    assert calls.wait_s.tolist() == [60, 15, 90] and calls.talk_s.tolist() == [120, 60, 0]
    assert calls.after_s.tolist() == [0, pytest.approx(40), 0] and calls.menu_s.tolist() == [30, 0, 0]
    assert calls.is_served.tolist() == [True, True, False] and calls.leg.tolist() == [1, 2, 1]
    assert calls.customer[0] == 0 and calls.customer[2] < 0


def test_queues_with_few_calls_are_left_out_and_named(log: Store) -> None:
    for n in range(5):
        put(log, n, call_id=f"o{n}", step="call", intent="orders", wait_ms=0, handle_ms=1_000)
    put(log, 9, call_id="x", step="call", intent="letters", wait_ms=0, handle_ms=1_000)
    found = reading.read(log, frame(), 5)
    assert found.calls.stations == ("orders",) and found.left_out == ("letters",) and found.n_read == 6


def test_weeks_are_those_of_the_sites_clock_and_only_full_ones(log: Store) -> None:
    """Sunday, 23:30 in London is Monday in Berlin; what lies in the cut last week is not read."""
    put(log, -9 * 60 - 30, call_id="a", step="call", intent="orders", wait_ms=0, handle_ms=1_000)
    put(log, 22 * 24 * 60, call_id="b", step="call", intent="orders", wait_ms=0, handle_ms=1_000)
    assert reading.read(log, frame(), 1).calls.n == 0
    assert reading.read(log, frame("Europe/Berlin"), 1).calls.at_s.tolist() == [1_800]


def test_agents_come_pause_and_go(log: Store) -> None:
    for minute, code in ((0, "ADDMEMBER"), (60, "PAUSE"), (75, "UNPAUSE"), (300, "REMOVEMEMBER")):
        put(log, minute, raw_code=f"{code} orders")
    put(log, 1, call_id="a", step="call", intent="orders", wait_ms=0, handle_ms=1_000)
    assert reading.read(log, frame(), 1).logins.n.tolist() == [1, -1, 1, -1]


def test_orders_of_a_line_are_those_of_its_callers(log: Store) -> None:
    """Three weeks; customers 1 and 2 call for trade, 3 for orders. Of five orders two are of callers of trade."""
    for customer, line in ((1, "trade"), (2, "trade"), (3, "orders")):
        put(log, customer, customer_id=customer, call_id=f"c{customer}", step="call", intent=line, wait_ms=0)
    for customer, anchor in ((1, "order"), (1, "order"), (2, "visit"), (3, "order"), (4, "order"), (None, "order")):
        params = {"anchor": anchor, "at": MONDAY, "customer": customer}
        log.run("insert into journey values ($anchor, $at, $customer)", params)
    found = reading.read(log, frame(), 1)
    assert found.orders_per_week == pytest.approx(5 / 3)
    assert reading.orders_of(log, "trade", found.calls.weeks) == pytest.approx(2 / 3)


def test_customers_are_numbered_by_their_first_call() -> None:
    """Whatever numbers the warehouse gives them; who is known by nothing stays apart, and below 0."""
    assert reading.by_first_call(np.array([7, 3, -12, 7, 9, 3])).tolist() == [0, 1, -3, 0, 3, 1]
    assert reading.by_first_call(np.array([1, 8, -40, 1, 2, 8])).tolist() == [0, 1, -3, 0, 3, 1]
