"""Every visible text is said through the catalogues, and every catalogue has it.

The sample's night is mined and reported once more in a made-up language, in which each letter of a text is a full-width
one. What then still shows Latin letters was not said, but for the site's own words: labels, codes, names of sources.
"""

from __future__ import annotations

import gettext
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from ingest import language
from ingest.site import Site
from ingest.store import Store
from mining import stage as mining_stage
from reports import stage as report_stage
from reports import texts

OTHERS = sorted(set(language.LOCALES) - {"en"})
PLACE = re.compile(r"\{[^{}]*\}")
ATTRIBUTES = ("aria-label", "title", "alt", "placeholder")
OWN = {
    # units and marks of numbers, grades, formats and files: the same in every language
    "s", "min", "h", "d", "k", "M", "A", "B", "C", "D", "F", "W", "p", "q", "CSV", "SVG", "BPMN", "PDF", "SQL", "EUR",
}  # fmt: skip


class FullWidth(gettext.NullTranslations):
    """The made-up language."""

    def gettext(self, message: str) -> str:
        letters = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in string.ascii_letters})
        return "".join(
            part if PLACE.fullmatch(part) else part.translate(letters) for part in re.split(r"(\{[^{}]*\})", message)
        )

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_has_every_text_with_the_same_places(name: str) -> None:
    catalogue, wrong = texts.read(name), []
    for message in texts.template():
        if not message.id:
            continue
        found = catalogue.get(message.id)
        told = texts.forms(found.string) if found else ("",)
        if found is None or found.fuzzy or not all(told):
            wrong.append(f"not translated: {message.id}")
        elif any(
            sorted(set(PLACE.findall(form))) != sorted(set(PLACE.findall(texts.forms(message.id)[-1]))) for form in told
        ):
            wrong.append(f"other places: {message.id} = {found.string}")
    assert not wrong, f"run `make texts`, then translate: {wrong[:20]} and {max(0, len(wrong) - 20)} more"


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_says_nothing_that_no_source_says(name: str) -> None:
    known = {message.id for message in texts.template()}
    assert [message.id for message in texts.read(name) if message.id not in known] == []


@pytest.fixture(scope="module")
def made_up(sample_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site's report in the made-up language."""
    root = tmp_path_factory.mktemp("texts") / "sample"
    shutil.copytree(sample_night / "data" / "sample", root, ignore=shutil.ignore_patterns("reports", "inbox"))
    (root / "inbox").mkdir()
    site = Site(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "catalogue", lambda _language: FullWidth())
        with Store.open(site.warehouse) as store:
            night = store.value("select value::date from run_fact where name = 'as_of'")
            mining_stage.mine(site, store, night)
            return report_stage.report(site, store, night)


def visible(page: Path) -> Iterator[str]:
    """Texts a reader may see or hear, but queries, codes and files."""
    tree = html.parse(str(page)).getroot()
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style", "pre", "code"):
            continue
        if "code" not in element.get("class", "").split():
            yield element.text or ""
        yield from (element.get(name, "") for name in ATTRIBUTES)
        yield element.tail or ""


def site_words(store: Store) -> set[str]:
    """The words of the site's own names."""
    names = {
        str(value)
        for query in (
            "select label from touch",
            "select step from touch",
            "select department from touch",
            "select name from source",
            "select adapter from source",
            "select path from ledger",
            "select raw_code from event group by all",
            "select product from event group by all",
        )
        for (value,) in store.rows(query)
    }
    return {word for name in names for word in WORD.findall(name)}


WORD = re.compile(r"[A-Za-z]+")


def test_every_visible_text_is_said(made_up: Path) -> None:
    site = Site(made_up.parents[1])
    with Store.open(site.warehouse, read_only=True) as store:
        own = OWN | site_words(store) | set(WORD.findall(site.settings.site.name))
    unsaid: dict[str, set[str]] = {}
    for page in sorted(made_up.rglob("*.html")):
        for text in visible(page):
            if set(WORD.findall(text)) - own:
                unsaid.setdefault(" ".join(text.split())[:160], set()).add(page.name)
    assert not unsaid, "\n".join(f"{sorted(pages)[0]}: {text}" for text, pages in sorted(unsaid.items(), key=str)[:60])
