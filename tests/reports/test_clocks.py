"""The data page on clocks: what is measured is shown, what puts steps in doubt is said, few moments are folded."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import toy

from ingest.store import Store
from reports import formats
from reports.records import ClockFigure
from reports.view_clocks import clock_view

DAYS = ((dt.date(2026, 1, 5), 12, 89_000), (dt.date(2026, 1, 6), 9, 91_000))
APART = ClockFigure(
    source="cdr",
    other="calls",
    moment="the end of a call",
    n=21,
    ahead_ms=90_000,
    spread_ms=1000,
    low_ms=89_000,
    high_ms=91_000,
    is_best=True,
    is_apart=True,
    verdict="apart: one clock is wrong",
    n_moves=40,
    n_turned=17,
    days=DAYS,
)


def test_a_skew_that_may_turn_steps_round_is_a_warning():
    view = clock_view([APART], k=5)
    (warning,) = view.warnings
    assert warning.startswith(
        "The clocks of cdr and calls are apart: one clock is wrong. 17 of 40 moves between the two"
    )
    assert view.rows == (("cdr", "calls", "the end of a call", "21", "+90", "+89 to +91", "apart: one clock is wrong"),)
    assert view.day_rows == (
        ("cdr", "calls", "5 January 2026", "12", "+89"),
        ("cdr", "calls", "6 January 2026", "9", "+91"),
    )


def test_a_skew_that_turns_nothing_round_is_told_without_a_warning():
    view = clock_view([replace(APART, n_turned=0)], k=5)
    assert view.warnings == () and view.rows == clock_view([APART], k=5).rows


def test_what_is_not_known_is_not_told_as_a_number():
    view = clock_view(
        [replace(APART, n=3, is_apart=False, is_best=False, verdict="not enough data", n_turned=None)], k=5
    )
    (row,) = view.rows
    assert row[3:] == (f"<{formats.THIN}5", formats.NONE, "", "not enough data")
    assert view.warnings == () and view.day_rows == ()


def test_the_page_reads_what_ingest_left(tmp_path: Path):
    root = toy.make_site(tmp_path / "shop", n_journeys=150)
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run("insert into source by name select 99 as source_id, 'pbx' as name")
        ids = {"a": store.value("select min(source_id) from source"), "b": 99}
        store.run(
            """create table clock_skew as select $a as id_a, $b as id_b, 'the end of a call' as moment, 21 as n,
            90000 as ahead_ms, 1000 as spread_ms, 89000 as low_ms, 91000 as high_ms, true as is_best, true as is_apart,
            'apart: one clock is wrong' as verdict""",
            ids,
        )
        store.run(
            """create table clock_skew_day as select $a as id_a, $b as id_b, 'the end of a call' as moment,
            date '2026-01-06' as day, 9 as n, 91000 as ahead_ms""",
            ids,
        )
        store.run("create table clock_turned as select $a as id_a, $b as id_b, 40 as n_moves, 17 as n_turned", ids)
    html = (toy.written(root) / "data.html").read_text("utf-8")
    assert 'data-clocks="apart"' in html and "17 of 40 moves between the two" in html
    assert "6 January 2026" in html and "+91" in html
