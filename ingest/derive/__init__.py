"""From what the sources said to events, customers and journeys: derived anew each night from all that was loaded.

Each `.sql` file of this folder is one step and states what it makes. Python does what SQL can't: match codes to the
step dictionary, resolve the identifier graph, find the valley of the gaps.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections import Counter

import numpy as np
import pyarrow as pa

from ingest.clock import night_ends
from ingest.errors import DataGateError
from ingest.identity import Graph, Resolution, resolve
from ingest.pseudonym import load_key, normalise, pseudonyms
from ingest.retention import expire
from ingest.site import Site
from ingest.store import Store
from ingest.touch import Matcher, StepDictionary, load_steps
from ingest.units import sql

log = logging.getLogger("frontstage.derive")
MAX_UNDECLARED_STEPS = 500
DEFAULT_GAP_DAYS = 7.0
_DERIVED = ("journey_event", "journey", "event", "customer", "touch", "department")
_TYPES = ("step_t", "channel_t", "stage_t", "department_t", "class_t", "strength_t")


def derive(site: Site, store: Store, as_of: dt.date | None) -> dt.date:
    """Make event, customer, journey, journey_event, touch, department, data_quality, run_fact. Returns the night.

    `as_of` is the last day that counts, on the site's clock; by default the site's own, else the last full day of the
    data. Raises DataGateError when no event remains.
    """
    steps = load_steps(site.process / "steps.toml", [source.name for source in site.settings.source])
    night = as_of or site.settings.site.as_of or _last_day(store)
    store.run(
        "set variable night_end = $end::timestamp",
        {"end": night_ends(night, site.settings.site.timezone)},
        name="night_end",
    )
    expire(site, store, night)
    _run(store, "live.sql")
    if not store.value("select count(*) from live"):
        raise DataGateError(
            f"{site.root}: no event up to {night}: no usable line in the inboxes; see the quarantine counts of "
            "`python -m ingest status` and the sources of site.toml; the last report stays"
        )
    with store.transaction():  # a night that is stopped half-way leaves the tables of the night before
        _derive(site, store, steps, night)
    return night


def _derive(site: Site, store: Store, steps: StepDictionary, night: dt.date) -> None:
    _match_codes(site, store, steps)
    _dictionary(store, steps)
    _run(store, "links.sql")
    found = _resolve(store)
    for name in ("parties.sql", "sessions.sql", "events.sql"):
        _run(store, name)
    gap_days, gap_note = _gap_free_days(site, store)
    _set(store, "gap_free_s", round(gap_days * 86400))
    _set(store, "before_order_s", round(site.settings.journeys.before_order_days * 86400))
    _set(store, "after_order_s", round(site.settings.journeys.after_order_days * 86400))
    _set(store, "n_hubs", int(found.hubs.sum()))
    _set(store, "n_conflict_edges", found.n_conflict_edges)
    for name in ("journeys.sql", "journey_events.sql", "quality.sql"):
        _run(store, name)
    _facts(site, store, night, gap_days, gap_note)


def undeclared(store: Store) -> tuple[int, int]:
    """Events whose code the step dictionary does not declare, and all events."""
    return tuple(store.rows("select count(*) filter (where visible is null), count(*) from event")[0])


def _run(store: Store, name: str) -> None:
    store.run(sql(f"derive/{name}"), name=f"derive/{name}")


def _set(store: Store, name: str, value: int) -> None:
    store.run(f"set variable {name} = $value", {"value": value}, name=name)


def _last_day(store: Store) -> dt.date:
    """The last day with a plausible amount of events: a stray date in the future must not move the window."""
    rows = store.rows("select cast(occurred_at as date) as d, count(*) as n from raw_event group by d order by d")
    if not rows:
        raise DataGateError(
            "no usable line in any inbox, so there is no night to report; put raw files into SITE/inbox"
        )
    usual = sorted(n for _, n in rows)[len(rows) // 2]
    last: dt.date = max(day for day, n in rows if n * 100 >= usual)
    return last


def _match_codes(site: Site, store: Store, steps: StepDictionary) -> None:
    """code_step: what each code means, and which identifier an order named in it is."""
    matcher = Matcher(steps)
    rows = store.rows(
        """select c.code_id, s.name, c.code, (select count(*) from live as l where l.code_id = c.code_id)
        from code as c inner join source as s using (source_id) order by s.rank, c.code"""
    )
    matches = matcher.match_all((source, code) for _, source, code, _ in rows)
    rare = _rare(
        {(source, code): n for (_, source, code, n), match in zip(rows, matches, strict=True) if match.step is None}
    )
    named = [
        match.step or ("undeclared:" + (f"{source} (rare codes)" if (source, code) in rare else code))
        for (_, source, code, _), match in zip(rows, matches, strict=True)
    ]
    orders = sorted({match.order for match in matches if match.order})
    key, country = load_key(site.var / "key"), site.settings.site.country
    forms = [(order, normalise("order_no", order, country)) for order in orders]
    known = {order: pseudonyms(key, "order_no", [form])[0] for order, form in forms if form}
    store.put(
        "matched",
        pa.table(
            {
                "code_id": pa.array([row[0] for row in rows], pa.uint32()),
                "code": pa.array([row[2] for row in rows], pa.string()),
                "step": pa.array(named, pa.string()),
                "product_id": pa.array([m.product for m in matches], pa.string()),
                "order_id": pa.array([m.order for m in matches], pa.string()),
                "call_id": pa.array([m.call for m in matches], pa.string()),
                "order_pseudonym": pa.array([known.get(m.order or "") for m in matches], pa.string()),
            }
        ),
    )
    store.run(
        """create or replace temp table code_step as
        select m.* exclude (order_pseudonym), i.identifier_id as order_identifier
        from matched as m
        left join identifier as i on i.kind = 'order_no' and i.pseudonym = cast(m.order_pseudonym as uuid)""",
        name="code_step",
    )
    store.drop("matched")


def _rare(counts: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Undeclared codes beyond the most frequent ones: they share one name, so that a scan of a site makes no million
    steps."""
    ranked = sorted(counts, key=lambda code: (-counts[code], code))
    return set(ranked[MAX_UNDECLARED_STEPS:])


