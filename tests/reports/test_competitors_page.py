"""The page of competitors (`competitors`): both maps, steps side by side, gaps, claims, refused rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import test_drill_downs
import toy
from test_browser import opened
from test_pages import HOSTILE, Elements
from toy_research import plant_research

from ingest.site import Site
from ingest.store import Store
from reports import formats
from reports.figures import Figures
from reports.render import render
from reports.stage import assemble

DRAWN = """() => [...document.querySelector('.pair').querySelectorAll('.map-body')].map(map => {
  const top = map.getBoundingClientRect().top, box = a => a.querySelector('.box').getBoundingClientRect();
  return {line: map.querySelector('line.lov').getBoundingClientRect().top - top,
    boxes: [...map.querySelectorAll('a.n')].map(a => [a.querySelector('.st').textContent, box(a).left,
      box(a).top - top, a.dataset.lane])};
})"""


@pytest.fixture(scope="module")
def store(toy_site: Path) -> Iterator[Store]:
    with Store.open(Site(toy_site).warehouse, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def html(night: Path) -> str:
    return (night / "competitors.html").read_text("utf-8")


def table(html: str, name: str) -> list[list[str]]:
    """The cells of a table's body, whatever its rows are called."""
    return test_drill_downs.table(re.sub(r"<tr [^>]*>", "<tr>", html), name)


def section(html: str, name: str) -> str:
    """The part of the page about one company."""
    return next(part for part in html.split("<section ")[1:] if f">{name}</h2>" in part)


def boxes(html: str, number: int) -> list[tuple[str, str, int, str]]:
    """(label, lane, shops, place) of each box of one of the maps."""
    drawing = html.split('class="map-body"')[number + 1].split("</svg>", 1)[0]
    found = re.findall(r'<a class="n n-\d+([^"]*)"[^>]*aria-label="(.*?), (\w+): (\d+) times', drawing)
    return [(unescape(label), lane, int(n), "ghost" if "ghost" in kind else "") for kind, label, lane, n in found]


def test_both_maps_have_the_same_boxes_and_the_customer_on_top(html: str, store: Store) -> None:
    ours, theirs = (boxes(html, number) for number in (0, 1))
    assert {box[:2] for box in ours} == {box[:2] for box in theirs} and len(ours) == 9
    assert {label for label, lane, *_ in ours if lane == "Customer"} == {
        "Begins the errand", "Settled at once", "Settled later", "Not settled",
    }  # fmt: skip
    assert [box[0] for box in ours if box[3]] == ["Sign up"] and not [box for box in theirs if box[3]]
    begun = "select is_ours, n from competitor_move where starts_with(company, 'Brava') and source = '^'"
    n_shops = {side: sum(n for is_ours, n in store.rows(begun) if is_ours == side) for side in (True, False)}
    for drawn, is_ours in ((ours, True), (theirs, False)):
        counts = {box[0]: box[2] for box in drawn}
        settled = counts["Settled at once"] + counts["Settled later"] + counts["Not settled"]
        assert counts["Begins the errand"] == settled == n_shops[is_ours] == 120


def test_what_comes_into_a_step_goes_out_of_it(store: Store) -> None:
    flows: dict[tuple[str, bool, str], list[int]] = defaultdict(lambda: [0, 0])
    for company, is_ours, source, target, n in store.rows("select * from competitor_move"):
        flows[company, is_ours, source][1] += n
        flows[company, is_ours, target][0] += n
    assert flows and all(a == b for (_, _, key), (a, b) in flows.items() if not key.startswith("^"))


def test_steps_stand_side_by_side_with_who_asks_more(html: str, store: Store) -> None:
    rows = {row[1]: row for row in table(section(html, "Brava &amp; Sons"), "company-1-step-table")}
    asked = dict(store.rows("select key, asks_more from competitor_step where company like 'Brava%'"))
    assert asked["~Sign up"] == "theirs" and set(asked.values()) == {"", "theirs"}
    assert rows["Sign up"][2:7] == [formats.NONE, "“Sign up”", "none", formats.share(0.0), formats.share(1.0)]
    assert rows["Sign up"][-1] == "they ask it more often" and rows["Pays"][-1] == ""
    told = section(html, "Brava &amp; Sons").split('class="sub"', 1)[1].split("</p>")[0]
    assert "Where we ask less than Brava" in told and "“Sign up”" in told


def test_gaps_are_the_database_s_and_say_what_comes_of_them(html: str, store: Store) -> None:
    rows = {row[1]: row for row in table(section(html, "Brava &amp; Sons"), "company-1-gaps")}
    gap = store.records(
        "select * from competitor_gap where company like 'Brava%' and metric = 'minutes' and is_newest"
    )[0]
    time = rows["the time that an errand takes"]
    low, high = (f"× {formats.number(gap[name], 2)}" for name in ("low", "high"))
    assert time[2] == formats.minutes(gap["value_ours"])
    assert time[4] == f"× {formats.number(gap['gap'], 2)} ({low} to {high})"
    assert gap["ahead"] == "them" and time[-1].startswith("better for the customer there")
    thin = [
        row[-1].split(". ")[0] for row in table(section(html, "Corda"), "company-2-gaps") if row[0] == "Mystery shops"
    ]
    assert set(thin) <= {"too few to say who is better", "too few for a number"}, "no ranking on thin data"


