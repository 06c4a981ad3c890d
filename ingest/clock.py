"""The one place where a wall clock becomes UTC.

The rule: an hour that occurs twice in autumn is taken as its first occurrence (summer time); an hour that spring
skips is taken as if the clock had not been changed. Both are marked with the rule, and counted in the report.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pyarrow as pa

_SCHEMA = pa.schema([("quarter", pa.timestamp("us")), ("offset_s", pa.int64()), ("rule", pa.string())])


def offsets(zone: str, quarters: Sequence[dt.datetime]) -> pa.Table:
    """UTC offset in seconds of each wall-clock quarter hour: (quarter, offset_s, rule).

    No zone changes its clock inside a quarter hour, so a quarter has one offset. `rule` is `zone`, or `first of two`
    and `skipped hour` for the two clock changes.
    """
    info = ZoneInfo(zone)
    found = [_offset(info, quarter) for quarter in quarters]
    columns = [list(quarters), [offset for offset, _ in found], [rule for _, rule in found]]
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


def night_ends(night: dt.date, zone: str) -> dt.datetime:
    """The first moment after `night` on the site's clock, in UTC without a zone."""
    midnight = dt.datetime.combine(night + dt.timedelta(days=1), dt.time(), tzinfo=ZoneInfo(zone))
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)
