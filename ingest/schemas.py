"""The JSON Schemas of what operators write and of what other programs read: made from the models that check it."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel

from ingest.record import RunRecord
from ingest.rehearsal import Plan
from ingest.settings import Settings
from ingest.sniffing.tell import SniffedFiles
from ingest.status import Status
from ingest.touch import StepDictionary

MODELS: dict[str, type[BaseModel]] = {
    "site": Settings,
    "steps": StepDictionary,
    "run": RunRecord,
    "dry-run": Plan,
    "status": Status,
    "sniff": SniffedFiles,
}


def schema_of(name: str) -> str:
    """The schema of one of MODELS, as text."""
    mode: Literal["validation", "serialization"] = "validation" if name in ("site", "steps") else "serialization"
    return json.dumps(MODELS[name].model_json_schema(mode=mode), indent=1, sort_keys=True) + "\n"
