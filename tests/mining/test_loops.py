"""Loops: the erasure by hand and by property, what is allowed, the tendency test (T4.1, T4.3), rework, phone menus."""

from __future__ import annotations

import datetime as dt
import math
import os
import random
from collections import Counter
from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mining_log import EPOCH, Ev, Log, St
from planted import NIGHT, frame, mined, pick, world

from ingest.store import Store
from mining import tendency
from mining.automaton import Automaton
from mining.cycles import collect, most_times, rounds
from mining.erasure import Passes, department_sequence, erase, rotate
from mining.intended import parse
from mining.method import Method
from mining.population import SPLITS, Variant


def read(text: str, free: str = "") -> list[tuple[str, int]]:
    return [("".join(cycle.steps), len(cycle.erased)) for cycle in erase(text.split(), set(free.split()))]


def test_by_hand() -> None:
    """T4.1."""
    assert read("a b a b a c") == [("ab", 2), ("ab", 2)]
    assert read("a b c a b c d") == [("abc", 3)]
    assert read("view view view", "view") == []
    assert read("a a a") == [("a", 1), ("a", 1)]
    assert read("a b b c a") == [("b", 1), ("abc", 3)]
    assert read("pay view pay", "view") == [("pay", 1)]
    assert read("b a b") == read("a b a") == [("ab", 2)]
    assert read("") == []


@given(st.lists(st.sampled_from("abcde"), max_size=40))
def test_every_event_lies_in_at_most_one_cycle(sequence: list[str]) -> None:
    cycles = erase(sequence)
    erased = [place for cycle in cycles for place in cycle.erased]
    assert len(erased) == len(set(erased))
    kept = [step for place, step in enumerate(sequence) if place not in set(erased)]
    assert len(kept) == len(set(kept)), "what is left has no repeat"
    assert set(kept) | {step for cycle in cycles for step in cycle.steps} == set(sequence)
    for cycle in cycles:
        assert {sequence[place] for place in cycle.erased} == set(cycle.steps)
        assert len(cycle.erased) == cycle.length
        assert cycle.steps == rotate(cycle.steps)
        assert cycle.entry in cycle.steps


@given(st.lists(st.sampled_from("abcdf"), max_size=30))
def test_the_erasure_against_cutting_by_hand(sequence: list[str]) -> None:
    """Cut the first repetition out of the list, again and again; 'f' is looked through."""
    left = [(step, place) for place, step in enumerate(sequence) if step != "f"]
    cut = []
    while True:
        names = [step for step, _ in left]
        again = next((j for j, step in enumerate(names) if step in names[:j]), None)
        if again is None:
            break
        first = names.index(names[again])
        cut.append((set(names[first:again]), tuple(place for _, place in left[first + 1 : again + 1])))
        del left[first + 1 : again + 1]
    assert [(set(cycle.steps), cycle.erased) for cycle in erase(sequence, {"f"})] == cut


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_departments_collapse(sequence: list[str]) -> None:
    names, starts = department_sequence(sequence, {"a": "A", "b": "B", "c": None})
    assert all(x != y for x, y in pairwise(names))
    assert len(names) == len(starts)
    assert set(names) <= {"A", "B"}


def test_passes_per_journey() -> None:
    passes = Passes({1: 8, 2: 1, 5: 1})
    assert (passes.total, passes.n_journeys, passes.mean, passes.percentile(0.9)) == (15, 10, 1.5, 2)
    assert Passes({}).mean == Passes({}).percentile(0.9) == 0


PROCESSES = [
    ["a", "b", "c"],
    ["a+", "b{1,3}", {"optional": ["c", "a"]}],
    ["a", "b", "a?", "b?", "c*"],
    [{"one_of": [["a", "b", "a", "b"], ["c"]]}, "d?"],
    [{"any_order": ["a", "b", "c"]}, "b"],
]


def words(automaton: Automaton, length: int) -> list[tuple[str, ...]]:
    return [w for n in range(length + 1) for w in product("abcd", repeat=n) if automaton.accepts(w, prefix=True)]


