"""What only a browser can judge: requests, policy, widths, the geometry of the map, keyboard, without JavaScript."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (1440, 1024, 768, 390, 320)


def names(night: Path) -> list[str]:
    return sorted(str(path.relative_to(night)) for path in night.rglob("*.html"))


def opened(browser: Any, path: Path, width: int = 1440, **options: Any) -> tuple[Any, list[str], list[str]]:
    """A page in an offline context; its requests and everything it said on the console."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    page = context.new_page()
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(path.as_uri())
    return page, requests, said


def test_one_request_and_not_a_word(browser: Any, night: Path) -> None:
    for name in names(night):
        page, requests, said = opened(browser, night / name)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for control in page.query_selector_all(".switch label"):
            control.click()
        for button in page.query_selector_all("th button")[:3]:
            button.click()
        page.click("#theme")
        page.wait_for_timeout(20)
        assert [url for url in requests if not url.startswith("data:")] == [(night / name).as_uri()], name
        assert said == [], name
        page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(browser: Any, night: Path, width: int) -> None:
    for name in names(night):
        page, _, _ = opened(browser, night / name, width)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert found[0] <= found[1], (name, width, found)
        smallest = page.evaluate(
            """Math.min(...[...document.querySelectorAll('svg text')].filter(t => t.getClientRects().length)
               .map(t => parseFloat(getComputedStyle(t).fontSize) * (t.getScreenCTM() || {a: 1}).a), 99)"""
        )
        assert smallest >= 9, (name, width, smallest)
        page.context.close()


GEOMETRY = """(view) => {
  const body = document.querySelector(view + ' .map-body');
  const box = e => { const r = e.getBoundingClientRect(); return {x: r.left, y: r.top, r: r.right, b: r.bottom}; };
  return {
    bands: [...body.querySelectorAll('.band')].map(e => ({lane: +e.dataset.lane, ...box(e)})),
    heads: [...document.querySelectorAll(view + ' .lane-name')].map(e => e.textContent),
    boxes: [...body.querySelectorAll('a.n')].map(e => ({lane: +e.dataset.lane, label: e.getAttribute('aria-label'),
                                                       ...box(e.querySelector('.box'))})),
    line: box(body.querySelector('line.lov')),
    edges: [...body.querySelectorAll('.ed[data-n]')].map(g => {
      const p = g.querySelector('path'), n = p.getTotalLength(), m = p.getScreenCTM(), points = [];
      for (let i = 0; i <= 60; i++)
      { const q = p.getPointAtLength(n * i / 60); points.push([q.x * m.a + m.e, q.y * m.d + m.f]); }
      return {classes: g.getAttribute('class'), points};
    }),
  };
}"""


@pytest.mark.parametrize(("view", "switch", "lanes"), [("department", "v-department", 6), ("simple", "v-simple", 2)])
def test_the_map_stands_as_it_should(browser: Any, night: Path, view: str, switch: str, lanes: int) -> None:
    page, _, _ = opened(browser, night / "map.html")
    page.click(f"label[for={switch}]")
    found = page.evaluate(GEOMETRY, f".view.{view}")
    bands, boxes = found["bands"], found["boxes"]
    assert [band["lane"] for band in bands] == list(range(lanes))
    assert found["heads"][0] == "Customer"
    assert all(a["b"] <= b["y"] + 1 for a, b in itertools.pairwise(bands))
    assert abs((found["line"]["y"] + found["line"]["b"]) / 2 - bands[0]["b"]) < 1.5, "the line is the band's lower edge"
    for box in boxes:
        band = bands[box["lane"]]
        assert band["y"] <= box["y"] and box["b"] <= band["b"] + 0.5, box
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a["r"] <= b["x"] or b["r"] <= a["x"] or a["b"] <= b["y"] or b["b"] <= a["y"], (a, b)
    order = [(round(box["x"]), round(box["y"])) for box in boxes]
    assert order == sorted(order), "reading order is left to right"
    for edge in found["edges"]:
        ends = {int(part[2:]) for part in edge["classes"].split() if part[:2] in ("s-", "t-")}
        for n, box in enumerate(boxes):
            if n not in ends:
                inside = [p for p in edge["points"] if box["x"] < p[0] < box["r"] and box["y"] < p[1] < box["b"]]
                assert not inside, (edge["classes"], box["label"])
    page.context.close()


