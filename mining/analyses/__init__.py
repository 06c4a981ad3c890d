"""Analyses: one file each, found by scanning this folder. A module states `NAME`, `KINDS`, `SUMMARY`, `READS` and
`find(store, context) -> list[Finding]`; nothing is registered by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.store import Store
from ingest.units import modules
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
    found = modules(__name__, "an analysis", ("NAME", "KINDS", "SUMMARY", "READS", "find(store, context)"))
    return [Analysis(one.NAME, tuple(one.KINDS), one.SUMMARY, tuple(one.READS), one.find) for one in found]
