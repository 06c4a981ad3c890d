"""The person behind one identifier: who they are in the warehouse, what is theirs alone, which lines are about them.

The way goes through the derived events, so it answers as the reports do. Identifiers that other customers' events carry
as well are not the subject's: they are told as shared and left to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingest.errors import StateError, UsageError
from ingest.forgotten import codes_naming, mentions
from ingest.pseudonym import STRENGTH, load_key, normalise, pseudonyms
from ingest.site import Site
from ingest.store import Store
from ingest.touch import Matcher, load_steps
from ingest.units import sql

_STRONG = tuple(kind for kind, strength in STRENGTH.items() if strength == "strong")


@dataclass(frozen=True)
class Subject:
    """A person: `customer_id` of this night (None: no event of theirs is told yet), their own identifiers as
    (kind, pseudonym), and those that they share with others."""

    customer_id: int | None
    own: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]


class Seeker:
    """Looks for one subject in an open warehouse. Leaves the temporary tables member, carried, own, own_line."""

    def __init__(self, site: Site, store: Store) -> None:
        if not store.has_table("event"):
            raise StateError(f"{site.warehouse}: no events yet, so nobody can be looked up; run `make ingest` first")
        self.site, self.store, self.key = site, store, load_key(site.var / "key")
        self.country = site.settings.site.country

    def pseudonym(self, kind: str, value: str) -> str:
        """The pseudonym of a plain value. Raises UsageError, without the value, when it identifies nobody."""
        form = normalise(kind, value, self.country)
        if form is None:
            raise UsageError(f"the value given is no {kind}; expected it as the logs write it (phones: site.country is "
                             f"{self.country})")  # fmt: skip
        return pseudonyms(self.key, kind, [form])[0]

    def find(self, kind: str, pseudonym: str) -> Subject | None:
        """Who is behind the identifier; None when the warehouse does not hold it.

        Raises UsageError when several customers share it: no answer about one may tell of another.
        """
        store = self.store
        store.run(sql("erasing/member.sql"), name="erasing/member.sql")
        query = "select identifier_id from identifier where kind = $kind and pseudonym = cast($pseudonym as uuid)"
        seed = store.value(query, {"kind": kind, "pseudonym": pseudonym})
        if seed is None:
            return None
        customer = self._customer(seed, kind)
        store.run("set variable subject_customer = $id", {"id": customer}, name="subject")
        self._grow(seed)
        self._leave_shared()
        own = _pairs(store, "select identifier_id from own")
        beside = """select m.identifier_id from member as m
        where m.party_id in (select party_id from member semi join own using (identifier_id))
            or m.identifier_id in (
                select identifier_id from carried where customer_id = getvariable('subject_customer')
            )"""
        return Subject(customer, own, tuple(pair for pair in _pairs(store, beside) if pair not in own))

    def lines(self, own: tuple[tuple[str, str], ...]) -> None:
        """Make `own_line` (source_id, file_id, line_no, line_hash)."""
        mine = set(own)
        rows = self.store.rows(
            "select s.name, c.code, c.code_id from code as c inner join source as s using (source_id)"
        )
        ids = {(source, code): code_id for source, code, code_id in rows}
        matcher = Matcher(load_steps(self.site.process / "steps.toml"))
        naming = codes_naming(
            matcher, list(ids), self.key, self.country, lambda kind, found: {p for p in found if (kind, p) in mine}
        )
        self.store.put("naming", pa.table({"code_id": pa.array([ids[pair] for pair in naming], pa.uint32())}))
        self.store.run("create or replace temp table own_code as select * from naming", name="own_code")
        self.store.drop("naming")
        self.store.run(sql("erasing/line.sql"), name="erasing/line.sql")

    def broken_lines(self, own: set[tuple[str, str]]) -> list[tuple[int, int]]:
        """Quarantined lines in which one of the identifiers can be read: (file_id, line_no)."""
        rows = "select file_id, line_no, raw from quarantine"
        found = mentions(self.store, rows, self.key, self.country, lambda kind, p: {x for x in p if (kind, x) in own})
        return [(int(file_id), int(line_no)) for file_id, line_no in found]

    def _customer(self, seed: int, kind: str) -> int | None:
        """The one customer whose events carry the identifier, or whose identifiers a record without events joins to it.

        Of a phone, cookie or visitor both count: the derived events give a household's phone to one of its members.
        """
        store = self.store
        of_seed = "select distinct customer_id from carried where identifier_id = $seed"
        beside = """select distinct c.customer_id from member as m inner join carried as c using (identifier_id)
        where m.kind in (select unnest($strong))
            and m.party_id in (select party_id from member where identifier_id = $seed)"""
        found = store.rows(of_seed, {"seed": seed})
        if kind not in _STRONG or not found:
            found = sorted({*found, *store.rows(beside, {"seed": seed, "strong": list(_STRONG)})})
        numbers = """select count(distinct identifier_id) from member
        where kind = 'customer_no' and party_id in (select party_id from member where identifier_id = $seed)"""
        if len(found) > 1 or (not found and kind != "customer_no" and store.value(numbers, {"seed": seed}) > 1):
            raise UsageError(
                f"this {kind} is on records of {len(found) or 'several'} customers (a household, a switchboard, "
                "a shop's device); name the person by an identifier of their own: customer number, login, e-mail, order"
            )
        return int(found[0][0]) if found else None

    def _grow(self, seed: int) -> None:
        """Fill `own`: what only this customer's events carry, and what records join to it by a strong identifier."""
        store = self.store
        store.run(
            """insert into own select $seed union
            select identifier_id from carried group by identifier_id
            having bool_and(customer_id = getvariable('subject_customer'))""",
            {"seed": seed},
            name="own",
        )
        step = """insert into own select distinct m.identifier_id from member as m
        where m.party_id in (
            select p.party_id from member as p semi join own using (identifier_id)
            where p.kind in (select unnest($strong)) or p.identifier_id = $seed
        )
        and m.identifier_id not in (select identifier_id from own)
        and m.identifier_id not in (
            select identifier_id from carried where customer_id is distinct from getvariable('subject_customer')
        )"""
        n_before, n = -1, 0
        while n > n_before:
            n_before = n
            store.run(step, {"strong": list(_STRONG), "seed": seed}, name="own")
            n = store.value("select count(*) from own")

    def _leave_shared(self) -> None:
        """Take phones, cookies and visitors out of `own` that a record joins to somebody else's strong identifier."""
        self.store.run(
            """delete from own where identifier_id in (
                select l.identifier_id from member as l
                inner join member as s
                    on s.party_id = l.party_id and s.kind in ('customer_no', 'login', 'email', 'order_no')
                where l.kind not in (select unnest($strong)) and s.identifier_id not in (select identifier_id from own)
            )""",
            {"strong": list(_STRONG)},
            name="own",
        )


def _pairs(store: Store, ids: str) -> tuple[tuple[str, str], ...]:
    query = f"""select kind, cast(pseudonym as varchar) from identifier where identifier_id in ({ids})
    order by kind, pseudonym"""
    return tuple((kind, pseudonym) for kind, pseudonym in store.rows(query))


def inbox_lines(store: Store, lines: str) -> list[dict[str, Any]]:
    """Where lines (a query giving file_id, line_no) stand in the inboxes: source, file, line numbers."""
    return store.records(
        f"""select s.name as source, l.path as file, list(distinct q.line_no order by q.line_no) as lines
        from ({lines}) as q inner join ledger as l using (file_id) inner join source as s using (source_id)
        group by s.name, s.rank, l.path order by s.rank, l.path"""
    )


def repeating_files(store: Store, lines: str) -> list[dict[str, Any]]:
    """Other files of the same sources that brought lines again: they may hold copies of those lines."""
    return store.records(
        f"""select s.name as source, l.path as file, l.n_duplicate
        from ledger as l inner join source as s using (source_id)
        where l.n_duplicate > 0 and s.source_id in (select source_id from ledger semi join ({lines}) using (file_id))
        order by s.rank, l.path"""
    )
