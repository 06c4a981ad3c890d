"""Exports of a toy site: what others' tools read back is what the tables say, and no number of an order leaves."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pm4py
import pyarrow.parquet as pq
import pytest
from lxml import etree
from mining_log import EPOCH, Ev, Log, build
from toy_site import NIGHT, STEPS, toy_warehouse, write_site

from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import exporting, register
from mining.exporting.findings_schema import Findings
from mining.stage import mine

pytestmark = pytest.mark.filterwarnings("ignore:Install the optional requirement")
ALL = sorted(name for one in exporting.scan() for name in one.files)
HOSTILE = "=1+1 <b>&\"' ]]> \x00\x0b\ufffe\ud7ff\nnew\tline é 漢"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exports")
    toy_warehouse(root, 400)
    return root


@pytest.fixture(scope="module")
def store(toy: Path) -> Any:
    with Store.open(toy / "var/warehouse.duckdb", read_only=True) as opened:
        yield opened


def test_a_night_leaves_all_of_them_whole(toy: Path) -> None:
    found = {path.name for path in (toy / "exports").iterdir()}
    assert found >= set(ALL) and not [name for name in found if name.endswith(".new")]


def test_parquet_holds_the_tables_in_their_order(toy: Path, store: Store) -> None:
    for name, table in (
        ("events", "event"),
        ("journeys", "journey"),
        ("journey_steps", "journey_event"),
        ("findings", "finding"),
    ):
        told = pq.read_table(toy / "exports" / f"{name}.parquet")
        assert told.num_rows == store.value(f"select count(*) from {table}"), name
    events = pq.read_table(toy / "exports/events.parquet").to_pylist()
    rows = store.rows(
        """select event_id::varchar, customer_key, step::varchar, occurred_at, wait_ms, engaged_ms
        from event inner join customer using (customer_id) order by event_no"""
    )
    columns = ("customer_key", "step", "occurred_at", "wait_ms", "engaged_ms")
    assert [(str(one["event_id"]), *(one[c] for c in columns)) for one in events] == [tuple(row) for row in rows]


def test_pm4py_reads_the_xes_with_equal_counts(toy: Path, store: Store) -> None:
    path = toy / "exports/journeys.xes.gz"
    log = pm4py.read_xes(str(path))
    assert log["case:concept:name"].nunique() == store.value("select count(distinct journey_id) from journey_event")
    assert dict(Counter(log["concept:name"])) == dict(
        store.rows("select step::varchar, count(*) from journey_event group by all")
    )
    dfg, starts, ends = pm4py.discover_dfg(log)
    ours = {(a, b): n for a, b, n in store.rows("select step_from::varchar, step_to::varchar, n from dfg")}
    assert dfg == ours
    assert starts == dict(store.rows("select step::varchar, n_journeys from starts"))
    assert ends == dict(store.rows("select step::varchar, n_journeys from ends"))
    assert log["time:timestamp"].min().to_pydatetime().replace(tzinfo=None) == store.value(
        "select min(occurred_at) from journey_event"
    )
    root = etree.fromstring(gzip.decompress(path.read_bytes()))
    order = [etree.QName(child).localname for child in root]
    assert [name for n, name in enumerate(order) if not n or order[n - 1] != name] == [
        "extension", "global", "classifier", "trace",
    ]  # fmt: skip


def test_pm4py_reads_the_ocel_with_equal_counts(toy: Path, store: Store) -> None:
    path = str(toy / "exports/events.jsonocel")
    ocel = pm4py.read_ocel2_json(path)
    assert len(ocel.events) == store.value("select count(*) from event")
    objects = Counter(ocel.objects["ocel:type"])
    for kind, query in (
        ("customer", "select count(*) from customer"),
        ("journey", "select count(*) from journey"),
        ("order", "select count(distinct order_id) from event"),
        ("call", "select count(distinct call_id) from event"),
        ("session", "select count(distinct session_id) from event"),
        ("product", "select count(distinct product_id) from event"),
    ):
        assert objects[kind] == store.value(query), kind
    relations = Counter(ocel.relations["ocel:type"])
    assert relations["customer"] == len(ocel.events)
    assert relations["journey"] == store.value("select count(*) from journey_event")
    assert relations["order"] == store.value("select count(order_id) from event")


def test_our_own_ocel_is_read_back_with_equal_counts(toy: Path, store: Store, tmp_path: Path) -> None:
    """By the adapter `ocel` of another site, where our pseudonyms are the identifiers."""
    objects = "customer = 'customer_no', order = 'order_no', call = 'call_no', session = 'cookie', product = 'product'"
    (tmp_path / "inbox/log").mkdir(parents=True)
    (tmp_path / "site.toml").write_text(
        "[site]\nname = 'again'\n[[source]]\nname = 'log'\nadapter = 'ocel'\ncase = 'customer_no'\n"
        f"objects = {{ {objects} }}\nattributes = ['channel']\n",
        encoding="utf-8",
    )
    shutil.copy(toy / "exports/events.jsonocel", tmp_path / "inbox/log")
    site = Site(tmp_path)
    site.prepare()
    with Store.open(None, threads=1) as again:
        load(site, again)
        assert again.rows("select status, n_quarantined from ledger") == [("loaded", 0)]
        told = "select {0}, count(*), min(occurred_at), max(occurred_at) from {1} group by all"
        ours = again.rows(told.format("code", "raw_event inner join code using (code_id)"))
        assert sorted(ours) == sorted(store.rows(told.format("step", "event")))
        kept = again.rows("select attributes ->> 'channel' as channel, count(*) from raw_event group by all")
        assert sorted(kept) == sorted(store.rows("select channel, count(*) from event group by all"))
        for name in ("order_id", "call_id", "product_id"):
            counted = f"select count({name}), count(distinct {name}) from "
            assert again.rows(counted + "raw_event") == store.rows(counted + "event"), name
        assert again.value("select count(distinct customer_no) from party") == store.value(
            "select count(distinct customer_id) from event"
        )


def test_the_ocel_is_valid_by_its_schema(toy: Path) -> None:
    """The schema of the standard, where the real logs are."""
    schema = Path(__file__).parents[2].parent / "shared/realdata/process/ocel/schema_ocel2.json"
    if not schema.exists():
        pytest.skip("the real logs, and the OCEL schema with them, are not here")
    jsonschema.validate(
        json.loads((toy / "exports/events.jsonocel").read_text("utf-8")), json.loads(schema.read_text("utf-8"))
    )


def test_findings_are_as_their_schema_says(toy: Path, store: Store) -> None:
    text = (toy / "exports/findings.json").read_text("utf-8")
    assert [one.finding_id for one in Findings.model_validate_json(text).root] == [
        one["finding_id"] for one in register.read(store)
    ]
    schema = json.loads((toy / "exports/findings.schema.json").read_text("utf-8"))
    record = schema["$defs"]["FindingRecord"]
    assert set(record["required"]) == set(json.loads(text)[0]) and record["additionalProperties"] is False
    jsonschema.validate(json.loads(text), schema)
    broken = json.loads(text)
    broken[0]["n"].pop("customers")
    with pytest.raises(ValueError, match="customers"):
        Findings.model_validate(broken)


def test_analytics_is_a_database_of_its_own_that_an_older_duckdb_opens(toy: Path, store: Store) -> None:
    path = toy / "exports/analytics.duckdb"
    assert int.from_bytes(path.read_bytes()[12:20], "little") == 67, "DuckDB's storage format 1.4"
    with Store.open(path, read_only=True) as told:
        for ours, theirs in (("event", "event"), ("journey", "journey"), ("journey_event", "journey_step")):
            assert told.value(f"select count(*) from {theirs}") == store.value(f"select count(*) from {ours}")
        tables = told.rows("select table_name, comment from duckdb_tables() where not internal")
        views = told.rows("select view_name, comment from duckdb_views() where not internal")
        assert tables and views and all(comment for _, comment in [*tables, *views])
        for view, _ in views:
            assert told.value(f"select count(*) from {view}") > 0, view
        shown = told.rows(
            "select label, count(*) from finding_journey semi join finding using (label) group by all order by 1"
        )
        found = {one["no_label"]: one["n"]["journeys"] for one in register.read(store)}
        assert shown and all(n <= store.value("select count(*) from journey") for _, n in shown)
        assert {label for label, _ in shown} <= set(found)


def test_no_cell_of_a_spreadsheet_is_a_formula_and_few_are_not_told(toy: Path, store: Store) -> None:
    for name in ("findings.csv", "steps.csv"):
        text = (toy / "exports" / name).read_text("utf-8")
        assert text.startswith("\ufeff")
        rows = list(csv.reader(text[1:].splitlines(keepends=True)))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 5
        numbers = re.compile(r"-?[\d.]+(e-?\d+)?")
        assert not [c for row in rows for c in row if c[:1] in tuple("=+-@\t\r") and not numbers.fullmatch(c)]
    steps = {
        row["step"]: row for row in csv.DictReader((toy / "exports/steps.csv").read_text("utf-8-sig").splitlines())
    }
    counts = store.rows("select step::varchar, n_customers, n_events from steps")
    for step, n_customers, n_events in counts:
        assert steps[step]["n_events"] == (str(n_events) if n_customers >= 5 else "")


def tell_orders(root: Path, n: int = 12) -> Path:
    """A site of journeys whose events name orders and calls, and labels that could break a file."""
    steps = [replace(one, label=HOSTILE) if one.step == "pay" else one for one in STEPS]
    events = [
        ev
        for c in range(n)
        for at in [EPOCH + dt.timedelta(hours=c)]
        for ev in (
            Ev(f"j{c}", "pay", at, customer=f"c{c}"),
            Ev(f"j{c}", "call_order", at + dt.timedelta(minutes=1), customer=f"c{c}", call=f"CALL-99{c:03}"),
        )
    ]
    write_site(root)
    with Store.open(root / "var/warehouse.duckdb") as store:
        store.run(
            "create table warehouse as select cast(2 as utinyint) as schema_version, cast(0 as ubigint) as generation"
        )
        build(store, Log(events, steps))
        store.run("update event set order_id = 'ORD-77' || customer_id")
        store.run(
            """insert into event select * replace (999 as event_no, md5('nobody')::uuid as event_id,
            null as customer_id, false as visible, null as call_id) from event limit 1"""
        )
        store.run("update event set raw_code = 'GET /orders/' || order_id || '/' || coalesce(call_id, 'x')")
    return root


def test_orders_and_calls_leave_as_keyed_hashes_only(tmp_path: Path) -> None:
    root = tell_orders(tmp_path / "site")
    site = Site(root)
    with Store.open(site.warehouse) as store:
        mine(site, store, NIGHT)
    for path in sorted(site.exports.iterdir()):
        data = path.read_bytes()
        if path.suffix == ".parquet":
            data = repr(pq.read_table(path).to_pylist()).encode()
        elif path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".duckdb":
            with Store.open(path, read_only=True) as told:
                data = repr(
                    [told.rows(f"from {name}") for (name,) in told.rows("select table_name from duckdb_tables()")]
                ).encode()
        assert b"ORD-77" not in data and b"CALL-99" not in data, path.name
    events = pq.read_table(site.exports / "events.parquet").to_pylist()
    assert {one["code"] for one in events} == {"GET /orders/{order}/x", "GET /orders/{order}/{call}"}
    assert len({one["order_key"] for one in events}) == 12
    assert len(events) == 25 and events[-1]["customer_key"] is None, "an event of nobody"
    label = next(one for one in pm4py.read_xes(str(site.exports / "journeys.xes.gz"))["label"] if one.startswith("=1"))
    assert label == re.sub("[\x00\x0b\ufffe]", "\ufffd", HOSTILE)
    told = pm4py.read_ocel2_json(str(site.exports / "events.jsonocel")).events
    assert len(told) == 24 and HOSTILE in set(told["label"])


def test_the_same_bytes_whatever_the_threads(toy: Path, tmp_path: Path) -> None:
    told = {}
    shutil.copy(toy / "var/warehouse.duckdb", tmp_path / "warehouse.duckdb")  # `store` holds the other one
    for threads in (1, 3):
        site = Site(toy)
        site.warehouse = tmp_path / "warehouse.duckdb"
        site.exports = tmp_path / str(threads)
        site.exports.mkdir()
        with Store.open(site.warehouse, read_only=True, threads=threads) as store:
            exporting.write(site, store, [one.name for one in exporting.scan()])
        told[threads] = {path.name: path.read_bytes() for path in site.exports.iterdir()}
    assert set(told[1]) == set(ALL)
    differ = {name for name in told[1] if told[1][name] != told[3][name]}
    assert differ <= {"analytics.duckdb"}, "DuckDB gives every database file a number of its own"


def test_a_large_site_leaves_interchange_out_until_it_is_asked_for(tmp_path: Path) -> None:
    root = tell_orders(tmp_path / "site")
    toml = root / "site.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[exports]\ninterchange_events_max = 10\n", encoding="utf-8")
    (root / "exports").mkdir(exist_ok=True)
    (root / "exports/journeys.xes.gz").write_bytes(b"of another night")
    with Store.open(root / "var/warehouse.duckdb") as store:
        mine(Site(root), store, NIGHT)
    assert not (root / "exports/journeys.xes.gz").exists() and (root / "exports/events.parquet").exists()
    command = [sys.executable, "-m", "mining", "export", "xes", "--site", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(root / "exports/journeys.xes.gz")]
    assert len(pm4py.read_xes(str(root / "exports/journeys.xes.gz"))) == 24
    done = subprocess.run([*command[:4], "xls", *command[5:]], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "xls: no such export; expected analytics," in done.stderr
