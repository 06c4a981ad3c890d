"""The language a site's readers speak: gettext over the catalogues in locales/, Babel's locale for numbers and dates.

A visible text is a whole sentence or label with named places, said in the language of `[site] language`:

    say("{share} of {reached} went on without {step}", share=..., reached=..., step=...)
    say_n("{n} journey", "{n} journeys", len(journeys), n=...)
    FACES = {"web": mark("Website")}            and where it is shown: say(FACES[face])

Messages to operators (logs, errors, the command line) stay English and are not said. English is the text in the source;
a language is one file locales/<language>.po, brought up to date by `make texts` (reports/texts.py).
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "locales"
LOCALES = {"en": "en_GB", "pt": "pt_BR", "fil": "fil"}
"""What `[site] language` may be, and the locale by which its numbers and dates are written."""

_speaking: tuple[str, gettext.NullTranslations] = ("en", gettext.NullTranslations())


@contextmanager
def speaking(language: str, texts: gettext.NullTranslations | None = None) -> Iterator[None]:
    """Say all texts in a language of LOCALES, until the block ends; `texts`: in its own words instead of its file's."""
    global _speaking
    before = _speaking
    _speaking = (language, texts or catalogue(language))
    try:
        yield
    finally:
        _speaking = before


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts of a language. English is what stands in the source. Raises KeyError for one that is not in LOCALES."""
    path = CATALOGUES / f"{language}.po"
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=LOCALES[language], abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def say(text: str, /, **values: object) -> str:
    """The text in the language of the site, its named places filled. A text without values is taken as it stands."""
    told = _speaking[1].gettext(text) if text else ""
    return told.format(**values) if values else told


def say_n(one: str, many: str, number: int, /, **values: object) -> str:
    """`say` in the form that `number` asks for."""
    told = _speaking[1].ngettext(one, many, number)
    return told.format(**values) if values else told


def mark(text: str) -> str:
    """The text itself. Marks it for the catalogues where it is written down before the language is known."""
    return text


def language() -> str:
    """The language that is spoken: a key of LOCALES."""
    return _speaking[0]


def locale() -> Locale:
    """Babel's locale of the language that is spoken."""
    return _locale(_speaking[0])


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])
