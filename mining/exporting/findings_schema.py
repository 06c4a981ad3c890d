"""Export: the JSON Schema of findings.json, so that a program may rely on its keys; made from the models below.

Keys are only added, never renamed or removed, within a `definition_version`. What a kind tells beyond this is in
`extra` and is described by its analysis.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from ingest.durable import write_atomically
from ingest.store import Store

NAME = "findings_schema"
SUMMARY = "what findings.json holds, as JSON Schema"
IS_INTERCHANGE = False
FILES = ("findings.schema.json",)


class Part(BaseModel):
    """A part of a finding; kinds may add keys."""

    model_config = ConfigDict(extra="allow")


class Window(Part):
    """The days that were looked at, `to` exclusive."""

    from_: dt.date = Field(alias="from")
    to: dt.date
    weeks: float
    closed: bool


class Numbers(Part):
    """How much stands behind it."""

    units: int = Field(description="what the effect is a share or mean of, in the sample")
    unit: str
    customers: int
    journeys: int
    exposed: int
    events: int | None
    sample: str = Field(description="`confirm`: measured on customers kept apart; `all`")
    n_needed: int | None = Field(description="units that it would take to tell, where there are not enough")


class Effect(Part):
    """What was measured; `value` is held against `baseline`."""

    name: str
    value: float | None
    unit: str
    baseline: float | None
    direction: Literal["up", "down", "within", "both"] | None


class Interval(Part):
    """The effect's interval, or the reason that there is none."""

    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str | None = None
    reason: str | None = None


class Estimate(BaseModel):
    """A cost with its interval."""

    low: float
    mid: float
    high: float
    unit: str


class Cost(Part):
    """What it costs a week; null with a `reason` where that can't be told. `basis`: measured, or an assumed setting."""

    customer_min_per_week: Estimate | None
    company_min_per_week: Estimate | None
    money_per_week: Estimate | None
    basis: dict[str, str | None]
    reason: dict[str, str | None]


class Evidence(Part):
    """Journeys by key: typical ones, extreme ones, and counter-examples; `sql` lists all in the warehouse."""

    typical: list[str]
    extreme: list[str]
    counter: list[str]
    sql: str
    seed: int


class FindingRecord(BaseModel):
    """One finding, as a line of findings.json."""

    model_config = ConfigDict(extra="forbid")

    finding_id: str = Field(pattern="^[0-9a-f]{16}$", description="the same on every night")
    no_label: str = Field(description="as in the report, F-07; it never means another finding")
    kind: str
    status: Literal["confirmed", "candidate", "below_tolerance", "not_enough_data", "cannot_tell", "withdrawn"]
    grade: Literal["A", "B", "C", "D"]
    rank_no: int
    title: str
    text_evidence: str
    text_caution: str
    where: dict[str, Any]
    window: Window
    n: Numbers
    effect: Effect
    ci: Interval
    p: float | None
    q: float | None
    family: str
    m: int
    cost: Cost
    evidence: Evidence
    robustness: dict[str, Any]
    first_seen: dt.date
    last_seen: dt.date
    definition_version: str
    config_hash: str
    input_hash: str
    seed: int
    extra: dict[str, Any]


class Findings(RootModel[list[FindingRecord]]):
    """findings.json: tonight's findings in the order of the report."""


def schema() -> str:
    """The schema of findings.json, as text."""
    return json.dumps(Findings.model_json_schema(), indent=1, sort_keys=True) + "\n"


def write(_store: Store, folder: Path) -> None:
    """The schema."""
    write_atomically(folder / FILES[0], schema())
