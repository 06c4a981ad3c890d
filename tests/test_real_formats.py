"""Every real file of a format, loaded by its adapter: events and what is quarantined against counts of their own.

The counts are made with Python's csv and json and with lxml, on the raw files, by code that knows nothing of ours. The
files stand beside the project (../shared/realdata) and are never committed; without them these tests skip.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from test_real_sites import REAL
from tiny_site import KEY

from ingest.load import load
from ingest.site import Site
from ingest.store import Store

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")


def text(path: str) -> str:
    data = (REAL / path).read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")


def lines(path: str) -> list[str]:
    return [line for line in text(path).split("\n") if line.strip()]


def table(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text(path).splitlines(keepends=True)))


def documents(path: str) -> Iterator[Any]:
    """JSON documents one after the other, however they are parted."""
    rest, decoder = text(path).strip(), json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].strip()


@dataclass
class Real:
    """Files of one format and what must come of them: `counts` by name of a query, each with its own count."""

    adapter: str
    files: list[str]
    counts: dict[str, tuple[str, Callable[[], int]]]
    options: str = ""
    n_quarantined: int = 0
    reasons: set[str] = field(default_factory=set)


CODE = "select count(*) from raw_event inner join code using (code_id) where code.code {}"
SUM = "select sum({}) // 1000 from raw_event inner join code using (code_id) where code.code like '{}%'"
ALL = CODE.format("is not null")
CALL = "call"
PBX, TESTSUITE = f"{CALL}/pbxware_queue_log_2018", f"{CALL}/asterisk_testsuite_fixtures"
CONNECT = [f"{CALL}/amazon_connect_ctr/{name}.json" for name in ("ctr_mongo_copy_2020-03-31", "ctr_single_2022-04-08")]
GENESYS = [f"{CALL}/genesys_conversation_details/conversation{n}.json" for n in (1, 2)]


def stamps(contact: dict[str, Any]) -> int:
    """Moments of a contact that an agent took: made, queued, answered, over."""
    own = [contact.get(key) for key in ("InitiationTimestamp", "TransferCompletedTimestamp", "DisconnectTimestamp")]
    queued, agent = contact.get("Queue") or {}, contact.get("Agent") or {}
    return sum(map(bool, [*own, queued.get("EnqueueTimestamp"), agent.get("ConnectedToAgentTimestamp")]))


def segments(path: str) -> int:
    (conversation,) = documents(path)
    return sum(len(s["segments"]) for p in conversation["participants"] for s in p["sessions"])


REALS = {
    "queue_log, parameters as of 2010": Real(
        "asterisk_queue_log",
        [f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log"],
        {
            "events": (ALL, lambda: len(lines(f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log"))),
            "seconds talked": (
                "select sum(handle_ms) // 1000 from raw_event",
                lambda: sum(
                    int(line.split("|")[6])
                    for line in lines(f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log")
                    if "|COMPLETE" in line
                ),
            ),
        },
    ),
    "PBXware's queue_log": Real(
        "pbxware_queue_log",
        [f"{PBX}/queue_log.csv"],
        {
            "events": (ALL, lambda: len(table(f"{PBX}/queue_log.csv"))),
            "calls that enter": (
                CODE.format("like 'ENTERQUEUE %'"),
                lambda: sum(row["event"] == "ENTERQUEUE" for row in table(f"{PBX}/queue_log.csv")),
            ),
            "seconds talked": (
                SUM.format("handle_ms", "COMPLETE"),
                lambda: sum(
                    int(row["ttime"]) for row in table(f"{PBX}/queue_log.csv") if row["event"].startswith("COMPLETE")
                ),
            ),
            "seconds waited by those who gave up": (
                SUM.format("wait_ms", "ABANDON"),
                lambda: sum(int(row["htime"]) for row in table(f"{PBX}/queue_log.csv") if row["event"] == "ABANDON"),
            ),
        },
    ),
    "Asterisk's call detail records": Real(
        "asterisk_cdr",
        [f"{TESTSUITE}/good.csv", f"{TESTSUITE}/Master.csv"],
        {"events": (ALL, lambda: len(lines(f"{TESTSUITE}/good.csv")) + len(lines(f"{TESTSUITE}/Master.csv")))},
    ),
    "call detail records with a quote too few": Real(
        "asterisk_cdr", [f"{TESTSUITE}/buggy.csv"], {"events": (ALL, lambda: 0)}, n_quarantined=1, reasons={"quoting"}
    ),
    "Asterisk's channel events": Real(
        "asterisk_cel",
        [f"{TESTSUITE}/CELMaster1.csv", f"{TESTSUITE}/CELMaster2.csv"],
        {
            "events": (
                ALL,
                lambda: sum(len(lines(f"{TESTSUITE}/CELMaster{n}.csv")) for n in (1, 2)),
            ),
            "calls": ("select count(distinct call_id) from raw_event", lambda: 2),
        },
    ),
    "Amazon Connect, two documents": Real(
        "amazon_connect", CONNECT, {"events": (ALL, lambda: sum(stamps(c) for p in CONNECT for c in documents(p)))}
    ),
    "Genesys Cloud; a day of one digit": Real(
        "genesys_conversations",
        GENESYS,
        {"events": (ALL, lambda: segments(GENESYS[0]))},
        n_quarantined=1,
        reasons={"segmentStart"},
    ),
}


def loaded(real: Real, folder: Path) -> Store:
    """A warehouse in memory with the files of one format."""
    (folder / "inbox" / "src").mkdir(parents=True)
    for path in real.files:
        shutil.copy(REAL / path, folder / "inbox" / "src")
    (folder / "site.toml").write_text(
        f'[site]\nname = "Real"\n[[source]]\nname = "src"\nadapter = "{real.adapter}"\n{real.options}\n',
        encoding="utf-8",
    )
    site, store = Site(folder), Store.open(None, threads=1)
    site.prepare()
    load(site, store)
    return store


@pytest.mark.parametrize("name", REALS)
def test_counts_of_a_real_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTSTAGE_KEY", KEY)
    real = REALS[name]
    with loaded(real, tmp_path / "site") as store:
        for row in store.records("select * from ledger"):
            assert row["status"] == "loaded", row["reason"]
            parts = row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
            assert row["n_lines"] == parts
        found = store.rows("select field, count(*) from quarantine group by field")
        assert ({reason for reason, _ in found}, sum(n for _, n in found)) == (real.reasons, real.n_quarantined)
        for what, (query, count) in real.counts.items():
            assert int(store.value(query) or 0) == count(), what


def test_contacts_without_anything_between_them_and_delivered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a delivery stream writes them; a contact that changed later is one contact, in its newest state."""
    monkeypatch.setenv("FRONTSTAGE_KEY", KEY)
    contacts = [next(documents(path)) for path in CONNECT]
    later = contacts[1] | {"LastUpdateTimestamp": "2022-04-13T08:00:00Z", "DisconnectReason": "OTHER"}
    folder = tmp_path / "site"
    with loaded(Real("amazon_connect", CONNECT, {}), folder) as store:
        stream = folder / "inbox" / "src" / "stream"
        stream.write_text("".join(json.dumps(c) for c in (*contacts, later)), encoding="utf-8")
        load(Site(folder), store)
        assert store.value("select n_lines from ledger where path = 'stream'") == 3
        newest = store.rows("""select distinct on (record_key, code.code) code.code
            from raw_event inner join code using (code_id)
            where (record_key, record_version) in (select record_key, max(record_version) from raw_event group by 1)""")
        assert ("disconnect OTHER",) in newest and ("disconnect CUSTOMER_DISCONNECT",) not in newest
