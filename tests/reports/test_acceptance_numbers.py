"""Every number of a night can be checked: tables, figures and maps against queries of their own on the sample's
warehouse, which read events, journeys and files, not the aggregates that the pages are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from ingest.store import Store
from reports import formats

FEW = 5
EVENTS = """(select *, lag(epoch_us(coalesce(ended_at, occurred_at))) over way as before_us,
    lead(step) over way as after, min(epoch_us(occurred_at)) over (partition by journey_id) as start_us,
    row_number() over way as place, count(*) over (partition by journey_id) as n_places
    from journey_event window way as (partition by journey_id order by pos))"""
GAP = "greatest(0, epoch_us(occurred_at) - before_us) // 1000"
STEPS = f"""select touch.label as "Step", count(distinct customer_id) as people, count(*) as "Times",
    count(distinct journey_id) as "Journeys",
    100 * count(distinct journey_id) / (select count(*) from journey) as "of 100 journeys",
    count(*) filter (place = 1) as "Starts", count(*) filter (place = n_places) as "Ends",
    quantile_disc({GAP}, 0.5) filter (place > 1) as "Since the step before",
    quantile_disc((epoch_us(occurred_at) - start_us) // 1000, 0.5) as "Since the start"
    from {EVENTS} as e inner join touch on touch.step = e.step::varchar group by touch.label"""
MOVES = f"""select a.label as "From step", b.label as "To step", n as "Times", people, n_journeys as "Journeys",
    gap[1] as "Median time", gap[2] as "9 of 10 within" from (
        select step, after, count(*) as n, count(distinct customer_id) as people,
            count(distinct journey_id) as n_journeys, quantile_disc(gap_ms, [0.5, 0.9]) as gap
        from (select *, lead({GAP}) over (partition by journey_id order by pos) as gap_ms from {EVENTS})
        where after is not null group by step, after) as m
    inner join touch as a on a.step = m.step::varchar inner join touch as b on b.step = m.after::varchar"""
WAYS = """select list_aggregate(list_transform(runs, lambda one: one.label
        || case when one.n > 1 then ' ×' || one.n else '' end), 'string_agg', ' ') as "Way",
    count(*) as "Journeys", count(distinct customer_id) as "Customers" from (
        select journey_id, customer_id, list({{'label': label, 'n': n}} order by first_pos) as runs from (
            select journey_id, customer_id, run, any_value(label) as label, count(*) as n, min(pos) as first_pos from (
                select e.journey_id, e.customer_id, e.pos, touch.label, e.step,
                    row_number() over (partition by e.journey_id order by e.pos)
                    - row_number() over (partition by e.journey_id, e.step order by e.pos) as run
                from journey_event as e inner join journey as j using (journey_id)
                inner join touch on touch.step = e.step::varchar
                where j.anchor {anchor} 'order' and touch.class::varchar != 'browse')
            group by journey_id, customer_id, step, run)
        group by journey_id, customer_id)
    group by all"""
"""Journeys by what customers did beside looking at pages, the same step several times in a row as one."""
FILES = """sum(n_lines)::bigint as "Lines", sum(n_accepted)::bigint as "Accepted",
    sum(n_duplicate)::bigint as "Duplicate", sum(n_quarantined)::bigint as "Quarantined",
    sum(n_blank)::bigint as "Blank", sum(n_dropped)::bigint as "of accepted: dropped",
    sum(n_raw_events)::bigint as "Events" from ledger inner join source using (source_id)"""
TABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "step-table": (("Step",), STEPS),
    "path-table": (("From step", "To step"), MOVES),
    "sources": (("Source",), f'select name as "Source", count(*) as "Files", {FILES} group by name'),
    "files": (("Source", "File"), f'select name as "Source", path as "File", {FILES} group by name, path'),
    "dropped": (
        ("Source", "Reason"),
        """select source.name as "Source", dropped.reason as "Reason", sum(dropped.n_lines)::bigint as "Lines"
           from dropped inner join ledger using (file_id) inner join source using (source_id) group by all""",
    ),
    "quarantine": (
        ("Source", "Field", "Expected"),
        """select source.name as "Source", field as "Field", expectation as "Expected", count(*) as "Lines"
           from quarantine inner join ledger using (file_id) inner join source using (source_id) group by all""",
    ),
    "lanes": (
        ("Before a step of",),
        f"""select coalesce(department::varchar, 'Customer') as "Before a step of", count(*) as "Waits",
            quantile_disc({GAP}, 0.5) as "Median", quantile_disc({GAP}, 0.9) as "9 of 10 within"
            from {EVENTS} where place > 1 group by all""",
    ),
    "waits": (
        ("Step",),
        f"""select touch.label as "Step", count(*) as "Times", quantile_disc({GAP}, 0.5) as "Before: median"
            from {EVENTS} as e inner join touch on touch.step = e.step::varchar where place > 1 group by all""",
    ),
    "ways-orders": (("Way",), WAYS.format(anchor="=")),
    "ways-others": (("Way",), WAYS.format(anchor="!=")),
    "table-pages": (
        ("Page",),
        """select touch.label as "Page", count(distinct (event.customer_id, event.session_id)) as "Visits"
           from event inner join touch on touch.step = event.step::varchar
           where event.visible and event.session_id is not null and touch.channel::varchar = 'web' group by all""",
    ),
    "hidden-steps": (
        ("Lane", "Step"),
        """select coalesce(event.department::varchar, 'no lane') as "Lane", touch.label as "Step", count(*) as "Events"
           from event inner join touch on touch.step = event.step::varchar where not event.visible group by all""",
    ),
    "quality": (
        ("Measure", "Source", "Note"),
        """select replace(measure, '_', ' ') as "Measure", coalesce(source, '') as "Source",
           coalesce(note, '') as "Note", n as "Count" from data_quality""",
    ),
}
"""Table -> (columns that name a row, a query for its other numbers). Other columns are
texts, ordinals, dates, and shares of what stands beside them."""
TIMES = {
    "Since the step before", "Since the start", "Median time", "9 of 10 within", "Median", "Before: median"
}  # fmt: skip


@pytest.fixture(scope="module")
def site(sample_night: Path) -> Path:
    return sample_night / "data" / "sample"


@pytest.fixture(scope="module")
def store(site: Path) -> Iterator[Store]:
    with Store.open(site / "var" / "warehouse.duckdb", read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Any]:
    """Every page of the night, parsed."""
    night = (site / "reports" / "current").resolve()
    return {str(path.relative_to(night)): html.parse(str(path)).getroot() for path in sorted(night.rglob("*.html"))}


def text(element: Any) -> str:
    return " ".join(str(element.text_content()).split())


def sorted_by(table: Any) -> list[dict[str, str]]:
    """What each cell of a table sorts by, where it is not its text."""
    heads = [text(head) for head in table.iterfind(".//thead//th")]
    return [
        dict(zip(heads, (cell.get("data-v", "") for cell in row.iterfind("td")), strict=True))
        for row in table.iterfind(".//tbody/tr")
    ]


def rows_of(table: Any) -> list[dict[str, str]]:
    heads = [text(head) for head in table.iterfind(".//thead//th")]
    return [
        dict(zip(heads, (text(cell) for cell in row.iterfind("td")), strict=True))
        for row in table.iterfind(".//tbody/tr")
    ]


def written(column: str, value: Any) -> str:
    """A raw value as a cell of that column shows it."""
    if column in TIMES:
        shown = formats.duration(value)
    elif isinstance(value, float):
        shown = formats.number(value, 1)
    else:
        shown = formats.count(value)
    return " ".join(shown.split())


def test_tables_are_what_the_warehouse_holds(pages: dict[str, Any], store: Store) -> None:
    checked = set()
    for page, root in pages.items():
        for table in root.iterfind(".//table[@id]"):
            name = table.get("id")
            if name not in TABLES:
                continue
            keys, sql = TABLES[name]
            wanted = {tuple(" ".join(str(row[key]).split()) for key in keys): row for row in store.records(sql)}
            shown = rows_of(table)
            assert shown, f"{page}: {name} is empty"
            for row, sort in zip(shown, sorted_by(table), strict=True):
                if re.search(r" and [\d ]+ more$", row[keys[0]]):
                    continue  # a way that is cut short is no key
                truth = wanted[tuple(row[key] for key in keys)]
                for column in [column for column in row if column in truth and column not in keys]:
                    if truth.get("people", FEW) < FEW or (
                        0 < (truth[column] or 0) < FEW and column in ("Starts", "Ends")
                    ):
                        assert row[column] in (f"< {FEW}", "0", formats.NONE), f"{name}: {row} tells too few"
                        assert sort[column] in ("", "0"), f"{name}: {row} tells too few where it sorts"
                    else:
                        assert row[column] == written(column, truth[column]), f"{page}, {name}, {column}: {row}"
                checked |= {(name, column) for column in row if column in truth}
    assert {name for name, _ in checked} >= {"step-table", "path-table", "sources", "files", "dropped", "hidden-steps"}


def test_all_frequent_steps_and_paths_are_in_their_tables(pages: dict[str, Any], store: Store) -> None:
    for name in ("step-table", "path-table"):
        keys, sql = TABLES[name]
        there = {tuple(row[key] for key in keys) for row in rows_of(pages["map.html"].find(f".//table[@id='{name}']"))}
        frequent = {tuple(row[key] for key in keys) for row in store.records(sql) if row["people"] >= FEW}
        assert frequent <= there


def test_key_figures_are_what_the_warehouse_holds(pages: dict[str, Any], store: Store) -> None:
    shown = {
        text(figure.find("div[@class='name']")): (
            text(figure.find("div[@class='value']")), text(figure.find("div[@class='detail']"))
        )
        for figure in pages["overview.html"].iterfind(".//div[@class='figure']")
    }  # fmt: skip
    n, orders, closed, people = store.rows(
        """select count(*), count(*) filter (anchor = 'order'), count(*) filter (is_complete),
                  count(distinct customer_id) from journey"""
    )[0]
    calls = store.value(
        """select count(distinct (journey_id, call_id)) from journey_event inner join event using (event_no)
           inner join journey using (journey_id) where call_id is not null and anchor = 'order'"""
    )
    met = store.value("select count(distinct (journey_id, department)) from journey_event where department is not null")
    span = store.value(
        """select quantile_disc(ms, 0.5) from (
               select (max(epoch_us(coalesce(e.ended_at, e.occurred_at))) - min(epoch_us(e.occurred_at))) // 1000 as ms
               from journey_event as e inner join journey as j using (journey_id)
               where j.is_complete and j.anchor = 'order' group by journey_id)"""
    )
    assert shown["Journeys followed"][0] == " ".join(formats.count(n).split())
    assert " ".join(formats.plural(people, "{n} customer", "{n} customers").split()) in shown["Journeys followed"][1]
    assert " ".join(f"{formats.count(orders)} with an order".split()) in shown["Journeys followed"][1]
    assert shown["Calls per 100 orders"][0] == formats.number(100 * calls / orders)
    assert shown["Departments a journey meets"][0].split()[0] == formats.number(met / n)
    assert shown["Median time from first to last contact"][0].split()[0] == formats.duration_parts(span)[0]
    assert shown["Journeys that have ended"][0] == " ".join(formats.ratio(closed, n).split())


def boxes_of(view: Any, store: Store) -> dict[str, set[str]]:
    """Box number -> its steps: its own one, or for a box of further steps those of its lane without a box."""
    lanes = [text(name) for name in view.iterfind(".//*[@class='lane-name']")]
    of_lane: dict[str, set[str]] = {name: set() for name in lanes}
    for step, department in store.rows("select step, department::varchar from touch"):
        of_lane.setdefault(department or lanes[0], set()).add(step)
    found = {}
    links = [a for a in view.iterfind(".//a") if a.get("class", "").split()[:1] == ["n"]]
    own = {a.get("href").removeprefix("#step-") for a in links}
    for a in links:
        step = a.get("href").removeprefix("#step-")
        rest = of_lane[lanes[int(a.get("data-lane"))]] - own
        found[a.get("class").split()[1].removeprefix("n-")] = rest if "fold" in a.get("class") else {step}
    return found


def test_paths_of_the_map_carry_the_moves_between_their_steps(pages: dict[str, Any], store: Store) -> None:
    moves = store.rows(
        f"select step::varchar, after::varchar, count(*) from {EVENTS} where after is not null group by all"
    )
    view = pages["map.html"].find(".//div[@class='view department']")
    steps = boxes_of(view, store)
    drawn = [edge for edge in view.iterfind(".//g[@data-n]") if "ed" in edge.get("class").split()]
    assert len(drawn) > 20
    for edge in drawn:
        a, b = (next(c[2:] for c in edge.get("class").split() if c.startswith(end)) for end in ("s-", "t-"))
        n = sum(n for source, target, n in moves if source in steps[a] and target in steps[b])
        assert int(edge.get("data-n")) == n, (sorted(steps[a]), sorted(steps[b]))


def test_a_finding_ends_in_journeys_and_in_a_query_that_returns_them(pages: dict[str, Any], store: Store) -> None:
    records = {row["no_label"]: row for row in store.records("select no_label, n_json, evidence_json from finding")}
    labels = [name.split("/")[1].removesuffix(".html") for name in pages if name.startswith("findings/")]
    assert len(labels) >= 10
    for label in labels:
        page = pages[f"findings/{label}.html"]
        sql = page.find(".//pre").text_content()
        found = {row[0] for row in store.rows(sql)}
        facts = {text(name): text(name.getnext()) for name in page.iterfind(".//dl/dt")}
        assert facts["Journeys"] == " ".join(formats.count(len(found)).split()), f"{label}: {len(found)} by its query"
        shown = {
            text(title): set(re.findall(r"journey (\w+),", text(title.getparent().getnext())))
            for title in page.iterfind(".//div[@class='group']/h3")
        }
        assert shown and (shown.get("Typical", set()) | shown.get("Extreme", set())) <= found, label
        assert not shown.get("Counter-examples", set()) & found, f"{label}: a counter-example shows it"
        assert label in records


def test_a_number_shown_twice_is_the_same_number(pages: dict[str, Any], store: Store) -> None:
    """Of a finding: on its card, on its page, in its record. Of the night: wherever its size is named."""
    cards = {card.get("id"): card for card in pages["overview.html"].iterfind(".//article[@id]")}
    records = {row["no_label"]: row for row in store.records("select no_label, title, text_evidence from finding")}
    for label, card in cards.items():
        page = pages[f"findings/{label}.html"]
        for mark in ("data-value", "data-effect"):
            assert [text(e) for e in card.iterfind(f".//*[@{mark}]")] == [
                text(e) for e in page.iterfind(f".//*[@{mark}]")
            ]
        for told in (text(page.find(".//h1")), text(card.find(".//h3"))):
            assert re.findall(r"\d[\d.]*", told) == re.findall(r"\d[\d.]*", records[label]["title"].replace(",", ""))
    n = store.value("select count(*) from event")
    for name, root in pages.items():
        assert " ".join(formats.plural(n, "{n} event", "{n} events").split()) in text(root.find(".//footer")), name
