"""The drill-down pages: variants, time, web_to_phone, trends, news. Their numbers are counted here a second time."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import statistics
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import toy

from ingest.site import Site
from ingest.store import Store
from mining import night_figures
from reports import formats, render
from reports.figures import Figures
from reports.pages import data, news, trends, variants, web_to_phone
from reports.stage import assemble

DAY = dt.timedelta(days=1)
MOMENTS = [
    ("c1", "c1"), ("c1", "v1"), ("v1", "v1"), ("c0", "c0"), ("c0", "v0"), ("v0", "v0"), ("c1", "c0"), ("c1", "v0"),
    ("v1", "c0"), ("v1", "v0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A small toy warehouse that tests may write to, each in what it puts back."""
    root = toy.make_site(tmp_path_factory.mktemp("drill") / "shop", n_journeys=400)
    with Store.open(root / "var" / "warehouse.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def counted(toy_site: Path) -> Iterator[Store]:
    with Store.open(Site(toy_site).warehouse, read_only=True) as opened:
        yield opened


def table(html: str, name: str) -> list[list[str]]:
    """The cells of a table's body, as text."""
    body = html.split(f'<table id="{name}"', 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    return [
        [unescape(re.sub(r"<[^>]*>", " ", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def test_variants_are_the_journeys_one_by_one(counted: Store, night: Path) -> None:
    browse = {"view_product", "view_delivery", "track", "need"}
    ways: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for steps, customer_id, n_calls in counted.rows(
        """select string_split(steps, ' > '), journey.customer_id, n_calls from journey
        join journey_metrics using (journey_id) join variants using (variant_id) where anchor = 'order'"""
    ):
        ways.setdefault(tuple(s for s in steps if s not in browse), []).append((customer_id, n_calls))
    told = {way: rows for way, rows in ways.items() if len({customer for customer, _ in rows}) >= 5 and way}
    lines = table((night / "variants.html").read_text("utf-8"), "ways-orders")
    assert [line[2] for line in lines] == [
        formats.count(n) for n in sorted((len(rows) for rows in told.values()), reverse=True)[: variants.SHOWN]
    ]
    first = max(told.items(), key=lambda item: len(item[1]))[1]
    n_all = sum(len(rows) for rows in ways.values())
    assert lines[0][1] == formats.ratio(len(first), n_all)
    assert lines[0][5] == formats.number(100 * sum(n for _, n in first) / len(first), 0)
    text = (night / "variants.html").read_text("utf-8")
    assert f"{formats.count(len(ways) - len(told))} ways gone by fewer than 5 customers" in text
    rows = list(csv.reader(io.StringIO((night / "variants.csv").read_text("utf-8"))))
    assert sum(int(row[3]) for row in rows[1:] if row[0] == "journeys with an order") == sum(map(len, told.values()))
    assert (night / "variants.csv").stat().st_size <= variants.CSV_BYTES


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(cell: str) -> None:
    assert variants.safe_cell(cell) == f"'{cell}" and variants.safe_cell("Pays") == "Pays"


def test_time_from_order_to_goods_is_counted_journey_by_journey(counted: Store, night: Path) -> None:
    waits = []
    for moments in counted.rows(
        "select list(row(step::varchar, occurred_at) order by pos) from journey_event group by journey_id"
    ):
        at = {step: moment for step, moment in reversed(moments[0]) if step in ("order_entered", "deliver")}
        if len(at) == 2 and at["deliver"] >= at["order_entered"]:
            waits.append((at["deliver"] - at["order_entered"]) // dt.timedelta(milliseconds=1))
    html = (night / "time.html").read_text("utf-8")
    assert f"{formats.count(len(waits))} journeys with an order and its goods" in html
    median = statistics.median_low(waits)
    assert f"within {formats.duration_parts(median)[0]}{formats.THIN}days, nine of ten" in html
    assert Figures(counted, toy.NIGHT).key_figures["goods_ms"].value == median, "the same number on the trends page"
    drawn = [float(h) for h in re.findall(r'class="bar"[^>]*height="([\d.]+)"', html.split('class="plot wide"')[1])]
    assert 5 < len(drawn) < 40
    shares = [float(row[2].split(formats.THIN)[0]) for row in table(html, "lanes")]
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_web_to_phone_counts_visits_one_by_one(counted: Store, night: Path) -> None:
    label = dict(counted.rows("select step, label from touch where channel = 'web'"))
    calls: dict[int, list[dt.datetime]] = {}
    for customer, at in counted.rows("select customer_id, occurred_at from event where call_id is not null"):
        calls.setdefault(customer, []).append(at)

    def called(customer: int, at: dt.datetime) -> bool:
        return any(at <= call <= at + DAY for call in calls.get(customer, []))

    visits: dict[tuple[int, int], dict[str, dt.datetime]] = {}
    for customer, session, step, at in counted.rows(
        """select customer_id, session_id, step::varchar, occurred_at from event
        where session_id is not null order by all"""
    ):
        seen = visits.setdefault((customer, session), {})
        seen[label[step]] = min(at, seen.get(label[step], at))
    shown = table((night / "web_to_phone.html").read_text("utf-8"), "table-pages")
    assert shown
    for page, n, with_call, rate, others, *_ in shown:
        mine = {key: seen for key, seen in visits.items() if page in seen}
        rest = {key: seen for key, seen in visits.items() if page not in seen}
        n_called = sum(called(customer, seen[page]) for (customer, _), seen in mine.items())
        n_rest = sum(called(customer, min(seen.values())) for (customer, _), seen in rest.items())
        assert (n, with_call) == (formats.count(len(mine)), formats.count(n_called)), page
        assert rate == formats.number(100 * n_called / len(mine), 1)
        assert others == formats.number(100 * n_rest / len(rest), 1)


def test_the_interval_of_web_to_phone_covers() -> None:
    """400 worlds of 150 customers with calls in clusters: 95 % intervals hold the true difference in 93 to 97 %."""
    rng = random.Random(5)
    hits, n_worlds = 0, 400
    for _ in range(n_worlds):
        sums = dict.fromkeys(["v1", "c1", "v0", "c0", "cc", "cv", "vv", "n_callers", *map("".join, MOMENTS)], 0)
        for _ in range(150):
            shift = rng.choice((-0.1, 0.1))  # a customer's own readiness to call
            one = {"v1": rng.choice((0, 1, 3)), "v0": rng.choice((0, 1, 2, 4))}
            one["c1"] = sum(rng.random() < 0.35 + shift for _ in range(one["v1"]))
            one["c0"] = sum(rng.random() < 0.15 + shift for _ in range(one["v0"]))
            for name, value in one.items():
                sums[name] += value
            if one["v1"]:
                for a, b in MOMENTS:
                    sums[a + b] += one[a] * one[b]
            else:
                for name, a, b in (("cc", "c0", "c0"), ("cv", "c0", "v0"), ("vv", "v0", "v0")):
                    sums[name] += one[a] * one[b]
        seen = web_to_phone.compared(sums | {"kind": "page", "name": "x", "n": 150})
        assert seen is not None
        hits += seen.low <= 0.2 <= seen.high
    assert 0.93 <= hits / n_worlds <= 0.975, hits


def test_a_site_without_web_or_calls_is_told_what_is_missing(store: Store) -> None:
    for column, wanted in (("session_id", "No source tells of visits"), ("call_id", "No source tells of calls")):
        store.run(f"create or replace temporary table kept as select event_no, {column} from event")
        store.run(f"update event set {column} = null")
        view = web_to_phone.build(Figures(store, toy.NIGHT), None)  # type: ignore[arg-type]
        assert len(view.missing) == 1 and view.missing[0].startswith(wanted) and not view.tables
        store.run(f"update event set {column} = kept.{column} from kept where kept.event_no = event.event_no")


def test_night_figures_are_one_row_a_night_and_measure(store: Store) -> None:
    before = store.rows("from night_figure order by all")
    night_figures.remember(store, toy.NIGHT)
    assert store.rows("from night_figure order by all") == before and len(before) == 9
    night_figures.remember(store, toy.NIGHT + DAY)
    assert store.value("select count(*) from night_figure") == 18
    store.run("delete from night_figure where night > $night", {"night": toy.NIGHT})


def test_weeks_agree_with_the_journeys(counted: Store) -> None:
    weeks = trends._weeks(Figures(counted, toy.NIGHT))
    assert len(weeks) >= 3
    for week in weeks:
        rows = counted.rows(
            """select n_calls from journey join journey_metrics using (journey_id)
            where anchor = 'order' and started_at >= $monday and started_at < $monday + interval 7 day""",
            {"monday": week.monday},
        )
        assert week.n == len(rows) and week.calls.value == pytest.approx(100 * sum(n for (n,) in rows) / len(rows))
        assert week.calls.low <= week.calls.value <= week.calls.high  # type: ignore[operator]
        assert week.duration.low <= week.duration.value <= week.duration.high  # type: ignore[operator]


def news_of(store: Store) -> news.NewsView:
    return news.build(Figures(store, toy.NIGHT), None)  # type: ignore[arg-type]


def test_nothing_changed_is_an_answer_though_numbers_move(store: Store) -> None:
    store.run("insert into night_figure select night - 1, measure, value * 1.001, low, high, n from night_figure")
    try:
        view = news_of(store)
        assert view.headline == "Nothing changed since the last night" and not view.items
        store.run("update night_figure set value = high * 3, low = high * 2.9, high = high * 3.1 where night < $night",
                  {"night": toy.NIGHT})  # fmt: skip
        assert {item.word for item in news_of(store).items} == {"Figure"}
    finally:
        store.run("delete from night_figure where night < $night", {"night": toy.NIGHT})


def test_news_tells_what_became_of_findings(store: Store) -> None:
    last = toy.NIGHT - DAY
    ids = [row[0] for row in store.rows("select finding_id from finding order by no_label")]
    for number, finding_id in enumerate(ids, 1):
        store.run("insert into finding_register values ($id, $n, $day)", {"id": finding_id, "n": number, "day": last})
    store.run("create or replace temporary table kept_history as from finding_history")
    store.run(
        "delete from finding_history where finding_id = $id and night < $night", {"id": ids[0], "night": toy.NIGHT}
    )
    store.run(
        "delete from finding_history where finding_id = $id and night = $night", {"id": ids[1], "night": toy.NIGHT}
    )
    store.run("update finding_history set low = 9, high = 10 where finding_id = $id and night = $last",
              {"id": ids[2], "last": last})  # fmt: skip
    store.run("insert into finding_ledger values ($id, $day, 'confirmed', '')", {"id": ids[3], "day": toy.NIGHT + DAY})
    store.run("insert into finding_ledger values ($id, $day, 'confirmed', '')", {"id": ids[4], "day": last})
    told = [(item.word, item.text[:4]) for item in news_of(store).items]
    assert told == [("Confirmed", "F-04"), ("New", "F-01"), ("Gone", "F-02"), ("Changed", "F-03")]
    store.run("delete from finding_history")
    store.run("insert into finding_history from kept_history")
    store.run("delete from finding_ledger")
    store.run("delete from finding_register")


def test_a_new_code_is_told_unless_few_have_it(store: Store) -> None:
    store.run("insert into night_figure select night - 1, measure, value, low, high, n from night_figure")
    store.run("create or replace temporary table kept_event as from event")
    for code, n in (("GET /mia-wolf", 2), ("GET /new-page", 6)):
        store.run(
            f"""insert into event by name select * replace ($code as raw_code, $at::timestamp as occurred_at)
            from event where raw_code = 'GET /new' order by event_no limit {n}""",
            {"code": code, "at": dt.datetime.combine(toy.NIGHT, dt.time(8))},
        )
    text = " ".join(item.text for item in news_of(store).items)
    assert "“GET /new-page” occurs for the first time, 6 events" in text
    assert "mia-wolf" not in text and "1 new code of fewer than 5 customers" in text
    store.run("delete from event")
    store.run("insert into event from kept_event")
    store.run("delete from night_figure where night < $night", {"night": toy.NIGHT})


def test_the_mail_file_stands_alone(night: Path, monkeypatch: pytest.MonkeyPatch, toy_site: Path) -> None:
    html = (night / "report-mail.html").read_text("utf-8")
    assert len(html.encode()) <= 300_000
    assert [f"F-0{n}" for n in range(1, 6)] == re.findall(r'<section id="drill-(F-\d+)"', html)
    links = re.findall(r'href="([^"]*)"', html)
    ids = re.findall(r' id="([^"]*)"', html)
    assert "#drill-F-03" in links and all(link == "data:," or link[1:] in ids for link in links)
    assert len(ids) == len(set(ids))
    unit = next(unit for unit in render.page_units() if unit.stem == "report_mail")
    monkeypatch.setattr(render, "MOST_BYTES", len(html.encode()) - 1)
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        figures = Figures(store, toy.NIGHT)
        pages = {page.path: page.content for page in render.render(assemble(Site(toy_site), figures), figures)}
    assert b"drill-F-04-title" in pages[unit.meta["file"]] and b"drill-F-05-title" not in pages[unit.meta["file"]]


def test_the_data_page_tells_short_days_and_who_is_known_twice(store: Store) -> None:
    store.run("insert into source values (2, 'calls', 'asterisk_queue_log', 2)")
    store.run("update event set source_id = 2 where call_id is not null")
    store.run(
        """create or replace table source_day as select 1::utinyint as source_id, $night::date - i::integer as day,
        10::ubigint as n_events, 100::ubigint as n_usual, i % 2 = 1 as is_complete from range(100) as r(i)""",
        {"night": toy.NIGHT},
    )
    view = data.build(Figures(store, toy.NIGHT), None)  # type: ignore[arg-type]
    assert len(view.short_days) == data.MOST_DAYS and view.short_days[0] == ("web", "1 March 2026", "10", "100")
    assert view.short_more == "Not listed: 10 earlier days."
    callers = {c for (c,) in store.rows("select customer_id from event where source_id = 2")}
    others = {c for (c,) in store.rows("select customer_id from event where source_id = 1")}
    assert [row[:3] for row in view.joined] == [
        ("web", formats.count(len(others)), formats.count(len(callers & others))),
        ("calls", formats.count(len(callers)), formats.count(len(callers & others))),
    ]
    store.run("drop table source_day")
    assert data.build(Figures(store, toy.NIGHT), None).short_days == ()  # type: ignore[arg-type]
    store.run("update event set source_id = 1")
    store.run("delete from source where source_id = 2")


def words(text: str) -> str:
    """Words alone, in small letters: markup, punctuation and what stands in brackets do not matter."""
    plain = unescape(re.sub(r"<[^>]*>", " ", text)).lower()
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", re.sub(r"\(.*?\)", " ", plain)).split())


def test_each_measure_on_a_page_is_in_the_glossary(night: Path) -> None:
    """Heads of number columns, names of key figures and charts of all pages: the glossary uses these very words."""
    glossary = words((night / "glossary.html").read_text("utf-8").split("<h1>", 1)[1])
    missing = {}
    for path in sorted(night.rglob("*.html")):
        html = path.read_text("utf-8")
        names = re.findall(r'<th scope="col" class="num">(.*?)</th>', html) + re.findall(r'class="name">(.*?)<', html)
        names += re.findall(r'<div class="card chart"><h3>(.*?)</h3>', html)
        for name in names:
            measure = words(name.split(",")[0])
            if measure not in glossary:
                missing.setdefault(measure, path.name)
    assert not missing, missing
