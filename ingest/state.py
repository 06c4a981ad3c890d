"""The high-water mark outside of the database: DuckDB drops a torn or missing write-ahead log without a word."""

from __future__ import annotations

import json

from ingest.errors import StateError
from ingest.record import write_atomically
from ingest.site import Site
from ingest.store import Store


def write_state(site: Site) -> None:
    """Note how much the warehouse holds; after the checkpoint at a stage's end."""
    with Store.open(site.warehouse, read_only=True) as store:
        state = _state(store)
    write_atomically(site.var / "state.json", json.dumps(state) + "\n")


def check_state(site: Site) -> None:
    """Raises StateError when the warehouse holds less than the last run left in it."""
    path = site.var / "state.json"
    if not path.exists():
        return
    try:
        expected = {name: int(n) for name, n in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise StateError(f"{path}: damaged; delete it if warehouse.duckdb beside it is the newest") from error
    found = {"n_files": 0, "n_lines": 0}
    if site.warehouse.exists():
        with Store.open(site.warehouse, read_only=True) as store:
            found = _state(store)
    if any(found[name] < expected.get(name, 0) for name in found):
        raise StateError(
            f"{site.warehouse}: holds {found['n_files']} files and {found['n_lines']} lines, but the last run left "
            f"{expected.get('n_files')} and {expected.get('n_lines')}; put the newest warehouse back, or delete it "
            "together with state.json to rebuild from the raw files"
        )


def _state(store: Store) -> dict[str, int]:
    if not store.has_table("ledger"):
        return {"n_files": 0, "n_lines": 0}
    n_files, n_lines = store.rows("select count(*), coalesce(sum(n_lines), 0) from ledger where status = 'loaded'")[0]
    return {"n_files": int(n_files), "n_lines": int(n_lines)}
