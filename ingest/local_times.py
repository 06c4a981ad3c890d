"""How the times of a source are read: its clock's zone, and the days in which it can speak.

Both are facts of site.toml and never of the day on which we look: whether a line is plausible must not depend on the
night that reads it, or nights one by one would end in other tables than one load of all files. So the window is
given in days of the calendar, and what lies after the night is kept for later nights.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ingest.clock import bucket_minutes, day_begins, night_ends, offsets
from ingest.errors import ConfigError
from ingest.settings import SourceSection
from ingest.store import Store


def plausible(source: SourceSection, zone: str) -> dict[str, Any]:
    """Variables of loading/sort.sql: from when until when a source can speak, in UTC and on its own clock."""
    return {
        "plausible_from": day_begins(source.earliest, zone),
        "plausible_until": night_ends(source.latest, zone),
        "plausible_from_local": dt.datetime.combine(source.earliest, dt.time()),
        "plausible_until_local": dt.datetime.combine(source.latest, dt.time()) + dt.timedelta(days=1),
        "plausible_days": f"a day from {source.earliest} to {source.latest}",
    }


def settle(store: Store, zone: str) -> None:
    """Turn the wall-clock times of `stage` into UTC; the rule used is kept with each event.

    Where a clock change lies between the two, an end can come to lie before its begin: then no end is known.
    """
    bucket = f"time_bucket(interval {bucket_minutes(zone)} minutes, "
    walls = store.rows(
        f"""select distinct {bucket} t) from (
        select local_at as t from stage union select local_ended_at from stage) where t is not null order by 1"""
    )
    if not walls:
        return
    store.put("offset_at", offsets(zone, [row[0] for row in walls]))
    for local, utc in (("local_at", "occurred_at"), ("local_ended_at", "ended_at")):
        store.run(
            f"""update stage set {utc} = {local} - to_seconds(o.offset_s), time_rule = coalesce(time_rule, o.rule)
            from offset_at as o where {utc} is null and o.bucket = {bucket} {local})""",
            name="local times",
        )
    store.run(
        """update stage set ended_at = occurred_at + to_milliseconds(lasts_ms)
        where ended_at is null and lasts_ms is not null;
        update stage set ended_at = null where local_ended_at is not null and ended_at < occurred_at""",
        name="local times",
    )
    store.drop("offset_at")


def check_reading(store: Store, source_id: int, source: SourceSection, zone: str) -> None:
    """Remember how a source's times are read. Raises ConfigError when site.toml now says otherwise and it matters.

    Times are converted and judged while their file is loaded, so half of a source under another zone or window would
    be a mixture that no rebuild gives.
    """
    now = (zone, source.earliest, source.latest)
    known = store.rows("select timezone, earliest, latest from source_clock where source_id = $id", {"id": source_id})
    if known and known[0] == now:
        return
    if known:
        stale = _stale(store, source_id, source, zone, known[0][0])
        if stale:
            raise ConfigError(
                f"source {source.name!r}: {stale}; put the old value back, or delete warehouse.duckdb and state.json "
                "in SITE/var to read all files anew"
            )
    store.run("delete from source_clock where source_id = $id", {"id": source_id}, name="source_clock")
    store.run(
        "insert into source_clock values ($id, $zone, $earliest, $latest)",
        {"id": source_id, "zone": zone, "earliest": source.earliest, "latest": source.latest},
        name="source_clock",
    )


def _stale(store: Store, source_id: int, source: SourceSection, zone: str, old_zone: str) -> str | None:
    """What of the loaded lines would be read otherwise now, or None."""
    if zone != old_zone and store.value(
        "select count(*) from raw_event where source_id = $id and time_rule is not null", {"id": source_id}
    ):
        return f"its local times were read with timezone {old_zone!r}, and site.toml now says {zone!r}"
    window = plausible(source, zone)
    n_outside, n_inside = store.rows(
        """select
            (select count(*) from raw_event where source_id = $id
                and (occurred_at < $begins or coalesce(ended_at, occurred_at) >= $ends)),
            (select count(*) from quarantine inner join ledger using (file_id) where source_id = $id
                and field = 'time' and starts_with(expectation, 'a day from ') and expectation <> $days)""",
        {
            "id": source_id,
            "begins": window["plausible_from"],
            "ends": window["plausible_until"],
            "days": window["plausible_days"],
        },
    )[0]
    if n_outside or n_inside:
        return (
            f"it may now speak of {window['plausible_days'].removeprefix('a ')}, but {n_outside} of its loaded events "
            f"lie outside and {n_inside} of its quarantined lines were judged by other days"
        )
    return None
