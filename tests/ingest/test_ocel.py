"""Object-centric logs: the same log in each form gives the same events, as pm4py counts them; a hostile one is refused.

The contract suite tries the adapter with logs in JSON; here pm4py writes and reads the other forms.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pm4py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapters import ocel
from ingest.requarantine import requarantine

ROOT = Path(__file__).parents[2]
OBJECTS = {"customer": "customer_no", "order": "order_no", "product": "product"}
SOURCE: dict[str, Any] = {"adapter": "ocel", "objects": OBJECTS, "attributes": ["channel", "order.price"]}
ANY = [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
START = dt.datetime(2026, 1, 10, 8, tzinfo=dt.UTC)
WRITERS = {
    "2.0 JSON": ("log.jsonocel", pm4py.write_ocel2_json),
    "2.0 XML": ("log.xmlocel", pm4py.write_ocel2_xml),
    "2.0 SQLite": ("log.sqlite", pm4py.write_ocel2_sqlite),
    "1.0 JSON": ("old.jsonocel", pm4py.write_ocel_json),
    "1.0 XML": ("old.xmlocel", pm4py.write_ocel_xml),
}


def moment(minutes: float) -> str:
    return (START + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def random_log(seed: int, n: int = 120) -> dict[str, Any]:
    """A log in OCEL 2.0: orders of customers, events of up to three orders, prices that change."""
    rng = random.Random(seed)
    customers = [{"id": f"k{i}", "type": "customer", "attributes": [], "relationships": []} for i in range(8)]
    products = [{"id": f"p{i}", "type": "product", "attributes": [], "relationships": []} for i in range(4)]
    orders = [
        {
            "id": f"o{i}",
            "type": "order",
            "attributes": [
                {"name": "price", "time": "1970-01-01T00:00:00.000Z", "value": str(rng.randrange(100))},
                {"name": "price", "time": moment(rng.randrange(600)), "value": str(rng.randrange(100))},
            ],
            "relationships": [
                {"objectId": f"k{rng.randrange(8)}", "qualifier": "placed by"},
                {"objectId": f"p{rng.randrange(4)}", "qualifier": "holds"},
            ],
        }
        for i in range(20)
    ]
    events = [
        {
            "id": f"e{i}",
            "type": rng.choice(["place", "pack", "pay"]),
            "time": moment(rng.randrange(600)),
            "attributes": [{"name": "channel", "value": rng.choice(["web", "phone"])}],
            "relationships": [
                {"objectId": one["id"], "qualifier": "about"}
                for one in rng.sample(orders, rng.randrange(3))
                + rng.sample(customers, 1)
                + rng.sample(products, rng.randrange(2))
            ],
        }
        for i in range(n)
    ]
    types = [{"name": "order", "attributes": [{"name": "price", "type": "string"}]}]
    types += [{"name": name, "attributes": []} for name in ("customer", "product")]
    event_types = [
        {"name": name, "attributes": [{"name": "channel", "type": "string"}]} for name in ("place", "pack", "pay")
    ]
    return {
        "objectTypes": types,
        "eventTypes": event_types,
        "objects": [*customers, *products, *orders],
        "events": events,
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[dict[str, Any], dict[str, Path]]:
    """A log, and its files in all forms as pm4py writes them."""
    folder, log = tmp_path_factory.mktemp("ocel"), random_log(3)
    (folder / "given.jsonocel").write_text(json.dumps(log), encoding="utf-8")
    read = pm4py.read_ocel2_json(str(folder / "given.jsonocel"))
    for name, write in WRITERS.values():
        write(read, str(folder / name))
    return log, {form: folder / name for form, (name, _) in WRITERS.items()} | {"given": folder / "given.jsonocel"}


def loaded(new_lab, path: Path, source: dict[str, Any] = SOURCE):
    lab = new_lab({"src": source})
    lab.put("src", path.name, path.read_bytes())
    lab.load()
    lab.check_identity()
    assert [row["status"] for row in lab.ledger()] == ["loaded"], lab.ledger()
    return lab


TOLD = """select r.occurred_at, c.code, r.order_id, r.product_id, cast(r.attributes as varchar) as kept,
    (select cast(pseudonym as varchar) from identifier where identifier_id = p.customer_no) as customer
