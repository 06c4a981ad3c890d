"""What is true of a standard world, as (kind, where, size): the planted, and what every world of the generator has.

A claim's `rate` is what a finding publishes, as it is in the long run of such worlds. `CONSEQUENCES` is what a plant
brings about beside itself: to tell it is neither right nor wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats
from true_changes import effects
from true_ends import GIVING_UP, difference, odds
from true_minutes import in_calls, in_loop
from true_needs import Truth
from true_pages import called
from true_waits import closed, waits
from world_config import local_datetime
from world_record import Order

from mining.shrinkage import smallest_found

Place = frozenset[str]
CONFIRM_PART, POWER = 0.4, 0.80
"""Of the customers, those kept apart; and how often what is called detectable is found."""
TOLERANCE, MERGE_MIN, HANDOFF_MIN, REQUEST_MIN = 0.01, 0.85, 0.30, 0.05
CALLS_MIN, MAIN_STEP = 10, "checkout_address"
"""Calls after a page from which it is judged; and the step that failure points of an order are held against."""
KNOWN_SHARE = 0.70
"""Of product calls after a page: about how many are by customers who can be known on both sides."""
WHEN_OFF = 0.60
"""Address pages that delivery options follow at once where nothing is planted."""
CLOSED_SHARE = 0.75
"""Of what ends in the recorded days: about how much is closed early enough, and not cut off, to count."""
SLOW = "in_transit within 2 business days of confirmation_mail unless cancel"
LATE = "deliver within 5 business days of confirmation_mail unless cancel"
NOT_BOTH = "not both cancel and deliver"


@dataclass(frozen=True)
class Claim:
    """One truth. `rate` None: that it is so can be told, its size is not compared. `null`: the rate at which there
    would be nothing to tell, such as the tolerance. `n`: about how many closed units there are to see it in. `minutes`:
    what it costs customers in a week, where that is known. `limit`: the smallest size found with 80 % power, where it
    does not follow from `n` and `null` alone.
    """

    plant: str
    kind: str
    place: Place
    rate: float | None
    n: int
    null: float
    planted: bool = True
    minutes: float | None = None
    limit: float | None = None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"place": sorted(self.place)}


DEVIATIONS: list[tuple[str, str, set[str]]] = [
    ("skipped_confirmation", "deviation.skipped", {"order_confirmation", "order_web"}),
    ("skipped_shipping_mail", "deviation.skipped", {"shipping_mail", "confirmation_mail"}),
    ("swapped_scans", "deviation.out_of_order", {"deliver", "out_for_delivery"}),
    ("double_mail", "deviation.unexpected", {"confirmation_mail"}),
    ("cancel_ignored", "deviation.unexpected", {"cancel", "confirmation_mail"}),
    ("cancel_ignored", "deviation.rule", {"cancel", "deliver", NOT_BOTH}),
]
OF_SHIPPED = {"skipped_shipping_mail", "cancel_ignored"}
"""Plants of shipped orders that are told as a share of all orders, with those that were cancelled."""
LOOPS: list[tuple[str, str, set[str]]] = [
    ("payment_loop", "loop.pingpong", {"payment_page", "pay_failed"}),
    ("address_again", "loop.self", {"checkout_address"}),
    ("checkout_again", "loop.cycle", {"checkout_address", "checkout_delivery", "payment_page"}),
    ("sent_round", "loop.pingpong", {"call_returns", "call_status"}),
]
ASKED_ANYWAY: list[tuple[str, set[str]]] = [
    ("duplicate_request", {"order_number"}),
    ("re_ask", {"order_number", "call_status"}),
    ("re_ask", {"order_number", "call_returns"}),
    ("duplicate_request", {"identity"}),
    ("re_ask", {"identity", "call_order"}),
]
"""Items that steps.toml says are asked in each call, and on the web before it."""
CLAIMED = {plant for plant, _, _ in DEVIATIONS + LOOPS} | {
    "leaves_at_delivery", "slow_pick", "sent_on", "menu_again", "ask_again", "together", "handed_on", "asked_again",
    "mails_of_a_day", "new_menu", "leaves_after_login", "poor_page_call",
}  # fmt: skip
"""Plants that claims are made of, below."""
CONSEQUENCES: dict[str, list[tuple[str, set[str]]]] = {
    "address_again": [
        ("deviation.unexpected", {"checkout_address"}), ("duplicate_request", {"address"}),
        ("re_ask", {"address", "checkout_address"}),
    ],
    "asked_again": [("re_ask", {"parcel_no", "menu_parcel_number"})],
    "checkout_again": [
        *(("deviation.unexpected", {step, *prev}) for step in ("checkout_address", "checkout_delivery")
          for prev in ((), ("payment_page",))),
        ("duplicate_request", {"address"}), ("re_ask", {"address", "checkout_address"}),
    ],
    "sent_on": [
        *(("deviation.unexpected", {"in_transit", *prev})
          for prev in ((), ("out_for_delivery",), ("attempted_delivery",))),
        ("loop.self", {"in_transit"}), ("loop.pingpong", {"in_transit", "out_for_delivery"}),
        ("loop.cycle", {"in_transit", "out_for_delivery", "attempted_delivery"}),
    ],
    "double_mail": [
        ("loop.self", {"confirmation_mail"}), ("batch_contact", {"confirmation_mail"}),
    ],
    "sent_round": [
        ("loop.pingpong", {"Call centre", "Returns"}), ("loop.self", {"call_status"}), ("loop.self", {"call_returns"}),
        ("repeat_contact", {"7", "status"}), ("repeat_contact", {"7", "returns"}),
        ("deviation.rule", {"call_status", "at most 1 call_status per journey"}),
        ("handoff", {"Call centre", "Returns"}), ("handoff", {"Returns", "Call centre"}),
    ],
    "late_call_again": [
        ("loop.self", {"call_status"}), ("repeat_contact", {"7", "status"}),
        ("deviation.rule", {"call_status", "at most 1 call_status per journey"}),
    ],
    "payment_loop": [("loop.self", {"pay_failed"})],
    "slow_pick": [
        ("deviation.late", {"confirmation_mail", "shipping_mail", "mail", hours})
        for hours in ("business hours", "other hours")
    ],
    "swapped_scans": [("deviation.unexpected", {"deliver", "out_for_delivery"})],
    **{
        plant: [("batch_contact", {plant, other}) for other in ("confirmation_mail", "shipping_mail", more)]
        for plant, more in (("tips_mail", "notice_mail"), ("notice_mail", "tips_mail"))
    },
    "leaves_after_login": [("outcome_path", {"login", GIVING_UP})],
    "poor_page_call": [
        ("channel_switch", {step, "web"})
        for step in ("call_product", "give_up_waiting", "leave_phone_menu", "call_closed")
    ],
    "menu_again": [
        ("loop.self", {"menu_topic", "call"}), ("loop.self", {"menu_main"}), ("loop.self", {"menu_topic"}),
        ("loop.pingpong", {"menu_main", "menu_topic"}),
    ],
}  # fmt: skip


def place_of(finding: dict[str, Any]) -> Place:
    """Every name in a finding's place, without the process."""
    names: set[str] = set()
    for key, value in finding["where"].items():
        if key != "process":
            names |= set(value) if isinstance(value, list) else {str(value)}
    return frozenset(names)


