"""The pages of findings: who shows it, over the nights, on a scale of time."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import toy
from test_drill_downs import table

from ingest.site import Site
from ingest.store import Store
from reports import formats, timeline
from reports.figures import Figures
from reports.pages import finding
from reports.records import Example, Moment
from reports.view_journeys import StepNames


def test_drivers_are_counted_journey_by_journey(toy_site: Path, night: Path) -> None:
    """F-01: journeys of the window that reach "Pays" or "Payment is refused", by the channel of their first step."""
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        one = next(f for f in Figures(store, toy.NIGHT).findings() if f.label == "F-01")
        hits = {key for (key,) in store.rows(one.evidence["sql"])}
        rows = store.rows(
            """select journey_key, journey.customer_id, list(step::varchar order by pos), arg_min(channel::varchar, pos)
            from journey join journey_event using (journey_id)
            where is_complete and started_at >= '2026-01-05' and started_at < '2026-03-01' group by all"""
        )
    reach = [row for row in rows if {"pay", "pay_failed"} & set(row[2])]
    shown = {cells[0]: cells[1:4] for cells in table((night / "findings/F-01.html").read_text("utf-8"), "drivers")}
    for channel, word in (("shop", "Shop"), ("web", "Web")):
        mine = [row for row in reach if row[3] == channel]
        n_hits = sum(row[0] in hits for row in mine)
        assert shown[f"Began by: {word}"][:2] == [formats.count(len(mine)), formats.count(n_hits)]
        assert shown[f"Began by: {word}"][2].startswith(formats.ratio(n_hits, len(mine)))
    text = (night / "findings/F-01.html").read_text("utf-8")
    n_hits = sum(row[0] in hits for row in reach)
    assert f"{formats.count(n_hits)} of {formats.count(len(reach))}." in text
    assert sum(name.startswith("Week of") for name in shown) <= finding.MOST_WEEKS


def group(name: str, n: int, hits: int, customers: int, hit_customers: int) -> tuple[object, ...]:
    return (1, name, n, hits, customers, hit_customers)


def test_a_small_group_can_not_be_worked_out_from_the_others() -> None:
    rows = [group("web", 500, 60, 400, 55), group("shop", 200, 20, 180, 19), group("mail", 90, 2, 80, 2)]
    assert [row[1] for row in finding._of_kind(rows, 5)] == ["web"]
    assert [row[1] for row in finding._of_kind(rows[:2], 5)] == ["web", "shop"]
    assert finding._of_kind([group("agent", 12, 6, 10, 6)], 5) == [], "too few journeys say nothing"


def test_the_effect_over_the_nights_has_its_line(night: Path) -> None:
    html = (night / "findings/F-01.html").read_text("utf-8")
    nights = html[html.index('id="nights-title"') :].split("</section>")[0]
    assert nights.count('class="band"') == 2 and "1\xa0Mar" in nights, "six nights are planted; drawn wide and narrow"


@pytest.mark.parametrize("days", [0.0, 0.01, 3.0, 400.0])
def test_journeys_stand_where_their_time_is(days: float) -> None:
    span = int(days * 86_400_000)
    moments = tuple(Moment("a" if i else "b", span * i // 4, None, 1) for i in range(5))
    one = Example("k1", False, 5, span, moments)
    names = StepNames({"a": "A", "b": "B"}, {"a": 1, "b": 2}, frozenset())
    html = str(timeline.journey_lines([("Typical", [one]), ("Extreme", [])], names, frozenset({"b"})))
    at = [float(x) for x in re.findall(r'cx="(\d+)"', html)]
    ends = [float(x) for x in re.findall(r'class="tl-row" x1="([\d.]+)" x2="([\d.]+)"', html)[0]]
    assert all(ends[0] - 5 <= x <= ends[1] + 5 for x in at) and len(at) == (5 if days else 1)
    assert html.count("tl-own") == 1 and "…" in html and "Extreme" not in html
    assert timeline.journey_lines([("Typical", [])], names, frozenset()) == ""


def test_history_stops_at_the_night(toy_site: Path) -> None:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        rows = Figures(store, toy.NIGHT - dt.timedelta(days=2)).history(f"{1:016x}")
    assert len(rows) == 4 and rows[-1][0] == toy.NIGHT - dt.timedelta(days=2)
