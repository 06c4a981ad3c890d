"""Phone numbers in one form, by what their source writes: E.164, or `ext:<digits>` for a desk's short number.

A source that writes numbers of its own country and a source that writes country codes without a plus write the same
digits for different numbers (4915112345678 is a mobile in Germany to one, and no number to the other), so a source may
say which it is: `phone_format` in site.toml.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import phonenumbers

PhoneFormat = Literal["any", "international", "e164_noplus", "national"]
"""`any`: with +, with 00 or as dialled in the source's country; `international`: only with + or 00; `e164_noplus`: the
country code first, without a plus; `national`: always as dialled in the source's country."""

SHORT_DIGITS = 5
"""Internal numbers have at most as many digits."""
_SEPARATORS = re.compile(r"[\s()./\-\u2010-\u2015]")
_EXTENSION = re.compile(r"[\s,;]*(?:(?:;?ext(?:ension)?|durchwahl)\b[.:=]?|x|#)\s*\d{1,7}$", re.IGNORECASE)


def normalise_phone(text: str, country: str, form: PhoneFormat = "any") -> str | None:
    """The normal form of a number, without its extension; None for what is withheld, made up or no number.

    Letters are no digits: `1-800-FLOWERS` would be a valid number of another country.
    """
    text = unicodedata.normalize("NFKC", text).strip().removeprefix("tel:")
    digits = _SEPARATORS.sub("", _EXTENSION.sub("", text))
    if not re.fullmatch(r"\+?[0-9]+", digits) or not digits.strip("+0"):
        return None
    if len(digits) <= SHORT_DIGITS and not digits.startswith("+"):
        return f"ext:{digits}"
    if len(set(digits.lstrip("+"))) == 1:  # 9999999999: typed to get past a form
        return None
    return _e164(digits, country, form)


def _e164(digits: str, country: str, form: PhoneFormat) -> str | None:
    is_international = digits.startswith(("+", "00"))
    if is_international:
        digits = "+" + digits.lstrip("+0")
    elif form == "international":
        return None
    elif form == "e164_noplus":
        digits = "+" + digits
    elif form == "national":  # else the library would take a leading country code for what it is elsewhere
        digits = f"+{phonenumbers.country_code_for_region(country)}{digits}"
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
