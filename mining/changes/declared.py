"""`process/changes.toml`: changes that the business declares, before anybody looks at their effect (method note 8.1).

    [[change]]
    change = "ivr_v2"                              # its id, which findings are named by
    label = "New phone menu on the service line"   # how reports call it
    date = 2026-01-12                              # the day it went live, on the site's clock
    affected = { line = ["service-line"] }         # whom it touched ...
    control = { line = ["b2b-line"] }              # ... and who was left as they were
    expected = { transfers_per_call = "down" }

A group is told by what call, web and order logs carry. Within a key any of the values will do, over keys all must hold;
`*` stands for anything. A contact belongs to the group of its first event that matches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ingest.settings import Strict, read_toml, suggestion, validate
from mining.changes.metrics import METRICS, OF_VISITS

FILE = "changes.toml"
Direction = Literal["up", "down"]


class Group(Strict):
    """Which contacts are meant. At least one key."""

    queue: list[str] = Field([], description="queue or reason of the call, as its source tells it (Asterisk: queue)")
    line: list[str] = Field([], description="dialled line: first word of a call's code (Asterisk CDR: dcontext)")
    department: list[str] = []
    step: list[str] = []
    channel: list[str] = []
    page: list[str] = Field([], description="path of a web page, such as '/checkout/*'")
    code: list[str] = Field([], description="a source's own code, such as 'ENTERQUEUE service*'")

    @model_validator(mode="after")
    def _says_something(self) -> Group:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError(f"names nobody, expected at least one of {', '.join(type(self).model_fields)}")
        return self

    def told(self) -> str:
        """The group as it is declared: 'line = service-line; step = menu, talk'."""
        keys = [(name, getattr(self, name)) for name in type(self).model_fields]
        return "; ".join(f"{name} = {', '.join(values)}" for name, values in keys if values)


class Wave(Strict):
    """A part of a staggered roll-out: who got the change on a day of their own."""

    date: dt.date
    affected: Group


class Change(Strict):
    """One change."""

    change: str = Field(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$", description="small letters, digits, underscore")
    label: str = Field(min_length=1, max_length=80)
    date: dt.date | None = Field(None, description="the first day with it; not for a change in waves")
    affected: Group | None = None
    control: Group | None = None
    wave: list[Wave] = []
    metrics: list[str] = Field([], description="what is looked at; all that its groups can tell, unless said")
    expected: dict[str, Direction] = {}
    washout_weeks: int = Field(1, ge=0, le=26)
    definition_check: str | None = Field(
        None, min_length=1, max_length=300, description="how it was made sure that codes mean the same before and after"
    )
    random_share: float | None = Field(
        None, gt=0, lt=1, description="part of the callers who got it by lot: affected against control, by customer"
    )
    finding: str | None = Field(
        None, pattern=r"^(F-\d{2,}|[0-9a-f]{16})$", description="the finding that it was made for"
    )

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, metrics: list[str]) -> list[str]:
        for name in metrics:
            if name == "containment":
                raise ValueError(
                    "'containment' is no success: a caller who hangs up in the phone menu counts as contained; "
                    "expected 'true_containment', which leaves out who has to call again"
                )
            if name not in METRICS:
                raise ValueError(f"got {name!r}: {suggestion(name, METRICS)}")
        if len(set(metrics)) < len(metrics):
            raise ValueError("names a metric twice")
        return metrics

    @field_validator("expected")
    @classmethod
    def _known_expected(cls, expected: dict[str, Direction]) -> dict[str, Direction]:
        for name in expected:
            if name not in METRICS:
                raise ValueError(f"got {name!r}: {suggestion(name, METRICS)}")
        return expected

    @model_validator(mode="after")
    def _fits(self) -> Change:
        if self.wave and (self.date or self.affected):
            raise ValueError("has waves, and a date or an affected group of its own; expected one of the two")
        if not self.wave and (self.date is None or self.affected is None):
            raise ValueError("has no date or no affected group; expected both, or [[change.wave]] entries with them")
        if self.wave and len({one.date for one in self.wave}) < 2:
            raise ValueError("has waves on one day only; expected two days or more, or one date and one affected group")
        if self.random_share is not None and (self.control is None or self.wave):
            raise ValueError("is by lot (random_share); expected a control group, which did not get it, and no waves")
        if len({bool(group.page) for group in self._groups}) > 1:
            raise ValueError("has groups by page and groups without; visits can't be held against calls")
        if wrong := [name for name in self.metrics if (name in OF_VISITS) != self.is_of_visits]:
            raise ValueError(f"measures {wrong[0]!r}, expected {' or '.join(self._possible)} for such groups")
        if missing := sorted(set(self.expected) - set(self.chosen)):
            raise ValueError(f"expects something of {missing[0]!r}, which is none of its metrics")
        return self

    @property
    def _groups(self) -> list[Group]:
        waves = [one.affected for one in self.wave]
        return [group for group in (self.affected, self.control, *waves) if group is not None]

    @property
    def is_of_visits(self) -> bool:
        """Whether it is about pages, so that visits are counted; else calls are."""
        return any(group.page for group in self._groups)

    @property
    def _possible(self) -> list[str]:
        return [name for name in METRICS if (name in OF_VISITS) == self.is_of_visits]

    @property
    def chosen(self) -> list[str]:
        """The metrics to look at."""
        return self.metrics or self._possible

    @property
    def first_day(self) -> dt.date:
        """The day of the change, or of its first wave."""
        return self.date or min(one.date for one in self.wave)

    @property
    def waves(self) -> list[Wave]:
        """Who got it when, the earliest first; one wave where it came to all at once."""
        if self.date is not None and self.affected is not None:
            return [Wave(date=self.date, affected=self.affected)]
        return sorted(self.wave, key=lambda one: one.date)


class Changes(Strict):
    """The whole file."""

    change: list[Change] = []

    @field_validator("change")
    @classmethod
    def _ids_differ(cls, changes: list[Change]) -> list[Change]:
        names = [one.change for one in changes]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two changes are called {name!r}, expected an id of its own for each")
        return changes


def load(folder: Path) -> tuple[Change, ...]:
    """The changes of a site's `process` folder, in order of their days; none where it has no such file.

    Raises ConfigError that names what is wrong.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    found = validate(Changes, read_toml(path), path).change
    return tuple(sorted(found, key=lambda one: (one.first_day, one.change)))


def unknown_names(changes: Sequence[Change], steps: Sequence[str], departments: Sequence[str]) -> list[tuple[str, str]]:
    """(key, problem) of steps and departments in the register that the step dictionary does not have."""
    found = []
    for number, change in enumerate(changes):
        for where, group in _groups(change):
            for key, known in (("step", steps), ("department", departments)):
                found += [
                    (f"change.{number}.{where}.{key}", f"got {name!r}: {suggestion(name, known)}")
                    for name in getattr(group, key)
                    if known and "*" not in name and name not in known
                ]
    return found


def _groups(change: Change) -> list[tuple[str, Group]]:
    found = [("affected", change.affected), ("control", change.control)]
    found += [(f"wave.{number}.affected", one.affected) for number, one in enumerate(change.wave)]
    return [(where, group) for where, group in found if group is not None]
