"""What intake leaves in the warehouse for readers can be said in each language."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest import adapters, audits
from ingest.language import speaking
from ingest.packed import _FOREIGN
from ingest.told_again import FACTS, TEXTS, told_again

ADAPTERS = Path(adapters.__file__).parent
EXPECTED = re.compile(r"case problem_field(.*?)end as problem_expectation", re.DOTALL)
LITERAL = re.compile(r"then '((?:[^']|'')*)'")


class Starred(gettext.NullTranslations):
    """A language in which each text that is known begins with a star."""

    def gettext(self, message: str) -> str:
        return f"*{message}" if message in TEXTS else message


def unsaid(texts: set[str]) -> set[str]:
    with speaking("en", Starred()):
        return {text for text in texts if not told_again(text).startswith("*")}


def test_places_are_filled_with_what_stood_there() -> None:
    with speaking("en", Starred()):
        assert told_again("clock ahead of calls, in seconds") == "*clock ahead of calls, in seconds"
        assert told_again(
            "a zip archive or a spreadsheet; deliver it as plain text, or packed by gzip, bzip2 or xz"
        ) == ("**a zip archive or a spreadsheet; deliver it as plain text, or packed by gzip, bzip2 or xz")
        assert told_again("something of an adapter from elsewhere") == "something of an adapter from elsewhere"


def test_each_text_is_found_by_its_own_pattern() -> None:
    with speaking("en", gettext.NullTranslations()):
        for text in TEXTS:
            filled = re.sub(r"\{\w+\}", "7", text)
            assert told_again(filled) == filled
    assert not unsaid({re.sub(r"\{\w+\}", "7", text) for text in TEXTS})


def test_what_adapters_expect_is_known() -> None:
    expected = {
        literal.replace("''", "'").split("{")[0] + ("7" if "{" in literal else "")
        for path in sorted(ADAPTERS.glob("*.*"))
        for part in EXPECTED.findall(path.read_text(encoding="utf-8"))
        for literal in LITERAL.findall(part)
    }
    assert len(expected) >= 15
    assert not unsaid({text for text in expected if re.search(r"[a-z]{2} [a-z]", text)})  # a bare format is no text


def test_audits_and_foreign_files_are_known() -> None:
    assert not unsaid({unit.stem.replace("_", " ") for unit in audits.audits()} | set(_FOREIGN.values()))


def test_measures_notes_and_facts_of_a_night_are_known(
    new_lab: Callable[..., Any], web_line: Callable[..., str]
) -> None:
    lab = new_lab()
    lab.put("web", "access.log", "".join(web_line(60 * n, f"/{n}", cookie=f"c{n % 3}") for n in range(9)))
    lab.night()
    own = ("hidden step: ", "undeclared code: ")  # the page tells these in tables of their own
    told = {text for row in lab.rows("select measure, note from data_quality") for text in row if text}
    assert len(told) > 20
    assert not unsaid({text for text in told if not text.startswith(own)})
    assert {name for (name,) in lab.rows("select name from run_fact")} == set(FACTS)