from raw_event as r inner join code as c using (code_id) left join party as p using (party_id) order by all"""


def test_each_form_says_the_same(new_lab, written):
    log, paths = written
    labs = {form: loaded(new_lab, path) for form, path in paths.items()}
    told = {form: lab.rows(TOLD) for form, lab in labs.items()}
    assert len(told["given"]) > 120 and all(
        told[form] == told["given"] for form in ("2.0 JSON", "2.0 XML", "2.0 SQLite")
    )
    # 1.0 has neither roles nor relations between objects, nor attributes that change
    for form in ("1.0 JSON", "1.0 XML"):
        assert [row[:4] for row in told[form]] == [row[:4] for row in told["given"]]
        assert [row[5] for row in told[form]] == [row[5] for row in told["given"]]
    links = {form: lab.rows("select count(*) from link")[0][0] for form, lab in labs.items()}
    assert links["given"] == links["2.0 JSON"] == links["2.0 XML"] == links["2.0 SQLite"] == 20
    # what is in an order: as its relations say, and events of one order
    kinds = {one["id"]: one["type"] for one in log["objects"]}
    bundles = [[one["id"], *(r["objectId"] for r in one["relationships"])] for one in log["objects"]]
    bundles += [[r["objectId"] for r in one["relationships"]] for one in log["events"]]
    expected = set()
    for names in bundles:
        if len(orders := [name for name in names if kinds[name] == "order"]) == 1:
            expected |= {(orders[0], name) for name in names if kinds[name] == "product"}
    for form in ("given", "2.0 JSON", "2.0 XML", "2.0 SQLite"):
        assert set(labs[form].rows("select order_id, product_id from order_product")) == expected


def test_a_log_that_comes_again_in_another_form_counts_once(new_lab, written):
    _, paths = written
    lab = new_lab(
        {"src": SOURCE}, [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
    )
    counts = []
    for form in ("given", "2.0 XML", "2.0 SQLite", "2.0 JSON"):
        lab.put("src", f"{form}.ocel", paths[form].read_bytes())
        lab.night("2026-02-01")
        counts.append(lab.rows("select count(*), count(distinct event_id) from event"))
    assert counts == counts[:1] * 4, counts


def test_pm4py_flattens_into_as_many_events(new_lab, written):
    log, paths = written
    read = pm4py.read_ocel2_json(str(paths["given"]))
    kinds = {one["id"]: one["type"] for one in log["objects"]}
    for kind in ("order", "customer"):
        lab = loaded(new_lab, paths["given"], SOURCE | {"case": OBJECTS[kind]})
        flat = pm4py.ocel_flattening(read, kind)
        bare = [e for e in log["events"] if kind not in {kinds[r["objectId"]] for r in e["relationships"]}]
        assert len(lab.rows("from raw_event")) == len(flat) + len(bare)
        codes = Counter(flat["concept:name"]) + Counter(event["type"] for event in bare)
        assert (
            dict(lab.rows("select code, count(*) from raw_event inner join code using (code_id) group by all")) == codes
        )


def test_an_attribute_is_told_as_it_was_at_the_time_of_the_event(new_lab, written):
    log, paths = written
    prices = {one["id"]: one["attributes"] for one in log["objects"] if one["type"] == "order"}
    expected = Counter()
    for event in log["events"]:
        for order in {r["objectId"] for r in event["relationships"]} & prices.keys():
            known = [price for price in prices[order] if price["time"] <= event["time"]]
            expected[order, event["time"][:16], known[-1]["value"]] += 1
    found = loaded(new_lab, paths["2.0 SQLite"]).rows(
        """select order_id, strftime(occurred_at, '%Y-%m-%dT%H:%M'), attributes ->> '$."order.price"', count(*)
        from raw_event where order_id is not null group by all"""
    )
    assert {(order, at, price): n for order, at, price, n in found} == expected


def event(name: str, **other: Any) -> dict[str, Any]:
    return {"id": name, "type": "pay", "time": moment(0), "attributes": [], "relationships": []} | other


def about(*names: str) -> list[dict[str, str]]:
    return [{"objectId": name, "qualifier": "about"} for name in names]


def test_ids_that_are_told_twice(new_lab):
    """Equal ones count once; of different ones nobody knows which is right. What an id of another night's log names is
    another event."""
    lab = new_lab(
        {"src": SOURCE}, [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
    )
    objects = [{"id": "o1", "type": "order"}, {"id": "o2", "type": "order"}, {"id": "o2", "type": "customer"}]
    first = [
        event("e1", relationships=about("o1")),
        event("e1", relationships=about("o1")),
        event("e2"),
        event("e2", type="pack"),
        event("e3", relationships=about("o2")),
    ]
    lab.put("src", "1.jsonocel", json.dumps({"objects": objects, "events": first}))
    later = [event("e1", time=moment(9)), event("e4"), event("e4")]
    lab.put("src", "2.jsonocel", json.dumps({"objects": objects, "events": later}))
    lab.night("2026-02-01")
    lab.check_identity()
    assert lab.rows("select field, count(*) from quarantine group by all order by 1") == [("id", 2), ("objects", 1)]
    assert lab.rows("select count(*) from event") == [(3,)]


def test_an_event_that_comes_again_with_more_replaces_itself(new_lab):
    lab = new_lab(
        {"src": SOURCE}, [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
    )
    objects = [{"id": "o1", "type": "order"}, {"id": "k1", "type": "customer"}]
    for night, names in (("1", ["o1"]), ("2", ["o1", "k1"]), ("3", ["o1"])):
        lab.put(
            "src",
            f"{night}.json",
            json.dumps({"objects": objects, "events": [event("e1", relationships=about(*names))]}),
        )
        lab.night("2026-02-01")
        assert lab.rows("select count(*) from event") == [(1,)]
    assert lab.rows("select n_duplicate, n_accepted from ledger order by file_id") == [(0, 1), (0, 1), (1, 0)]


def test_a_quarantined_event_is_replayed_with_its_objects(new_lab, monkeypatch):
    """The record holds their types, so the log need not be there any more when the adapter's rule is mended."""
    lab = new_lab({"src": SOURCE}, ANY)
    told = event("e1", time="2026/01/10 08:00", relationships=about("o1"))
    path = lab.put("src", "1.json", json.dumps({"objects": [{"id": "o1", "type": "order"}], "events": [told]}))
    lab.load()
    assert lab.rows("select field from quarantine") == [("time",)]
    path.unlink()
    mended = ocel._CHECKED.replace("['%Y-%m-%dT", "['%Y/%m/%d %H:%M', '%Y-%m-%dT", 1)
    monkeypatch.setattr(ocel, "_CHECKED", mended)
    assert requarantine(lab.site, lab.store).n_left == 0
    assert lab.rows("select order_id, occurred_at from raw_event") == [("o1", dt.datetime(2026, 1, 10, 8))]
    lab.check_identity()


