"""What is taken out of texts before they are kept or shown: personal data that a pattern can tell, control characters.

A name can't be told from other words; what few customers share is folded in reports for that reason.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

_SCRUB = (
    (re.compile(r"[^/\s?&=]+(?:@|%40)[^/\s?&=]+\.[a-zA-Z]{2,}"), "{email}"),
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "{token}"),
    (re.compile(r"(?:\+|%2B)\d{8,15}(?!\d)"), "{phone}"),
    # with a trunk zero: 10 or 11 digits, German mobiles 12; other 12 and 13 digits are goods' bar codes
    (re.compile(r"(?<![\d.-])(?:0[1-9]\d{8,9}|01[567]\d{9}|00[1-9]\d{9,13})(?![\d.-])"), "{phone}"),
)
_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[ -]?\d){11,12}(?!\d)")  # 15 or 16 digits; 13 would hit order numbers
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
MAX_TEXT = 500
SUSPECT = (
    r"@|%40|eyJ|%2B|[0-9]([ -]?[0-9]){8}|[0-9]\.[0-9]+\.[0-9]|:[0-9A-Fa-f]*:|[A-Z]{2}[0-9]{2} ?[A-Z0-9]"
    r"|[[:cntrl:]]|\\u|.{500}"
)
"""In DuckDB's dialect: every text that `scrub` changes matches; most others do not, and are spared the way through
Python."""


def scrub(text: str) -> str:
    """Text without e-mail and network addresses, tokens, phone, card and bank account numbers, control characters."""
    for pattern, name in _SCRUB:
        text = pattern.sub(name, text)
    text = _CARD.sub(lambda found: "{card}" if _luhn(found.group()) else found.group(), text)
    text = _IBAN.sub(lambda found: "{iban}" if _is_iban(found.group()) else found.group(), text)
    text = _ADDRESS.sub(lambda found: "{ip}" if _is_address(found.group()) else found.group(), text)
    return _CONTROL.sub("\ufffd", text)[:MAX_TEXT]


def scrub_json(text: str) -> str:
    """A JSON text whose strings, keys and long numbers are scrubbed."""
    return json.dumps(_scrubbed(json.loads(text)), ensure_ascii=False, separators=(",", ":"))


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {scrub(name): _scrubbed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner) for inner in value]
    if isinstance(value, str) or (isinstance(value, int) and scrub(str(value)) != str(value)):
        return scrub(str(value))
    return value


def mask(value: str) -> str:
    """The shape of a value, for quarantine: letters become x, digits 9; enough to see what is wrong with it."""
    shape = re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", value[:80]))
    return _CONTROL.sub("\ufffd", shape)


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 13616: country and check digits moved to the end, letters as numbers, the rest by 97 is 1."""
    packed = text.replace(" ", "")
    return len(packed) <= 34 and int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text != "::"
