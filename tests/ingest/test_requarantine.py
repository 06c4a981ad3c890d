"""Quarantined lines, replayed after a rule was mended, end where a rule that was never broken ends (G3)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

import ingest.adapters
from ingest.errors import FrontstageError, UsageError
from ingest.load import sql
from ingest.requarantine import requarantine

SOURCES = {
    "web": {"adapter": "nginx_combined", "extra": ["cookie"]},
    "shop": "shopify_orders_json",
    "crm": {
        "adapter": "relational_orders",
        "tables": {
            "orders": {"files": "*.csv", "events": {"placed": "placed"}, "identifiers": {"customer_no": "customer"}}
        },
    },
}
STEPS = [
    {"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {name: ["*"] for name in SOURCES}},
]
DERIVED = ("event", "customer", "journey", "journey_event", "touch", "data_quality", "run_fact")


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch, name: str, condition: str) -> Iterator[None]:
    """The adapter with a rule too many: lines for which `condition` holds are quarantined."""
    known = ingest.adapters.adapters()
    sound = known[name]

    def query(context):
        return f"""select
            * exclude (problem_field, raw, byte_offset),
            case when {condition} then 'broken' else problem_field end as problem_field
        from ({sound.query(context)}) inner join line using (line_no)"""

    with monkeypatch.context() as patch:
        patch.setitem(known, name, dataclasses.replace(sound, query=query, rule_version="broken"))
        yield


def order(number: int, version: int) -> str:
    at = f"2026-01-{10 + version:02d}T09:00:00Z"
    return json.dumps(
        {
            "id": number,
            "order_number": number,
            "created_at": "2026-01-10T09:00:00Z",
            "updated_at": at,
            "source_name": "web",
            "customer": {"id": number},
            "transactions": [{"id": 1, "kind": "sale", "status": "success", "created_at": at}][:version],
        }
    )


@pytest.fixture(scope="module")
def make(new_lab, web_line):
    """Makes labs with all sources delivered: equal lines, dropped lines, a robot's, lines that no rule can read."""

    def lab_with():
        lab = new_lab(SOURCES, STEPS, site={"timezone": "Europe/Berlin"})
        web = [web_line(60 * i, f"/p/{i % 3}", cookie=f"c{i % 4}") for i in range(12)]
        web += [web[1], web[1], web_line(5, "/x.css", cookie="c1"), "spoilt\n", "\n"]
        lab.put("web", "a.log", "".join(web).encode() + b"\xff\xfe no text\n")
        lab.put("web", "b.log.gz", "".join(web[1:4] * 4))
        lab.put("shop", "0.json", f'{{"orders": [{order(1, 0)}, {order(2, 0)}, {{"id": 3}}]}}')
        lab.put("shop", "1.json", order(1, 1) + "\n" + order(2, 1) + "\n{\n")
        rows = 'k1,2026-01-11 10:00:00,x\n"k,2","2026-01-11 11:00:00","two\nlines"\nk3,never,x\n'
        lab.put("crm", "orders.csv", "customer,placed,note\n" + rows)
        return lab

    return lab_with


def ledger(lab) -> list[dict]:
    return lab.records("select * exclude (file_id, mtime_hint) from ledger order by source_id, path")


def quarantine(lab) -> list[tuple]:
    return lab.rows(
        """select l.path, q.* exclude (file_id, rule_version)
        from quarantine as q inner join ledger as l using (file_id) order by all"""
    )


def same(lab, reference) -> None:
    lab.check_identity()
    assert lab.raw_events() == reference.raw_events()
    assert ledger(lab) == ledger(reference)
    assert quarantine(lab) == quarantine(reference)
    for table in ("line_seen", "order_product"):
        assert lab.rows(f"from {table} order by all") == reference.rows(f"from {table} order by all")
    path = "(select path from ledger as l where l.file_id = t.file_id)"
    dropped = f"select {path}, reason, n_lines from dropped as t order by all"
    assert lab.rows(dropped) == reference.rows(dropped)
    for table in DERIVED:
        columns = "* exclude (source_file)" if table == "event" else "*"
        assert lab.rows(f"select {columns} from {table}") == reference.rows(f"select {columns} from {table}"), table


@pytest.fixture(scope="module")
def never_broken(make):
    lab = make()
    lab.night()
    return lab