def _dictionary(store: Store, steps: StepDictionary) -> None:
    """touch and department, and the ENUM types of this night."""
    for table in _DERIVED:
        store.run(f"drop table if exists {table}", name=table)
    for name in _TYPES:
        store.run(f"drop type if exists {name}", name=name)
    declared = steps.step
    store.put(
        "declared",
        pa.table(
            {
                "step": [s.step for s in declared],
                "label": [s.label for s in declared],
                "stage": [s.stage for s in declared],
                "channel": [s.channel for s in declared],
                "department": pa.array([s.department for s in declared], pa.string()),
                "class": [s.kind for s in declared],
                "actor": [s.actor for s in declared],
                "visible": [s.visible for s in declared],
                "repeats": pa.array([None if s.repeats == "any" else s.repeats for s in declared], pa.int32()),
                "step_no": pa.array(range(1, len(declared) + 1), pa.uint16()),
            }
        ),
    )
    names = [d.name for d in steps.department]
    store.put(
        "lanes",
        pa.table(
            {
                "department_no": pa.array(range(1, len(names) + 1), pa.uint8()),
                "department": pa.array(names, pa.string()),
                "note": pa.array([d.note for d in steps.department], pa.string()),
            }
        ),
    )
    store.run("create table touch as select * from declared order by step_no", name="touch")
    store.run("create table department as select * from lanes order by department_no", name="department")
    store.run(sql("derive/types.sql"), name="derive/types.sql")
    store.drop("declared")
    store.drop("lanes")


def _resolve(store: Store) -> Resolution:
    """cluster_of (node, cluster, is_hub): identifiers that are one customer."""
    kinds = np.array([row[0] for row in store.rows("select kind from node order by node")], dtype=np.str_)
    edges = store.arrow("select a, b, cast(n_records as bigint) as n from edge order by a, b")
    a, b, n = (edges[name].to_numpy().astype(np.int64) for name in ("a", "b", "n"))
    found = resolve(Graph(kinds, a, b, n))
    nodes = np.arange(len(kinds), dtype=np.int64)
    store.put(
        "clusters",
        pa.table({"node": nodes, "cluster": pa.array(found.cluster, mask=found.cluster < 0), "is_hub": found.hubs}),
    )
    store.run("create or replace temp table cluster_of as select * from clusters", name="cluster_of")
    store.drop("clusters")
    return found


def _gap_free_days(site: Site, store: Store) -> tuple[float, str]:
    """The gap that parts two needs: configured, else the valley of log10 gaps between contacts, else 7 days (method
    2.2)."""
    configured = site.settings.journeys.gap_free_days
    if configured:
        return configured, "as configured"
    rows = store.rows(
        """select cast(floor(10 * log10(gap_s / 86400.0)) as integer) as tenth, count(*) as n from (
            select epoch(occurred_at - lag(occurred_at) over (partition by customer_id order by event_no)) as gap_s
            from event where visible and customer_id is not null
        ) where gap_s > 43200 group by tenth order by tenth"""
    )
    valley = valley_days(Counter({int(tenth): int(n) for tenth, n in rows}))
    if valley is None:
        return DEFAULT_GAP_DAYS, "7 days: the gaps between contacts show no clear valley"
    return valley, "at the valley of the gaps between contacts"


def valley_days(tenths: Counter[int]) -> float | None:
    """Where the histogram of gaps (in tenths of log10 days) dips between 1 and 30 days by 20 % of the lower peak, or
    None."""
    smooth = {t: tenths[t - 1] + tenths[t] + tenths[t + 1] for t in range(-3, 20)}
    if sum(tenths.values()) < 300:
        return None
    best = min(range(0, 15), key=lambda t: (smooth[t], t))
    left, right = max(smooth[t] for t in range(-3, best + 1)), max(smooth[t] for t in range(best, 20))
    dips = smooth[best] <= 0.8 * min(left, right) and 0 < best < 14
    return round(10 ** ((best + 0.5) / 10), 1) if dips else None


def _facts(site: Site, store: Store, night: dt.date, gap_days: float, gap_note: str) -> None:
    """run_fact: what a report must say of the night. No clock, so that the same night gives the same bytes."""
    data_from, data_to, n_events = store.rows("select min(occurred_at), max(occurred_at), count(*) from event")[0]
    n_undeclared, _ = undeclared(store)
    config = b"".join(p.read_bytes() for p in [site.root / "site.toml", *sorted(site.process.rglob("*.toml"))])
    # what was said, not how it came: a file that was delivered in two halves gives the same hash as one that came whole
    said = store.rows(
        """select s.name, count(*), cast(bit_xor(md5_number_lower(cast(line_hash as varchar) || k)) as varchar)
        from line_seen as l inner join source as s using (source_id) group by s.name order by s.name"""
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
        "config_hash": hashlib.sha256(config).hexdigest()[:16],
        "input_hash": hashlib.sha256(repr((said, refused)).encode()).hexdigest()[:16],
    }
    store.put("facts", pa.table({"name": list(facts), "value": list(facts.values())}))
    store.run("create or replace table run_fact as select * from facts order by name", name="run_fact")
    store.drop("facts")
