"""steps_map.csv: which step of a company is which step of our dictionary (method 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.settings import suggestion
from mining.competitors.companies import Companies
from mining.competitors.tables import NAME_LENGTH, Row, Table, read

COLUMNS = ("company", "step", "our_step", "match")
MATCHES = dict.fromkeys(("exact", "close", "none"))


@dataclass(frozen=True)
class StepsMap:
    """`entries`: (company, its step in small letters) -> (our step, match); no entry = nobody has mapped it.

    A step that is written as our dictionary writes it is ours, exactly, without an entry.
    """

    entries: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    def ours(self, company: str, step: str) -> str | None:
        """Our step that a company's step is, exactly or closely."""
        found = self.entries.get((company, step.casefold()))
        if found:
            return found[0] or None
        return step.casefold() if step.casefold() in self.known else None

    def match(self, company: str, step: str) -> str:
        """exact, close or none."""
        found = self.entries.get((company, step.casefold()))
        return found[1] if found else "exact" if step.casefold() in self.known else "none"


def read_steps_map(table: Table, text: str | None, companies: Companies, known: Mapping[str, str]) -> StepsMap:
    """The rows that can be used. `known` = the steps of our dictionary that customers see."""
    entries: dict[tuple[str, str], tuple[str, str]] = {}
    lines: dict[tuple[str, str], int] = {}

    def use(row: Row) -> None:
        match = row.one_of("match", MATCHES)
        step = row.text("our_step", NAME_LENGTH)
        if match == "none" and step:
            raise row.wrong("our_step", "expected nothing where the match is none")
        if match != "none" and step not in known:
            raise row.wrong("our_step", suggestion(step, known) if step else "expected a step of process/steps.toml")
        key = companies.of(row), row.name("step").casefold()
        if key in entries:
            raise row.wrong("step", f"expected each step of a company once; line {lines[key]} has it")
        entries[key], lines[key] = (step, match), row.line

    if text is not None:
        read(table, text, COLUMNS, frozenset(), use)
    return StepsMap(entries, frozenset(known))
