"""Our load of one access log into a fresh site: read, check, parse, de-duplicate, account. ingest_ours.py FILE"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from ingest.load import load
from ingest.site import Site
from ingest.store import Store

log = Path(sys.argv[1])
with tempfile.TemporaryDirectory(dir=log.parent) as folder:
    root = Path(folder)
    (root / "site.toml").write_text(
        '[site]\nname = "bench"\n[[source]]\nname = "web"\nadapter = "nginx_combined"\nextra = ["cookie"]\n'
        f'inbox = "{log.parent}"\nfiles = "{log.name}"\n'
    )
    site = Site(root)
    site.prepare()
    with Store.open(site.warehouse) as store:
        started = time.perf_counter()
        load(site, store)
        store.checkpoint()
        seconds = time.perf_counter() - started
        row = store.records("select * from ledger")[0]
print(
    json.dumps(
        {
            "load_s": seconds,
            "n_lines": row["n_lines"],
            "n_accounted": row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"],
            "n_events": row["n_raw_events"],
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
