"""shops.csv: mystery shops, one row per step (method 10.1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mining.competitors.companies import US, Companies
from mining.competitors.tables import NAME_LENGTH, Row, Table, Wrong, read

COLUMNS = (
    "shop_id", "company", "wave", "shopper_id", "scenario", "channel", "started_at", "step_no", "step",
    "step_started_at", "step_ended_at", "wait_s", "resolved", "note",
)  # fmt: skip
PRIVATE = frozenset({"shop_id", "shopper_id", "note"})
"""Fields that may hold a name or a number of somebody: of these a refusal tells the shape only."""
RESOLVED = dict.fromkeys(("y", "n", "later"))
DAY_S = 24 * 3600
_SHOPPER = re.compile(r"[A-Za-z]{0,10}[-_ .#]?[0-9]{1,6}[A-Za-z]?")
"""A pseudonym: a number, with letters before it or not. A name has no number, a phone has more digits."""
_SAME = ("company", "wave", "shopper", "scenario", "channel", "started_at")
_PHONE = frozenset({"phone", "agent", "ivr", "call", "telephone"})
"""The phone menu and the talk after it are one channel, as for a customer they are one call."""


@dataclass(frozen=True)
class Stop:
    """One step of a shop, times on the site's clock without a zone. minutes, wait_s None = not measured."""

    number: int
    step: str
    minutes: float | None
    wait_s: float | None


@dataclass(frozen=True)
class Shop:
    """One mystery shop. `shopper` is a number, given in the order of the file: what the file calls them is not kept.

    minutes: time that its steps took, steps at the same time counted once; None where a step's end was not measured.
    wait_s likewise. resolved: y, n or later; '' = not noted.
    """

    company: str
    wave: str
    shopper: int
    scenario: str
    channel: str
    started_at: dt.datetime
    resolved: str
    stops: tuple[Stop, ...]
    minutes: float | None
    wait_s: float | None

    @property
    def is_ours(self) -> bool:
        """Whether it is a shop of ourselves."""
        return self.company == US

    @property
    def last_day(self) -> dt.date:
        """The day it was begun on."""
        return self.started_at.date()

    @property
    def daypart(self) -> str:
        """The part of the day it was begun in."""
        return daypart(self.started_at.hour)

    @property
    def stratum(self) -> tuple[str, str, str]:
        """(scenario, channel, daypart)."""
        return self.scenario, self.channel, self.daypart


@dataclass(frozen=True)
class _Line:
    """A row of the file."""

    line: int
    shop: str
    company: str
    wave: str
    shopper: str
    scenario: str
    channel: str
    started_at: dt.datetime
    number: int
    step: str
    begun_at: dt.datetime | None
    ended_at: dt.datetime | None
    wait_s: float | None
    resolved: str