def claims(truth: Truth) -> list[Claim]:
    """All that is true of a world and that a finding might tell."""
    told = [
        *deviations(truth),
        *loops(truth),
        *failures(truth),
        *pages(truth),
        *consolidations(truth),
        *changes(truth),
        *background(truth),
    ]
    return [claim for claim in told if claim.rate is None or claim.rate]


def deviations(truth: Truth) -> list[Claim]:
    """Steps skipped, repeated, out of order; rules broken."""
    plants = truth.made.config.plants
    ended = [order for order in truth.made.orders if _has(order, "delivered") or _has(order, "cancelled")]
    shipped = sum(_has(order, "delivered") for order in ended) / max(1, len(ended))
    n = round(CLOSED_SHARE * len(ended))
    out = [
        Claim(
            plant,
            kind,
            frozenset(place),
            getattr(plants, plant) * (shipped if plant in OF_SHIPPED else 1),
            n,
            TOLERANCE,
        )
        for plant, kind, place in DEVIATIONS
    ]
    place = frozenset({"in_transit", "confirmation_mail", SLOW})
    rate = after_term(truth, "in_transit", 2)[0] if plants.slow_pick_from else plants.slow_pick
    out.append(Claim("slow_pick", "deviation.rule", place, rate, round(shipped * n), TOLERANCE))
    return [*out, *(late(truth) if plants.slow_pick and plants.slow_pick_from else [])]


def late(truth: Truth) -> list[Claim]:
    """Slow picking that began in the last weeks: the mail that tells of the parcel is late against what was usual."""
    return [
        Claim(
            "slow_pick",
            "deviation.late",
            frozenset({"confirmation_mail", "shipping_mail", "mail", hours}),
            found.late,
            found.n,
            found.usual,
        )
        for hours, found in waits(truth, "confirmation_mail", "shipping_mail").items()
    ]


