"""A warehouse that is not what the last run left is found out before anything is written (G5)."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from ingest.store import Store

FACTS = ("event", "customer", "journey", "journey_event", "touch", "dfg", "variants", "steps")


def facts(site) -> dict[str, list]:
    """Tables that say what customers did, however the lines came: without the names of files."""
    with Store.open(site.warehouse, read_only=True) as store:
        return {
            table: store.rows(
                f"select {'* exclude (source_file)' if table == 'event' else '*'} from {table} order by all"
            )
            for table in FACTS
        }


def torn(site, how: str) -> None:
    """The write-ahead log of a killed run is lost, in whole or in part."""
    log = site.warehouse.with_name("warehouse.duckdb.wal")
    assert log.exists() and log.stat().st_size > 1000, "the run died with committed files in the log"
    if how == "deleted":
        log.unlink()
    else:
        size = log.stat().st_size
        log.write_bytes(log.read_bytes()[: size // 2])


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_write_ahead_log_that_is_lost_with_a_run_costs_nothing(nights, before, after, tmp_path, how):
    """What was committed since the last checkpoint comes again from the raw files, also when state.json is older."""
    site = before.copy(tmp_path / "site")
    assert nights.run(site, "ingest", fault="at:derive/quality.sql")[0] == 137
    torn(site, how)
    code, said = nights.run(site)
    assert (code, site.state()) == (0, after), said


def test_an_older_warehouse_put_back_stops_each_stage_before_it_writes(nights, before, after, tmp_path):
    site = before.copy(tmp_path / "site")
    old = tmp_path / "old.duckdb"
    shutil.copy(site.warehouse, old)
    assert nights.run(site, "ingest")[0] == 0
    middle = tmp_path / "middle.duckdb"
    shutil.copy(site.warehouse, middle)
    assert nights.run(site, "mining", "reports")[0] == 0
    newest = tmp_path / "newest.duckdb"
    shutil.copy(site.warehouse, newest)
    published = site.published()
    for older in (old, middle):  # `middle` has every file and line, and yesterday's findings
        shutil.copy(older, site.warehouse)
        for stage in ("ingest", "mining", "reports"):
            code, said = nights.run(site, stage)
            assert code == 4 and "state.json" in said, said
        assert hashlib.sha256(site.warehouse.read_bytes()).digest() == hashlib.sha256(older.read_bytes()).digest()
        assert site.published() == published
    shutil.copy(newest, site.warehouse)
    code, said = nights.run(site)
    assert (code, site.state()) == (0, after), said


def test_a_rebuild_from_the_raw_files_ends_in_the_same_facts(nights, before, tmp_path):
    """The advice of the message: delete the warehouse and state.json, run again."""
    site = before.copy(tmp_path / "site")
    assert nights.run(site)[0] == 0
    expected = facts(site)
    (site.root / "var/state.json").unlink()
    site.warehouse.unlink()
    code, said = nights.run(site)
    assert code == 0, said
    assert facts(site) == expected
