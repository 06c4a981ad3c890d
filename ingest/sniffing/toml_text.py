"""Settings as TOML text: Python reads TOML and writes none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any


def toml_value(value: Any) -> str:
    """A value as it stands in TOML. Texts are written as in JSON, whose escapes TOML has too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "".join(c if c.isprintable() else _escape(c) for c in json.dumps(value, ensure_ascii=False))
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return str(value)


def _escape(character: str) -> str:
    """What a reader would not see, such as a mark that turns the direction of writing round, is spelled out."""
    number = ord(character)
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def toml_key(key: str) -> str:
    """A key, quoted where it has to be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_value(key)


def toml_lines(prefix: str, section: dict[str, Any]) -> Iterator[str]:
    """The lines of a section: plain keys first, then its `tables`, each under its own heading below `prefix`."""
    for key, value in section.items():
        if key != "tables":
            yield f"{toml_key(key)} = {toml_value(value)}"
    for name, table in section.get("tables", {}).items():
        yield ""
        yield f"[{prefix}.tables.{toml_key(name)}]"
        yield from (f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items())
