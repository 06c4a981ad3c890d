"""Adapters: one self-describing file per raw format, found by scanning this folder.

A `.sql` adapter is one SELECT over the view `line` (line_no, raw) with the columns of `stage`
(ingest/loading/stage.sql) that it knows, at least one row for each line; options of the source reach it as variables.
A `.py` adapter has the same front matter as constants and a function `query(context)` that writes that SELECT from
the source's own configuration. Where equal lines of two files may say different things, such as the rows of two tables,
its function `stream(context)` names what else a line is known by.

A `.sql` adapter of a format most of whose lines are not wanted may declare `unwanted`: an SQL expression of `raw` that
gives the reason to drop a line, or NULL. It is a short cut and no rule: the SELECT, which sees only the lines that it
leaves, would have dropped them for the same reason.

Columns: `problem_field`, `problem_value`, `problem_expectation` send the line to quarantine; `drop_reason` says why
it is not wanted; else `code` and a moment (`occurred_at` in UTC, or `local_at` on the source's clock) make an event,
and identifiers without a code are kept as links between identifiers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ingest.settings import SourceSection
from ingest.units import scan


@dataclass(frozen=True)
class FileContext:
    """What an adapter may know of the file at hand: its source's section, its name, its CSV header."""

    source: SourceSection
    file_name: str
    header: list[str] | None


@dataclass(frozen=True)
class Adapter:
    """One raw format: how files are cut into records, and the SELECT that reads them."""

    name: str
    summary: str
    records: str
    codes: str
    query: Callable[[FileContext], str]
    list_key: str | None = None
    rule_version: str = "1"
    unwanted: str = "cast(null as varchar)"
    stream: Callable[[FileContext], str] = lambda _: ""


@cache
def adapters() -> dict[str, Adapter]:
    """All adapters by name."""
    folder = Path(__file__).parent
    found = {unit.stem: _from_sql(unit.stem, unit.meta, unit.body) for unit in scan(folder, ".sql")}
    for path in sorted(folder.glob("*.py")):
        if path.stem != "__init__":
            found[path.stem] = _from_module(importlib.import_module(f"ingest.adapters.{path.stem}"), path.stem)
    return dict(sorted(found.items()))


def _from_sql(name: str, meta: dict[str, Any], body: str) -> Adapter:
    return Adapter(
        name,
        meta["summary"],
        meta["records"],
        meta["codes"],
        lambda _: body,
        meta.get("list"),
        str(meta.get("version", 1)),
        meta.get("unwanted", Adapter.unwanted),
    )


def _from_module(module: ModuleType, name: str) -> Adapter:
    stream = getattr(module, "stream", Adapter.stream)
    return Adapter(name, module.SUMMARY, module.RECORDS, module.CODES, module.query, stream=stream)
