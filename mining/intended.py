"""The intended process: process/intended.toml, read strictly, and the automaton that its steps stand for (3.1).

Grammar of `steps`, left to right in time:

    "x"  "x?"  "x*"  "x+"  "x{1,3}"  "x{2}"      a step, with how often
    { one_of = [[...], [...]] }                  one of several ways, each a list like `steps`
    { any_order = ["a", "b", "c"] }              single steps in any order, at most 8
    { optional = [...] }                         all of it in order, or none

Rules are sentences; they are parsed here, evaluated elsewhere.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import ConfigError
from mining.automaton import Automaton, Builder

MAX_ANY_ORDER = 8
MAX_REPEAT = 50
_STEP = re.compile(r"^([a-z0-9_]+)(\?|\*|\+|\{(\d+)(?:,(\d+))?\})?$")
_KEYS = ("process", "version", "case", "steps", "rules", "ignore", "other_steps", "tolerance", "weights")
_PARTS = ("one_of", "any_order", "optional")
_TIME = r"(\d+) (minutes?|hours?|days?|weeks?|business hours?|business days?)"
_S = r"([a-z0-9_]+)"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("within", re.compile(rf"^{_S} within {_TIME} of {_S}$")),
    ("if_then", re.compile(rf"^if {_S} then {_S} within {_TIME}$")),
    ("requires", re.compile(rf"^{_S} requires {_S} before$")),
    ("never_after", re.compile(rf"^never {_S} after {_S} within {_TIME}$")),
    ("at_most", re.compile(rf"^at most (\d+) {_S} per journey$")),
    ("not_both", re.compile(rf"^not both {_S} and {_S}$")),
    ("starts_with", re.compile(rf"^starts with {_S}$")),
    ("ends_with", re.compile(rf"^ends with one of {_S}(?:, {_S})*$")),
)


@dataclass(frozen=True)
class Rule:
    """One sentence, its form and the steps it names."""

    form: str
    text: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Intended:
    """The intended process, ready to check against."""

    process: str
    version: int
    case: str
    automaton: Automaton
    rules: tuple[Rule, ...]
    ignore: frozenset[str]
    other_steps: str
    tolerance: float
    weights: dict[str, int] = field(hash=False)
    source: dict[str, Any] = field(hash=False, compare=False)

    @property
    def labels(self) -> frozenset[str]:
        """Steps that the process knows."""
        return self.automaton.labels


def load(path: Path, known_steps: Iterable[str] = ()) -> Intended | None:
    """Read intended.toml; None when the site has none. Raises ConfigError that names file, key and what was
    expected.
    """
    if not path.exists():
        return None
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read ({type(error).__name__}); expected a UTF-8 text file") from error
    try:
        return parse(data, known_steps)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(data: dict[str, Any], known_steps: Iterable[str] = ()) -> Intended:
    """An intended process from TOML data. With `known_steps` every step named must be one of them."""
    known = sorted(known_steps)
    _refuse_unknown_keys("", data, _KEYS)
    process, steps = data.get("process"), data.get("steps")
    if not isinstance(process, str) or not process:
        raise ConfigError(f'process: got {process!r}, expected a name such as "order_to_delivery"')
    if not isinstance(steps, list) or not steps:
        raise ConfigError('steps: expected a list of steps, e.g. steps = ["view_product*", "pay", "deliver"]')
    builder = Builder()
    end = _sequence(builder, builder.start, steps, "steps", known)
    automaton = builder.build(end)
    ignore = frozenset(_name(item, "ignore", known) for item in _list(data, "ignore"))
    if both := sorted(ignore & automaton.labels):
        raise ConfigError(f"ignore: {both[0]!r} is also in steps; expected it in one of the two")
    return Intended(
        process,
        _integer(data, "version", 1),
        _choice(data, "case", ("order", "episode"), "order"),
        automaton,
        tuple(parse_rule(text, known) for text in _list(data, "rules")),
        ignore,
        _choice(data, "other_steps", ("deviation", "ignore"), "deviation"),
        _tolerance(data),
        _weights(data, automaton),
        data,
    )


def parse_rule(text: Any, known: list[str]) -> Rule:
    """A rule from one of the closed list of sentence forms."""
    if not isinstance(text, str):
        raise ConfigError(f"rules: got {text!r}, expected a sentence in quotes")
    for form, pattern in _RULES:
        match = pattern.match(text.strip())
        if match:
            names = (
                re.findall(_S, text.removeprefix("ends with one of "))
                if form == "ends_with"
                else [
                    group
                    for group in match.groups()
                    if group
                    and not group.isdigit()
                    and not re.fullmatch(r"(business )?(minute|hour|day|week)s?", group)
                ]
            )
            return Rule(form, text.strip(), tuple(_name(name, f"rules: {text!r}", known) for name in names))
    forms = (
        "'X within 2 days of Y', 'if X then Y within 2 hours', 'X requires Y before', 'never X after Y within 7 days', "
        "'at most 1 X per journey', 'not both X and Y', 'starts with X', 'ends with one of X, Y'"
    )
    raise ConfigError(f"rules: {text!r} is none of the known sentences; expected one of {forms}")


def _sequence(builder: Builder, state: int, items: Any, where: str, known: list[str]) -> int:
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
    _refuse_unknown_keys(where, item, _PARTS)
    if key == "one_of":
        if not isinstance(value, list) or len(value) < 2:
            raise ConfigError(f"{where}.one_of: expected at least two lists of steps")
        ends = [
            _sequence(
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
        end = _sequence(
            builder, builder.branch(state), value if isinstance(value, list) else [value], f"{where}.optional", known
        )
        return builder.join([state, end])
    return _any_order(builder, state, value, where, known)


def _any_order(builder: Builder, state: int, value: Any, where: str, known: list[str]) -> int:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_ANY_ORDER:
        raise ConfigError(f"{where}.any_order: expected 2 to {MAX_ANY_ORDER} single steps")
    names = [_name(item, f"{where}.any_order", known) for item in value]
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
    match = _STEP.match(text)
    if not match:
        raise ConfigError(
            f"{where}: got {text!r}, expected a step such as 'pay', 'pay?', 'pay*', 'pay+' or 'pay{{1,3}}'"
        )
    name = _name(match.group(1), where, known)
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


def _name(value: Any, where: str, known: list[str]) -> str:
    if not isinstance(value, str) or not re.fullmatch(_S, value):
        raise ConfigError(f"{where}: got {value!r}, expected the id of a step: small letters, digits, underscore")
    if known and value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "expected a step of process/steps.toml"
        raise ConfigError(f"{where}: unknown step {value!r}; {hint}")
    return value


def _refuse_unknown_keys(where: str, data: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
            raise ConfigError(f"{where + '.' if where else ''}{key}: unknown key; {hint}")


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{key}: got {value!r}, expected a list")
    return value


def _integer(data: dict[str, Any], key: str, default: int) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{key}: got {value!r}, expected a whole number from 1")
    return value


def _choice(data: dict[str, Any], key: str, allowed: tuple[str, ...], default: str) -> str:
    value = data.get(key, default)
    if value not in allowed:
        raise ConfigError(f"{key}: got {value!r}, expected {' or '.join(repr(one) for one in allowed)}")
    return str(value)


def _tolerance(data: dict[str, Any]) -> float:
    value = data.get("tolerance", 0.02)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise ConfigError(f"tolerance: got {value!r}, expected a share such as 0.02")
    return float(value)


def _weights(data: dict[str, Any], automaton: Automaton) -> dict[str, int]:
    weights = data.get("weights", {})
    if not isinstance(weights, dict):
        raise ConfigError("weights: expected a table of step = whole number")
    for step, value in weights.items():
        if step not in automaton.labels:
            close = difflib.get_close_matches(step, sorted(automaton.labels), n=1)
            raise ConfigError(
                f"weights.{step}: not a step of this process; "
                + (f"did you mean {close[0]!r}?" if close else "expected one of steps")
            )
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise ConfigError(f"weights.{step}: got {value!r}, expected a whole number from 1 to 1000")
    return dict(weights)
