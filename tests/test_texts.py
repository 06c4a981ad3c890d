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
from babel.dates import get_month_names
from lxml import html

from ingest import language
from ingest.site import Site
from ingest.store import Store
from mining import stage as mining_stage
from mining.findings import KINDS
from mining.whatif import scenarios
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
    """The made-up language. It has the texts of the catalogues: what only looks said stays Latin."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {form for message in texts.template() for form in texts.forms(message.id)}
        self.letters = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in string.ascii_letters})

    def gettext(self, message: str) -> str:
        parts = re.split(r"(\{[^{}]*\})", message)
        told = "".join(part if PLACE.fullmatch(part) else part.translate(self.letters) for part in parts)
        return told if message in self.known else message

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


def test_no_two_languages_say_a_sentence_alike() -> None:
    """A text of four words or more that reads the same in two languages was filed under the wrong one."""
    told: dict[str, str] = {}
    for name in OTHERS:
        for message in texts.read(name):
            for form in texts.forms(message.string) if message.id and message.string != message.id else ():
                if len(re.findall(r"[^\W\d_]{2,}", PLACE.sub("", form))) >= 4:
                    assert told.setdefault(form, name) == name, f"{name} and {told[form]} both say: {form}"


@pytest.fixture(scope="module")
def made_up(sample_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site's report in the made-up language."""
    root = tmp_path_factory.mktemp("texts") / "sample"
    shutil.copytree(sample_night / "data" / "sample", root, ignore=shutil.ignore_patterns("reports", "inbox"))
    (root / "inbox").mkdir()
    site = Site(root)
    made_up = FullWidth()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "catalogue", lambda _language: made_up)
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
            "select label from declared_change",
            "select step from touch",
            "select department from touch",
            "select name from source",
            "select adapter from source",
            "select path from ledger",
            "select raw_code from event group by all",
            "select product_id from event group by all",
            "select note from department",
            "select unnest(asks) from touch",
            "select unnest([company, kpi, unit, period, definition, source]) from competitor_claim",
            "select unnest([company, wave, scale, population, question]) from competitor_beside",
            "select unnest([company, wave]) from competitor_gap",
            "select unnest(list_concat([name], names_ours, names_theirs)) from competitor_step",
            "select unnest(list_concat([channel], way)) from competitor_case",
            "select label from competitor_scenario",
            "select file from competitor_file",
        )
        for (value,) in store.rows(query)
    }
    return {word for name in names for word in words(name)}


CODES = r"\b(\w+\.(csv|svg|bpmn)|[0-9a-f]{12,16}|dd/Mon/yyyy:HH:MM:SS \+hhmm)\b"
CUT = r"\w+…"
KIND = rf"^({'|'.join(map(re.escape, sorted(KINDS)))}):"


def words(text: str) -> list[str]:
    """Words in Latin letters, but for names of files, pseudonyms, forms of a time and words cut short."""
    return re.findall(r"[A-Za-z]+", re.sub(f"{CODES}|{CUT}|{KIND}", "", text))


def test_every_visible_text_is_said(made_up: Path) -> None:
    site = Site(made_up.parents[1])
    with Store.open(site.warehouse, read_only=True) as store:
        months = {word for form in ("wide", "abbreviated") for word in get_month_names(form, locale="en_GB").values()}
        own = OWN | months | site_words(store) | set(words(f"{site.settings.site.name} {site.settings.site.timezone}"))
    for one in scenarios.load(site.process):  # what the site itself says: what is asked, and who stands for it
        told = (one.scenario.label, *(given.source for given in one.scenario.assumptions.values()))
        own |= set(words(" ".join(told)))
    unsaid: dict[str, set[str]] = {}
    for page in sorted(made_up.rglob("*.html")):
        for text in visible(page):
            if set(words(text)) - own:
                unsaid.setdefault(" ".join(text.split())[:160], set()).add(page.name)
    assert not unsaid, "\n".join(f"{sorted(pages)[0]}: {text}" for text, pages in sorted(unsaid.items(), key=str)[:60])
