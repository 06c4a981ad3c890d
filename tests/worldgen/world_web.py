"""A website that fails its customers, as raw files: an access log with logins, a call centre's queue_log, the orders
and the customers of a shop as tables.

Each of five failings is planted once, and once as a decoy: something that looks like it and makes nobody call.
Customers have an activity (log-normal, sd 0.6) that raises visits and calls out of the blue alike. The more active, the
more in a hurry: a decoy is met more by those who call more, before it as well as after, and on all topics.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from world_io import write

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
DAYS, DAY_S = 56, 86_400
NIGHT = (START + dt.timedelta(days=DAYS)).date()
TEMPLATES = Path(__file__).parent / "site_files"
TOPICS = ("research", "review", "order", "receive", "return")
FAILINGS = ("empty_search", "help_before_call", "back_and_forth", "form_given_up", "status_again")
HELP_PAGES = 12
POOR_HELP, HURRIED_HELP = 3, 7
PLACES: Mapping[str, frozenset[str]] = {
    "empty_search": frozenset({"search_none"}),
    "help_before_call": frozenset({"read_help", f"/help/{POOR_HELP}"}),
    "back_and_forth": frozenset({"view_rates", "view_fees"}),
    "form_given_up": frozenset({"claim_form", "claim"}),
    "status_again": frozenset({"track"}),
}
"""What a finding of each plant names."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WebWorld:
    """What the world is. `calls`: failing -> share of those who meet the planted one that call about it, beyond
    `usual`, which is the share of all visits.
    """

    seed: int
    n_customers: int = 2_500
    visits: float = 2.5
    usual: float = 0.02
    out_of_the_blue: float = 0.35
    calls: Mapping[str, float] = field(default_factory=dict)
    has_decoys: bool = True

    def share_calling(self, failing: str = "") -> float:
        """Of visits (that met a planted failing), followed by a call within a day: about the visit, or out of the blue.

        Visits are as frequent as customers are active, and so are such calls: E[a^2] / E[a] = exp(1.5 sd^2).
        """
        blue = self.out_of_the_blue / (DAYS - 1) * float(np.exp(1.5 * 0.6**2))
        return 1 - (1 - self.usual - self.calls.get(failing, 0.0)) * (1 - blue)


@dataclass
class Made:
    """What happened: page requests (second, customer, path), calls (second, customer, topic), orders shipped (second,
    customer, number), and how many visits met each planted failing.
    """

    pages: list[tuple[int, int, str]] = field(default_factory=list)
    talks: list[tuple[int, int, str]] = field(default_factory=list)
    shipped: list[tuple[int, int, int]] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)


class _Maker:
    """Draws a world, one visit at a time."""

    def __init__(self, world: WebWorld) -> None:
        self.world, self.rng, self.made = world, np.random.default_rng(world.seed), Made()
        self.activity: Floats = np.exp(self.rng.normal(0, 0.6, world.n_customers))
        self.met = dict.fromkeys(FAILINGS, 0)

    def whole(self) -> Made:
        """Everything that happens in the recorded days."""
        kinds: dict[str, Callable[[int, int], None]] = {
            "search": self.search, "help": self.help, "turn": self.turn, "form": self.form, "status": self.status,
        }  # fmt: skip
        for visit in kinds.values():
            for customer in np.repeat(
                np.arange(self.world.n_customers), self.rng.poisson(self.world.visits * self.activity)
            ):
                visit(int(customer), self._moment())
        for topic in TOPICS:
            callers = self.rng.poisson(self.world.out_of_the_blue * self.activity)
            for customer in np.repeat(np.arange(self.world.n_customers), callers):
                self.made.talks.append((self._moment(), int(customer), topic))
        self.made.met = self.met
        end = int(START.timestamp()) + DAYS * DAY_S
        self.made.pages = sorted(page for page in self.made.pages if page[0] < end)
        self.made.talks = sorted(talk for talk in self.made.talks if talk[0] < end - 600)
        return self.made

    def search(self, who: int, at_s: int) -> None:
        """One to three searches, of which one in seven finds nothing; and further visits by who is in a hurry, to a
        filter that finds nothing (the decoy).
        """
        is_empty = False
        for _ in range(int(self.rng.integers(1, 4))):
            none = self.rng.random() < 0.15
            is_empty |= none
            at_s = self._page(at_s, who, "/search/none" if none else "/search")
        if self.world.has_decoys and self._hurried(who, 0.2):
            self._page(self._moment(), who, "/filter/none")
        self._calls("empty_search", who, at_s, "research", is_failing=is_empty)

    def help(self, who: int, at_s: int) -> None:
        """A help page or two; the decoy is read more by who is in a hurry."""
        page = int(self.rng.integers(HELP_PAGES))
        if self.world.has_decoys and page != POOR_HELP and self._hurried(who, 0.04):
            page = HURRIED_HELP
        at_s = self._page(at_s, who, "/")
        at_s = self._page(at_s, who, f"/help/{page}")
        self._calls("help_before_call", who, at_s, "order", is_failing=page == POOR_HELP)

    def turn(self, who: int, at_s: int) -> None:
        """Two pages, gone over once or back and forth; of the second pair the decoy."""
        is_planted = self.rng.random() < 0.5
        a, b = ("/rates", "/fees") if is_planted else ("/shops", "/hours")
        again = self.rng.random() < 0.25 if is_planted or not self.world.has_decoys else self._hurried(who, 0.25)
        at_s = self._page(at_s, who, "/")
        for path in (a, b, a, b) if again else (a, b):
            at_s = self._page(at_s, who, path)
        self._calls("back_and_forth", who, at_s, "review", is_failing=is_planted and again)

    def form(self, who: int, at_s: int) -> None:
        """A form of two pages, sent or given up on either; the second form is the decoy."""
        is_planted = self.rng.random() < 0.5
        form = "claim" if is_planted else "profile"
        given_up = self.rng.random() < 0.3 if is_planted or not self.world.has_decoys else self._hurried(who, 0.3)
        at_s = self._page(at_s, who, f"/{form}")
        if not given_up or self.rng.random() < 0.6:
            at_s = self._page(at_s, who, f"/{form}/more")
        if not given_up:
            at_s = self._page(at_s, who, f"POST /{form}")
        self._calls("form_given_up", who, at_s, "return", is_failing=is_planted and given_up)

    def status(self, who: int, at_s: int) -> None:
        """An order and its looks at the status, some 30 hours apart; who is in a hurry looks at its points (decoy)."""
        order = 10_000 + len(self.made.shipped)
        self.made.shipped.append((at_s - int(self.rng.integers(1, 12)) * 3_600, who, order))
        for n in range(int(self.rng.geometric(0.4))):
            self._page(at_s, who, f"/orders/{order}/track")
            if self._calls("status_again", who, at_s, "receive", is_failing=n >= 2):
                break
            at_s += int(self.rng.normal(30, 2) * 3_600)
        if self.world.has_decoys and self._hurried(who, 0.3):
            at_s = self._moment()
            for _ in range(int(self.rng.integers(3, 7))):
                self._page(at_s, who, f"/orders/{order}/points")
                at_s += int(self.rng.normal(30, 2) * 3_600)
        elif self.world.has_decoys:
            self._page(self._moment(), who, f"/orders/{order}/points")

    def _hurried(self, who: int, share: float) -> bool:
        return bool(self.rng.random() < min(0.9, share * self.activity[who] ** 1.5))

    def _moment(self) -> int:
        day, second = int(self.rng.integers(1, DAYS)), int(self.rng.integers(8 * 3600, 22 * 3600))
        return int(START.timestamp()) + day * DAY_S + second

    def _page(self, at_s: int, who: int, path: str) -> int:
        self.made.pages.append((at_s, who, path))
        return at_s + int(self.rng.integers(20, 90))

    def _calls(self, failing: str, who: int, at_s: int, topic: str, *, is_failing: bool) -> bool:
        """Perhaps a call on the topic some 40 minutes later: as usual, or as planted."""
        self.met[failing] += is_failing
        chance = self.world.usual + (self.world.calls.get(failing, 0.0) if is_failing else 0.0)
        if self.rng.random() >= chance:
            return False
        self.made.talks.append((at_s + 300 + int(self.rng.exponential(2_400)), who, topic))
        return True