def daypart(hour: int) -> str:
    """night 0 to 6, morning 6 to 12, afternoon 12 to 18, evening 18 to 24 o'clock on the site's clock."""
    return ("night", "morning", "afternoon", "evening")[hour // 6]


def medium(channel: str) -> str:
    """The channel as a customer has it: a phone menu and a talk are one call."""
    return "phone" if channel in _PHONE else channel


def read_shops(table: Table, text: str | None, companies: Companies, zone: ZoneInfo) -> tuple[list[Shop], int]:
    """(the shops that can be used whole, how many can't be)."""
    lines: dict[str, list[_Line]] = {}
    spoiled: set[str] = set()
    torn: set[str] = set()

    def use(row: Row) -> None:
        key = row.cells["shop_id"]
        try:
            line = _line(row, companies, zone)
            _fits(row, line, lines.get(key, []))
        except Wrong:
            spoiled.add(key)
            raise
        lines.setdefault(key, []).append(line)

    if text is not None:
        read(table, text, COLUMNS, PRIVATE, use, torn.update)
    spoiled |= torn & lines.keys()  # any field of a torn row may be the shop's
    whole = {key: sorted(found, key=lambda line: line.number) for key, found in lines.items() if key not in spoiled}
    shoppers: dict[tuple[str, str], int] = {}
    shops = []
    for found in whole.values():
        shopper = shoppers.setdefault((found[0].company, found[0].shopper), len(shoppers))
        shops.append(_shop(found, shopper))
    return shops, len(spoiled - {""})


def _line(row: Row, companies: Companies, zone: ZoneInfo) -> _Line:
    shopper = row.text("shopper_id", NAME_LENGTH)
    if not _SHOPPER.fullmatch(shopper):
        raise row.wrong("shopper_id", "expected a pseudonym such as S07: never a name, a phone number or an address")
    started_at = _moment(row, "started_at", zone)
    begun_at = _moment(row, "step_started_at", zone) if row.is_given("step_started_at") else None
    ended_at = _moment(row, "step_ended_at", zone) if row.is_given("step_ended_at") else None
    if begun_at and begun_at < started_at:
        raise row.wrong("step_started_at", "expected no step before started_at")
    if begun_at and ended_at and ended_at < begun_at:
        raise row.wrong("step_ended_at", "expected it not before step_started_at")
    wait_s = row.number("wait_s", 0, 30 * DAY_S) if row.is_given("wait_s") else None
    if wait_s and begun_at and ended_at and wait_s > (ended_at - begun_at).total_seconds() + 60:
        raise row.wrong("wait_s", "expected no more than the step took, in seconds")
    row.text("note", 5_000, is_kept=False)
    return _Line(
        row.line,
        row.name("shop_id"),
        companies.of(row),
        row.name("wave"),
        shopper.casefold(),
        row.name("scenario"),
        medium(row.name("channel").casefold()),
        started_at,
        row.count("step_no"),
        row.name("step"),
        begun_at,
        ended_at,
        wait_s,
        row.one_of("resolved", RESOLVED) if row.is_given("resolved") else "",
    )


def _fits(row: Row, line: _Line, before: Sequence[_Line]) -> None:
    """A shop's rows agree with each other. Raises Wrong."""
    for one in before[:1]:
        for name in _SAME:
            if getattr(one, name) != getattr(line, name):
                column = "shopper_id" if name == "shopper" else name
                raise row.wrong(column, f"expected what line {one.line} of the same shop says")
    for one in before:
        if one.number == line.number:
            raise row.wrong("step_no", f"expected another one than line {one.line} of the same shop has")


def _moment(row: Row, column: str, zone: ZoneInfo) -> dt.datetime:
    """A moment on the site's clock; one with a zone is brought to it."""
    found = row.text(column, NAME_LENGTH)
    try:
        moment = dt.datetime.fromisoformat(found)
        if len(found) < len("2026-02-03T14:05") or not 1995 <= moment.year <= 2199:
            raise ValueError
    except ValueError:
        raise row.wrong(column, "expected a time such as 2026-02-03 14:05:30") from None
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment


def _shop(lines: Sequence[_Line], shopper: int) -> Shop:
    first = lines[0]
    times = [(line.begun_at, line.ended_at) for line in lines]
    waits = [line.wait_s for line in lines]
    return Shop(
        first.company,
        first.wave,
        shopper,
        first.scenario,
        first.channel,
        first.started_at,
        lines[-1].resolved,
        tuple(Stop(line.number, line.step, _minutes(line.begun_at, line.ended_at), line.wait_s) for line in lines),
        _busy_minutes([(a, b) for a, b in times if a and b]) if all(a and b for a, b in times) else None,
        sum(wait for wait in waits if wait) if all(wait is not None for wait in waits) else None,
    )


def _minutes(begun_at: dt.datetime | None, ended_at: dt.datetime | None) -> float | None:
    return (ended_at - begun_at).total_seconds() / 60 if begun_at and ended_at else None


def _busy_minutes(times: Sequence[tuple[dt.datetime, dt.datetime]]) -> float:
    """Minutes of the union of the spans: what runs side by side counts once."""
    total, until = 0.0, dt.datetime.min
    for begun_at, ended_at in sorted(times):
        total += max(0.0, (ended_at - max(begun_at, until)).total_seconds())
        until = max(until, ended_at)
    return total / 60
