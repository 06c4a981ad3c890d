"""The effort page (`effort`): its numbers are counted here a second time, journey by journey."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy
from test_drill_downs import table

from ingest.site import Site
from ingest.store import Store
from mining.effort import PARTS
from reports import formats
from reports.figures import Figures
from reports.pages import effort

MINUTE = 60_000


@pytest.fixture(scope="module")
def counted(toy_site: Path) -> Iterator[Store]:
    with Store.open(Site(toy_site).warehouse, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def html(night: Path) -> str:
    return (night / "effort.html").read_text("utf-8")


def journeys(store: Store) -> list[tuple[int, int, int, dict[str, float]]]:
    """(journey, customer, ms, ms by step) of closed orders, from the events alone: the toy states 1.5 minutes for what
    no log times, gives nothing again, and its channels change within a day now and then."""
    events: dict[int, list[tuple[str, str, str, int, int, object, object]]] = {}
    for row in store.rows(
        """select e.journey_id, e.step::varchar, e.channel::varchar, t.actor, e.engaged_ms,
            e.customer_id, e.occurred_at, coalesce(e.ended_at, e.occurred_at)
        from journey_event as e inner join touch as t on t.step = e.step::varchar inner join journey using (journey_id)
        where is_complete and anchor = 'order' order by e.pos"""
    ):
        events.setdefault(row[0], []).append(row[1:])
    found = []
    for journey_id, rows in events.items():
        by_step: dict[str, float] = {}
        before = None
        for step, channel, actor, engaged, _, at, until in rows:
            ms = engaged or 90_000
            if actor == "customer" and channel in ("web", "agent", "shop"):
                medium = "phone" if channel == "agent" else channel
                if before and before[0] != medium and (at - before[1]).total_seconds() <= 86_400:  # type: ignore[operator]
                    ms += MINUTE
                before = (medium, until)
            by_step[step] = by_step.get(step, 0) + ms
        found.append((journey_id, rows[0][4], round(sum(by_step.values())), by_step))
    return sorted(found, key=lambda one: (one[2], one[0]))


def test_mean_spread_and_tenths_are_those_of_the_journeys(counted: Store, html: str) -> None:
    ms = [one[2] for one in journeys(counted)]
    n = len(ms)
    assert f"takes {formats.minutes(sum(ms) / n / MINUTE)} of a customer" in html
    for share in (0.5, 0.9):
        assert f"<dd>{formats.minutes(ms[math.ceil(share * n) - 1] / MINUTE)}" in html
    top = ms[-(n - math.floor(n * 0.9)) :]
    assert f"bears {formats.share(sum(top) / sum(ms))} of it all" in html
    rows = table(html, "tenths")
    assert [row[0] for row in rows] == [str(tenth) for tenth in range(1, 11)]
    assert sum(int(row[1].replace(formats.THIN, "")) for row in rows) == n
    assert rows[-1][1:3] == [formats.count(len(top)), formats.number(sum(top) / len(top) / MINUTE, 1)]


def test_drivers_are_the_journeys_step_by_step(counted: Store, html: str) -> None:
    found = journeys(counted)
    n = len(found)
    most, rest = found[math.floor(n * 0.9) :], found[: math.floor(n * 0.9)]
    labels = dict(counted.rows("select label, step from touch"))
    rows = table(html, "driver-steps")
    for name, *cells in rows[:-2]:
        a, b = (sum(one[3].get(labels[name], 0.0) for one in part) / len(part) / MINUTE for part in (most, rest))
        assert cells[:3] == [formats.number(a, 1), formats.number(b, 1), formats.signed(a - b, 1)]
    whole = (sum(one[2] for one in most) / len(most) - sum(one[2] for one in rest) / len(rest)) / MINUTE
    for name in ("parts", "steps", "stages"):
        assert table(html, f"driver-{name}")[-1][3:] == [formats.signed(whole, 1), formats.share(1.0)]


def test_each_journey_is_in_one_need_and_the_parts_are_the_whole(counted: Store, html: str) -> None:
    rows = table(html, "needs")
    n = counted.value("select count(*) from journey_effort")
    assert sum(int(row[1].replace(formats.THIN, "")) for row in rows) == n
    mean = counted.value("select sum(effort_ms) / count(*) from journey_effort where is_counted")
    parts = table(html, "effort-parts")
    assert parts[-1][1:3] == [formats.number(mean / MINUTE, 2), formats.share(1.0)]
    names = [row[0] for row in parts[:-1]]
    assert set(names) <= {*PARTS.values(), "All else"} and all(row[3] for row in parts[:-1]), "each says how"


def test_a_number_that_few_show_can_t_be_worked_out_from_the_others() -> None:
    def row(n: int) -> dict[str, int]:
        return {"n_most": n, "n_most_customers": n}

    assert effort._hidden({"a": row(3), "b": row(20), "c": row(40)}, 5) == {"a", "b"}
    assert effort._hidden({"a": row(3), "b": row(4), "c": row(40)}, 5) == {"a", "b"}
    assert effort._hidden({"a": row(0), "b": row(20), "c": row(40)}, 5) == set()


def test_a_part_that_few_have_is_put_with_others(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "shop", n_journeys=300)
    with Store.open(Site(root).warehouse) as store:
        few = "select journey_id from journey_effort where is_counted order by journey_id limit 3"
        store.run(f"update journey_effort set menu_ms = 1, effort_ms = effort_ms + 1 where journey_id in ({few})")
        view = effort.build(Figures(store, toy.NIGHT), None)  # type: ignore[arg-type]
        assert [row[0] for row in view.parts][-2:] == ["All else", "Together"]
        assert not any("menu" in row[0] for row in view.parts)
        store.run("update journey_effort set effort_ms = 0")
        assert "can't be told" in effort.build(Figures(store, toy.NIGHT), None).headline  # type: ignore[arg-type]
        store.run("drop table journey_effort")
        assert "can't be told" in effort.build(Figures(store, toy.NIGHT), None).headline  # type: ignore[arg-type]


def test_the_picture_has_a_bar_a_tenth_as_high_as_its_minutes(html: str) -> None:
    drawing = html.split('class="plot wide"', 1)[1].split("</svg>", 1)[0]
    bars: dict[str, float] = {}
    for x, height in re.findall(r'<rect class="part [^"]*" x="([\d.]+)"[^>]*height="([\d.]+)"', drawing):
        bars[x] = bars.get(x, 0.0) + float(height)
    heights = [bars[x] for x in sorted(bars, key=float)]
    minutes = [float(row[2]) for row in table(html, "tenths")]
    assert len(heights) == 10
    for height, value in zip(heights, minutes, strict=True):
        assert height / heights[-1] == pytest.approx(value / minutes[-1], abs=0.03)
