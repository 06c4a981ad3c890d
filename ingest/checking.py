"""`config-check`: everything that is wrong with what ingest reads of a site's configuration, found without loading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ingest.adapters import adapters
from ingest.adapters.access_log import compiled
from ingest.errors import ConfigError, Problem
from ingest.packed import UnreadableFile
from ingest.problems import listed
from ingest.pseudonym import KEY_VARIABLE, load_key
from ingest.reader import deliveries
from ingest.settings import SourceSection, read_toml, suggestion, validate
from ingest.site import Site
from ingest.touch import StepDictionary, load_steps


def problems(site: Site) -> list[Problem]:
    """All problems of site.toml, steps.toml, the inboxes and the key. One broken part does not hide the others."""
    path = site.root / "site.toml"
    found: list[Problem] = []
    try:
        _ = site.settings
    except ConfigError as error:
        found += listed(error, path)
    sources = _sources(path)
    for key, source in sources:
        found += _source(site, path, key, source)
    return found + _steps(site, [source.name for _, source in sources]) + _key(site)


def _sources(path: Path) -> list[tuple[str, SourceSection]]:
    """The sources of site.toml that are whole, each with its key; the others are problems already."""
    try:
        declared: Any = read_toml(path).get("source")
    except ConfigError:
        return []
    found = []
    for number, data in enumerate(declared if isinstance(declared, list) else []):
        try:
            found.append((f"source.{number}", validate(SourceSection, data, path)))
        except ConfigError:
            continue
    return found


def _source(site: Site, path: Path, key: str, source: SourceSection) -> list[Problem]:
    """Its adapter is known, its inbox is there and holds files that its patterns match."""
    found = []
    if source.adapter not in adapters():
        what = f"got {source.adapter!r}, no such adapter; {suggestion(source.adapter, adapters())}"
        found.append(Problem(str(path), f"{key}.adapter", what))
    elif source.adapter == "relational_orders" and not source.tables:
        what = "got no table, expected [source.tables.<name>] for each table of the export"
        found.append(Problem(str(path), f"{key}.tables", what))
    elif source.adapter == "access_log":
        found += _log_format(path, key, source)
    try:
        folder = site.inbox(source)
    except ConfigError as error:
        return [*found, Problem(str(path), f"{key}.inbox", str(error))]
    patterns = {f"{key}.files": source.files}
    patterns |= {f"{key}.tables.{name}.files": table.files for name, table in source.tables.items()}
    for where, pattern in patterns.items():
        if next(deliveries(folder, pattern), None) is None:
            there = sorted(p.name for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
            seen = f"{len(there)} others, such as {there[0]!r}" if there else "nothing at all"
            what = f"got {pattern!r}, expected a pattern that files in {folder} match (there is {seen})"
            found.append(Problem(str(path), where, f"{what}; mend it, or deliver the files"))
    return found


def _log_format(path: Path, key: str, source: SourceSection) -> list[Problem]:
    """A declared format tells a time, a request and a status."""
    try:
        compiled(source.log_format)
    except UnreadableFile as error:
        return [Problem(str(path), f"{key}.log_format", str(error))]
    return []


def _steps(site: Site, sources: list[str]) -> list[Problem]:
    path = site.process / "steps.toml"
    try:
        steps = load_steps(path)
    except ConfigError as error:
        return listed(error, path)
    return _unasked(site, steps) + [
        Problem(str(path), f"step.{number}.codes.{name}", f"unknown source; {suggestion(name, sources)}")
        for number, step in enumerate(steps.step)
        for name in step.codes
        if sources and name not in sources
    ]


def _unasked(site: Site, steps: StepDictionary) -> list[Problem]:
    """Items that have a price in site.toml and are asked by no step: a slip of the pen."""
    asked = {item for step in steps.step for item in step.asks}
    try:
        priced = site.settings.costs.ask_min
    except ConfigError:  # site.toml is broken elsewhere, which is told already
        return []
    return [
        Problem(
            str(site.root / "site.toml"),
            f"costs.ask_min.{item}",
            f"no step of process/steps.toml asks it; {suggestion(item, asked)}" if asked else "no step asks anything",
        )
        for item in priced
        if item not in asked
    ]


def _key(site: Site) -> list[Problem]:
    """The pseudonym key, when there is one: a site that never ran has none yet."""
    if not site.key.exists() and not os.environ.get(KEY_VARIABLE):
        return []
    try:
        load_key(site.key)
    except ConfigError as error:
        return listed(error, site.key)
    except (OSError, UnicodeDecodeError) as error:
        what = f"can't be read ({type(error).__name__}), expected 64 hex digits, mode 0600"
        return [Problem(str(site.key), "", what)]
    return []
