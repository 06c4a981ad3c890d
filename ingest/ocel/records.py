"""Records of an object-centric log, each of which can be understood alone: an event with its objects and their types,
an object with the objects it is related to.

    {"event": id, "type": ..., "time": ..., "attributes": {name: text}, "objects": [{"id": ..., "type": .., "as": ..}]}
    {"object": id, "type": ..., "objects": [...]}

A log tells types, relations and attributes elsewhere than events, in any order, so all is put on disk first, into a
temporary database of SQLite's own that has no name and goes with the process; memory does not grow with the log. Texts
come out alike whatever form they were told in, so that a log that comes again in another form is the same lines. An
object that is related to none is no record: it is told with its events.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any, Protocol

import pyarrow as pa

from ingest.ocel import json_form, sqlite_form, xml_form
from ingest.ocel.told import Event, Object, Relation, Told, no_ocel
from ingest.xml_records import block_of

BATCH_RECORDS = 4096
BLOCK_RECORDS, BLOCK_CHARACTERS = 65_536, 16 * 1024 * 1024
_TABLES = """
create table event (n integer primary key, id text, told text);
create table object (id text, type text);
create table relation (of text, source text, target text, qualifier text);
create table value (object text, name text, time text, value text)
"""
_INDEXES = """
create index event_id on event (id);
create index object_id on object (id, type);
create index relation_source on relation (of, source);
create index value_object on value (object)
"""
_IN = "in (select value from json_each(?))"


class Counts(Protocol):
    """What is found out of a file while it is read."""

    n_lines: int


def ocel_blocks(
    chunks: Iterator[bytes], reading: Counts, attributes: Sequence[str], schema: pa.Schema
) -> Iterator[pa.Table]:
    """Blocks of `schema` with the records of a file, whose form its first bytes tell. `attributes` are those wanted of
    objects, as 'type.attribute'. Raises UnreadableFile for what is no OCEL; blocks given before must then be
    forgotten."""
    first = next(chunks, b"")
    if not first:
        return
    chunks = chain((first,), chunks)
    begin = first.lstrip()[:1]
    if is_database(first):
        told = sqlite_form.told(chunks)
    elif begin in (b"{", b"<"):
        told = json_form.told(chunks) if begin == b"{" else xml_form.told(chunks)
    else:
        raise no_ocel("neither JSON, XML nor SQLite")
    wanted = {name for name in attributes if "." in name}
    with closing(sqlite3.connect("", check_same_thread=False, isolation_level=None)) as database:
        log = _Log(database, wanted)
        try:
            log.fill(told)
            texts: list[str] = []
            n_characters = 0
            for text in log.records():
                texts.append(text)
                n_characters += len(text)
                if len(texts) == BLOCK_RECORDS or n_characters > BLOCK_CHARACTERS:
                    yield block_of(texts, reading, schema)
                    texts, n_characters = [], 0
            if texts:
                yield block_of(texts, reading, schema)
        except sqlite3.OperationalError as error:  # of our own database: the disk is full, or fails
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def is_database(begin: bytes) -> bool:
    """Whether a file that begins so is a SQLite database."""
    return begin.startswith(sqlite_form.MAGIC)


class _Log:
    """A log on its way from pieces to records."""

    def __init__(self, database: sqlite3.Connection, wanted: set[str]) -> None:
        self.database, self.wanted = database, wanted
        self.wanted_names = {name[place + 1 :] for name in wanted for place, mark in enumerate(name) if mark == "."}
        for pragma in ("journal_mode = off", "synchronous = off", "temp_store = file"):
            database.execute(f"pragma {pragma}")
        database.executescript(_TABLES)

    def fill(self, told: Iterable[Told]) -> None:
        """Put all pieces into their tables."""
        self.database.execute("begin")
        pieces = iter(told)
        while some := list(islice(pieces, BATCH_RECORDS)):
            rows: dict[str, list[tuple[Any, ...]]] = {"event": [], "object": [], "relation": [], "value": []}
            for one in some:
                if isinstance(one, Event):
                    rows["event"].append((one.id if isinstance(one.id, str) else None, _event(one)))
                elif isinstance(one, Object):
                    if isinstance(one.id, str) and isinstance(one.type, str) and one.id and one.type:
                        rows["object"].append((one.id, one.type))
                    else:
                        rows["event"].append((None, _text({"object": one.id, "type": one.type})))
                elif isinstance(one, Relation):
                    rows["relation"].append((one.of, *map(_or_null, (one.source, one.target, one.qualifier))))
                elif one.name in self.wanted_names and isinstance(one.object, str):
                    rows["value"].append((one.object, one.name, one.time, one.value))
            for table, found in rows.items():
                columns = {"event": "id, told", "object": "id, type"}.get(table)
                marks = ", ".join("?" * (2 if columns else 4))
                where = f"{table} ({columns})" if columns else table
                self.database.executemany(f"insert into {where} values ({marks})", found)
        self.database.execute("commit")
        self.database.executescript(_INDEXES)

    def records(self) -> Iterator[str]:
        """The texts of all records: events in the order of the file, then objects that are related to others."""
        events = self.database.execute("select id, told from event order by n")
        while batch := events.fetchmany(BATCH_RECORDS):
            yield from self._complete([(name, json.loads(text)) for name, text in batch], "event")
        # a relation of an event that is nowhere told is one of an event of which nothing else is known
        lost = self.database.execute(
            "select distinct source from relation "
            "where of = 'event' and source not in (select id from event where id is not null)"
        )
        while batch := lost.fetchmany(BATCH_RECORDS):
            yield from self._complete([(name, {"event": name, "objects": []}) for (name,) in batch], "event")
        objects = self.database.execute(
            "select distinct o.id, o.type from relation as r inner join object as o on o.id = r.source "
            "where r.of = 'object' order by o.id, o.type"
        )
        while batch := objects.fetchmany(BATCH_RECORDS):
            told = [(name, {"object": name, "type": kind, "objects": []}) for name, kind in batch]
            yield from self._complete(told, "object")

    def _complete(self, batch: list[tuple[str | None, dict[str, Any]]], of: str) -> Iterator[str]:
        """Records with all that is known of their objects."""
        names = [name for name, _ in batch if name]
        relations = self._grouped(
            f"select source, target, qualifier from relation where of = '{of}' and source {_IN}", names
        )
        told_twice = {
            name
            for (name,) in self.database.execute(
                f"select id from event where id {_IN} group by id having count(distinct told) > 1", (_list(names),)
            )
        }
        for name, record in batch:
            if name is not None and name in relations and isinstance(record.get("objects"), list):
                record["objects"] += [{"id": target, "as": qualifier} for target, qualifier in relations[name]]
            if of == "event" and name in told_twice:
                record["fault"] = "id"
        self._type([record for _, record in batch])
        for _, record in batch:
            yield _text(record)

    def _type(self, records: list[dict[str, Any]]) -> None:
        """Give all objects of these records their types, and the wanted attributes their value at the time."""
        listed = [record["objects"] for record in records if isinstance(record.get("objects"), list)]
        names = _list({one["id"] for objects in listed for one in objects if isinstance(one, dict) and one.get("id")})
        # an object of two types is of none
        kinds: dict[str, str] = dict(
            self.database.execute(
                f"select id, min(type) from object where id {_IN} group by id having min(type) = max(type)", (names,)
            )
        )
        values = self._grouped(f"select object, name, time, value from value where object {_IN}", json.loads(names))
        for record in records:
            if isinstance(record.get("objects"), list):
                found = [_placed(one, kinds) for one in record["objects"]]
                for one in found:
                    if at_time := self._values(values.get(one["id"] or "", []), one["type"], record.get("time")):
                        one["attributes"] = at_time
                unique = {_text(one): one for one in found}
                record["objects"] = [unique[text] for text in sorted(unique)]

    def _values(
        self, told: Sequence[tuple[str, str | None, str | None]], kind: str | None, time: Any
    ) -> dict[str, str]:
        """The wanted attributes of an object of a type as they were at a time."""
        found: dict[str, str] = {}
        now = _clock(time)
        for name, since, value in sorted(told, key=lambda one: _clock(one[1])):
            if f"{kind}.{name}" in self.wanted and value is not None and _clock(since) <= now:
                found[name] = value
        return found

    def _grouped(self, query: str, names: Iterable[str]) -> Mapping[str, list[tuple[Any, ...]]]:
        """The rows of a query by their first column."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name, *rest in self.database.execute(query, (_list(names),)):
            found.setdefault(name, []).append(tuple(rest))
        return found


def _event(one: Event) -> str:
    return _text(
        {"event": one.id, "type": one.type, "time": one.time, "attributes": one.attributes, "objects": one.objects}
    )


def _placed(one: Any, kinds: Mapping[str, str]) -> dict[str, Any]:
    name = one.get("id") if isinstance(one, dict) else None
    found = {"id": name, "type": kinds.get(name or "")}
    return found | ({"as": one["as"]} if name and one.get("as") else {})


def _clock(text: Any) -> dt.datetime:
    """A time, to hold one against another; the first of all where there is none. One without an offset is taken on the
    clock of those that have one."""
    try:
        found = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return dt.datetime.min
    if found.tzinfo is None:
        return found
    try:
        return found.astimezone(dt.UTC).replace(tzinfo=None)
    except OverflowError:
        return dt.datetime.min


def _list(names: Iterable[str]) -> str:
    return json.dumps(sorted(set(names)))


def _or_null(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _text(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates: no text, which SQL will say
        return json.dumps(record, separators=(",", ":"))
    return text
