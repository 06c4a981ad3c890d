"""A source that is not joined to the customer is no skipping; one that always knows the customer is."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest
from mining_log import Log, St
from planted import mined, world

from ingest.store import Store
from mining.automaton import Automaton, Builder
from mining.unlinked import needed_by

WEB = ("cart", "address", "payment")
STEPS = [
    *(St(step, step.title(), source=2) for step in WEB),
    St("call", "Call", source=3, channel="agent"),
    *(St(step, step.title(), source=1, channel="order") for step in ("order_web", "order_phone", "mail")),
]
PROCESS = {
    "process": "p",
    "case": "order",
    "steps": [{"one_of": [[*WEB, "order_web"], ["call", "order_phone"]]}, "mail"],
    "tolerance": 0.01,
}


def play(rng: random.Random) -> list[tuple[str, float]]:
    by_phone = rng.random() < 0.15
    way = ("call", "order_phone", "mail") if by_phone else (*WEB, "order_web", "mail")
    return [(step, 30) for step in way]


def some_without_web(unsure: float) -> Log:
    """Six in a hundred journeys have no page; of so many customers the identity is not strong."""
    log = world(play, 3000, STEPS)
    rng = random.Random(3)
    lost = {case for case in sorted({e.case for e in log.events}) if rng.random() < 0.06}
    weak = {who: "weak" for who in sorted({e.customer for e in log.events}) if rng.random() < unsure}
    return replace(log, events=[e for e in log.events if e.case not in lost or e.step not in WEB], identity=weak)


def told(store: Store, unsure: float) -> tuple[set[tuple[str, str]], dict[str, int]]:
    findings = mined(store, some_without_web(unsure), PROCESS, only="deviations")
    left = dict(store.rows("select reason, count(*) from unrecorded_journey group by reason"))
    return {(f.kind, f.where["step"]) for f in findings if f.status == "confirmed"}, left


def test_orders_whose_pages_were_not_joined_are_no_orders_by_phone_without_a_call(store: Store) -> None:
    confirmed, left = told(store, unsure=0.3)
    assert confirmed == set()
    assert list(left) == ["unlinked"] and 100 < left["unlinked"] < 220
    note = "select n from data_quality where measure like 'journeys not held against%not joined'"
    assert store.rows(note) == [(left["unlinked"],)]


def test_where_the_source_always_knows_the_customer_the_steps_were_skipped(store: Store) -> None:
    confirmed, left = told(store, unsure=0.0)
    assert confirmed and left == {}


@pytest.mark.parametrize("seed", range(20))
def test_steps_that_a_step_needs_agree_with_all_allowed_sequences(seed: int) -> None:
    rng = random.Random(seed)
    builder = Builder()
    ends = []
    for _ in range(3):
        state = builder.branch(builder.start)
        for _ in range(rng.randrange(1, 5)):
            state = builder.edge(state, rng.choice("abcd"))
            if rng.random() < 0.3:
                builder.edge(state, rng.choice("abcd"), state)
        ends.append(state)
    automaton = builder.build(builder.join(ends))
    words = [w for n in range(7) for w in product(sorted(automaton.labels), repeat=n) if automaton.accepts(w)]
    for step in automaton.labels:
        having = [set(word) for word in words if step in word]
        assert needed_by(automaton)[step] == frozenset(set.intersection(*having) - {step})


def test_a_step_that_comes_again_needs_nothing_more() -> None:
    loop = Automaton(({"a": 1}, {"a": 1, "b": 2}, {}), frozenset({2}))
    assert needed_by(loop)["b"] == {"a"} and needed_by(loop)["a"] == {"b"}
