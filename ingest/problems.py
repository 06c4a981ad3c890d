"""How a list of configuration problems is told: one line each, or as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from ingest.errors import ConfigError, ExitCode, Problem


def listed(error: ConfigError, file: Path) -> list[Problem]:
    """The problems that an error names; a message without a list is one problem of `file`."""
    if error.problems:
        return list(error.problems)
    return [Problem(str(file), "", str(error).removeprefix(f"{file}: "))]


def tell_problems(found: Sequence[Problem], *, as_json_too: bool) -> int:
    """Print the problems on stdout; returns the exit code."""
    if as_json_too:
        told = {"schema_version": 1, "problems": [dataclasses.asdict(problem) for problem in found]}
        print(json.dumps(told, indent=1, sort_keys=True))
    else:
        for problem in found:
            print(problem)
    return int(ExitCode.CONFIG if found else ExitCode.OK)
