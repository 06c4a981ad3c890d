"""Typed rows: what `figures` reads from the warehouse and the views turn into text. Counts are integers, times ms."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Night:
    """Size and window of the data. `facts` is the table run_fact as it stands."""

    as_of: dt.date
    data_from: dt.datetime | None
    data_to: dt.datetime | None
    n_events: int
    n_visible: int
    n_customers: int
    n_journeys: int
    n_order_journeys: int
    n_closed_journeys: int
    n_journey_events: int
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class StepFigure:
    """One declared, visible step that occurs. `gap_ms`: median ms since the step before, in the same journey."""

    step: str
    label: str
    stage: str
    channel: str
    department: str | None
    kind: str
    n_events: int
    n_raw: int
    n_journeys: int
    n_customers: int
    n_starts: int
    n_ends: int
    since_start_ms: int | None
    gap_ms: int | None
    wait_ms: int | None
    engaged_ms: int | None


@dataclass(frozen=True, slots=True)
class MoveFigure:
    """One directly-follows pair: `n` moves, with the median and 90th percentile of the time between."""

    source: str
    target: str
    n: int
    n_journeys: int
    n_customers: int
    gap_ms: int | None
    gap_p90_ms: int | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None when there is none, `n` the size of the sample."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class FindingFigure:
    """A row of the finding table, its JSON read. Field meanings: method.md 0.4."""

    finding_id: str
    label: str
    kind: str
    status: str
    grade: str
    rank: int
    title: str
    evidence_text: str
    caution: str
    where: dict[str, Any]
    window: dict[str, Any]
    n: dict[str, Any]
    effect: dict[str, Any]
    ci: dict[str, Any]
    p: float | None
    q: float | None
    family: str | None
    m: int | None
    cost: dict[str, Any]
    evidence: dict[str, Any]
    robustness: dict[str, Any]
    extra: dict[str, Any]
    first_seen: dt.date | None
    last_seen: dt.date | None
    definition_version: str
    config_hash: str
    input_hash: str
    seed: str
    n_nights: int
    of_nights: int

    @property
    def place(self) -> dict[str, Any]:
        """`where`, with the steps of a cycle in the order in which they are gone round most often."""
        order = self.extra.get("cycle")
        return {**self.where, "cycle": order} if order and "cycle" in self.where else self.where

    @property
    def number(self) -> int:
        """The number on the map: F-07 is 7."""
        digits = "".join(c for c in self.label if c.isdigit())
        return int(digits) if digits else self.rank


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of an example journey: ms since the journey's start, and since the event before (None: the first)."""

    step: str
    at_ms: int
    gap_ms: int | None
    n_raw: int


@dataclass(frozen=True, slots=True)
class Example:
    """An example journey, by pseudonym."""

    key: str
    is_complete: bool
    n_events: int
    duration_ms: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence of steps, page views left out, that journeys share exactly."""

    steps: tuple[str, ...]
    n_journeys: int
    n_customers: int
    median_ms: int | None
    n_calls: int


@dataclass(frozen=True, slots=True)
class WaySummary:
    """The most frequent ways, of how many ways and journeys; ways of too few customers; journeys of page views only."""

    top: tuple[Way, ...]
    n_ways: int
    n_journeys: int
    n_small_ways: int
    n_browsing: int
    of_orders: bool


@dataclass(frozen=True, slots=True)
class FileAccount:
    """The identity of one delivered file: n_lines = n_accepted + n_duplicate + n_quarantined + n_blank.

    `n_held_back`: an unfinished last line, read once the file has grown; `n_dropped` is part of n_accepted.
    """

    source: str
    path: str
    n_lines: int
    n_accepted: int
    n_duplicate: int
    n_quarantined: int
    n_blank: int
    n_held_back: int
    n_dropped: int
    n_raw_events: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A named count, with what it belongs to. `n_names`: names that are one row, since few customers have each."""

    group: str
    name: str
    n: int
    of_n: int | None = None
    note: str | None = None
    n_names: int = 1


@dataclass(frozen=True, slots=True)
class ClockFigure:
    """Two sources' clocks at one kind of moment: `ahead_ms` of `source` over `other`, negative when it is behind.

    `is_best`: of the kinds of moment of the two, the one that tells most exactly. `n_turned` of `n_moves` moves between
    the two lie within the skew; None where the clocks are together. `days`: (day, moments, ahead_ms), where enough.
    """

    source: str
    other: str
    moment: str
    n: int
    ahead_ms: int
    spread_ms: int
    low_ms: int | None
    high_ms: int | None
    is_best: bool
    is_apart: bool
    verdict: str
    n_moves: int | None
    n_turned: int | None
    days: tuple[tuple[dt.date, int, int], ...]


@dataclass(frozen=True, slots=True)
class SearchedUnits:
    """How many units findings were looked for in: the customers that propose, and those kept apart."""

    n_discovery: int
    n_confirm: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.n_discovery + self.n_confirm


@dataclass(frozen=True, slots=True)
class NotTold:
    """A record that is not shown: its sample by split, and the smallest effect it could have shown, where stated."""

    kind: str
    status: str
    units: int
    n_discovery: int
    n_confirm: int
    smallest: float | None


@dataclass(frozen=True, slots=True)
class SearchFigure:
    """What findings were looked for in.

    `closed`: closed journeys; `cases`: those that an intended process speaks of; `n_asked`: journeys of the step that
    asks most often, None where no step asks; `told`: findings shown, by kind; `family_sizes`: tests per family.
    """

    closed: SearchedUnits
    cases: SearchedUnits
    n_asked: int | None
    told: dict[str, int]
    not_told: tuple[NotTold, ...]
    family_sizes: dict[str, int]
