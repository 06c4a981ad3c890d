"""The intended process: process/intended.toml or process/intended.bpmn, read strictly, and the automaton that it is.

`steps` is the grammar of `mining.step_grammar`, `rules` are the sentences of `mining.rules`. A BPMN file takes the
place of `steps`; what BPMN has no sign for stands in a TOML table [frontstage] in the documentation of its process.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import ConfigError
from mining.automaton import Automaton, Builder
from mining.names import did_you_mean, refuse_unknown_keys, step_name
from mining.rules import Rule, parse_rule
from mining.step_grammar import declared, sequence

TOML_FILE, BPMN_FILE = "intended.toml", "intended.bpmn"
OPTIONS = ("process", "version", "valid_from", "case", "rules", "ignore", "other_steps", "tolerance", "weights")
_KEYS = (*OPTIONS, "steps")


@dataclass(frozen=True)
class Intended:
    """The intended process, ready to check against.

    `order` = its steps from left to right, for drawings. `valid_from` = journeys that began before that day followed
    another process and are not held against this one.
    """

    process: str
    version: int
    valid_from: dt.date | None
    case: str
    automaton: Automaton
    order: tuple[str, ...]
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

    @property
    def successors(self) -> frozenset[tuple[str, str]]:
        """Which step may directly follow which."""
        moves = self.automaton.moves
        return frozenset((step, after) for edges in moves for step, target in edges.items() for after in moves[target])


def load(folder: Path, labels: Mapping[str, str] | None = None) -> Intended | None:
    """The intended process of a site's `process` folder; None when there is none.

    `labels` = the declared steps with their names, which every step named must be one of. Raises ConfigError that names
    file, key and what was expected, also when both a TOML and a BPMN file are there.
    """
    path, drawn = folder / TOML_FILE, folder / BPMN_FILE
    if path.exists() and drawn.exists():
        raise ConfigError(f"{drawn}: {TOML_FILE} is there too; expected the intended process in one file of the two")
    if drawn.exists():
        from mining.bpmn_process import read_process  # BPMN is read by pm4py, which takes seconds to import

        return read_process(drawn, labels or {})
    if not path.exists():
        return None
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read ({type(error).__name__}); expected a UTF-8 text file") from error
    try:
        return parse(data, labels or {})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(data: dict[str, Any], known_steps: Iterable[str] = ()) -> Intended:
    """An intended process from TOML data. With `known_steps` every step named must be one of them."""
    known = sorted(known_steps)
    refuse_unknown_keys("", data, _KEYS)
    process, steps = data.get("process"), data.get("steps")
    if not isinstance(process, str) or not process:
        raise ConfigError(f'process: got {process!r}, expected a name such as "order_to_delivery"')
    if not isinstance(steps, list) or not steps:
        raise ConfigError('steps: expected a list of steps, e.g. steps = ["view_product*", "pay", "deliver"]')
    builder = Builder()
    automaton = builder.build(sequence(builder, builder.start, steps, "steps", known))
    return with_options(process, automaton, tuple(dict.fromkeys(declared(steps))), data, known)


def with_options(
    process: str, automaton: Automaton, order: Sequence[str], data: dict[str, Any], known: Sequence[str]
) -> Intended:
    """An intended process from what it allows and the other keys of its file. Raises ConfigError that names the key."""
    ignore = frozenset(step_name(item, "ignore", known) for item in _list(data, "ignore"))
    if both := sorted(ignore & automaton.labels):
        raise ConfigError(f"ignore: {both[0]!r} is also in steps; expected it in one of the two")
    valid_from = _day(data, "valid_from")
    return Intended(
        process,
        _integer(data, "version", 1),
        valid_from,
        _choice(data, "case", ("order", "episode"), "order"),
        automaton,
        tuple(order),
        _rules(data, known),
        ignore,
        _choice(data, "other_steps", ("deviation", "ignore"), "deviation"),
        _tolerance(data),
        _weights(data, automaton),
        {**data, "valid_from": valid_from.isoformat()} if valid_from else data,
    )


def _rules(data: dict[str, Any], known: Sequence[str]) -> tuple[Rule, ...]:
    rules = tuple(parse_rule(text, list(known)) for text in _list(data, "rules"))
    texts = [rule.text for rule in rules]
    if twice := [text for text in texts if texts.count(text) > 1]:
        raise ConfigError(f"rules: {twice[0]!r} stands there twice; expected each rule once")
    return rules


def _day(data: dict[str, Any], key: str) -> dt.date | None:
    value = data.get(key)
    if value is not None and (not isinstance(value, dt.date) or isinstance(value, dt.datetime)):
        raise ConfigError(f"{key}: got {value!r}, expected a day such as 2026-03-02, without quotes")
    return value


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
            hint = did_you_mean(step, sorted(automaton.labels), "expected one of steps")
            raise ConfigError(f"weights.{step}: not a step of this process; {hint}")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise ConfigError(f"weights.{step}: got {value!r}, expected a whole number from 1 to 1000")
    return dict(weights)
