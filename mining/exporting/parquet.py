"""Export: events, journeys and findings as Parquet, for pandas, polars, Spark and spreadsheets that read it.

Times are UTC without a zone, durations whole milliseconds. Rows stand in the order of customer and time, so that a
row group holds whole customers.
"""

from __future__ import annotations

from pathlib import Path

from ingest.store import Store
from mining.exporting import copy

NAME = "parquet"
SUMMARY = "events, journeys, their steps and findings as tables for data frames"
IS_INTERCHANGE = False
FILES = ("events.parquet", "journeys.parquet", "journey_steps.parquet", "findings.parquet")
_OPTIONS = "format parquet, compression zstd, row_group_size 122880"
_QUERIES = {
    "events.parquet": "select * exclude (event_no) from export_event order by event_no",
    "journeys.parquet": "select * exclude (journey_id) from export_journey order by journey_id",
    "journey_steps.parquet": "select * exclude (journey_id, pos) from export_journey_step order by pos",
    "findings.parquet": "select * from export_finding order by rank_no",
}


def write(store: Store, folder: Path) -> None:
    """All four tables."""
    for name, query in _QUERIES.items():
        copy(store, query, folder / name, _OPTIONS)
