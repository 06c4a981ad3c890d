"""Helpers of the fault tests: a tiny site of two sources, nights in forked children, what a night leaves as one hash.

Long campaigns run with FRONTSTAGE_CAMPAIGN=1 (`make campaign`); without it a fixed sample of them does.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_site import AGENT, KEY, SITE, STEPS

from ingest.store import Store

ROOT = Path(__file__).parents[2]


def page(n: int) -> str:
    """The n-th line of the web log."""
    clock = f"{n // 60 % 24:02d}:{n % 60:02d}:00"
    return f'192.0.2.{n % 9} - - [10/Jan/2026:{clock} +0000] "GET /p/{n % 4} HTTP/1.1" 200 5 "-" "{AGENT}" "c{n % 7}"\n'


def call(n: int) -> str:
    """The n-th line of the call log."""
    at = 1768003200 + 600 * n
    return f"{at}|{at}.1|orders|NONE|ENTERQUEUE||0170563477{n % 9}|1\n"


class TinySite:
    """A site folder and what is done to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def warehouse(self) -> Path:
        return self.root / "var/warehouse.duckdb"

    def put(self, name: str, content: str | bytes) -> None:
        """Deliver a file under inbox/."""
        path = self.root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def deliver(self, night: int) -> None:
        """The files of the first night, or of the second: one grown, one packed and overlapping, one damaged."""
        if night == 1:
            self.put("web/a.log", "".join(map(page, range(60))) + "spoilt\n")
            self.put("calls/queue_log", "".join(map(call, range(20))))
        else:
            packed = gzip.compress("".join(map(page, range(40, 90))).encode(), mtime=0)
            self.put("web/b.log.gz", packed)
            self.put("web/cut.log.gz", packed[:-9])
            self.put("calls/queue_log", "".join(map(call, range(30))) + "1|spoilt\n")

    def copy(self, target: Path) -> TinySite:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.root, target, symlinks=True)
        return TinySite(target)

    def runs(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.root / "var/runs").glob("*/run.json"))]

    def tables(self) -> dict[str, str]:
        """A hash of the rows of each table; a file is named by its path, since numbers of files may have gaps."""
        with Store.open(self.warehouse, read_only=True) as store:
            return fingerprints(store)

    def published(self) -> dict[str, str]:
        """A hash of each file of the current report and of the exports, but those half-written aside (NAME.new); of a
        database of its tables, since DuckDB gives each file a number of its own."""
        found = {}
        for folder in (self.root / "reports" / "current", self.root / "exports"):
            for path in sorted(folder.resolve().rglob("*")):
                inside = path.relative_to(folder.resolve())
                if path.is_file() and not any(part.endswith(".new") for part in inside.parts):
                    found[f"{folder.name}/{inside}"] = hashlib.sha256(content(path)).hexdigest()[:12]
        return found

    def state(self) -> dict[str, str]:
        """All that a night leaves, in hashes."""
        return self.tables() | self.published()


def content(path: Path) -> bytes:
    """What must be the same in a file that is made anew."""
    if path.suffix != ".duckdb":
        return path.read_bytes()
    with Store.open(path, read_only=True) as store:
        names = store.rows("select table_name from duckdb_tables() order by 1")
        return repr([(name, store.rows(f"from {name}")) for (name,) in names]).encode()


FILE_NAME = "(select n.name from file_name as n where n.file_id = t.{})"


def fingerprints(store: Store) -> dict[str, str]:
    """A hash of the rows of each table but the warehouse's own; nothing of it depends on numbers of files."""
    store.run(
        """create or replace temp table file_name as
        select file_id, source_id || path || row_number() over (partition by source_id, path order by file_id) as name
        from ledger"""
    )
    found = {}
    names = store.rows("select table_name from duckdb_tables() where not temporary")
    for (table,) in sorted(names):
        if table in ("warehouse", "derived_night"):  # they count nights and loads
            continue
        columns = [name for (name,) in store.rows(f"select column_name from (describe {table})")]
        shown = ", ".join(
            FILE_NAME.format(name) if name in ("file_id", "source_file") else f"t.{name}"
            for name in columns
            if name not in ("mtime_hint", "load_no")
        )
        rows = store.rows(f"select {shown} from {table} as t order by all")
        found[table] = f"{len(rows)} {hashlib.sha256(repr(rows).encode()).hexdigest()[:12]}"
    return found


class Nights:
    """A night server, and the nights asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.n = folder, 0
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("night_server.py"))],
            cwd=ROOT,
            env=os.environ | {"FRONTSTAGE_KEY": KEY, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, site: TinySite, *stages: str, fault: str = "", **options: Any) -> tuple[int, Path]:
        """Begin a night; gives its process and its log."""
        self.n += 1
        log = self.folder / f"{self.n}.log"
        environment = {"FRONTSTAGE_FAULT": fault} | options.pop("environment", {})
        order = {"do": "start", "site": str(site.root), "log": str(log), "environment": environment} | options
        return self._ask(order | ({"stages": stages} if stages else {}))["pid"], log

    def wait(self, pid: int) -> int:
        return self._ask({"do": "wait", "pid": pid})["code"]

    def run(self, site: TinySite, *stages: str, fault: str = "", **options: Any) -> tuple[int, str]:
        """A whole night: its exit code and what it said."""
        pid, log = self.start(site, *stages, fault=fault, **options)
        code = self.wait(pid)
        return code, log.read_text()

    def _ask(self, order: dict[str, Any]) -> dict[str, int]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, int] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    server = Nights(tmp_path_factory.mktemp("nights"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def campaign() -> bool:
    """Whether the long campaigns were asked for."""
    return bool(os.environ.get("FRONTSTAGE_CAMPAIGN"))


@pytest.fixture(scope="session")
def log_lines() -> tuple[Callable[[int], str], Callable[[int], str]]:
    """The writers of the two logs' lines."""
    return page, call


@pytest.fixture
def new_site(tmp_path: Path) -> Callable[..., TinySite]:
    """Makes empty sites of two sources."""

    def make(name: str = "site", site_toml: str = SITE) -> TinySite:
        return write_site(tmp_path / name, site_toml)

    return make


def write_site(root: Path, site_toml: str = SITE) -> TinySite:
    for folder in ("process", "inbox/web", "inbox/calls"):
        (root / folder).mkdir(parents=True)
    (root / "site.toml").write_text(site_toml)
    (root / "process/steps.toml").write_text(STEPS)
    return TinySite(root)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> TinySite:
    """A site with the files of the first night, before any run. Copy it."""
    site = write_site(tmp_path_factory.mktemp("empty") / "site")
    site.deliver(1)
    return site


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory, nights: Nights, empty: TinySite) -> TinySite:
    """A site after its first night, with the files of the second delivered. Copy it."""
    site = empty.copy(tmp_path_factory.mktemp("before") / "site")
    code, said = nights.run(site)
    assert code == 0, said
    site.deliver(2)
    return site


@pytest.fixture(scope="session")
def after(tmp_path_factory: pytest.TempPathFactory, nights: Nights, before: TinySite) -> dict[str, str]:
    """What an undisturbed second night leaves: the reference."""
    site = before.copy(tmp_path_factory.mktemp("after") / "site")
    code, said = nights.run(site)
    assert code == 0, said
    return site.state()
