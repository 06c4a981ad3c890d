"""Aggregates: given/expect rows of each, random logs against brute force, and what has to hold whatever the log."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest
from brute import Brute
from hypothesis import given
from hypothesis import strategies as st
from mining_log import EPOCH, Ev, Log, St, build, key

from ingest.store import Store
from mining import aggregate

CASES = Path(__file__).parent / "aggregates"
STEPS = [
    St("a", channel="web", department="Web shop", repeats=None),
    St("b", channel="web", department="Web shop", repeats=0),
    St("c", channel="agent", department="Call centre", repeats=1),
    St("d", channel="mail", department=None, repeats=0),
    St("e", channel="ivr", department="Call centre", repeats=2),
]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Small logs with ties in time, gaps below zero, unknown ends, fractional weights, several journeys a customer."""
    events = []
    n_journeys = draw(st.integers(1, 12))
    for number in range(n_journeys):
        clock = draw(st.integers(0, 400))
        customer = f"k{draw(st.integers(0, 4))}"
        for place in range(draw(st.integers(1, 9))):
            clock += draw(st.sampled_from([0, 0, 1, 7, 60]))
            length = draw(st.none() | st.integers(0, 90_000))
            at = EPOCH + dt.timedelta(seconds=clock)
            step = draw(st.sampled_from("abcde"))
            events.append(
                Ev(
                    f"j{number:02d}",
                    step,
                    at,
                    None if length is None else at + dt.timedelta(milliseconds=length),
                    customer,
                    wait_ms=draw(st.none() | st.integers(0, 50_000)),
                    engaged_ms=draw(st.none() | st.integers(0, 50_000)),
                    weight=draw(st.sampled_from([1.0, 1.0, 0.5, 1 / 3])),
                    n_raw=draw(st.integers(1, 4)),
                    order=place,
                    call=f"call{draw(st.integers(0, 3))}" if step in "ce" else None,
                )
            )
    return Log(events, STEPS)


def table(store: Store, sql: str) -> set[tuple[Any, ...]]:
    rows = store.rows(sql)
    assert len(set(rows)) == len(rows), "the grain is broken: equal rows"
    return {
        tuple(int(v) if hasattr(v, "is_integer") and not isinstance(v, (float, bool)) else v for v in row)
        for row in rows
    }


def kept(store: Store) -> list[list[tuple[Any, ...]]]:
    """The rows of every aggregate, as they are stored."""
    return [store.rows(f"from {unit.stem}") for unit in aggregate.units() if aggregate.is_kept(unit)]


@given(logs(), st.integers(0, 5))
def test_every_aggregate_of_a_random_log(log: Log, seed: int) -> None:
    """Against brute force; what flows in flows out; the order of arrival and the threads change nothing."""
    with Store.open() as store:
        build(store, log)
        aggregate.build(store)
        equals_brute_force(store, Brute(log))
        flow_in_is_flow_out(store)
        told = kept(store)
    with Store.open(threads=1 + seed % 2) as store:
        build(store, log, shuffle_seed=seed)
        aggregate.build(store)
        assert kept(store) == told


def equals_brute_force(store: Store, brute: Brute) -> None:
    names = {key("journey " + case, 12): case for case in brute.journeys}
    assert table(store, "from dfg") == brute.dfg()
    assert table(store, "from starts") == brute.starts()
    assert table(store, "from ends") == brute.ends()
    assert table(store, "select * exclude first_journey_id from variants") == brute.variants()
    assert table(store, "from steps") == brute.steps()
    assert table(store, "from waiting_times") == brute.waiting_times()
    assert table(store, "from rework") == brute.rework()
    assert table(store, "from channel_handovers") == brute.handovers("channel")
    assert table(store, "from department_handovers") == brute.handovers("department")
    metrics = store.rows("""
        select j.journey_key, v.steps, m.n_events, m.n_raw, m.duration_ms, m.engaged_ms, m.wait_ms, m.n_channels,
        m.n_departments, m.n_calls from journey_metrics m join journey j using (journey_id) join variants v using
        (variant_id)""")
    assert {(names[row[0]], *row[1:]) for row in metrics} == brute.journey_metrics()


def flow_in_is_flow_out(store: Store) -> None:
    broken = store.rows("""
        with flow as (
            select step, n_events, coalesce((select sum(n) from dfg where step_to = step), 0) +
                coalesce((select n_journeys from starts s where s.step = steps.step), 0) as n_in,
                coalesce((select sum(n) from dfg where step_from = step), 0) + coalesce((select n_journeys from
                    ends s where s.step = steps.step), 0) as n_out
            from steps)
        select * from flow where n_in <> n_out or n_in <> n_events""")
    assert broken == []
    n = store.value("select count(*) from journey_event")
    assert (store.value("select sum(n) from dfg") or 0) == n - store.value("select count(*) from journey")
    assert store.value("select sum(n_journeys) from variants") == store.value("select count(*) from journey_metrics")
    assert store.value("select sum(engaged_ms) from journey_metrics") == store.value(
        "select sum(engaged_sum_ms) from steps"
    )


