"""Words follow the grade of evidence on every page: findings by their own grade, all other text as if nothing were
compared (mining/words.py)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from ingest.site import Site
from ingest.store import Store
from mining.words import lint

DEFINED = {"Grade A to D", "Step to drop"}
"""Entries of the glossary that speak of proof and causes because they say what the words mean."""
TOLD = (".//h1", ".//h2", ".//h3", ".//p", ".//li", ".//dd", ".//div[@class='detail']", ".//td")


def sentences(root: Any) -> list[str]:
    """Every text of a page, journeys and drawings left out."""
    for drawn in [*root.iterfind(".//svg"), *root.iterfind(".//ol"), *root.iterfind(".//pre")]:
        drawn.drop_tree()
    for name in root.iterfind(".//dt"):
        if " ".join(name.text_content().split()) in DEFINED:
            name.getnext().drop_tree()
    return [" ".join(element.text_content().split()) for path in TOLD for element in root.iterfind(path)]


def letters(text: str) -> str:
    """A text without quotes, blanks and full stops, by which a finding's sentence is known wherever it stands."""
    return re.sub(r"\W", "", text)


def faults(night: Path, store: Store) -> list[str]:
    """What pages say that the grade of what they tell does not carry. A finding's own sentences were held to its grade
    when it was made, and may be told again anywhere."""
    grade = {row["no_label"]: row["grade"] for row in store.records("select no_label, grade from finding")}
    labels = [label for (label,) in store.rows("select label from touch where label is not null")]
    texts = "select title, no_label || ': ' || title, text_evidence, text_caution from finding"
    judged = {letters(text) for row in store.rows(texts) for text in row}
    found = []
    for path in sorted(night.rglob("*.html")):
        root = html.parse(str(path)).getroot().find("body")
        cards = list(root.iterfind(".//article[@id]"))
        for card in cards:
            found += [(path.name, text, lint(text, grade[card.get("id")], labels)) for text in sentences(card)]
            card.drop_tree()
        own = grade.get(path.stem, "D")
        found += [(path.name, text, lint(text, own, labels)) for text in sentences(root)]
    return [
        f"{name}: {problems} in {text[:200]!r}"
        for name, text, problems in found
        if problems and letters(text) not in judged
    ]


@pytest.mark.parametrize("which", ["toy", "sample"])
def test_no_page_says_more_than_its_evidence(which: str, request: pytest.FixtureRequest) -> None:
    if which == "toy":
        root, night = request.getfixturevalue("toy_site"), request.getfixturevalue("night")
    else:
        root = request.getfixturevalue("sample_night") / "data" / "sample"
        night = (root / "reports" / "current").resolve()
    with Store.open(Site(root).warehouse, read_only=True) as store:
        assert faults(night, store) == []


def test_a_page_that_says_too_much_is_found(toy_site: Path, night: Path, tmp_path: Path) -> None:
    page = (night / "findings" / "F-01.html").read_text("utf-8")
    (tmp_path / "F-01.html").write_text(page.replace("<h1", "<p>It happens because of the form.</p><h1", 1))
    with Store.open(Site(toy_site).warehouse, read_only=True) as store:
        assert len(faults(tmp_path, store)) == 1
