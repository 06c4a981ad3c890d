"""One visit to the web shop: a browser, its cookie and address, and the pages in turn."""

from __future__ import annotations

import hashlib
import zlib

from world_catalog import (
    BY_CATEGORY,
    CAMPAIGNS,
    CATEGORIES,
    PRODUCT_WEIGHTS,
    PRODUCTS,
    REFERRERS,
    SEARCHES,
)
from world_config import DAY_S, SHOP_HOST
from world_people import Device, Person
from world_random import Draws
from world_record import World

PAGE_MEDIAN_S = 22.0
LONGEST_PAGE_S = 600.0  # well below the half hour that ends a session


def cookie_of(seed: int, person: Person, device: Device, at_s: float) -> str:
    """The visitor cookie of a device at a time: a pure function, so that visits may be drawn in any order.

    The owner deletes it at regular times, `deletes_cookies_days` apart, at a phase of the device's own.
    """
    if person.blocks_cookies:
        return "-"
    part = 0
    if person.deletes_cookies_days:
        phase = zlib.crc32(f"{seed} {device.number}".encode()) / 2**32
        part = int(at_s / (person.deletes_cookies_days * DAY_S) + phase)
    return hashlib.blake2b(f"{seed} {device.number} {part}".encode(), digest_size=8).hexdigest()


class Visit:
    """A visit in progress. `at_s` is the time of the last page (or of the start)."""

    def __init__(self, world: World, need: int, person: Person, at_s: float, draws: Draws) -> None:
        self.world, self.need, self.person, self.draws = world, need, person, draws
        self.at_s = float(at_s)
        self.device = person.devices[draws.weighted(_DEVICE_WEIGHTS[len(person.devices)])]
        self.ip = person.home_ip(int(at_s))
        if self.device.is_mobile and draws.chance(0.35):  # carrier-grade NAT: a few addresses for everybody
            self.ip = f"100.{64 + draws.below(4)}.{draws.below(8)}.{draws.below(250) + 1}"
        self.cookie = cookie_of(world.config.seed, person, self.device, at_s)
        self.login = person.login if person.login and person.stays_logged_in and draws.chance(0.7) else None
        if at_s < person.logs_in_from_s:
            self.login = None
        self.referrer = "-"
        self.is_first = True
        self.has_logged_in = False
        self.pages: list[int] = []  # products seen, as positions in PRODUCTS
        self.context = self._context()

    def _context(self) -> int:
        return self.world.context(self.ip, self.device.agent, self.cookie, self.login or "-", self.person.number)

    def page(
        self,
        path: str,
        query: str = "",
        *,
        method: str = "GET",
        status: int = 200,
        after_s: float | None = None,
        is_seen: bool = True,
    ) -> int:
        """Request a page `after_s` seconds after the last one (drawn if not given). Returns its epoch second.

        A page that is not seen costs its time and its random numbers, so that what follows is the same without it.
        """
        if not self.is_first or after_s is not None:
            drawn = min(max(self.draws.lognormal(PAGE_MEDIAN_S, 1.0), 2.0), LONGEST_PAGE_S)
            self.at_s += drawn if after_s is None else after_s
        size = 0 if status == 302 else 9_000 + zlib.crc32(path.encode()) % 30_000 + self.draws.below(90)
        at = int(self.at_s)
        if is_seen:
            self.world.hit(at, self.context, method, path, query, status, size, self.referrer, self.need, self.is_first)
        if method == "GET" and status == 200:
            self.referrer = f"https://{SHOP_HOST}{path}{query}"
        self.is_first = False
        return at

    def product(self, position: int) -> None:
        """Look at a product page."""
        self.page(PRODUCTS[position].path)
        self.pages.append(position)

    def log_in(self) -> None:
        """Log in: on a page of its own for six in ten, in the box on the cart page otherwise; some are refused once.

        Nothing happens before the customer's first day with a login.
        """
        if self.at_s < self.person.logs_in_from_s:
            return
        if self.draws.chance(0.6):
            self.page("/account/login")
            if self.draws.chance(0.2):  # goes on as a guest
                return
        if self.draws.chance(0.05):
            self.page("/account/login", method="POST", status=401, after_s=self.draws.between(8, 30))
        self.page("/account/login", method="POST", status=302, after_s=self.draws.between(8, 40))
        self.login = self.person.login
        self.has_logged_in = True
        self.context = self._context()

    def research(self, target: int, most_pages: int = 14) -> None:
        """Land somewhere and look round, mostly for one product."""
        draws = self.draws
        self._land(target)
        for _ in range(1 + draws.geometric(0.74, most_pages)):
            u = draws.u()
            if u < 0.52:
                self.product(target if draws.chance(0.5) else self._similar(target))
            elif u < 0.72:
                self.page(f"/c/{PRODUCTS[target].category}" if draws.chance(0.75) else self._category())
            elif u < 0.85:
                self.page("/search", f"?q={_query(SEARCHES[draws.below(len(SEARCHES))])}")
            elif u < 0.93:
                self.page("/delivery")
            elif u < 0.955:
                self.page("/help")
            elif u < 0.99:
                self.page("/")
            elif u < 0.997:
                self.page("/p/3999/zelt-alt", status=404)
            else:
                self.page("/search", f"?q={_query(SEARCHES[draws.below(len(SEARCHES))])}", status=502)

    def _land(self, target: int) -> None:
        draws = self.draws
        self.referrer = REFERRERS[draws.below(len(REFERRERS))]
        u = draws.u()
        if u < 0.4:
            self.page("/")
        elif u < 0.65:
            self.page(PRODUCTS[target].path, f"?utm_source=preisvergleich&utm_campaign={CAMPAIGNS[3]}")
            self.pages.append(target)
        elif u < 0.85:
            self.page(f"/c/{PRODUCTS[target].category}", f"?utm_source=mail&utm_campaign={CAMPAIGNS[draws.below(3)]}")
        else:
            self.page("/search", f"?q={_query(SEARCHES[draws.below(len(SEARCHES))])}")

    def _similar(self, target: int) -> int:
        if self.draws.chance(0.7):
            group = BY_CATEGORY[PRODUCTS[target].category]
            return group[self.draws.below(len(group))]
        return self.draws.weighted(PRODUCT_WEIGHTS)

    def _category(self) -> str:
        return f"/c/{CATEGORIES[self.draws.below(len(CATEGORIES))]}"


_DEVICE_WEIGHTS = {1: [1.0], 2: [0.65, 1.0], 3: [0.5, 0.8, 1.0], 4: [0.45, 0.7, 0.85, 1.0]}


def _query(text: str) -> str:
    return text.replace(" ", "+").replace("ö", "%C3%B6").replace("ß", "%C3%9F")
