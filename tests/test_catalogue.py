"""Each unit of extension (adapter, aggregate, audit, analysis, export, page) has its test and its line in README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def stems(folder: str, *suffixes: str) -> list[str]:
    found = {p.name.removesuffix(s) for s in suffixes for p in (ROOT / folder).glob(f"*{s}")}
    return sorted(found - {"__init__"})


UNITS = {
    "adapter": stems("ingest/adapters", ".sql", ".py"),
    "aggregate": stems("mining/aggregates", ".sql"),
    "analysis": stems("mining/analyses", ".py"),
    "audit": stems("ingest/audits", ".sql"),
    "export": stems("mining/exporting", ".py"),
    "page": stems("reports/pages", ".html.j2"),
}
TESTS = {
    "adapter": "tests/ingest/adapters/{}.toml",
    "aggregate": "tests/mining/aggregates/{}.toml",
}
ALL = [(kind, name) for kind, names in UNITS.items() for name in names]


def test_there_are_units() -> None:
    assert all(UNITS.values())


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_unit_has_its_line_in_the_readme(kind: str, name: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"| {kind} | `{name}` |") for line in lines), (
        f"add one line for {kind} '{name}' to README.md"
    )


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_unit_has_its_test(kind: str, name: str) -> None:
    if kind in TESTS:
        path = TESTS[kind].format(name)
        assert (ROOT / path).exists(), f"add {path}"
    else:
        folder = ROOT / "tests" / {"analysis": "mining", "audit": "ingest", "export": "mining", "page": "reports"}[kind]
        assert any(name in p.read_text(encoding="utf-8") for p in folder.rglob("test_*.py")), (
            f"add a test that names {kind} '{name}' under {folder.relative_to(ROOT)}"
        )


def test_the_readme_lists_no_unit_that_is_gone() -> None:
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        for kind, names in UNITS.items():
            if line.startswith(f"| {kind} | `"):
                assert line.split("`")[1] in names, f"README.md lists {line}, which is not there"