def test_only_the_chosen_view_is_shown(browser: Any, night: Path) -> None:
    page, _, _ = opened(browser, night / "map.html")
    assert page.is_visible(".view.department") and not page.is_visible(".view.simple")
    page.keyboard.press("Tab")
    page.focus("#v-department")
    page.keyboard.press("ArrowRight")
    assert page.is_visible(".view.simple") and not page.is_visible(".view.department")
    page.context.close()


def test_steps_are_reached_by_keyboard_and_lead_to_their_row(browser: Any, night: Path) -> None:
    page, _, _ = opened(browser, night / "map.html")
    page.focus(".view.department .map")
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "document.activeElement.getAttribute('class') + '|' + document.activeElement.getAttribute('href')"
        )
        if found.startswith("n "):
            seen.append(found)
    assert len(seen) == len(set(seen)) == 19
    page.focus(".view.department a.n")
    href = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    assert page.url.endswith(href)
    page.context.close()


def test_pointing_at_a_step_dims_the_other_paths(browser: Any, night: Path) -> None:
    page, _, _ = opened(browser, night / "map.html")
    page.hover(".view.department a.n-3 .box")
    page.wait_for_timeout(250)
    faint = page.evaluate(
        """[...document.querySelectorAll('.view.department .ed')].filter(e => getComputedStyle(e).opacity < 0.2)
           .every(e => !e.classList.contains('s-3') && !e.classList.contains('t-3'))"""
    )
    some = page.evaluate(
        "[...document.querySelectorAll('.view.department .ed')].some(e => getComputedStyle(e).opacity < 0.2)"
    )
    assert faint and some
    page.context.close()


def test_without_javascript_nothing_is_missing(browser: Any, night: Path) -> None:
    for name in ("overview.html", "map.html", "findings/F-01.html"):
        with_script, _, _ = opened(browser, night / name)
        without, _, said = opened(browser, night / name, java_script_enabled=False)
        assert said == []
        for selector in ("article.finding", ".map-body", "table tbody tr", ".strip", "h1"):
            assert with_script.locator(selector).count() == without.locator(selector).count(), (name, selector)
        assert without.locator("#theme").is_hidden()
        with_script.context.close()
        without.context.close()


def test_a_permalink_opens_its_card(browser: Any, night: Path) -> None:
    page, _, _ = opened(browser, night / "overview.html")
    page.goto((night / "overview.html").as_uri() + "#F-02")
    page.reload()
    assert page.evaluate("document.querySelector('#F-02 details').open")
    page.context.close()


def test_every_finding_opens_from_its_card(browser: Any, night: Path) -> None:
    page, _, _ = opened(browser, night / "overview.html")
    for label in page.eval_on_selector_all("article.finding", "cards => cards.map(card => card.id)"):
        page.goto((night / "overview.html").as_uri())
        number = page.text_content(f"#{label} [data-value]")
        page.click(f"#{label} h3 a")
        assert page.url.endswith(f"findings/{label}.html")
        assert page.text_content("[data-value]") == number
        assert page.locator(".strip").count() > 0
    page.context.close()


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(a: str, b: str) -> float:
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart(browser: Any, night: Path, scheme: str) -> None:
    page, _, _ = opened(browser, night / "overview.html", color_scheme=scheme)
    raw = page.evaluate(
        """Object.fromEntries(['ground','paper','ink','muted','intended','allowed','cost','save','lov','link',
           'l0','l1','l2','l3','l4','l5','bc','bo','be','tag-cost','tag-save','tag-neutral']
           .map(n => [n, getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim()]))"""
    )
    page.context.close()
    colour = {
        name: "#" + "".join(2 * c for c in value[1:]) if len(value) == 4 else value for name, value in raw.items()
    }
    text = [(a, b) for a in ("ink", "muted", "cost", "link") for b in ("paper", "ground")]
    text += [("ink", f"l{i}") for i in range(6)] + [("ink", f"tag-{kind}") for kind in ("cost", "save", "neutral")]
    text += [("muted", band) for band in ("l0", "bc", "bo", "be")]
    text += [("lov", "bc"), ("save", "paper"), ("intended", "paper"), ("paper", "cost")]
    for a, b in text:
        assert _contrast(colour[a], colour[b]) >= 4.5, (scheme, a, b, _contrast(colour[a], colour[b]))
    for line in ("intended", "allowed", "cost", "save", "lov"):
        for band in ("paper", "bc", "bo", "be"):
            assert _contrast(colour[line], colour[band]) >= 3, (scheme, line, band)
