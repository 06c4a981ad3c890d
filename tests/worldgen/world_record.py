"""What happened in a world, before it is written down: page hits, calls, orders, and the count of what was planted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from world_config import DAY_S, Config
from world_people import Person, Sharing

NEED_KINDS = ("browse", "cart", "web", "phone", "ask")


class Hit(NamedTuple):
    """One page request. `context` indexes World.contexts, `need` World.needs; `query` starts with '?' or is empty."""

    at_s: int
    order: int
    context: int
    method: str
    path: str
    query: str
    status: int
    size: int
    referrer: str
    need: int
    is_first: bool


class Context(NamedTuple):
    """Who a request seems to come from, and the true person."""

    ip: str
    agent: int
    cookie: str
    login: str
    person: int


class Leg(NamedTuple):
    """Talk at a desk whose agent hands the caller on to another queue. Times are epoch seconds."""

    queue: str
    agent: str
    enter_s: int
    connect_s: int
    end_s: int
    next_queue: str


@dataclass
class Call:
    """One call to the shop. Times are epoch seconds; outcome: closed, menu, abandoned, timeout or answered."""

    call_id: str
    sequence: int
    queue: str
    person: int
    need: int
    caller: str
    start_s: int
    enter_s: int = 0
    connect_s: int = 0
    end_s: int = 0
    outcome: str = "menu"
    agent: str = ""
    origpos: int = 1
    after_s: int = 0
    ringing: list[tuple[int, str, int]] = field(default_factory=list)  # (at_s, agent, rang_ms)
    completed_by: str = "COMPLETECALLER"
    menu: list[tuple[int, str]] = field(default_factory=list)  # (at_s, node of the phone menu)
    asked_s: int = 0  # when the agent asked for the order number, 0 = never
    legs: list[Leg] = field(default_factory=list)  # at other desks, before the one that the call ends at
    line: str = ""  # hotline that was dialled; empty = the shop's own number


@dataclass
class Order:
    """One order and all that is written on it. `log` rows: (at_s, kind, code); kinds as in world_files_orders."""

    number: int
    person: int
    billed_to: int
    need: int
    created_s: int
    source: str
    items: list[tuple[int, int]]  # (position in PRODUCTS, quantity)
    call_id: str | None
    ip: str | None
    agent: int | None
    email: str | None
    phone: str | None
    landing: str
    lacks_created_at: bool = False
    log: list[tuple[int, str, str]] = field(default_factory=list)


class Tally:
    """How often each plant had its chance, and how often it struck, inside the recorded days."""

    def __init__(self) -> None:
        self.eligible: dict[str, int] = {}
        self.affected: dict[str, int] = {}

    def count(self, plant: str, struck: bool, n: int = 1) -> None:
        """One chance of a plant."""
        self.eligible[plant] = self.eligible.get(plant, 0) + n
        if struck:
            self.affected[plant] = self.affected.get(plant, 0) + n


class Needs(NamedTuple):
    """All needs in order of start: parallel lists."""

    person: list[int]
    kind: list[int]
    start_s: list[int]
    product: list[int]


class World:
    """The state of a run. `hits` has one list for each local day."""

    def __init__(self, config: Config, people: list[Person], sharing: Sharing, needs: Needs) -> None:
        self.config, self.people, self.sharing, self.needs = config, people, sharing, needs
        self.start_s, self.end_s = config.start_s, config.end_s
        self.hits: list[list[Hit]] = [[] for _ in range(config.days)]
        self.contexts: list[Context] = []
        self.calls: list[Call] = []
        self.hotline: list[Call] = []  # calls of the hotlines; their persons and needs are counted apart
        self.orders: list[Order] = []
        self.tally = Tally()
        self.n_hits = 0

    def context(self, ip: str, agent: int, cookie: str, login: str, person: int) -> int:
        """Number of a new context."""
        self.contexts.append(Context(ip, agent, cookie, login, person))
        return len(self.contexts) - 1

    def is_recorded(self, at_s: float) -> bool:
        """True inside the recorded days."""
        return self.start_s <= at_s < self.end_s

    def hit(
        self,
        at_s: int,
        context: int,
        method: str,
        path: str,
        query: str,
        status: int,
        size: int,
        referrer: str,
        need: int,
        is_first: bool,
    ) -> None:
        """Record a page request, unless it lies outside the recorded days."""
        if self.start_s <= at_s < self.end_s:
            self.n_hits += 1
            day = (at_s - self.start_s) // DAY_S
            self.hits[day].append(
                Hit(at_s, self.n_hits, context, method, path, query, status, size, referrer, need, is_first)
            )
