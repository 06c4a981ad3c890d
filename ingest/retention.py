"""Retention: `[privacy] retention_days` in site.toml. What is older than that on the night is deleted.

A line that comes (again) later is judged in the same way, so a rebuild from all files ends in the same events. Records
that only link identifiers have no time and stay.
"""

from __future__ import annotations

import datetime as dt
import logging

from ingest.clock import night_ends
from ingest.erasure import Erasure
from ingest.site import Site
from ingest.store import Store
from ingest.units import sql

log = logging.getLogger("frontstage.retention")


def expire(site: Site, store: Store, night: dt.date) -> int:
    """Delete what happened more than `retention_days` before the end of `night`. Returns the number of lines."""
    days = site.settings.privacy.retention_days
    if days is None:
        return 0
    horizon = night_ends(night - dt.timedelta(days=days), site.settings.site.timezone)
    store.run("set variable horizon = $horizon::timestamp", {"horizon": horizon}, name="horizon")
    with store.transaction():
        store.run(sql("erasing/expire.sql"), name="erasing/expire.sql")
        store.run(sql("erasing/sweep.sql"), name="erasing/sweep.sql")
        n_lines = int(store.value("select count(*) from gone"))
    if n_lines:
        Erasure(site).announce_retention(night)
        log.info("%d lines past retention", n_lines)
    return n_lines
