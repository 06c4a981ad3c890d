"""Alignments: against pm4py's exact ones, against the definition of the limit, of prefixes, of blame."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ingest.errors import ConfigError
from mining.alignment import LOG, MODEL, Aligner, Move
from mining.automaton import Automaton
from mining.deviating import Deviation, read_path
from mining.intended import Intended, parse

MODELS: dict[str, dict[str, Any]] = {
    "plain": {"steps": ["a", "b", "c", "d", "e"]},
    "choice": {"steps": ["a", {"one_of": [["b", "c"], ["d"], ["e", "f+"]]}, "g"]},
    "loops": {"steps": ["a*", "b{1,3}", {"optional": ["c", "d"]}, "e+", "f?"]},
    "parallel": {"steps": ["a", {"any_order": ["b", "c", "d"]}, {"one_of": [["e"], [{"any_order": ["f", "g"]}]]}]},
    "order": {
        "steps": [
            {"one_of": [["view*", "cart+", "pay"], ["call?", "phone", "call?"]]},
            "mail",
            {"one_of": [["ship", "track{0,3}", "deliver"], ["cancel"]]},
            {"optional": ["back", "refund"]},
        ]
    },
}


def model(name: str, **more: Any) -> Intended:
    return parse({"process": name, **MODELS[name], **more})


def walk(automaton: Automaton, rng: random.Random) -> list[str]:
    """A random allowed sequence."""
    state, out = 0, []
    while not (state in automaton.accepting and (rng.random() < 0.4 or not automaton.moves[state])):
        step, state = rng.choice(sorted(automaton.moves[state].items()))
        out.append(step)
        if len(out) > 12 and state in automaton.accepting:
            break
    return out


def noisy(automaton: Automaton, rng: random.Random) -> tuple[str, ...]:
    """An allowed sequence with up to four mistakes."""
    out = walk(automaton, rng)
    labels = [*sorted(automaton.labels), "alien"]
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(3)
        if kind == 0 and out:
            del out[min(at, len(out) - 1)]
        elif kind == 1:
            out.insert(at, rng.choice(labels))
        elif len(out) > 1:
            at = min(at, len(out) - 2)
            out[at], out[at + 1] = out[at + 1], out[at]
    return tuple(out)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_cost_equals_pm4py(name: str) -> None:
    """T3.1 in small: 80 distinct noisy variants a model; pm4py's Dijkstra (less memory) is the oracle."""
    from mining import pm4py_bridge

    spec, rng = model(name), random.Random(name)
    sequences = sorted({noisy(spec.automaton, rng) for _ in range(110)} - {()})[:80]
    oracle = pm4py_bridge.alignment_costs(spec.automaton, sequences)
    aligner = Aligner(spec.automaton)
    assert [aligner.align(sequence).cost_low for sequence in sequences] == oracle


@pytest.mark.parametrize("name", sorted(MODELS))
def test_allowed_costs_nothing_and_blame_sums_to_the_cost(name: str) -> None:
    spec, rng = model(name), random.Random(5)
    weights = {step: 1 + n % 3 for n, step in enumerate(sorted(spec.labels))}
    for aligner, weight in ((Aligner(spec.automaton), {}), (Aligner(spec.automaton, weights), weights)):
        for _ in range(120):
            assert aligner.align(walk(spec.automaton, rng)).cost_high == 0
            sequence = noisy(spec.automaton, rng)
            result = aligner.align(sequence)
            cost = {LOG: lambda _: 1, MODEL: lambda move, w=weight: w.get(move.step, 1)}
            assert sum(share * cost[move.kind](move) for move, share in result.blame().items()) == pytest.approx(
                result.cost_low
            )
            assert (result.cost_low == 0) == spec.automaton.accepts(sequence)
            for path in result.sample(50):
                assert sum(cost[move.kind](move) for move in path if move.kind in cost) == result.cost_low
                assert [move.step for move in path if move.kind != MODEL] == list(sequence)
                assert spec.automaton.accepts([move.step for move in path if move.kind != LOG])


def test_every_optimal_alignment_is_found_once() -> None:
    spec = model("parallel")
    result = Aligner(spec.automaton).align(("a", "c", "b", "e"))
    paths = {tuple(path) for path in result.sample(10_000)}
    assert len(paths) == result.paths == 3  # d skipped before c, between c and b, after b
    assert result.blame() == {
        Move(MODEL, "d", 1): pytest.approx(1 / 3),
        Move(MODEL, "d", 2): pytest.approx(1 / 3),
        Move(MODEL, "d", 3): pytest.approx(1 / 3),
    }


@pytest.mark.parametrize("limit", [1, 5, 20, 50])
def test_the_limit_brackets_the_optimum(limit: int) -> None:
    """T3.4: cost_low <= optimum <= cost_high, and undecided says so."""
    rng = random.Random(limit)
    for name in MODELS:
        spec = model(name)
        aligner = Aligner(spec.automaton)
        for _ in range(60):
            sequence = noisy(spec.automaton, rng)
            optimum, limited = aligner.align(sequence), aligner.align(sequence, max_pops=limit)
            assert limited.cost_low <= optimum.cost_low <= limited.cost_high
            assert limited.decided == (limited.pops == optimum.pops) or not limited.decided
            assert not limited.decided or limited.cost_low == limited.cost_high == optimum.cost_low