@pytest.mark.parametrize("steps", PROCESSES)
def test_what_the_intended_process_allows_is_no_loop(steps: list[object]) -> None:
    """Against all words of up to 6 steps; a process that can go on for ever has no bound."""
    automaton = parse({"process": "p", "case": "order", "steps": steps}).automaton
    known = words(automaton, 6)
    for step in "abcd":
        seen, most = max(word.count(step) for word in known), most_times(automaton, step)
        assert seen == most if most is not None else seen > 3, step
    for cycle in ("a", "b", "c", "ab", "bc", "abc"):
        laps = max(
            (
                n
                for word in known
                for start in range(len(cycle))
                for n in range(6)
                if "".join((cycle[start:] + cycle[:start]) * n + cycle[start]) in "".join(word)
            ),
            default=0,
        )
        allowed = rounds(automaton, tuple(cycle))
        assert laps == allowed if allowed is not None else laps >= 2, cycle


STEPS = [
    St("look", "Looks", step_class="browse", repeats=None),
    St("pay", "Pays"),
    St("check", "Checks", repeats=1),
    St("ask", "Asks", step_class="contact", channel="agent", department="Call centre"),
    St("done", "Is done", step_class="outcome"),
]


def ways(*told: tuple[str, int]) -> list[Variant]:
    return [Variant(n, tuple(text.split()), dict.fromkeys(SPLITS, count)) for n, (text, count) in enumerate(told, 1)]


def test_what_is_legitimate_is_taken_off(store: Store) -> None:
    mined(store, Log([Ev("j", "pay", EPOCH)], STEPS), only="loops")
    told = ways(
        ("pay look pay look", 5),
        ("check check done", 7),
        ("check check check done", 3),
        ("pay ask pay ask pay done", 4),
        ("done pay done", 2),
    )
    plain = {(loop.kind, loop.steps): loop for loop in collect(told, frame(store))}
    assert {key: (loop.passes, loop.allowed) for key, loop in plain.items() if loop.is_of_steps} == {
        ("loop.self", ("pay",)): ({1: 1}, 0),
        ("loop.self", ("check",)): ({3: 1}, 1),
        ("loop.pingpong", ("ask", "pay")): ({4: 2}, 0),
        ("loop.pingpong", ("done", "pay")): ({5: 1}, 0),
    }
    assert plain["loop.self", ("pay",)].ends_inside == {1} and not plain["loop.pingpong", ("done", "pay")].ends_inside
    assert plain["loop.pingpong", ("ask", "pay")].places == {4: [1, 2, 3, 4]}
    process = {"process": "p", "case": "order", "steps": ["pay", "ask", "pay", "done", "check+"]}
    meant = {(loop.kind, loop.steps): loop for loop in collect(told, frame(store, process))}
    assert meant["loop.pingpong", ("ask", "pay")].passes == {4: 1}, "the process itself goes there and back once"
    assert ("loop.self", ("check",)) not in meant


def test_rework_is_told_where_no_single_loop_tells_it(store: Store) -> None:
    mined(store, Log([Ev("j", "pay", EPOCH)], STEPS), only="loops")
    several = ways(("pay ask pay", 5), ("pay pay", 5), ("pay check ask pay", 5), ("ask ask", 9))
    rework = [loop for loop in collect(several, frame(store)) if loop.kind == "rework"]
    assert [(loop.where, loop.passes) for loop in rework] == [({"step": "pay"}, {1: 1, 2: 1, 3: 1})]
    assert not [loop for loop in collect(ways(("pay ask pay", 5)), frame(store)) if loop.kind == "rework"]


def again(rng: random.Random) -> list[tuple[str, float]]:
    way = [("pay", 0.0)]
    while rng.random() < 0.25:
        way += rng.choice([[("ask", 5.0), ("pay", 5.0)], [("pay", 5.0)], [("check", 5.0), ("ask", 5.0), ("pay", 5.0)]])
    return [*way, ("done", 1)]


