"""`process/accepted.toml`: findings that the business knows of and accepts. They are told on, and wake nobody."""

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
