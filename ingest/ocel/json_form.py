"""OCEL as JSON, 2.0 and 1.0, read as it comes: of a file of any length only one event or object is in memory.

1.0 tells events and objects as mappings by their ids, under names that begin with `ocel:`; 2.0 as lists.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.ocel.told import Event, Object, Told, Value, mapping, named, no_ocel, plain, related, relations, scalar
from ingest.packed import UnreadableFile

FEED_BYTES = 1024 * 1024
MAX_ELEMENT_CHARACTERS = 16 * 1024 * 1024
_SECTIONS = ("events", "objects", "ocel:events", "ocel:objects")


def told(chunks: Iterable[bytes]) -> Iterator[Told]:
    """What the document says, in its order. Raises UnreadableFile for one that is damaged or no OCEL."""
    is_log = False
    for section, key, element in _members(_Text(chunks)):
        is_log = True
        if key is None and section in ("events", "objects"):
            yield from _event_2(element) if section == "events" else _object_2(element)
        elif section in ("events", "ocel:events"):
            yield from _event_1(key, element)
        elif section in ("objects", "ocel:objects"):
            yield from _object_1(key, element)
    if not is_log:
        raise no_ocel("a JSON document")


def _event_2(element: Any) -> Iterator[Told]:
    event = mapping(element)
    listed = event.get("attributes")
    attributes = named((mapping(one).get("name"), mapping(one).get("value")) for one in _listed(listed))
    yield Event(
        plain(event.get("id")),
        plain(event.get("type")),
        plain(event.get("time")),
        attributes if isinstance(listed, list) or listed is None else [plain(listed)],
        related(event.get("relationships"), "objectId", "qualifier"),
    )


def _object_2(element: Any) -> Iterator[Told]:
    found = mapping(element)
    name = plain(found.get("id"))
    yield Object(name, plain(found.get("type")))
    yield from relations("object", name, related(found.get("relationships"), "objectId", "qualifier"))
    for one in map(mapping, _listed(found.get("attributes"))):
        yield Value(name, str(one.get("name")), scalar(one.get("time")), scalar(one.get("value")))


def _event_1(key: Any, element: Any) -> Iterator[Told]:
    event = mapping(element)
    omap, vmap = event.get("ocel:omap"), event.get("ocel:vmap")
    yield Event(
        plain(key),
        plain(event.get("ocel:activity")),
        plain(event.get("ocel:timestamp")),
        named(mapping(vmap).items()) if isinstance(vmap, dict) or vmap is None else [plain(vmap)],
        [{"id": scalar(one)} for one in omap] if isinstance(omap, list) else plain(omap) or [],
    )


def _object_1(key: Any, element: Any) -> Iterator[Told]:
    found, name = mapping(element), plain(key)
    yield Object(name, plain(found.get("ocel:type")))
    for attribute, value in mapping(found.get("ocel:ovmap")).items():
        yield Value(name, attribute, None, scalar(value))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _members(text: _Text) -> Iterator[tuple[str, str | None, Any]]:
    """(section, key, element) of the document's lists and mappings of events and objects; (section, None, None) for one
    that is empty."""
    text.expect("{")
    while (mark := text.peek()) != "}":
        section = text.key()
        mark = text.peek()
        if section not in _SECTIONS or mark not in ("[", "{"):
            text.value()
        else:
            text.expect(mark)
            end = "]" if mark == "[" else "}"
            is_empty = True
            while text.peek() != end:
                is_empty = False
                key = text.key() if mark == "{" else None
                yield section, key, text.value()
                text.comma(end)
            text.expect(end)
            if is_empty:
                yield f"empty {section}", None, None
        text.comma("}")
    text.expect("}")
    if text.peek():
        raise _damaged()


class _Text:
    """A text that is read forwards, a piece in memory at a time. Raises UnreadableFile where it is no JSON."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = _pieces(chunks)
        self._text, self._at = "", 0
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)

    def peek(self) -> str:
        """The next letter that is no blank; nothing at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in " \t\r\n":
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if not self._more():
                return ""

    def expect(self, mark: str) -> None:
        """Go beyond a letter."""
        if self.peek() != mark:
            raise _damaged()
        self._at += 1

    def comma(self, end: str) -> None:
        """Go beyond a comma, if `end` does not come next."""
        if self.peek() != end:
            self.expect(",")
            if self.peek() == end:
                raise _damaged()

    def key(self) -> str:
        """A name and the colon behind it."""
        found = self.value() if self.peek() == '"' else None
        self.expect(":")
        return str(found)

    def value(self) -> Any:
        """The next value, all of it."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > MAX_ELEMENT_CHARACTERS or not self._more():
                    raise _damaged() from error
                continue
            except (ValueError, RecursionError) as error:
                raise _damaged() from error
            if end < len(self._text) or not self._more():  # a number may go on in the next piece
                self._at = end
                return value

    def _more(self) -> bool:
        piece = next(self._pieces, "")
        self._text, self._at = self._text[self._at :] + piece, 0
        return piece != ""


def _pieces(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        for start in range(0, len(chunk), FEED_BYTES):
            if text := decoder.decode(chunk[start : start + FEED_BYTES]):
                yield text
    decoder.decode(b"", final=True)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _damaged() -> UnreadableFile:
    return UnreadableFile("damaged JSON, or no JSON document; deliver it again")
