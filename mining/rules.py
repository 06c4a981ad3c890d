"""The rules of an intended process: a closed list of sentence forms (method note 3.1), read strictly.

They are evaluated in `mining.rule_activations`, each activation by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingest.errors import ConfigError
from mining.names import STEP, step_name

_TIME = r"(\d+) (business )?(minute|hour|day|week)s?"
_UNLESS = rf"(?: unless {STEP})?"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("within", re.compile(rf"^{STEP} within {_TIME} of {STEP}{_UNLESS}$")),
    ("if_then", re.compile(rf"^if {STEP} then {STEP} within {_TIME}{_UNLESS}$")),
    ("requires", re.compile(rf"^{STEP} requires {STEP} before$")),
    ("never_after", re.compile(rf"^never {STEP} after {STEP} within {_TIME}$")),
    ("at_most", re.compile(rf"^at most (\d+) {STEP} per journey$")),
    ("not_both", re.compile(rf"^not both {STEP} and {STEP}$")),
    ("starts_with", re.compile(rf"^starts with {STEP}$")),
    ("ends_with", re.compile(rf"^ends with one of {STEP}(?:, {STEP})*$")),
)
_SENTENCES = (
    "'X within 2 days of Y', 'if X then Y within 2 hours' (both may go on 'unless Z'), 'X requires Y before', "
    "'never X after Y within 7 days', 'at most 1 X per journey', 'not both X and Y', "
    "'starts with X', 'ends with one of X, Y'"
)
_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
UNITS = ("real", "business_time", "business_days")


@dataclass(frozen=True)
class Limit:
    """A span of time. `unit`: real = ms that pass; business_time = ms within working hours; business_days = working
    days, the day of the first step not counted, to the end of the last one. As it is written: `n` times `of`, such as
    "business day".
    """

    amount: int
    unit: str
    n: int
    of: str


@dataclass(frozen=True)
class Rule:
    """One sentence. `steps` in the order in which the sentence names them; `times` = the number of "at most".

    `unless` = the step with which the rule lapses: an order that is cancelled need not be delivered.
    """

    form: str
    text: str
    steps: tuple[str, ...]
    limit: Limit | None = None
    times: int = 0
    unless: str | None = None


def parse_rule(text: Any, known: list[str]) -> Rule:
    """A rule from one of the sentence forms. Raises ConfigError that lists the forms, or names a step that is wrong."""
    if not isinstance(text, str):
        raise ConfigError(f"rules: got {text!r}, expected a sentence in quotes")
    sentence = " ".join(text.split())
    for form, pattern in _FORMS:
        match = pattern.match(sentence)
        if match is None:
            continue
        groups = list(match.groups())
        limit, times, unless = None, 0, None
        if form == "ends_with":
            groups = re.findall(STEP, sentence.removeprefix("ends with one of "))
        elif form == "at_most":
            times = int(groups.pop(0))
        elif form in ("within", "if_then", "never_after"):
            at = 1 if form == "within" else 2
            limit = _limit(int(groups[at]), bool(groups[at + 1]), groups[at + 2], sentence)
            del groups[at : at + 3]
            unless = groups.pop() if form != "never_after" else None
        steps = tuple(step_name(name, f"rules: {sentence!r}", known) for name in groups)
        lapses = None if unless is None else step_name(unless, f"rules: {sentence!r}", known)
        named = steps if lapses is None else (*steps, lapses)
        if form not in ("ends_with", "never_after") and len(set(named)) != len(named):
            twice = next(step for step in named if named.count(step) > 1)
            raise ConfigError(f"rules: {sentence!r} names {twice!r} twice; expected different steps")
        return Rule(form, sentence, steps, limit, times, lapses)
    raise ConfigError(f"rules: {text!r} is none of the known sentences; expected one of {_SENTENCES}")


def _limit(amount: int, business: bool, unit: str, sentence: str) -> Limit:
    if amount < 1:
        raise ConfigError(f"rules: {sentence!r} has a limit of {amount}; expected a whole number from 1")
    if business and unit == "week":
        raise ConfigError(f"rules: {sentence!r} counts business weeks; expected business days or hours")
    of = f"business {unit}" if business else unit
    if of == "business day":
        return Limit(amount, "business_days", amount, of)
    return Limit(amount * _MS[unit], "business_time" if business else "real", amount, of)
