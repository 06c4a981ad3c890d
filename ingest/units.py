"""Units of extension: one file that describes itself, found by scanning its folder.

A `.sql` unit opens with TOML between `/*---` and `---*/`, a template with TOML between `{#---` and `---#}`.
Adding an adapter, an aggregate or a page is adding such a file; nothing is registered by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from ingest.errors import FrontstageError

_FENCES = {".sql": ("/*---", "---*/"), ".j2": ("{#---", "---#}")}


@dataclass(frozen=True)
class Unit:
    """One self-describing file: `stem` is its name, `meta` its front matter, `body` the text after it."""

    stem: str
    meta: dict[str, Any]
    body: str
    path: Path


@cache
def sql(name: str) -> str:
    """A statement file of the ingest package, e.g. `loading/accept.sql`."""
    return files("ingest").joinpath(name).read_text(encoding="utf-8")


def read_unit(path: Path) -> Unit:
    """Read one unit. Raises FrontstageError when the front matter is absent or is not TOML."""
    opening, closing = _FENCES[path.suffix]
    text = path.read_text(encoding="utf-8")
    if not text.startswith(opening) or closing not in text:
        raise FrontstageError(f"{path.name}: no front matter; expected TOML between {opening} and {closing} at the top")
    header, body = text[len(opening) :].split(closing, 1)
    try:
        meta = tomllib.loads(header)
    except tomllib.TOMLDecodeError as error:
        raise FrontstageError(f"{path.name}: front matter is not TOML: {error}") from error
    stem = path.name.removesuffix(".j2").rsplit(".", 1)[0]
    return Unit(stem, meta, body.strip() + "\n", path)


def scan(folder: Path, suffix: str) -> list[Unit]:
    """All units of a folder with that suffix (`.sql` or `.html.j2`), by name."""
    return [read_unit(path) for path in sorted(folder.glob(f"*{suffix}"))]


def modules(package: str, kind: str, states: Sequence[str]) -> list[ModuleType]:
    """All modules of a package, by name. Raises FrontstageError when one does not state all of `states`; a function is
    named with its arguments."""
    folder = files(package)
    found = []
    for name in sorted(info.name for info in pkgutil.iter_modules([str(folder)])):
        module = importlib.import_module(f"{package}.{name}")
        missing = [one for one in (state.split("(")[0] for state in states) if not hasattr(module, one)]
        if missing:
            raise FrontstageError(
                f"{package.replace('.', '/')}/{name}.py: no {', '.join(missing)}; {kind} states all of "
                f"{', '.join(states[:-1])} and {states[-1]}"
            )
        found.append(module)
    return found


def in_dependency_order(units: list[Unit]) -> list[Unit]:
    """Order units so that each comes after the units of the same list named in its `reads`."""
    by_name = {unit.stem: unit for unit in units}
    graph = {name: sorted(set(unit.meta.get("reads", [])) & by_name.keys()) for name, unit in sorted(by_name.items())}
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise FrontstageError(f"units read each other in a circle: {' -> '.join(error.args[1])}") from error
