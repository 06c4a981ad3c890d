"""The written report: complete, safe, reproducible, and every number the database's."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toy
from toy import written

from ingest.errors import DataGateError, FrontstageError, StateError
from ingest.site import Site
from ingest.store import Store
from mining import night_figures
from reports import formats, stage
from reports.figures import Figures
from reports.render import json_block, page_units
from reports.stage import report

HOSTILE = [
    "</script><script>alert(1)</script>", "<!-- <script>", '"><img src=x onerror=alert(1)>', "a\u2028b\u2029c",
    "\u202eevil\u202c", "&amp;&lt;", "{{ 7*7 }}{% if %}", "x' onload='alert(1)",
]  # fmt: skip


class Elements(HTMLParser):
    """Collects tags, attributes and shown text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.comments = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments += bool(data) or 1


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def test_every_page_is_there(night: Path) -> None:
    names = {str(path.relative_to(night)) for path in pages(night)}
    assert names >= {
        "overview.html",
        "map.html",
        "data.html",
        "glossary.html",
        "findings/F-01.html",
        "findings/F-05.html",
    }
    assert (night.parent / "current").resolve() == night.resolve()
    assert {unit.stem for unit in page_units()} >= {"overview", "map", "finding", "data", "glossary"}


def test_pages_are_small(night: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in pages(night)}
    print(sizes)
    assert max(sizes.values()) <= 300_000
    assert sum(sizes.values()) <= 5_000_000


def test_pages_hold_nothing_from_outside(night: Path) -> None:
    for path in pages(night):
        html = path.read_text(encoding="utf-8")
        found = Elements(html)
        assert found.tags[3][1].get("http-equiv") == "Content-Security-Policy", "right after the charset"
        policy = found.tags[3][1]["content"] or ""
        assert "default-src 'none'" in policy and "unsafe" not in policy
        for tag, attrs in found.tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"], (path, tag, attrs)
            for name in ("src", "href"):
                value = attrs.get(name) or ""
                assert "//" not in value and not value.lower().startswith("javascript"), (path, value)
        for kind in ("style", "script"):
            body = re.search(rf"<{kind}>(.*?)</{kind}>", html, re.S)
            assert body
            digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
        assert html.count("<style") == 1 and html.count("<script>") == 1


def test_links_resolve(night: Path) -> None:
    anchors = {
        path: {a["id"] for _, a in Elements(path.read_text("utf-8")).tags if a.get("id")} for path in pages(night)
    }
    for path in pages(night):
        for tag, attrs in Elements(path.read_text("utf-8")).tags:
            href = attrs.get("href")
            if tag != "a" or not href:
                continue
            name, _, anchor = href.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists() and night.resolve() in target.parents, (path.name, href)
            known = next((ids for p, ids in anchors.items() if p.resolve() == target), set())
            assert not anchor or anchor in known, (path.name, href)


def test_ids_are_unique(night: Path) -> None:
    for path in pages(night):
        ids = [attrs["id"] for _, attrs in Elements(path.read_text("utf-8")).tags if attrs.get("id")]
        assert len(ids) == len(set(ids)), path.name


def test_the_same_bytes_on_a_second_run(toy_site: Path, night: Path) -> None:
    before = {path.relative_to(night): path.read_bytes() for path in pages(night)}
    assert written(toy_site) == night
    assert {path.relative_to(night): path.read_bytes() for path in pages(night)} == before
    assert sorted(path.name for path in night.parent.iterdir()) == ["2026-03-01", "current"]


