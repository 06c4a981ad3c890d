"""`make truth`: many standard worlds through the whole pipeline, scored against what was planted.

A judged world is kept in `.truth` by (world, seed, customers, code), so that a campaign goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from judged import judge
from judged_research import RESEARCH, judge_research
from judged_web import WEB, judge_web
from judged_whatif import FORECASTS, judge_forecast
from matching import Record
from scores import score
from table import failures, failures_of_forecasts, table
from world_standard import STANDARD

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".truth"
CODE = (
    "ingest",
    "mining",
    "tests/worldgen",
    "tests/truth/judged.py",
    "tests/truth/judged_web.py",
    "tests/truth/judged_research.py",
    "tests/truth/judged_whatif.py",
    "tests/truth/true_changes.py",
    "tests/truth/true_ends.py",
    "tests/truth/true_minutes.py",
    "tests/truth/true_needs.py",
    "tests/truth/true_pages.py",
    "tests/truth/true_waits.py",
    "tests/truth/claims.py",
)
CUSTOMERS = 1_000
USUAL = [*(name for name, one in STANDARD.items() if not one.is_long), "W7S", "W10S"]
KNOWN = [*STANDARD, *WEB, *RESEARCH, *FORECASTS]


def code_hash() -> str:
    """What a judged world depends on: all code and SQL of ingest, mining and the generator, and the truths."""
    files = [path for name in CODE for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*"))]
    told = hashlib.sha256()
    for path in sorted(path for path in files if path.suffix in (".py", ".sql", ".toml")):
        told.update(f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return told.hexdigest()[:12]


def seeds(text: str) -> list[int]:
    """'1-50' or '1,2,7'."""
    first, dash, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(seed) for seed in text.split(",")]


def judged(name: str, seed: int, customers: int, code: str) -> Record:
    """A world's record, from the folder of those that are judged already, or judged now."""
    path = KEPT / code / f"{name}-{seed}-{customers}.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    alone = {
        **dict.fromkeys(WEB, judge_web),
        **dict.fromkeys(RESEARCH, judge_research),
        **dict.fromkeys(FORECASTS, judge_forecast),
    }
    record = alone[name](name, seed) if name in alone else judge(name, seed, customers)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(record, default=str), encoding="utf-8")
    fresh.replace(path)
    return record


def campaign(names: list[str], wanted: list[int], customers: int, jobs: int) -> Iterator[Record]:
    """All the worlds, in order of seed, so that a campaign that is stopped has of each something."""
    code = code_hash()
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(judged, name, seed, customers, code) for seed in wanted for name in names]
        for n, one in enumerate(running, 1):
            record = one.result()
            print(f"{n} of {len(running)}: {record['world']} seed {record['seed']}", file=sys.stderr)
            yield record


def main() -> int:
    """Run the campaign; print the table. Exit code 1 when a gate does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", default=",".join(USUAL), help="comma-separated")
    parser.add_argument("--seeds", default="1-10", type=seeds, help="1-10, or 3,5,8")
    parser.add_argument("--customers", default=CUSTOMERS, type=int)
    parser.add_argument("--jobs", default=1, type=int)
    given = parser.parse_args()
    names = given.worlds.split(",")
    if unknown := [name for name in names if name not in KNOWN]:
        parser.error(f"no world called {', '.join(unknown)}; choose from {', '.join(KNOWN)}")
    worlds = list(campaign(names, given.seeds, given.customers, given.jobs))
    scores = score(worlds)
    print(table(worlds, scores))
    return 1 if failures(scores) or failures_of_forecasts(worlds) else 0


if __name__ == "__main__":
    sys.exit(main())
