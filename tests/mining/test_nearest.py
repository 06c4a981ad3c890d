"""The nearest moment before and after, and visits that go back and forth, against the same counted one by one."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from page_world import World, build, frame

from ingest.store import Store
from mining import nearest, turn_sights
from mining.analyses import page_calls, web_failings
from mining.page_reading import read_families


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_moment_of_the_same_group(seed: int) -> None:
    rng = random.Random(seed)
    year_us = 1_767_000_000_000_000
    known = sorted((rng.randrange(6), year_us + rng.randrange(12)) for _ in range(rng.choice((0, 1, 30))))
    asked = [(rng.randrange(8), year_us + rng.randrange(12)) for _ in range(60)]

    def keys(moments: list[tuple[int, int]]) -> nearest.Keys:
        columns = np.array(moments, dtype=np.int64).reshape(-1, 2)
        return nearest.keys(columns[:, 0], columns[:, 1])

    def expected(is_told, pick) -> list[int]:
        return [
            pick([n for n, one in enumerate(known) if one[0] == group and is_told(one[1], at)], default=nearest.NONE)
            for group, at in asked
        ]

    assert nearest.before(keys(known), keys(asked)).tolist() == expected(lambda one, at: one < at, max)
    assert nearest.before(keys(known), keys(asked), or_at=True).tolist() == expected(lambda one, at: one <= at, max)
    assert nearest.after(keys(known), keys(asked)).tolist() == expected(lambda one, at: one > at, min)


Page = tuple[int, int, int, str]
STEPS = {"a": True, "b": True, "c": False, "d": False}
"""Step -> whether it is browsed; a page is a step and a number."""


def by_hand(pages: list[Page], views_min: int) -> set[tuple[int, str, str, int, bool]]:
    """(event_no, steps, more, is_usual) by the words of the module. Pages: event_no, customer, session, name."""
    moves = [page for n, page in enumerate(pages) if not n or (page[2], page[3]) != (pages[n - 1][2], pages[n - 1][3])]
    visits: dict[tuple[int, int, str, str], list[tuple[int, bool, bool, int]]] = defaultdict(list)
    for n, (event_no, customer, session, name) in enumerate(moves):
        if not n or moves[n - 1][2] != session or not (STEPS[name[0]] or STEPS[moves[n - 1][3][0]]):
            continue
        lagged = [moves[n - lag][2:] if n >= lag else (None, None) for lag in range(17)]
        is_back = lagged[2] == (session, name)
        is_again = is_back and lagged[3] == (session, lagged[1][1])
        more = sum(lagged[lag][0] == session for lag in (4, 8, 16))
        a, b = sorted((name[0], moves[n - 1][3][0]))
        visits[customer, session, a, b].append((event_no, is_back, is_again, more))
    n_again: dict[tuple[str, str], int] = defaultdict(int)
    for (_, _, a, b), rows in visits.items():
        n_again[a, b] += any(row[2] for row in rows)
    out = set()
    for (_, _, a, b), rows in visits.items():
        if n_again[a, b] < views_min:
            continue
        again = [row for row in rows if row[2]]
        if again or not any(row[1] for row in rows):
            row = again[0] if again else rows[-1]
            out.add((row[0], a, b, row[3], not again))
    return out


@pytest.mark.parametrize("seed", range(5))
def test_visits_that_go_back_and_forth(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    pages: list[Page] = []
    for customer in range(150):
        sessions = [100 * customer + n for n in range(rng.randint(1, 3))]
        for n in range(rng.randint(1, 30)):
            session = pages[-1][2] if n and rng.random() < 0.8 else rng.choice(sessions)
            pages.append((len(pages) + 1, customer, session, rng.choice("aabbcd") + rng.choice("11112")))
    names = ("event_no", "customer_id", "session_id", "raw_code")
    columns = dict(zip(names, map(list, zip(*pages, strict=True)), strict=True))
    store.put("pages", pa.table(columns))
    store.put("steps", pa.table({"step": list(STEPS), "is_browsed": list(STEPS.values())}))
    for text in (
        "create type step_t as enum ('a', 'b', 'c', 'd')",
        """create table event as select *, left(raw_code, 1)::step_t as step, true as visible, 'web' as channel,
        timestamp '2026-01-05' + to_seconds(event_no) as occurred_at from pages order by event_no""",
        "create table customer as select distinct customer_id, 'strong' as identity_strength from pages",
        """create table touch as select step, row_number() over (order by step) as step_no, 'customer' as actor,
        null as purpose, if(is_browsed, 'browse', 'work') as class from steps""",
    ):
        store.run(text)
    told = turn_sights.read(store, 3).to_pylist()
    found = {
        (row["event_no"], "abcd"[row["step_a"] - 1], "abcd"[row["step_b"] - 1], row["more"], row["is_usual"])
        for row in told
    }
    assert found == by_hand(pages, 3) and len(found) == len(told) > 20
    assert all(
        row["occurred_at"] == dt.datetime(2026, 1, 5) + dt.timedelta(seconds=row["event_no"])
        and row["customer_id"] == pages[row["event_no"] - 1][1]
        for row in told
    )


def test_counts_are_the_same_on_any_number_of_cores() -> None:
    """Sums of floats would differ in their last digits, and what is fitted to them in its fifth."""
    told = []
    for threads in (1, 2, 2):
        with Store.open(threads=threads) as store:
            build(store, World(3, n_customers=1_500, n_pages=100, n_categories=4))
            read_families(store, frame(store))
            told.append(store.rows("select * replace (place::varchar as place) from exposure_count order by all"))
    assert told[0] == told[1] == told[2] and len(told[0]) > 100


@pytest.mark.parametrize("gone", ["channel = 'web'", "channel <> 'web'", "true"])
def test_without_views_or_calls_nothing_is_found(store: Store, gone: str) -> None:
    build(store, World(3, n_customers=200, n_pages=20, n_categories=2))
    store.run(f"delete from event where {gone}")
    context = frame(store)
    assert page_calls.find(store, context) == web_failings.find(store, context) == []
