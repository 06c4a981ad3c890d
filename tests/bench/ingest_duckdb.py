"""DuckDB's bare read of the same lines as one-column CSV: no parsing, no check. ingest_duckdb.py FILE"""

from __future__ import annotations

import json
import resource
import sys
import time

from ingest.store import Store

READ = """create table line as select * from read_csv($file, columns = {'raw': 'VARCHAR'}, header = false, delim = '\x01', quote = '',
escape = '', auto_detect = false, strict_mode = false)"""

with Store.open() as store:
    started = time.perf_counter()
    store.run(READ, {"file": sys.argv[1]}, name="read_csv")
    seconds = time.perf_counter() - started
    n_lines = store.value("select count(*) from line")
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"read_s": seconds, "n_lines": n_lines, "peak_mb": peak_mb}))
