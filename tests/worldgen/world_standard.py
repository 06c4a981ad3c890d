"""The standard worlds of the method note (11.3): what each plants, at sizes that differ from seed to seed.

A size is drawn for each plant and seed from a few, from "nothing to find" to "plain to see", so that a campaign over
seeds shows what is found from which size on. `world(name, seed, customers)` is the whole recipe of a world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from world_config import Config, Plants
from world_random import Draws

Sizes = dict[str, tuple[float, ...]]

# the tolerance of the standard process is 1 %: a deviation of that size is nothing to confirm
DEVIATIONS: Sizes = {
    "skipped_confirmation": (0.01, 0.03, 0.06, 0.12),
    "skipped_shipping_mail": (0.01, 0.03, 0.06, 0.12),
    "swapped_scans": (0.01, 0.03, 0.06, 0.12),
    "double_mail": (0.01, 0.03, 0.06, 0.12),
    "cancel_ignored": (0.0, 0.03, 0.06, 0.12),
    "slow_pick": (0.01, 0.04, 0.08, 0.16),
}
LOOPS: Sizes = {
    "payment_loop": (0.03, 0.08, 0.16),
    "address_again": (0.03, 0.06, 0.12),
    "checkout_again": (0.03, 0.08, 0.16),
    "sent_on": (0.03, 0.08, 0.16),
    "sent_round": (0.05, 0.10, 0.20),
    "menu_again": (0.03, 0.08, 0.16),
    "ask_again": (0.0, 0.10, 0.20),
}
SLOWER: Sizes = {"slow_pick": (0.0, 0.10, 0.25, 0.50)}
"""Slow picking that begins only five weeks before the end: what is late against the weeks before."""
CONSOLIDATION: Sizes = {
    "together": (0.60, 0.80, 0.99),
    "handed_on": (0.0, 0.35, 0.60),
    "asked_again": (0.0, 0.08, 0.25),
    "mails_of_a_day": (0.0, 0.06, 0.20),
    "poor_page_call": (0.0, 0.15, 0.30),
}
FAILURES: Sizes = {"leaves_at_delivery": (0.0, 0.15, 0.30)}
ALWAYS = {"payment_again": 0.40, "payment_give_up": 0.10, "asks_per_customer": 1.2, "no_retry": True}
"""How the loop of refused payments goes on; and customers who call as often as they do, in every world."""
CALLS = {
    "late_delivery": 0.40, "late_call_per_day": 0.60, "late_call_again": 0.50, "via_order_desk": 0.90,
    "asks_per_customer": 0.4,
}  # fmt: skip
"""Enough calls about orders under way for what agents do with them to be seen."""
HOTLINE = {"hotline_calls": 330.0, "new_menu_from": 0.65, "asks_per_customer": 0.0}
"""Calls enough for weeks to be compared: 11 weeks before the change, 6 after it."""
IDENTITY = {
    "households": 0.10, "shared_tablets": 0.5, "switchboard": 25, "cookie_blockers": 0.04, "cookie_life_days": 40.0,
    "more_devices": 0.45, "anonymous_calls": 0.05, "late_logins": 0.2, "wrong_customer": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Standard:
    """One standard world: what is planted with sizes to draw, what is planted as it is, and what else it is."""

    summary: str
    sizes: Sizes = field(default_factory=dict)
    plants: dict[str, float] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    is_long: bool = False
    """Minutes a world: only judged when it is asked for by name."""


STANDARD: dict[str, Standard] = {
    "W0": Standard(
        "nothing planted: customers differ, growth, week noise, a day without the web log",
        plants={"no_page_call": True},
        settings={"drift_per_week": 0.02, "week_noise": 0.15, "outage_days": 1},
    ),
    "W1": Standard("deviations", DEVIATIONS),
    "W2": Standard(
        "loops and repeated contact; slower picking in the last weeks",
        LOOPS | SLOWER,
        {"slow_pick_from": 0.65},
        {"days": 100},
    ),
    "W3": Standard("merge, hand-off, asked twice, channel switch, mails of a day", CONSOLIDATION, CALLS, {"size": 1.3}),
    "W3E": Standard(
        "a step by lot that changes nothing, and one that keeps a bad end away; thousands of orders",
        plants={"tips_mail": 0.5, "notice_mail": 0.5, "fetched": 0.06, "fetched_told": 0.03, "asks_per_customer": 0.0},
        settings={"size": 13.0, "only_orders": True},
        is_long=True,
    ),
    "W4": Standard(
        "a page at which customers leave for good, and refused payments, which answer trouble",
        FAILURES,
        {"payment_loop": 0.12, "payment_give_up": 0.50},
        {"size": 1.5},
    ),
    "W4P": Standard(
        "a path to a bad end: who had to log in leaves at the payment page",
        {"leaves_after_login": (0.0, 0.30, 0.80)},
        settings={"size": 2.5},
    ),
    "W5": Standard(
        "three products with poor pages; ten times the customers",
        {"poor_page_call": (0.0, 0.15, 0.30)},
        settings={"size": 10.0},
        is_long=True,
    ),
    "W6": Standard(
        "a new phone menu on one hotline, better, worse or both, and a hotline that keeps the old one",
        {"new_menu": (-1.0, 1.0, 2.0)},
        HOTLINE,
        {"days": 119},
        is_long=True,
    ),
    "W60": Standard(
        "the same hotlines, and a menu that changes nothing", plants=HOTLINE, settings={"days": 119}, is_long=True
    ),
    "W6D": Standard(
        "a new phone menu, and nobody is said to have been left as they were",
        {"new_menu": (-1.0, 1.0, 2.0)},
        HOTLINE,
        {"days": 119, "no_control": True},
        is_long=True,
    ),
    "W6S": Standard(
        "W6 of a small site: a few calls a week on each hotline",
        {"new_menu": (-1.0, 1.0, 2.0)},
        HOTLINE | {"hotline_calls": 20.0},
        {"days": 119, "size": 0.1},
    ),
    "W8": Standard("identity stress, with deviations and loops", DEVIATIONS | LOOPS, IDENTITY),
    "W9": Standard("overlapping orders, with deviations and loops", DEVIATIONS | LOOPS, settings={"needs": 3.0}),
    "W11": Standard("50 customers, everything planted", DEVIATIONS | LOOPS | CONSOLIDATION),
    "W12": Standard(
        "everything at once, and dirt", DEVIATIONS | LOOPS | CONSOLIDATION, CALLS | IDENTITY | {"dirt": 1.0}
    ),
}
TINY = 50


def drawn(name: str, seed: int) -> dict[str, float]:
    """The size of each plant of a standard world for a seed."""
    choose: Callable[[str, tuple[float, ...]], float] = lambda plant, sizes: sizes[  # noqa: E731
        Draws(seed, f"size of {plant}").below(len(sizes))
    ]
    return {plant: choose(plant, sizes) for plant, sizes in STANDARD[name].sizes.items()}


def world(name: str, seed: int, customers: int) -> Config:
    """The configuration of a standard world. Raises KeyError for a name that is none."""
    standard = STANDARD[name]
    settings = dict(standard.settings)
    needs, size = settings.pop("needs", 1.0), settings.pop("size", 1.0)
    plants = replace(Plants.none(), **ALWAYS | standard.plants | drawn(name, seed))
    config = Config(
        seed=seed,
        customers=TINY if name == "W11" else round(customers * size / needs),
        plants=plants,
        standard=name,
        whole_files=True,
        **settings,
    )
    return replace(config, needs_per_customer=config.needs_per_customer * needs)
