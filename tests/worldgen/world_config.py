"""What a world is made of: its size, its days and what is planted in it.

Rates are shares (0..1) unless the name says otherwise. `Plants.none()` is the null world: customers differ, weeks
differ, agents are busy, but nothing is planted and nothing is dirty.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta

LAST_DAY = date(2026, 3, 1)  # before the change to summer time, so the shop's clock is UTC+1 throughout
LOCAL_OFFSET_S = 3600
LOCAL_SUFFIX = "+0100"
MAX_DAYS = 120  # 2025-10-26 is the change before
DAY_S = 86_400
HOUR_S = 3_600
SHOP_HOST = "www.nordlicht-outdoor.example"


@dataclass(frozen=True)
class Plants:
    """Everything that is planted, with its rate. A rate of 0 switches it off."""

    payment_loop: float = 0.12  # of checkouts that reach payment: first payment is refused
    payment_again: float = 0.40  # each further attempt is refused too
    payment_give_up: float = 0.10  # of refused payments: the customer leaves for good
    late_delivery: float = 0.12  # of parcels: 3 to 8 days late
    late_call_per_day: float = 0.32  # on each late day: a status call
    late_call_again: float = 0.50  # on each late day after a first call: one more
    skipped_confirmation: float = 0.05  # of web orders: no thank-you page is ever seen
    skipped_shipping_mail: float = 0.05  # of shipped orders: no shipping mail
    swapped_scans: float = 0.03  # of delivered parcels: 'in the van' is scanned after 'delivered'
    together: float = 0.99  # of address pages: the delivery options follow at once (0.60 when off)
    poor_page_call: float = 0.20  # of sessions that saw a poor product page: a product call (0.012 for other pages)
    households: float = 0.03  # of customers: share a landline with another customer
    shared_tablets: float = 0.3  # of households: one tablet, one cookie, two customers
    switchboard: int = 25  # customers behind one office number (at most 5 % of all)
    cookie_blockers: float = 0.04  # of customers: no visitor cookie
    cookie_life_days: float = 40.0  # mean; 0 means for ever
    more_devices: float = 0.45  # of customers: a second device, and as many of those a third
    anonymous_calls: float = 0.05  # of calls: number withheld
    late_logins: float = 0.0  # of customers: no login before a day of their own, drawn over all days
    wrong_customer: float = 0.02  # of phone orders (0.2 % of orders): written under another customer
    dirt: float = 1.0  # amount of dirt in the files; 1 is the usual amount
    # what only the standard worlds plant (world_standard); all of it is off in the sample
    double_mail: float = 0.0  # of orders: the confirmation mail is sent twice
    cancel_ignored: float = 0.0  # of orders: cancelled, and delivered all the same
    slow_pick: float = 0.0  # of shipped orders: four to seven days longer in the warehouse
    slow_pick_from: float = 0.0  # share of the days that pass before slow picking begins
    address_again: float = 0.0  # of address pages: refused, and shown once more
    checkout_again: float = 0.0  # of payment pages: back to the address, through the checkout once more
    sent_on: float = 0.0  # of parcels: sent on from another depot, before the van, from it, or after nobody was home
    sent_round: float = 0.0  # of orders: the status line sends the caller to the returns line, which sends them back
    menu_again: float = 0.0  # of calls: the phone menu plays its main node once more, and so on
    asks_per_customer: float = 0.0  # product calls for no other reason, mean over 60 days, a rate of each customer
    ask_again: float = 0.0  # of such calls: another within 7 days
    via_order_desk: float = 0.0  # of answered status calls: the order desk has the caller first, and hands them on
    handed_on: float = 0.0  # of those: the status line hands them on to the returns line within a minute
    asked_again: float = 0.0  # of answered status calls: the agent asks for the parcel number the menu had asked for
    mails_of_a_day: float = 0.0  # of delivered orders: two more mails on the day of delivery
    tips_mail: float = 0.0  # of orders, by lot: a mail with tips, which changes nothing
    notice_mail: float = 0.0  # of parcels, by lot: a mail that tells the day of delivery
    fetched: float = 0.0  # of parcels that no mail told of: nobody is home, and the customer has to fetch it
    fetched_told: float = 0.0  # of those that a mail told of
    leaves_at_delivery: float = 0.0  # of delivery-options pages: the customer leaves for good
    leaves_after_login: float = 0.0  # of payment pages after a login on the same visit: the customer leaves for good
    hotline_calls: float = 0.0  # first calls a week on each of two hotlines (world_hotline)
    new_menu: float = (
        0.0  # the phone menu that the service hotline gets: 1 better, -1 worse, 2 asks more, routes better
    )
    new_menu_from: float = 0.0  # share of the days that pass before it does
    no_retry: bool = False  # nobody who was not answered calls again
    no_page_call: bool = False  # no page makes anybody call
    research: bool = True  # the sample's research on competitors (world_research_sample)

    @staticmethod
    def none() -> Plants:
        """The null world."""
        return Plants(
            **{f.name: 0 for f in fields(Plants) if f.name not in {"together", "cookie_life_days"}},
            together=0.60,
            cookie_life_days=0.0,
        )

    @staticmethod
    def only(*groups: str) -> Plants:
        """The null world with the named groups planted. Raises ValueError for a group that does not exist."""
        full, names = Plants(), []
        for group in groups:
            if group not in GROUPS:
                raise ValueError(f"no plant called '{group}'; choose from {', '.join(GROUPS)}")
            names += GROUPS[group]
        return replace(Plants.none(), **{name: getattr(full, name) for name in names})


GROUPS: dict[str, list[str]] = {
    "payment_loop": ["payment_loop", "payment_again", "payment_give_up"],
    "late_calls": ["late_delivery", "late_call_per_day", "late_call_again"],
    "skipped": ["skipped_confirmation", "skipped_shipping_mail"],
    "out_of_order": ["swapped_scans"],
    "together": ["together"],
    "poor_pages": ["poor_page_call"],
    "identity": [
        "households",
        "shared_tablets",
        "switchboard",
        "cookie_blockers",
        "cookie_life_days",
        "more_devices",
        "anonymous_calls",
        "late_logins",
        "wrong_customer",
    ],
    "dirt": ["dirt"],
}


@dataclass(frozen=True)
class Trade:
    """A trade hotline with agents and customers of its own (world_trade), and what is other under account executives.

    `calls`: first calls a week. With `executives` each customer has one of the agents, who takes all their calls; who
    has waited `overflow_s` is taken by any of them (-1: never). The rest is what no log of today can tell: needs that
    arise, further calls after an answer and talks, times today's, and contacts that executives begin in idle time.
    """

    agents: int = 3
    customers: int = 1_400
    calls: float = 445.0
    executives: bool = False
    overflow_s: float = -1.0
    needs_kept: float = 1.0
    repeats_kept: float = 1.0
    talk_factor: float = 1.0
    contact_every_days: float = 0.0  # 0 = never
    contact_s: float = 0.0


@dataclass(frozen=True)
class Config:
    """One world. `customers` true people over `days` local days that end with `last_day`."""

    seed: int = 20260301
    days: int = 60
    customers: int = 2_000
    plants: Plants = field(default_factory=Plants)
    last_day: date = LAST_DAY
    needs_per_customer: float = 1.9  # mean over 60 days
    only_logs: bool = False
    whole_files: bool = False  # each source as one file: loads faster and says the same
    standard: str = ""  # name of the standard world (world_standard) that this is; has a step dictionary with more
    only_orders: bool = False  # every need is an order on the web
    drift_per_week: float = 0.0  # growth of the needs, as a share
    week_noise: float = 0.0  # standard deviation of the log of a week's needs, with memory, beyond the usual 10 %
    outage_days: int = 0  # days, from the middle on, that the web log lacks
    seats: int = 0  # of each queue; 0 = as many as the customers need
    executives: int = 0  # account executives, one for each customer, in place of the seats of all queues
    overflow_s: float = -1.0  # a call that waits so long for its own executive goes to any; -1 = never
    asks_kept: float = 1.0  # of calls for no other reason: those that arise
    days_a_file: int = 1  # of web logs and orders
    window_days: int = 0  # of the site's decisions; 0 = as usual
    trade: Trade | None = None  # the trade hotline's own; None: it is as the service hotline, waits are drawn
    no_control: bool = False  # the register names no hotline that was left as it was

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_DAYS:
            raise ValueError(f"days = {self.days}: expected 1 to {MAX_DAYS}, the stretch without a clock change")
        if self.customers < 1:
            raise ValueError(f"customers = {self.customers}: expected at least 1")

    @property
    def first_day(self) -> date:
        """The first local day."""
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def start_s(self) -> int:
        """Epoch second of local midnight at the start of the first day."""
        return local_midnight_s(self.first_day)

    @property
    def end_s(self) -> int:
        """Epoch second of local midnight at the end of the last day: nothing at or after it is recorded."""
        return self.start_s + self.days * DAY_S


def sample() -> Config:
    """The committed sample: few customers, so that it is small, over weeks enough for a change to be seen."""
    plants = Plants(hotline_calls=195.0, new_menu=2.0, new_menu_from=0.6)
    return Config(
        seed=17, days=105, customers=1_200, plants=plants, days_a_file=7, window_days=98, trade=Trade()
    )  # fmt: skip


def local_midnight_s(day: date) -> int:
    """Epoch second at which a local day starts."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - LOCAL_OFFSET_S