def database(path: Path, *statements: str) -> bytes:
    """A small log as SQLite, after some statements."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """create table event (ocel_id text, ocel_type text); create table object (ocel_id text, ocel_type text);
        create table event_object (ocel_event_id text, ocel_object_id text, ocel_qualifier text);
        create table event_map_type (ocel_type text, ocel_type_map text);
        create table object_map_type (ocel_type text, ocel_type_map text);
        create table event_Pay (ocel_id text, ocel_time text, channel text);
        insert into event values ('e1', 'pay'), ('e2', 'pay'), ('e3', 'ship');
        insert into event_Pay values ('e1', '2026-01-10 08:00:00', 'web');
        insert into event_map_type values ('pay', 'Pay'), ('ship', 'Ship');
        insert into object values ('o1', 'order');
        insert into event_object values ('e1', 'o1', 'of'), ('e9', 'o1', 'of');"""
        + ";".join(statements)
    )
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_what_a_database_tells_only_in_part_is_quarantined(new_lab, tmp_path):
    """pm4py drops such events without a word: one without a row in its type's table, one that only a relation names."""
    lab = new_lab({"src": SOURCE})
    lab.put("src", "a.sqlite", database(tmp_path / "a"))
    lab.load()
    assert lab.rows("select count(*) from raw_event") == [(1,)]
    assert lab.rows("select field, count(*) from quarantine group by all order by 1") == [("time", 2), ("type", 1)]
    lab.check_identity()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
