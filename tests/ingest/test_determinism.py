"""The derived tables depend on the input alone (design 6.5).

Not on threads, load order of files, hash seed, time zone or locale of the machine.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import subprocess
import sys

import pytest
from small_world import SOURCES, STEPS, write_world

TABLES = (
    "source",
    "department",
    "touch",
    "customer",
    "event",
    "journey",
    "journey_event",
    "data_quality",
    "clock_skew",
    "clock_skew_day",
    "clock_turned",
    "run_fact",
    "ledger",
    "quarantine",
    "dropped",
)
FINGERPRINTS = """
def fingerprints(store, tables):
    import hashlib
    # event, journey and journey_event as stored: their order is part of the contract
    order = {t: "" if t in ("event", "journey", "journey_event") else "order by all" for t in tables}
    hide = {"ledger": "exclude (mtime_hint)"}
    rows = {t: store.rows(f"select * {hide.get(t, '')} from {t} {order[t]}") for t in tables}
    return {t: hashlib.sha256(repr(rows[t]).encode()).hexdigest()[:12] for t in tables}
"""
exec(FINGERPRINTS)


@pytest.fixture(scope="module")
def world(new_lab, web_line, epoch):
    lab = new_lab(SOURCES, STEPS, threads=1, site={"timezone": "Europe/Berlin", "as_of": dt.date(2026, 1, 16)})
    write_world(lab, web_line, epoch, 8)
    lab.night()
    return lab


def test_the_world_holds_what_the_tests_are_about(world):
    count = dict(world.rows("select anchor, count(*) from journey group by anchor"))
    assert count["order"] >= 10 and count["episode"] >= 10
    assert (
        world.rows("select count(*) from (select occurred_at from event group by occurred_at having count(*) > 1)")[0][
            0
        ]
        >= 20
    )
    assert world.rows("select count(*) from quarantine") == [(1,)]
    assert world.rows("select count(*) - count(distinct event_id) from event") == [(0,)]
    assert world.rows("select max(occurred_at) < timestamp '2026-01-16 23:00:00' from event") == [(True,)]
    assert world.rows("select n > 0 from data_quality where measure = 'events after this night'") == [(True,)]


SCRIPT = (
    FINGERPRINTS
    + """
import json, sys
from pathlib import Path
from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
with Store.open(None, threads=int(sys.argv[2])) as store:
    if sys.argv[2] != "1":
        store.run("pragma verify_parallelism")
    site = Site(Path(sys.argv[1]))
    load(site, store)
    derive(site, store, None)
    print(json.dumps(fingerprints(store, sys.argv[3].split())))
"""
)


ODD_MACHINE = {"TZ": "Australia/Lord_Howe", "PYTHONHASHSEED": "2", "LC_ALL": "C", "PYTHONUTF8": "0"}


def test_threads_hash_seed_zone_and_locale_of_the_machine_do_not_matter(world):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(world.root), "2", " ".join(TABLES)],
        env=os.environ | ODD_MACHINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == fingerprints(world.store, TABLES)  # noqa: F821


def test_deriving_again_changes_nothing(world):
    before = fingerprints(world.store, TABLES)  # noqa: F821
    world.night()
    assert fingerprints(world.store, TABLES) == before  # noqa: F821


def test_nights_in_any_order_of_files_end_in_the_same_tables(new_lab, web_line, epoch, world):
    lab = new_lab(SOURCES, STEPS, site={"timezone": "Europe/Berlin", "as_of": dt.date(2026, 1, 16)})
    files = write_world(lab, web_line, epoch, 8)
    aside = {file: (lab.root / "inbox" / file[0] / file[1]).read_bytes() for file in files}
    for source, name in files:
        (lab.root / "inbox" / source / name).unlink()
    random.Random(1).shuffle(files)
    for number, (source, name) in enumerate(files):
        lab.put(source, name, aside[source, name])
        if number % 3 == 0:
            lab.load()
        if number == 6:
            lab.derive()
    lab.night()
    path = "(select l.path from ledger as l where l.file_id = source_file) as path"
    for table, columns in {
        "event": f"* exclude (source_file), {path}",
        "customer": "*",
        "journey": "*",
        "journey_event": "*",
        "touch": "*",
        "data_quality": "*",
        "clock_skew": "*",
        "clock_skew_day": "*",
        "clock_turned": "*",
        "run_fact": "*",
        "ledger": "* exclude (file_id, mtime_hint)",
    }.items():
        order = "" if table in ("event", "journey", "journey_event") else "order by all"
        assert lab.rows(f"select {columns} from {table} {order}") == world.rows(
            f"select {columns} from {table} {order}"
        ), table


def test_a_night_in_the_past_is_replayed_alike(new_lab, web_line, epoch):
    """A night of then, told from the files of now, is what it was then (for sources that only add)."""
    now, then = (new_lab(SOURCES, STEPS) for _ in range(2))
    write_world(now, web_line, epoch, 3)
    write_world(then, web_line, epoch, 3)
    for lab in (now, then):
        for path in (lab.root / "inbox/shop").iterdir():
            path.unlink()
    for source in ("web", "calls"):
        for path in (then.root / "inbox" / source).iterdir():
            if int(path.name[-2:]) > 5:
                path.unlink()
    now.night("2026-01-15")
    then.night("2026-01-15")
    for table in ("event", "customer", "journey", "journey_event"):
        columns = "* exclude (source_file)" if table == "event" else "*"
        assert now.rows(f"select {columns} from {table} order by all") == then.rows(
            f"select {columns} from {table} order by all"
        ), table