def big_log() -> Log:
    """Enough rows that DuckDB reads them in several pieces with several threads."""
    import random

    rng = random.Random(3)
    events = [
        Ev(
            f"j{n:06d}",
            rng.choice("abcde"),
            EPOCH + dt.timedelta(seconds=60 * k),
            customer=f"k{n // 2:06d}",
            engaged_ms=rng.randrange(99),
            order=k,
        )
        for n in range(30_000)
        for k in range(1 + n % 9)
    ]
    return Log(events, STEPS)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "warehouse.duckdb"
    with Store.open(path) as store:
        build(store, big_log())
    return path


def test_stored_order_equals_partition_and_threads_change_nothing(big: Path) -> None:
    states = []
    for threads in (1, 2, 4):
        with Store.open(big, threads=threads) as store:
            aggregate.build(store)
            states.append(kept(store))
            partitioned = store.rows("""
                with pair as (select step as a, lead(step) over (partition by journey_id order by pos) as b from
                    journey_event)
                select a, b, count(*) from pair where b is not null group by a, b order by a, b""")
            assert store.rows("select step_from, step_to, n from dfg") == partitioned
            by_pos = store.rows(
                "select string_agg(step, ' > ' order by pos) s, count(*) from journey_event group by journey_id "
                "order by journey_id"
            )
            assert [
                row[0]
                for row in store.rows(
                    "select steps from journey_metrics join variants using (variant_id) order by journey_id"
                )
            ] == [row[0] for row in by_pos]
            distinct = store.rows(
                "select step, count(distinct journey_id), count(distinct customer_id) from journey_event group by "
                "step order by step"
            )
            assert store.rows("select step, n_journeys, n_customers from steps") == distinct
    assert states[0] == states[1] == states[2]


def test_positions_are_the_stored_order(big: Path) -> None:
    with Store.open(big) as store:
        rows = store.rows("select pos, row_number() over () as n from journey_event qualify pos <> n")
    assert rows == []


def test_no_event_at_all(store: Store) -> None:
    build(store, Log([], STEPS))
    aggregate.build(store)
    assert all(store.rows(f"from {unit.stem}") == [] for unit in aggregate.units() if aggregate.is_kept(unit))


def given_log(data: dict[str, Any]) -> Log:
    """The log of a given/expect file: `given` = [case, step, start minute, end minute?] with optional named extras."""
    known = {**{s.step: s for s in STEPS}}
    events = []
    for n, row in enumerate(data["given"]):
        case, step, start, *rest = row
        extra = rest.pop() if rest and isinstance(rest[-1], dict) else {}
        end = EPOCH + dt.timedelta(minutes=rest[0]) if rest else None
        events.append(Ev(case, step, EPOCH + dt.timedelta(minutes=start), end, order=n, **extra))
    return Log(events, list(known.values()))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.toml")), ids=lambda path: path.stem)
def test_given_expect(path: Path, store: Store) -> None:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    build(store, given_log(data))
    aggregate.build(store, drop_helpers=False)
    rows = [
        {name: value for name, value in row.items() if value is not None} for row in store.records(f"from {path.stem}")
    ]
    expected = data["expect"]
    order = data.get("order_by")
    rows = sorted(rows, key=lambda row: row[order]) if order else rows
    assert rows == expected


def test_every_aggregate_is_described_and_has_its_test() -> None:
    for unit in aggregate.units():
        assert {"summary", "grain", "reads", "columns"} <= unit.meta.keys(), (
            f"{unit.path.name}: its front matter lacks summary, grain, reads or columns"
        )
        assert (CASES / f"{unit.stem}.toml").exists(), (
            f"add tests/mining/aggregates/{unit.stem}.toml with given and expect rows"
        )


@pytest.mark.parametrize("unit", aggregate.units(), ids=lambda unit: unit.stem)
def test_the_documented_columns_are_the_columns(unit: Any, store: Store) -> None:
    build(store, given_log({"given": [["j1", "a", 0], ["j1", "c", 1]]}))
    aggregate.build(store, drop_helpers=False)
    columns = [row[0] for row in store.rows(f"select column_name from (describe {unit.stem})")]
    assert columns == list(unit.meta["columns"])
