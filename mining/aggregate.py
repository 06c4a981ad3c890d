"""Builds the aggregates: every `mining/aggregates/*.sql` becomes the table of its name, in dependency order.

An aggregate is one file with TOML front matter (`summary`, `grain`, `reads`, `[columns]`) and one query. All of them
lean on what ingest guarantees: `journey_event` is stored by journey and time with `pos` = 1, 2, 3 ... The two
tables that `mining.sequences` cuts out of it, `journey_sequence` and `distinct_sequence`, can be read while the
aggregates are built.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from pathlib import Path

from ingest.store import Store
from ingest.units import Unit, in_dependency_order, scan
from mining import sequences

log = logging.getLogger("frontstage.aggregate")
FOLDER = Path(__file__).parent / "aggregates"
CUT = ("journey_sequence", "distinct_sequence")


def units() -> list[Unit]:
    """All aggregates, each after the ones it reads."""
    return in_dependency_order(scan(FOLDER, ".sql"))


def is_kept(unit: Unit) -> bool:
    """False for a helper (`keep = false`) that lives only while the aggregates are built."""
    return bool(unit.meta.get("keep", True))


def build(store: Store, *, drop_helpers: bool = True, wanted: Collection[str] | None = None) -> dict[str, float]:
    """Build the aggregates, or only the `wanted` ones and what they read; helpers are temporary.

    Returns the seconds each took, for logs and benchmarks only.
    """
    started = time.perf_counter()
    for name, table in zip(CUT, sequences.cut(store), strict=True):
        store.put(name, table)
    store.run(f"set variable middle_pos = {int(store.value('select coalesce(max(pos), 0) from journey_event')) // 2}")
    seconds = {CUT[0]: time.perf_counter() - started}
    ordered = units() if wanted is None else _needed(units(), wanted)
    for unit in ordered:
        started = time.perf_counter()
        kind = "table" if is_kept(unit) else "temporary table"
        store.run(f"create or replace {kind} {unit.stem} as\n{unit.body}", name=f"aggregate {unit.stem}")
        seconds[unit.stem] = time.perf_counter() - started
    for name in CUT:
        store.drop(name)
    for unit in ordered:
        if drop_helpers and not is_kept(unit):
            store.run(f"drop table temp.{unit.stem}", name=f"drop helper {unit.stem}")
    return seconds


def _needed(ordered: list[Unit], wanted: Collection[str]) -> list[Unit]:
    """The units that are wanted, and those they read."""
    names = set(wanted)
    for unit in reversed(ordered):
        if unit.stem in names:
            names.update(unit.meta.get("reads", []))
    return [unit for unit in ordered if unit.stem in names]
