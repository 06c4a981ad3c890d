"""Keyed pseudonyms, and the normal form a value takes before it becomes one.

HMAC-SHA-256 with a key of the site, cut to 128 bits, parted by kind (`phone|...`, `email|...`): without the key
nobody can try all phone numbers. DuckDB has no HMAC, so it is computed here over the distinct values of a file.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ingest.durable import write_atomically
from ingest.errors import ConfigError, StorageError
from ingest.phone import PhoneFormat, normalise_phone

KINDS = ("customer_no", "login", "email", "order_no", "call_no", "reference", "phone", "cookie", "visitor")
STRENGTH = {
    "customer_no": "strong", "login": "strong", "email": "strong", "order_no": "strong", "call_no": "strong",
    "reference": "strong",     "phone": "medium", "cookie": "weak", "visitor": "none",
}  # fmt: skip
KEY_VARIABLE = "FRONTSTAGE_KEY"
_KEY_BYTES = 32
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def load_key(path: Path) -> bytes:
    """The site's secret: from the environment (hex), else from `path`, which is created on the first run.

    Raises ConfigError when the file can be read by everybody or is no key.
    """
    if os.environ.get(KEY_VARIABLE):
        return _parse_key(os.environ[KEY_VARIABLE], KEY_VARIABLE)
    if not path.exists():
        try:
            write_atomically(path, secrets.token_hex(_KEY_BYTES) + "\n", mode=0o600)
        except OSError as error:
            raise StorageError(f"{path}: the pseudonym key can't be written ({error.strerror})") from error
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: the pseudonym key can be read by others; expected mode 0600: chmod 600 it")
    return _parse_key(path.read_text(encoding="ascii").strip(), str(path))


def key_id(key: bytes) -> str:
    """A name of the key that tells nothing about it; stored with the data, so that a wrong key is noticed."""
    return hmac.new(key, b"id", "sha256").hexdigest()[:8]


def line_salt(key: bytes) -> str:
    """What makes the identity of a line a keyed one: of a queue's log everything but the number is guessed at once, so
    an unkeyed hash of its lines would undo the pseudonyms."""
    return salt(key, "line")[:32]


def salt(key: bytes, purpose: str) -> str:
    """A secret for one purpose that tells nothing about the key: 64 hex digits."""
    return hmac.new(key, purpose.encode(), "sha256").hexdigest()


def pseudonyms(key: bytes, kind: str, values: Sequence[str]) -> list[str]:
    """The pseudonym of each (already normalised) value of one kind, in the form of a UUID."""
    prefix = kind.encode() + b"|"
    digests = (hmac.digest(key, prefix + value.encode(), "sha256").hex() for value in values)
    return [f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:32]}" for d in digests]


def normalise(kind: str, value: str, country: str, phone_format: PhoneFormat = "any") -> str | None:
    """The normal form in which equal identifiers are equal text; None when the value identifies nobody.

    `country` and `phone_format` say how the source writes phone numbers.
    """
    text = (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip()
    if kind == "phone":
        return normalise_phone(text, country, phone_format)
    if kind in ("email", "login"):
        text = text.lower()
        if kind == "email":
            return text if _EMAIL.fullmatch(text) else None
    if kind == "order_no":
        text = text.lstrip("#")
    return text if text not in ("", "-", "0", "NULL", "null", "None") else None


def _parse_key(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{where}: not a pseudonym key; expected {2 * _KEY_BYTES} hex digits")
    return key