def test_a_number_is_the_same_on_the_card_on_its_page_and_in_the_database(toy_site: Path, night: Path) -> None:
    overview = (night / "overview.html").read_text("utf-8")
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        findings = Figures(store, toy.NIGHT).findings()
    assert len(findings) == 5
    order = re.findall(r'<article class="card finding" id="(F-\d+)"', overview)
    assert order == [finding.label for finding in findings]
    for finding in findings:
        own = (night / f"findings/{finding.label}.html").read_text("utf-8")
        card = overview.split(f'id="{finding.label}"', 1)[1].split("</article>", 1)[0]
        minutes = finding.cost.get("customer_min_per_week")
        wanted = (
            f"{formats.number(minutes['mid'])}{formats.THIN}min" if minutes else formats.share(finding.effect["value"])
        )
        for html in (card, own):
            shown = re.search(r"data-value>([^<]+)<", html)
            assert shown and shown.group(1) == wanted
            if minutes:
                effect = re.search(r"data-effect>([^<]+)<", html)
                assert effect and effect.group(1) == formats.share(finding.effect["value"])
        assert finding.evidence["sql"].splitlines()[0] in own


def test_tables_agree_with_the_database(toy_site: Path, night: Path) -> None:
    html = (night / "map.html").read_text("utf-8")
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        steps = dict(store.rows("select step::varchar, n_events from steps where n_customers >= 5"))
        moves = {
            (a, b): n
            for a, b, n in store.rows("select step_from::varchar, step_to::varchar, n from dfg where n_customers >= 5")
        }
        n_rare, rare = store.rows("select count(*), coalesce(sum(n), 0)::bigint from dfg where n_customers < 5")[0]
    for step, n in steps.items():
        row = re.search(rf'<tr id="step-{step}">(.*?)</tr>', html, re.S)
        assert row and f'data-v="{n}">{formats.count(n)}<' in row.group(1)
    table = html.split('id="path-table"')[1]
    rows = re.findall(r'#step-(\w+)">.*?#step-(\w+)">.*?data-v="(\d+)"', table)
    assert {(a, b): int(n) for a, b, n in rows} == moves
    if n_rare:
        assert formats.plural(n_rare, "{n} further path", "{n} further paths") in html
        assert formats.small_count(rare, 5) in unescape(html)


def test_no_small_cell_is_told(toy_site: Path, night: Path) -> None:
    """No path or step of fewer than five customers carries its count."""
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        rare = store.rows("select step_from::varchar, step_to::varchar from dfg where n_customers < 5")
    html = (night / "map.html").read_text("utf-8")
    shown = {tuple(pair) for pair in re.findall(r'#step-(\w+)">[^<]*</a></td><td><a href="#step-(\w+)"', html)}
    assert rare and not shown & set(rare)
    assert not re.findall(r'data-n="[1-4]"', html)


def test_hidden_and_undeclared_events_are_counted_and_never_drawn(night: Path) -> None:
    text = "".join(Elements((night / "map.html").read_text("utf-8")).text)
    assert "40 events behind the line of visibility" in text and "40 events with an undeclared code" in text
    assert "Goods are picked" not in text
    data = "".join(Elements((night / "data.html").read_text("utf-8")).text)
    assert "Goods are picked" in data and "GET /new" in data


def test_the_accounting_identity_is_shown(night: Path) -> None:
    html = (night / "data.html").read_text("utf-8")
    t = formats.THIN
    assert f"14{t}000 lines read = 13{t}700 accepted + 230 duplicate + 55 quarantined + 15 blank" in html
    assert 'data-identity="holds"' in html
    assert "99/Xxx" not in html, "quarantined values are never shown, masked or not"
    assert "a date such as 01/Feb/2026" in html


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_strings_are_text(tmp_path: Path, number: int) -> None:
    evil = HOSTILE[number]
    label = f"Pays {evil}"
    lanes = [(f"Web {evil}", evil), *toy.DEPARTMENTS[1:]]
    root = toy.make_site(
        tmp_path / "evil", name=f"Shop {evil}", n_journeys=150, relabel={"pay": label}, departments=lanes
    )
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run(
            "update finding set title = 'Loop ' || $evil, text_evidence = $evil, text_caution = $evil", {"evil": evil}
        )
        store.run("update quarantine set expectation = $evil, field = $evil", {"evil": evil})
        store.run("update event set raw_code = $evil where visible is null", {"evil": evil})
        store.run("update data_quality set note = $evil", {"evil": evil})
    folder = written(root)
    for path in pages(folder):
        found = Elements(path.read_text("utf-8"))
        assert sum(tag == "script" for tag, _ in found.tags) == 1, path.name
        assert sum(tag == "img" for tag, _ in found.tags) == 0
        assert found.comments == 0
        assert not any(name.startswith("on") for _, attrs in found.tags for name in attrs)
    text = "".join(Elements((folder / "data.html").read_text("utf-8")).text)
    shown = "".join("\ufffd" if ord(c) in (0x202E, 0x202C) else " " if ord(c) in (0x2028, 0x2029) else c for c in evil)
    assert shown in text


