"""The first events of an object-centric log, with the objects that they name, as a small log in JSON.

Objects may stand anywhere in such a file, so it is read to its end, in pieces.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.reader import Reading, read_blocks

_MAGIC = b"SQLite format 3\x00"
_JSON = re.compile(rb'"(objectTypes|eventTypes|ocel:[a-z-]+)"\s*:')
_XML = re.compile(rb"""<(object-types|event-types)[\s/>]|scope=["']object["']""")


def is_ocel(data: bytes) -> bool:
    """Whether a file that begins so is an object-centric log, by the names that only those have."""
    if data.startswith(_MAGIC):
        return b"event_map_type" in data and b"object_map_type" in data
    text = data.replace(b"\x00", b"")[:200_000].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    pattern = {b"{": _JSON, b"<": _XML}.get(text[:1])
    return pattern is not None and pattern.search(text) is not None


def short_log(path: Path, n: int) -> bytes:
    """The first `n` records. Raises UnreadableFile for a log that is damaged."""
    blocks = read_blocks(Reading(path), "ocel", "utf-8")
    records = [json.loads(text) for text in islice((text for b in blocks for text in b.column("raw").to_pylist()), n)]
    return json.dumps(as_log(records), ensure_ascii=False).encode("utf-8", "backslashreplace")


def as_log(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Records as one log, OCEL 2.0."""
    types: dict[str, Any] = {}
    for record in records:
        if isinstance(record.get("object"), str):
            types[record["object"]] = record.get("type")
        objects = record.get("objects")
        types |= {one["id"]: one["type"] for one in objects if one.get("type")} if isinstance(objects, list) else {}
    related = {record["object"]: _relationships(record) for record in records if isinstance(record.get("object"), str)}
    return {
        "objectTypes": [],
        "eventTypes": [],
        "objects": [{"id": i, "type": kind, "relationships": related.get(i, [])} for i, kind in types.items()],
        "events": [
            {
                "id": record["event"],
                "type": record.get("type"),
                "time": record.get("time"),
                "attributes": _attributes(record.get("attributes")),
                "relationships": _relationships(record),
            }
            for record in records
            if "event" in record
        ],
    }


def _relationships(record: dict[str, Any]) -> Any:
    objects = record.get("objects")
    if not isinstance(objects, list):
        return objects
    return [{"objectId": one.get("id"), "qualifier": one.get("as")} for one in objects]


def _attributes(attributes: Any) -> Any:
    if not isinstance(attributes, dict):
        return attributes
    return [{"name": name, "value": value} for name, value in attributes.items()]
