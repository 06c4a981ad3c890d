"""Journeys cut anew with another gap, to see whether what mining finds hangs on where they are cut (method 2.2)."""

from __future__ import annotations

from ingest.settings import JourneySection
from ingest.store import Store
from ingest.units import sql

STEPS = (
    ("newest.sql", ""),
    ("journeys.sql", "journey"),
    ("stored_journeys.sql", ""),
    ("journey_events.sql", "journey_event"),
    ("stored_journey_events.sql", ""),
)


def night_gap_days(store: Store) -> float | None:
    """The gap that parted the night's journeys; None where the warehouse does not say."""
    if not store.has_table("derived_night"):
        return None
    known = store.value("select value from derived_night where name = 'gap_days'")
    return None if known is None else float(known)


def recut(beside: Store, settings: JourneySection, gap_days: float, events_max: int) -> float:
    """Make journey and journey_event in the scratch database of `beside` (Store.beside), cut at `gap_days`.

    Of more than `events_max` events, those of a part of the customers. Returns that share of the customers.
    """
    variables = {
        "gap_free_s": gap_days * 86_400,
        "before_order_s": settings.before_order_days * 86_400,
        "after_order_s": settings.after_order_days * 86_400,
    }
    for name, seconds in variables.items():
        beside.run(f"set variable {name} = $value", {"value": round(seconds)}, name=name)
    beside.run(
        "set variable night_end = (select value::timestamp from derived_night where name = 'night_end')",
        name="night_end",
    )
    every = 1 + int(beside.value("select count(*) from event where customer_id is not null")) // events_max
    # customers are numbered in the order of their keyed pseudonyms: every k-th one is a fair draw
    beside.run(
        "create or replace temp table anew as select customer_id from customer where customer_id % $every = 0",
        {"every": every},
        name="anew",
    )
    for name, table in STEPS:
        beside.run(sql(f"derive/{name}"), name=f"derive/{name}")
        if table:
            beside.run(f"create or replace temp view all_{table} as from fresh_{table}", name=f"all_{table}")
    return 1 / every