def failures(truth: Truth) -> list[Claim]:
    """The page that customers leave for good, and those where carts are left in every world (abandon_cart): seldom at
    the address, more often at the delivery options, mostly at the payment page, by the odds against the address. And
    the path on which they leave the payment page: by how much more it is gone than by others who stand there.
    """
    plants, out = truth.made.config.plants, []
    for page, planted in (("checkout_delivery", bool(plants.leaves_at_delivery)), ("payment_page", False)):
        found = odds(truth, page, MAIN_STEP)
        place = frozenset({page, GIVING_UP})
        if found is None:
            out.append(Claim("leaves_at_delivery", "failure_point", place, None, 0, 1.0, planted))
        else:
            limit = float(np.exp(_found_beyond(found.error)))
            out.append(
                Claim("leaves_at_delivery", "failure_point", place, found.ratio, found.n, 1.0, planted, limit=limit)
            )
    told = difference(truth, ("login", "payment_page")) if plants.leaves_after_login else None
    if told is not None:
        limit = _found_beyond(told.error)
        place = frozenset({"login", GIVING_UP})
        out.append(Claim("leaves_after_login", "outcome_path", place, told.value, told.n, 0.0, limit=limit))
    return out


def _found_beyond(error: float) -> float:
    """How far from nothing a size must be to be confirmed with 80 % power as one of two; `error`: of all customers."""
    return float((stats.norm.isf(0.05 / 2) + stats.norm.ppf(POWER)) * error / CONFIRM_PART**0.5)


def pages(truth: Truth) -> list[Claim]:
    """Products with poor pages, as how many times as many calls follow."""
    if not truth.made.config.plants.poor_page_call:
        return []
    out = []
    for product, found in called(truth).items():
        n = KNOWN_SHARE * found.usual_calls
        shown = smallest_found(n, 0.0, CALLS_MIN, 1.5, 0.95, POWER)
        # the same customers, after the view against before it: the size at which it is sure enough
        sure = math.log(max(found.odds_after, 1.001)) / found.odds_error * KNOWN_SHARE**0.5
        limit = max(shown, 1 + (found.times - 1) * _found_beyond(1.0) / sure)
        place = frozenset({"view_product", product})
        out.append(Claim("poor_page_call", "page_calls", place, found.times, round(n), 1.0, limit=limit))
    return out


def after_term(truth: Truth, scan: str, days: int) -> tuple[float, int]:
    """Of orders that reach a scan, and whose need lies whole in the recorded days: the share that does later than so
    many business days after the confirmation mail; and how many there are.
    """
    over = closed(truth)
    took = [_business_days(order, scan) for order in truth.made.orders if order.need in over and _has(order, scan)]
    return sum(found > days for found in took) / max(1, len(took)), len(took)


def changes(truth: Truth) -> list[Claim]:
    """What the new phone menu of a hotline did, metric by metric: signed, as a part of the level without it."""
    made = truth.made
    if not made.config.plants.new_menu:
        return []
    found = effects(made.config)
    return [
        Claim("new_menu", "change_effect", frozenset({"service_menu", name}), rate, len(made.hotline), 0.0)
        for name, rate in found.items()
    ]


