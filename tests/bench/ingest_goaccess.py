"""GoAccess (Debian's package) over the same file, to its JSON report. ingest_goaccess.py FILE"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if shutil.which("goaccess") is None:
    sys.exit("goaccess is not installed: apt-get install goaccess")
with tempfile.TemporaryDirectory() as folder:
    out = Path(folder) / "report.json"
    started = time.perf_counter()
    subprocess.run(
        [
            "goaccess", sys.argv[1], "--no-global-config", "--no-progress", "-o", str(out),
            '--log-format=%h %^[%d:%t %^] "%r" %s %b "%R" "%u" "%^"', "--date-format=%d/%b/%Y", "--time-format=%T",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    general = json.loads(out.read_text(encoding="utf-8", errors="replace"))["general"]
peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"read_s": seconds, "n_lines": general["total_requests"], "peak_mb": peak_mb}))
