"""Where on the map a finding sits, and which class a path has.

A finding names its place in `where` (method.md 0.4): step, prev, next, or an ordered list of steps (cycle, members).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reports.maps import ALLOWED, DEVIATION, INTENDED

COSTLY = (
    "deviation.",
    "loop.",
    "rework",
    "repeat_contact",
    "re_ask",
    "failure_point",
    "outcome_path",
    "page_calls",
    "empty_search",
    "help_before_call",
    "back_and_forth",
    "form_given_up",
    "status_again",
    "channel_switch",
    "duplicate_request",
)
"""Kinds whose paths are drawn as deviations. Others (merge, what-if ...) only carry their number."""

_LISTS = ("cycle", "members", "steps", "pair", "path")
_SINGLE = ("prev", "context", "step", "menu", "a", "b", "next")


@dataclass(frozen=True, slots=True)
class Place:
    """The steps a finding is about, in order, and the paths between them."""

    steps: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]


def place_of(kind: str, where: Mapping[str, Any], known: frozenset[str]) -> Place:
    """Steps and paths of a finding, as far as they are visible steps of the map."""
    chain = next((_steps(where[name]) for name in _LISTS if name in where), [])
    closes = kind.startswith("loop.")
    if not chain:
        chain = [step for name in _SINGLE if name in where for step in _steps(where[name])]
    chain = [step for step in dict.fromkeys(chain) if step in known]
    paths = list(itertools.pairwise(chain))
    if closes and chain:
        paths.append((chain[-1], chain[0]))
    if kind == "deviation.skipped":  # the path that is not taken can't be marked
        paths = []
    return Place(tuple(chain), tuple(paths))


def _steps(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def edge_class(pair: tuple[str, str], deviating: Iterable[tuple[str, str]], intended: Iterable[tuple[str, str]]) -> str:
    """The class of a path. `deviating`: paths of findings that cost; `intended`: what may follow what by the intended
    process."""
    if pair in deviating:
        return DEVIATION
    return INTENDED if pair in intended else ALLOWED
