"""run_fact: what a report must say of the night, without a clock, so that the same night gives the same bytes."""

from __future__ import annotations

import datetime as dt
import hashlib

import pyarrow as pa

from ingest.clock import night_ends
from ingest.site import Site
from ingest.store import Store


def undeclared(store: Store) -> tuple[int, int]:
    """Events whose code the step dictionary does not declare, and all events."""
    return tuple(store.rows("select count(*) filter (where visible is null), count(*) from event")[0])


def config_hash(site: Site) -> str:
    """A name of all that the operator declares."""
    said = (path for path in sorted(site.process.rglob("*")) if path.suffix in (".toml", ".bpmn"))
    declared = [site.root / "site.toml", *said]
    return hashlib.sha256(b"".join(path.read_bytes() for path in declared)).hexdigest()[:16]


def write_facts(site: Site, store: Store, night: dt.date, gap_days: float, gap_note: str) -> None:
    """Make run_fact (name, value)."""
    data_from, data_to, n_events = store.rows("select min(occurred_at), max(occurred_at), count(*) from event")[0]
    n_undeclared, _ = undeclared(store)
    # what was said, not how it came: a file that was delivered in two halves gives the same hash as one that came whole
    said = store.rows(
        """select s.name, sum(l.n_accepted + l.n_quarantined), bit_xor(l.lines_xor)
        from ledger as l inner join source as s using (source_id) group by s.name order by s.name"""
    )
    refused = store.rows("select path, reason from ledger where status = 'refused' order by path, reason")
    facts = {
        "site": site.name,
        "as_of": night.isoformat(),
        "timezone": site.settings.site.timezone,
        "currency": site.settings.site.currency,
        "data_from": str(data_from),
        "data_to": str(data_to),
        "night_end": str(night_ends(night, site.settings.site.timezone)),
        "n_events": str(n_events),
        "n_undeclared": str(n_undeclared),
        "gap_free_days": f"{gap_days:g}",
        "gap_free_note": gap_note,
        "min_cell": str(site.settings.privacy.min_cell),
        "retention_days": str(site.settings.privacy.retention_days or "none"),
        "config_hash": config_hash(site),
        "input_hash": hashlib.sha256(repr((said, refused)).encode()).hexdigest()[:16],
    }
    store.put("facts", pa.table({"name": list(facts), "value": list(facts.values())}))
    store.run("create or replace table run_fact as select * from facts order by name", name="run_fact")
    store.drop("facts")
