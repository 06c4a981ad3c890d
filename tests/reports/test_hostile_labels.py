"""Hostile texts on their whole way: from the step dictionary and undeclared codes to pages, pictures and exports."""

from __future__ import annotations

import csv
import datetime as dt
import html
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ingest.derive import derive
from ingest.errors import ConfigError, DataGateError
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from ingest.touch import load_steps
from mining.pm4py_bridge import read_xes
from mining.stage import mine
from reports.stage import report

LABELS = [
    "a\0b", "<b>bold</b>", "<IMG SRC=/etc/passwd>", "ends with a backslash \\",
    "</script><script>alert(1)</script>", "<!-- comment", "]]>", "<![CDATA[x]]>", "=cmd|' /C calc'!A0", "+1+1",
    "-2+3", "@SUM(1)", "\tTAB", "%s%n%x", "{{7*7}}", "{% for x in y %}", "${7*7}", "#{7*7}",
    "\u202eright to left\u202c", "a\u2028b\u2029c", "\x1b[31mred", "\ufeffmark", "x' onload='alert(1)",
    '"><svg onload=alert(1)>', "javascript:alert(1)", "&lt;&amp;&#60;", "-- ; drop table event",
    "\u0645\u0631\u062d\u0628\u0627", "e\u0301\u0327 zalgo", "W" * 60,
]  # fmt: skip
NIGHT = dt.date(2026, 1, 31)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SITE = """[site]
name = "Evil & Sons </title><script>alert(1)</script>"
undeclared_share_limit = 1.0
[[source]]
name = "web"
adapter = "nginx_combined"
[[source]]
name = "calls"
adapter = "asterisk_queue_log"
"""


