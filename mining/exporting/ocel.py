"""Export: events and what they are about as OCEL 2.0 (JSON), for object-centric tools.

An event relates to its customer, and to the journeys, order, call, web session and product that it belongs to: nothing
is flattened, so an event of two journeys stands there once. Events that no customer has a part in (an agent logs in)
are left out: an event without an object is dropped by those who read it. Event types are steps. SQL writes the text, a
line per object and event; https://www.ocel-standard.org tells the form, and pm4py reads it back in tests.
"""

from __future__ import annotations

from pathlib import Path

from ingest.store import Store
from mining.exporting import LINES, copy

NAME = "ocel"
SUMMARY = "events with their customer, journeys, order, call, session and product as OCEL 2.0"
IS_INTERCHANGE = True
FILES = ("events.jsonocel",)
_SQL = Path(__file__).with_name("ocel.sql")


def write(store: Store, folder: Path) -> None:
    """The object-centric log of all events."""
    store.run(_SQL.read_text(encoding="utf-8"), name="ocel")
    copy(store, "select line from ocel_line", folder / FILES[0], LINES)