def test_json_in_a_page_can_not_end_its_element() -> None:
    for evil in HOSTILE:
        block = str(json_block({"x": evil}))
        assert "<" not in block and ">" not in block and "&" not in block and block.isascii()
        assert json.loads(block) == {"x": evil}


@pytest.mark.parametrize("n", [0, 1, 12])
def test_too_little_data_gives_a_useful_page(tmp_path: Path, n: int) -> None:
    folder = written(toy.make_site(tmp_path / "small", n_journeys=n, findings=False))
    text = "".join(Elements((folder / "overview.html").read_text("utf-8")).text)
    assert "What is missing" in text
    assert ("There is no data yet" if n == 0 else "too little data") in text
    alone = {unit.meta.get("file", f"{unit.stem}.html") for unit in page_units() if "each" not in unit.meta}
    assert {path.name for path in pages(folder)} == alone | {"index.html"}


def test_no_finding_is_said_to_be_no_finding(tmp_path: Path) -> None:
    folder = written(toy.make_site(tmp_path / "calm", n_journeys=400, findings=False))
    assert "Nothing stands out in 400 journeys" in (folder / "overview.html").read_text("utf-8")


def test_a_site_without_mining_is_told_what_to_do(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=10, findings=False)
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run("drop table dfg")
    with pytest.raises(StateError, match="dfg"):
        written(root)


AUDIT = """create or replace table audit as
select 'silent' as audit, $severity as severity, $publishes as publishes, 'web: no event' as message"""


def test_an_audit_that_warns_is_told_and_one_that_fails_forbids_the_report(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=12, findings=False)
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run(AUDIT, {"severity": "warn", "publishes": True})
    folder = written(root)
    overview, data = ((folder / name).read_text("utf-8") for name in ("overview.html", "data.html"))
    assert "<li>web: no event</li>" in overview.split('id="warnings"')[1].split("</div>")[0]
    assert "web: no event" in data.split('id="audits"')[1].split("</section>")[0]
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run(AUDIT, {"severity": "error", "publishes": False})
    before = sorted((path, path.stat().st_mtime_ns) for path in root.glob("reports/**/*"))
    with pytest.raises(DataGateError, match="web: no event; the last report stays"):
        written(root)
    assert sorted((path, path.stat().st_mtime_ns) for path in root.glob("reports/**/*")) == before


def test_a_failure_leaves_the_last_report_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=60, findings=False)
    folder = written(root)
    before = {path.name: path.read_bytes() for path in pages(folder)}

    def broken(model: object, figures: object) -> object:
        yield from list(original(model, figures))[:2]
        raise FrontstageError("the disk is full")

    original = stage.render
    monkeypatch.setattr(stage, "render", broken)
    with pytest.raises(FrontstageError, match="full"):
        written(root)
    assert {path.name: path.read_bytes() for path in pages(folder)} == before
    assert (folder.parent / "current" / "overview.html").exists()
    assert not list(folder.parent.glob(".*"))


def test_the_next_night_keeps_positions_and_moves_current(tmp_path: Path) -> None:
    root = toy.make_site(tmp_path / "site", n_journeys=300)
    site = Site(root)
    with Store.open(site.warehouse, read_only=True) as store:
        report(site, store, toy.NIGHT)
        first = json.loads((site.var / "map_layout" / "2026-03-01.json").read_text())
        second = report(site, store, toy.NIGHT.replace(day=2))
    assert (site.reports / "current").resolve() == second.resolve()
    assert (site.reports / "2026-03-01" / "overview.html").exists()
    assert json.loads((site.var / "map_layout" / "2026-03-02.json").read_text()) == first
    (site.var / "map_layout" / "2026-03-02.json").write_text("[broken")
    assert stage.read_pins(site, toy.NIGHT.replace(day=3)) == {}


