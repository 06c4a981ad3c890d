"""Distinct sequences with up to four mistakes against a process of 20 states, about 12 events each; always the same."""

from __future__ import annotations

import random

from mining.automaton import Automaton
from mining.intended import parse

STEPS = [
    {"one_of": [["look*", "basket+", "address", "delivery", "pay"], ["call?", "phone_order", "call?"]]},
    "mail",
    {"any_order": ["pack", "invoice"]},
    {"one_of": [["ship", "track{0,3}", "van", "deliver"], ["cancel", "regret"]]},
    {"optional": ["return_request", "return_parcel", "refund"]},
]


def make(n: int, seed: int = 1) -> tuple[Automaton, list[tuple[str, ...]]]:
    """The process and `n` distinct variants."""
    automaton = parse({"process": "bench", "steps": STEPS}).automaton
    rng = random.Random(seed)
    labels = [*sorted(automaton.labels), "alien"]
    found: set[tuple[str, ...]] = set()
    while len(found) < n:
        found.add(tuple(_spoiled(_allowed(automaton, rng), labels, rng)))
    return automaton, sorted(found)


def _allowed(automaton: Automaton, rng: random.Random) -> list[str]:
    """A random allowed sequence."""
    state, out = 0, list[str]()
    while not (state in automaton.accepting and (rng.random() < 0.3 or not automaton.moves[state])):
        step, state = rng.choice(sorted(automaton.moves[state].items()))
        out.append(step)
    return out


def _spoiled(steps: list[str], labels: list[str], rng: random.Random) -> list[str]:
    """The sequence with one to four steps dropped, added or changed with their neighbour."""
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(steps) + 1)
        kind = rng.randrange(3)
        if kind == 0 and len(steps) > 1:
            del steps[min(at, len(steps) - 1)]
        elif kind == 1:
            steps.insert(at, rng.choice(labels))
        elif len(steps) > 1:
            at = min(at, len(steps) - 2)
            steps[at], steps[at + 1] = steps[at + 1], steps[at]
    return steps
