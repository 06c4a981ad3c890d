"""The floor: DuckDB reads the Parquet file and stores it sorted by case and time. aggregates_floor.py FILE"""

from __future__ import annotations

import json
import resource
import sys
import time

from ingest.store import Store

with Store.open(memory_limit="4GB") as store:
    started = time.perf_counter()
    store.run(
        "create table sorted as select case_id, activity, occurred_at from read_parquet($file) order by case_id, occurred_at, activity",
        {"file": sys.argv[1]},
        name="floor",
    )
    seconds = time.perf_counter() - started
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"sort_s": seconds, "peak_mb": peak_mb}))
