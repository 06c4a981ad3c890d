"""An adapter tried on the head of a file: the true loader reads it into a warehouse in memory, so a trial says what a
night would say of the same lines.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.adapters import Adapter, adapters
from ingest.errors import ConfigError
from ingest.forgotten import Forgotten
from ingest.load import FileLoad, load
from ingest.packed import UnreadableFile
from ingest.scrub import scrub
from ingest.settings import Settings, SiteSection, SourceSection
from ingest.site import Site
from ingest.sniffing.head import Head, plain_name
from ingest.store import Store
from ingest.units import sql

MAX_SHOWN = 10
_MOST = 0.7
_KINDS = ("customer_no", "login", "email", "order_no", "call_no", "reference", "phone", "cookie", "visitor")
# pseudonyms of a trial are shown short: they tell the lines of one person from those of another, and nothing else
_PARTY = ", ".join(
    f"(select '{kind} ' || left(cast(pseudonym as varchar), 6) from identifier where identifier_id = p.{kind})"
    for kind in _KINDS
)
_EVENTS = f"""select r.occurred_at, c.code, list_filter([{_PARTY}], lambda x: x is not null), r.product_id,
    r.order_id is not null, r.wait_ms, r.handle_ms
from raw_event as r inner join code as c using (code_id) left join party as p using (party_id)
order by r.line_no, r.part limit {MAX_SHOWN}"""

_LEFT = """select case when table_type like '%VIEW%' then 'view' else 'table' end, table_name
from information_schema.tables where table_name = 'block'"""
_TASTED = """select
    count(*) filter (where not is_blank),
    (select count(distinct line_no) from stage_bad),
    (select count(*) from stage where code is not null and problem_field is null),
    (select count(*) from stage where code is null and problem_field is null and drop_reason is null),
    (select count(*) from stage where drop_reason is not null) + count(unwanted)
from stage_line"""


@dataclass
class Trial:
    """What one adapter, with these options of its source, made of a head. Numbers of lines, or of records of JSON."""

    adapter: Adapter
    options: dict[str, Any]
    n_lines: int = 0
    n_read: int = 0
    n_dropped: int = 0
    n_events: int = 0
    n_links: int = 0
    n_told: int = 0
    reason: str = ""
    problems: list[tuple[str, str, int]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    has_local_times: bool = False
    first_at: Any = None
    last_at: Any = None

    @property
    def share(self) -> float:
        """Share of the lines that it reads; 0 when nothing is told in them."""
        return self.n_read / self.n_lines if self.n_lines and self.n_told else 0.0

    @property
    def rank(self) -> tuple[bool, float, bool, bool]:
        """The best trial has the highest: what is made for one format and reads most of a file goes before what reads
        tables or logs of any kind, whatever the latter reads; then what reads most."""
        is_own = not self.adapter.is_general
        return is_own and self.share >= _MOST, round(self.share, 2), self.n_events > 0, is_own


def trials(head: Head, names: list[str] | None = None) -> Iterator[tuple[Adapter, dict[str, Any]]]:
    """The adapters that may read such a file, each with the options to try."""
    for name, adapter in adapters().items():
        if names is not None and name not in names:
            continue
        if (adapter.records == "ocel") != (head.kind == "ocel"):
            continue
        if adapter.records == "json" and not (head.is_json or head.kind == "parquet"):
            continue
        if adapter.records == "xml" and not head.is_xml:
            continue
        if adapter.records == "csv" and (head.is_json or head.is_xml):
            continue
        if adapter.records == "lines" and head.kind != "text":
            continue
        if head.kind == "text" and adapter.sign and not re.search(adapter.sign, head.begin):
            continue
        for options in adapter.trials(head):
            wanted = options.get("when")
            if wanted is None or _is_most(str(wanted), head.lines[:100]):
                yield adapter, {key: value for key, value in options.items() if key != "when"}


def _is_most(pattern: str, lines: list[str]) -> bool:
    return 2 * sum(re.search(pattern, line.rstrip("\r")) is not None for line in lines) > len(lines)


class _Taste(FileLoad):
    """A file on its way into a warehouse, as far as its adapter's answer and no further."""

    def taste(self, trial: Trial) -> None:
        """Ask the adapter about the file's lines. Raises what the adapter raises."""
        store = self.store
        self.prepare()
        for block in self._blocks():
            self._stage(block)
        store.drop("delivered")
        n_lines, n_bad, n_events, n_links, n_dropped = store.rows(_TASTED)[0]
        trial.n_lines, trial.n_read, trial.n_events, trial.n_links = n_lines, n_lines - n_bad, n_events, n_links
        trial.n_told = n_events + n_links + n_dropped


