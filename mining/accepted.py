"""`process/accepted.toml`: findings that the business knows of and accepts. They are told on, and wake nobody.

With `carried_out`, the day from which customers met what was done about it, a finding is followed on: whether what it
promised came true (mining/changes/promises.py).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field

from ingest.settings import Strict, read_toml, validate


class Acceptance(Strict):
    """One accepted finding, by its label (F-03) or its finding_id."""

    finding: str = Field(pattern=r"^(F-\d{2,}|[0-9a-f]{16})$", description="label such as F-03, or finding_id")
    since: dt.date
    reason: str = Field(min_length=1, max_length=200)
    carried_out: dt.date | None = Field(None, description="the day from which customers meet what was done about it")
    washout_weeks: int = Field(1, ge=0, le=26, description="weeks after that day that do not count yet")


class Accepted(Strict):
    """The whole file."""

    accepted: list[Acceptance] = []


def load(path: Path) -> list[Acceptance]:
    """The accepted findings; none when there is no file. Raises ConfigError for what is wrong."""
    return validate(Accepted, read_toml(path), path).accepted if path.exists() else []


def by_id(accepted: list[Acceptance], labels: dict[str, str]) -> tuple[dict[str, Acceptance], list[str]]:
    """(finding_id -> acceptance, the names that mean no finding). `labels` = finding_id -> label."""
    ids = {label: finding_id for finding_id, label in labels.items()} | {one: one for one in labels}
    known = {ids[one.finding]: one for one in accepted if one.finding in ids}
    return known, [one.finding for one in accepted if one.finding not in ids]
