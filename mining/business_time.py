"""Business hours and business days: process/calendar.toml, read strictly, and a clock of them for the warehouse.

    holidays = [2026-12-25, 2026-12-26]
    [working_hours]                      # the site's local time; a weekday that is left out is not worked
    monday = ["09:00-12:30", "13:30-18:00"]

Without the file: Monday to Friday, 09:00 to 17:00, no holidays.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from ingest.errors import ConfigError
from mining.names import refuse_unknown_keys

FILE = "calendar.toml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"^(\d\d):([0-5]\d)-(\d\d):([0-5]\d)$")
_KEYS = ("working_hours", "holidays")
_UTC = ZoneInfo("UTC")
Span = tuple[int, int]
"""Minutes of the day, from and to (exclusive)."""


@dataclass(frozen=True)
class BusinessCalendar:
    """When an organisation works: spans per weekday (Monday first), local time, and the days on which it does not."""

    spans: tuple[tuple[Span, ...], ...]
    holidays: frozenset[dt.date]
    is_stated: bool

    def of_day(self, day: dt.date) -> tuple[Span, ...]:
        """The working spans of a day; none on a holiday."""
        return () if day in self.holidays else self.spans[day.weekday()]


USUAL = BusinessCalendar((((540, 1020),),) * 5 + ((),) * 2, frozenset(), False)
"""Monday to Friday, nine to five: what is assumed where the site states no calendar."""


def load(folder: Path) -> BusinessCalendar:
    """The calendar of a site's `process` folder, or the usual one. Raises ConfigError that names file and key."""
    path = folder / FILE
    if not path.exists():
        return USUAL
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read ({type(error).__name__}); expected a UTF-8 text file") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(data: dict[str, Any]) -> BusinessCalendar:
    """A calendar from TOML data."""
    refuse_unknown_keys("", data, _KEYS)
    hours = data.get("working_hours")
    if not isinstance(hours, dict) or not hours:
        raise ConfigError('working_hours: expected a table of weekdays, e.g. monday = ["09:00-17:00"]')
    refuse_unknown_keys("working_hours", hours, WEEKDAYS)
    spans = tuple(_spans(hours.get(day, []), f"working_hours.{day}") for day in WEEKDAYS)
    if not any(spans):
        raise ConfigError("working_hours: no weekday has hours; expected at least one")
    holidays = data.get("holidays", [])
    if not isinstance(holidays, list):
        raise ConfigError(f"holidays: got {holidays!r}, expected a list of days such as [2026-12-25]")
    for day in holidays:
        if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
            raise ConfigError(f"holidays: got {day!r}, expected a day such as 2026-12-25, without quotes")
    return BusinessCalendar(spans, frozenset(holidays), True)


def _spans(value: Any, where: str) -> tuple[Span, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{where}: got {value!r}, expected a list such as ["09:00-17:00"]')
    out: list[Span] = []
    for text in value:
        match = _SPAN.match(text) if isinstance(text, str) else None
        if match is None:
            raise ConfigError(f"{where}: got {text!r}, expected hours such as '09:00-17:00'")
        numbers = [int(part) for part in match.groups()]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if not start < end <= 1440:
            raise ConfigError(f"{where}: got {text!r}, expected an end after the start, at most 24:00")
        if out and start < out[-1][1]:
            raise ConfigError(f"{where}: {text!r} begins before the span before it ends; expected spans in order")
        out.append((start, end))
    return tuple(out)


def clock(calendar: BusinessCalendar, timezone: str, first: dt.date, last: dt.date) -> pa.Table:
    """Business time as steps on the UTC clock: what holds from `begins_at` to the next row's.

    begins_at timestamp; day = its local day; open_ms = business ms before it; is_open = whether business time runs;
    business_day = number of working days up to and with `day`. One row per local midnight, start and end of a span, for
    each day of [first, last].
    """
    zone = ZoneInfo(timezone)
    at: list[dt.datetime] = []
    days: list[dt.date] = []
    open_ms: list[int] = []
    is_open: list[bool] = []
    business_day: list[int] = []
    elapsed, n_days = 0, 0

    def add(moment: dt.datetime, opens: bool) -> None:
        nonlocal elapsed
        if at and is_open[-1]:
            elapsed += max(0, (moment - at[-1]) // dt.timedelta(milliseconds=1))
        if at and moment <= at[-1]:  # a span that begins at midnight, or lies in the hour that a clock change skips
            is_open[-1], open_ms[-1] = opens, elapsed
            return
        at.append(moment)
        days.append(day)
        open_ms.append(elapsed)
        is_open.append(opens)
        business_day.append(n_days)

    for number in range((last - first).days + 1):
        day = first + dt.timedelta(days=number)
        spans = calendar.of_day(day)
        n_days += bool(spans)
        add(_utc(day, 0, zone), False)
        for start, end in spans:
            add(_utc(day, start, zone), True)
            add(_utc(day, end, zone), False)
    return pa.table(
        {
            "begins_at": pa.array(at, pa.timestamp("us")),
            "day": pa.array(days, pa.date32()),
            "open_ms": pa.array(open_ms, pa.int64()),
            "is_open": pa.array(is_open, pa.bool_()),
            "business_day": pa.array(business_day, pa.int32()),
        }
    )


def _utc(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    """A local minute of a day in UTC, naive. 1440 is the next midnight."""
    local = dt.datetime.combine(day + dt.timedelta(days=minute // 1440), dt.time(minute % 1440 // 60, minute % 60))
    return local.replace(tzinfo=zone).astimezone(_UTC).replace(tzinfo=None)
