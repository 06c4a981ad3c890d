"""`forget`: a person's right to erasure. What is deleted, and what keeps it from coming back.

Their own identifiers and the lines about them become tombstones first; then their rows are deleted and everything that
is derived is derived anew. Deleting does not erase: the warehouse is rewritten at the end (erasure.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ingest.derive import derive
from ingest.erasure import Erasure
from ingest.errors import DataGateError
from ingest.forgotten import LINE_NAME, Forgotten
from ingest.pseudonym import line_salt
from ingest.site import Site
from ingest.store import Store
from ingest.subject import Seeker, inbox_lines, repeating_files
from ingest.units import sql

_OF_PEOPLE = ("customer_id", "journey_id", "journey_key", "event_no", "evidence_json")


@dataclass
class Forgetting:
    """What was deleted, for the operator: counts, and where the inboxes still hold lines of the person."""

    until: dt.date
    n_identifiers: int = 0
    n_lines: int = 0
    n_broken: int = 0
    n_journeys: int = 0
    files: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, Any]] = field(default_factory=list)
    removed_nights: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """For run.json: that it happened, not to whom."""
        return {"until": self.until.isoformat(), "n_identifiers": self.n_identifiers, "n_lines": self.n_lines}


def forget(site: Site, store: Store, kind: str, value: str, until: dt.date) -> Forgetting:
    """Delete the person behind an identifier from the warehouse and leave tombstones. Doing it again changes nothing.

    Raises UsageError when the identifier is nobody's alone. A value that the warehouse does not hold gets its tombstone
    all the same: its lines may still be on their way.
    """
    seeker = Seeker(site, store)
    pseudonym = seeker.pseudonym(kind, value)
    store.run("set variable line_salt = $salt", {"salt": line_salt(seeker.key)}, name="line_salt")
    found = seeker.find(kind, pseudonym)
    own = found.own if found else ((kind, pseudonym),)
    seeker.lines(own)
    _gather(store, seeker, own, value)
    done = Forgetting(until, len(own))
    done.n_lines, done.n_broken = store.rows("select count(*), count(*) filter (where is_broken) from gone")[0]
    done.files = inbox_lines(store, "select file_id, line_no from gone")
    done.copies = repeating_files(store, "select file_id from gone")
    names = [row[0] for row in store.rows(f"select distinct cast({LINE_NAME} as varchar) from gone")]
    journeys = _journeys(store)
    done.n_journeys = len(journeys)
    # what must come true even if the power fails now: first that they stay away, then that the rest is finished
    Forgotten.read(site, seeker.key).add(own, names, until)
    erasure = Erasure(site)
    erasure.announce(journeys)
    erasure.remove_exports()
    with store.transaction():
        store.run(sql("erasing/forget.sql"), name="erasing/forget.sql")
        store.run(sql("erasing/sweep.sql"), name="erasing/sweep.sql")
    _derive_again(site, store)
    return done


def _gather(store: Store, seeker: Seeker, own: tuple[tuple[str, str], ...], value: str) -> None:
    """`gone` (source_id, file_id, line_no, line_hash, is_broken): the lines to delete, broken ones among them."""
    broken = sorted(set(seeker.broken_lines(set(own))) | set(_holding(store, value)))
    store.put(
        "broken",
        pa.table(
            {
                "file_id": pa.array([file_id for file_id, _ in broken], pa.uint32()),
                "line_no": pa.array([line_no for _, line_no in broken], pa.uint32()),
                "text": pa.array([_text(store, *place) for place in broken], pa.string()),
            }
        ),
    )
    store.run(
        """create or replace temp table gone as
        select *, false as is_broken from own_line
        union all
        select
            l.source_id, file_id, line_no,
            -- lines that are no text came from an early schema without their identity
            coalesce(q.line_hash, cast(md5_number(getvariable('line_salt') || md5(b.text)) as uuid)), true
        from broken as b inner join ledger as l using (file_id) inner join quarantine as q using (file_id, line_no)""",
        name="gone",
    )
    store.drop("broken")


def _text(store: Store, file_id: int, line_no: int) -> str:
    """A broken line as it was when its identity was computed."""
    query = "select raw from quarantine where file_id = $file_id and line_no = $line_no"
    raw: bytes = store.value(query, {"file_id": file_id, "line_no": line_no})
    return raw.decode("utf-8", "replace")


def _holding(store: Store, value: str) -> list[tuple[int, int]]:
    """Quarantined lines that hold the very text given; not of texts so short that they may stand for anything."""
    text = value.strip().lower()
    if len(text) < 4:
        return []
    query = """select file_id, line_no from quarantine
    where contains(lower(coalesce(try(decode(raw)), cast(raw as varchar))), $text)"""
    return [(int(file_id), int(line_no)) for file_id, line_no in store.rows(query, {"text": text})]


def _journeys(store: Store) -> list[str]:
    query = "select journey_key from journey where customer_id = getvariable('subject_customer') order by journey_key"
    return [row[0] for row in store.rows(query)]


def _derive_again(site: Site, store: Store) -> None:
    """The night's tables without the person. If nobody else is there, no table that names anybody may stay."""
    night = dt.date.fromisoformat(store.value("select value from run_fact where name = 'as_of'"))
    try:
        derive(site, store, night)
    except DataGateError:
        with store.transaction():
            for name in store.tables_with(_OF_PEOPLE):
                store.run(f"drop table {name}", name="drop")
