"""What a form of OCEL says of a log, piece by piece, and the texts of which it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ingest.packed import UnreadableFile


@dataclass(slots=True)
class Event:
    """An event. What should be a text and is none, or a list and is none, stays as it was told: SQL says so."""

    id: Any
    type: Any
    time: Any
    attributes: Any
    objects: Any = field(default_factory=list)
    """[{"id": object, "as": qualifier}]; empty where a form tells relations by themselves."""


@dataclass(slots=True)
class Object:
    """An object, known by its id."""

    id: Any
    type: Any


@dataclass(slots=True)
class Relation:
    """An event (`of` = "event") or an object (`of` = "object") is related to an object, as `qualifier`."""

    of: str
    source: Any
    target: Any
    qualifier: Any


@dataclass(slots=True)
class Value:
    """An attribute of an object from some time on; without a time from the beginning."""

    object: Any
    name: str
    time: Any
    value: Any


Told: TypeAlias = Event | Object | Relation | Value


def plain(value: Any) -> Any:
    """A scalar as text, None for nothing; what is neither, or no text that can be written down, stays or becomes a
    list."""
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates
            return [ascii(value)]
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return value


def related(listed: Any, target: str, qualifier: str) -> Any:
    """A list of relations as told in JSON; what is no list stays as it is."""
    if listed is None:
        return []
    if not isinstance(listed, list):
        return plain(listed)
    return [
        {"id": scalar(one.get(target)), "as": scalar(one.get(qualifier))} if isinstance(one, dict) else {"id": None}
        for one in listed
    ]


def scalar(value: Any) -> str | None:
    """A scalar as text; None for anything else."""
    value = plain(value)
    return value if isinstance(value, str) else None


def relations(of: str, source: Any, objects: Any) -> Iterator[Relation]:
    """The relations of an object, one by one."""
    for one in objects if isinstance(objects, list) else []:
        yield Relation(of, source, one["id"], one.get("as"))


def named(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Attributes with a name and a value, as texts; a list or an object under a name is no attribute."""
    return {name: text for name, value in pairs if isinstance(name, str) and (text := scalar(value)) is not None}


def mapping(value: Any) -> Mapping[str, Any]:
    """An object of JSON; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def no_ocel(what: str) -> UnreadableFile:
    """The refusal of a file that is something else."""
    return UnreadableFile(f"{what} and no OCEL; expected OCEL 1.0 or 2.0 as JSON, XML or SQLite")
