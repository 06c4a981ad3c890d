"""Pictures of a finding's numbers: what they draw and tell in their tables is what stands in the record."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import toy

from ingest.site import Site
from ingest.store import Store
from reports.bar_rows import BarRow, HeldAgainst, bar_rows
from reports.figures import Figures
from reports.number_picture import WeekShare, by_week, number_pictures
from reports.page_picture import Picture
from reports.plots import Point, line_band, tick_text
from reports.records import FindingFigure
from reports.view_journeys import StepNames

NAMES = StepNames({"a": "Step A", "b": "Step <b>"}, {"a": 1, "b": 1}, frozenset())
SPLIT = {"n_confirm": 200, "hits_confirm": 30.0, "n_discovery": 300, "hits_discovery": 60.0,
         "sample": "confirm", "share_all": 0.18}  # fmt: skip
SHARE = {"value": 0.15, "unit": "share", "baseline": 0.05, "name": "share of journeys"}
CI = {"low": 0.10, "high": 0.21}
EXTRA: dict[str, dict[str, Any]] = {
    "deviation.skipped": {"n_checked": 500, "n_conforming": 400},
    "deviation.late": {"weekly": [[50, 5], [40, 10], [0, 0]]},
    "loop.self": {"exit_normal": 30, "exit_abnormal": 10},
    "repeat_contact": {"windows": {"14": {"a": 0.4, "b": 0.2}, "1": {"a": 0.1, "b": 0.02}}},
    "merge": {"members": ["a", "b"], "p_next": 0.97, "p_prev": 0.9},
    "re_ask": {"asked_before_and_again": [["a", "b", 31]]},
    "channel_switch": {"last_pages": [["a", 53], ["b", 9]]},
    "handoff": {"wait_p50_ms": 60_000, "work_p50_ms": 5_000, "gap_p50_ms": None},
    "eliminate": {"equivalence_margin": 0.02},
    "whatif": {
        "forecast": {"comparison": {"measures": {"today": {"min_per_need": 8.0}, "mid": {"min_per_need": 7.0}}}}
    },
}


def finding(kind: str, **values: Any) -> FindingFigure:
    usual: dict[str, Any] = dict.fromkeys((field.name for field in fields(FindingFigure)), "")
    usual |= {name: {} for name in ("where", "window", "cost", "evidence", "robustness")}
    return FindingFigure(
        **usual | {"kind": kind, "n": SPLIT, "effect": SHARE, "ci": CI, "extra": EXTRA.get(kind, {})} | values
    )


@pytest.fixture(scope="module")
def figures(toy_site: Path) -> Any:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        yield Figures(store, toy.NIGHT)


def told(figures: Figures, kind: str, **values: Any) -> dict[str, Picture]:
    return {one.heading: one for one in number_pictures(figures, finding(kind, **values), NAMES)}


def cells(picture: Picture) -> list[list[str]]:
    """Its table, with plain blanks."""
    return [[cell.replace("\u202f", " ") for cell in row] for row in picture.rows]


def test_a_share_is_told_on_both_parts_of_the_customers(figures: Figures) -> None:
    seen = told(figures, "deviation.skipped")["Seen again on other customers"]
    assert cells(seen) == [
        ["of those kept apart", "15.0 % (30 / 200)", "10.0 to 21.0 %"],
        ["of those it was found on", "20.0 % (60 / 300)", "–"],
        ["tolerated: 5.0 %", "", "–"],
    ]
    other = {**SHARE, "value": 0.4}  # an effect that is no plain share of these counts
    assert "Seen again on other customers" not in told(figures, "channel_switch", effect=other)
    assert told(figures, "rework", n={"units": 5}) == {}


@pytest.mark.parametrize(
    ("kind", "heading", "rows"),
    [
        ("deviation.skipped", "Beside the whole process",
         [["of the journeys follow the process in every step", "80.0 %"], ["deviate so", "18.0 %"]]),
        ("deviation.late", "Late, week by week", [["week 1", "10.0 % (5 / 50)"], ["week 2", "25.0 % (10 / 40)"],
                                                  ["usual before: 5.0 %", ""]]),
        ("loop.self", "How they get out", [["go on as intended", "75.0 % (30)"],
                                           ["end badly or go no further", "25.0 % (10)"]]),
        ("repeat_contact", "Within days", [["followed within 1 day", "10.0 %"], ["in 1 usual day", "2.0 %"],
                                           ["followed within 14 days", "40.0 %"], ["in 14 usual days", "20.0 %"]]),
        ("merge", "Both directions", [["of “Step A” go on to it", "97.0 %"], ["of “Step <b>” come from it", "90.0 %"],
                                      ["the least that is told: 5.0 %", ""]]),
        ("re_ask", "Where it is asked first and again", [["“Step A”, then “Step <b>”", "31"]]),
        ("channel_switch", "The last page before the call", [["“Step A”", "53"], ["“Step <b>”", "9"]]),
        ("handoff", "Where the time goes", [["waiting there (median)", "1 min"], ["at work there (median)", "5 s"]]),
        ("eliminate", "With it and without it", [["difference of bad ends, with and without it", "15.0 %"],
                                                 ["the farthest end of its interval", "21.0 %"],
                                                 ["counts as alike: 2.0 %", ""]]),
        ("whatif", "Today and with the change", [["minutes a need today", "8.00"],
                                                 ["minutes a need with the change", "7.00"]]),
    ],
)  # fmt: skip
def test_each_kind_tells_the_numbers_of_its_record(
    figures: Figures, kind: str, heading: str, rows: list[list[str]]
) -> None:
    picture = told(figures, kind)[heading]
    assert [row[:2] for row in cells(picture)] == rows
    assert "Step <b>" not in str(picture.drawing) and str(picture.drawing).count("<svg") == 2
    assert number_pictures(figures, finding(kind, extra={}, n={}), NAMES) == ()


def test_bars_are_as_long_as_their_numbers_and_end_before_the_line() -> None:
    rows = [BarRow("one", 10, "10", "cost", (5, 20)), BarRow("two", 40, "40")]
    drawn = str(bar_rows(rows, "t", top=100, line=HeldAgainst(50, "half"))).split("</svg>")[0]
    wide = [float(width) for width in re.findall(r'class="bar \w+" x="1" y="\d+" width="([\d.]+)"', drawn)]
    (line,) = re.findall(r'class="mark" x1="([\d.]+)"', drawn)
    (low, high) = re.findall(r'class="whisker" x1="([\d.]+)" x2="([\d.]+)"', drawn)[0]
    assert wide[1] == pytest.approx(4 * wide[0], abs=0.3) and float(line) == pytest.approx(1 + 1.25 * wide[1], abs=0.3)
    assert float(low) == pytest.approx(1 + wide[0] / 2, abs=0.3) and float(high) == pytest.approx(
        1 + 2 * wide[0], abs=0.3
    )


def weeks(*places: int) -> list[WeekShare]:
    return [WeekShare(dt.date(2026, 1, 5) + dt.timedelta(weeks=place), 10 + place, 100) for place in places]


def test_weeks_that_cannot_be_told_are_no_line_and_too_many_are_no_picture() -> None:
    (one,) = by_week(weeks(0, 1, 2, 4, 5))
    assert str(one.drawing).count('class="line"') == 4 and len(one.rows) == 5, "two stretches, drawn wide and narrow"
    assert cells(one)[0][1:] == ["100", "10", "10.0 % (5.5 to 17.4 %)"]
    assert list(by_week(weeks(0, 1, 4, 5))) == [] and list(by_week([])) == []
    points = [Point(dt.date(2026, 1, day), 1.0) for day in (1, 9, 10)]
    assert str(line_band(points, "t", tick_text, most_days=7)).count('r="2.5"') == 2, "a point alone is a dot"
