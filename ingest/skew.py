"""The clocks of the sources against one another: corrected as site.toml says, measured, never mended in silence.

A correction is applied each night to what the sources said, so that one declared today holds for all that was loaded
before, and each event states it in `time_rule`.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from ingest.clock import day_begins, night_ends
from ingest.settings import SourceSection
from ingest.site import Site
from ingest.store import Store
from ingest.units import sql

LIMIT_MS = 30_000
"""Clocks are together up to this; and moments whose difference changes by more than this tell nothing."""
N_MIN, DAY_MIN = 20, 5
"""Moments that a median needs: of a pair of sources, of one of its days."""
_EVER = (dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))
_FIX = pa.schema(
    [
        ("source", pa.string()),
        ("offset_us", pa.int64()),
        ("begins", pa.timestamp("us")),
        ("ends", pa.timestamp("us")),
        ("rule", pa.string()),
    ]
)
_CORRECTED = """create or replace temp view timed_event as
select
    r.rowid as raw_id,
    r.* replace (
        r.occurred_at + to_microseconds(coalesce(f.offset_us, 0)) as occurred_at,
        r.ended_at + to_microseconds(coalesce(f.offset_us, 0)) as ended_at,
        nullif(concat_ws(', ', r.time_rule, f.rule), '') as time_rule
    )
from raw_event as r
left join clock_fix as f on f.source_id = r.source_id and r.occurred_at >= f.begins and r.occurred_at < f.ends"""


def correct(site: Site, store: Store) -> None:
    """timed_event: raw_event with the declared corrections of the sources' clocks; raw_id is its row there."""
    declared = [_fix(source, site) for source in site.settings.source if source.clock_offset_s]
    if not declared:
        store.run(
            "create or replace temp view timed_event as select rowid as raw_id, * from raw_event", name="timed_event"
        )
        return
    store.put("declared_fix", pa.Table.from_pylist(declared, schema=_FIX))
    store.run(
        """create or replace temp table clock_fix as
        select s.source_id, f.* exclude (source) from declared_fix as f inner join source as s on s.name = f.source""",
        name="clock_fix",
    )
    store.drop("declared_fix")
    store.run(_CORRECTED, name="timed_event")


def _fix(source: SourceSection, site: Site) -> dict[str, object]:
    """One declared correction: what to add, between which moments (UTC, of the uncorrected clock), and its rule."""
    zone, first, last = (
        source.timezone or site.settings.site.timezone,
        source.clock_offset_from,
        source.clock_offset_until,
    )
    return {
        "source": source.name,
        "offset_us": round(source.clock_offset_s * 1_000_000),
        "begins": day_begins(first, zone) if first else _EVER[0],
        "ends": night_ends(last, zone) if last else _EVER[1],
        "rule": f"corrected by {source.clock_offset_s:+g} s",
    }


def measure(site: Site, store: Store) -> None:
    """clock_skew, clock_skew_day, clock_turned and their lines in data_quality; the audit `clock_skew` warns."""
    day_min = max(DAY_MIN, site.settings.privacy.min_cell)
    for name, value in (("skew_limit_ms", LIMIT_MS), ("skew_n_min", max(N_MIN, day_min)), ("skew_day_min", day_min)):
        store.run(f"set variable {name} = $value", {"value": value}, name=name)
    store.run(_IS_ZONE, name="is_zone")
    store.run(sql("derive/skew.sql"), name="derive/skew.sql")


# offsets of zones differ by whole half hours, but for a few of three quarters
_IS_ZONE = """create or replace temp macro is_zone(ms) as
abs(ms) > 1500000 and abs(ms - round(ms / 1800000) * 1800000) < 120000"""
