"""The warehouse's own schema: a new one is made whole, an older one is brought forward, a newer one is left alone.

`schema.sql` is the present schema and states its number. `migrations/NNN_name.sql` leads to schema NNN from the one
before. Both happen in a file beside the warehouse that takes its place in one rename, so that a run that dies, or
a disk that fills, leaves the warehouse that was there.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from ingest.durable import rename
from ingest.errors import StateError
from ingest.store import Store

log = logging.getLogger("frontstage.schema")
SCHEMA = files("ingest").joinpath("schema.sql").read_text(encoding="utf-8")
VERSION = int(re.search(r"cast\((\d+) as utinyint\) as schema_version", SCHEMA)[1])  # type: ignore[index]


def prepare(warehouse: Path, line_salt: str) -> None:
    """Make the warehouse, or bring it to the present schema; its file from before is kept as <name>.schemaN.duckdb.

    `line_salt` keys the names of lines that an early schema left unkeyed. Only the holder of the site lock may call it,
    with the warehouse closed. Raises StateError for a newer schema.
    """
    if not warehouse.exists():
        with _beside(warehouse) as fresh, Store.open(fresh) as store:
            store.run(SCHEMA, name="schema.sql")
            store.checkpoint()
        return
    found = version_of(warehouse)
    if found == VERSION:
        return
    with Store.open(warehouse) as store:
        if not found:
            store.run(SCHEMA, name="schema.sql")
        store.checkpoint()  # so that the one file is all of it
    if not found:
        return
    with _beside(warehouse) as fresh:
        shutil.copyfile(warehouse, fresh)
        with Store.open(fresh) as store:
            store.run("set variable line_salt = $salt", {"salt": line_salt}, name="line_salt")
            _migrate(store, found)
            store.checkpoint()
        _keep(warehouse, warehouse.with_name(f"{warehouse.stem}.schema{found}.duckdb"))


def version_of(warehouse: Path) -> int:
    """The schema of an existing warehouse, 0 of one without tables. Raises StateError when a later release made it."""
    with Store.open(warehouse, read_only=True) as store:
        if store.has_table("warehouse"):
            found = int(store.value("select schema_version from warehouse"))
        else:
            found = 1 if store.has_table("ledger") else 0  # schema 1 did not state its number
    if found > VERSION:
        raise StateError(
            f"{warehouse}: has schema {found}, this release knows schemas up to {VERSION}; it was left as it is; "
            "install the release that wrote it, or a later one"
        )
    return found


def migrations() -> dict[int, str]:
    """The statements that lead to each schema, by its number."""
    folder = files("ingest").joinpath("migrations")
    found = {int(entry.name[:3]): entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    return dict(sorted(found.items()))


def _migrate(store: Store, found: int) -> None:
    for version, statements in migrations().items():
        if version > found:
            with store.transaction():
                store.run(statements, name=f"migration {version}")
                store.run("update warehouse set schema_version = $version", {"version": version}, name="version")
            log.warning("warehouse brought from schema %d to %d", version - 1, version)


@contextmanager
def _beside(warehouse: Path) -> Iterator[Path]:
    """A file to work on that takes the warehouse's place when the block ends well."""
    fresh = warehouse.with_name(f"{warehouse.stem}.new.duckdb")
    for left_over in (fresh, fresh.with_name(fresh.name + ".wal")):
        left_over.unlink(missing_ok=True)
    yield fresh
    rename(fresh, warehouse)


def _keep(warehouse: Path, backup: Path) -> None:
    """A second name for the warehouse's file, which stays when the warehouse is replaced."""
    backup.unlink(missing_ok=True)
    try:
        os.link(warehouse, backup)
    except OSError:  # a file system without hard links
        shutil.copyfile(warehouse, backup)
