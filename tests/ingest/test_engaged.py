"""Engaged time of calls (method 0.5): waiting and talking, each second once, however a log writes them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from ingest.store import Store
from ingest.units import sql

ZERO = dt.datetime(2026, 1, 10)
SECOND = 1_000
Row = dict[str, Any]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as made:
        yield made


def moment(
    at_s: float,
    end_s: float | None = None,
    wait_s: float | None = None,
    talk_s: float | None = None,
    *,
    call: str | None = "a",
    channel: str = "agent",
    visible: bool = True,
    lasted_s: float = 0,
) -> Row:
    """One event, as the identities leave it. `lasted_s`: how long its record was running when it came, at its end."""

    def when(seconds: float | None) -> dt.datetime | None:
        return None if seconds is None else ZERO + dt.timedelta(seconds=seconds)

    def ms(seconds: float | None) -> int | None:
        return None if seconds is None else round(SECOND * seconds)

    return {
        "step": "s", "occurred_at": when(at_s), "ended_at": when(end_s), "wait_ms": ms(wait_s), "handle_ms": ms(talk_s),
        "contact": call, "call_id": call, "session_id": None, "channel": channel, "visible": visible,
        "lasted_ms": ms(lasted_s),
    }  # fmt: skip


def engaged(store: Store, rows: list[Row]) -> list[tuple[int, int, int] | None]:
    """(engaged, of it waiting, of it before the event) in whole seconds, event by event; None: it asks no time."""
    kinds = {"occurred_at": pa.timestamp("us"), "ended_at": pa.timestamp("us"), "wait_ms": pa.int64()}
    kinds |= {"handle_ms": pa.int64(), "lasted_ms": pa.int64(), "session_id": pa.int64()}
    table = {name: pa.array([row[name] for row in rows], kinds.get(name)) for name in rows[0]}
    table["call_id"], table["contact"] = (
        pa.array([row[name] for row in rows], pa.string()) for name in ("call_id", "contact")
    )
    number = pa.array(range(len(rows)))
    store.put("told", pa.table(table | {"event_id": number, "line_no": number}))
    store.run(
        "create or replace temp table placed as select *, 1 as source_rank, 1 as file_rank, 1 as part from told",
        name="t",
    )
    store.run(sql("derive/engaged.sql"), name="engaged")
    found = {
        n: (known // SECOND, waited // SECOND, before // SECOND)
        for n, known, waited, before in store.rows(
            "select event_id, known_ms, engaged_wait_ms, engaged_before_ms from busy"
        )
    }
    store.drop("told")
    return [found.get(n) for n in range(len(rows))]


def test_a_wait_that_is_written_with_the_answer_is_before_it(store: Store) -> None:
    assert engaged(store, [moment(60, 360, wait_s=60, talk_s=300)]) == [(360, 60, 60)]


def test_a_wait_of_a_record_from_the_dialling_on_is_inside(store: Store) -> None:
    assert engaged(store, [moment(0, 360, wait_s=60, talk_s=300)]) == [(360, 60, 0)]


def test_whole_seconds_of_a_log_do_not_move_a_wait(store: Store) -> None:
    assert engaged(store, [moment(0, 359, wait_s=60, talk_s=300)]) == [(359, 60, 0)]


def test_a_caller_who_gives_up_has_waited(store: Store) -> None:
    """queue_log writes the wait where the caller hung up; other logs one record of the whole wait."""
    assert engaged(store, [moment(95, wait_s=95)]) == [(95, 95, 95)]
    assert engaged(store, [moment(0, 95, wait_s=95)]) == [(95, 95, 0)]


def test_a_wait_that_two_events_tell_counts_once(store: Store) -> None:
    """The menu lasts until somebody answers, so the wait is in its time."""
    assert engaged(store, [moment(0, channel="ivr"), moment(120, 420, wait_s=120, talk_s=300)]) == [
        (120, 120, 0),
        (300, 0, 0),
    ]
    assert engaged(store, [moment(0, channel="ivr"), moment(150, 450, wait_s=120, talk_s=300)]) == [
        (150, 120, 0),
        (300, 0, 0),
    ]


def test_a_menu_that_ended_before_the_wait_leaves_the_wait_to_the_answer(store: Store) -> None:
    assert engaged(store, [moment(0, 30, channel="ivr"), moment(150, 450, wait_s=120, talk_s=300)]) == [
        (30, 0, 0),
        (420, 120, 120),
    ]
    # ten seconds of the wait had begun while the menu still spoke
    assert engaged(store, [moment(0, 40, channel="ivr"), moment(150, 450, wait_s=120, talk_s=300)]) == [
        (40, 10, 0),
        (410, 110, 110),
    ]


def test_a_call_record_that_stands_at_its_end_counts_what_nothing_else_of_the_call_tells(store: Store) -> None:
    """Who hangs up after 35 seconds: alone, and after two menus that begin 2 seconds after the dialling."""
    assert engaged(store, [moment(35, 35, lasted_s=35)]) == [(35, 0, 35)]
    rows = [moment(2), moment(20), moment(35, 35, lasted_s=35)]
    assert engaged(store, rows) == [(18, 0, 0), (15, 0, 0), (0, 0, 0)]
    assert engaged(store, [moment(2, 12), moment(35, 35, lasted_s=35)]) == [(10, 0, 0), (23, 0, 23)]


def test_a_wait_inside_a_record_that_stands_at_its_end_counts_once(store: Store) -> None:
    assert engaged(store, [moment(60, 60, wait_s=40, lasted_s=60)]) == [(60, 40, 60)]


def test_a_step_that_the_customer_does_not_see_holds_no_wait(store: Store) -> None:
    assert engaged(store, [moment(0, visible=False), moment(45, 105, wait_s=45, talk_s=60)]) == [None, (105, 45, 45)]


def test_each_leg_of_a_transferred_call_has_its_own_wait(store: Store) -> None:
    rows = [moment(60, 360, wait_s=60, talk_s=300), moment(400, 500, wait_s=40, talk_s=100)]
    assert engaged(store, rows) == [(360, 60, 60), (140, 40, 40)]


def test_a_call_without_a_number_counts_too_and_a_letter_does_not(store: Store) -> None:
    rows = [moment(60, 360, wait_s=60, talk_s=300, call=None), moment(0, 500, wait_s=9, channel="mail")]
    assert engaged(store, rows) == [(360, 60, 60), None]


@pytest.mark.parametrize("seed", range(40))
def test_random_calls_second_by_second(store: Store, seed: int) -> None:
    """Each second in which some event waits or lasts counts once, and none else does; waiting is where a wait ran."""
    rng = random.Random(seed)
    rows, at = [], 1_000
    for _ in range(rng.randint(1, 7)):
        wait, talk = rng.choice([None, 0, rng.randrange(1, 200)]), rng.choice([None, rng.randrange(1, 200)])
        end = rng.choice([None, at + (talk or 0), at + (talk or 0) + (wait or 0), at + rng.randrange(300)])
        lasted = rng.choice([0, 0, 0, rng.randrange(1, 200)])  # a record that stands at its end has no span after it
        rows.append(moment(at, at if lasted else end, wait, talk, visible=rng.random() < 0.9, lasted_s=lasted))
        at += rng.choice([0, rng.randrange(400)])
    assert engaged(store, rows) == _by_seconds(rows)


def _by_seconds(rows: list[Row]) -> list[tuple[int, int, int] | None]:
    """The same with a set of seconds per event. An event's wait runs up to it, or from it where its span has room."""
    seen = [n for n, row in enumerate(rows) if row["visible"]]
    starts = {n: round((rows[n]["occurred_at"] - ZERO).total_seconds()) for n in seen}
    own: dict[int, set[int]] = {}
    inside: dict[int, set[int]] = {}
    before: dict[int, set[int]] = {}
    for n, after in zip(seen, [*seen[1:], None], strict=True):
        row, start = rows[n], starts[n]
        end = start if row["ended_at"] is None else round((row["ended_at"] - ZERO).total_seconds())
        wait = (row["wait_ms"] or 0) // SECOND
        limits = [
            x for x in (end if row["ended_at"] else None, None if after is None else starts[after]) if x is not None
        ]
        own[n] = set(range(start, max(start, min(limits)))) if limits else set()
        if 2 * (end - start) >= 2 * ((row["handle_ms"] or 0) // SECOND) + wait:
            inside[n], before[n] = set(range(start, start + wait)), set()
        else:
            inside[n], before[n] = set(), set(range(start - wait, start))
    out: list[tuple[int, int, int] | None] = [None] * len(rows)
    for k, n in enumerate(seen):
        until = max((max(own[m], default=starts[m] - 1) + 1 for m in seen[:k]), default=0)
        ahead = {second for second in before[n] if second >= until}
        told = set(range(starts[n] - rows[n]["lasted_ms"] // SECOND, starts[n]))
        spent = ahead | {second for second in told if second >= until}
        later = before[seen[k + 1]] if k + 1 < len(seen) else set()
        waited = (inside[n] | later) & own[n]
        out[n] = (len(own[n]) + len(spent), len(waited) + len(ahead), len(spent))
    return out
