"""Helpers of the ingest tests: a tiny site in a folder of its own, loaded into a warehouse in memory.

`new_lab` is a fixture and no import, since tests run in importlib mode without packages.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import hashlib
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tiny_site import AGENT, KEY

from ingest.derive import derive
from ingest.load import Loaded, load
from ingest.pseudonym import KINDS
from ingest.site import Site
from ingest.store import Store

sys.path.insert(0, str(Path(__file__).parent))  # for small_world
PLAIN_STEP = {
    "step": "page",
    "label": "Looks at a page",
    "stage": "research",
    "channel": "web",
    "codes": {"web": ["GET *"]},
}

settings.register_profile(
    "ingest",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("ingest")


def to_toml(table: dict[str, Any], path: str = "") -> str:
    """A nested dictionary as TOML; lists of dictionaries become arrays of tables."""
    plain, nested = [], []
    for key, value in table.items():
        name = f"{path}.{json.dumps(key)}" if path else json.dumps(key)
        if isinstance(value, dict):
            nested.append(f"[{name}]\n{to_toml(value, name)}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            nested.extend(f"[[{name}]]\n{to_toml(item, name)}" for item in value)
        else:
            text = value.isoformat() if isinstance(value, dt.date) else json.dumps(value)
            plain.append(f"{json.dumps(key)} = {text}\n")
    return "".join(plain + nested)


class Lab:
    """A site with the given sources and steps; `store` is in memory unless a path is given."""

    def __init__(
        self,
        root: Path,
        sources: dict[str, str | dict[str, Any]] | None = None,
        steps: list[dict[str, Any]] | None = None,
        threads: int = 1,
        **sections: dict[str, Any],
    ) -> None:
        self.root = root
        self.sources = {
            name: {"adapter": s} if isinstance(s, str) else s
            for name, s in (sources or {"web": "nginx_combined"}).items()
        }
        self.steps = steps or [PLAIN_STEP]
        self.sections = sections
        self.write_configuration()
        self.store = Store.open(None, threads=threads)

    def write_configuration(self) -> None:
        site = {"name": "Lab", "timezone": "UTC", "country": "DE"} | self.sections.get("site", {})
        rest = {name: section for name, section in self.sections.items() if name not in ("site", "department")}
        (self.root / "process").mkdir(parents=True, exist_ok=True)
        declared = [{"name": name} | options for name, options in self.sources.items()]
        (self.root / "site.toml").write_text(to_toml({"site": site, "source": declared} | rest), encoding="utf-8")
        names = dict.fromkeys(s["department"] for s in self.steps if s.get("department"))
        lanes = [{"name": name} for name in names]
        steps = {"department": lanes, "step": self.steps} if lanes else {"step": self.steps}
        (self.root / "process/steps.toml").write_text(to_toml(steps), encoding="utf-8")
        for name in self.sources:
            (self.root / "inbox" / name).mkdir(parents=True, exist_ok=True)

    def put(self, source: str, name: str, content: str | bytes) -> Path:
        """Deliver a file; its suffix says whether it is packed."""
        data = content.encode() if isinstance(content, str) else content
        if name.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
        elif name.endswith(".bz2"):
            data = bz2.compress(data)
        path = self.root / "inbox" / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    @property
    def site(self) -> Site:
        site = Site(self.root)
        site.prepare()
        return site

    def load(self) -> Loaded:
        return load(self.site, self.store)

    def derive(self, as_of: str | None = None) -> dt.date:
        return derive(self.site, self.store, dt.date.fromisoformat(as_of) if as_of else None)

    def night(self, as_of: str | None = None) -> dt.date:
        """Load and derive."""
        self.load()
        return self.derive(as_of)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.rows(sql)

    def records(self, sql: str) -> list[dict[str, Any]]:
        return self.store.records(sql)

    def close(self) -> None:
        self.store.__exit__()
        shutil.rmtree(self.root, ignore_errors=True)

    def ledger(self) -> list[dict[str, Any]]:
        return self.records("select * from ledger order by path, file_id")

    def check_identity(self) -> None:
        """Lines = accepted + duplicate + quarantined + blank per file, and the tables agree with the ledger."""
        for row in self.ledger():
            parts = row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
            assert row["n_lines"] == parts, row
            held = self.rows(
                f"select count(distinct line_no), count(*) from quarantine where file_id = {row['file_id']}"
            )[0]
            assert held == (row["n_quarantined"], row["n_quarantined"]), row
            told = self.rows(
                f"select count(distinct line_no), count(*) from raw_event where file_id = {row['file_id']}"
            )[0]
            dropped = self.rows(f"select coalesce(sum(n_lines), 0) from dropped where file_id = {row['file_id']}")[0][0]
            assert dropped == row["n_dropped"]
            assert told[0] + dropped <= row["n_accepted"], "a line that is not accepted gave an event"
            assert told[1] == row["n_raw_events"]

    def raw_events(self) -> list[dict[str, Any]]:
        """What the sources said, with pseudonyms by kind; nothing depends on file names or load order."""
        return self.records(
            f"""select {EVENT_COLUMNS} from raw_event as r inner join code as c using (code_id)
            left join party as p using (party_id) order by all"""
        )

    def fingerprint(self) -> str:
        """A hash over the set of raw events, columns and identifiers."""
        return hashlib.sha256(repr(self.raw_events()).encode()).hexdigest()


EVENT_COLUMNS = (
    "r.event_id, r.occurred_at, r.ended_at, r.time_rule, c.code, r.product_id, r.order_id, r.call_id, r.intent, "
    "r.wait_ms, r.handle_ms, cast(r.attributes as varchar) as attributes, r.record_key, r.record_version, "
    + ", ".join(
        f"(select cast(i.pseudonym as varchar) from identifier as i where i.identifier_id = p.{kind}) as {kind}"
        for kind in KINDS
    )
)


@pytest.fixture(scope="module", autouse=True)
def _key() -> Iterator[None]:
    """One pseudonym key for all labs, so that their events can be compared."""
    known = os.environ.get("FRONTSTAGE_KEY")
    os.environ["FRONTSTAGE_KEY"] = KEY
    yield
    if known is None:
        del os.environ["FRONTSTAGE_KEY"]


@pytest.fixture(scope="module")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Makes labs; module-wide, since hypothesis calls a test many times with one fixture."""
    folder, numbers, labs = tmp_path_factory.mktemp("labs"), itertools.count(), []

    def make(sources: dict[str, Any] | None = None, steps: list[dict[str, Any]] | None = None, **options: Any) -> Lab:
        lab = Lab(folder / f"lab{next(numbers)}", sources, steps, **options)
        labs.append(lab)
        return lab

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture(scope="session")
def web_line() -> Callable[..., str]:
    """Writes one line of a combined log; `at` is seconds after 2026-01-10 00:00 UTC."""

    def line(
        at: float,
        path: str = "/",
        *,
        cookie: str | None = None,
        login: str = "-",
        ip: str = "192.0.2.1",
        status: int = 200,
        method: str = "GET",
    ) -> str:
        clock = dt.datetime(2026, 1, 10) + dt.timedelta(seconds=at)
        tail = f' "{cookie}"' if cookie is not None else ""
        head = f"{ip} - {login} [{clock:%d/%b/%Y:%H:%M:%S} +0000]"
        return f'{head} "{method} {path} HTTP/1.1" {status} 512 "-" "{AGENT}"{tail}\n'

    return line


@pytest.fixture(scope="session")
def epoch() -> int:
    """2026-01-10 00:00 UTC in seconds since 1970: the zero of the tests' clocks."""
    return int(dt.datetime(2026, 1, 10, tzinfo=dt.UTC).timestamp())
