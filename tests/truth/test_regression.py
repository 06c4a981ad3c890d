"""Standard worlds with fixed seeds through the whole pipeline: the same findings as ever, and nothing false."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace

import pytest
from claims import CLAIMED
from judged import judge
from judged_research import judge_research
from judged_whatif import judge_forecast
from matching import detectable, match
from regression import CUSTOMERS, NUMBERS, WORLDS, lines
from scores import SMALL_WORLDS, Score, cost_rank, covers, score, worlds_allowed
from table import failures_of_forecasts
from true_minutes import in_loop
from true_needs import Steps, Truth
from true_waits import waits
from world_build import TEMPLATES
from world_config import DAY_S
from world_record import Hit
from world_standard import STANDARD, drawn


@pytest.mark.parametrize(("name", "seed"), WORLDS)
def test_a_standard_world(name: str, seed: int) -> None:
    world = judge(name, seed, CUSTOMERS)
    assert not match(world).false, "confirmed, and not so"
    untold = SMALL_WORLDS.get(name, set())
    assert not [f for f in world["findings"] if f["status"] in untold], "too few customers, or calls, for anything"
    kept = json.loads(NUMBERS.read_text(encoding="utf-8"))[f"{name}-{seed}"]
    assert lines(world) == kept, "other findings than before; if that is meant: make truth KEEP=1"


def test_limits_are_those_of_the_method_note() -> None:
    assert [worlds_allowed(n) for n in (50, 100, 200)] == [1, 4, 12]
    assert [covers(n, 200) for n in (180, 181)] == [False, True]
    assert [covers(n, 100) for n in (88, 89)] == [False, True]


def test_what_can_be_detected_shrinks_with_the_number_of_customers() -> None:
    few, many = (detectable("deviation", n, 0.01, 7) for n in (200, 800))
    assert few is not None and many is not None and 0.01 < many < few < 0.08


def test_sizes_differ_from_seed_to_seed_and_reach_from_nothing_to_plain() -> None:
    for name, standard in STANDARD.items():
        for plant, sizes in standard.sizes.items():
            assert {drawn(name, seed)[plant] for seed in range(60)} == set(sizes), plant


def test_every_plant_is_claimed() -> None:
    assert {plant for standard in STANDARD.values() for plant in standard.sizes} == CLAIMED


def test_scores_by_hand() -> None:
    """One plant found, one missed though detectable, one false alarm in a null world."""
    n = {"n_confirm": 1000, "units": 1000}
    told = {
        "effect": {"value": 0.1},
        "ci": {"low": 0.08, "high": 0.12},
        "q": 0.01,
        "status": "confirmed",
        "n": n,
        "tendency": None,
    }
    there = told | {"kind": "deviation.skipped", "where": {"process": "p", "step": "a"}}
    alarm = told | {"kind": "loop.self", "where": {"cycle": ["z"]}, "true_share": {"need": 0.0, "customer": 0.0}}
    claim = {"plant": "x", "kind": "deviation.skipped", "place": ["a"], "rate": 0.1, "null": 0.01, "planted": True}
    kinds = ["deviation.skipped", "loop.self"]
    world = {"world": "W1", "plants": {}, "kinds": kinds, "findings": [there]}
    world["truths"] = [claim | {"n": 1000}, claim | {"place": ["b"], "n": 2500}]
    null = {"world": "W0", "plants": {}, "kinds": kinds, "findings": [alarm], "truths": []}
    scores = score([world, null])
    skipped, loop = scores["deviation.skipped"], scores["loop.self"]
    assert (skipped.recall, skipped.precision, skipped.covering, skipped.errors) == (0.5, 1.0, 1, [0.0])
    assert (loop.precision, loop.alarmed_worlds, loop.null_worlds) == (0.0, 1, 1)
    assert "recall 0.50" in skipped.failures() and "precision 0.00" in loop.failures()


def test_a_small_site_that_is_told_something_breaks_a_gate() -> None:
    """Of a change, a candidate is too much; of a forecast, any number."""
    finding = {"kind": "change_effect", "where": {}, "q": None, "status": "candidate", "tendency": None}
    world = {"world": "W6S", "plants": {}, "kinds": [], "findings": [finding], "truths": []}
    assert score([world])["change_effect"].failures() == ["1 told in worlds too small for it"]
    assert not score([world | {"world": "W6"}]), "a larger site is judged by what is true"
    told = {"low": 1.0, "value": 2.0, "high": 3.0}
    few, bold = (
        {"world": "W7S", "forecast": {"reason": reason, "told": one, "true": 2.0}}
        for reason, one in (("few", None), (None, told))
    )
    assert not failures_of_forecasts([few]) and len(failures_of_forecasts([few, bold])) == 1


def test_research_with_a_handful_of_shops_tells_nothing() -> None:
    world = judge_research("W10S", 1)
    assert {finding["status"] for finding in world["findings"]} == {"not_enough_data"}


def test_a_call_centre_with_a_few_calls_a_week_is_told_no_forecast() -> None:
    forecast = judge_forecast("W7S", 1)["forecast"]
    assert (forecast["told"], forecast["reason"]) == (None, "few")


def test_what_is_asked_again_is_told_by_need_and_by_customer() -> None:
    """Two needs of one customer: each gives the address once, both together twice; an order number twice in one."""
    steps = Steps(TEMPLATES / "steps.toml")
    needs = [["checkout_address", "payment_page"], ["call_order", "call_status", "call_returns"]]
    truth = Truth(None, steps, needs, [needs[0] + needs[1]], [], [])  # type: ignore[arg-type]
    assert truth.asked_again({"address", "call_order"})[0] == 0.0
    assert truth.asked_again({"address", "call_order"}, stretched=True) == (1.0, 1)
    assert truth.asked_again({"order_number"}) == (1.0, 1)
    changed = Truth(None, steps, [["call_order", "change_address", "checkout_address"]], [], [], [])  # type: ignore[arg-type]
    assert changed.asked_again({"address"}) == (0.0, 1)


def test_two_carts_of_one_customer_have_the_checkout_again() -> None:
    """No need has it twice; the customer, who came back with another cart, has."""
    steps = Steps(TEMPLATES / "steps.toml")
    left, bought = ["add_to_cart", "checkout_address"], ["add_to_cart", "checkout_address", "payment_page"]
    truth = Truth(None, steps, [left, bought, ["add_to_cart"]], [left + bought, ["add_to_cart"]], [], [])  # type: ignore[arg-type]
    assert truth.had_again("checkout_address", "add_to_cart") == (0.0, 3)
    assert truth.had_again("checkout_address", "add_to_cart", stretched=True) == (0.5, 2)
    assert truth.had_again("payment_page", None, stretched=True) == (0.0, 1)
    round_and_round = ["add_to_cart", "checkout_address", "payment_page", "checkout_address"]
    looped = Truth(None, steps, [round_and_round], [], [], [])  # type: ignore[arg-type]
    assert looped.had_again("checkout_address", "add_to_cart") == (0.0, 1), "round by the payment page, not by the cart"
    assert looped.had_again("checkout_address", None) == (1.0, 1)


def test_minutes_of_a_loop_are_those_after_the_place_where_it_closes() -> None:
    """Refused after 60 s, back at the payment page for 40 s, then five minutes at most on it: 340 s in one week."""
    times = {0: "payment_page", 60: "pay_failed", 100: "payment_page", 500: "pay"}
    hits = [Hit(at, at, 0, "GET", f"/{at}", "", 200, 0, "-", 0, False) for at in times]
    made = SimpleNamespace(hits=[hits], calls=[], start_s=0, end_s=7 * DAY_S)
    steps = SimpleNamespace(free=set())
    moments = [(at, at, step) for at, step in times.items()]
    truth = Truth(made, steps, [list(times.values())], [], [moments], [0])  # type: ignore[arg-type]
    assert in_loop(truth, {"payment_page", "pay_failed"}, 0) == 340 / 60
    assert in_loop(truth, {"payment_page", "pay_failed"}, 1) == 0.0


def test_a_true_wait_is_looked_through_and_held_against_the_weeks_before() -> None:
    """A day or a little more, in the last weeks for half of them ten; everybody looks in on the way."""
    end, rng = 84 * DAY_S, random.Random(1)
    moments = []
    for n in range(900):
        begun = n * end // 900
        took = round(rng.lognormvariate(0, 0.2) * DAY_S) if begun < 56 * DAY_S or n % 2 else 10 * DAY_S
        moments.append([(begun, 0, "mail"), (begun + took // 2, 0, "track"), (begun + took, 0, "parcel")])
    made, steps = SimpleNamespace(end_s=end), SimpleNamespace(browse={"track"})
    truth = Truth(made, steps, [], [], moments, list(range(900)))  # type: ignore[arg-type]
    told = waits(truth, "mail", "parcel")["other hours"]
    assert 0.3 < told.late < 0.6 and 0.01 <= told.usual < 0.03 and 150 < told.n < 300


def test_costs_are_ranked_over_all_kinds() -> None:
    assert cost_rank({"loop.self": Score(costs=[(1.0, 2.0)])}) is None
    scores = {"loop.self": Score(costs=[(1.0, 2.0), (3.0, 3.0)]), "repeat_contact": Score(costs=[(2.0, 9.0)])}
    rank, ratio, n = cost_rank(scores) or (0.0, 0.0, 0)
    assert (round(rank, 3), ratio, n) == (0.5, 2.0, 3)
