"""`python -m ingest new`: a draft site from a folder of files, to be mended by who knows the organisation.

The files are copied and never changed. They are read once, into a warehouse that is thrown away, to learn which codes
there are and which way through the steps is the commonest.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest import log as speech
from ingest import schema
from ingest.derive import derive
from ingest.durable import write_atomically
from ingest.errors import FrontstageError, UsageError
from ingest.load import load
from ingest.pseudonym import line_salt, load_key
from ingest.reader import unpacked
from ingest.scrub import scrub
from ingest.site import Site
from ingest.sniffing.columns import slug
from ingest.sniffing.dictionary import MIN_PEOPLE, draft_steps, steps_toml
from ingest.sniffing.tell import files_of
from ingest.sniffing.toml_text import toml_lines, toml_value
from ingest.sniffing.trial import bench
from ingest.sniffing.verdict import Sniffed, sniff
from ingest.sniffing.vocabulary import kind_of
from ingest.store import Store
from ingest.units import sql

_SHARE = 0.95


@dataclass
class Stream:
    """One source of the draft: the files that one adapter reads with the same settings."""

    name: str
    adapter: str
    settings: dict[str, Any]
    files: list[Path] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def new_site(root: Path, folder: Path) -> Iterator[str]:
    """Write the draft; yields what was done, in lines. Raises UsageError when nothing can be or may be written."""
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{root}: is there already; name a folder that is not, nothing is overwritten")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; expected one with your raw files")
    if root.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{root}: lies in {folder}, whose files it is made of; name a folder elsewhere")
    speech.configure("new")
    found, unnamed = _streams(folder)
    for path, one in unnamed:
        yield f"left out: {scrub(str(path.relative_to(folder)))}: {one.reason}"
    if not found:
        raise UsageError(f"{folder}: no adapter reads any file of it; `python -m ingest sniff {folder}` says why")
    for stream in found:
        yield f"source {stream.name}: {stream.adapter}, {len(stream.files)} file{'s' * (len(stream.files) > 1)}"
    try:
        yield from _write(root, folder, found)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


def _streams(folder: Path) -> tuple[list[Stream], list[tuple[Path, Sniffed]]]:
    """The sources of a folder, and the files that belong to none."""
    found: dict[str, Stream] = {}
    unnamed: list[tuple[Path, Sniffed]] = []
    known: dict[str, list[str]] = {}
    with bench() as table:
        for path in files_of([folder]):
            family = re.sub(r"\d+", "#", unpacked(path.name))
            one = sniff(path, table, known.get(family))
            if one.share < _SHARE and family in known:
                one = sniff(path, table)
            if one.adapter is None or (one.n_events == 0 and not _links(one)):
                unnamed.append(
                    (path, one if one.adapter is None else one.model_copy(update={"reason": "tells nothing"}))
                )
                continue
            known[family] = [one.adapter]
            plain = {key: value for key, value in one.settings.items() if key != "tables"}
            stream = found.setdefault(json.dumps([one.adapter, plain]), Stream("", one.adapter, plain))
            stream.files.append(path)
            stream.doubts += [
                doubt for doubt in one.doubts if doubt not in stream.doubts and "would be in q" not in doubt
            ]
            for name, section in one.settings.get("tables", {}).items():
                _add_table(stream, name, section, path)
    streams = list(found.values())
    for stream in streams:
        base = _base_name(stream)
        others = [other.name for other in streams]
        stream.name = (
            base if base not in others else next(f"{base}_{n}" for n in range(2, 99) if f"{base}_{n}" not in others)
        )
    return streams, unnamed


def _links(one: Sniffed) -> bool:
    """A table that only says which identifiers belong together, such as customers and their orders."""
    tables = one.settings.get("tables", {})
    return any(len(table.get("identifiers", {})) > 1 for table in tables.values())


def _add_table(stream: Stream, name: str, section: dict[str, Any], path: Path) -> None:
    """A table of a relational export; files whose columns mean the same are of one table."""
    tables = stream.settings.setdefault("tables", {})
    same = next((n for n, known in tables.items() if {**known, "files": ""} == {**section, "files": ""}), None)
    pattern = re.sub(r"[\[\]?*]", "?", unpacked(path.name))
    if same is not None and re.sub(r"_\d+$", "", same) == name:
        tables[same]["files"] = re.sub(r"\d[\d_.-]*", "*", pattern)
        return
    while name in tables:
        name = f"{name}_{len(tables)}"
    tables[name] = {**section, "files": pattern}
    if any("reference" in known.get("identifiers", {}) for known in tables.values()):
        for known in tables.values():  # the same column joins the tables: it names no person in one of them only
            _as_reference(known.get("identifiers", {}), tables)


def _as_reference(identifiers: dict[str, str], tables: dict[str, dict[str, Any]]) -> None:
    joining = {
        known["identifiers"]["reference"] for known in tables.values() if "reference" in known.get("identifiers", {})
    }
    if identifiers.get("customer_no") in joining and "reference" not in identifiers:
        identifiers["reference"] = identifiers.pop("customer_no")


def _base_name(stream: Stream) -> str:
    """web, calls, orders ... by the adapter's name."""
    words = {"web": "access|nginx|w3c|ga4|ga360|snowplow|segment", "calls": "queue|cdr|cel|connect|genesys|twilio|call",
             "orders": "order|shopify|stripe"}  # fmt: skip
    return next((name for name, known in words.items() if re.search(known, stream.adapter)), slug(stream.adapter))


