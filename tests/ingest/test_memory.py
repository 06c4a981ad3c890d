"""Memory does not grow with the input: ten times the lines, a bomb, an endless line need no more (G17).

In a process of its own, whose peak is its own. The limits are small, so that the files can be.
"""

from __future__ import annotations

import ast
import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMORY_LIMIT = "100MB"
LONG = "x" * 4000
CHILD = f"""
import resource, sys
from pathlib import Path
from ingest import reader
from ingest.load import load
from ingest.site import Site
from ingest.store import Store

reader.BLOCK_BYTES, reader.PIECE_BYTES, reader.MAX_REST_BYTES = 4 << 20, 1 << 20, 2 << 20
site = Site(Path(sys.argv[1]))
site.prepare()
inbox = site.root / "inbox/web"
with Store.open(site.root / "var/warehouse.duckdb", memory_limit="{MEMORY_LIMIT}", threads=1) as store:
    for name in ("small", "large"):
        (site.root / name).rename(inbox / name)
        load(site, store)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    for name in ("bomb.gz", "endless"):
        (site.root / name).rename(inbox / name)
    load(site, store)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    print(store.rows("select path, n_lines, n_accepted, status from ledger order by path"))
"""


def test_ten_times_the_lines_a_bomb_and_an_endless_line_need_no_more_memory(
    new_lab: Callable, web_line: Callable[..., str]
) -> None:
    lab = new_lab()
    line = web_line(1, f"/PLACE.png?{LONG}")  # dropped at a look, so that the test is about reading
    for name, n in (("small", 4000), ("large", 40_000)):
        with (lab.root / name).open("w") as file:
            file.writelines(line.replace("PLACE", f"{name}-{i}") for i in range(n))
    with gzip.open(lab.root / "bomb.gz", "wb") as bomb:
        for _ in range(40):
            bomb.write(bytes(1_000_000) + b"\n")
    with (lab.root / "endless").open("wb") as endless:
        endless.truncate(2**31)  # two gigabytes without a line feed, none of them on the disk
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(lab.root)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    small_mb, large_mb, after_mb, ledger = run.stdout.splitlines()
    n_mb = (lab.root / "inbox/web/large").stat().st_size / 2**20
    assert n_mb > 150 and int(large_mb) - int(small_mb) < n_mb / 4, "memory grew with the file"
    assert int(after_mb) - int(large_mb) < 50, "a bomb or an endless line was held in memory"
    assert ast.literal_eval(ledger) == [
        ("bomb.gz", 0, 0, "refused"),
        ("endless", 0, 0, "refused"),
        ("large", 40_000, 40_000, "loaded"),
        ("small", 4000, 4000, "loaded"),
    ]
    assert not list(Path(lab.root / "var").glob("*.spill/*")), "nothing spilled is left"
