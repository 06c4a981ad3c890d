"""Analyses: one file each, found by scanning this folder. A module states `NAME`, `KINDS`, `SUMMARY`, `READS` and
`find(store, context) -> list[Finding]`; nothing is registered by hand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import FrontstageError
from ingest.store import Store
from mining.context import Context
from mining.findings import Finding


@dataclass(frozen=True)
class Analysis:
    """One analysis as its file describes it."""

    name: str
    kinds: tuple[str, ...]
    summary: str
    reads: tuple[str, ...]
    find: Callable[[Store, Context], list[Finding]]


def scan() -> list[Analysis]:
    """All analyses of the folder, by name. Raises FrontstageError when a file lacks its description."""
    found = []
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda info: info.name):
        code = importlib.import_module(f"{__name__}.{module.name}")
        missing = [name for name in ("NAME", "KINDS", "SUMMARY", "READS", "find") if not hasattr(code, name)]
        if missing:
            raise FrontstageError(
                f"mining/analyses/{module.name}.py: no {', '.join(missing)}; an analysis states all of "
                "NAME, KINDS, SUMMARY, READS and find(store, context)"
            )
        found.append(Analysis(code.NAME, tuple(code.KINDS), code.SUMMARY, tuple(code.READS), code.find))
    return found
