"""What looks like personal data in a text is replaced by its kind: in stored codes, in lines that are logged."""

from __future__ import annotations

import re

_KINDS = (
    (re.compile(r"[^/\s?&=]+(?:@|%40)[^/\s?&=]+\.[a-zA-Z]{2,}"), "{email}"),
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "{token}"),
    (re.compile(r"\+\d{8,15}(?!\d)"), "{phone}"),
)
_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[ -]?\d){11,12}(?!\d)")  # 15 or 16 digits; 13 would hit order numbers
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def redact(text: str) -> str:
    """Text without e-mail addresses, tokens, international numbers, card numbers and control characters."""
    for pattern, name in _KINDS:
        text = pattern.sub(name, text)
    text = _CARD.sub(lambda found: "{card}" if _luhn(found.group()) else found.group(), text)
    return without_controls(text)


def without_controls(text: str) -> str:
    """Text whose control characters, line ends too, are U+FFFD."""
    return _CONTROL.sub("\ufffd", text)


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0
