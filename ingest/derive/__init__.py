"""From what the sources said to events, customers and journeys.

Each `.sql` file of this folder is one step and states what it makes; Python does what SQL can't. A night that only
adds derives the customers anew whom something new touches, and keeps the others (increment.py); the tables are those
of a night that derives all.
"""

from __future__ import annotations

import datetime as dt
import logging

from ingest import skew
from ingest.clock import night_ends
from ingest.derive.codes import match_codes, write_dictionary
from ingest.derive.facts import undeclared, write_facts
from ingest.derive.gap import gap_free_days, valley_days
from ingest.derive.increment import Increment, OpenClosure, begin, forget, remember
from ingest.derive.resolve import resolve_identities
from ingest.errors import DataGateError
from ingest.naming import tell_unnamed
from ingest.retention import expire
from ingest.site import Site
from ingest.store import Store
from ingest.touch import StepDictionary, load_steps
from ingest.units import sql

__all__ = ["derive", "undeclared", "valley_days"]
log = logging.getLogger("frontstage.derive")


def derive(site: Site, store: Store, as_of: dt.date | None) -> dt.date:
    """Make event, customer, journey, journey_event, touch, department, data_quality, run_fact. Returns the night.

    `as_of` is the last day that counts, on the site's clock; by default the site's own, else the last full day of the
    data. Raises DataGateError when no event remains.
    """
    steps = load_steps(site.process / "steps.toml", [source.name for source in site.settings.source])
    skew.correct(site, store)
    night = as_of or site.settings.site.as_of or _last_day(store)
    store.run(
        "set variable night_end = $end::timestamp",
        {"end": night_ends(night, site.settings.site.timezone)},
        name="night_end",
    )
    expire(site, store, night)
    _run(store, "newest.sql")
    _run(store, "live.sql")
    if not store.value("select exists (from live)"):
        raise DataGateError(
            f"{site.root}: no event up to {night}: no usable line in the inboxes; see the quarantine counts of "
            "`python -m ingest status` and the sources of site.toml; the last report stays"
        )
    try:
        with store.transaction():  # a night that is stopped half-way leaves the tables of the night before
            _derive(site, store, steps, night)
    except OpenClosure:
        log.warning("what is new touches customers in a way that was not foreseen; all are derived anew")
        forget(store)
        with store.transaction():
            _derive(site, store, steps, night)
    return night


def _derive(site: Site, store: Store, steps: StepDictionary, night: dt.date) -> None:
    increment = begin(site, store)
    match_codes(site, store, steps, is_known=not increment.is_told_anew)
    write_dictionary(store, steps)
    increment.ask(store)
    _run(store, "links.sql")
    resolve_identities(store)
    _run(store, "parties.sql")
    _run(store, "meanings.sql")
    increment.reach(store)
    _run(store, "sessions.sql")
    _customers_and_events(store, increment)
    _journeys(site, store, increment)
    _run(store, "quality.sql")
    _run(store, "coarse.sql")
    skew.measure(site, store)
    tell_unnamed(site, store, steps)
    write_facts(site, store, night, increment.gap_days, increment.gap_note)
    remember(site, store, increment)


def _customers_and_events(store: Store, increment: Increment) -> None:
    _run(store, "fresh_customers.sql")
    increment.unite(store, "customer")
    _run(store, "customers.sql")
    _run(store, "engaged.sql")
    increment.keep(store, "kept.sql")
    increment.unite(store, "page")
    _run(store, "events.sql")
    increment.keep(store, "kept_events.sql")
    increment.unite(store, "event")
    _run(store, "stored_events.sql")


def _journeys(site: Site, store: Store, increment: Increment) -> None:
    settings = site.settings.journeys
    increment.gap_days, increment.gap_note = gap_free_days(site, store)
    for name, days in {
        "gap_free_s": increment.gap_days,
        "before_order_s": settings.before_order_days,
        "after_order_s": settings.after_order_days,
    }.items():
        store.run(f"set variable {name} = $value", {"value": round(days * 86400)}, name=name)
    increment.choose_customers(store)
    _run(store, "journeys.sql")
    increment.keep(store, "kept_journeys.sql")
    increment.unite(store, "journey")
    _run(store, "stored_journeys.sql")
    _run(store, "journey_events.sql")
    increment.keep(store, "kept_journey_events.sql")
    increment.unite(store, "journey_event")
    _run(store, "stored_journey_events.sql")


def _run(store: Store, name: str) -> None:
    store.run(sql(f"derive/{name}"), name=f"derive/{name}")


def _last_day(store: Store) -> dt.date:
    """The last day with a plausible amount of events: a stray date in the future must not move the window."""
    rows = store.rows("select cast(occurred_at as date) as d, count(*) as n from timed_event group by d order by d")
    if not rows:
        raise DataGateError(
            "no usable line in any inbox, so there is no night to report; put raw files into SITE/inbox"
        )
    usual = sorted(n for _, n in rows)[len(rows) // 2]
    last: dt.date = max(day for day, n in rows if n * 100 >= usual)
    return last
