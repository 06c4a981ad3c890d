"""Who asked to be forgotten: tombstones, kept outside of the warehouse so that a rebuild from raw files heeds them.

SITE/var/forgotten holds one JSON object a line. A tombstone is a keyed name of a pseudonym (or of a line's identity),
not the pseudonym: the file tells nobody who it was, and a search for the pseudonym finds nothing.

- a line that was forgotten never comes back, whatever file brings it;
- an identifier of a dealing (order, call) stays forgotten for good, and so does a line without a time that only links;
- an identifier of the person is heeded for what happened up to the day `until`: who comes back later is a new customer.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import urllib.parse
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.clock import night_ends
from ingest.durable import write_atomically
from ingest.errors import ConfigError
from ingest.pseudonym import KINDS, key_id, normalise, pseudonyms
from ingest.settings import SourceSection
from ingest.site import Site
from ingest.store import Store
from ingest.touch import Matcher, load_steps
from ingest.units import sql

DEALINGS = ("order_no", "call_no")
MIN_MENTION = 5
"""A shorter word of a broken line may stand for anything."""

_WORD = r"[^\s\"'<>|,;=&?/(){}\[\]]{5,}"
_NUMBER = r"\+?[0-9][0-9 ()./-]{4,}[0-9]"
LINE_NAME = "cast(md5(getvariable('line_salt') || '|forgotten|' || line_hash) as uuid)"
Known = Callable[[str, Collection[str]], set[str]]


@dataclass
class Forgotten:
    """The tombstones of a site: name of an identifier -> the moment up to which it counts (None = for good)."""

    site: Site
    key: bytes
    identifiers: dict[str, dict[str, dt.datetime | None]] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, site: Site, key: bytes) -> Forgotten:
        """The site's tombstones; none when nobody was forgotten. Raises ConfigError when they are of another key."""
        found = cls(site, key)
        path = tombstones(site)
        if not path.exists():
            return found
        try:
            head, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            for row in rows:
                found._take(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path}: damaged; restore it, else people who were forgotten would come back") from error
        if head != {"key_id": key_id(key)}:
            raise ConfigError(
                f"{path}: its tombstones were made under another pseudonym key; put the old key back, for only under "
                "it they keep forgotten people out"
            )
        return found

    def _take(self, row: dict[str, Any]) -> None:
        if row["kind"] == "line":
            self.lines.add(row["name"])
        else:
            until = dt.datetime.fromisoformat(row["until"]) if row["until"] else None
            self.identifiers.setdefault(row["kind"], {})[row["name"]] = until

    def add(self, identifiers: Iterable[tuple[str, str]], lines: Iterable[str], until: dt.date) -> None:
        """Add (kind, pseudonym) pairs and lines (names by LINE_NAME), and write the file in one rename."""
        end = night_ends(until, self.site.settings.site.timezone)
        for kind, pseudonym in identifiers:
            moment = None if kind in DEALINGS else end
            name = self._names(kind, [pseudonym])[0]
            known = self.identifiers.setdefault(kind, {}).get(name, end)
            self.identifiers[kind][name] = None if moment is None or known is None else max(moment, known)
        self.lines |= set(lines)
        rows: list[dict[str, Any]] = [{"key_id": key_id(self.key)}]
        for kind in sorted(self.identifiers):
            for name, moment in sorted(self.identifiers[kind].items()):
                rows.append({"kind": kind, "name": name, "until": moment.isoformat() if moment else None})
        rows += [{"kind": "line", "name": name} for name in sorted(self.lines)]
        write_atomically(tombstones(self.site), "".join(json.dumps(row) + "\n" for row in rows), mode=0o600)

    def put_lines(self, store: Store) -> None:
        """Make `tombstone_line` (name) for this connection."""
        store.put("names", pa.table({"name": pa.array(sorted(self.lines), pa.string())}))
        store.run(
            "create or replace temp table tombstone_line as select cast(name as uuid) as name from names",
            name="tombstones",
        )
        store.drop("names")

    def drop_lines(self, store: Store, source: SourceSection) -> None:
        """Take the staged lines of forgotten people out of a file at load: they are counted as dropped, `forgotten`."""
        if not self.identifiers and not self.lines:
            return
        store.put("forgotten_value", self._values(store, source))
        store.put("forgotten_code", self._codes(store, source.name))
        store.put("forgotten_bad", self._mentions(store))
        store.run(sql("erasing/drop_forgotten.sql"), name="erasing/drop_forgotten.sql")
        for name in ("forgotten_value", "forgotten_code", "forgotten_bad"):
            store.drop(name)

    def known(self, kind: str, found: Collection[str]) -> set[str]:
        """Those of the pseudonyms that have a tombstone."""
        stones = self.identifiers.get(kind, {})
        ordered = sorted(found)
        return (
            {p for p, name in zip(ordered, self._names(kind, ordered), strict=True) if name in stones}
            if stones
            else set()
        )

    def _names(self, kind: str, of: Collection[str]) -> list[str]:
        return pseudonyms(self.key, f"forgotten|{kind}", list(of))

    def _values(self, store: Store, source: SourceSection) -> pa.Table:
        """The file's plain identifiers that have a tombstone: (kind, value, until)."""
        rows: list[tuple[str, str, dt.datetime | None]] = []
        country = source.country or self._country
        for kind, stones in sorted(self.identifiers.items()):
            plain = [
                v for (v,) in store.rows(f"select distinct {kind} as v from stage where {kind} is not null order by v")
            ]
            forms = [
                (value, form)
                for value in plain
                if (form := normalise(kind, value, country, source.phone_format)) is not None
            ]
            names = self._names(kind, pseudonyms(self.key, kind, [form for _, form in forms]))
            rows += [
                (kind, value, stones[name]) for (value, _), name in zip(forms, names, strict=True) if name in stones
            ]
        columns: tuple[Any, ...] = tuple(zip(*rows, strict=True)) if rows else ((), (), ())
        return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, _VALUE, strict=True)], schema=_VALUE)

    def _codes(self, store: Store, source: str) -> pa.Table:
        """The file's codes that name a forgotten order or call, as the step dictionary reads them."""
        codes = [row[0] for row in store.rows("select distinct code from stage where code is not null order by code")]
        naming = codes_naming(self._matcher, [(source, code) for code in codes], self.key, self._country, self.known)
        return pa.table({"code": pa.array([code for _, code in naming], pa.string())})

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(load_steps(self.site.process / "steps.toml"))

    @property
    def _country(self) -> str:
        return self.site.settings.site.country

    def _mentions(self, store: Store) -> pa.Table:
        """Staged broken lines that mention a forgotten identifier: (line_no)."""
        words = mentions(store, "select line_no, raw from stage_bad", self.key, self._country, self.known)
        return pa.table({"line_no": pa.array([line_no for (line_no,) in words], pa.uint32())})


