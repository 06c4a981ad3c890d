"""The one place where a wall clock becomes UTC.

The rule: an hour that occurs twice in autumn is taken as its first occurrence (summer time); an hour that spring
skips is taken as if the clock had not been changed. Both are marked with the rule, and counted in the report.

A clock is converted a bucket at a time: no zone changes its offset inside a quarter hour, but for a few that did so
at one minute past midnight, for which the bucket is a minute.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pyarrow as pa

CHANGE_AT_ODD_MINUTES = frozenset(
    {
        "America/Goose_Bay",
        "America/Moncton",
        "America/St_Johns",
        "Antarctica/Casey",
        "Asia/Gaza",
        "Asia/Hebron",
        "Canada/Newfoundland",
    }
)
"""Zones that changed their clock inside a quarter hour since 1995; a test looks through all zones."""
_SCHEMA = pa.schema([("bucket", pa.timestamp("us")), ("offset_s", pa.int64()), ("rule", pa.string())])


def bucket_minutes(zone: str) -> int:
    """Width of a stretch of wall clock that surely has one offset."""
    return 1 if zone in CHANGE_AT_ODD_MINUTES else 15


def offsets(zone: str, buckets: Sequence[dt.datetime]) -> pa.Table:
    """UTC offset in seconds of each bucket of wall clock, given by its begin: (bucket, offset_s, rule).

    `rule` is `zone`, or `first of two` and `skipped hour` for the two clock changes.
    """
    info = ZoneInfo(zone)
    found = [_offset(info, bucket) for bucket in buckets]
    columns = [list(buckets), [offset for offset, _ in found], [rule for _, rule in found]]
    return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)


def _offset(zone: ZoneInfo, wall: dt.datetime) -> tuple[int, str]:
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    offset = first.utcoffset()
    assert offset is not None, "a ZoneInfo always knows its offset"
    if offset == second.utcoffset():
        rule = "zone"
    else:
        back = first.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None)
        rule = "first of two" if back == wall else "skipped hour"
    return int(offset.total_seconds()), rule


def day_begins(day: dt.date, zone: str) -> dt.datetime:
    """The first moment of `day` on a zone's clock, in UTC without a zone."""
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=ZoneInfo(zone))
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


def night_ends(night: dt.date, zone: str) -> dt.datetime:
    """The first moment after `night` on the site's clock, in UTC without a zone."""
    return day_begins(night + dt.timedelta(days=1), zone)
