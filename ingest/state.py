"""The high-water mark outside of the database: what the last run left in the warehouse.

DuckDB drops a torn or missing write-ahead log without a word, and an operator may put an older file back: the next run
compares the mark before it writes anything.
"""

from __future__ import annotations

import json
from pathlib import Path

from ingest.durable import write_atomically
from ingest.errors import StateError
from ingest.site import Site
from ingest.store import Store

_ZERO = {"n_files": 0, "n_lines": 0, "generation": 0}


def check(site: Site) -> None:
    """Raises StateError when the warehouse holds less, or is older, than what the last run left."""
    path = _mark(site)
    if not path.exists():
        return
    try:
        expected = {name: int(n) for name, n in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise StateError(f"{path}: damaged; delete it if warehouse.duckdb beside it is the newest") from error
    found = _ZERO
    if site.warehouse.exists():
        with Store.open(site.warehouse, read_only=True) as store:
            found = _state(store)
    if any(found[name] < expected.get(name, 0) for name in found):
        raise StateError(
            f"{site.warehouse}: holds {_told(found)}, but the last run left {_told(_ZERO | expected)}; put the newest "
            "warehouse back, or delete it together with state.json to rebuild from the raw files"
        )


def advance(store: Store) -> None:
    """Count one more run that wrote to the warehouse; before the checkpoint that ends it."""
    store.run("update warehouse set generation = generation + 1", name="generation")


def mark(site: Site) -> None:
    """Write down what the warehouse holds now; after the checkpoint, with the warehouse closed."""
    with Store.open(site.warehouse, read_only=True) as store:
        state = _state(store)
    write_atomically(_mark(site), json.dumps(state) + "\n")


def _mark(site: Site) -> Path:
    return site.var / "state.json"


def _state(store: Store) -> dict[str, int]:
    if not store.has_table("ledger"):
        return dict(_ZERO)
    n_files, n_lines = store.rows("select count(*), coalesce(sum(n_lines), 0) from ledger where status = 'loaded'")[0]
    generation = store.value("select generation from warehouse") if store.has_table("warehouse") else 0
    return {"n_files": int(n_files), "n_lines": int(n_lines), "generation": int(generation)}


def _told(state: dict[str, int]) -> str:
    return "{n_files} files and {n_lines} lines after {generation} writing stages".format(**state)
