"""Rules of the house that a tool can check: who imports what, who opens DuckDB, who imports pm4py, who reads the
clock."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = ("ingest", "mining", "reports")
SOURCES = sorted(path for stage in STAGES for path in (ROOT / stage).rglob("*.py"))
# mining and reports may know the contract of ingest, not how files are read
CONTRACT = {
    "errors",
    "scrub",
    "settings",
    "store",
    "units",
    "site",
    "run",
    "touch",
    "clock",
    "durable",
    "cli",
    "problems",
    "recut",
    "language",
    "naming",
    "told_again",
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_stages_import_one_way(path: Path) -> None:
    stage = path.relative_to(ROOT).parts[0]
    later = STAGES[STAGES.index(stage) + 1 :]
    for name in imported(path):
        parts = name.split(".")
        assert parts[0] not in later, f"{path.name} imports {name}: imports run reports -> mining -> ingest, never back"
        if stage != "ingest" and parts[0] == "ingest" and len(parts) > 1:
            assert parts[1] in CONTRACT, (
                f"{path.name} imports {name}: outside of the contract of ingest {sorted(CONTRACT)}"
            )


def users_of(pattern: str) -> set[str]:
    return {str(p.relative_to(ROOT)) for p in SOURCES if re.search(pattern, p.read_text(encoding="utf-8"))}


def test_one_module_opens_duckdb() -> None:
    assert users_of(r"duckdb\.connect|^import duckdb|\bfrom duckdb") == {"ingest/store.py"}


def test_one_module_imports_pm4py() -> None:
    assert {str(p.relative_to(ROOT)) for p in SOURCES if any(n.split(".")[0] == "pm4py" for n in imported(p))} == {
        "mining/pm4py_bridge.py"
    }


def test_nothing_reads_the_clock() -> None:
    found = users_of(r"datetime\.now|date\.today|time\.time\(|utcnow|random\.random\(|uuid4")
    assert found == set(), "a night must be replayable: AS_OF is its only clock, seeds are fixed"


def test_no_statement_reads_the_clock_or_draws_at_random() -> None:
    reads = re.compile(
        r"\b(now|today|random|uuid|gen_random_uuid|transaction_timestamp)\(\)"
        r"|\bcurrent_(date|time|timestamp)\b|\bget_current_|\blocaltime(stamp)?\b",
        re.IGNORECASE,
    )
    statements = [*SOURCES, *(path for stage in STAGES for path in sorted((ROOT / stage).rglob("*.sql")))]
    assert [path.name for path in statements if reads.search(path.read_text(encoding="utf-8"))] == []
    assert reads.search("select now(), 1") and reads.search("where d < CURRENT_DATE")


def test_modules_are_rooms_and_functions_fit_a_screen() -> None:
    too_long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            too_long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 80:
                too_long.append(
                    f"{path.relative_to(ROOT)}: {node.name} has {(node.end_lineno or 0) - node.lineno} lines"
                )
    assert too_long == []


def test_nothing_of_this_machine_is_committed() -> None:
    pattern = re.compile(r"/(work|farm|root|home)/\w|https?://(pypi|files\.pythonhosted|registry\.npm)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in (*STAGES, "tests", "data")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".sql", ".toml", ".md", ".j2", ".css", ".js"} and "/var/" not in str(path)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line) and path.name != "test_contracts.py"
    ]
    assert found == []
