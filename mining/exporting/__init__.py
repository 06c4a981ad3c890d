"""Exports: what a site leaves for everybody else's tools, one self-describing file each, found by scanning this folder.

A module states `NAME`, `FILES`, `SUMMARY`, `IS_INTERCHANGE` and `write(store, folder)`. It reads the temporary views of
tables.sql, which hold pseudonyms only: customers and journeys by their keys, orders and calls by keyed hashes, codes
without the numbers of orders and calls, and none that few customers share. Attributes and raw lines are left out.

Interchange formats (XES, OCEL) spell out every event, and no tool opens ten million of them: a night leaves them out of
a site with more events than `[exports] interchange_events_max`, and `make exports` writes them all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.durable import rename, sync
from ingest.errors import StorageError
from ingest.store import Store, literal
from ingest.units import modules

if TYPE_CHECKING:
    from ingest.site import Site

log = logging.getLogger("frontstage.exports")
_TABLES = Path(__file__).with_name("tables.sql")


@dataclass(frozen=True)
class Export:
    """One export as its file describes it. `write(store, folder)` makes its `files` in a folder that is there."""

    name: str
    files: tuple[str, ...]
    summary: str
    is_interchange: bool
    write: Callable[[Store, Path], None]


def scan() -> list[Export]:
    """All exports of the folder, by name. Raises FrontstageError when a file lacks its description."""
    found = modules(__name__, "an export", ("NAME", "FILES", "SUMMARY", "IS_INTERCHANGE", "write(store, folder)"))
    return [Export(one.NAME, tuple(one.FILES), one.SUMMARY, one.IS_INTERCHANGE, one.write) for one in found]


def write_nightly(site: Site, store: Store) -> None:
    """What a night writes: `[exports] formats`, of the interchange formats those of a site that is small enough.

    What is left out tonight must not stand there from another night.
    """
    settings = site.settings.exports
    n_events = int(store.value("select count(*) from event"))
    is_small = n_events <= settings.interchange_events_max
    if settings.formats is None and not is_small:
        log.info(
            "no XES, no OCEL: %d events are more than [exports] interchange_events_max = %d; `make exports` makes them",
            n_events,
            settings.interchange_events_max,
        )
    wanted = [
        one
        for one in scan()
        if (is_small or not one.is_interchange if settings.formats is None else one.name in settings.formats)
    ]
    for export in (one for one in scan() if one not in wanted):
        for name in export.files:
            (site.exports / name).unlink(missing_ok=True)
    write(site, store, [one.name for one in wanted])


def write(site: Site, store: Store, names: Collection[str]) -> list[Path]:
    """Write these exports, each file whole or not at all. Returns the files. Raises StorageError."""
    prepare(store, site)
    written = []
    aside = site.exports / "incoming.new"
    try:
        for export in (one for one in scan() if one.name in names):
            aside.mkdir(parents=True, exist_ok=True)
            for left_over in aside.iterdir():
                left_over.unlink()  # of a run that was killed, or of an export that needs a scratch file
            export.write(store, aside)
            for name in export.files:
                with (aside / name).open("rb") as file:
                    sync(file.fileno(), aside / name)
                rename(aside / name, site.exports / name)
                written.append(site.exports / name)
        for left_over in aside.glob("*"):
            left_over.unlink()
        with suppress(FileNotFoundError):
            aside.rmdir()
    except OSError as error:
        raise StorageError(
            f"{error.filename or aside}: an export can't be written ({error.strerror}); make room for it, run again"
        ) from error
    return written


def prepare(store: Store, site: Site) -> None:
    """Make the temporary views that exports read."""
    store.run("set variable export_salt = $salt", {"salt": site.salt("export")}, name="export_salt")
    few = site.settings.privacy.min_cell
    store.run("set variable few_customers = $few", {"few": few}, name="few_customers")
    store.run(_TABLES.read_text(encoding="utf-8"), name="exports")


def copy(store: Store, query: str, path: Path, options: str) -> None:
    """A query's rows as a file, in their order. `query` and `options` are our own texts, never data."""
    store.run(f"copy ({query}) to {literal(path)} ({options})", name=path.name)


LINES = "format csv, header false, quote '', escape '', delimiter '', nullstr ''"
"""Options of `copy` that write a column of texts as it stands, a line each."""
