"""Replays quarantined lines after a rule was mended: the warehouse ends as if the rule had never been broken.

The lines' bytes are in the warehouse, so the raw files need not be there any more. They go through the loader like
a delivery of their own, and what comes of them is put to the account of the file they came from. Identifiers' numbers
may differ from a never-broken warehouse's; nothing that is derived shows them.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.adapters import adapters
from ingest.errors import FrontstageError, UsageError
from ingest.forgotten import Forgotten
from ingest.load import FileLoad
from ingest.packed import UnreadableFile
from ingest.reader import MAX_DOCUMENT_BYTES, MAX_LINE_BYTES
from ingest.settings import SourceSection, suggestion
from ingest.site import Site
from ingest.source_rules import check_rules
from ingest.store import Store
from ingest.units import sql
from ingest.unlocking import unlock

log = logging.getLogger("frontstage.requarantine")
_FILES = """select l.* from ledger as l inner join source as s using (source_id)
where s.name = $source and l.status = 'loaded' and l.n_quarantined > 0 order by l.file_id"""


@dataclass(frozen=True)
class Replayed:
    """Lines that were in quarantine, and how many of them are there still."""

    n_lines: int
    n_left: int


def requarantine(site: Site, store: Store, only: str = "") -> Replayed:
    """Replay the quarantined lines of all sources, or of the source `only`, in one transaction.

    Raises UsageError when there is no such source. A file that the present rules can't read at all stays as it is.
    """
    names = [source.name for source in site.settings.source]
    if only and only not in names:
        raise UsageError(f"--source: got {only!r}, which is none of site.toml; {suggestion(only, names)}")
    store.run(sql("schema.sql"), name="schema.sql")
    key, forgotten = unlock(site, store)
    n_before = int(store.value("select count(*) from quarantine"))
    with store.transaction():
        for source in site.settings.source:
            for file in store.records(_FILES, {"source": source.name}) if only in ("", source.name) else []:
                _replay(site, store, source, file, key, forgotten)
        n_left = int(store.value("select count(*) from quarantine"))
    return Replayed(n_before, n_left)


class _Replay(FileLoad):
    """The quarantined lines of one file as a delivery; they are records already and need no cutting."""

    def __init__(
        self,
        site: Site,
        store: Store,
        source: SourceSection,
        file: dict[str, Any],
        key: bytes,
        forgotten: Forgotten,
    ) -> None:
        hint = (file["size_hint"], file["mtime_hint"])
        super().__init__(
            site,
            store,
            source,
            file["source_id"],
            Path(file["path"]),
            file["path"],
            hint,
            key,
            forgotten,
            hold_back=False,
        )
        self.longest = MAX_LINE_BYTES if self.adapter.records == "lines" else MAX_DOCUMENT_BYTES
        self.adapter = dataclasses.replace(self.adapter, records="lines")
        self.reading.header = file["header"]
        self.reading.n_header = int(file["header"] is not None)

    def _blocks(self) -> Iterator[pa.Table]:
        block = self.store.arrow(
            f"""select
                replay_no as line_no, cast(0 as ubigint) as byte_offset, text as raw,
                case when strlen(text) > {self.longest} then 'length' end as flaw, cast(null as blob) as original
            from replay order by replay_no"""
        )
        self.reading.n_lines = len(block) + self.reading.n_header
        yield block

    def _known_lines(self) -> int:
        return 0

    def _fold(self) -> None:
        """A replay is no state of a file."""

    def _forget_ledger_row(self) -> None:
        """A refusal of the same name is another delivery's and stays."""


def _replay(
    site: Site, store: Store, source: SourceSection, file: dict[str, Any], key: bytes, forgotten: Forgotten
) -> None:
    check_rules(site, store, file["source_id"], source, key)
    load = _Replay(site, store, source, file, key, forgotten)
    try:
        if adapters()[source.adapter].records == "csv" and load.reading.header is None:
            raise UnreadableFile("an earlier release loaded it and kept no header; rebuild the warehouse for its lines")
        store.run(sql("loading/stage.sql"), name="loading/stage.sql")  # its functions cut the header
        load.query()
    except UnreadableFile as unreadable:
        reason = str(unreadable)  # free of the file's content
        log.warning("%s/%s: its quarantined lines stay: %s", source.name, file["path"], reason)
        return
    store.run("set variable into_id = $id", {"id": file["file_id"]}, name="into_id")
    store.run("set variable source_id = $id", {"id": file["source_id"]}, name="source_id")
    store.run(sql("loading/replay.sql"), name="loading/replay.sql")
    load.load()
    store.run(sql("loading/dropped_together.sql"), name="loading/dropped_together.sql")
    store.run(sql("loading/replayed.sql"), name="loading/replayed.sql")
    n_lines, accounted = store.rows(sql("loading/identity.sql"))[0]
    if n_lines != accounted:
        raise FrontstageError(
            f"{source.name}/{file['path']}: {n_lines} lines read but {accounted} accounted for after the replay; "
            "nothing was changed; this is a bug"
        )
