"""Acceptance in a browser, over every page found in the night's folder: a page that is added is judged as well.

reports.md 6 has twelve criteria. Here stand 4 (elements), 5, 6, 7 and 11 (paper); test_browser.py has 1, 8, 9 and 10,
test_pages.py and test_hostile_labels.py 2, 3 and 9, test_acceptance_growth.py 4 and 12. Times are `make bench`'s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

MOST_ELEMENTS = 6_000
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [(1440, "light"), (390, "dark")]
if (
    "FRONTSTAGE_CAMPAIGN" in os.environ
):  # a size and a theme were seen by themselves; each with each takes as long again
    LOOKS += [(1440, "dark"), (390, "light")]
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"


def chosen_pages(night: Path) -> list[Path]:
    """Every page but index.html (the overview again), and of pages made per item the first and the last."""
    pages = [path for path in sorted(night.rglob("*.html")) if path != night / "index.html"]
    folders = {path.parent for path in pages if path.parent != night}
    kept = {path for path in pages if path.parent == night}
    for folder in folders:
        own = [path for path in pages if path.parent == folder]
        kept |= {own[0], own[-1]}
    return sorted(kept)


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's source, as its Python package carries it."""
    base = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    return str(base.AXE_SCRIPT)


@pytest.fixture(scope="module")
def judge(browser: Any) -> Iterator[Any]:
    """A page in an offline context that lets axe in past the content security policy."""
    context = browser.new_context(offline=True, bypass_csp=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing(judge: Any, axe: str, night: Path, width: int, scheme: str) -> None:
    judge.set_viewport_size({"width": width, "height": 900})
    judge.emulate_media(color_scheme=scheme)
    told = []
    for path in chosen_pages(night):
        judge.goto(path.as_uri())
        judge.evaluate(OPEN_ALL)
        judge.evaluate(axe)
        found = judge.evaluate(
            "options => axe.run(document, options)",
            {"runOnly": {"type": "tag", "values": AXE_RULES}, "resultTypes": ["violations"]},
        )
        told += [
            f"{path.relative_to(night)}: {v['id']}: {v['help']}: {[node['html'][:160] for node in v['nodes'][:3]]}"
            for v in found["violations"]
        ]
    assert told == [], f"at {width} px, {scheme}: " + "\n".join(told)


ELEMENTS = """() => [...document.querySelectorAll('body, body *')].map(e =>
  [e.tagName, [...e.attributes].map(a => a.name + '=' + a.value).sort(),
   [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('')])"""


def n_different(one: bytes, other: bytes) -> int:
    """Pixels in which two pictures of one size differ."""
    if one == other:
        return 0
    ours, plain = (np.asarray(Image.open(BytesIO(p)).convert("RGB")).astype(np.int16) for p in (one, other))
    assert ours.shape == plain.shape
    return int((np.abs(ours - plain).max(axis=2) > 16).sum())


def test_without_javascript_a_page_is_the_same(browser: Any, night: Path) -> None:
    """What only a script can do (a box to filter, the theme button, sorting heads) is taken from both. The rest is the
    same elements in the same style; of the two pages that are drawn most, the same picture."""
    options = {"viewport": {"width": 1440, "height": 900}, "offline": True, "reduced_motion": "reduce"}
    with_script = browser.new_context(**options, bypass_csp=True).new_page()
    without = browser.new_context(**options, java_script_enabled=False).new_page()
    for path in chosen_pages(night):
        with_script.goto(path.as_uri())
        without.goto(path.as_uri())
        with_script.evaluate("document.querySelectorAll('[data-needs-script]').forEach(e => { e.hidden = true; })")
        with_script.evaluate("document.querySelectorAll('th button').forEach(b => b.replaceWith(...b.childNodes))")
        ours, plain = (page.evaluate(ELEMENTS) for page in (with_script, without))
        assert ours == plain, path.name
        if path.name in ("overview.html", "map.html"):
            differ = n_different(*(page.screenshot(full_page=True) for page in (with_script, without)))
            assert differ < 50, f"{path.name}: {differ} pixels"
    with_script.context.close()
    without.context.close()


FOCUSED = """() => {
  const e = document.activeElement;
  if (e === document.body || window.met.has(e)) { return null; }
  window.met.add(e);
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const drawn = e.querySelector && e.querySelector('.box, circle');
  return {tag: e.tagName.toLowerCase(), id: e.id, text: (e.textContent || '').trim().slice(0, 40),
    map: e.classList.contains('n') ? [...document.querySelectorAll('.map')].indexOf(e.closest('.map')) : -1,
    x: box.left + scrollX, y: box.top + scrollY,
    seen: box.width > 0 && box.height > 0,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
          || (drawn !== null && parseFloat(getComputedStyle(drawn).strokeWidth) >= 3)};
}"""


def test_pages_are_bounded_and_all_of_them_is_reached_by_keyboard(browser: Any, night: Path) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True, reduced_motion="reduce")
    page = context.new_page()
    for path in chosen_pages(night):
        page.goto(path.as_uri())
        page.evaluate(
            """() => { window.wanted = [...document.querySelectorAll(
                 'a[href], button, input, summary, [tabindex="0"]')].filter(e => e.checkVisibility()
                 && !(e.type === 'radio' && !e.checked) && !e.disabled).length; window.met = new Set(); }"""
        )
        n_elements = page.evaluate("document.querySelectorAll('*').length")
        assert n_elements <= MOST_ELEMENTS, f"{path.name}: {n_elements} elements"
        wanted = page.evaluate("window.wanted")
        stops = []
        for _ in range(wanted + 2):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop is None:
                break
            stops.append(stop)
        assert len(stops) == wanted, f"{path.name}: {len(stops)} of {wanted} can be reached with the Tab key"
        assert [stop for stop in stops if not stop["seen"]] == [], path.name
        assert [stop for stop in stops if not stop["ring"]] == [], f"{path.name}: no visible focus"
        steps = [(stop["map"], round(stop["x"]), round(stop["y"])) for stop in stops if stop["map"] >= 0]
        assert steps == sorted(steps), f"{path.name}: steps are met from left to right"
    context.close()


def n_sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page[^s]", pdf))


def test_on_paper_an_overview_is_short_and_a_map_is_one_sheet(browser: Any, night: Path) -> None:
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    page.goto((night / "overview.html").as_uri())
    assert n_sheets(page.pdf(prefer_css_page_size=True)) <= 8
    page.goto((night / "map.html").as_uri())
    sheet = page.pdf(prefer_css_page_size=True)
    wide = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", sheet)
    assert sum(float(w) > float(h) for w, h in wide) == page.locator(".maps .view:not(.rare)").count()
    for path in chosen_pages(night):
        page.goto(path.as_uri())
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()") == "#fff"
        page.emulate_media(media="screen")
    context.close()
