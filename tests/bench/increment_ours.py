"""A night that adds the last day to a large warehouse, against a rebuild from all files: ingest to aggregates.

increment_ours.py SITE    (a site of tests/worldgen with files of a day each)

Both end in the same tables; a hash of each is compared. One run each, in this process; beside other work on the machine its
processor seconds say more than the clock.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pandas  # noqa: F401  imported by pyarrow at first use; the clock starts after the imports

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import aggregate

LAST_DAY = dt.date(2026, 3, 1)
DAYS_IN_GROWING = {"calls": 7, "cdr": 7}
"""Sources whose newest file grows by a day each night; all others get a new file."""
TABLES = {
    "event": "exclude (source_file, source_line)",
    "customer": "",
    "journey": "",
    "journey_event": "",
    "dfg": "",
    "variants": "",
}


def deliver(world: Path, inbox: Path, *, last_day: bool) -> None:
    """All files, or those of the evening before: growing files cut by a day, else without the newest daily file."""
    for source in sorted((world / "inbox").iterdir()):
        (inbox / source.name).mkdir(parents=True, exist_ok=True)
        names = [path.name for path in source.iterdir()]
        for path in sorted(source.iterdir()):
            target = inbox / source.name / path.name
            is_growing = source.name in DAYS_IN_GROWING and not path.name.endswith(".gz")
            is_tonights = is_growing or (source.name not in DAYS_IN_GROWING and path.name == max(names))
            target.unlink(missing_ok=True)
            if last_day or not is_tonights:
                os.link(path, target)
            elif is_growing:
                lines = path.read_bytes().splitlines(keepends=True)
                target.write_bytes(b"".join(lines[: len(lines) - len(lines) // DAYS_IN_GROWING[source.name]]))


def night(site: Site, day: dt.date) -> dict[str, float]:
    """Seconds of each part, and the processor seconds of all (cpu)."""
    used = time.process_time()
    with Store.open(site.warehouse) as store:
        seconds = {}
        for name, work in (
            ("load", lambda: load(site, store)),
            ("derive", lambda: derive(site, store, day)),
            ("aggregate", lambda: aggregate.build(store)),
            ("checkpoint", store.checkpoint),
        ):
            started = time.perf_counter()
            work()
            seconds[name] = round(time.perf_counter() - started, 2)
    return seconds | {"all": sum(seconds.values()), "cpu": time.process_time() - used}


def hashes(site: Site) -> dict[str, str]:
    with Store.open(site.warehouse, read_only=True) as store:
        return {
            name: str(store.rows(f"select count(*), bit_xor(hash(t)) from (select * {hidden} from {name}) as t")[0])
            for name, hidden in TABLES.items()
        }


def new_site(world: Path, root: Path) -> Site:
    shutil.copytree(world, root, ignore=shutil.ignore_patterns("inbox", "var", "reports", "exports"))
    os.environ["FRONTSTAGE_KEY"] = "5e" * 32
    site = Site(root)
    site.prepare()
    return site


def main() -> None:
    world = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=world.parent) as folder:
        grown, rebuilt = (new_site(world, Path(folder) / name) for name in ("grown", "rebuilt"))
        deliver(world, grown.root / "inbox", last_day=False)
        night(grown, LAST_DAY - dt.timedelta(days=1))
        with Store.open(grown.warehouse, read_only=True) as store:
            n_before = int(store.value("select count(*) from raw_event"))
        deliver(world, grown.root / "inbox", last_day=True)
        added = night(grown, LAST_DAY)
        deliver(world, rebuilt.root / "inbox", last_day=True)
        whole = night(rebuilt, LAST_DAY)
        with Store.open(rebuilt.warehouse, read_only=True) as store:
            n_events = int(store.value("select count(*) from raw_event"))
        found = {"n_events": n_events, "n_new": n_events - n_before, "night": added, "rebuild": whole}
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        grown_hashes, rebuilt_hashes = hashes(grown), hashes(rebuilt)
        found["differs"] = [name for name in TABLES if grown_hashes[name] != rebuilt_hashes[name]]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
