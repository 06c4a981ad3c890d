"""Failings of a website: the visits that met one, and those they are held against (mining/web_failings.sql)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.store import Store
from mining import exposures, turn_sights
from mining.context import Context, quoted
from mining.exposures import Family, Subject

_SQL = Path(__file__).parent / "web_failings.sql"


@dataclass(frozen=True)
class Failing(Subject):
    """One failing. `names`: in the customer's words and in quotes, the page, the form, or the two pages."""

    names: tuple[str, ...]
    is_of_any_topic: bool


def read_families(store: Store, context: Context) -> list[Family]:
    """Each kind that was met. Leaves the temporary tables of web_failings.sql and exposures.sql."""
    store.put("incoming_turns", turn_sights.read(store, context.method.page_views_min))
    store.run(_SQL.read_text(encoding="utf-8"), name="web_failings")
    store.drop("incoming_turns")
    exposures.count(store, context)
    kinds = store.rows("select distinct kind from failing_fact order by kind")
    families = [_family(store, context, row[0]) for row in kinds]
    return [family for family in families if family.subjects]


def _family(store: Store, context: Context, kind: str) -> Family:
    facts = store.rows(
        """select place, coalesce(against, place), topic from failing_fact
        where kind = $kind and place in (select place from exposure_count where v > 0)
            and coalesce(against, place) in (select place from exposure_count where v > 0) order by place""",
        {"kind": kind},
    )
    has_peers = all(place == against for place, against, _ in facts)
    places = sorted({place for fact in facts for place in fact[:2]})
    number = {place: n for n, place in enumerate(places)}
    topics = sorted({topic for *_, topic in facts})
    forms = dict(
        store.rows("select form, arg_min(step, step_no) from touch where purpose = 'form_begun' group by form")
    )
    pages = dict(store.rows("select 'help_before_call:' || raw_code, any_value(step) from purposed group by raw_code"))
    subjects = [_failing(context, number[place], kind, place, topic, forms, pages) for place, _, topic in facts]
    if has_peers:
        topic_of = {place: topics.index(topic) for place, _, topic in facts}
        return exposures.read_family(
            store, context, kind, subjects, places, category=[topic_of[place] for place in places]
        )
    held = {place: against for place, against, _ in facts}
    against = [number[held.get(place, place)] for place in places]
    return exposures.read_family(store, context, kind, subjects, places, category=[0] * len(places), against=against)


def _failing(
    context: Context,
    number: int,
    kind: str,
    place: str,
    topic: str,
    forms: Mapping[str, str],
    pages: Mapping[str, str],
) -> Failing:
    """The failing of a place, with its steps for the map and its names for the reader."""
    thing = place.split(":", 1)[1]
    where: dict[str, Any]
    if kind == "back_and_forth":
        steps = thing.split(" ")
        where, names = {"a": steps[0], "b": steps[1]}, [context.label(step) for step in steps]
    elif kind == "form_given_up":
        where, names = {"step": forms[thing], "form": thing}, [context.label(forms[thing])]
    elif kind == "help_before_call":
        address = thing.split(" ", 1)[1] if " /" in thing else thing
        where, names = {"step": pages[place], "page": address}, [quoted(address)]
    else:
        where, names = {"step": thing}, [context.label(thing)]
    return Failing(number, place, kind, where, tuple(dict.fromkeys(names)), topic == "help")
