"""Which paths a roll-out in waves or by lot truly changed (mining/changes/rollouts.py): null worlds, plants, counts."""

from __future__ import annotations

import datetime as dt
import os

import change_world
import numpy as np
import pytest
from change_world import START, World
from test_change_moves import AFTER, BEFORE, drawn

from ingest.store import Store
from mining.analyses import change_effects
from mining.changes import moves, rollouts
from mining.changes.estimate import Arm

IS_WHOLE = os.environ.get("FRONTSTAGE_TRUTH") == "1"


def in_waves(seed: int, lifts: tuple[float, ...]) -> list[moves.Way]:
    """Waves of 60 ways each, held against the same group that waits; the first way lifted in each as told."""
    waiting = drawn(1_000 + seed, 0.1)
    parts = [
        moves.compared(drawn(2_000 + 10 * seed + wave, 0.1, lift), waiting, BEFORE, AFTER)
        for wave, lift in enumerate(lifts)
    ]
    return rollouts.in_waves(parts)


def test_null_waves_have_hardly_a_flagged_way() -> None:
    """Waves that share the weeks of those who wait: as T8.4, at most 0.5 of 60 on average."""
    worlds = 60 if IS_WHOLE else 12
    for n_waves in (1, 3):
        flagged = sum(one.what != "same" for seed in range(worlds) for one in in_waves(seed, (0.0,) * n_waves))
        assert flagged <= 0.5 * worlds


def test_what_all_waves_have_is_found_and_told_by_their_mean() -> None:
    for seed in range(5):
        one = next(way for way in in_waves(seed, (0.6, 0.9)) if (way.source, way.target) == ("s0", "t0"))
        first = next(way for way in in_waves(seed, (0.6,)) if (way.source, way.target) == ("s0", "t0"))
        assert one.what == "more" and one.points > first.points
        assert one.low < one.points < one.high and one.before < one.after


def test_waves_that_contradict_each_other_tell_nothing() -> None:
    one = next(way for way in in_waves(4, (0.8, -0.8)) if (way.source, way.target) == ("s0", "t0"))
    assert one.what == "same" and abs(one.points) < 0.05


def lot(rng: np.random.Generator, customers: int, lift: float) -> rollouts.Arms:
    """Ten steps of five ways each. Customers leave a step 1 to 8 times, by a habit of their own; the first way of the
    first step is lifted (on the logit) for those who got the change."""
    arms: rollouts.Arms = {}
    for step in range(10):
        base = rng.normal(0, 0.6, 5)
        sides = []
        for is_treated in (True, False):
            weight = base + rng.normal(0, 0.8, (customers, 5))
            weight[:, 0] += lift * (is_treated and step == 0)
            chance = np.exp(weight) / np.exp(weight).sum(axis=1, keepdims=True)
            n = rng.integers(1, 9, customers)
            sides.append((n.astype(float), rng.multinomial(n, chance).astype(float)))
        for way in range(5):
            told = [
                Arm(customers, *map(float, (h.sum(), n.sum(), h @ h, h @ n, n @ n)))
                for n, every in sides
                for h in (every[:, way],)
            ]
            arms[f"s{step}", f"t{way}"] = told[0], told[1]
    return arms


def test_by_lot_null_arms_have_hardly_a_flagged_way_and_a_lifted_one_is_found() -> None:
    """Habits of customers spread their moves: units are customers, not moves."""
    rng, worlds = np.random.default_rng(3), 60 if IS_WHOLE else 20
    flagged = sum(one.what != "same" for _ in range(worlds) for one in rollouts.by_lot(lot(rng, 400, 0.0)))
    assert flagged <= 0.1 * worlds
    right = wrong = 0
    for _ in range(worlds):
        found = {(one.source, one.target): one.what for one in rollouts.by_lot(lot(rng, 400, 0.7))}
        assert found["s0", "t0"] == "more"
        right += sum(what != "same" for (source, _), what in found.items() if source == "s0")
        wrong += sum(what != "same" for (source, _), what in found.items() if source != "s0")
    assert wrong <= 0.2 * (right + wrong), "one in twenty may be false, and ways of one step are false together"


def night(world: World, store: Store, **declared: object) -> list[dict[str, object]]:
    """The ways of the world's declared change as the night remembers them."""
    change_world.build(store, world)
    frame = change_world.frame(store, world, (change_world.change(world, **declared),))
    change_effects.find(store, change_world.replace(frame, confirmed=frozenset()))
    return store.records("select * from change_way order by source, target")


_COUNTED = """with own as (
        select occurred_at, call_id, step::varchar as source,
            lead(step::varchar, 1, '') over (partition by call_id order by event_no) as target
        from event where line = $line)
    select count(*) filter (target = 'handed_on')::double / count(*) from own
    where source = 'menu' and occurred_at >= $since and occurred_at < $until"""


def counted(store: Store, line: str, since: dt.date, until: dt.date) -> float:
    """Of the menus of a line in some days, the share after which the caller was handed on, by a count of its own."""
    return float(store.value(_COUNTED, {"line": line, "since": since, "until": until}))


def test_by_lot_a_night_tells_the_planted_way_by_what_was_counted() -> None:
    """Two lines as arms, from the first day on: the change leaves a third of the transfers."""
    world = World(6, weeks=10, change_day=0, times={"transfers": 0.3})
    with Store.open(None, threads=1) as store:
        rows = night(world, store, random_share=0.5)
        told = {(row["source"], row["target"]): row for row in rows}
        way, end = told["menu", "handed_on"], START + dt.timedelta(weeks=world.weeks)
        assert way["before"] == pytest.approx(counted(store, "orders", START, end), rel=0.02)
        assert way["after"] == pytest.approx(counted(store, "service", START, end), rel=0.02)
        assert {key for key, row in told.items() if row["what"] == "less"} == {("menu", "handed_on")}
        assert told["menu", "talk"]["what"] == "more" and way["control_before"] is None
        ((before, after),) = store.rows("select before, after from change_stop where step = ''")
        assert before == pytest.approx(after), "as many contacts, as if both arms were of one size"


def test_in_waves_a_night_tells_the_planted_way_against_those_who_wait() -> None:
    world = World(5, weeks=26, lines=("service", "orders", "trade"), times={"transfers": 0.3})
    waves = [
        {"date": START + dt.timedelta(days=world.change_day), "affected": {"line": ["service-line"]}},
        {"date": START + dt.timedelta(weeks=22), "affected": {"line": ["orders-line"]}},
    ]
    with Store.open(None, threads=1) as store:
        rows = night(world, store, date=None, affected=None, control=None, wave=waves)
        told = {(row["source"], row["target"]): row for row in rows if row["what"] != "same"}
        assert {key: row["what"] for key, row in told.items()} == {
            ("menu", "handed_on"): "less", ("menu", "talk"): "more",
        }  # fmt: skip
        way, day = told["menu", "handed_on"], START + dt.timedelta(days=world.change_day)
        assert way["before"] == pytest.approx(counted(store, "service", START, day), rel=0.02)
        assert way["control_before"] == pytest.approx(counted(store, "orders", START, day), rel=0.02)
        assert way["after"] == pytest.approx(counted(store, "service", day, waves[1]["date"]), rel=0.02)
        assert not store.rows("select * from change_distance")


def test_a_lot_or_waves_that_change_nothing_colour_no_way() -> None:
    world = World(31, weeks=12, change_day=0)
    with Store.open(None, threads=1) as store:
        rows = night(world, store, random_share=0.5)
    assert len(rows) >= 5 and {row["what"] for row in rows} == {"same"}
