"""The page of the step dictionary (`dictionary`): what it proposes can be pasted, and names what it lists."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_site import AGENT, SITE

from ingest.language import speaking
from ingest.site import Site
from ingest.stage import ingest
from ingest.store import Store
from mining import aggregate, register
from reports.figures import Figures
from reports.pages import dictionary

STEPS = """
[[step]]
step = "home"
label = "Home"
stage = "research"
channel = "web"
codes.web = ["GET /", "GET /old"]
[[step]]
step = "rest"
label = "Another page"
stage = "research"
channel = "web"
codes.web = ["GET*"]
"""
NIGHTS = ["2026-01-09", "2026-02-12"]
CALLS = ['TRANSFER "new" \\desk\\', "Über–den'Tresen \u202egnirts", "CALLED +49 170 5631234"]


def web_lines(paths: list[str], day: dt.datetime) -> str:
    return "".join(
        f"192.0.2.{person} - - [{day + dt.timedelta(minutes=person, seconds=20 * place):%d/%b/%Y:%H:%M:%S} +0000] "
        f'"GET {path} HTTP/1.1" 200 1 "-" "{AGENT}" "c{person}"\n'
        for person in range(8)
        for place, path in enumerate(paths)
    )


def call_lines(day: dt.datetime) -> str:
    epoch = int(day.replace(tzinfo=dt.UTC).timestamp())
    return "".join(
        f"{epoch + 60 * person}|{epoch + 60 * person}.{place}|q|NONE|{verb}|||1\n"
        for person in range(8)
        for place, verb in enumerate(CALLS)
    )


def run_night(root: Path, number: int) -> tuple[dictionary.DictionaryView, Store]:
    """One night of the site, as far as the page needs it."""
    site = Site(root)
    site.prepare()
    store = Store.open(site.warehouse, threads=1)
    ingest(site, store, NIGHTS[number])
    aggregate.build(store)
    register.prepare(store)
    store.run("insert into night_figure (night) values ($night)", {"night": NIGHTS[number]})
    figures = Figures(store, dt.date.fromisoformat(NIGHTS[number]), site.settings.privacy.min_cell)
    with speaking("en"):
        return dictionary.build(figures, SimpleNamespace()), store  # type: ignore[arg-type]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRONTSTAGE_KEY", "5e" * 32)
    root = tmp_path / "shop"
    (root / "process").mkdir(parents=True)
    (root / "site.toml").write_text(SITE, encoding="utf-8")
    (root / "process/steps.toml").write_text(STEPS, encoding="utf-8")
    for name in ("web", "calls"):
        (root / "inbox" / name).mkdir(parents=True)
    (root / "inbox/web/a.log").write_text(
        web_lines(["/", "/old", "/cart"], dt.datetime(2026, 1, 8, 9)), encoding="utf-8"
    )
    return root


def cards(view: dictionary.DictionaryView) -> dict[str, Any]:
    return {card.pattern: card for _, group in view.groups for card in group}


def test_what_is_pasted_is_named(shop: Path) -> None:
    """A night lists, the operator pastes, the next night has the steps on its map and the list is empty."""
    view, store = run_night(shop, 0)
    store.__exit__()
    assert list(cards(view)) == ["GET /cart"] and view.silent == () and "new since" not in view.line
    paths = ["/", "/cart", "/order/4711000{0}/status", "/help/über'uns", "/old-town", "/cart/"]
    later = "".join(web_lines([path.format(n) for path in paths], dt.datetime(2026, 2, 12, 9 + n)) for n in range(3))
    (shop / "inbox/web/b.log").write_text(later, encoding="utf-8")
    (shop / "inbox/calls/queue_log").write_text(call_lines(dt.datetime(2026, 2, 12, 12)), encoding="utf-8")
    view, store = run_night(shop, 1)
    store.__exit__()
    (new, fresh), (known, old) = view.groups
    assert (new, known) == ("New since the last night", "Known for longer")
    assert [card.pattern for card in old] == ["GET /cart"]
    assert {card.pattern for card in fresh} >= {"GET /order/{number}/status", "GET /help/über'uns", "GET /cart/"}
    assert f"{len(fresh)} kinds of codes without one are new" in view.line
    assert [row[3] for row in view.silent] == ["GET /old"] and view.silent[0][1] == "one of its patterns"
    assert "47110" not in str(view) and "5631234" not in str(view)
    tags = {card.tag for card in fresh if card.source == "web"}
    assert tags == {"only in the catch-all “Another page”"}
    pasted = "".join("\n" + card.toml for card in cards(view).values())
    steps = tomllib.loads(STEPS + pasted)["step"]
    assert len({step["step"] for step in steps}) == len(steps) == 2 + view.n_cards
    assert "\u202e" not in pasted and "GUESS" in pasted
    with (shop / "process/steps.toml").open("a", encoding="utf-8") as file:
        file.write(pasted)
    view, store = run_night(shop, 1)
    assert view.groups == () and view.few == () and "100" in view.headline
    on_map = {step for (step,) in store.rows("select step::varchar from steps")}
    store.__exit__()
    visible = {step["step"] for step in steps if step.get("visible", True)} - {"rest"}
    assert on_map == visible


def test_the_page_of_the_toy(night: Path) -> None:
    """A report shows it, the overview leads to it, and what is to be pasted stands there without a script."""
    html = (night / "dictionary.html").read_text("utf-8")
    assert "codes.web = [&#34;GET /new&#34;]" in html and 'data-copies="paste-1"' in html
    assert ">gone</td>" in html and ">never</td>" in html
    assert 'href="dictionary.html"' in (night / "overview.html").read_text("utf-8")


def test_the_button_copies(night: Path, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((night / "dictionary.html").as_uri())
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async t => { window.kept = t; }}})"
    )
    page.click("button[data-copies=paste-1]")
    page.wait_for_function("document.querySelector('[data-copies=paste-1]').textContent === 'Copied'")
    kept = page.evaluate("window.kept")
    context.close()
    assert tomllib.loads(kept)["step"][0]["codes"] == {"web": ["GET /new"]}
