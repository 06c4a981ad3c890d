"""Ways told once: against putting variants together by hand, on random logs."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict

import numpy as np
import pytest
from mining_log import EPOCH, Ev, Log, St, build
from planted import NIGHT, frame

from ingest.store import Store
from mining import aggregate, evidence, population, register
from mining.folding import fold
from mining.population import Scope

THROUGH = {"c", "d"}


def journeys(seed: int) -> list[list[str]]:
    rng = random.Random(seed)
    return [rng.choices("abcd", k=rng.randint(1, 5)) for _ in range(300)]


def prepared(store: Store, told: list[list[str]], coarse: frozenset[int] = frozenset()) -> None:
    """One journey a customer, minutes apart; of the last steps of the `coarse` ones only the day is known."""
    log = Log([], [St(step) for step in "abcd"], as_of=NIGHT)
    for n, steps in enumerate(told):
        for k, step in enumerate(steps):
            is_coarse = n in coarse and k == len(steps) - 1
            at = EPOCH + (dt.timedelta(hours=23, minutes=59, seconds=59) if is_coarse else dt.timedelta(minutes=k))
            log.events.append(Ev(f"j{n:03d}", step, at, order=k, coarse=is_coarse))
    build(store, log)
    register.prepare(store)
    aggregate.build(store)
    population.prepare(store, frame(store))


@pytest.mark.parametrize("seed", [1, 2])
def test_variants_without_what_is_looked_through(store: Store, seed: int) -> None:
    told = journeys(seed)
    prepared(store, told)
    ways = population.variants(store, Scope(), THROUGH.__contains__)
    brute = Counter(tuple(step for step in steps if step not in THROUGH) for steps in told)
    assert {way.steps: way.counts["all"] for way in ways} == dict(brute)
    assert [way.variant_id for way in ways] == sorted(way.variant_id for way in ways)
    first: dict[tuple[str, ...], int] = {}
    of = {way.variant_id: way.steps for way in ways}
    rows = store.rows("""
        select told_id, way_id, places, steps from told_way
        inner join variants on variant_id = way_id order by way_id""")
    assert len(rows) == len({tuple(steps) for steps in told}), "each variant is one of them"
    for told_id, way_id, places, text in rows:
        steps = text.split(" > ")
        assert first.setdefault(of[told_id], way_id) == told_id, "the lowest id tells a way"
        assert tuple(steps[place] for place in places) == of[told_id]
        assert len(places) == sum(step not in THROUGH for step in steps)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_way_with_steps_of_unknown_order_is_told_apart(store: Store, seed: int) -> None:
    told, coarse = journeys(seed), frozenset(range(0, 300, 7))
    prepared(store, told, coarse)
    ways = population.ways(store, Scope(), THROUGH.__contains__)
    brute: Counter[tuple[str, ...]] = Counter()
    whole: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for n, steps in enumerate(told):
        if n in coarse and len(steps) > 1:
            whole[tuple(steps)] += 1
        else:
            brute[tuple(step for step in steps if step not in THROUGH)] += 1
    assert {way.steps: way.counts["all"] for way in ways if not way.pattern} == dict(brute)
    assert {way.steps: way.counts["all"] for way in ways if way.pattern} == dict(whole)
    assert [way.counts["all"] for way in ways] == sorted((way.counts["all"] for way in ways), reverse=True)


def test_a_mark_on_a_way_is_on_all_its_variants(store: Store) -> None:
    prepared(store, [["a", "b"], ["a", "c", "b"], ["c", "a", "b", "d"], ["b"], ["a", "b"]])
    ways = {way.steps: way for way in population.variants(store, Scope(), THROUGH.__contains__)}
    evidence.write_marks(store, Scope(), {"f": {ways["a", "b"].variant_id: 2.0}})
    rows = store.rows("select steps, amount from finding_variant inner join variants using (variant_id)")
    assert sorted(rows) == [("a > b", 2.0), ("a > c > b", 2.0), ("c > a > b > d", 2.0)]
    assert evidence.reach(store, Scope())["f"].journeys == 4
    scope = Scope(by_journey=True)
    ways = {way.steps: way for way in population.ways(store, scope, THROUGH.__contains__)}
    evidence.write_marks(store, scope, {"g": {ways["a", "b"].variant_id: 1.0}})
    assert evidence.reach(store, scope)["g"].journeys == 4


@pytest.mark.parametrize("condition", ["anchor = 'episode'", "true"])
def test_no_journey_has_no_way(store: Store, condition: str) -> None:
    prepared(store, [["a"], ["c"]])
    anchor = "episode" if condition != "true" else None
    found = population.variants(store, Scope(anchor), THROUGH.__contains__)
    assert [way.steps for way in found] == ([] if anchor else [("a",), ()])
    assert fold(store, np.array([], dtype=np.uint32), THROUGH.__contains__).steps == []
