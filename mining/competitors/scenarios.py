"""scenarios.toml: by which of our steps the log knows a scenario of the shops (method 10.2, rule 3).

    [[scenario]]
    scenario = "where_is_my_order"
    label = "Ask where the order is"
    steps = ["call_status", "track"]

A contact of ours is of the scenario whose step comes first in it. A scenario without an entry is known by its own name
where that is a step or a stage of the dictionary.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ingest.errors import ConfigError, Problem
from ingest.settings import Strict, read_toml, suggestion, validate

Name = Annotated[str, Field(min_length=1, max_length=80)]


@dataclass(frozen=True)
class Scenario:
    """A scenario: its words, and our steps that tell it; none where the log can't know it."""

    scenario: str
    label: str
    steps: tuple[str, ...]


class Entry(Strict):
    """One scenario of the file."""

    scenario: Name
    label: Name | None = None
    steps: list[str] = Field(min_length=1, description="steps of process/steps.toml")


class File(Strict):
    """The whole of scenarios.toml."""

    scenario: list[Entry] = []


def load_scenarios(path: Path | None, used: Collection[str], known: Mapping[str, str]) -> dict[str, Scenario]:
    """The scenarios that shops use, by name. `known` = step -> stage of the dictionary. Raises ConfigError."""
    entries = validate(File, read_toml(path), path).scenario if path is not None and path.exists() else []
    wrong = []
    for number, entry in enumerate(entries):
        wrong += [
            Problem(str(path), f"scenario.{number}.steps", f"got {step!r}; {suggestion(step, known)}")
            for step in entry.steps
            if step not in known
        ]
        if sum(one.scenario == entry.scenario for one in entries[: number + 1]) > 1:
            wrong.append(Problem(str(path), f"scenario.{number}", f"{entry.scenario!r} is there twice, expected once"))
    if wrong:
        raise ConfigError(f"{path}: {wrong[0].key}: {wrong[0].what}", tuple(wrong))
    found = {one.scenario: Scenario(one.scenario, one.label or one.scenario, tuple(one.steps)) for one in entries}
    for name in sorted(used):
        own = [name] if name in known else [step for step, stage in known.items() if stage == name]
        found.setdefault(name, Scenario(name, name, tuple(own)))
    return found