def test_a_running_journey_is_not_blamed_for_its_future() -> None:
    spec = model("order")
    aligner = Aligner(spec.automaton)
    whole = ("cart", "pay", "mail", "ship", "deliver")
    for length in range(len(whole)):
        assert aligner.align(whole[:length], prefix=True).cost_high == 0
        assert aligner.align(whole[:length]).cost_high > 0
        assert spec.automaton.accepts(whole[:length], prefix=True)
    assert aligner.align(("cart", "mail"), prefix=True).cost_high == 1  # pay is already skipped


def said(steps: str, name: str = "order") -> list[Deviation]:
    spec = model(name)
    paths = Aligner(spec.automaton).align(tuple(steps.split())).sample(64)
    readings = {tuple(sorted(read_path(path, spec.labels))) for path in paths}
    assert len(readings) == 1, readings
    return list(readings.pop())


def test_moves_become_sentences() -> None:
    assert said("cart pay mail ship deliver") == []
    assert said("cart mail ship deliver") == [Deviation("skipped", "pay", "cart")]
    assert said("cart pay ship mail deliver") == [Deviation("out_of_order", "ship", "", "mail")]
    assert said("cart pay mail ship deliver alien alien") == [Deviation("unexpected", "alien", "deliver", known=False)]
    assert said("cart pay mail ship deliver pay") == [Deviation("unexpected", "pay", "deliver")]


def test_of_a_step_twice_in_a_row_the_second_is_too_many() -> None:
    """Which of the two is the intended one, the alignment leaves open: halves of one deviation at two places."""
    assert said("cart pay mail mail ship deliver") == [Deviation("unexpected", "mail", "mail")]
    assert said("cart pay mail mail mail ship deliver") == [Deviation("unexpected", "mail", "mail")]
    assert said("cart pay mail alien mail ship deliver") == [
        Deviation("unexpected", "alien", "mail", known=False),
        Deviation("unexpected", "mail", "mail"),
    ]


def test_equal_foreign_steps_in_a_row_are_one_occurrence_each_run() -> None:
    assert said("cart pay alien alien mail alien ship deliver") == [
        Deviation("unexpected", "alien", "mail", known=False),
        Deviation("unexpected", "alien", "pay", known=False),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"steps": ["a"], "tolerence": 0.1}, "tolerence: unknown key; did you mean 'tolerance'?"),
        ({"steps": ["view_prodct"]}, "steps[0]: unknown step 'view_prodct'; did you mean 'view_product'?"),
        ({"steps": ["a", {"one_off": [["a"], ["b"]]}]}, "steps[1].one_off: unknown key; did you mean 'one_of'?"),
        ({"steps": ["a{3,1}"]}, "low <= high"),
        ({"steps": ["a b"]}, "expected a step such as"),
        ({"steps": []}, "expected a list of steps"),
        ({"steps": [{"any_order": list("abcdefghi")}]}, "2 to 8 single steps"),
        ({"steps": ["a"], "rules": ["a should come before b"]}, "none of the known sentences"),
        ({"steps": ["a"], "ignore": ["a"]}, "also in steps"),
        ({"steps": ["a"], "weights": {"b": 3}}, "not a step of this process"),
        ({"steps": ["a"], "tolerance": 2}, "expected a share"),
        ({"steps": ["a"], "case": "orders"}, "expected 'order' or 'episode'"),
        ({"steps": [[]]}, "expected a step in quotes or a table"),
    ],
)
def test_a_wrong_process_is_refused_with_a_hint(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"process": "p", **data}, [*"abcdefghi", "view_product"])
    assert message in str(caught.value)


def test_every_rule_form_is_read() -> None:
    rules = [
        "a within 2 business days of b",
        "if a then b within 24 hours",
        "a requires b before",
        "never a after b within 7 days",
        "at most 1 a per journey",
        "not both a and b",
        "starts with a",
        "ends with one of a, b",
    ]
    spec = parse({"process": "p", "steps": ["a", "b"], "rules": rules}, ["a", "b"])
    assert [rule.form for rule in spec.rules] == [
        "within",
        "if_then",
        "requires",
        "never_after",
        "at_most",
        "not_both",
        "starts_with",
        "ends_with",
    ]
    assert [rule.steps for rule in spec.rules] == [("a", "b")] * 4 + [("a",), ("a", "b"), ("a",), ("a", "b")]


def test_automata_accept_what_their_text_says() -> None:
    spec = model("order")
    for text, allowed in (
        ("view view cart pay mail ship track track deliver", True),
        ("cart cart pay mail cancel back refund", True),
        ("phone mail ship deliver", True),
        ("call phone call mail cancel", True),
        ("cart phone mail cancel", False),
        ("cart pay mail ship track track track track deliver", False),
        ("", False),
        ("cart pay mail cancel back", False),
    ):
        assert spec.automaton.accepts(text.split()) == allowed, text
