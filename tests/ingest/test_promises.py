"""A promise that is broken is an event at the moment it ends, whether what was promised came later or never."""

from __future__ import annotations

import json

import pytest

from ingest.errors import ConfigError

EVENTS = {"placed": "placed", "got": "got"}
TABLE = {
    "files": "*",
    "events": EVENTS,
    "promises": {"got": "due"},
    "identifiers": {"order_no": "no", "customer_no": "no"},
}
ROWS = """no,placed,got,due
1,2026-01-10 10:00:00,2026-01-14 09:00:00,2026-01-14 00:00:00
2,2026-01-10 10:00:00,2026-01-14 23:59:59,2026-01-14
3,2026-01-10 10:00:00,2026-01-15 00:00:00,2026-01-14
4,2026-01-10 10:00:00,,2026-01-14 00:00:00
5,2026-01-10 10:00:00,2026-01-14 12:00:01,2026-01-14 12:00:00
6,2026-01-10 10:00:00,2026-01-14 12:00:00,2026-01-14 12:00:00
7,2026-01-10 10:00:00,,
8,2026-01-10 10:00:00,,soon
"""
OVERDUE = {"3": "2026-01-14 22:59:59", "4": "2026-01-14 22:59:59", "5": "2026-01-14 11:00:00"}
"""Order -> when its promise ends, in UTC: a day ends with its last second on the clock of Berlin."""


def source(**options) -> dict:
    return {"t": {"adapter": "relational_orders", "timezone": "Europe/Berlin", "tables": {"rows": TABLE | options}}}


def told(lab) -> list[tuple]:
    """(line, time in UTC, code) of all events, by time."""
    return lab.rows("select line_no, occurred_at, code from raw_event join code using (code_id) order by occurred_at")


def test_a_promise_ends_at_its_moment_or_with_its_day(new_lab):
    lab = new_lab(source())
    lab.put("t", "rows.csv", ROWS)
    lab.load()
    lab.check_identity()
    assert {str(no - 1): str(at) for no, at, code in told(lab) if code == "rows.got overdue"} == OVERDUE
    assert sum(code == "rows.got" for _, _, code in told(lab)) == 5
    assert lab.rows("select line_no - 1 from quarantine") == [(8,)], "a promise that is no time"


def test_the_code_column_and_an_offset_hold_for_promises_too(new_lab):
    lab = new_lab(source(code="no", time_formats=["%Y-%m-%d %H:%M:%S%z"]))
    lab.put(
        "t", "rows.csv", "no,placed,got,due\n7,2026-01-10 10:00:00Z,2026-01-14 12:00:00+02:00,2026-01-14 09:00:00Z\n"
    )
    lab.load()
    assert [(code, f"{at:%H:%M}") for _, at, code in told(lab)] == [
        ("rows.placed 7", "10:00"),
        ("rows.got overdue 7", "09:00"),
        ("rows.got 7", "10:00"),
    ]


def test_a_promise_of_no_event_is_refused_with_the_name_that_was_meant(new_lab):
    with pytest.raises(ConfigError, match=r"promises\.gott: no such event of the table; did you mean 'got'\?"):
        _ = new_lab(source(promises={"gott": "due"})).site.settings


def test_rules_of_an_earlier_release_know_no_promises(new_lab):
    lab = new_lab(source(promises={}))
    lab.put("t", "rows.csv", ROWS)
    lab.load()
    ((text,),) = lab.rows("select rules from source_rules")
    rules = json.loads(text)
    del rules["tables"]["rows"]["promises"]
    lab.store.run("update source_rules set rules = $rules", {"rules": json.dumps(rules)})
    lab.load()
    lab.sources["t"]["tables"]["rows"]["promises"] = {"got": "due"}
    lab.write_configuration()
    with pytest.raises(ConfigError, match="was read as table 'rows'"):
        lab.load()
