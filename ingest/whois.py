"""`whois`: a subject's access request. Everything the warehouse holds of one person, as the subject may read it.

The plain value is only compared; what is shown of identifiers is their pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.forgotten import Forgotten
from ingest.site import Site
from ingest.store import Store
from ingest.subject import Seeker, Subject, inbox_lines, repeating_files

NOTES = (
    "Broken lines are kept in quarantine as they came. Those in which an identifier can be read are listed; others "
    "can't be linked to anybody.",
    "The raw files in the inboxes are the organisation's own and hold plain values.",
)
_CUSTOMER = """select customer_key, cast(identity_strength as varchar) as identity_strength, n_events from customer
where customer_id = getvariable('subject_customer')"""
_JOURNEYS = """select
    journey_key, anchor, order_id, started_at, ended_at, is_complete,
    (select sum(m.n_raw) from journey_event as m where m.journey_id = j.journey_id)::bigint as n_events
from journey as j where customer_id = getvariable('subject_customer') order by started_at, journey_key"""
_EVENTS = """select
    e.occurred_at, e.ended_at, s.name as source, cast(e.step as varchar) as step, cast(e.channel as varchar) as channel,
    cast(e.department as varchar) as department, e.raw_code as code, e.order_id, e.call_id, e.session_id, e.product_id,
    e.intent, e.wait_ms, e.handle_ms, cast(e.attributes as varchar) as attributes
from event as e inner join source as s using (source_id)
where e.customer_id = getvariable('subject_customer') order by e.event_no"""


def whois(site: Site, store: Store, kind: str, value: str) -> dict[str, Any]:
    """The answer as a dictionary (JSON's types and datetimes). Raises UsageError for an identifier that is shared."""
    seeker = Seeker(site, store)
    pseudonym = seeker.pseudonym(kind, value)
    found = seeker.find(kind, pseudonym)
    own = found.own if found else ((kind, pseudonym),)
    seeker.lines(own)
    broken = seeker.broken_lines(set(own))
    values = ", ".join(f"({file_id}, {line_no})" for file_id, line_no in broken) or "(null, null)"
    is_forgotten = bool(Forgotten.read(site, seeker.key).known(kind, [pseudonym]))
    return {
        "found": found is not None or bool(broken),
        "forgotten_before": is_forgotten,
        **_person(store, found),
        "raw_files": inbox_lines(store, "select file_id, line_no from own_line"),
        "files_with_repeated_lines": repeating_files(store, "select file_id from own_line"),
        "quarantined": inbox_lines(
            store, f"select * from (values {values}) as t(file_id, line_no) where file_id is not null"
        ),
        "notes": list(NOTES),
    }


def _person(store: Store, found: Subject | None) -> dict[str, Any]:
    pairs = ((own, is_own) for own, is_own in ((found.own, True), (found.shared, False))) if found else ()
    identifiers = [
        {"kind": kind, "pseudonym": pseudonym, "shared": not is_own}
        for group, is_own in pairs
        for kind, pseudonym in group
    ]
    return {
        "customer": next(iter(store.records(_CUSTOMER)), None),
        "identifiers": identifiers,
        "journeys": store.records(_JOURNEYS),
        "events": store.records(_EVENTS),
    }


def as_text(answer: dict[str, Any]) -> Iterator[str]:
    """The answer as lines for a person."""
    if not answer["found"]:
        yield "nothing is held under this identifier" + ("; it was forgotten" if answer["forgotten_before"] else "")
    if answer["customer"]:
        yield "customer {customer_key}, known by {identity_strength} identity, {n_events} events".format(
            **answer["customer"]
        )
    for identifier in answer["identifiers"]:
        yield "identifier {kind} {pseudonym}".format(**identifier) + (
            ", shared with others" if identifier["shared"] else ""
        )
    for journey in answer["journeys"]:
        about = f"order {journey['order_id']}" if journey["order_id"] else "no order"
        yield "journey {journey_key}: {about}, {started_at} to {ended_at}, {n_events} events".format(
            about=about, **journey
        )
    for event in answer["events"]:
        yield "event " + ", ".join(f"{name} {value}" for name, value in event.items() if value is not None)
    for title, name in (("raw file", "raw_files"), ("quarantined", "quarantined")):
        for file in answer[name]:
            yield f"{title} {file['source']}/{file['file']}: lines {', '.join(map(str, file['lines']))}"
    for file in answer["files_with_repeated_lines"]:
        yield "may hold copies: {source}/{file} ({n_duplicate} repeated lines)".format(**file)
    yield from answer["notes"]
