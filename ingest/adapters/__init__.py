"""Adapters: one self-describing file per raw format, found by scanning this folder.

A `.sql` adapter is one SELECT over the view `line` (line_no, raw) with the columns of `stage`
(ingest/loading/stage.sql) that it knows, at least one row for each line; options of the source reach it as variables.
A `.py` adapter has the same front matter as constants and a function `query(context)` that writes that SELECT from
the source's own configuration. Where equal lines of two files may say different things, such as the rows of two tables,
its function `stream(context)` names what else a line is known by.

Formats that tell the same kind of thing in another layout share the rest of the way: with `tells = "web_request"` the
SELECT gives the columns that shared/web_request.sql names, as many of them as its format knows, and the body of that
file makes the contract's columns of them, the checks included.

A format whose files hold lines that say how to read the others (W3C's `#Fields`) declares `is_directive`, an SQL
expression of `raw`. Such lines count as blank, as a CSV header does; the adapter finds those up to a line in the table
`directive` (line_no, raw).

A `.sql` adapter of a format most of whose lines are not wanted may declare `unwanted`: an SQL expression of `raw` that
gives the reason to drop a line, or NULL. It is a short cut and no rule: the SELECT, which sees only the lines that it
leaves, would have dropped them for the same reason.

Columns: `problem_field`, `problem_value`, `problem_expectation` send the line to quarantine; `drop_reason` says why
it is not wanted; else `code` and a moment (`occurred_at` in UTC, or `local_at` on the source's clock) make an event,
and identifiers without a code are kept as links between identifiers.

When the format of a file is asked (`python -m ingest sniff`), each adapter is tried on its first lines. What else an
adapter may say for that: `sign`, a regular expression that is found in any file of its format (without one, each file
is tried); `trials`, options of the source to try, the most telling first (a `.py` adapter's function of
the file's head; with `when`, a regular expression, only where most lines match it), and `is_general`, which says that
what an adapter made for one format reads as well is of that format.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ingest.settings import SourceSection
from ingest.units import read_unit, scan

if TYPE_CHECKING:
    from ingest.sniffing.head import Head

SHARED = Path(__file__).parent / "shared"


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
    is_directive: str = "false"
    elements: tuple[str, ...] = ()
    stream: Callable[[FileContext], str] = lambda _: ""
    trials: Callable[[Head], list[dict[str, Any]]] = lambda _: [{}]
    is_general: bool = False
    sign: str = ""


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
        lambda _: told_as(meta.get("tells"), body),
        meta.get("list"),
        str(meta.get("version", 1)),
        meta.get("unwanted", Adapter.unwanted),
        meta.get("is_directive", Adapter.is_directive),
        trials=lambda _: meta.get("trials", [{}]),
        is_general=meta.get("is_general", False),
        sign=meta.get("sign", ""),
    )


def _from_module(module: ModuleType, name: str) -> Adapter:
    stream = getattr(module, "stream", Adapter.stream)
    tells = getattr(module, "TELLS", None)
    return Adapter(
        name,
        module.SUMMARY,
        module.RECORDS,
        module.CODES,
        lambda context: told_as(tells, module.query(context)),
        getattr(module, "LIST", None),
        str(getattr(module, "VERSION", 1)),
        is_directive=getattr(module, "IS_DIRECTIVE", Adapter.is_directive),
        elements=getattr(module, "ELEMENTS", Adapter.elements),
        stream=stream,
        trials=getattr(module, "trials", Adapter.trials),
        is_general=getattr(module, "IS_GENERAL", False),
        sign=getattr(module, "SIGN", ""),
    )


@cache
def _shared(kind: str) -> tuple[str, str]:
    """(SELECT of no row with the columns of a kind of telling, what makes the contract's columns of them)."""
    unit = read_unit(SHARED / f"{kind}.sql")
    columns = ", ".join(f"cast(null as {column}) as {name}" for name, column in unit.meta["columns"].items())
    return f"select {columns} where false", unit.body


def told_as(kind: str | None, body: str) -> str:
    """An adapter's SELECT, carried on by the shared body of its kind of telling, if it has one."""
    if kind is None:
        return body
    nothing, rest = _shared(kind)
    return f"with told as ({nothing} union all by name ({body})) from ({rest})"
