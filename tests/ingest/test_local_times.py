"""Times through the real adapters (reliability, criterion 14): the documented UTC or a reason, nothing else.

And the days in which a source can speak: what lies outside is quarantined, in whatever order and night it comes.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest

from ingest.errors import ConfigError

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC")
# wall clock | its UTC in each zone; < is the first of two equal hours, > an hour that was skipped
CLOCKS = """
2026-01-15 12:00:00 | 01-15 11:00:00  | 01-15 17:00:00  | 01-15 01:00:00  | 01-15 06:30:00  | 01-15 15:00:00  | 01-15 12:00:00
2026-07-15 12:00:00 | 07-15 10:00:00  | 07-15 16:00:00  | 07-15 01:30:00  | 07-15 06:30:00  | 07-15 15:00:00  | 07-15 12:00:00
2026-03-29 02:30:00 | 03-29 01:30:00> | 03-29 06:30:00  | 03-28 15:30:00  | 03-28 21:00:00  | 03-29 05:30:00  | 03-29 02:30:00
2026-03-29 03:00:00 | 03-29 01:00:00  | 03-29 07:00:00  | 03-28 16:00:00  | 03-28 21:30:00  | 03-29 06:00:00  | 03-29 03:00:00
2026-10-25 02:30:00 | 10-25 00:30:00< | 10-25 06:30:00  | 10-24 15:30:00  | 10-24 21:00:00  | 10-25 05:30:00  | 10-25 02:30:00
2026-10-25 03:00:00 | 10-25 02:00:00  | 10-25 07:00:00  | 10-24 16:00:00  | 10-24 21:30:00  | 10-25 06:00:00  | 10-25 03:00:00
2026-03-08 02:30:00 | 03-08 01:30:00  | 03-08 07:30:00> | 03-07 15:30:00  | 03-07 21:00:00  | 03-08 05:30:00  | 03-08 02:30:00
2026-11-01 01:30:00 | 11-01 00:30:00  | 11-01 05:30:00< | 10-31 14:30:00  | 10-31 20:00:00  | 11-01 04:30:00  | 11-01 01:30:00
2026-10-04 02:15:00 | 10-04 00:15:00  | 10-04 06:15:00  | 10-03 15:45:00> | 10-03 20:45:00  | 10-04 05:15:00  | 10-04 02:15:00
2026-04-05 01:45:00 | 04-04 23:45:00  | 04-05 05:45:00  | 04-04 14:45:00< | 04-04 20:15:00  | 04-05 04:45:00  | 04-05 01:45:00
2018-11-04 00:30:00 | 11-03 23:30:00  | 11-04 04:30:00  | 11-03 13:30:00  | 11-03 19:00:00  | 11-04 03:30:00> | 11-04 00:30:00
2018-02-17 23:30:00 | 02-17 22:30:00  | 02-18 04:30:00  | 02-17 12:30:00  | 02-17 18:00:00  | 02-18 01:30:00< | 02-17 23:30:00
2024-02-29 23:59:59 | 02-29 22:59:59  | 03-01 04:59:59  | 02-29 12:59:59  | 02-29 18:29:59  | 03-01 02:59:59  | 02-29 23:59:59
2025-12-31 23:59:59 | 12-31 22:59:59  | 01-01 04:59:59  | 12-31 12:59:59  | 12-31 18:29:59  | 01-01 02:59:59  | 12-31 23:59:59
"""  # noqa: E501
RULES = {"": "zone", "<": "first of two", ">": "skipped hour"}
NO_TIME, OUTSIDE = "a time such as", "a day from 1995-01-01 to 2099-12-31"
REFUSED = {
    "2016-12-31 23:59:60": NO_TIME,  # a leap second
    "2026-01-15 24:00:00": NO_TIME,
    "2026-02-30 12:00:00": NO_TIME,
    "2026-01-15 12:60:00": NO_TIME,
    "15. Okt 2026 12:00:00": NO_TIME,  # a month in another language
    "2026-01-15T12:00:00": NO_TIME,  # ISO 8601 without a zone, where none is declared
    "2026-01-15 12:00:00+01:00": NO_TIME,  # an offset, where none is declared
    "infinity": OUTSIDE,  # DuckDB reads it as a time
    "now": NO_TIME,
    "26-01-15 12:00:00": OUTSIDE,  # the year 26
    "0026-01-15 12:00:00": OUTSIDE,
    "9999-12-31 23:59:59": OUTSIDE,
    "1970-01-01 12:00:00": OUTSIDE,
}


def documented(zone: str) -> dict[str, tuple[dt.datetime, str]]:
    """wall clock -> (UTC, rule) of one zone, as the table above has it."""
    found = {}
    for line in CLOCKS.strip().splitlines():
        wall, *cells = line.split("|")
        cell = cells[ZONES.index(zone)].strip()
        year = int(wall[:4]) + ((wall[5:10], cell[:5]) == ("12-31", "01-01"))
        moment = dt.datetime.fromisoformat(f"{year}-{cell[:14]}")
        found[wall.strip()] = (moment, RULES[cell[14:]])
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_of_each_zone_give_the_documented_utc_or_a_reason(new_lab, zone):
    texts = [*documented(zone), *REFUSED]
    rows = {"files": "*", "events": {"at": "at"}, "code": "no"}
    lab = new_lab(
        {
            "table": {"adapter": "relational_orders", "timezone": zone, "tables": {"rows": rows}},
            "cdr": {"adapter": "asterisk_cdr", "timezone": zone},
        }
    )
    lab.put("table", "rows.csv", "no,at\n" + "".join(f"{i},{text}\n" for i, text in enumerate(texts)))
    call = '"","1","s","{}","","","","Queue","q","{}","","",7,0,"ANSWERED","D"\n'
    lab.put("cdr", "Master.csv", "".join(call.format(i, text) for i, text in enumerate(texts)))
    lab.load()
    lab.check_identity()
    for source, place, first_line in (("table", 2, 2), ("cdr", 1, 1)):
        events = lab.rows(
            f"""select cast(split_part(code, ' ', {place}) as integer), occurred_at, time_rule from raw_event as r
            inner join code as c using (code_id) inner join source as s on s.source_id = r.source_id
            where s.name = '{source}' order by line_no"""
        )
        assert {texts[i]: (at, rule) for i, at, rule in events} == documented(zone), source
        refused = lab.rows(
            f"""select line_no, expectation from quarantine inner join ledger using (file_id)
            inner join source as s using (source_id) where s.name = '{source}'"""
        )
        reasons = {texts[line_no - first_line]: expectation for line_no, expectation in refused}
        assert reasons.keys() == REFUSED.keys(), source
        for text, reason in REFUSED.items():
            expected = "yyyy-mm-dd HH:MM:SS" if (source, reason) == ("cdr", NO_TIME) else reason
            assert reasons[text].startswith(expected), (source, text)


NO_OFFSETS = [f"2026-01-15T12:00:00{sign}" for sign in ("+9900", "+0160", "-1230", "+1415", "-99", "+01:99")]
UTC_TIMES = {
    "%Y-%m-%dT%H:%M:%S%z": {
        "2026-01-15T12:00:00+0100": "2026-01-15 11:00:00",
        "2026-01-15T12:00:00Z": "2026-01-15 12:00:00",
        "2026-01-15T12:00:00-0330": "2026-01-15 15:30:00",
        "2026-01-15T12:00:00+1400": "2026-01-14 22:00:00",
        "2026-01-15T12:00:00-12": "2026-01-16 00:00:00",
    },
    "%Y-%m-%dT%H:%M:%S.%f%z": {"2026-01-15T12:00:00.250+01": "2026-01-15 11:00:00.250"},
    "%Y-%m-%d %H:%M:%S %Z": {
        "2026-01-15 12:00:00 UTC": "2026-01-15 12:00:00",
        "2026-01-15 12:00:00 Europe/Berlin": "2026-01-15 11:00:00",
    },
    "epoch_s": {
        "1768478400": "2026-01-15 12:00:00",
        "1768478400.125": "2026-01-15 12:00:00.125",
        "1768478400.9999999": "2026-01-15 12:00:00.999999",
    },
    "epoch_ms": {"1768478400007": "2026-01-15 12:00:00.007"},
    "%d/%m/%y %-H.%M": {"5/1/26 9.07": "2026-01-05 15:07:00", "5/1/99 9.07": "1999-01-05 15:07:00"},
    "%Y-%m-%d %H:%M:%S.%f": {"2026-01-15 12:00:00.123": "2026-01-15 18:00:00.123"},
    "%d.%m.%Y": {"15.01.2026": "2026-01-16 05:59:59"},
}


@pytest.mark.parametrize("form", UTC_TIMES)
def test_declared_formats_with_offsets_fractions_and_epochs(new_lab, form):
    """What carries its offset is not converted again; a fraction is kept to the microsecond, cut and not rounded."""
    rows = {"files": "*", "events": {"at": "at"}, "ends": {"at": "until"}, "time_formats": [form]}
    lab = new_lab({"t": {"adapter": "relational_orders", "timezone": "America/Chicago", "tables": {"rows": rows}}})
    times = UTC_TIMES[form]
    bad = ("yesterday", "2026-13-01", "17684784000000000", "0", "2026-02-30 12:00:00 UTC", *NO_OFFSETS)
    lab.put("t", "rows.csv", "at,until\n" + "".join(f"{text},{text}\n" for text in times) + ",\n".join((*bad, "")))
    lab.load()
    lab.check_identity()
    found = lab.rows("select occurred_at, ended_at, time_rule from raw_event order by line_no")
    assert [at for at, _, _ in found] == [dt.datetime.fromisoformat(at) for at in times.values()]
    assert all(at == until for at, until, _ in found)
    rule = {"%d.%m.%Y": "whole day"}.get(form, None if "z" in form.lower() or "epoch" in form else "zone")
    assert {rule for _, _, rule in found} == {rule}
    assert lab.rows("select count(*) from quarantine") == [(len(bad),)]


ISO = {
    "2026-01-15T12:00:00+01:00": "2026-01-15 11:00:00",
    "2026-01-15T12:00:00.123456789Z": "2026-01-15 12:00:00.123456",
    "2026-01-15T12:00Z": "2026-01-15 12:00:00",
    "2026-01-15T12:00:00": None,  # no offset
    "2026-01-15": None,  # its -15 is no offset
    "2026-01-15T12:00:00+25:00": None,  # no zone is so far away
    "2026-01-15T12:00:00+14:00": "2026-01-14 22:00:00",
    "2026-01-15T12:00:00+14:15": None,
    "2026-01-15T12:00:00-13:00": None,
    "2026-01-15T12:00:00+01:75": None,
    "2026-01-15T24:00:00Z": None,
    "2016-12-31T23:59:60Z": None,
    "26-01-15T12:00:00Z": None,
}


def test_moments_that_carry_their_zone_do_not_ask_the_sites_clock(new_lab):
    lab = new_lab({"shop": "shopify_orders_json", "calls": "asterisk_queue_log"}, site={"timezone": "Asia/Kolkata"})
    orders = [{"id": i, "created_at": text, "updated_at": "2026-01-15T13:00:00Z"} for i, text in enumerate(ISO)]
    lab.put("shop", "orders.json", "".join(json.dumps(order) + "\n" for order in orders))
    epochs = ("1768478400", "0", "1768478400000", "1768478400.5", "-5", "99999999999999999999")
    lab.put("calls", "queue_log", "".join(f"{text}|1.{i}|q|A|CONNECT|1|x|1\n" for i, text in enumerate(epochs)))
    lab.load()
    lab.check_identity()
    good = [dt.datetime.fromisoformat(text) for text in ISO.values() if text]
    assert lab.rows("select occurred_at from raw_event where call_id is null order by line_no") == [
        (at,) for at in good
    ]
    assert lab.rows("select occurred_at from raw_event where call_id is not null order by line_no") == [
        (dt.datetime(2026, 1, 15, 12),),
        (dt.datetime(2026, 1, 15, 12, 0, 0, 500_000),),
    ]
    assert lab.rows("select field, expectation, count(*) from quarantine group by all order by all") == [
        ("created_at", "ISO 8601 with an offset", 9),
        ("epoch", "seconds since 1970", 3),
        ("time", OUTSIDE, 1),
    ]


def test_an_end_before_its_begin_across_a_clock_change_is_no_end(new_lab):
    rows = {"files": "*", "events": {"at": "at"}, "ends": {"at": "until"}}
    lab = new_lab({"t": {"adapter": "relational_orders", "timezone": "Europe/Berlin", "tables": {"rows": rows}}})
    lab.put(
        "t", "rows.csv", "at,until\n2026-03-29 02:30:00,2026-03-29 03:05:00\n2026-03-29 01:59:00,2026-03-29 03:05:00\n"
    )
    lab.load()
    assert lab.rows("select occurred_at, ended_at from raw_event order by line_no") == [
        (dt.datetime(2026, 3, 29, 1, 30), None),
        (dt.datetime(2026, 3, 29, 0, 59), dt.datetime(2026, 3, 29, 1, 5)),
    ]


def test_nights_end_at_midnight_on_leap_days_and_at_the_years_end(new_lab):
    rows = {"files": "*", "events": {"at": "at"}, "identifiers": {"order_no": "at"}}
    lab = new_lab(
        {"t": {"adapter": "relational_orders", "timezone": "Europe/Berlin", "tables": {"rows": rows}}},
        [{"step": "any", "label": "Any", "stage": "order", "channel": "x", "codes": {"t": ["*"]}}],
        site={"timezone": "Europe/Berlin"},
    )
    moments = ["2024-02-29 23:59:59", "2024-03-01 00:00:00", "2025-12-31 23:59:59", "2026-01-01 00:00:00"]
    lab.put("t", "rows.csv", "at\n" + "".join(f"{at}\n" for at in moments))
    lab.load()
    for night, n_events in (("2024-02-29", 1), ("2025-12-31", 3)):
        lab.derive(night)
        later = lab.rows("select n from data_quality where measure = 'events after this night'")
        assert (lab.rows("select count(*) from event"), later) == ([(n_events,)], [(4 - n_events,)])


WINDOW = {"earliest": dt.date(2026, 1, 10), "latest": dt.date(2026, 1, 11), "timezone": "America/New_York"}
EDGES = {  # UTC moment: whether it is in the window, which is one of New York's days
    "2026-01-10T04:59:59Z": False,
    "2026-01-10T05:00:00Z": True,
    "2026-01-12T04:59:59Z": True,
    "2026-01-12T05:00:00Z": False,
}


def window_lab(new_lab):
    rows = {"files": "*", "events": {"at": "at"}, "ends": {"at": "until"}, "identifiers": {"order_no": "no"}}
    table = {"adapter": "relational_orders", "tables": {"rows": rows}} | WINDOW
    return new_lab(
        {"shop": {"adapter": "shopify_orders_json"} | WINDOW, "table": table},
        [{"step": "any", "label": "Any", "stage": "order", "channel": "x", "codes": {"shop": ["*"], "table": ["*"]}}],
    )


def edge_files() -> list[tuple[str, str, str]]:
    """(source, file, content): the edges of the window, parted so that each file has lines inside and outside."""
    orders = [json.dumps({"id": i, "created_at": at, "updated_at": at}) for i, at in enumerate(EDGES)]
    rows = [
        "0,2026-01-09 23:59:59,",
        "1,2026-01-10 00:00:00,",
        "2,2026-01-11 23:59:59,",
        "3,2026-01-12 00:00:00,",
        "4,2026-01-11 12:00:00,2026-01-11 23:59:59",
        "5,2026-01-11 12:00:00,9999-12-31 00:00:00",
    ]
    return [
        *(("shop", f"{n}.json", "\n".join(orders[n::2]) + "\n") for n in (0, 1)),
        *(("table", f"{n}.csv", "\n".join(["no,at,until", *rows[n::2]]) + "\n") for n in (0, 1)),
    ]


@pytest.fixture(scope="module")
def edges(new_lab):
    """The window's edges, loaded at once and derived."""
    lab = window_lab(new_lab)
    for source, name, content in edge_files():
        lab.put(source, name, content)
    lab.night("2026-01-13")
    return lab