LOG = json.dumps(random_log(1, 5))
HOSTILE = {
    "billion laughs": (f"<!DOCTYPE log [{LAUGHS}]><log><events><event id='&l9;'/></events></log>", "DOCTYPE"),
    "a file of ours": ('<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log><events/></log>', "DOCTYPE"),
    "XML cut off": ("<log><events><event id='e1'", "damaged XML"),
    "XML of another kind": ("<log><trace><event/></trace></log>", "no OCEL"),
    "JSON cut off": (LOG[:-5], "damaged JSON"),
    "JSON and more": (LOG + "{}", "damaged JSON"),
    "two commas": (LOG.replace('"events": [', '"events": [,'), "damaged JSON"),
    "no number": (LOG.replace('"web"', "NaN"), "damaged JSON"),
    "too deep": ('{"events": ' + "[" * 100_000 + "]" * 100_000 + "}", "damaged JSON"),
    "JSON of another kind": ('{"orders": []}', "no OCEL"),
    "a list": ("[]", "no OCEL"),
    "a table": ("ocel:eid,ocel:activity\n1,pay\n", "no OCEL"),
    "SQLite mark alone": ("SQLite format 3\0", "damaged SQLite"),
}


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_log_is_refused_whole(new_lab, packed):
    lab = new_lab({"src": SOURCE})
    for number, (text, _) in enumerate(HOSTILE.values()):
        data = text.encode()
        lab.put("src", f"{number:02d}", data).write_bytes(gzip.compress(data) if packed else data)
    lab.load()
    lab.check_identity()
    for (name, (_, reason)), row in zip(HOSTILE.items(), lab.ledger(), strict=True):
        assert row["status"] == "refused" and reason in row["reason"], (name, row["reason"])
    assert lab.rows("select count(*) from raw_event") == [(0,)]


def test_a_database_runs_no_code_of_its_own(new_lab, tmp_path):
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select 'e' || i, 'pay' from n"
    attacks = {
        "a view": ("drop table event", f"create view event(ocel_id, ocel_type) as {endless}"),
        "another schema": ("drop table event", "create table event (id text)"),
        "a table of words": ("drop table event", "create virtual table event using fts5(ocel_id, ocel_type)"),
    }
    lab = new_lab({"src": SOURCE})
    for name, statements in attacks.items():
        lab.put("src", f"{name}.sqlite", database(tmp_path / name, *statements))
    lab.load()
    assert [(row["status"], "no OCEL" in row["reason"]) for row in lab.ledger()] == [("refused", True)] * 3
    computed = "alter table event_Pay add column slow text as (hex(zeroblob(100000000)))"
    lab.put("src", "z.sqlite", database(tmp_path / "computed", computed))
    lab.load()
    assert lab.rows("select count(*) from raw_event") == [(1,)]


def test_a_damaged_database_never_raises_and_all_is_accounted_for(new_lab, written):
    data = written[1]["2.0 SQLite"].read_bytes()
    lab, n = new_lab({"src": SOURCE}), 0

    @settings(max_examples=12)
    @given(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), min_size=1, max_size=40),
        st.integers(1, 12),
    )
    def check(bytes_changed: list[tuple[int, int]], cut: int) -> None:
        nonlocal n
        n += 1
        broken = bytearray(data)
        for place, byte in bytes_changed:
            broken[place] = byte
        lab.put("src", f"{n}.sqlite", bytes(broken) if cut > 3 else bytes(broken[: len(data) * cut // 4]))
        lab.load()

    check()
    lab.check_identity()
    assert all(row["status"] == "loaded" or row["reason"] for row in lab.ledger())


CHILD = """
import resource, sys
from pathlib import Path
from ingest import reader
from ingest.ocel import records

reader.PIECE_BYTES = records.BLOCK_CHARACTERS = 1 << 20
for name in ("small", "large"):
    reading = reader.Reading(Path(sys.argv[1]) / name)
    n = sum(len(block) for block in reader.read_blocks(reading, "ocel", "utf-8"))
    print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_a_larger_log_needs_no_more_memory(tmp_path, form):
    """Of reading; what is staged is within DuckDB's limit, as with every adapter."""
    text = "long " * 200
    for name, n in (("small", 3000), ("large", 40_000)):
        with (tmp_path / name).open("w", encoding="utf-8") as file:
            if form == "JSON":
                file.write('{"events": [')
                file.writelines(
                    f'{{"id": "e{i}", "attributes": [{{"name": "x", "value": "{text}"}}]}},' for i in range(n)
                )
                file.write('{"id": "last"}], "objects": []}')
            else:
                file.write("<log><events>")
                file.writelines(
                    f'<event id="e{i}"><attributes><attribute name="x">{text}</attribute></attributes></event>'
                    for i in range(n)
                )
                file.write('<event id="last"/></events></log>')
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    (n_small, small_mb), (n_large, large_mb) = (map(int, line.split()) for line in run.stdout.splitlines())
    n_mb = (tmp_path / "large").stat().st_size / 2**20
    assert (n_small, n_large) == (3001, 40_001) and n_mb > 35
    assert large_mb - small_mb < n_mb / 4, "memory grew with the file"
