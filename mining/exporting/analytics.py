"""Export: `analytics.duckdb`, a database for analysts: tables, views, and a comment on each of them and on its columns.

It is a copy, so that nobody who looks something up stands in the way of a night, and it is written in DuckDB's storage
format 1.4, so that notebooks, DBeaver and the command line open it though their DuckDB is older than ours.
README, "Ask the tables yourself", has example queries.
"""

from __future__ import annotations

from pathlib import Path

from ingest.store import Store, literal

NAME = "analytics"
SUMMARY = "a database of pseudonyms only, that DuckDB from 1.4 on opens"
IS_INTERCHANGE = False
FILES = ("analytics.duckdb",)
_SQL = Path(__file__).with_name("analytics.sql")


def write(store: Store, folder: Path) -> None:
    """The database, in one file."""
    path = literal(folder / FILES[0])
    store.run(f"attach {path} as analytics (read_write, storage_version 'v1.4.0')", name="analytics")
    try:
        store.run(_SQL.read_text(encoding="utf-8"), name="analytics")
        store.run("checkpoint analytics", name="analytics")
    finally:
        store.run("detach analytics", name="analytics")
