"""One adapter's load of one large file, with de-duplication, quarantine and accounting, and DuckDB's bare read of it.

adapters_ours.py ADAPTER WORLD N    (WORLD of tests/worldgen; its files of one source as one file of up to N records)

A format that no world is written in gets N records made of its contract cases, each with identifiers of its own.

The bare read is what DuckDB does of itself with such a file: all columns as text, an access log's line as one, into a
table; nothing is checked. Seconds are of the processor, of all threads: the machine may have other work.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import pandas  # noqa: F401  imported by pyarrow at first use; the clock starts after the imports

from ingest.adapters import adapters
from ingest.load import load
from ingest.site import Site
from ingest.sniffing.ocel_head import as_log
from ingest.sniffing.toml_text import toml_lines
from ingest.store import Store

CSV = "read_csv($file, header = {header}, delim = '{delim}', quote = '{quote}', all_varchar = true, null_padding = true, ignore_errors = true, encoding = 'latin-1')"
LINES = """read_csv($file, columns = {'raw': 'VARCHAR'}, header = false, delim = '\x01', quote = '', escape = '', auto_detect = false,
strict_mode = false, ignore_errors = true)"""
SOURCES = {
    "nginx_combined": ("web", 'extra = ["cookie"]', LINES),
    "asterisk_queue_log": ("calls", "", CSV.format(header=False, delim="|", quote="")),
    "asterisk_cdr": ("cdr", "", CSV.format(header=False, delim=",", quote='"')),
    "shopify_orders_json": ("orders", "", "read_json($file, format = 'newline_delimited')"),
    "relational_orders": (
        "orders",
        "[source.tables.orders]\nfiles = \"*\"\nidentifiers = { order_no = 'order_id', customer_no = 'customer_id' }\ncode = 'status'\n"
        "[source.tables.orders.events]\npurchased = 'created'\nchanged = 'updated'",
        CSV.format(header=True, delim=",", quote='"'),
    ),
}


BARE = {
    "lines": LINES,
    "xml": LINES,
    "ocel": LINES,
    "csv": CSV.format(header=True, delim=",", quote='"'),
    "json": "read_json($file, format = 'newline_delimited', ignore_errors = true)",
}
UNREAD = {"pbxware_cdr", "shopify_orders_csv"}
"""Tables of which DuckDB's CSV reader finds no dialect; their lines are read."""
CASES = Path(__file__).parents[1] / "ingest" / "adapters"


def made(adapter: str, n: int) -> Iterator[bytes]:
    """A file of `n` records made of an adapter's contract cases that give events, each as told in a case, but with
    identifiers that no other has."""
    told = tomllib.loads((CASES / f"{adapter}.toml").read_text(encoding="utf-8"))
    first, how = told["file"][0], adapters()[adapter].records
    good = [case for case in told["case"] if case.get("event") and case.get("file", first["name"]) == first["name"]]
    directives = [case["given"] for case in told["case"] if case["given"].startswith("#") and "blank" in case][:1]
    rows = (_renamed(case, number) for number, case in enumerate(islice(cycle(good), n)))
    if how == "json":
        yield from (json.dumps(json.loads(row)).encode() + b"\n" for row in rows)
    elif how == "ocel":
        yield b'{"objects": ['
        yield from _listed(good, n, "objects")
        yield b'], "events": ['
        yield from _listed(good, n, "events")
        yield b"]}"
    else:
        opening = ["<log>"] if how == "xml" else [first["header"]] if first.get("header") else directives
        closing = ["</log>"] if how == "xml" else []
        yield from (f"{row}\n".encode() for row in chain(opening, rows, closing))


def _listed(good: list[dict[str, Any]], n: int, name: str) -> Iterator[bytes]:
    """The objects or events of `n` records as a list of JSON, one at a time: memory is measured in this process."""
    comma = b"\n"
    for number, case in enumerate(islice(cycle(good), n)):
        for one in as_log([json.loads(_renamed(case, number)) | {"event": f"e{number}"}])[name]:
            yield comma + json.dumps(one).encode()
            comma = b",\n"


def _renamed(case: dict[str, Any], number: int) -> str:
    text: str = case["given"]
    for event in case["event"]:
        for kind, value in event.get("identifiers", {}).items():
            own = f"{value}{number}"
            if kind == "phone":
                own = value[:-6] + f"{number % 1_000_000:06}"
            elif len(value) == 36 and value.count("-") == 4:  # a UUID
                own = value[:-12] + f"{number:012}"
            text = text.replace(value, own)
    return text


def options_of(adapter: str) -> str:
    """What the contract cases say of their source."""
    told = tomllib.loads((CASES / f"{adapter}.toml").read_text(encoding="utf-8"))
    return "\n".join(toml_lines("source", told.get("source", {})))


def records(adapter: str, folder: Path) -> Iterator[bytes]:
    """The records of all files of a source, as one line each."""
    if adapter == "relational_orders":
        yield b"order_id,customer_id,status,created,updated\n"
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        if not path.name.endswith(".json") and ".json" not in path.name:
            yield from data.splitlines(keepends=True)
            continue
        for order in json.loads(data)["orders"]:
            if adapter == "relational_orders":
                if not order.get("created_at") or not order.get("updated_at"):
                    continue  # planted dirt
                status = order.get("financial_status") or ""
                customer = (order.get("customer") or {}).get("id") or ""
                yield f"{order['id']},{customer},{status},{order['created_at'][:19].replace('T', ' ')},{order['updated_at'][:19].replace('T', ' ')}\n".encode()
            else:
                yield json.dumps(order).encode() + b"\n"


def main() -> None:
    adapter, world, n = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    is_made = adapter not in SOURCES
    if is_made:
        bare = LINES if adapter in UNREAD else BARE[adapters()[adapter].records]
        source, options = "made", options_of(adapter)
    else:
        source, options, bare = SOURCES[adapter]
    with tempfile.TemporaryDirectory(dir=world.parent) as folder:
        root = Path(folder)
        (root / "inbox" / source).mkdir(parents=True)
        log = root / "inbox" / source / "one.log"
        with log.open("wb") as file:
            if is_made:
                file.writelines(made(adapter, n))
            else:
                file.writelines(islice(records(adapter, world / "inbox" / source), n))
        (root / "site.toml").write_text(
            f'[site]\nname = "bench"\n[[source]]\nname = "{source}"\nadapter = "{adapter}"\n{options}\n'
        )
        site = Site(root)
        site.prepare()
        with Store.open() as store:
            started = time.process_time()
            store.run(f"create table bare as select * from {bare}", {"file": str(log)}, name="bare read")
            bare_s = time.process_time() - started
        with Store.open(site.warehouse) as store:
            started = time.process_time()
            load(site, store)
            store.checkpoint()
            load_s = time.process_time() - started
            row = store.records("select * from ledger")[0]
        n_accounted = row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
        found = {"load_s": load_s, "bare_s": bare_s, "n_lines": row["n_lines"], "n_accounted": n_accounted}
        found |= {"n_events": row["n_raw_events"], "bytes": log.stat().st_size}
    print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