def test_a_handful_of_shops_is_shown_and_gives_no_number(html: str) -> None:
    part = section(html, "Delta")
    assert all(row[2:5] == [formats.NONE] * 3 for row in table(part, "company-3-gaps"))
    assert 'class="map-body"' not in part
    cases = table(part, "company-3-cases")
    assert sum(row[0] == "Delta" for row in cases) == 6 and {"ours", "Delta"} == {row[0] for row in cases}


def test_claims_old_waves_and_other_questions_are_in_no_gap(html: str) -> None:
    claims = {(row[0], row[2]): row[-1] for row in table(html, "claims")}
    assert claims["Brava & Sons", f"97.0{formats.THIN}%"] == "as claimed; it lacks the number of cases"
    assert claims["Corda", f"95.0{formats.THIN}%"] == "with n and definition"
    assert [row[-1] for row in table(html, "beside")] == ["other wording"]
    older = table(html, "older")
    assert older and {row[-1].split(". ")[0] for row in older} <= {
        "old or of an older wave: not ranked", "too few for a number"
    }  # fmt: skip
    assert '<tr class="old">' in html
    assert "shops of Erst in wave “W2” are in no comparison" in unescape(html)


def test_a_refused_row_is_told_with_its_line_and_what_it_lacks(html: str, toy_site: Path) -> None:
    n_lines = len((toy_site / "process/competitors/shops.csv").read_text().splitlines())
    rows = table(html, "refused")
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("shops.csv", str(n_lines - 1), "shopper_id"),
        ("shops.csv", str(n_lines), "started_at"),
    ]
    assert "expected a pseudonym" in rows[0][3] and "expected a time" in rows[1][3]
    assert "Maria" not in html and "xxxxx xxxxx" in html, "of a person's name the shape only"
    assert table(html, "research-files")[0][-2:] == ["2", "2"]


def test_a_finding_of_research_speaks_of_cases_and_not_of_groups_of_customers(sample_night: Path) -> None:
    folder = sample_night / "data/sample/reports/current"
    told = "steps with us than at"
    pages = [html for path in sorted(folder.glob("findings/*")) if told in (html := path.read_text("utf-8"))]
    assert len(pages) == 1 and "not of groups of customers" in pages[0]
    cards = (folder / "overview.html").read_text("utf-8").split("<article")
    assert "204 mystery shops" in next(card for card in cards if told in card and "</article>" in card)


def test_without_research_the_page_says_what_to_do(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "shop", n_journeys=60)
    with Store.open(Site(root).warehouse) as store:
        figures = Figures(store, toy.NIGHT)
        pages = {page.path: page.content.decode() for page in render(assemble(Site(root), figures), figures)}
    page = unescape(pages["competitors.html"])
    assert "There is no research on competitors yet" in page and "data/templates/competitors" in page
    assert "<table" not in page and 'class="map-body"' not in page


@pytest.mark.parametrize("number", [0, 2, 4])
def test_hostile_names_of_companies_are_text(tmp_path: Path, number: int) -> None:
    root = toy.make_site(tmp_path / "shop", n_journeys=60)
    with Store.open(Site(root).warehouse) as store:
        plant_research(store, root, toy.frame_of(store), hostile=HOSTILE[number])
        figures = Figures(store, toy.NIGHT)
        pages = {page.path: page.content.decode() for page in render(assemble(Site(root), figures), figures)}
    found = Elements(pages["competitors.html"])
    assert sum(tag == "script" for tag, _ in found.tags) == 1 and not any(tag == "img" for tag, _ in found.tags)
    assert not any(name.startswith("on") for _, attrs in found.tags for name in attrs)


def test_the_maps_stand_alike_in_a_browser(browser: Any, night: Path) -> None:
    page, _, said = opened(browser, night / "competitors.html")
    places = page.evaluate(DRAWN)
    assert said == [] and len(places) == 2
    for drawn in places:
        assert all((top < drawn["line"]) == (lane == "0") for _, _, top, lane in drawn["boxes"])
    order = [[name for name, *_ in sorted(drawn["boxes"], key=lambda box: (box[1], box[2]))] for drawn in places]
    assert order[0] == order[1]
    page.context.close()


CUT = """() => [...document.querySelectorAll('.map-body')].filter(map => map.checkVisibility()).map(map => {
  const drawn = [...map.querySelectorAll('.band, .below')].map(band => band.getBoundingClientRect().bottom);
  return Math.max(...drawn) - map.getBoundingClientRect().bottom;
})"""


def test_on_paper_no_map_is_cut_off(browser: Any, night: Path) -> None:
    context = browser.new_context(viewport={"width": 1047, "height": 720}, offline=True)
    page = context.new_page()
    page.emulate_media(media="print")
    for name in ("competitors.html", "map.html"):
        page.goto((night / name).as_uri())
        hidden = page.evaluate(CUT)
        assert hidden and max(hidden) <= 1, (name, hidden)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1047, name
    context.close()