def test_the_rework_finding(store: Store) -> None:
    findings = mined(store, world(again, 1500, STEPS), only="loops")
    rework = pick(findings, "rework", step="pay")
    assert rework.status == "confirmed" and rework.ci["low"] <= 0.25 <= rework.ci["high"]
    assert rework.cost["customer_min_per_week"] is None and "by several ways" in rework.title
    whole = sum(f.extra["passes"] for f in findings if f.kind.startswith("loop.") and f.extra["entry"] == "pay")
    assert rework.extra["passes"] == rework.n["events"] == whole, "each time it is done again closes one loop"


LETTERS = "abcdefgh"


def habits(seed: int, sent_back: float = 0.0, n: int = 400, longest: int = 20) -> list[Variant]:
    """Journeys over 8 steps whose makers differ in what they like (sd 1.0 on the log scale of each step). `sent_back`:
    chance that who came to b from a goes back to a.
    """
    rng = np.random.default_rng(seed)
    size = len(LETTERS)
    pull = rng.normal(0, 0.5, (size, size)) + rng.normal(0, 1.0, (n, 1, size))
    pull[:, range(size), range(size)] = -np.inf
    share = np.exp(pull).cumsum(2)
    now, before = rng.integers(0, size, n), np.full(n, -1)
    made = [now]
    for _ in range(longest):
        drawn = rng.random(n) * share[range(n), now, -1]
        following = (share[range(n), now] < drawn[:, None]).sum(1)
        is_sent = (before == 0) & (now == 1) & (rng.random(n) < sent_back)
        before, now = now, np.where(is_sent, 0, following)
        made.append(now)
    lengths, parts = rng.integers(4, longest, n), rng.integers(0, 10, n)
    return [
        Variant(i, tuple(LETTERS[s] for s in way[:length]), dict(zip(SPLITS, (1, p < 6, p >= 6, 1, 1), strict=True)))
        for i, (way, length, p) in enumerate(zip(np.stack(made, 1), lengths, parts, strict=True))
    ]


def shown(seed: int, sent_back: float = 0.0, n: int = 400) -> set[tuple[str, str]]:
    scored = tendency.scores(habits(seed, sent_back, n), permutations(LETTERS, 2), ("all", "discovery", "confirm"))
    return {direction for direction, one in tendency.decide(scored, Method(), 20).items() if one.is_shown}


def test_customers_who_merely_differ_show_no_tendency() -> None:
    """T4.3: at most 12 of 200 worlds; the first 40 of them unless all are asked for."""
    n_worlds = 200 if os.environ.get("FRONTSTAGE_TRUTH") else 40
    assert sum(bool(shown(seed)) for seed in range(n_worlds)) <= 12 * n_worlds / 200


def test_being_sent_back_is_shown() -> None:
    assert shown(1, 0.6, 1500) == {("a", "b")}


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=14), min_size=1, max_size=5))
def test_the_tendency_against_its_definition(journeys: list[list[str]]) -> None:
    counted = Counter(map(tuple, journeys))
    told = [Variant(n, way, dict.fromkeys(SPLITS, k)) for n, (way, k) in enumerate(counted.items())]
    score = tendency.scores(told, [("a", "b")], ("all",))["a", "b"]["all"]
    products = []
    for way in journeys:
        x, y = [], []
        for before, now, after in zip(way, way[1:], way[2:], strict=False):
            if now == "b" and before != "b":
                x.append(before == "a")
                y.append(after == "a")
        if x:
            products.append(sum((p - np.mean(x)) * (q - np.mean(y)) for p, q in zip(x, y, strict=True)))
    z = sum(products) / math.sqrt(sum(u * u for u in products)) if any(abs(u) > 1e-9 for u in products) else 0
    assert score.z == pytest.approx(z, abs=1e-6)
    assert score.journeys == sum(abs(u) > 1e-9 for u in products)


