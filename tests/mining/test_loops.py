"""Loops: the erasure by hand and by property, and the finding on planted logs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mining.erasure import department_sequence, erase, rotate


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


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_departments_collapse(sequence: list[str]) -> None:
    names, starts = department_sequence(sequence, {"a": "A", "b": "B", "c": None})
    assert all(x != y for x, y in pairwise(names))
    assert len(names) == len(starts)
    assert set(names) <= {"A", "B"}
