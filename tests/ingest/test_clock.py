"""Wall clock to UTC: one rule for hours that occur twice or never, in zones with odd clocks (reliability G15)."""

from __future__ import annotations

import bisect
import datetime as dt
import zoneinfo
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clock import CHANGE_AT_ODD_MINUTES, bucket_minutes, night_ends, offsets

# wall clock, zone, UTC, rule
TABLE = [
    ("2026-03-29 01:45", "Europe/Berlin", "2026-03-29 00:45", "zone"),
    ("2026-03-29 02:00", "Europe/Berlin", "2026-03-29 01:00", "skipped hour"),
    ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29 01:30", "skipped hour"),
    ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29 01:00", "zone"),
    ("2026-10-25 01:45", "Europe/Berlin", "2026-10-24 23:45", "zone"),
    ("2026-10-25 02:00", "Europe/Berlin", "2026-10-25 00:00", "first of two"),
    ("2026-10-25 02:45", "Europe/Berlin", "2026-10-25 00:45", "first of two"),
    ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25 02:00", "zone"),
    ("2026-03-08 02:30", "America/New_York", "2026-03-08 07:30", "skipped hour"),
    ("2026-11-01 01:30", "America/New_York", "2026-11-01 05:30", "first of two"),
    ("2026-11-01 02:00", "America/New_York", "2026-11-01 07:00", "zone"),
    ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03 15:45", "skipped hour"),  # half an hour
    ("2026-10-04 02:30", "Australia/Lord_Howe", "2026-10-03 15:30", "zone"),
    ("2026-04-05 01:30", "Australia/Lord_Howe", "2026-04-04 14:30", "first of two"),
    ("2026-04-05 01:15", "Australia/Lord_Howe", "2026-04-04 14:15", "zone"),
    ("2026-06-01 12:00", "Asia/Kathmandu", "2026-06-01 06:15", "zone"),
    ("2026-06-01 12:00", "America/Sao_Paulo", "2026-06-01 15:00", "zone"),
    ("2018-11-04 00:15", "America/Sao_Paulo", "2018-11-04 03:15", "skipped hour"),  # at midnight
    ("2018-02-17 23:15", "America/Sao_Paulo", "2018-02-18 01:15", "first of two"),
    ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30 22:00", "skipped hour"),  # a day that never was
    ("2006-10-29 00:00", "America/St_Johns", "2006-10-29 02:30", "first of two"),  # changed at one minute past midnight
    ("2006-10-29 00:01", "America/St_Johns", "2006-10-29 03:31", "zone"),
    ("2026-02-28 23:45", "UTC", "2026-02-28 23:45", "zone"),
    ("2024-02-29 23:45", "Pacific/Auckland", "2024-02-29 10:45", "zone"),
]


@pytest.mark.parametrize(("wall", "zone", "utc", "rule"), TABLE)
def test_the_table(wall, zone, utc, rule):
    moment = dt.datetime.fromisoformat(wall)
    (row,) = offsets(zone, [moment]).to_pylist()
    assert row["bucket"] == moment
    assert moment - dt.timedelta(seconds=row["offset_s"]) == dt.datetime.fromisoformat(utc)
    assert row["rule"] == rule


def test_many_at_once_and_none():
    quarters = [dt.datetime(2026, 1, 1) + dt.timedelta(minutes=15 * i) for i in range(96 * 365)]
    table = offsets("Europe/Berlin", quarters)
    rules = table.column("rule").to_pylist()
    assert len(table) == len(quarters)
    assert rules.count("skipped hour") == 4 and rules.count("first of two") == 4
    assert len(offsets("UTC", [])) == 0


@settings(max_examples=60)
@given(
    st.datetimes(dt.datetime(1996, 1, 1), dt.datetime(2037, 1, 1)), st.sampled_from(sorted({row[1] for row in TABLE}))
)
def test_a_moment_that_happened_once_comes_back_as_itself(moment, zone):
    width = bucket_minutes(zone)
    quarter = moment.replace(minute=moment.minute // width * width, second=0, microsecond=0)
    (row,) = offsets(zone, [quarter]).to_pylist()
    utc = (quarter - dt.timedelta(seconds=row["offset_s"])).replace(tzinfo=dt.UTC)
    back = utc.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    assert (back == quarter) == (row["rule"] != "skipped hour")


def test_a_bucket_has_one_offset_in_every_zone():
    """Clock changes since 1995 fall on quarter hours of both clocks, but for the zones that are known to be odd."""
    odd = {zone for zone in zoneinfo.available_timezones() if any(map(is_odd, changes(zoneinfo.ZoneInfo(zone))))}
    assert odd == CHANGE_AT_ODD_MINUTES
    assert {bucket_minutes(zone) for zone in odd} == {1} and bucket_minutes("Europe/Berlin") == 15


def is_odd(wall: dt.datetime) -> bool:
    return bool(wall.minute % 15 or wall.second)


def changes(zone: zoneinfo.ZoneInfo) -> Iterator[dt.datetime]:
    """The wall clock at each change of offset, to the minute, read on the old and on the new clock."""

    def offset(minute: int) -> dt.timedelta:
        moment = dt.datetime(1995, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
        return moment.astimezone(zone).utcoffset()

    grid = range(0, 43 * 365 * 1440, 10 * 1440)
    for (begin, old), (end, new) in pairwise((minute, offset(minute)) for minute in grid):
        if old != new:
            at = begin + bisect.bisect_left(range(begin, end), True, key=lambda minute, old=old: offset(minute) != old)
            utc = dt.datetime(1995, 1, 1) + dt.timedelta(minutes=at)
            yield from (utc + old, utc + new)


@pytest.mark.parametrize(
    ("night", "zone", "end"),
    [
        ("2026-01-10", "UTC", "2026-01-11 00:00"),
        ("2026-03-28", "Europe/Berlin", "2026-03-28 23:00"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29 22:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25 23:00"),
        ("2026-12-31", "Pacific/Auckland", "2026-12-31 11:00"),
        ("2024-02-29", "America/New_York", "2024-03-01 05:00"),
    ],
)
def test_a_night_ends_at_midnight_of_the_sites_clock(night, zone, end):
    assert night_ends(dt.date.fromisoformat(night), zone) == dt.datetime.fromisoformat(end)