MENU = [St("menu", "Hears the menu", "help", "ivr", "Call centre", "contact"), *STEPS]


def menu_log(again: float, n: int = 600) -> Log:
    """One or two calls a journey; within a call the menu is heard again with `again`, twice at least then."""
    rng = random.Random(3)
    log = Log([], MENU, as_of=NIGHT)
    for number in range(n):
        clock = EPOCH + dt.timedelta(seconds=rng.randrange(56 * 86400))
        for call in range(rng.choice([1, 1, 2])):
            for _ in range(1 + 2 * (rng.random() < again)):
                clock += dt.timedelta(seconds=20)
                log.events.append(
                    Ev(f"j{number}", "menu", clock, clock, f"k{number}", call=f"{number}-{call}", engaged_ms=20_000)
                )
            clock += dt.timedelta(days=1)
    return log


def test_a_menu_that_is_heard_again_in_the_same_call(store: Store) -> None:
    log = menu_log(0.2)
    findings = mined(store, log, only="menu_loops")
    menu = pick(findings, "loop.self", menu="menu")
    per_call = Counter(e.call for e in log.events)
    hits = sum(n > 1 for n in per_call.values())
    assert menu.status == "confirmed" and menu.ci["low"] <= 0.2 <= menu.ci["high"]
    assert (menu.n["exposed"], menu.n["hits_all"], menu.n["events"]) == (len(per_call), hits, 2 * hits)
    keys = [row[0] for row in store.rows(menu.evidence["sql"])]
    assert len(keys) == menu.n["journeys"] and not set(menu.evidence["counter"]) & set(keys)


def test_two_calls_are_no_menu_loop(store: Store) -> None:
    assert mined(store, menu_log(0.0, 200), only="menu_loops") == []


def test_another_order_is_the_same_cycle(store: Store) -> None:
    mined(store, Log([Ev("j", "pay", EPOCH)], STEPS), only="loops")
    told = ways(("pay check ask pay", 3), ("pay ask check pay", 5), ("check pay check ask pay check", 1))
    loops = {loop.kind: loop for loop in collect(told, frame(store)) if loop.is_of_steps}
    assert loops["loop.cycle"].where == {"cycle": ["ask", "check", "pay"]}
    assert loops["loop.cycle"].order == ("ask", "check", "pay") and loops["loop.cycle"].passes == {1: 1, 2: 1, 3: 1}


def test_what_nearly_every_journey_does_twice_is_no_loop(store: Store) -> None:
    findings = mined(store, world(lambda _: [("pay", 0), ("pay", 1), ("done", 5)], 300, STEPS), only="loops")
    twice = pick(findings, "loop.self", cycle=["pay"])
    assert twice.status == "cannot_tell" and "both recorded" in twice.text_caution


@pytest.mark.parametrize(("anchor", "status"), [("order", "confirmed"), ("episode", "cannot_tell")])
def test_contacts_that_come_again_are_one_need_only_where_an_order_says_so(
    store: Store, anchor: str, status: str
) -> None:
    """Who calls twice within days may have two questions; who talks to us twice about one order goes round."""
    steps = [St("call", "Calls", "help", "agent", "Desk", "contact"), St("form", "Form", "help", "web", "Desk", "work")]

    def play(rng: random.Random) -> list[tuple[str, float]]:
        again = [("call", 900.0)] * (rng.random() < 0.3) + [("form", 5.0)] * (1 + (rng.random() < 0.3))
        return [("call", 0.0), *again]

    log = world(play, 900, steps)
    log.anchor = {event.case: anchor for event in log.events}
    findings = mined(store, log, only="loops")
    calls, forms = (pick(findings, "loop.self", cycle=[step]) for step in ("call", "form"))
    assert calls.status == status and forms.status == "confirmed"
    assert ("repeat contact" in calls.text_caution) == (status == "cannot_tell")
    assert calls.n["hits_all"] > 200, "it is counted all the same"