def _write(root: Path, folder: Path, streams: list[Stream]) -> Iterator[str]:
    root.mkdir(parents=True, exist_ok=True)
    for stream in streams:
        for path in stream.files:
            target = root / "inbox" / stream.name / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    _put(root / "site.toml", _site_toml(root, streams))
    site = Site(root)
    site.prepare()
    site.rehearsal.mkdir(mode=0o700)
    warehouse = site.rehearsal / "warehouse.duckdb"
    try:
        schema.prepare(warehouse, line_salt(load_key(site.key)))
        with Store.open(warehouse) as store:
            load(site, store)
            steps, n_events = _drafted(store)
            if not n_events:
                raise UsageError(
                    f"{folder}: no line of its files gives an event; `python -m ingest sniff {folder}` says why"
                )
            _put(site.process / "steps.toml", steps)
            yield f"process/steps.toml: {steps.count('[[step]]')} steps for the codes of {n_events} events"
            night = derive(site, store, None)
            yield _intended(site, store) + f" (events up to {night})"
    finally:
        speech.end_progress()
        shutil.rmtree(site.rehearsal, ignore_errors=True)
    yield f"{root}: a draft; read site.toml and process/steps.toml, then: make nightly SITE={root}"


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text, mode=0o640)


def _site_toml(root: Path, streams: list[Stream]) -> str:
    lines = [
        "# DRAFT, made from the files of a folder. What nobody can read off a file is a QUESTION.",
        "[site]",
        f"name = {toml_value(scrub(root.resolve().name) or 'Our site')}",
        '# QUESTION: the clock of the reports, and of sources whose times carry no zone, such as "Europe/Berlin"',
        'timezone = "UTC"',
        "# QUESTION: the money of your costs, and the country in which phone numbers are written without its code",
        'currency = "EUR"',
        'country = "US"',
    ]
    for stream in streams:
        lines += ["", "[[source]]", f"name = {toml_value(stream.name)}"]
        if any("which clock" in doubt for doubt in stream.doubts):
            lines.append("# QUESTION: its times carry no zone; on which clock were they written?")
            lines.append('# timezone = "Europe/Berlin"')
        lines += [f"# doubtful: {doubt}" for doubt in stream.doubts if "which clock" not in doubt]
        lines += toml_lines("source", {"adapter": stream.adapter, **stream.settings})
    return "\n".join(lines) + "\n"


def _drafted(store: Store) -> tuple[str, int]:
    """The text of steps.toml, and the number of events that it was made from."""
    codes: dict[str, dict[str, int]] = {}
    shares: dict[str, tuple[float, float]] = {}
    people: dict[str, dict[str, set[int]]] = {}
    for source, code, n, some in store.rows(sql("sniffing/codes.sql"), {"most": MIN_PEOPLE}):
        codes.setdefault(source, {})[code] = n
        people.setdefault(source, {})[code] = set(some)
    for source, calls, orders in store.rows(sql("sniffing/shares.sql")):
        shares[source] = calls, orders
    told = dict(store.rows("select name, adapter from source"))
    # the activities of an event log are words of somebody's own work: what they mean elsewhere would mislead
    kinds = {
        source: "record" if told[source] == "xes" else kind_of(counted, *shares[source])
        for source, counted in codes.items()
    }
    n_events = sum(sum(counted.values()) for counted in codes.values())
    return "\n".join(steps_toml(draft_steps(codes, kinds, people), n_events)) + "\n", n_events


def _intended(site: Site, store: Store) -> str:
    """Write the commonest way that customers of enough journeys went; says what was written."""
    least = site.settings.privacy.min_cell
    rows = store.rows(sql("sniffing/variants.sql"), {"least": least})
    if not rows:
        return f"process/intended.toml: none, for no way through the steps is that of {least} customers"
    steps, n, n_customers, of_n, is_order = rows[0]
    lines = [
        "# DRAFT: the commonest way that customers went, not the one that was meant. Write down how it should go.",
        f"# {n} of {of_n} journeys with two steps or more went exactly so, of {n_customers} customers.",
        f"process = {toml_value('order_to_delivery' if is_order else 'journey')}",
        "version = 1",
        f"case = {toml_value('order' if is_order else 'episode')}",
        f"steps = {toml_value([f'{step}+' for step in steps])}",
        'other_steps = "ignore"',
        "tolerance = 0.02",
    ]
    _put(site.process / "intended.toml", "\n".join(lines) + "\n")
    return f"process/intended.toml: the commonest way, of {n} of {of_n} journeys"


def run_new(root: Path, folder: Path) -> int:
    """Write a draft site, telling each thing done. Raises FrontstageError."""
    try:
        for line in new_site(root, folder):
            print(line, flush=True)
    except OSError as error:
        raise FrontstageError(f"{root}: can't be written ({error.strerror}); make room for it") from error
    return 0
