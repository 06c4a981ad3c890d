"""The rules of site.toml under which the lines of a source were read; a change that would mix two of them is refused.

Lines are parsed once, while their file is loaded. If their encoding, their columns or the form of their phone numbers
were declared otherwise afterwards, half of the source would be read one way and half another, which no rebuild gives.
So each source's rules stay in the warehouse, and a change is allowed only where no loaded line would be read otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ingest.adapters import Adapter, FileContext, adapters
from ingest.adapters.relational_orders import table_of
from ingest.errors import ConfigError
from ingest.local_times import check_reading
from ingest.packed import UnreadableFile
from ingest.pseudonym import normalise, pseudonyms
from ingest.settings import SourceSection, TableSection
from ingest.site import Site
from ingest.store import Store

BY_SOURCE, BY_STREAM = "source", "stream"
"""What a line is known by beside its text: its source alone, as early warehouses have it; its stream in it, too."""


UNSET: dict[str, Any] = {"case": "order_no", "objects": {}, "attributes": [], "time_formats": []}
"""What options that came later are in the rules of an earlier release, where it is not None."""


def check_rules(site: Site, store: Store, source_id: int, source: SourceSection, key: bytes) -> None:
    """Remember how a source's lines are read. Raises ConfigError when site.toml now says otherwise and it matters."""
    check_reading(store, source_id, source, source.timezone or site.settings.site.timezone)
    known = _known(store, source_id)
    rules = _rules(site, source, key)
    if known is None:
        has_streams = adapters()[source.adapter].stream is not Adapter.stream
        scope = BY_SOURCE if has_streams and _paths(store, source_id) else BY_STREAM
        _remember(store, source_id, rules | {"lines_known_by": scope})
        return
    for what in _mixed(store, source_id, source, known, rules):
        raise ConfigError(
            f"source {source.name!r}: {what}; put the old value back, or delete warehouse.duckdb and state.json in "
            "SITE/var to read all files anew"
        )
    if rules | {"lines_known_by": known["lines_known_by"]} != known:
        _remember(store, source_id, rules | {"lines_known_by": known["lines_known_by"]})


def lines_known_by(store: Store, source_id: int) -> str:
    """BY_SOURCE or BY_STREAM."""
    known = _known(store, source_id)
    return BY_SOURCE if known is None else str(known["lines_known_by"])


def _rules(site: Site, source: SourceSection, key: bytes) -> dict[str, Any]:
    country = site.settings.site.country
    shared = [
        (kind, form)
        for kind, values in sorted(site.settings.identity.shared.items())
        for form in sorted({normalise(kind, value, country) or "" for value in values} - {""})
    ]
    rules = {
        "encoding": source.encoding,
        "country": source.country or country,
        "phone_format": source.phone_format,
        "extra": source.extra,
        "log_format": source.log_format,
        "cookie": source.cookie,
        "time_formats": source.time_formats,
        "case": source.case,
        "objects": source.objects,
        "attributes": source.attributes,
        "tables": {name: table.model_dump(mode="json") for name, table in source.tables.items()},
        "shared": [[kind, pseudonyms(key, kind, [form])[0]] for kind, form in shared],
    }
    found: dict[str, Any] = json.loads(json.dumps(rules))
    return found


def _mixed(
    store: Store, source_id: int, source: SourceSection, known: dict[str, Any], now: dict[str, Any]
) -> Iterator[str]:
    """What of the loaded lines would be read otherwise now."""
    paths = _paths(store, source_id)
    names = ["encoding", "extra", "log_format", "cookie", "time_formats", "case", "objects", "attributes"] + (
        ["country", "phone_format"] if _tells_phones(source) else []
    )
    for name in names if paths else []:
        before = known.get(name, UNSET.get(name))
        if before != now[name]:
            yield f"its lines were read with {name} = {before!r}, and site.toml now says {now[name]!r}"
    for path in paths:
        before, after = _table(known, path), _table(now, path)
        if before and before != after and not (after and _only_reads_more(before, after)):
            yield f"its file {path!r} was read as table {before[0]!r}, which site.toml now declares otherwise"
            return
    changed = {tuple(pair) for pair in known["shared"]} ^ {tuple(pair) for pair in now["shared"]}
    if paths and _has_met(store, changed, {tuple(pair) for pair in known["shared"]}):
        yield "its identifiers were read with other [identity.shared] values than site.toml now has"


def _table(rules: dict[str, Any], path: str) -> tuple[str, dict[str, Any]] | None:
    """Name and columns of the table that a file is read as; the pattern that finds it does not matter."""
    tables = {name: TableSection.model_validate(table) for name, table in rules["tables"].items()}
    found = table_of(tables, path)
    if found is None:
        return None
    # an option that came later has its default in the rules of an earlier release
    return found, tables[found].model_dump(mode="json", exclude={"files"})


def _only_reads_more(before: tuple[str, dict[str, Any]], after: tuple[str, dict[str, Any]]) -> bool:
    """Whether all that was read stays as it is: time formats were added behind those of before."""
    formats = before[1]["time_formats"]
    return after[0] == before[0] and after[1] | {"time_formats": after[1]["time_formats"][: len(formats)]} == before[1]


def _tells_phones(source: SourceSection) -> bool:
    if source.tables:
        return any("phone" in table.identifiers for table in source.tables.values())
    try:
        query = adapters()[source.adapter].query(FileContext(source, "", None))
    except UnreadableFile:  # its columns are known by a file's header only
        return True
    return bool(re.search(r"\bas phone\b", query))


def _has_met(store: Store, changed: set[tuple[str, str]], before: set[tuple[str, str]]) -> bool:
    """Whether an identifier that was added is in the warehouse. One that was taken away may have been met: it left no
    trace."""
    if changed & before:
        return True
    query = "select count(*) from identifier where kind = $kind and pseudonym = cast($pseudonym as uuid)"
    return any(store.value(query, {"kind": kind, "pseudonym": pseudonym}) for kind, pseudonym in sorted(changed))


def _paths(store: Store, source_id: int) -> list[str]:
    """Files of which a line was accepted and not dropped: what is quarantined can be replayed under other rules."""
    query = """select distinct path from ledger
    where source_id = $id and status = 'loaded' and n_accepted > n_dropped order by path"""
    return [path for (path,) in store.rows(query, {"id": source_id})]


def _known(store: Store, source_id: int) -> dict[str, Any] | None:
    text = store.value("select rules from source_rules where source_id = $id", {"id": source_id})
    found: dict[str, Any] | None = None if text is None else json.loads(text)
    return found


def _remember(store: Store, source_id: int, rules: dict[str, Any]) -> None:
    store.run("delete from source_rules where source_id = $id", {"id": source_id}, name="source_rules")
    store.run(
        "insert into source_rules values ($id, $rules)",
        {"id": source_id, "rules": json.dumps(rules, sort_keys=True)},
        name="source_rules",
    )
