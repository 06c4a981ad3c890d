"""The true people: how active they are and every identifier that they leave behind.

Mobile numbers are random; mail domains, web addresses and office and household landlines come from ranges reserved for
fiction and documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from world_catalog import (
    DESKTOP_AT,
    DESKTOPS,
    FIRST_NAMES,
    LAST_NAMES,
    MOBILE_AT,
    MOBILES,
    TABLET_AT,
    TABLETS,
)
from world_config import DAY_S, Config
from world_random import Draws, stream

SWITCHBOARD = "+493023125100"
_MOBILE_PREFIXES = ["151", "152", "157", "160", "162", "170", "171", "172", "173", "174", "175", "176", "178", "179"]


@dataclass
class Device:
    """A browser. `number` is unique in the world; `agent` is a position in AGENTS."""

    number: int
    agent: int
    is_mobile: bool


@dataclass
class Person:
    """One true customer. Phone numbers are E.164."""

    number: int
    name: tuple[str, str]
    email: str
    login: str | None
    customer_id: int
    mobile: str
    landline: str | None
    devices: list[Device]
    blocks_cookies: bool
    home_net: int
    city: int
    stays_logged_in: bool
    deletes_cookies_days: float  # 0 = never
    logs_in_from_s: int = 0

    def home_ip(self, at_s: int) -> str:
        """The address of the home line, which changes about once a week; one in five lines is IPv6."""
        lease = self.home_net * 131 + (at_s + self.number * 7919) // (7 * DAY_S) * 17
        if self.home_net % 5 == 0:
            return f"2001:db8:{lease % 65_536:x}:{self.home_net // 65_536:x}::{self.number % 9_000 + 256:x}"
        return f"198.{18 + lease % 2}.{lease // 2 % 256}.{lease // 512 % 254 + 1}"


def make_people(config: Config) -> list[Person]:
    """All customers of a world, numbered from 0."""
    n, plants = config.customers, config.plants
    rng = stream(config.seed, "people")
    draws = Draws(config.seed, "person")
    tags = rng.permutation(n * 7)[:n] + 10
    ids = 7_300_000_000_000 + np.sort(rng.choice(40 * n + 1_000, size=n, replace=False)) * 97
    mobiles = (np.arange(n) * 6_364_139 + rng.integers(9_000_000)) % 9_000_000  # coprime factor: no number twice
    ids = ids[rng.permutation(n)]
    people: list[Person] = []
    for i in range(n):
        first, last = FIRST_NAMES[draws.below(len(FIRST_NAMES))], LAST_NAMES[draws.below(len(LAST_NAMES))]
        tag = int(tags[i])
        prefix = _MOBILE_PREFIXES[draws.below(len(_MOBILE_PREFIXES))]
        people.append(
            Person(
                number=i,
                name=(first.capitalize(), last.capitalize()),
                email=f"{first}.{last}{tag}@example.{('org', 'net', 'com')[draws.below(3)]}",
                login=f"{first}{tag}" if draws.chance(0.55) else None,
                customer_id=int(ids[i]),
                mobile=f"+49{prefix}{int(mobiles[i]) + 1_000_000}",
                landline=None,
                devices=_devices(draws, plants.more_devices, i),
                blocks_cookies=draws.chance(plants.cookie_blockers),
                home_net=draws.below(1 << 24),
                city=draws.below(15),
                stays_logged_in=draws.chance(0.5),
                deletes_cookies_days=plants.cookie_life_days,
            )
        )
    return people


def delay_logins(config: Config, people: list[Person]) -> None:
    """Let some customers log in only from a day of their own on. Changes `people`."""
    draws = Draws(config.seed, "late login")
    for person in people:
        if draws.chance(config.plants.late_logins):
            person.logs_in_from_s = config.start_s + draws.below(config.days) * DAY_S


def _devices(draws: Draws, more: float, person: int) -> list[Device]:
    """One to three devices; the first is a mobile phone for six in ten."""
    kinds = [1 if draws.chance(0.6) else 0]
    if draws.chance(more):
        kinds.append(1 - kinds[0])
        if draws.chance(more):
            kinds.append(2)
    stock = [(DESKTOP_AT, len(DESKTOPS)), (MOBILE_AT, len(MOBILES)), (TABLET_AT, len(TABLETS))]
    return [
        Device(person * 4 + n, stock[kind][0] + draws.below(stock[kind][1]), kind == 1) for n, kind in enumerate(kinds)
    ]


@dataclass(frozen=True)
class Sharing:
    """Who shares what: pairs of people with one landline, those of them with one tablet, and the office."""

    households: list[tuple[int, int]]
    tablets: list[tuple[int, int]]
    office: list[int]


def share_numbers(config: Config, people: list[Person]) -> Sharing:
    """Give households one landline (and some one tablet), and the office its switchboard. Changes `people`."""
    plants, n = config.plants, len(people)
    order = stream(config.seed, "sharing").permutation(n).tolist()
    draws = Draws(config.seed, "tablet")
    office = order[: min(plants.switchboard, n // 20)]
    pairs_wanted = round(n * plants.households / 2)
    rest = order[len(office) :]
    pairs = [(rest[2 * i], rest[2 * i + 1]) for i in range(min(pairs_wanted, len(rest) // 2))]
    for person in office:
        people[person].landline = SWITCHBOARD
    tablets = []
    for i, (one, other) in enumerate(pairs):
        # reserved for fiction: Frankfurt 90009 000-999, then (for worlds beyond 60,000 customers) longer numbers
        people[one].landline = people[other].landline = f"+496990009{i:03d}"
        if draws.chance(plants.shared_tablets):
            tablet = Device(one * 4 + 3, TABLET_AT + draws.below(len(TABLETS)), False)
            people[one].devices.append(tablet)
            people[other].devices.append(tablet)
            tablets.append((one, other))
    return Sharing(pairs, tablets, office)
