"""OCEL 2.0 as a SQLite database: a table for each type of event and object, and tables that relate them.

The file is copied (and unpacked) into a temporary file first, which loses its name at once, since SQLite reads
pages and no stream, and nobody may write into what is read. Only tables are read, by plain SELECTs: a view, a virtual
table or a computed column of a hostile file could do anything, and an authorizer refuses all functions.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ingest.ocel.told import Event, Object, Relation, Told, Value, named, no_ocel, plain, scalar
from ingest.packed import UnreadableFile

MAGIC = b"SQLite format 3\x00"
MAX_VALUE_BYTES = 16 * 1024 * 1024
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_TABLES = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
}
_RELATED = {"object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier")}
_OWN = ("ocel_id", "ocel_time", "ocel_changed_field")


def told(chunks: Iterable[bytes]) -> Iterator[Told]:
    """What the database says. Raises UnreadableFile for one that is damaged or no OCEL."""
    handle, name = tempfile.mkstemp(prefix="frontstage-ocel-")
    try:
        with os.fdopen(handle, "wb") as copy:
            copy.writelines(chunks)
        database = _opened(Path(name))
    except sqlite3.Error as error:
        raise _damaged(error) from error
    finally:  # what is open stays readable, and nothing is left of it when the process dies
        Path(name).unlink()
    try:
        with closing(database):
            yield from _told(_Tables(database))
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"damaged SQLite database ({type(error).__name__}); deliver it again")


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    for pragma in ("trusted_schema = off", "cell_size_check = on", "query_only = on", "mmap_size = 0"):
        database.execute(f"pragma {pragma}")
    database.execute("select count(*) from sqlite_master")  # opens the file
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    return database


class _Tables:
    """The tables of a database, by their names, which SQLite takes in capitals or not."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        made = database.execute("select name, sql from sqlite_master where type = 'table'").fetchall()
        self.columns = {
            name.lower(): [column for _, column, *_ in database.execute(f"pragma table_info({_quoted(name)})")]
            for name, statement in made
            if not str(statement).lower().startswith("create virtual")
        }
        for name, columns in _TABLES.items():
            if not self.has(name, columns):
                raise no_ocel(f"a SQLite database without a table {name!r} of {', '.join(columns)}")
        database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)

    def has(self, name: str, columns: Iterable[str]) -> bool:
        """Whether there is a table with these columns."""
        return set(columns) <= {column.lower() for column in self.columns.get(name.lower(), ())}

    def own(self, name: str) -> list[str]:
        """The columns of a type's table that hold its own attributes."""
        return [column for column in self.columns[name.lower()] if column.lower() not in _OWN]

    def rows(self, name: str, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Some columns of a table, row by row."""
        return self.database.execute(f"select {', '.join(map(_quoted, columns))} from {_quoted(name)}")


def _told(tables: _Tables) -> Iterator[Told]:
    for name, kind in tables.rows("object", _TABLES["object"]):
        yield Object(plain(_text(name)), plain(_text(kind)))
    for of, name in (("event", "event_object"), ("object", "object_object")):
        columns = (_TABLES | _RELATED)[name]
        if tables.has(name, columns):
            for source, target, qualifier in tables.rows(name, columns):
                yield Relation(of, plain(_text(source)), scalar(_text(target)), scalar(_text(qualifier)))
    yield from _events(tables)
    for _, suffix in tables.rows("object_map_type", _TABLES["object_map_type"]):
        yield from _values(tables, f"object_{suffix}")


def _events(tables: _Tables) -> Iterator[Event]:
    """The rows of the types' tables; and those of `event` that have none there, and so no time."""
    places = {
        kind: f"event_{suffix}"
        for kind, suffix in tables.rows("event_map_type", _TABLES["event_map_type"])
        if tables.has(f"event_{suffix}", ("ocel_id", "ocel_time"))
    }
    for kind, name in places.items():
        columns = tables.own(name)
        for own, time, *values in tables.rows(name, ["ocel_id", "ocel_time", *columns]):
            attributes = named(zip(columns, map(_text, values), strict=True))
            yield Event(plain(_text(own)), plain(_text(kind)), plain(_text(time)), attributes)
    for (kind,) in tables.database.execute("select distinct ocel_type from event").fetchall():
        query = "select ocel_id from event where ocel_type is ?"
        if kind in places:
            query += f" and ocel_id not in (select ocel_id from {_quoted(places[kind])} where ocel_id is not null)"
        for (own,) in tables.database.execute(query, (kind,)):
            yield Event(plain(_text(own)), plain(_text(kind)), None, {})


def _values(tables: _Tables, name: str) -> Iterator[Value]:
    """A row of an object's type says all attributes from some time on, or the one that has changed."""
    if not tables.has(name, ("ocel_id",)):
        return
    columns = tables.own(name)
    has_time, has_changes = (tables.has(name, (column,)) for column in ("ocel_time", "ocel_changed_field"))
    own = ["ocel_id", "ocel_time" if has_time else "ocel_id", "ocel_changed_field" if has_changes else "ocel_id"]
    for row in tables.rows(name, [*own, *columns]):
        name_of, time, changed = (scalar(_text(value)) for value in row[:3])
        for column, value in zip(columns, row[3:], strict=True):
            if value is not None and (not has_changes or changed in (None, "", column)):
                yield Value(name_of, column, time if has_time else None, scalar(_text(value)))


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
