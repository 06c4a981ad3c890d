"""OCEL as XML, 2.0 and 1.0, an event or object in memory at a time.

2.0 tells id, type and time as attributes of an element; 1.0 as children with key and value, as XES does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from ingest.ocel.told import Event, Object, Told, Value, named, no_ocel, relations
from ingest.xml_records import walked


def told(chunks: Iterable[bytes]) -> Iterator[Told]:
    """What the document says, in its order. Raises UnreadableFile for one that is damaged, has a DOCTYPE or is no
    OCEL."""
    is_empty, is_log = True, False
    for element in walked(chunks, 2):
        is_empty = False
        parent = element.getparent()
        if parent.getparent() is None:
            is_log = is_log or _name(element) in ("events", "objects")
        elif _name(parent) == "events" and _name(element) == "event":
            yield _event(element)
        elif _name(parent) == "objects" and _name(element) == "object":
            yield from _object(element)
    if not is_log and not is_empty:
        raise no_ocel("an XML document")


def _event(element: etree._Element) -> Event:
    if element.get("id") is None and element.get("type") is None:
        own = _keyed(element)
        objects = [{"id": one.get("value")} for one in _list(element, "omap")]
        attributes = named((_key(one), one.get("value")) for one in _list(element, "vmap"))
        return Event(own.get("id"), own.get("activity"), own.get("timestamp"), attributes, objects)
    attributes = named((one.get("name"), one.text or "") for one in element.iterfind("{*}attributes/{*}attribute"))
    return Event(element.get("id"), element.get("type"), element.get("time"), attributes, _related(element))


def _object(element: etree._Element) -> Iterator[Told]:
    if element.get("id") is None:
        own = _keyed(element)
        yield Object(own.get("id"), own.get("type"))
        for one in _list(element, "ovmap"):
            yield Value(own.get("id"), _key(one), None, one.get("value"))
        return
    yield Object(element.get("id"), element.get("type"))
    yield from relations("object", element.get("id"), _related(element))
    for one in element.iterfind("{*}attributes/{*}attribute"):
        yield Value(element.get("id"), one.get("name", ""), one.get("time"), one.text or "")


def _related(element: etree._Element) -> list[dict[str, str | None]]:
    """The schema calls a relation `object`, the example of the standard `relationship`."""
    return [{"id": one.get("object-id"), "as": one.get("qualifier")} for one in element.iterfind("{*}objects/*")]


def _keyed(element: etree._Element) -> dict[str, str | None]:
    return {_key(one): one.get("value") for one in element if one.get("key") is not None}


def _list(element: etree._Element, key: str) -> list[etree._Element]:
    return [inner for one in element if _key(one) == key for inner in one]


def _key(element: etree._Element) -> str:
    return str(element.get("key", "")).removeprefix("ocel:")


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
