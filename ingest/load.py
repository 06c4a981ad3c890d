"""Loads delivered files, each in one transaction with its ledger row: all of a file or nothing of it.

    lines read = accepted + duplicate + quarantined + blank      asserted before the commit, per file

Lines are cut in Python a block at a time (reader.py) and parsed in SQL by the source's adapter. Python sees single
values only where a file's distinct values are few: identifiers to pseudonymise, user agents, codes, wall-clock
quarter hours.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ingest.adapters import Adapter, FileContext, adapters
from ingest.errors import ConfigError, FrontstageError
from ingest.forgotten import Forgotten
from ingest.grown import grown_from, known_lines
from ingest.kept import clean_kept
from ingest.local_times import plausible, settle
from ingest.packed import UnreadableFile
from ingest.pseudonym import normalise, pseudonyms
from ingest.reader import Reading, deliveries, one_ahead, read_blocks
from ingest.records import cut_json, rows_as_text
from ingest.robots import is_robot
from ingest.scrub import mask, scrub
from ingest.settings import SourceSection, suggestion
from ingest.site import Site
from ingest.source_rules import BY_STREAM, check_rules, lines_known_by
from ingest.store import Store
from ingest.telling import Teller
from ingest.units import sql
from ingest.unlocking import unlock

log = logging.getLogger("frontstage.load")


@dataclass(frozen=True)
class Loaded:
    """What one run of `load` did: numbers of files and lines."""

    n_files: int
    n_new_files: int
    n_refused: int
    n_lines: int


def load(site: Site, store: Store) -> Loaded:
    """Load every file that the ledger does not hold yet. Raises ConfigError for a missing inbox or unknown adapter."""
    store.run(sql("schema.sql"), name="schema.sql")
    key, forgotten = unlock(site, store)
    for source in site.settings.source:
        if source.adapter not in adapters():
            raise ConfigError(
                f"source {source.name!r}: unknown adapter {source.adapter!r}; {suggestion(source.adapter, adapters())}"
            )
    found = [(source, site.inbox(source)) for source in site.settings.source]
    store.run("set preserve_insertion_order = false", name="order")  # every statement that needs an order says so
    counts = [0, 0, 0]
    teller = Teller(sum(1 for source, folder in found for _ in deliveries(folder, source.files)))
    for rank, (source, folder) in enumerate(found):
        source_id = _source_id(store, source, rank)
        check_rules(site, store, source_id, source, key)
        loaded = _loaded(store, source_id)
        for path, refusal in deliveries(folder, source.files):
            hint = _hint(path)
            if hint is None:
                continue
            counts[0] += 1
            teller.next()
            name = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
            held_back = loaded.get((name, *hint))
            if held_back == 0:
                continue
            file = FileLoad(
                site, store, source, source_id, path, name, hint, key, forgotten, hold_back=held_back is None
            )
            counts[1] += 1
            teller.reading(source.name, name)
            try:
                if refusal:
                    raise UnreadableFile(refusal)
                with store.transaction():
                    file.load()
                teller.has_read(store, source.name, name)
            except UnreadableFile as error:
                counts[2] += 1
                with store.transaction():
                    file.refuse(str(error))
    store.run("set preserve_insertion_order = true", name="order")
    n_lines = store.value("select coalesce(sum(n_lines), 0) from ledger")
    return Loaded(counts[0], counts[1], counts[2], int(n_lines))


class FileLoad:
    """One file on its way into the warehouse."""

    def __init__(
        self,
        site: Site,
        store: Store,
        source: SourceSection,
        source_id: int,
        path: Path,
        name: str,
        hint: tuple[int, int],
        key: bytes,
        forgotten: Forgotten,
        *,
        hold_back: bool,
    ) -> None:
        self.adapter: Adapter = adapters()[source.adapter]
        self.site, self.store, self.source, self.source_id = site, store, source, source_id
        self.name, self.hint, self.key, self.hold_back = name, hint, key, hold_back
        self.forgotten = forgotten
        self.reading = Reading(path)
        self.zone = source.timezone or site.settings.site.timezone
        self.is_known_by_stream = lines_known_by(store, source_id) == BY_STREAM

    def load(self) -> None:
        """Stage, accept, account. Raises UnreadableFile when nothing of the file may be used."""
        store = self.store
        self.prepare()
        for block in one_ahead(self._blocks()):
            self._stage(block)
        store.drop("delivered")
        self.n_unanswered = int(store.value(sql("loading/unanswered.sql")))
        self._note_robots()
        settle(store, self.zone)
        self.forgotten.drop_lines(store, self.source)
        store.run(sql("loading/accept.sql"), name="loading/accept.sql")
        clean_kept(store, self.key)
        store.put("named", self._pseudonyms())
        store.put("scrubbed", self._codes())
        store.run(sql("loading/events.sql"), name="loading/events.sql")
        store.drop("named")
        store.drop("scrubbed")
        self._account()

    def prepare(self) -> None:
        """Make the temporary tables, macros and variables that the adapter's SELECT finds."""
        store = self.store
        store.run(sql("loading/stage.sql"), name="loading/stage.sql")
        store.run(f"create or replace temp macro unwanted(raw) as {self.adapter.unwanted}", name="unwanted")
        store.run(f"create or replace temp macro is_directive(raw) as {self.adapter.is_directive}", name="directive")
        self._set_variables()

    def refuse(self, reason: str) -> None:
        """Write a file that can't be used into the ledger, with the reason, so that reports can show it."""
        self._forget_ledger_row()
        self.store.run(
            """insert into ledger
            select nextval('seq_file'), $source_id, $path, null, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, 'refused',
            $reason, $size, $mtime, null, null""",
            {
                "source_id": self.source_id,
                "path": self.name,
                "reason": reason,
                "size": self.hint[0],
                "mtime": self.hint[1],
            },
            name="refuse",
        )
        shown = scrub(self.name)
        told = {"event": "file_refused", "source": self.source.name, "file": shown}
        log.warning("%s/%s: refused: %s", self.source.name, shown, reason, extra=told)

    def _blocks(self) -> Iterator[pa.Table]:
        """The file's lines; a replay has others."""
        adapter = self.adapter
        return read_blocks(
            self.reading, adapter.records, self.source.encoding,
            hold_back=self.hold_back, elements=adapter.elements, attributes=self.source.attributes,
        )  # fmt: skip

    def _set_variables(self) -> None:
        fields = {name: 8 + 2 * i for i, name in enumerate(self.source.extra)}
        values = {
            "source_id": self.source_id,
            "source_name": self.source.name,
            "rule_version": self.adapter.rule_version,
            "n_quoted": 7 + 2 * len(self.source.extra),
            "known_lines": self._known_lines(),
            "cookie_field": fields.get("cookie", 0),
            "cookie_name": self.source.cookie or "",
            "forwarded_field": fields.get("forwarded_for", 0),
            **plausible(self.source, self.zone),
        }
        for name, value in values.items():
            self.store.run(f"set variable {name} = $value", {"value": value}, name=name)
        self.store.run("set variable file_id = nextval('seq_file')", name="file_id")
        self.store.run("set variable load_no = getvariable('file_id')", name="load_no")

    def _stage(self, block: pa.Table) -> None:
        store = self.store
        store.refill("delivered", block)
        records = self._records()
        kind = "view" if records == "select * from delivered" else "table"
        store.run(f"create or replace temp {kind} block as {records}", name="block")
        store.run("set variable stream = $stream", {"stream": self._stream()}, name="stream")
        store.run(sql("loading/block.sql"), name="loading/block.sql")
        store.run("set variable first_line_no = (select min(line_no) from block_line)", name="first_line_no")
        # the columns that the adapter does not know are NULL
        answer = f"create or replace temp view answer as from stage where false union all by name from ({self.query()})"
        store.run(answer, name="answer")
        store.run(sql("loading/answers.sql"), name=f"adapters/{self.adapter.name}")
        store.run(sql("loading/faults.sql"), name="loading/faults.sql")
        store.run(f"drop {kind} block", name="block")

    def _records(self) -> str:
        """SQL of the records in `delivered`, as `block` holds them."""
        if self.reading.columns is not None:
            return rows_as_text(self.reading.columns, is_json=self.adapter.records == "json")
        return cut_json(self.adapter.list_key) if self.adapter.records == "json" else "select * from delivered"

    def query(self) -> str:
        """The adapter's SELECT for this file. Raises UnreadableFile when the adapter can't read such a file."""
        return self.adapter.query(self._context())

    def _stream(self) -> str:
        """What a line is known by beside its text. Raises UnreadableFile."""
        return self.adapter.stream(self._context()) if self.is_known_by_stream else ""

    def _context(self) -> FileContext:
        return FileContext(self.source, self.name, self._header())

    def _header(self) -> list[str] | None:
        if self.reading.columns is not None:
            return list(self.reading.columns)
        if self.reading.header is None:
            return None
        return [
            str(field)
            for field in self.store.value("select csv_fields($header)", {"header": self.reading.header}) or []
        ]

    def _note_robots(self) -> None:
        """Put the robots among the file's user agents into `robot`."""
        agents = self.store.rows("select distinct agent from stage where agent is not null order by agent")
        self.store.put("found", pa.table({"agent": [a for (a,) in agents if is_robot(a)]}, schema=_ROBOTS))
        self.store.run("insert into robot select agent from found", name="robots")
        self.store.drop("found")

    def _pseudonyms(self) -> pa.Table:
        """Pseudonyms of the file's identifiers: (kind, value, pseudonym)."""
        country = self.site.settings.site.country
        written_in = self.source.country or country
        rows: tuple[list[str], list[str], list[str]] = ([], [], [])
        nobody: dict[str, set[str | None]] = {
            kind: {normalise(kind, value, country) for value in values}
            for kind, values in self.site.settings.identity.shared.items()
        }
        by_kind: dict[str, list[str]] = {}
        for kind, value in self.store.rows("select kind, value from plain_id order by kind, value"):
            by_kind.setdefault(kind, []).append(value)
        for kind, values in sorted(by_kind.items()):
            forms = [(value, normalise(kind, value, written_in, self.source.phone_format)) for value in values]
            pairs = [(value, form) for value, form in forms if form is not None and form not in nobody.get(kind, set())]
            rows[0].extend(kind for _ in pairs)
            rows[1].extend(value for value, _ in pairs)
            rows[2].extend(pseudonyms(self.key, kind, [form for _, form in pairs]))
        self.store.put("named_text", pa.table({"kind": rows[0], "value": rows[1], "pseudonym": rows[2]}, schema=_NAMED))
        return self.store.arrow("select kind, value, cast(pseudonym as uuid) as pseudonym from named_text")

    def _codes(self) -> pa.Table:
        """The file's codes without personal data: (plain, code)."""
        plain = [row[0] for row in self.store.rows("select distinct code from stage where code is not null order by 1")]
        return pa.table({"plain": plain, "code": [scrub(code) for code in plain]}, schema=_SCRUBBED)

    def _account(self) -> None:
        """Mask quarantined values, write the ledger row, assert the identity."""
        store = self.store
        values = store.rows(
            """select distinct value_masked from quarantine
            where file_id = getvariable('file_id') and value_masked is not null"""
        )
        store.put(
            "masked", pa.table({"value": [v for (v,) in values], "shape": [mask(v) for (v,) in values]}, schema=_MASKED)
        )
        store.run(
            """update quarantine set value_masked = m.shape from masked as m
            where file_id = getvariable('file_id') and value_masked = m.value""",
            name="mask",
        )
        store.drop("masked")
        self._forget_ledger_row()
        reading = self.reading
        store.run(
            sql("loading/ledger.sql"),
            {
                "path": self.name, "n_lines": self._lines_read(), "sha256": reading.sha256, "n_bytes": reading.n_bytes,
                "n_held_back": reading.n_held_back, "has_header": reading.n_header,
                "size": self.hint[0], "mtime": self.hint[1], "header": reading.header,
            },
            name="loading/ledger.sql",
        )  # fmt: skip
        self._fold()
        n_lines, accounted = store.rows(sql("loading/identity.sql"))[0]
        if n_lines != accounted or self.n_unanswered:
            raise FrontstageError(
                f"{self.source.name}/{scrub(self.name)}: {n_lines} lines read but {accounted} accounted for, "
                f"{self.n_unanswered} unanswered by {self.adapter.name}; nothing of the file was kept; this is a bug"
            )

    def _fold(self) -> None:
        """Put a file that has grown to the account of its earlier state."""
        is_document = self.adapter.records in ("json", "xml", "ocel") or self.reading.columns is not None
        earlier = None if is_document else grown_from(self.store, self.reading.path, self.name)
        if earlier is not None:
            self.store.run("set variable into_id = $id", {"id": earlier}, name="into_id")
            self.store.run(sql("loading/dropped_together.sql"), name="loading/dropped_together.sql")
            self.store.run(sql("loading/grown.sql"), name="loading/grown.sql")

    def _known_lines(self) -> int:
        """How many of its first lines were read when the file was shorter."""
        if self.adapter.records != "lines":
            return 0
        return known_lines(self.store, self.source_id, self.reading.path, self.name)

    def _lines_read(self) -> int:
        """Lines as the reader counted them; of a JSON document, its records."""
        if self.adapter.records == "json":
            return int(self.store.value("select count(*) from stage_line"))
        return self.reading.n_lines

    def _forget_ledger_row(self) -> None:
        """A file that was delivered again under its name replaces its refusal; loads are all kept."""
        self.store.run(
            "delete from ledger where source_id = $source_id and path = $path and status = 'refused'",
            {"source_id": self.source_id, "path": self.name},
            name="ledger",
        )