def test_what_comes_into_a_step_goes_out_of_it(toy_site: Path) -> None:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        figures = Figures(store, toy.NIGHT)
        steps, moves = figures.steps(), figures.moves()
    for step in steps:
        arriving = step.n_starts + sum(move.n for move in moves if move.target == step.step)
        leaving = step.n_ends + sum(move.n for move in moves if move.source == step.step)
        assert arriving == leaving == step.n_events


def test_waits_lean_on_the_stored_order_rightly(toy_site: Path) -> None:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        slow = dict(
            store.rows(
                """select later.step::varchar, quantile_disc(greatest(0, epoch_us(later.occurred_at)
                          - epoch_us(coalesce(earlier.ended_at, earlier.occurred_at))) // 1000, 0.5)
                   from journey_event as later inner join journey_event as earlier
                   on earlier.pos = later.pos - 1 and earlier.journey_id = later.journey_id group by 1"""
            )
        )
        assert {step.step: step.gap_ms for step in Figures(store, toy.NIGHT).steps()} == {
            step.step: slow.get(step.step) for step in Figures(store, toy.NIGHT).steps()
        }


def test_calls_that_no_log_tells_apart_are_not_none(toy_site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    shutil.copyfile(Site(toy_site).warehouse, copy)
    with Store.open(copy) as store:
        store.run("update journey_metrics set n_calls = 0")
        night_figures.remember(store, toy.NIGHT)
        assert Figures(store, toy.NIGHT).calls_per_100()[0] is None


def test_calls_of_people_whom_no_order_names_are_not_none_either(toy_site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    shutil.copyfile(Site(toy_site).warehouse, copy)
    orders = "journey_id in (select journey_id from journey where anchor = 'order')"
    with Store.open(copy) as store:
        joined, in_all = store.rows(
            f"select sum(n_calls) filter ({orders}), sum(n_calls) from journey_metrics having sum(n_calls) > 0"
        )[0]
        assert Figures(store, toy.NIGHT).key_figures["calls_joined"].value == pytest.approx(joined / in_all)
        lone = "(select customer_id from journey where anchor = 'order')"
        store.run(
            f"""update journey_metrics set n_calls = if(journey_id in (
                select journey_id from journey where customer_id not in {lone}), 1, 0)"""
        )
        night_figures.remember(store, toy.NIGHT)
        figures = Figures(store, toy.NIGHT)
        told = figures.key_figures["calls_joined"]
        assert figures.calls_per_100()[0] is None and told.value == 0 and told.n > 0


def test_intervals_hold_their_value(toy_site: Path) -> None:
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        figures = Figures(store, toy.NIGHT)
        calls, unit = figures.calls_per_100()
        n, n_calls = store.rows(
            "select count(*), sum(n_calls) from journey join journey_metrics using (journey_id) where anchor = 'order'"
        )[0]
        assert unit == "orders" and calls is not None and calls.n == n
        assert calls.value == pytest.approx(100 * n_calls / n)
        for estimate in (calls, figures.duration(), figures.departments_met()):
            assert estimate and estimate.low is not None and estimate.high is not None
            assert estimate.low <= estimate.value <= estimate.high


def test_the_same_bytes_whatever_hash_seed_and_time_zone(toy_site: Path, night: Path) -> None:
    before = {path.relative_to(night): path.read_bytes() for path in pages(night)}
    for seed, zone in (("1", "Australia/Lord_Howe"), ("2", "America/New_York")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        command = [sys.executable, "-m", "reports", "--site", str(toy_site)]
        subprocess.run(command, env=environment, check=True, capture_output=True, cwd=Path(__file__).parents[2])
        assert {path.relative_to(night): path.read_bytes() for path in pages(night)} == before
