"""Turns a report into pages: Jinja2 with autoescape everywhere, a strict content security policy, no outside reference.

A page is one self-describing file in pages/: TOML front matter with `title`, `order`, `nav` (its name in the
navigation,
absent for pages that are not in it), and for a page that is made several times `each` (a field of Report) and `folder`.
`file` is its name where that is not the page's own; `alone` = sent without the others, so no link may lead out of it;
`parts` = how many parts to show, the first number that keeps the page small enough.
Its numbers beyond the report's come from the module of its name (reports/pages/__init__.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ingest.errors import FrontstageError
from ingest.language import language, say, say_n
from ingest.units import Unit, scan
from reports import formats, pages
from reports.diagrams import hover_css
from reports.figures import Figures
from reports.svg import plain
from reports.view import Report

HERE = Path(__file__).parent
FRONT_PAGE = "overview"
"""The page that is index.html as well."""
MOST_BYTES = 280_000
"""A page with `parts` stays below it."""
STYLES = ("report.css", "charts.css")

_POLICY_MARK = "policy-goes-here"
_HREF = re.compile(r'\shref="([^"]*)"')
_ID = re.compile(r'\sid="([^"]*)"')
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered page: its path below the night's folder, and its bytes."""

    path: str
    content: bytes


@dataclass(slots=True)
class Assets:
    """Style and script of one page. What is inserted is what is hashed, so nothing else can run or style."""

    css: str
    js: str
    hashes: dict[str, list[str]] = field(default_factory=lambda: {"style": [], "script": []})

    def style(self) -> Markup:
        """The style element."""
        self.hashes["style"].append(_hash(self.css))
        return Markup(f"<style>{self.css}</style>")

    def script(self) -> Markup:
        """The script element."""
        self.hashes["script"].append(_hash(self.js))
        return Markup(f"<script>{self.js}</script>")

    def policy(self) -> str:
        """The content security policy for what was inserted."""
        style, script = (
            " ".join(f"'sha256-{digest}'" for digest in self.hashes[kind]) or "'none'" for kind in ("style", "script")
        )
        return (
            f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; "
            f"form-action 'none'"
        )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def json_block(value: Any) -> Markup:
    """JSON for a `<script type="application/json">`: nothing in it can end the element or start a comment."""
    return Markup(
        json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str).translate(_UNSAFE)
    )


def self_contained(html: str) -> str:
    """A page that is sent alone: links lead to the place in it that tells the same; without one they are plain text."""
    ids = set(_ID.findall(html))

    def kept(match: re.Match[str]) -> str:
        path, _, anchor = match[1].partition("#")
        own = f"drill-{path.rpartition('/')[2].removesuffix('.html')}"
        place = own if own in ids else anchor
        return f' href="#{place}"' if place in ids else match[0] if path.startswith("data:") else ""

    return _HREF.sub(kept, html)


def page_units() -> list[Unit]:
    """All pages, in their order. Raises FrontstageError when a front matter lacks a field."""
    units = scan(HERE / "pages", ".html.j2")
    for unit in units:
        missing = [name for name in ("title", "order") if name not in unit.meta]
        if missing:
            raise FrontstageError(f"pages/{unit.path.name}: front matter lacks {', '.join(missing)}")
    return sorted(units, key=lambda unit: (unit.meta["order"], unit.stem))


def environment(units: list[Unit]) -> Environment:
    """Jinja with the pages and templates. Every file is escaped, whatever its name; an unknown variable is an error."""
    bodies: BaseLoader = DictLoader({f"{unit.stem}.html.j2": unit.body for unit in units})
    loader = ChoiceLoader([bodies, FileSystemLoader(HERE / "templates")])
    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals |= {"say": say, "say_n": say_n, "language": language}
    env.filters["json_block"] = json_block
    env.filters["plain"] = plain
    env.filters["prose"] = formats.prose
    return env


def render(report: Report, figures: Figures) -> Iterator[Page]:
    """All pages of a night and the files beside them, in a fixed order."""
    units = page_units()
    env = environment(units)
    css = "".join((HERE / "assets" / name).read_text(encoding="utf-8") for name in STYLES)
    js = (HERE / "assets" / "report.js").read_text(encoding="utf-8")
    nav = [(say(unit.meta["nav"]), f"{unit.stem}.html", unit.stem) for unit in units if "nav" in unit.meta]
    for unit in units:
        folder = unit.meta.get("folder", "")
        view, files = pages.built(unit.stem, figures, report)
        items: list[Any] = list(getattr(report, unit.meta["each"])) if "each" in unit.meta else [None]
        for item in items:
            given = {
                "report": report,
                "item": item,
                "view": view,
                "page": unit.meta,
                "stem": unit.stem,
                "nav": nav,
                "root": "../" * (folder.count("/") + 1 if folder else 0),
            }
            name = f"{item.label}.html" if item is not None else unit.meta.get("file", f"{unit.stem}.html")
            content = _fitting(env, unit, given, (css + hover_css(report.n_boxes), js))
            yield Page(f"{folder}/{name}" if folder else name, content)
            if unit.stem == FRONT_PAGE:
                yield Page("index.html", content)
        for name, content in files.items():
            yield Page(name, content)


def _fitting(env: Environment, unit: Unit, given: dict[str, Any], assets: tuple[str, str]) -> bytes:
    """The page with as many of its parts as keep it small enough."""
    for parts in unit.meta.get("parts", [0]):
        content = _content(env, unit, given | {"parts": parts}, Assets(*assets))
        if len(content) <= MOST_BYTES:
            break
    return content


def _content(env: Environment, unit: Unit, given: dict[str, Any], assets: Assets) -> bytes:
    html = env.get_template(f"{unit.stem}.html.j2").render(**given, assets=assets, policy=_POLICY_MARK)
    if unit.meta.get("alone"):
        html = self_contained(html)
    head, found, rest = html.partition(_POLICY_MARK)
    if not found:
        raise FrontstageError(f"pages/{unit.path.name}: the page has no content security policy; extend base.html.j2")
    return (head + assets.policy() + rest).encode("utf-8")
