"""One adapter's load of one large file, with de-duplication, quarantine and accounting, and DuckDB's bare read of it.

adapters_ours.py ADAPTER WORLD N    (WORLD of tests/worldgen; its files of one source as one file of up to N records)

The bare read is what DuckDB does of itself with such a file: all columns as text, an access log's line as one, into a
table; nothing is checked.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas  # noqa: F401  imported by pyarrow at first use; the clock starts after the imports

from ingest.load import load
from ingest.site import Site
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
    source, options, bare = SOURCES[adapter]
    with tempfile.TemporaryDirectory(dir=world.parent) as folder:
        root = Path(folder)
        (root / "inbox" / source).mkdir(parents=True)
        log = root / "inbox" / source / "one.log"
        with log.open("wb") as file:
            file.writelines(islice(records(adapter, world / "inbox" / source), n))
        (root / "site.toml").write_text(
            f'[site]\nname = "bench"\n[[source]]\nname = "{source}"\nadapter = "{adapter}"\n{options}\n'
        )
        site = Site(root)
        site.prepare()
        with Store.open() as store:
            started = time.perf_counter()
            store.run(f"create table bare as select * from {bare}", {"file": str(log)}, name="bare read")
            bare_s = time.perf_counter() - started
        with Store.open(site.warehouse) as store:
            started = time.perf_counter()
            load(site, store)
            store.checkpoint()
            load_s = time.perf_counter() - started
            row = store.records("select * from ledger")[0]
        n_accounted = row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
        found = {"load_s": load_s, "bare_s": bare_s, "n_lines": row["n_lines"], "n_accounted": n_accounted}
        found |= {"n_events": row["n_raw_events"], "bytes": log.stat().st_size}
    print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
