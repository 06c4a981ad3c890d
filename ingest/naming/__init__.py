"""What the step dictionary does not name, night by night: how much of each source, and patterns that would name it.

A code is named when a pattern of its own takes it. What nobody declared is not named, nor is what only a catch-all
takes (`GET /*`). Patterns are proposed and never applied: codes of other kinds word by word (unnamed.sql), addresses as
a tree of their segments, one place at a time from the front (segment.sql). SQL counts, so a million addresses are no
more than eight passes over them.
"""

from __future__ import annotations

import pyarrow as pa

from ingest.site import Site
from ingest.store import Store
from ingest.touch import StepDictionary, is_catch_all
from ingest.units import sql

DEEPEST = 8
MOST_BRANCHES = 12
MOST_FIRST_BRANCHES = 48
MOST_TOLD = 500
MOST_NEIGHBOURS = 60


def tell_unnamed(site: Site, store: Store, steps: StepDictionary) -> None:
    """Make source_named, dictionary_pattern and proposed_pattern from event, code and code_match."""
    least = site.settings.privacy.min_cell
    _declare(store, steps)
    _run(store, "named")
    _run(store, "unnamed")
    deepest = int(store.value("select least(coalesce(max(len(parts)), 0), $most) from unnamed", {"most": DEEPEST}))
    for depth in range(1, deepest + 1):
        most = MOST_BRANCHES if depth > 1 else MOST_FIRST_BRANCHES
        store.run(
            sql("naming/segment.sql"),
            {"depth": depth, "deepest": DEEPEST, "least": least, "most": most},
            name="naming/segment.sql",
        )
    for name, value in {"least": least, "most_told": MOST_TOLD, "most_neighbours": MOST_NEIGHBOURS}.items():
        store.run(f"set variable naming_{name} = {value}", name=f"naming_{name}")
    _run(store, "proposed")
    for name in ("code_told", "unnamed", "met", "shaped", "proposed", "listed", "example", "neighbour"):
        store.run(f"drop table if exists temp.{name}", name=name)


def _declare(store: Store, steps: StepDictionary) -> None:
    """declared_pattern: the patterns of the dictionary, in its order."""
    ids = dict(store.rows("select name, source_id from source"))
    said = [
        (ids[source], step.step, pattern, is_catch_all(pattern))
        for step in steps.step
        for source, patterns in step.codes.items()
        if source in ids
        for pattern in dict.fromkeys(patterns)
    ]
    columns = list(zip(*said, strict=True)) or [(), (), (), ()]
    types = {"source_id": pa.uint8(), "step": pa.string(), "pattern": pa.string(), "is_catch_all": pa.bool_()}
    table = {name: pa.array(column, kind) for (name, kind), column in zip(types.items(), columns, strict=True)}
    table["place"] = pa.array(range(len(said)), pa.uint32())
    store.put("said", pa.table(table))
    store.run("create or replace temp table declared_pattern as from said", name="declared_pattern")
    store.drop("said")


def _run(store: Store, name: str) -> None:
    store.run(sql(f"naming/{name}.sql"), name=f"naming/{name}.sql")