def toml_text(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of thirty steps with hostile labels and thirty undeclared codes, after a night."""
    root = tmp_path_factory.mktemp("evil") / "site"
    for folder in ("process", "inbox/web", "inbox/calls"):
        (root / folder).mkdir(parents=True)
    (root / "site.toml").write_text(SITE)
    step = '[[step]]\nstep = "s{}"\nlabel = {}\ndepartment = {}\nstage = "order"\nchannel = "web"\n'
    step += 'codes.web = ["GET /s{}"]\n'
    steps = "".join(step.format(i, toml_text(t), toml_text(LABELS[i % 5]), i) for i, t in enumerate(LABELS))
    lanes = "".join(f"[[department]]\nname = {toml_text(label)}\nnote = {toml_text(label)}\n" for label in LABELS[:5])
    (root / "process/steps.toml").write_text(lanes + steps)
    web, calls = [], []
    for person in range(12):
        for place in range(30):
            step = (place * (1 + 6 * (person % 2))) % 30
            clock = f"{10 + person:02d}/Jan/2026:{8 + place // 6:02d}:{place % 6 * 9:02d}:00 +0000"
            web.append(f'192.0.2.{person} - u{person} [{clock}] "GET /s{step} HTTP/1.1" 200 1 "-" "{AGENT}"\n')
            queue = LABELS[place].replace("|", "!").replace("\n", " ")
            at = 1768032000 + 86400 * person + place
            calls.append(f"{at}|{at}.{place}|{queue}|NONE|ENTERQUEUE||0170563{person:04d}|1\n")
    (root / "inbox/web/a.log").write_text("".join(web))
    (root / "inbox/calls/queue_log").write_text("".join(calls))
    site = Site(root)
    site.prepare()
    with Store.open(site.warehouse) as store:
        load(site, store)
        assert derive(site, store, NIGHT) == NIGHT
        mine(site, store, NIGHT)
        assert store.value("select count(distinct raw_code) from event where visible is null") == 30
        report(site, store, NIGHT)
    return root


def looked_at(browser: Any, path: Path) -> str:
    """A page's text, after everything it does was heard."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert [said for said in heard if not said.startswith("data:")] == [path.as_uri()], path.name
    assert page.evaluate("[document.scripts.length, document.images.length]") == [1, 0]
    assert page.evaluate("document.querySelectorAll('[onload],[onerror],iframe,object,base').length") == 0
    text: str = page.evaluate("document.body.textContent")
    context.close()
    return text


def test_pages_run_nothing_ask_nothing_and_say_nothing(evil: Path, browser: Any) -> None:
    shown = "".join(looked_at(browser, path) for path in sorted((evil / "reports/current").rglob("*.html")))
    for label in ("</script><script>alert(1)</script>", "{{7*7}}", "=cmd|' /C calc'!A0", "ends with a backslash \\"):
        assert label in shown, "told as it is"
    assert not {c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"}


def test_without_a_browser_too_no_label_is_markup(evil: Path) -> None:
    for path in (evil / "reports/current").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "alert(1)" in html.unescape(text) or path.stem not in ("overview", "map", "data")
        for raw in ("<script>alert", "<IMG", "<b>bold", "<svg onload", "<![CDATA[x"):
            assert raw not in text, path.name
        assert "\0" not in text and "\x1b" not in text


def test_the_map_beside_the_pages_holds_labels_as_text(evil: Path) -> None:
    """SVG and BPMN are XML, so that what is no markup must be seen by their parsers alone."""
    folder = evil / "reports/current"
    for name in ("map.svg", "map-blueprint.svg"):
        root = etree.parse(folder / name).getroot()
        tags = {etree.QName(element).localname for element in root.iter()}
        assert tags <= {"svg", "g", "rect", "path", "line", "circle", "text", "title", "desc", "style"}, tags
        assert not [attribute for element in root.iter() for attribute in element.attrib if attribute.startswith("on")]
        assert "<script>alert(1)" in "".join(root.itertext())
    xml = (folder / "map.bpmn").read_bytes()
    assert b"<!DOCTYPE" not in xml and b"<!ENTITY" not in xml
    names = {element.get("name") for element in etree.fromstring(xml).iter("{*}task")}
    assert any("alert(1)" in name for name in names)
    assert not {c for name in names for c in name if unicodedata.category(c) == "Cc"}


def test_exports_are_read_again_with_the_cleaned_labels(evil: Path) -> None:
    xml = (evil / "exports/process.bpmn").read_bytes()
    assert b"<!DOCTYPE" not in xml
    names = {e.get("name") for e in etree.fromstring(xml).iter("{*}task")}
    cleaned = {
        "".join("\ufffd" if unicodedata.category(c) == "Cc" and c not in "\t\n\r" else c for c in label)
        for label in LABELS
    }
    plain = {" ".join(label.split()) for label in cleaned}
    assert names and {" ".join((name or "").split()) for name in names} <= plain
    with (evil / "exports/dfg.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) > 10
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\0")], "no cell is a formula"
    json.loads((evil / "exports/findings.json").read_text())


@pytest.mark.parametrize("label", ["", "x" * 20_000])
def test_a_label_beyond_bounds_is_a_configuration_error(tmp_path: Path, label: str) -> None:
    path = tmp_path / "steps.toml"
    path.write_text(f'[[step]]\nstep = "s"\nlabel = {toml_text(label)}\nstage = "order"\nchannel = "web"\n')
    with pytest.raises(ConfigError, match="label") as told:
        load_steps(path)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("step", ["Robert'); drop table event; --", "../x", "S", "1a", "a b"])
def test_names_that_reach_sql_and_paths_are_words(tmp_path: Path, step: str) -> None:
    path = tmp_path / "steps.toml"
    path.write_text(f'[[step]]\nstep = {toml_text(step)}\nlabel = "x"\nstage = "order"\nchannel = "web"\n')
    with pytest.raises(ConfigError, match="step"):
        load_steps(path)


def test_a_doctype_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    bomb = '<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{"&a;" * 10}">' for i in range(5))
    text = f'<?xml version="1.0"?>\n{" " * 5000}<!DOCTYPE log [{bomb}]>\n<log><trace><event/></trace></log>'
    for encoding in ("utf-8", "utf-16"):
        path.write_text(text.replace('"1.0"', f'"1.0" encoding="{encoding}"'), encoding=encoding)
        with pytest.raises(DataGateError, match="DOCTYPE"):
            read_xes(path)