_VALUE = pa.schema([("kind", pa.string()), ("value", pa.string()), ("until", pa.timestamp("us"))])


def tombstones(site: Site) -> Path:
    """Where the tombstones are. It must be kept with the key: the warehouse can be rebuilt, they can not."""
    return site.var / "forgotten"


def codes_naming(
    matcher: Matcher, codes: list[tuple[str, str]], key: bytes, country: str, known: Known
) -> list[tuple[str, str]]:
    """The (source, code) pairs whose text names a known order or call."""
    named: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (source, code), match in zip(codes, matcher.match_all(codes), strict=True):
        for kind, value in (("order_no", match.order), ("call_no", match.call)):
            form = normalise(kind, value, country) if value else None
            if form is not None:
                named.setdefault((kind, pseudonyms(key, kind, [form])[0]), []).append((source, code))
    hits = {kind: known(kind, [p for k, p in named if k == kind]) for kind in DEALINGS}
    return sorted({pair for (kind, pseudonym), pairs in named.items() if pseudonym in hits[kind] for pair in pairs})


def mentions(store: Store, rows: str, key: bytes, country: str, known: Known) -> list[tuple[Any, ...]]:
    """Broken lines in which a known identifier can be read: the columns of `rows` but its last, the bytes.

    A broken line has no fields, so each of its words and numbers is tried as every kind of identifier.
    """
    store.run(
        f"""create or replace temp table broken_word as
        with text as (select * exclude (raw), coalesce(try(decode(raw)), cast(raw as varchar)) as text from ({rows}))
        select * exclude (text), unnest(list_distinct(
            list_concat(regexp_extract_all(text, $word), regexp_extract_all(text, $number)))) as word
        from text""",
        {"word": _WORD, "number": _NUMBER},
        name="words of broken lines",
    )
    words = [row[0] for row in store.rows("select distinct word from broken_word order by word")]
    tried: dict[tuple[str, str], set[str]] = {}
    for word in words:
        for form in {word, urllib.parse.unquote(word), *re.split(r"[:#]", word)}:
            for kind in KINDS if len(form) >= MIN_MENTION else ():
                if (normal := normalise(kind, form, country)) is not None:
                    tried.setdefault((kind, normal), set()).add(word)
    hits: set[str] = set()
    for kind in KINDS:
        normals = [normal for k, normal in tried if k == kind]
        named = dict(zip(pseudonyms(key, kind, normals), normals, strict=True))
        for pseudonym in known(kind, named):
            hits |= tried[kind, named[pseudonym]]
    store.put("hit_word", pa.table({"word": pa.array(sorted(hits), pa.string())}))
    found = store.rows(
        "select distinct b.* exclude (word) from broken_word as b semi join hit_word using (word) order by all"
    )
    store.drop("hit_word")
    return found
