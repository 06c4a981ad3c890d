"""Names that a person typed: steps and keys, refused with a 'did you mean' when they are not known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.errors import ConfigError

STEP = r"([a-z0-9_]+)"
"""A step's id, as part of a regular expression."""


def did_you_mean(value: str, known: Iterable[str], otherwise: str) -> str:
    """The closest known name as a hint, or `otherwise` when none is close."""
    close = difflib.get_close_matches(value, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else otherwise


def step_name(value: Any, where: str, known: Sequence[str]) -> str:
    """`value` as the id of a step; with `known` steps it must be one of them. Raises ConfigError that names `where`."""
    if not isinstance(value, str) or not re.fullmatch(STEP, value):
        raise ConfigError(f"{where}: got {value!r}, expected the id of a step: small letters, digits, underscore")
    if known and value not in known:
        hint = did_you_mean(value, known, "expected a step of process/steps.toml")
        raise ConfigError(f"{where}: unknown step {value!r}; {hint}")
    return value


def refuse_unknown_keys(where: str, data: dict[str, Any], known: Sequence[str]) -> None:
    """Raise ConfigError for a key that is none of `known`. `where` = the table's own key, empty at the top."""
    for key in data:
        if key not in known:
            hint = did_you_mean(key, known, f"known keys: {', '.join(known)}")
            raise ConfigError(f"{where + '.' if where else ''}{key}: unknown key; {hint}")