PARTS = {
    "nginx_combined": "contains(raw, '/p/1')",
    "shopify_orders_json": "contains(raw, 'sale')",
    "relational_orders": "contains(raw, 'k,2')",
}


@pytest.mark.parametrize("share", ["some lines", "all lines"])
def test_mended_rules_end_where_rules_never_broken_end(make, never_broken, monkeypatch, share):
    lab = make()
    with ExitStack() as rules:
        for name, part in PARTS.items():
            rules.enter_context(broken(monkeypatch, name, part if share == "some lines" else "true"))
        lab.load()
        lab.check_identity()
        held = lab.rows("select count(*) from quarantine")
        assert held > never_broken.rows("select count(*) from quarantine")
        path = sorted(lab.root.glob("inbox/*/*"))
        for file in path:
            file.unlink()  # the lines are in the warehouse
        requarantine(lab.site, lab.store)
        assert lab.rows("select count(*) from quarantine") == held, "the rule is broken still"
    replayed = requarantine(lab.site, lab.store)
    lab.derive()
    assert (replayed.n_lines, replayed.n_left) == (held[0][0], len(quarantine(never_broken)))
    same(lab, never_broken)
    again = requarantine(lab.site, lab.store)
    lab.derive()
    assert again.n_lines == again.n_left
    same(lab, never_broken)


def test_a_copy_of_a_line_that_was_accepted_before_the_rule_broke_keeps_its_number(new_lab, web_line, monkeypatch):
    """One copy comes before the rule breaks, one after: the second is the second still."""
    labs = [new_lab({"web": "nginx_combined"}) for _ in range(2)]
    for lab, is_broken in zip(labs, (True, False), strict=True):
        lab.put("web", "a.log", web_line(1, "/x"))
        lab.load()
        lab.put("web", "b.log", web_line(1, "/x") * 2)
        if is_broken:
            with broken(monkeypatch, "nginx_combined", "true"):
                lab.load()
            assert len(lab.raw_events()) == 1
            lab.put("web", "c.log", web_line(1, "/x") * 3)
            lab.load()
            assert requarantine(lab.site, lab.store).n_left == 0
        else:
            lab.put("web", "c.log", web_line(1, "/x") * 3)
            lab.load()
    assert labs[0].raw_events() == labs[1].raw_events()
    assert len({event["event_id"] for event in labs[0].raw_events()}) == 3


def test_only_the_source_that_is_named_is_replayed(make, monkeypatch):
    lab = make()
    with broken(monkeypatch, "nginx_combined", "true"), broken(monkeypatch, "relational_orders", "true"):
        lab.night()
    n = dict(
        lab.rows("select s.name, sum(n_quarantined) from ledger inner join source as s using (source_id) group by all")
    )
    requarantine(lab.site, lab.store, "crm")
    left = dict(
        lab.rows("select s.name, sum(n_quarantined) from ledger inner join source as s using (source_id) group by all")
    )
    assert left["web"] == n["web"] and left["crm"] == 1 < n["crm"]
    with pytest.raises(UsageError, match=r"'crn'.*did you mean 'crm'"):
        requarantine(lab.site, lab.store, "crn")


def test_a_replay_that_fails_changes_nothing(make, monkeypatch):
    lab = make()
    with broken(monkeypatch, "nginx_combined", "contains(raw, '/p/1')"):
        lab.night()
    before = {
        table: lab.rows(f"from {table} order by all") for table in ("ledger", "quarantine", "line_seen", "raw_event")
    }
    monkeypatch.setattr(
        "ingest.requarantine.sql", lambda name: "select error('no')" if "replayed" in name else sql(name)
    )
    with pytest.raises(FrontstageError, match="loading/replayed"):
        requarantine(lab.site, lab.store)
    assert {table: lab.rows(f"from {table} order by all") for table in before} == before


def test_lines_of_a_table_without_its_header_stay_where_they_are(make, monkeypatch, caplog):
    lab = make()
    with broken(monkeypatch, "relational_orders", "true"):
        lab.night()
    lab.store.run("update ledger set header = null")
    n = lab.rows("select count(*) from quarantine")
    requarantine(lab.site, lab.store, "crm")
    assert lab.rows("select count(*) from quarantine") == n
    assert "crm/orders.csv" in caplog.text and "kept no header" in caplog.text
