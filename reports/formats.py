"""How numbers, shares, durations, dates and intervals are written. The one place that turns a number into text.

Decimal and group signs, names of months and their order are those of the site's language (ingest/language.py, CLDR by
Babel); English groups digits by a narrow no-break space (8 920), since it is read in many countries. That space also
stands before units and the per-cent sign, so that no number is torn from its unit at the end of a line. Minus is
U+2212. Units are the international s, min, h, d.
"""

from __future__ import annotations

import datetime as dt
import math
import re

from babel.dates import format_date, format_skeleton
from babel.numbers import get_decimal_symbol, get_group_symbol

from ingest.language import language, locale, say, say_n

THIN = "\u202f"
MINUS = "\u2212"
NONE = "\u2013"
"""Shown where there is no value."""

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000


def count(n: int | None) -> str:
    """8920 -> '8 920'."""
    if n is None:
        return NONE
    return _signs(f"{n:,}")


def _signs(plain: str) -> str:
    """A number as Python writes it (-8,920.5) with the signs of the language."""
    group = THIN if language() == "en" else get_group_symbol(locale())
    return plain.translate({ord(","): group, ord("."): get_decimal_symbol(locale()), ord("-"): MINUS})


def small_count(n: int | None, k: int, n_people: int | None = None) -> str:
    """A count that is not told when it stands for 1 to k-1 customers or journeys (design rule 7): '< 5'."""
    people = n if n_people is None else n_people
    if n is not None and people is not None and 0 < people < k:
        return f"<{THIN}{k}"
    return count(n)


def count_short(n: int) -> str:
    """For the pills on a map: 980, 1.2 k, 11.2 k, 128 k, 1.3 M."""
    for limit, unit in ((1_000_000, "M"), (1_000, "k")):
        if n >= limit or (unit == "k" and n >= 999.5) or (unit == "M" and n >= 999_500):
            value = n / limit
            return f"{value:.0f}{THIN}{unit}" if value >= 99.95 else f"{_signs(f'{value:.1f}')}{THIN}{unit}"
    return str(n)


def number(value: float, decimals: int | None = None) -> str:
    """A number with as many decimals as its size deserves: 0.04, 3.1, 27.9, 128, 8 920."""
    if not math.isfinite(value):
        return NONE
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 else 1 if size >= 1 else 2 if size >= 0.01 or size == 0 else 3
    text = f"{value:,.{decimals}f}"
    return _signs(text.lstrip("-") if float(f"{value:.{decimals}f}") == 0 else text)


def signed(value: float, decimals: int | None = None) -> str:
    """+6.8 or −3.1; zero has no sign."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not any(digit in text for digit in "123456789") else f"+{text}"


def share(part: float | None, decimals: int | None = None) -> str:
    """0.412 -> '41.2 %'. Below 10 % and above 90 % one decimal as well, below 1 % two."""
    if part is None or not math.isfinite(part):
        return NONE
    percent = 100 * part
    if 99.95 <= percent < 100:
        return f">{THIN}{number(99.9)}{THIN}%"
    if decimals is None:
        decimals = 2 if 0 < abs(percent) < 1 else 0 if abs(percent) in (0, 100) else 1
    return f"{number(percent, decimals)}{THIN}%"


def ratio(n: int, of_n: int, decimals: int | None = None) -> str:
    """The share n / of_n as text; a dash when there is nothing to divide by."""
    return share(n / of_n, decimals) if of_n else NONE


def duration(ms: float | None) -> str:
    """Milliseconds in the unit a reader would choose: 40 s, 4 min, 5.2 h, 1.8 d, 42 d."""
    value, unit = duration_parts(ms)
    return f"{value}{THIN}{unit}" if unit else value


def minutes(value: float) -> str:
    """'31.5 min', whatever their number: times that are added up and compared keep one unit."""
    return f"{number(value)}{THIN}min"


def duration_parts(ms: float | None) -> tuple[str, str]:
    """The number of `duration` and its unit; no unit for nothing and for what is not known."""
    if ms is None or not math.isfinite(ms):
        return NONE, ""
    size = abs(ms)
    if size == 0:
        return "0", ""
    for unit, name, from_ms in (
        (_DAY, "d", 36 * _HOUR),
        (_HOUR, "h", 90 * _MINUTE),
        (_MINUTE, "min", 60 * _SECOND),
        (_SECOND, "s", 0),
    ):
        if size >= from_ms:
            value = ms / unit
            decimals = 1 if name in ("d", "h") and abs(value) < 99.95 else 0
            is_whole = decimals == 1 and f"{value:.1f}".endswith(".0")
            return number(value, 0 if is_whole else decimals), name
    raise AssertionError("the last unit starts at 0")


def interval(low: str, high: str) -> str:
    """'6.2 to 7.5'."""
    return say("{low} to {high}", low=low, high=high)


def date_in_year(day: dt.date) -> str:
    """4 Oct."""
    return str(format_skeleton("MMMd", day, locale=locale())).replace(" ", "\u00a0")


def date_long(day: dt.date) -> str:
    """21 November 2026, in the site's language whatever the machine's locale."""
    return str(format_date(day, "long", locale=locale()))


def date_short(day: dt.date) -> str:
    """21 Nov 2026, on one line."""
    return str(format_date(day, "medium", locale=locale())).replace(" ", "\u00a0")


def plural(n: int, one: str, many: str, **values: object) -> str:
    """plural(n, "{n} journey", "{n} journeys") -> '1 journey', '8 920 journeys', in the site's language."""
    return say_n(one, many, n, n=count(n), **values)


_QUOTED = re.compile(r'"([^"]*)"')
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.,])\d+\.\d+(?![\w.])")
"""A number of a stored sentence, which is written as Python writes it: 8,920 or 12.3."""
_NEGATIVE = re.compile(r"(?<![\w.,-])-(?=\d)")
"""The hyphen that Python writes for a minus; that of a date or a range stands after a figure."""
_BEFORE_SIGN = re.compile(r"(?<=\d) (?=%)")
_BRACKET = re.compile(r"(\s?\[[^\[\]]*\d[^\[\]]*\])")


def _by_quotes(sentence: str) -> list[tuple[str, bool]]:
    """(text, stood in straight double quotes), in order."""
    return [(part, place % 2 == 1) for place, part in enumerate(_QUOTED.split(sentence))]


def _signs_of(match: re.Match[str]) -> str:
    return _signs(match[0])


def prose(sentence: str) -> list[tuple[str, bool]]:
    """A finding's sentence in parts: (text, is an interval in brackets). Straight quotes become curly ones, and what
    stands in them stays as it is; numbers get the signs of the language, and keep their per-cent sign on their line."""
    curly = "".join(
        f"\u201c{part}\u201d"
        if is_quoted
        else _BEFORE_SIGN.sub(THIN, _NEGATIVE.sub(MINUS, _NUMBER.sub(_signs_of, part)))
        for part, is_quoted in _by_quotes(sentence)
    )
    return [(part, bool(_BRACKET.fullmatch(part))) for part in _BRACKET.split(curly) if part]
