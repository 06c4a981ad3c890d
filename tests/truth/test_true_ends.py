"""What truly goes together with giving up, and with calls after pages: a few customers, counted by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import true_ends
import true_pages
from true_needs import Steps, Truth
from world_build import TEMPLATES
from world_catalog import POOR, PRODUCTS
from world_config import DAY_S
from world_record import Call, Hit

STEPS = Steps(TEMPLATES / "steps.toml")
CHECKOUT = ["checkout_address", "checkout_delivery", "payment_page"]
PAID = [*CHECKOUT, "pay", "order_web"]
NAMES = (
    [["login", *CHECKOUT]] * 3  # gave up at the payment page, after a login
    + [CHECKOUT] * 1  # and without one
    + [["login", *PAID]] * 2
    + [PAID] * 6
    + [["checkout_address"]] * 2
    + [["view_product"]] * 5  # never entered upon an order
)


def truth(names: list[list[str]], begin_s: int = 20 * DAY_S) -> Truth:
    """One need of each of so many customers, a minute between steps, in 60 days."""
    made = SimpleNamespace(start_s=0, end_s=60 * DAY_S, needs=SimpleNamespace(person=list(range(len(names)))))
    moments = [[(begin_s + 60 * place, place, step) for place, step in enumerate(found)] for found in names]
    return Truth(made, STEPS, names, [], moments, list(range(len(names))))  # type: ignore[arg-type]


def test_a_path_is_held_against_others_who_stand_where_it_ended() -> None:
    """Of six who gave up three went by the login: half. Of the others eight stand at the payment page and two of these
    went it; all eight stand at the address, and two went it there."""
    told = true_ends.difference(truth(NAMES), ["login"])
    assert told is not None
    assert (told.value, told.n) == (pytest.approx(3 / 6 - (4 * 2 / 8 + 2 * 2 / 8) / 6), 6)
    whole = true_ends.difference(truth(NAMES), ["login", "payment_page"])
    assert whole is not None and whole.value == pytest.approx(3 / 6 - (4 * 2 / 8) / 6)
    assert true_ends.difference(truth([CHECKOUT] * 3), ["login"]) is None, "nobody else stands there"


def test_odds_of_giving_up_are_those_of_the_last_step_of_the_visit() -> None:
    found = true_ends.odds(truth(NAMES), "payment_page", "checkout_address")
    assert found is not None and found.n == 12
    assert found.ratio == pytest.approx((4 / 8) / (2 / 12))
    assert found.error == pytest.approx((1 / 4 + 1 / 8 + 1 / 2 + 1 / 12) ** 0.5)
    assert true_ends.odds(truth(NAMES), "checkout_delivery", "checkout_address") is None, "nobody gave up there"


def test_what_reaches_beyond_the_recorded_days_was_not_given_up() -> None:
    assert not list(true_ends.ways(truth(NAMES, 55 * DAY_S))) and not list(true_ends.ways(truth(NAMES, 3 * DAY_S)))


def test_who_comes_back_later_gave_up_at_the_last_step_of_the_order() -> None:
    """A look at a product two days later is another visit."""
    one = truth([["checkout_address", "checkout_delivery"], ["checkout_address"], PAID])
    one.moments[0].append((22 * DAY_S, 9, "view_product"))
    found = true_ends.odds(one, "checkout_delivery", "checkout_address")
    assert found is not None and found.ratio == pytest.approx((1 / 1) / (1 / 2))


def test_a_call_counts_for_the_product_that_was_seen_last() -> None:
    """40 customers a page look at it twice a day: of 40 for a poor page ten call within a day and one later; of 40 for
    each of two others one does; who looks at two calls about the second."""
    poor, *others = min(POOR), *[place for place in range(len(PRODUCTS)) if place not in POOR][:2]
    hits, calls, person = [], [], []
    for place in (poor, *others):
        for n in range(40):
            who = len(person)
            person.append(who)
            hits += [_hit(at_s, who, place) for at_s in (DAY_S + 60, DAY_S + 120)]
            if n < (11 if place == poor else 1):
                calls.append(_call(who, DAY_S + 7_200 if n < 10 else 3 * DAY_S))
    both = len(person)
    person.append(both)
    hits += [_hit(DAY_S + 60, both, others[0]), _hit(DAY_S + 90, both, poor)]
    calls.append(_call(both, DAY_S + 200))
    back = len(person)  # calls first, and looks afterwards
    person.append(back)
    hits.append(_hit(DAY_S + 900, back, poor))
    calls.append(_call(back, DAY_S + 800))
    made = SimpleNamespace(
        hits=[hits], calls=calls, needs=SimpleNamespace(person=person), is_recorded=lambda at_s: at_s < 60 * DAY_S
    )
    found = true_pages.called(Truth(made, STEPS, [], [], [], []))  # type: ignore[arg-type]
    usual = (41 * 1 / 41 + 40 * 1 / 40) / 81
    assert found.keys() == {str(PRODUCTS[poor].product_id)}
    (told,) = found.values()
    assert (told.times, told.usual_calls) == (pytest.approx(11 / 42 / usual), pytest.approx(42 * usual))
    # twelve calls are around the poor page: eleven after it, one before; of the others two come after, and none before
    assert told.odds_after == pytest.approx((11.5 / 1.5) / (2.5 / 0.5))
    assert told.odds_error == pytest.approx((1 / 11.5 + 1 / 1.5) ** 0.5)


def _hit(at_s: int, need: int, place: int) -> Hit:
    return Hit(at_s, at_s, 0, "GET", PRODUCTS[place].path, "", 200, 1, "-", need, False)


def _call(person: int, at_s: int) -> Call:
    return Call(
        "c", 0, "product", person, person, "", at_s, enter_s=at_s, connect_s=at_s, end_s=at_s, outcome="answered"
    )