REFUSALS = """select path, line_no, field, value_masked, expectation
from quarantine inner join ledger using (file_id) order by path, line_no"""


def test_days_in_which_a_source_can_speak(edges):
    edges.check_identity()
    refused = edges.rows(REFUSALS)
    assert [row[:2] for row in refused] == [("0.csv", 2), ("0.json", 1), ("1.csv", 3), ("1.csv", 4), ("1.json", 2)]
    assert {row[2:] for row in refused} == {("time", "9999-99-99 99:99:99", "a day from 2026-01-10 to 2026-01-11")}
    assert len(edges.raw_events()) == 2 + 3


def test_the_window_does_not_depend_on_nights_or_order_of_arrival(new_lab, edges):
    nightly = window_lab(new_lab)
    for number, (source, name, content) in enumerate(reversed(edge_files())):
        nightly.put(source, name, content)
        nightly.load()
        if number == 1:
            nightly.derive("2026-01-10")  # a night before some of the days that are already loaded
    nightly.night("2026-01-13")
    for query in (REFUSALS, "select * exclude (source_file) from event order by all", "from data_quality order by all"):
        assert nightly.rows(query) == edges.rows(query)
    assert nightly.raw_events() == edges.raw_events()


def test_another_zone_or_window_over_a_loaded_warehouse_is_refused_where_it_matters(edges):
    def set_options(source: str, **options) -> None:
        edges.sources[source] |= options
        edges.write_configuration()

    set_options("shop", timezone="America/Chicago", latest=dt.date(2026, 1, 12))
    with pytest.raises(ConfigError, match=r"'shop': it may now speak .* 2 of its quarantined lines .* anew"):
        edges.load()
    set_options("shop", **WINDOW)
    set_options("table", timezone="America/Chicago")
    with pytest.raises(ConfigError, match=r"'table': its local times were read with timezone 'America/New_York'"):
        edges.load()
    set_options("table", timezone="America/New_York", earliest=dt.date(2026, 1, 11))
    with pytest.raises(ConfigError, match=r"1 of its loaded events lie outside"):
        edges.load()
    set_options("table", **WINDOW)
    assert edges.load().n_new_files == 0