def local_datetime(at_s: int) -> datetime:
    """The wall clock of the shop, without a zone."""
    return datetime.fromtimestamp(at_s + LOCAL_OFFSET_S, UTC).replace(tzinfo=None)


def seconds_of_day(at_s: int) -> int:
    """Seconds since local midnight."""
    return (at_s + LOCAL_OFFSET_S) % DAY_S


def day_start_s(at_s: int) -> int:
    """Epoch second of the local midnight before `at_s`."""
    return at_s - seconds_of_day(at_s)


def weekday(at_s: int) -> int:
    """0 = Monday. 1 January 1970 was a Thursday."""
    return ((at_s + LOCAL_OFFSET_S) // DAY_S + 3) % 7


NEW_YEAR_DAYS = frozenset((local_midnight_s(date(year, 1, 1)) + LOCAL_OFFSET_S) // DAY_S for year in range(2024, 2031))


def is_workday(at_s: int) -> bool:
    """Monday to Saturday, not New Year's Day."""
    return weekday(at_s) != 6 and (at_s + LOCAL_OFFSET_S) // DAY_S not in NEW_YEAR_DAYS


def next_workday_s(at_s: int) -> int:
    """Local midnight of the first workday after the day of `at_s`."""
    day = day_start_s(at_s) + DAY_S
    while not is_workday(day):
        day += DAY_S
    return day
