"""run.json: what a run did, in a form that other programs may rely on. `python -m ingest schema run` prints its schema.

A run is one stage, or a nightly job with its stages. Fields are only ever added within a schema version. No value out
of a log is in it.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.durable import write_atomically
from ingest.site import Site

RUN_VARIABLE = "FRONTSTAGE_RUN"


class Record(BaseModel):
    """Base of all machine-readable output: no field that the schema does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AuditResult(Record):
    """One fault that an audit found in the night's data (ingest/audits)."""

    audit: str
    severity: Literal["warn", "error"]
    publishes: bool = Field(description="false: no report is published while this holds")
    source: str | None
    n: int
    of_n: int | None
    message: str


class StageRecord(Record):
    """One stage of a run."""

    stage: str
    exit_code: int
    reason: str
    seconds: float = 0
    publish: bool = Field(True, description="whether the stages after it may go on and publish")
    night: dt.date | None = None
    figures: dict[str, Any] = Field({}, description="the stage's own counts")
    restated: list[dt.date] = Field([], description="earlier days that late data changed")
    audits: list[AuditResult] = []


class RunRecord(Record):
    """run.json. `exit_code`, `stage` and `reason` are those of the process: of the last stage that did not end well."""

    schema_version: Literal[1] = 1
    run_id: str
    exit_code: int = 0
    stage: str = ""
    reason: str = "ok"
    seconds: float = 0
    night: dt.date | None = None
    restated: list[dt.date] = []
    audits: list[AuditResult] = []
    stages: list[StageRecord] = []

    def with_stage(self, stage: StageRecord) -> RunRecord:
        """This run after one more stage."""
        fails = stage.exit_code != 0 or self.exit_code == 0
        told = stage if fails else self
        return self.model_copy(
            update={
                "exit_code": told.exit_code,
                "stage": told.stage,
                "reason": told.reason,
                "seconds": round(self.seconds + stage.seconds, 1),
                "night": stage.night or self.night,
                "restated": [*self.restated, *stage.restated],
                "audits": [*self.audits, *stage.audits],
                "stages": [*self.stages, stage],
            }
        )


def run_path(site: Site, run_id: str) -> Path:
    """Where a run's record is."""
    return site.runs / run_id / "run.json"


def read_run(path: Path) -> RunRecord | None:
    """A run's record; None when it is missing, damaged or of another version."""
    try:
        return RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def append(site: Site, run_id: str, stage: StageRecord) -> RunRecord:
    """Add a stage to a run's record. Raises OSError when it can't be written."""
    path = run_path(site, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    run = (read_run(path) or RunRecord(run_id=run_id)).with_stage(stage)
    write_atomically(path, as_json(run))
    return run


def as_json(record: BaseModel) -> str:
    """A record as it is written and printed: sorted keys, so that equal records are equal bytes."""
    return json.dumps(record.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def new_run_id(site: Site) -> str:
    """The next run's number. Not a clock: two runs in one second must differ, and a replay must not depend on the
    time."""
    numbers = [int(p.name[1:]) for p in site.runs.glob("r*") if p.name[1:].isdigit()]
    return f"r{max(numbers, default=0) + 1:06d}"