def test_another_window_that_changes_no_verdict_is_taken(new_lab, web_line):
    lab = new_lab({"web": {"adapter": "nginx_combined", "timezone": "UTC"}})
    lab.put("web", "a.log", web_line(1, "/x"))
    lab.load()
    lab.sources["web"] |= {"timezone": "Asia/Kolkata", "earliest": dt.date(2026, 1, 2)}
    lab.write_configuration()
    lab.load()
    assert lab.rows("select timezone, earliest from source_clock") == [("Asia/Kolkata", dt.date(2026, 1, 2))]


def test_days_without_an_hour_are_counted_and_so_are_the_journeys_in_which_they_hide_an_order(new_lab):
    events = {"placed": "placed", "called": "called"}
    rows = {"files": "*", "events": events, "identifiers": {"order_no": "no", "customer_no": "no"}}
    steps = [
        {"step": name, "label": name, "stage": "order", "channel": name, "codes": {"t": [f"rows.{name}"]}}
        for name in events
    ]
    lab = new_lab({"t": {"adapter": "relational_orders", "timezone": "Europe/Berlin", "tables": {"rows": rows}}}, steps)
    lab.put(
        "t",
        "rows.csv",
        "no,placed,called\n"
        "1,2026-01-10,2026-01-10 00:00:00\n"  # which came first is not told
        "2,2026-01-10,2026-01-11 00:00:00\n"  # the days tell it
        "3,2026-01-10,2026-01-09 23:59:59\n"
        "4,2026-01-10,2026-01-10\n"  # two days, one order
        "5,2026-01-10 12:00:00,2026-01-10 11:00:00\n",
    )
    lab.night()
    assert lab.rows("select n, of_n from data_quality where measure = 'times: whole day'") == [(5, 10)]
    assert lab.rows(
        "select n, of_n from data_quality where measure = 'journeys with steps of one day in unknown order'"
    ) == [(2, 5)]
