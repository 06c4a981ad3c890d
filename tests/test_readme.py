"""README.md is true: its two commands are there and the main one works, its targets, files and exit codes exist."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.errors import ExitCode
from ingest.store import Store

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_two_commands() -> None:
    assert [block.split("\n")[:-1] for block in blocks("sh")] == [["make nightly", "make test"]]


def test_ci_runs_the_readmes_test_command() -> None:
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_make_nightly_leaves_what_the_readme_names(sample_night: Path) -> None:
    copy = sample_night
    named = re.search(r"publishes `([^`]+)`", README)
    assert named and (copy / named.group(1)).exists()
    for line in README.splitlines():
        if line.startswith(("| `var/", "| `reports/", "| `exports/")):
            for path in re.findall(r"`((?:var|reports|exports)/[^`<]*)`", line.split("|")[1]):
                assert (copy / "data" / "sample" / path).exists(), path
    for name in re.findall(r"`([a-z_]+\.(?:json|bpmn|txt|csv))`", re.search(r"\| `exports/` \|(.*)", README).group(1)):
        assert (copy / "data" / "sample" / "exports" / name).exists(), name


def test_the_example_queries_answer(sample_night: Path) -> None:
    text = next(block for block in blocks("sql"))
    queries = [query for query in text.split(";") if query.strip()]
    assert len(queries) == 10
    with Store.open(sample_night / "data/sample/exports/analytics.duckdb", read_only=True) as store:
        for query in queries:
            assert store.rows(query), query


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", README.replace("makes", ""))) - {"each"} <= targets


def test_every_file_that_is_linked_exists() -> None:
    for path in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_promise_names_tests_that_exist() -> None:
    table = README.split("## What is promised, and the test of it")[1].split("##")[0]
    named = re.findall(r"`(tests/[^`]+)`", table)
    assert len(named) >= 13 and all((ROOT / path).exists() for path in named)


def test_the_exit_codes_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", README, re.M)
    listed = {int(code) for row in rows for code in row.split(",")}
    assert listed == {int(code) for code in ExitCode}
