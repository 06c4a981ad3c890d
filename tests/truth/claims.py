"""What is true of a standard world, as (kind, where, size): the planted, and what every world of the generator has.

A claim's `rate` is the share that a finding publishes, as it is in the long run of such worlds. A consequence is what a
plant brings about beside itself: to tell it is neither right nor wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from true_needs import Truth

Place = frozenset[str]


@dataclass(frozen=True)
class Claim:
    """One truth. `rate` None: that it is so can be told, the share is not compared."""

    plant: str
    kind: str
    place: Place
    rate: float | None
    n: int
    """About how many closed units there are to see it in."""
    null: float
    """The share at which there would be nothing to tell: the tolerance, the floor of a definition."""
    planted: bool = True

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "plant": self.plant,
            "kind": self.kind,
            "place": sorted(self.place),
            "rate": self.rate,
            "null": self.null,
            "n": self.n,
            "planted": self.planted,
        }


TOLERANCE, MERGE_MIN = 0.01, 0.85
CLOSED_SHARE = 0.75
"""Of the orders that end in the recorded days: about how many are closed early enough, and not cut off, to count."""
DEVIATIONS = {
    "skipped_confirmation": ("deviation.skipped", {"order_confirmation", "order_web"}),
    "skipped_shipping_mail": ("deviation.skipped", {"shipping_mail", "confirmation_mail"}),
    "swapped_scans": ("deviation.out_of_order", {"deliver", "out_for_delivery"}),
    "double_mail": ("deviation.unexpected", {"confirmation_mail"}),
    "cancel_ignored": ("deviation.unexpected", {"cancel", "confirmation_mail"}),
}
LOOPS = {
    "payment_loop": ("loop.pingpong", {"payment_page", "pay_failed"}),
    "address_again": ("loop.self", {"checkout_address"}),
    "sent_round": ("loop.pingpong", {"call_returns", "call_status"}),
}
CLAIMED = DEVIATIONS.keys() | LOOPS.keys() | {"together"}
"""Plants that a finding is expected to tell."""
OPEN = {
    "slow_pick": "deviation.rule, deviation.late",
    "menu_again": "loops of the phone menu",
    "ask_again": "repeat_contact",
    "handed_on": "handoff",
    "asked_again": "re_ask, duplicate_request",
    "mails_of_a_day": "batch_contact",
    "poor_page_call": "channel_switch",
}
"""Plants that no claim is made of yet, and the kinds that would tell them."""
CONSEQUENCES: dict[str, list[tuple[str, set[str]]]] = {
    "address_again": [("deviation.unexpected", {"checkout_address"}), ("deviation.unexpected", {"checkout_address", "add_to_cart"})],
    "double_mail": [
        ("deviation.unexpected", {"confirmation_mail", "order_confirmation"}),
        ("deviation.unexpected", {"confirmation_mail", "order_web"}),
        ("deviation.unexpected", {"confirmation_mail", "order_phone"}),
        ("loop.self", {"confirmation_mail"}),
    ],
    "sent_round": [
        ("loop.pingpong", {"Call centre", "Returns"}), ("loop.self", {"call_status"}), ("loop.self", {"call_returns"}),
    ],
    "payment_loop": [("loop.self", {"pay_failed"})],
    "ask_again": [("loop.self", {"call_product"})],
}  # fmt: skip


def place_of(finding: dict[str, Any]) -> Place:
    """Every step or department that a finding's place names."""
    names: set[str] = set()
    for key, value in finding["where"].items():
        if key != "process":
            names |= set(value) if isinstance(value, list) else {str(value)}
    return frozenset(names)


def claims(truth: Truth, sizes: dict[str, float]) -> list[Claim]:
    """All that is true of a world and that a finding might tell."""
    ended = [found for found in truth.needs if "deliver" in found or "cancel" in found]
    shipped = sum("deliver" in found for found in ended) / max(1, len(ended))
    n_closed = round(CLOSED_SHARE * len(ended))
    out = []
    for plant, (kind, place) in DEVIATIONS.items():
        if rate := sizes.get(plant, 0.0):
            whole = 1.0 if plant in ("skipped_confirmation", "swapped_scans", "double_mail") else shipped
            out.append(Claim(plant, kind, frozenset(place), rate * whole, n_closed, TOLERANCE))
    for plant, (kind, place) in LOOPS.items():
        if sizes.get(plant):
            out.append(_loop(plant, kind, frozenset(place), truth))
    if together := sizes.get("together"):
        pair = frozenset({"checkout_address", "checkout_delivery"})
        out.append(Claim("together", "merge", pair, together, n_closed, MERGE_MIN))
    return out + background(truth)


def _loop(plant: str, kind: str, place: Place, truth: Truth) -> Claim:
    share, n = truth.share(place)
    return Claim(plant, kind, place, share, round(CLOSED_SHARE * n), 0.0)


def background(truth: Truth) -> list[Claim]:
    """What nobody planted and every world has: a second try at the door, a phone menu before each topic."""
    door = frozenset({"attempted_delivery", "out_for_delivery"})
    menu = frozenset({"menu_main", "menu_topic"})
    return [
        replace(_loop("second try", "loop.pingpong", door, truth), planted=False),
        Claim("menu", "merge", menu, None, len(truth.needs), MERGE_MIN, planted=False),
    ]
