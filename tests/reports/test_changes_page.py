"""The page of changes (`changes`): numbers of findings and weeks as they stand in the warehouse, and the picture."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import toy
from test_drill_downs import table

from ingest.site import Site
from ingest.store import Store
from reports.change_picture import WeekPoint, change_lines
from reports.figures import Figures
from reports.pages import changes
from reports.plots import tick_text
from reports.render import render
from reports.stage import assemble

EXTRA = {
    "change": "menu", "metric": "menus_per_call", "better": "down", "expected": "down", "design": "did",
    "day": "2026-02-02",
    "before": 3.5, "after": 2.1, "control_before": 3.4, "control_after": 3.5, "mde": 0.04, "placebo_ci": None,
    "has_control": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = toy.make_site(tmp_path_factory.mktemp("changes") / "shop", n_journeys=300)
    site = Site(root)
    with Store.open(site.warehouse) as store:
        store.run(
            """create or replace table declared_change as select 'menu' as change_id, 'New <menu>' as label,
            date '2026-02-02' as day, [date '2026-02-02'] as waves, 'did' as design, 'line = service' as affected,
            'line = trade' as control, '' as note
            union all select 'later', 'Longer hours', date '2027-01-04', [date '2027-01-04'], 'its', 'x', '', ''"""
        )
        store.run(
            """create or replace table change_week as
            select 'menu' as change_id, 'menus_per_call' as metric, n >= 12 as is_control,
                date '2026-01-05' + 7 * (n % 12)::integer as monday, n % 12 >= 4 as is_after,
                case when n >= 12 then 3.4 + n / 100 when n >= 4 then 2.1 else 3.5 end as value,
                300::bigint as n_contacts
            from range(24) as t (n)"""
        )
        store.run(
            """create or replace table change_way as
            select 'menu' as change_id, 'view_product' as source, '' as target, 0.4 as before, 0.1 as after,
                0.4 as control_before, 0.41 as control_after, -0.3 as points, -0.35 as low, -0.25 as high, 0.001 as q,
                'less' as what
            union all select 'menu', 'view_product', 'pay', 0.6, 0.61, null, null, 0.01, -0.02, 0.04, 0.5, 'same'"""
        )
        store.run(
            """create or replace table change_distance as
            select 'menu' as change_id, 0.3 as distance, 0.1 as usual, 0.002 as p"""
        )
        store.run(
            """create or replace table change_proposed as
            select 1 as step_no, 'returns' as place, false as of_visits, 'menus_per_call' as metric, '' as step,
                date '2026-01-12' as monday, 3.0 as before, 4.5 as after, 8 as n_before, 9 as n_after, '' as change_id
            union all select 2, '', false, 'transfers_per_call', '', date '2026-02-02', 25.0, 10.0, 9, 8, 'menu'
            union all select 3, '', true, '', 'view_product', date '2026-01-19', 0.25, 0.5, 9, 8, ''"""
        )
        store.run(
            """create or replace table change_promise as
            select 'f1' as finding_id, 'Customers go round' as title, date '2026-01-05' as day, 'part' as verdict,
                9 as n_pre, 6 as n_post, 20.0 as promised_low, 40.0 as promised, 60.0 as promised_high,
                0.3 as before, 0.2 as after, 10.0 as given_low, 21.0 as given, 30.0 as given_high
            union all select 'f2', 'Two pages', date '2026-02-16', 'early', 9, 1, 1.0, 2.0, 3.0, null, null, null, null,
                null"""
        )
        parts = ("where", "window", "n", "cost", "evidence", "robustness")
        row = {f"{name}_json": "{}" for name in parts} | {
            "finding_id": "f" * 16, "no_label": "F-99", "kind": "change_effect", "status": "below_tolerance",
            "grade": "B", "rank_no": 99, "family": "change:menu", "m": 1,
            "title": "told", "text_evidence": "e", "text_caution": "c",
            "effect_json": json.dumps({"value": -0.4}), "ci_json": json.dumps({"low": -0.5, "high": -0.3}),
            "extra_json": json.dumps(EXTRA),
        }  # fmt: skip
        store.run(f"insert into finding by name select {', '.join(f'${name} as {name}' for name in row)}", row)
        figures = Figures(store, toy.NIGHT)
        pages = {page.path: page.content.decode() for page in render(assemble(site, figures), figures)}
    return pages["changes.html"]


def test_a_row_has_levels_effect_and_standing(html: str) -> None:
    row = table(html, "table-change-1")[0]
    assert row[0] == "menus per call" and row[1] == "3.50 to 2.10" and row[2] == "3.40 to 3.50"
    assert "40.0" in row[3] and "50.0" in row[3] and row[5].startswith("no change is shown")
    assert "New &lt;menu&gt;" in html and "<menu>" not in html


def test_only_paths_that_changed_are_told(html: str) -> None:
    assert "1 of 2 ways on was truly changed" in html and "30.0" in html
    (row,) = table(html, "ways-change-1")
    assert (
        row[1:4] == ["(the contact ends)", "40.0\u202f% to 10.0\u202f%", "40.0\u202f% to 41.0\u202f%"]
        and row[5] == "fewer go there"
    )


def test_a_step_is_asked_about_unless_a_change_is_declared_for_it(html: str) -> None:
    visits, calls = table(html, "undeclared")
    assert calls == ["12 January 2026", "returns", "menus per call 3.00 to 4.50"]
    assert visits[:2] == ["19 January 2026", "visits of the website"]
    assert visits[2].startswith('visits that have "') and visits[2].endswith(": 25.0\u202f% to 50.0\u202f%")


def test_what_was_promised_stands_beside_what_came(html: str) -> None:
    early, part = table(html, "promises")
    assert early[:4] == ["Two pages", "16 February 2026", "2.0 (1.0 to 3.0)", "–"]
    assert early[5] == "Too early: 8 of 8 full weeks before it and 1 of 4 after it are known."
    assert part[:4] == ["Customers go round", "5 January 2026", "40 (20 to 60)", "21 (10 to 30)"]
    assert part[5].startswith("After it a part of what was promised is there")


def test_weeks_stand_in_a_table_and_what_is_to_come_is_listed(html: str) -> None:
    assert len(table(html, "weeks-change-1")) == 12
    assert table(html, "declared") == [["Longer hours", "4 January 2027", "not begun yet"]]


def test_the_picture_has_both_lines_the_day_and_the_band() -> None:
    weeks = [WeekPoint(dt.date(2026, 1, 5) + dt.timedelta(weeks=n), 3.0 - (n > 5), 3.0, n > 5) for n in range(10)]
    drawn = change_lines(weeks, dt.date(2026, 2, 16), (2.8, 3.2), "menus", tick_text)
    assert (
        drawn.count('class="band"') == 2 and drawn.count('class="line usual"') == 2 and drawn.count('class="mark"') == 2
    )
    assert not change_lines(weeks[:2], dt.date(2026, 2, 16), None, "menus", tick_text)


def test_without_a_register_the_page_says_how(tmp_path: Path) -> None:
    site = Site(toy.make_site(tmp_path / "shop", n_journeys=60))
    with Store.open(site.warehouse) as store:
        figures = Figures(store, toy.NIGHT)
        view = changes.build(figures, assemble(site, figures))
    assert view.headline == "No change is declared" and "process/changes.toml" in view.lede
