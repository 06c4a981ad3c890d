"""Export: the journeys as XES (IEEE 1849-2016), packed by gzip, for ProM, pm4py, Disco, Celonis and their like.

A trace is a journey, an event one of its steps: `concept:name` is the step's name, `label` its words, `org:group` the
department, `time:timestamp` when it began. SQL writes the text, a line per event: pm4py's own writer holds the whole
log in Python objects, which a million events do not fit into. What it reads back is compared with the tables in tests.
"""

from __future__ import annotations

from pathlib import Path

from ingest.store import Store
from mining.exporting import LINES, copy

NAME = "xes"
SUMMARY = "journeys as XES, a trace each"
IS_INTERCHANGE = True
FILES = ("journeys.xes.gz",)
_SQL = Path(__file__).with_name("xes.sql")


def write(store: Store, folder: Path) -> None:
    """The log of all journeys."""
    store.run(_SQL.read_text(encoding="utf-8"), name="xes")
    copy(store, "select line from xes_line", folder / FILES[0], f"{LINES}, compression gzip")
