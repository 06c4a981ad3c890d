"""What a process allows, from the parts of `steps` to states and edges (method note 3.1), left to right in time:

"x"  "x?"  "x*"  "x+"  "x{1,3}"  "x{2}"      a step, with how often
{ one_of = [[...], [...]] }                  one of several ways, each a list like `steps`
{ any_order = ["a", "b", "c"] }              single steps in any order, at most 8
{ optional = [...] }                         all of it in order, or none
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.errors import ConfigError
from mining.automaton import Builder
from mining.names import refuse_unknown_keys, step_name

MAX_ANY_ORDER = 8
MAX_REPEAT = 50
_FORM = re.compile(r"^([a-z0-9_]+)(\?|\*|\+|\{(\d+)(?:,(\d+))?\})?$")
_PARTS = ("one_of", "any_order", "optional")


def declared(part: Any) -> Iterator[str]:
    """The steps of a (right) list of parts as they stand in the file, which is left to right in time."""
    if isinstance(part, str):
        yield re.split(r"[?*+{]", part, maxsplit=1)[0]
    elif isinstance(part, dict):
        for inner in part.values():
            yield from declared(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from declared(inner)


def sequence(builder: Builder, state: int, items: Any, where: str, known: list[str]) -> int:
    """Add the parts of a list after `state`; returns the state after them. Raises ConfigError that names the part."""
    if not isinstance(items, list) or not items:
        raise ConfigError(f"{where}: expected a list with at least one step")
    for number, item in enumerate(items):
        state = _item(builder, state, item, f"{where}[{number}]", known)
    return state


def _item(builder: Builder, state: int, item: Any, where: str, known: list[str]) -> int:
    if isinstance(item, str):
        return _step(builder, state, item, where, known)
    if not isinstance(item, dict) or len(item) != 1:
        raise ConfigError(
            f"{where}: got {item!r}, expected a step in quotes or a table with one of {', '.join(_PARTS)}"
        )
    key, value = next(iter(item.items()))
    refuse_unknown_keys(where, item, _PARTS)
    if key == "one_of":
        if not isinstance(value, list) or len(value) < 2:
            raise ConfigError(f"{where}.one_of: expected at least two lists of steps")
        ends = [
            sequence(
                builder,
                builder.branch(state),
                branch if isinstance(branch, list) else [branch],
                f"{where}.one_of[{n}]",
                known,
            )
            for n, branch in enumerate(value)
        ]
        return builder.join(ends)
    if key == "optional":
        end = sequence(
            builder, builder.branch(state), value if isinstance(value, list) else [value], f"{where}.optional", known
        )
        return builder.join([state, end])
    return _any_order(builder, state, value, where, known)


def _any_order(builder: Builder, state: int, value: Any, where: str, known: list[str]) -> int:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_ANY_ORDER:
        raise ConfigError(f"{where}.any_order: expected 2 to {MAX_ANY_ORDER} single steps")
    names = [step_name(item, f"{where}.any_order", known) for item in value]
    if len(set(names)) != len(names):
        raise ConfigError(f"{where}.any_order: a step is named twice; expected each once")
    places = {0: state}
    for done in range(1 << len(names)):
        for bit, name in enumerate(names):
            if not done >> bit & 1:
                after = done | 1 << bit
                places.setdefault(after, builder.new())
                builder.edge(places[done], name, places[after])
    return places[(1 << len(names)) - 1]


def _step(builder: Builder, state: int, text: str, where: str, known: list[str]) -> int:
    match = _FORM.match(text)
    if not match:
        raise ConfigError(
            f"{where}: got {text!r}, expected a step such as 'pay', 'pay?', 'pay*', 'pay+' or 'pay{{1,3}}'"
        )
    name = step_name(match.group(1), where, known)
    low, high = {None: (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}.get(match.group(2), (0, 0))
    if match.group(3):
        low, high = int(match.group(3)), int(match.group(4) or match.group(3))
        if not 0 <= low <= high <= MAX_REPEAT or high == 0:
            raise ConfigError(
                f"{where}: got {text!r}, expected {{low,high}} with low <= high, high from 1 to {MAX_REPEAT}"
            )
    for _ in range(low):
        state = builder.edge(state, name)
    if high is None:
        loop = builder.branch(state)
        builder.edge(loop, name, loop)
        return builder.join([loop])
    ends = [state]
    for _ in range(high - low):
        state = builder.edge(state, name)
        ends.append(state)
    return builder.join(ends) if len(ends) > 1 else state
