"""Nights made up for, or made again: `nightly --from --to` ends as if each had been run in its turn.

The files are those of the inbox today. Where the warehouse already stands at one of these nights or a later one, it is
first taken back to the night before them, so that each night compares itself with the one before it, and what the
ledger of keys said of those nights is taken back. What retention deleted since does not come back.
"""

from __future__ import annotations

import datetime as dt
import os

from ingest.clock import night_ends
from ingest.derive import derive
from ingest.derive.increment import KEPT, forget
from ingest.errors import DataGateError, UsageError
from ingest.run import Outcome, parse_night, run_stage
from ingest.site import LOCK_VARIABLE, Site
from ingest.store import Store


def nights_between(first: str, last: str) -> list[dt.date]:
    """The nights that `--from` and `--to` name. Raises UsageError."""
    begin, end = parse_night(first, "--from"), parse_night(last, "--to")
    if begin is None or end is None:
        raise UsageError("--from and --to go together: expected the first and the last night, YYYY-MM-DD")
    if end < begin:
        raise UsageError(f"--to: got {end}, expected a day from {begin}, the day of --from, on")
    return [begin + dt.timedelta(days=n) for n in range((end - begin).days + 1)]


def rewind(site: Site, first: dt.date, descriptor: int) -> int:
    """Take the warehouse back to the night before `first`, when it stands at `first` or later. Returns the exit code.

    The caller holds the site's lock by `descriptor`.
    """
    if not site.warehouse.exists():
        return 0
    with Store.open(site.warehouse, read_only=True) as store:
        known = store.value("select value from run_fact where name = 'as_of'") if store.has_table("run_fact") else None
    if known is None or dt.date.fromisoformat(known) < first:
        return 0
    os.environ[LOCK_VARIABLE] = str(descriptor)
    try:
        return run_stage("rewind", site.root, lambda s, store: _take_back(s, store, first - dt.timedelta(days=1)))
    finally:
        del os.environ[LOCK_VARIABLE]


def _take_back(site: Site, store: Store, night: dt.date) -> Outcome:
    end = night_ends(night, site.settings.site.timezone)
    store.run(
        "create or replace temp table told_change as select * from customer_change where night_end <= $end",
        {"end": end},
        name="told_change",
    )
    try:
        derive(site, store, night)
    except DataGateError:  # nothing had happened yet: the first night compares itself with none
        with store.transaction():
            for name in (*KEPT, "run_fact"):
                store.run(f"drop table if exists {name}", name="rewind")
            forget(store)
    with store.transaction():
        store.run("delete from customer_change; insert into customer_change from told_change", name="rewind")
    return Outcome(summary="", night=night, figures={})