def loops(truth: Truth) -> list[Claim]:
    """Loops, as share of the needs that reached them; contacts that lead to another."""
    made = truth.made
    plants = made.config.plants
    out = [_loop(plant, kind, place, truth) for plant, kind, place in LOOPS if getattr(plants, plant)]
    queued = [call for call in made.calls if call.queue == "product" and call.enter_s]
    asks = sum(call.outcome == "answered" and made.needs.kind[call.need] == 4 for call in queued)
    excess = plants.ask_again * asks / max(1, len(queued))
    heard = sum(bool(call.menu) for call in made.calls)
    out.append(Claim("menu_again", "loop.self", frozenset({"menu_main", "call"}), plants.menu_again, heard, 0.0))
    if plants.sent_on:
        share, n = truth.done_again({"in_transit"})
        out.append(Claim("sent_on", "rework", frozenset({"in_transit"}), share, round(CLOSED_SHARE * n), 0.0))
    again = in_calls(truth, "product", 4, made.tally.affected.get("ask_again", 0))
    place = frozenset({"product", "7"})
    return [*out, Claim("ask_again", "repeat_contact", place, excess, len(queued) // 2, 0.0, minutes=again)]


def consolidations(truth: Truth) -> list[Claim]:
    """What could be one step, one contact or one question."""
    made, plants = truth.made, truth.made.config.plants
    out = []
    if plants.together > WHEN_OFF:
        pair = ("checkout_address", "checkout_delivery")
        out.append(
            Claim("together", "merge", frozenset(pair), followed(truth.needs, *pair), len(made.orders), MERGE_MIN)
        )
    n_via = round(CLOSED_SHARE * sum(bool(call.legs) for call in made.calls))
    desks = frozenset({"Order desk", "Call centre"})
    out.append(Claim("handed_on", "handoff", desks, plants.handed_on, n_via, HANDOFF_MIN))
    again, asked = asked_twice(truth.needs)
    if plants.asked_again:
        share = again / max(1, asked)
        out.append(Claim("asked_again", "duplicate_request", frozenset({"parcel_no"}), share, asked, REQUEST_MIN))
        place = frozenset({"parcel_no", "agent_asks_parcel"})
        out.append(Claim("asked_again", "re_ask", place, None, asked, 0.0))
    if plants.tips_mail:
        out += droppable(truth)
    if plants.mails_of_a_day:
        n = sum(_has(order, "review_mail_sent") for order in made.orders)
        out.append(Claim("mails_of_a_day", "batch_contact", frozenset({"review_mail", "offer_mail"}), 1.0, n, 0.0))
    return out


def droppable(truth: Truth) -> list[Claim]:
    """The mail that half the orders have by lot and that changes nothing: journeys of the smaller group, and, as what
    likeness is judged by, the share that ends badly. Logging in is as idle, but nobody draws it by lot.
    """
    over, bad = closed(truth), truth.steps.bad
    found = [
        names
        for need, names in zip(truth.numbers, truth.needs, strict=True)
        if need in over and "confirmation_mail" in names
    ]
    n_with = sum("tips_mail" in names for names in found)
    base = sum(not bad.isdisjoint(names) for names in found) / max(1, len(found))
    n = min(n_with, len(found) - n_with)
    return [
        Claim("tips_mail", "eliminate", frozenset({"tips_mail"}), None, n, base),
        Claim("idle", "eliminate", frozenset({"login"}), None, n, base, planted=False),
    ]


def background(truth: Truth) -> list[Claim]:
    """What nobody planted and every world has: a second try at the door, a phone menu before each topic, parcels that
    come after the term, two mails on the day of the order, research before an
    order by phone and before a question, the order number and the name in each call.
    """
    orders = truth.made.orders
    beyond, n_terms = after_term(truth, "delivered", 5)
    rule = frozenset({"deliver", "confirmation_mail", LATE})
    seen = [] if truth.made.config.plants.no_page_call else [{"call_product", "web"}]
    return [
        _loop("second try", "loop.pingpong", {"attempted_delivery", "out_for_delivery"}, truth, planted=False),
        Claim("menu", "merge", frozenset({"menu_main", "menu_topic"}), None, len(truth.needs), MERGE_MIN, False),
        Claim("term", "deviation.rule", rule, beyond, n_terms, TOLERANCE, False),
        Claim(
            "mails", "batch_contact", frozenset({"confirmation_mail", "shipping_mail"}), None, len(orders), 0.0, False
        ),
        *(
            Claim("research", "channel_switch", frozenset(place), None, len(orders), 0.0, False)
            for place in [{"call_order", "web"}, *seen]
        ),
        *(Claim("asks", kind, frozenset(place), None, len(orders), 0.0, False) for kind, place in ASKED_ANYWAY),
    ]


def asked_twice(needs: Iterable[list[str]]) -> tuple[int, int]:
    """Needs asked for the parcel number again (by the agent after the menu, or the other way), and asked at all."""
    asks = [[step for step in found if step in ("menu_parcel_number", "agent_asks_parcel")] for found in needs]
    return sum(len(set(found)) > 1 for found in asks), sum(bool(found) for found in asks)


def followed(needs: Iterable[list[str]], first: str, second: str) -> float:
    """Share of the occurrences of `first` that `second` comes directly after."""
    moves = sum(a == first and b == second for found in needs for a, b in pairwise(found))
    return moves / max(1, sum(found.count(first) for found in needs))


def _loop(plant: str, kind: str, place: set[str], truth: Truth, *, planted: bool = True) -> Claim:
    share, n = truth.share(place)
    allowed = min(truth.steps.allowed.get(step, 0) for step in place)
    minutes = in_loop(truth, place, allowed) if share else None
    return Claim(plant, kind, frozenset(place), share, round(CLOSED_SHARE * n), 0.0, planted, minutes)


def _has(order: Order, code: str) -> bool:
    return any(code in (kind, name) for _, kind, name in order.log)


def _business_days(order: Order, scan: str) -> int:
    """Working days from the confirmation mail to a scan of the parcel, the first day not counted."""
    mail = min(at_s for at_s, _, name in order.log if name == "confirmation_mail_sent")
    there = max(at_s for at_s, _, name in order.log if name == scan)
    first, last = (local_datetime(at_s).date() for at_s in (mail, there))
    return int(np.busday_count(first, last)) if first < last else 0