_NAMED = pa.schema([("kind", pa.string()), ("value", pa.string()), ("pseudonym", pa.string())])
_ROBOTS = pa.schema([("agent", pa.string())])
_SCRUBBED = pa.schema([("plain", pa.string()), ("code", pa.string())])
_MASKED = pa.schema([("value", pa.string()), ("shape", pa.string())])


def _source_id(store: Store, source: SourceSection, rank: int) -> int:
    """The number of a source, given at its first sight; its rank follows the order in site.toml."""
    found = store.rows("select source_id, adapter from source where name = $name", {"name": source.name})
    if not found:
        store.run(
            "insert into source select coalesce(max(source_id), 0) + 1, $name, $adapter, $rank from source",
            {"name": source.name, "adapter": source.adapter, "rank": rank},
            name="source",
        )
        return _source_id(store, source, rank)
    if found[0][1] != source.adapter:
        raise ConfigError(
            f"source {source.name!r}: was loaded by adapter {found[0][1]!r} and is now declared {source.adapter!r}; "
            "give the new source another name"
        )
    store.run("update source set rank = $rank where name = $name", {"rank": rank, "name": source.name}, name="source")
    return int(found[0][0])


def _hint(path: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None when it is gone since it was listed: it comes under its new name."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _loaded(store: Store, source_id: int) -> dict[tuple[str, int, int], int]:
    """Lines held back of each file of a source that was loaded, by its name, size and time of change.

    A refused file counts as never loaded: it is tried again each night. A line held back is taken on the next night
    that finds the file unchanged, for then its writer has left it so.
    """
    query = """select path, size_hint, mtime_hint, min(n_held_back) from ledger
    where source_id = $source_id and status = 'loaded' group by all"""
    return {(name, size, mtime): held for name, size, mtime, held in store.rows(query, {"source_id": source_id})}
