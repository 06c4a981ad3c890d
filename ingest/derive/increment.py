"""What a night derives anew, and what it keeps of the night before.

A night compares what it knows with what the night before knew: new files, records told again, identifiers that now
belong to somebody else, codes that now mean something else. The customers whom that touches, and whoever shares a
visit or a call with them, are derived anew from all their raw events, by the same statements that derive everything;
the others are kept whole, under new numbers. So the tables are, row by row, those of a night that derives all.

All is derived anew when the configuration or the program changed, or when the night goes back in time. Where raw events
of old were taken away (retention, forget), what is left is compared event by event.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import pyarrow as pa

from ingest.derive.facts import config_hash
from ingest.site import Site
from ingest.store import Store
from ingest.units import sql

log = logging.getLogger("frontstage.increment")
KEPT = ("customer", "event", "journey", "journey_event", "usual")
_REMEMBERED = ("party_customer", "party_used", "code_match", "code_meaning")
MAX_ROUNDS = 20
_KNOWN_ROWS = "select cast(count(*) as varchar) from raw_event where load_no <= $mark"


class OpenClosure(Exception):
    """A customer who was to be kept got a new event: what is derived anew was chosen too small. A bug, but harmless."""


@dataclass
class Increment:
    """`is_all`: everything is derived anew. `has_moved`: raw events of old came or went. The gap that parts journeys is
    found on the way."""

    is_all: bool
    has_moved: bool
    gap_before: str | None = None
    gap_days: float = 0.0
    gap_note: str = ""

    @property
    def is_told_anew(self) -> bool:
        """Whether what was told of records of old is read anew: the rules changed, or records came or went."""
        return self.is_all or self.has_moved

    def ask(self, store: Store) -> None:
        """Make `asked_party`: sets of identifiers whose use is counted anew; `kept_use`: what is known of others."""
        if self.is_told_anew:
            store.run("create or replace temp table asked_party as from party", name="asked_party")
            store.run("create or replace temp view kept_use as select null, null, null where false", name="kept_use")
        else:
            store.run(sql("derive/asked_parties.sql"), name="derive/asked_parties.sql")

    def reach(self, store: Store) -> None:
        """Make `affected`: the live events that are derived anew; `touched`: the customers of then who are."""
        if self.is_all and store.has_table("customer_before"):
            store.run("create or replace temp table touched as select customer_id from customer_before", name="touched")
        if not self.is_all:
            for name in ("changes.sql", "moved.sql", "touched.sql"):
                if name != "moved.sql" or self.has_moved:
                    store.run(sql(f"derive/{name}"), name=f"derive/{name}")
            n, rounds = -1, 0
            while (now := int(store.value("select count(*) from touched"))) != n and rounds < MAX_ROUNDS:
                n, rounds = now, rounds + 1
                store.run(sql("derive/reach.sql"), name="derive/reach.sql")
            log.debug("%d customers of before are touched, after %d rounds", n, rounds)
        if not self.is_all:
            store.run(sql("derive/affected.sql"), name="derive/affected.sql")
        store.run(
            f"""create or replace temp view affected as
            select * exclude (raw_id, record_key, record_version, record_hash)
            from timed_event semi join {"live" if self.is_all else "affected_id"} using (raw_id)""",
            name="affected",
        )

    def keep(self, store: Store, name: str) -> None:
        """Run a statement file about what is kept."""
        if not self.is_all:
            store.run(sql(f"derive/{name}"), name=f"derive/{name}")

    def unite(self, store: Store, name: str) -> None:
        """Make the view all_NAME: what was derived tonight, and what is kept. Raises OpenClosure."""
        if name == "customer" and not self.is_all:
            store.run(
                """create or replace temp view kept_customer as
                select * exclude (customer_id, n_identifiers) from customer_before
                where customer_id not in (from touched)""",
                name="kept_customer",
            )
            if store.value("select count(*) from fresh_customer semi join kept_customer using (customer_key)"):
                raise OpenClosure
        kept = "" if self.is_all else f" union all by name from kept_{name}"
        store.run(f"create or replace temp view all_{name} as from fresh_{name}{kept}", name=f"all_{name}")

    def choose_customers(self, store: Store) -> None:
        """Make `anew`: the customers whose journeys are cut anew; all of them when the gap that parts needs moved."""
        is_all = self.is_all or self.gap_before != repr(self.gap_days)
        kept = "" if is_all else " anti join kept using (customer_id)"
        store.run(f"create or replace temp table anew as select customer_id from customer{kept}", name="anew")


def begin(site: Site, store: Store) -> Increment:
    """Compare with the night before; put its tables aside under the name NAME_before."""
    known = dict(store.rows("select name, value from derived_night"))
    mark = int(known.get("load_mark", 0))
    is_all = (
        not all(store.has_table(name) for name in (*KEPT, *_REMEMBERED))
        or known.get("rules") != _rules(site)
        or store.value("select getvariable('night_end') < $before::timestamp", {"before": known["night_end"]})
    )
    for name in KEPT:
        store.run(f"drop table if exists {name}_before", name=name)
        if store.has_table(name):
            store.run(f"alter table {name} rename to {name}_before", name=name)
    if not is_all:
        store.run("set variable load_mark = $mark", {"mark": mark}, name="load_mark")
        before = {"before": known["night_end"]}
        store.run("set variable night_before = $before::timestamp", before, name="night_before")
    has_moved = known.get("known_rows") != store.value(_KNOWN_ROWS, {"mark": mark})
    return Increment(is_all, has_moved, known.get("gap_days"))


def remember(site: Site, store: Store, increment: Increment) -> None:
    """Write down what the next night compares with, and whose key is another now."""
    if store.has_table("event_before") and store.has_table("customer_before"):
        store.run(sql("derive/customer_changes.sql"), name="derive/customer_changes.sql")
    store.run(sql("derive/remember.sql"), name="derive/remember.sql")
    for name in KEPT:
        store.run(f"drop table if exists {name}_before", name=name)
    mark = int(
        store.value(
            "select greatest(max(r.load_no), (select max(o.load_no) from order_product as o), 0) from raw_event as r"
        )
    )
    known = {
        "load_mark": str(mark),
        "known_rows": store.value(_KNOWN_ROWS, {"mark": mark}),
        "rules": _rules(site),
        "night_end": str(store.value("select getvariable('night_end')")),
        "gap_days": repr(increment.gap_days),
    }
    store.put("known", pa.table({"name": list(known), "value": list(known.values())}))
    store.run("create or replace table derived_night as select * from known order by name", name="derived_night")
    store.drop("known")


def forget(store: Store) -> None:
    """Let the next `begin` derive all anew."""
    store.run("delete from derived_night", name="derived_night")


def _rules(site: Site) -> str:
    """A name of all that decides what is derived from the same raw events: configuration and program."""
    digest = hashlib.sha256(config_hash(site).encode())
    for path in _texts(files("ingest")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _texts(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if path.is_dir():
            found += _texts(path)
        elif path.name.endswith((".py", ".sql")):
            found.append(path)
    return found
