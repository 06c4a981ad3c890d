"""`make texts`: brings the catalogues of ingest/locales up to date with the texts that the sources say.

A text is found where it is said or marked: `say`, `say_n`, `mark` and `formats.plural` in Python and in pages, `title`
and `nav` of a page's front matter, the messages of an audit. What is new stands in each catalogue without a
translation, and tests/reports/test_texts.py fails until it has one; what is said no more is dropped.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from ingest import audits
from ingest.language import CATALOGUES, LOCALES
from reports.render import HERE, page_units

ROOT = HERE.parent
PACKAGES = ("ingest", "mining", "reports")
KEYWORDS: dict[str, tuple[int, ...] | None] = {"say": None, "mark": None, "say_n": (1, 2), "plural": (2, 3)}

Text = str | tuple[str, ...]
"""A text, or its forms for one and for many."""


def texts() -> Iterator[tuple[Text, str]]:
    """(text, file it stands in) of all sources, in a fixed order."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for text in _of_module(path):
                yield text, str(path.relative_to(ROOT))
    for path in sorted((HERE / "templates").glob("*.j2")):
        yield from _of_template(path.read_text(encoding="utf-8"), path)
    for unit in page_units():
        yield from (
            (unit.meta[name], f"reports/pages/{unit.path.name}") for name in ("title", "nav") if name in unit.meta
        )
        yield from _of_template(unit.body, unit.path)
    for unit in audits.audits():
        yield from ((text, f"ingest/audits/{unit.path.name}") for text in audits.messages(unit).values())


def _of_module(path: Path) -> Iterator[Text]:
    """Literal texts of a module; also those inside f-strings, and none that only names a key."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        keyword = getattr(node.func, "id", getattr(node.func, "attr", None))
        if keyword in KEYWORDS:
            said = [node.args[place - 1] for place in KEYWORDS[keyword] or (1,) if place <= len(node.args)]
            if any(isinstance(one, ast.JoinedStr) or _is_chosen(one) for one in said):
                raise ValueError(f"{path}:{node.lineno}: {keyword}() of a text that is put together; say whole texts")
            text = tuple(one.value for one in said if isinstance(one, ast.Constant) and isinstance(one.value, str))
            if text and len(text) == len(said):
                yield text[0] if len(text) == 1 else text


def _is_chosen(argument: ast.expr) -> bool:
    """Whether literals are chosen or added up where they are said, so that they would not be found."""
    parts = {ast.IfExp: ("body", "orelse"), ast.BinOp: ("left", "right")}.get(type(argument), ())
    return any(isinstance(getattr(argument, part), ast.Constant) for part in parts)


def _of_template(body: str, path: Path) -> Iterator[tuple[Text, str]]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    for _, keyword, arguments, _ in babel_extract(io.BytesIO(body.encode()), list(KEYWORDS), [], options):
        said = (arguments,) if isinstance(arguments, str) else arguments or ()
        text = tuple(said[place - 1] or "" for place in KEYWORDS[keyword] or (1,) if place <= len(said))
        if text and all(text):
            yield text[0] if len(text) == 1 else text, f"reports/{path.parent.name}/{path.name}"


def template() -> Catalog:
    """All texts, none of them translated."""
    found: dict[Text, set[str]] = {}
    for text, where in texts():
        found.setdefault(text, set()).add(where)
    catalogue = Catalog(fuzzy=False)
    for text, places in sorted(found.items(), key=lambda item: (sorted(item[1]), str(item[0]))):
        catalogue.add(text, locations=[(place, 0) for place in sorted(places)])
    return catalogue


def read(language: str) -> Catalog:
    """The catalogue of a language; an empty one when it has none yet."""
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return Catalog(locale=LOCALES[language], fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALES[language], abort_invalid=True)


def write(language: str, catalogue: Catalog) -> None:
    """Write a catalogue: texts by the file that says them, without dates, so that a change shows as what it is."""
    content = io.BytesIO()
    write_po(content, catalogue, width=0, omit_header=True, include_lineno=False, ignore_obsolete=True)
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {LOCALES[language]}\\n"\n'
    plural = f'"Plural-Forms: nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};\\n"\n\n'
    (CATALOGUES / f"{language}.po").write_bytes((head + plural).encode() + content.getvalue())


def main() -> None:
    """Update every catalogue and say what is left to translate."""
    fresh = template()
    for language in LOCALES:
        if language != "en":
            catalogue = read(language)
            catalogue.update(fresh, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            write(language, catalogue)
            missing = sum(not all(forms(message.string)) for message in catalogue if message.id)
            print(f"{language}: {len(catalogue)} texts, {missing} without a translation")


def forms(told: Any) -> tuple[str, ...]:
    """A text, or a translation, in all its forms; ('',) for none."""
    return (told or "",) if isinstance(told, str | None) else tuple(told)


if __name__ == "__main__":
    main()
