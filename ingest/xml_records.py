"""XML files as records: the elements below the outermost one, each in canonical form, so that SQL can read it.

Canonical XML (C14N) has double quotes, sorted attributes, no comments, no CDATA and five references at most: what is
left to a regular expression is exact. The parser reads no DTD and no file but this one; a DOCTYPE is refused, since
entities are its only use here and its abuse. Python makes one call for each record, which is a whole case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

import pyarrow as pa
from lxml import etree

from ingest.packed import UnreadableFile

BLOCK_RECORDS = 4096
FEED_BYTES = 256 * 1024
"""The parser refuses to look further than 10 MB ahead: what is a guard against bombs would hit large pieces."""


class Counts(Protocol):
    """What is found out of a file while it is read."""

    n_lines: int


_NESTED = etree.XPath("*[local-name() != 'event']/* | *[local-name() = 'event']/*/*")


def xml_blocks(
    chunks: Iterable[bytes], reading: Counts, elements: Collection[str], schema: pa.Schema
) -> Iterator[pa.Table]:
    """Blocks of `schema` with the children of the outermost element that `elements` names. Attributes of attributes are
    left out. Raises UnreadableFile for what is no such XML; blocks given before must then be forgotten."""
    found: list[str] = []
    for element in walked(chunks, 1):
        if etree.QName(element).localname in elements:
            for inner in _NESTED(element):
                inner.getparent().remove(inner)
            found.append(etree.tostring(element, method="c14n", exclusive=True, with_comments=False).decode())
        if len(found) == BLOCK_RECORDS:
            yield block_of(found, reading, schema)
            found = []
    if found:
        yield block_of(found, reading, schema)


def walked(chunks: Iterable[bytes], depth: int) -> Iterator[etree._Element]:
    """The elements down to a depth below the outermost one, `log`, when they have ended; each for as long as it is
    looked at, and of what is in it only what lies deeper. Raises UnreadableFile for what is no such XML."""
    parser = etree.XMLPullParser(
        events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    is_empty = True
    level = [-1]
    try:
        for chunk in chunks:
            if is_empty and b"<!doctype" in chunk.lower():
                raise UnreadableFile("an XML file with a DOCTYPE, which could hold anything; export it without")
            is_empty = False
            for start in range(0, len(chunk), FEED_BYTES):
                parser.feed(chunk[start : start + FEED_BYTES])
                yield from _ended(parser, depth, level)
        if is_empty:
            return
        parser.close()
        yield from _ended(parser, depth, level)
    except etree.LxmlError as error:
        raise UnreadableFile(f"damaged XML ({type(error).__name__}); deliver it again") from error


def _ended(parser: etree.XMLPullParser, depth: int, level: list[int]) -> Iterator[etree._Element]:
    """The elements down to `depth` that have ended; `level` is how deep the parser's last event was."""
    for event, element in parser.read_events():
        if event == "start":
            level[0] += 1
            if level[0] == 0 and etree.QName(element).localname != "log":
                raise UnreadableFile("an XML file whose outermost element is no log")
            if level[0] == 0 and element.getroottree().docinfo.doctype:
                raise UnreadableFile("an XML file with a DOCTYPE, which could hold anything; export it without")
            continue
        level[0] -= 1
        if 0 <= level[0] < depth:
            yield element
            # what is complete may go; the element itself stays until the next one: the parser may be writing behind it
            element.clear(keep_tail=True)
            while (before := element.getprevious()) is not None:
                element.getparent().remove(before)


def block_of(records: list[str], reading: Counts, schema: pa.Schema) -> pa.Table:
    """Records that Python made of a whole document, as a block of lines; they are numbered as they come."""
    n = len(records)
    numbers = range(reading.n_lines + 1, reading.n_lines + n + 1)
    reading.n_lines += n
    columns = [
        pa.array(numbers, pa.uint32()), pa.array(numbers, pa.uint64()), pa.array(records, pa.string_view()),
        pa.nulls(n, pa.string()), pa.nulls(n, pa.binary()),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=schema)