class Bench:
    """A throw-away site in which heads are read. Its pseudonym key is made anew and forgotten."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root, self.store = root, store
        (root / "site.toml").touch()

    def taste(self, head: Head, adapter: Adapter, options: dict[str, Any]) -> Trial:
        """What an adapter makes of the lines; never raises: what it can't read it doesn't read."""
        trial = Trial(adapter, options)
        for kind, found in self.store.rows(_LEFT):  # by a trial that failed half-way
            self.store.run(f"drop {kind} {found}", name="block")
        try:
            site, source, path = self._site(head, adapter, options)
            file = _Taste(
                site, self.store, source, 1, path, path.name, (0, 0), b"", Forgotten(site, b""), hold_back=False
            )
            file.taste(trial)
        except (ConfigError, UnreadableFile) as error:
            trial.reason = str(error)
        except Exception as error:  # an adapter that fails on a foreign file has not read it
            trial.reason = type(error).__name__
        return trial

    def load(self, trial: Trial, head: Head) -> None:
        """Read the lines as a night would, and put what came of them into the trial."""
        site, _, _ = self._site(head, trial.adapter, trial.options)
        with Store.open(None, threads=1) as store:
            load(site, store)
            _fill(trial, store)

    def _site(self, head: Head, adapter: Adapter, options: dict[str, Any]) -> tuple[Site, SourceSection, Path]:
        folder = self.root / "inbox" / "src"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        name = "".join(c if c.isalnum() or c in "._- " else "_" for c in plain_name(head.path))[-100:].lstrip(".")
        path = folder / (name or "file")
        path.write_bytes(head.data)
        site = Site(self.root)
        source = SourceSection.model_validate({"name": "src", "adapter": adapter.name, **options})
        site.__dict__["settings"] = Settings(site=SiteSection(name="Sniffed"), source=[source])
        return site, source, path


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench; what the loader would say of files it can't read is for nights, not for trials."""
    logger = logging.getLogger("frontstage")
    was = logger.disabled, logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    given = {name: os.environ.pop(name) for name in ("FRONTSTAGE_KEY",) if name in os.environ}
    try:
        with tempfile.TemporaryDirectory(prefix="frontstage-sniff-") as folder:
            root = Path(folder)
            (root / "var").mkdir(mode=0o700)
            with Store.open(None, threads=1) as store:
                store.run(sql("schema.sql"), name="schema.sql")
                store.run("set variable line_salt = ''", name="line_salt")
                yield Bench(root, store)
    finally:
        os.environ.update(given)
        logger.disabled, _ = was
        logging.disable(was[1])


def _fill(trial: Trial, store: Store) -> None:
    rows = store.records("select * from ledger")
    trial.n_lines = trial.n_read = 0
    for row in rows:
        trial.reason = row["reason"] or ""
        trial.n_lines += row["n_lines"] - row["n_blank"]
        trial.n_read += row["n_accepted"] + row["n_duplicate"]
        trial.n_dropped += row["n_dropped"]
    trial.n_events = int(store.value("select count(*) from raw_event"))
    trial.n_links = int(store.value("select count(*) from link"))
    trial.n_told = trial.n_events + trial.n_links + trial.n_dropped
    trial.problems = [
        (str(field), str(expectation), int(n))
        for field, expectation, n in store.rows(
            "select field, expectation, count(*) from quarantine group by all order by 3 desc, 1, 2 limit 3"
        )
    ]
    trial.has_local_times = bool(store.value("select count(*) from raw_event where time_rule is not null"))
    trial.first_at, trial.last_at = store.rows("select min(occurred_at), max(occurred_at) from raw_event")[0]
    trial.events = [
        {
            "occurred_at": f"{at:%Y-%m-%d %H:%M:%S}",
            "code": code,
            "who": who,
            "product": scrub(product) if product else None,
            "has_order": has_order,
            "wait_s": None if wait is None else wait / 1000,
            "handle_s": None if handle is None else handle / 1000,
        }
        for at, code, who, product, has_order, wait, handle in store.rows(_EVENTS)
    ]