def make(world: WebWorld) -> Made:
    """Everything that happens in a world."""
    return _Maker(world).whole()


def true_times(world: WebWorld, failing: str) -> float:
    """How many times as many calls follow the planted failing as what it is held against, in the long run."""
    return world.share_calling(failing) / world.share_calling()


def build_web(folder: Path, world: WebWorld) -> Made:
    """Write the site of a world."""
    made = make(world)
    write_site(folder, made, world.n_customers)
    return made


def write_site(folder: Path, made: Made, n_customers: int) -> None:
    """Write what happened as raw files, with the configuration."""
    pages = "".join(_line(*page) for page in made.pages)
    write(folder / "inbox" / "web" / "access.log", pages.encode())
    write(folder / "inbox" / "calls" / "queue_log", _queue_log(made).encode())
    people = "customer,login,phone\n" + "".join(f"{n},user{n},0170{n:07}\n" for n in range(n_customers))
    write(folder / "inbox" / "crm" / "people.csv", people.encode())
    shipped = "order,customer,shipped\n" + "".join(
        f"{order},{who},{dt.datetime.fromtimestamp(at_s, dt.UTC):%Y-%m-%d %H:%M:%S}\n"
        for at_s, who, order in made.shipped
    )
    write(folder / "inbox" / "crm" / "orders.csv", shipped.encode())
    for name, target in (
        ("web_site.toml", folder / "site.toml"),
        ("web_steps.toml", folder / "process" / "steps.toml"),
    ):
        write(target, (TEMPLATES / name).read_bytes())
    return made


def _at(at_s: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at_s, dt.UTC)


def _line(at_s: int, who: int, path: str) -> str:
    at = _at(at_s)
    clock = f"{at.day:02d}/{_MONTHS[at.month - 1]}/{at.year}:{at:%H:%M:%S} +0000"
    request = path if path.startswith("POST") else f"GET {path}"
    address = f"10.{who >> 16}.{who >> 8 & 255}.{who & 255}"
    return f'{address} - user{who} [{clock}] "{request} HTTP/1.1" 200 900 "-" "{_AGENT}" "c{who}"\n'


def _queue_log(made: Made) -> str:
    """A call waits 20 s and lasts four minutes."""
    rows = []
    for n, (at_s, who, topic) in enumerate(made.talks):
        call, agent = f"{at_s}.{n}", f"PJSIP/{3001 + n % 40}"
        rows += [
            (at_s, n, 0, f"{call}|{topic}|NONE|ENTERQUEUE||0170{who:07}|1"),
            (at_s + 20, n, 1, f"{call}|{topic}|{agent}|CONNECT|20|{at_s}.{n}1|5"),
            (at_s + 260, n, 2, f"{call}|{topic}|{agent}|COMPLETECALLER|20|240|1"),
        ]
    return "".join(f"{at_s}|{text}\n" for at_s, _, _, text in sorted(rows))
