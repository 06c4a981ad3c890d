"""A warehouse of an earlier release comes forward, once, beside its place; one of a later release is left alone (G18).

`releases/schema_N.sql` is a frozen warehouse of each schema after one night over `deliver`'s files. Its lines must be
known again, its events keep their names, and its quarantined lines can be replayed.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from ingest.errors import StateError
from ingest.schema import VERSION, migrations, prepare, version_of
from ingest.store import Store

RELEASES = Path(__file__).parent / "releases"
OLD = sorted(int(path.stem.removeprefix("schema_")) for path in RELEASES.glob("schema_*.sql"))


def deliver(site, page, call) -> None:
    """The files of the night that the frozen warehouses hold."""
    dirt = page(2) + page(9).replace("/p/1", "/x.css") + "spoilt\n\n"
    site.put("web/a.log", "".join(map(page, range(5))) + "spoilt\n" + dirt)
    site.put("web/cut.gz", b"\x1f\x8b\x08")
    site.put("web/b.log", (page(7) + page(3) + "spoilt\n" * 3).encode() + b"no text \xff\n")
    site.put("calls/queue_log", "".join(map(call, range(3))) + "1|spoilt\n")


@pytest.fixture
def old_site(new_site, log_lines):
    """Makes a site whose warehouse is a frozen one, with the files that it was made from."""

    def make(schema: int, name: str = "old"):
        site = new_site(name)
        deliver(site, *log_lines)
        site.warehouse.parent.mkdir()
        with Store.open(site.warehouse) as store:
            store.run((RELEASES / f"schema_{schema}.sql").read_text(encoding="utf-8"))
            store.checkpoint()
            for source, path, changed in store.rows(
                "select s.name, path, mtime_hint from ledger inner join source as s using (source_id)"
            ):
                os.utime(site.root / "inbox" / source / path, ns=(changed, changed))
        return site

    return make


def told(site) -> dict[str, str]:
    """What a night leaves, but the identity of lines that are no text and of single files, which schema 1 did not
    keep."""
    with Store.open(site.warehouse) as store:
        store.run("update quarantine set line_hash = null, k = null where field = 'encoding'")
        store.run("update ledger set lines_xor = null")
    return site.tables()


def test_each_schema_has_its_migration_and_its_frozen_warehouse():
    assert list(migrations()) == list(range(2, VERSION + 1))
    assert list(range(1, VERSION)) == OLD, "freeze the warehouse of the schema before in tests/faults/releases"


@pytest.mark.parametrize("schema", OLD)
def test_an_old_warehouse_ends_like_one_made_anew(nights, old_site, new_site, log_lines, schema):
    page, call = log_lines
    old, new = old_site(schema), new_site("new")
    deliver(new, page, call)
    assert nights.run(new, "ingest")[0] == 0
    for site in (old, new):
        site.put("web/c.log", page(3) + page(8) + "spoilt\n" * 4)
        site.put("web/a-again.log.1", page(0) * 2 + page(1))
        code, said = nights.run(site, "ingest")
        assert code == 0, said
    assert version_of(old.warehouse) == VERSION
    (backup,) = old.warehouse.parent.glob("*.schema*.duckdb")
    assert (backup.name, version_of(backup)) == (f"warehouse.schema{schema}.duckdb", schema)
    assert told(old) == told(new)


@pytest.mark.parametrize("schema", OLD)
def test_an_upgrade_that_dies_leaves_the_old_warehouse_for_the_next_run(nights, old_site, campaign, schema):
    site = old_site(schema, "reference")
    code, said = nights.run(site, "ingest", fault="0", environment={"FRONTSTAGE_LOG": "DEBUG"})
    assert code == 0, said
    expected = told(site)
    passed = re.findall(r"point (\d+): \w+: (.*)", said)
    last = next(int(n) for n, what in passed if "to warehouse.duckdb" in what)
    for number in range(1, last + 2) if campaign else range(3, last + 2, 6):
        site = old_site(schema, f"died-{number}")
        assert nights.run(site, "ingest", fault=str(number))[0] == 137
        assert version_of(site.warehouse) == (schema if number <= last else VERSION)
        code, said = nights.run(site, "ingest")
        assert code == 0, said
        assert told(site) == expected, number


def test_a_file_that_an_older_release_left_without_tables_is_filled(new_site):
    site = new_site()
    site.warehouse.parent.mkdir()
    with Store.open(site.warehouse):
        pass
    assert version_of(site.warehouse) == 0
    prepare(site.warehouse, "salt")
    assert version_of(site.warehouse) == VERSION
    assert not list(site.warehouse.parent.glob("*.schema*"))


def test_a_warehouse_of_a_later_release_is_left_alone(nights, before, tmp_path):
    site = before.copy(tmp_path / "site")
    with Store.open(site.warehouse) as store:
        store.run(f"update warehouse set schema_version = {VERSION + 1}")
        store.checkpoint()
    known = hashlib.sha256(site.warehouse.read_bytes()).hexdigest()
    for stage in ("ingest", "mining", "reports"):
        code, said = nights.run(site, stage)
        assert code == 4 and "later one" in said, said
    assert hashlib.sha256(site.warehouse.read_bytes()).hexdigest() == known
    with pytest.raises(StateError):
        version_of(site.warehouse)
