"""Who is the subject and who is not; retention; the rewritten file. Bytes are sought in tests/test_privacy.py."""

from __future__ import annotations

import datetime as dt
import json
import os

import pytest

from ingest import erasure, request
from ingest.erasure import Erasure
from ingest.errors import ConfigError, StorageError, UsageError
from ingest.forget import forget
from ingest.forgotten import Forgotten, tombstones
from ingest.pseudonym import load_key
from ingest.store import Store, rewrite
from ingest.whois import as_text, whois

CRM = {
    "adapter": "relational_orders",
    "tables": {
        "people": {"files": "people*.csv", "identifiers": {"customer_no": "no", "email": "mail", "phone": "phone"}},
        "orders": {
            "files": "orders*.csv",
            "events": {"ordered": "at"},
            "identifiers": {"customer_no": "no", "order_no": "order"},
            "product": "product",
        },
    },
}
STEPS = [
    {
        "step": "page",
        "label": "Page",
        "stage": "research",
        "channel": "web",
        "codes": {"web": ["GET /orders/{order}", "GET *"]},
    },
    {"step": "call", "label": "Call", "stage": "help", "channel": "agent", "codes": {"calls": ["*"]}},
    {"step": "ordered", "label": "Orders", "stage": "order", "channel": "order", "codes": {"crm": ["*"]}},
]
UNTIL = dt.date(2026, 1, 31)
PHONE, SWITCHBOARD = "01705634771", "0301234567"


@pytest.fixture(scope="module")
def make_household(new_lab, web_line, epoch):
    """Makes it. Two customers share a phone, four a switchboard; one is known to a table of people only."""

    def make():
        lab = new_lab(
            {"web": {"adapter": "nginx_combined", "extra": ["cookie"]}, "calls": "asterisk_queue_log", "crm": CRM},
            STEPS,
        )
        people = f"A1,anna@x.example,{PHONE}\nB2,bert@x.example,{PHONE}\nC3,cora@x.example,01705634999\n"
        people += "".join(f"S{i},s{i}@x.example,{SWITCHBOARD}\n" for i in range(4))
        lab.put("crm", "people.csv", "no,mail,phone\n" + people)
        orders = ["A1,1001,2026-01-10 10:00:00,tent\nB2,1002,2026-01-10 11:00:00,lamp\n"]
        orders += [f"S{i},20{i:02d},2026-01-11 1{i}:00:00,rope\n" for i in range(4)]
        lab.put("crm", "orders.csv", "no,order,at,product\n" + "".join(orders))
        lab.put(
            "web",
            "a.log",
            web_line(100, "/orders/1001", cookie="ann")
            + web_line(200, "/p/1", cookie="ann")
            + web_line(300, "/p/1", cookie="eve"),
        )
        calls = "".join(f"{epoch + 90000 + i}|{epoch}.{i}|help|NONE|ENTERQUEUE||{SWITCHBOARD}|1\n" for i in range(5))
        lab.put("calls", "queue_log", f"{epoch + 5000}|{epoch}.99|help|NONE|ENTERQUEUE||{PHONE}|1\n" + calls)
        lab.night("2026-01-31")
        return lab

    return make


@pytest.fixture(scope="module")
def household(make_household):
    """For tests that only look."""
    return make_household()


def own(answer) -> set[str]:
    return {i["kind"] for i in answer["identifiers"] if not i["shared"]}


def test_a_phone_of_two_customers_answers_for_neither(household):
    for phone in (PHONE, SWITCHBOARD):
        with pytest.raises(UsageError, match=r"records of .* customers") as told:
            whois(household.site, household.store, "phone", phone)
        assert phone[1:] not in str(told.value)
        with pytest.raises(UsageError, match="customer number, login"):
            forget(household.site, household.store, "phone", phone, UNTIL)
    assert not tombstones(household.site).exists()


def test_a_member_of_a_household_is_told_of_by_what_is_theirs_alone(household):
    answer = whois(household.site, household.store, "customer_no", "A1")
    assert own(answer) >= {"customer_no", "email", "order_no"} and "phone" not in own(answer)
    assert [i["kind"] for i in answer["identifiers"] if i["shared"]] == ["phone"]
    assert {event["source"] for event in answer["events"]} >= {"web", "crm"}
    text = "\n".join(as_text(answer))
    assert "shared with others" in text and "crm/people.csv: lines 2" in text and "crm/orders.csv: lines 2" in text
    assert "order 1002" not in text


def test_forgetting_one_leaves_the_other(make_household):
    household = make_household()
    before = household.rows("select order_id from event where order_id is not null order by 1")
    done = forget(household.site, household.store, "email", "Anna@X.example", UNTIL)
    household.check_identity()
    after = household.rows("select order_id from event where order_id is not null order by 1")
    assert sorted(set(before) - set(after)) == [("1001",)]
    assert household.rows("select * from order_product where order_id = '1001'") == []
    assert household.rows("select distinct order_id from order_product where order_id = '1002'") == [("1002",)]
    assert {(f["file"], tuple(f["lines"])) for f in done.files if f["source"] == "crm"} == {
        ("people.csv", (2,)),
        ("orders.csv", (2,)),
    }
    assert whois(household.site, household.store, "customer_no", "B2")["events"]
    assert not whois(household.site, household.store, "customer_no", "A1")["found"]
    household.put("crm", "people-2.csv", f"no,mail,phone\nA1,anna@x.example,{PHONE}\nB2,bert@x.example,{PHONE}\n")
    household.put(
        "crm",
        "orders-2.csv",
        "no,order,at,product\nA1,1001,2026-01-10 12:00:00,tent\nA1,1003,2026-02-10 12:00:00,tent\n",
    )
    household.night("2026-02-28")
    household.check_identity()
    assert [e["order_id"] for e in whois(household.site, household.store, "customer_no", "A1")["events"]] == ["1003"]
    assert household.store.value("select count(*) from identifier where kind = 'email'") == 6, "all but hers"


def test_someone_whom_only_a_table_knows_and_someone_nobody_knows(make_household):
    household = make_household()
    assert own(whois(household.site, household.store, "phone", "+49 170 5634999")) == {"customer_no", "email", "phone"}
    assert forget(household.site, household.store, "phone", "01705634999", UNTIL).n_lines == 1
    n = household.store.value("select count(*) from event")
    assert forget(household.site, household.store, "login", "nobody.knows", UNTIL).n_lines == 0
    assert household.store.value("select count(*) from event") == n
    stones = Forgotten.read(household.site, load_key(household.site.var / "key"))
    assert sum(map(len, stones.identifiers.values())) == 4
    check_tombstones(household)


def check_tombstones(household):
    """Damaged ones, or those of another key, stop the night."""
    path = tombstones(household.site)
    assert path.stat().st_mode & 0o777 == 0o600
    good = path.read_text()
    path.write_text(good.replace("{", "[", 1))
    with pytest.raises(ConfigError, match="damaged"):
        household.load()
    path.write_text(good.replace(json.loads(good.splitlines()[0])["key_id"], "00000000"))
    with pytest.raises(ConfigError, match="another pseudonym key"):
        household.load()


@pytest.mark.parametrize(("kind", "value"), [("phone", "anonymous"), ("email", "no mail"), ("customer_no", "-")])
def test_a_value_that_is_nobody_is_refused_without_being_told(household, kind, value):
    with pytest.raises(UsageError, match=f"no {kind}") as told:
        whois(household.site, household.store, kind, value)
    assert value == "-" or value not in str(told.value)


def test_the_command_line_says_what_is_wrong(household, capsys):
    root = household.root
    assert request.run_whois(root, "shoe_size", "43", False) == 2
    assert request.run_whois(root, "phone", PHONE, False) == 4, "its warehouse is in memory"
    assert "expected one of customer_no" in (said := capsys.readouterr().err) and PHONE not in said


def test_when_nobody_else_is_left_no_table_names_anybody(new_lab, web_line):
    lab = new_lab()
    lab.put("web", "a.log", web_line(1, login="mia"))
    lab.night("2026-01-31")
    forget(lab.site, lab.store, "login", "mia", UNTIL)
    lab.check_identity()
    assert not any(lab.store.has_table(name) for name in ("event", "journey", "customer", "journey_event"))
    assert lab.rows("select n_raw_events, n_dropped from ledger") == [(0, 1)]
    assert not any(lab.rows(f"from {name}") for name in ("raw_event", "party", "identifier", "code"))


# --- retention


def dated(web_line, *days: int) -> str:
    return "".join(web_line(86400 * day + n, f"/d{day}", cookie=f"c{n}") for day in days for n in range(3))


@pytest.fixture
def keeping(new_lab):
    def make(days: int | None):
        options = {"privacy": {"retention_days": days}} if days else {}
        return new_lab({"web": {"adapter": "nginx_combined", "extra": ["cookie"]}}, **options)

    return make


def kept(lab):
    rows = "select status, n_lines, n_accepted, n_quarantined, n_dropped, n_raw_events, path from ledger order by all"
    return (
        lab.raw_events(),
        lab.rows("select * exclude (event_no, source_file) from event order by all"),
        lab.rows(rows),
    )


def test_what_is_past_retention_goes_and_a_rebuild_ends_in_the_same(keeping, web_line):
    lab, rebuilt, unlimited = keeping(10), keeping(10), keeping(None)
    files = {"a.log": dated(web_line, 0, 1) + "broken\n", "b.log": dated(web_line, 5, 12), "c.log": dated(web_line, 14)}
    for number, (name, text) in enumerate(files.items()):
        for one in (lab, rebuilt, unlimited):
            path = one.put("web", name, text)
            os.utime(path, (1768000000, 1768000000))
        lab.night(("2026-01-12", "2026-01-22", "2026-01-24")[number])
    rebuilt.night("2026-01-24")
    unlimited.night("2026-01-24")
    assert kept(lab) == kept(rebuilt)
    lab.check_identity()
    days = lab.rows("select distinct cast(occurred_at as date) from event order by 1")
    assert days == [(dt.date(2026, 1, 15),), (dt.date(2026, 1, 22),), (dt.date(2026, 1, 24),)]
    assert len(lab.raw_events()) == 9 and len(unlimited.raw_events()) == 15
    assert lab.rows("select reason, sum(n_lines) from dropped group by 1") == [("past retention", 7)]
    assert lab.rows("select * from quarantine") == []
    assert lab.rows("select code from code where code in ('GET /d0', 'GET /d1')") == []
    quality = lab.rows("select n, of_n from data_quality where measure = 'lines past retention'")
    assert quality == [(7, 16)]
    assert lab.rows("select value from run_fact where name = 'retention_days'") == [("10",)]


def test_old_lines_that_come_again_stay_away(keeping, web_line):
    lab = keeping(10)
    lab.put("web", "a.log", dated(web_line, 0))
    lab.put("web", "b.log", dated(web_line, 14))
    lab.night("2026-01-24")
    lab.put("web", "a-again.gz", dated(web_line, 0, 1))
    lab.night("2026-01-24")
    lab.check_identity()
    assert len(lab.raw_events()) == 3
    assert lab.rows("select path, n_dropped from ledger where n_dropped > 0 order by 1") == [
        ("a-again.gz", 6),
        ("a.log", 3),
    ]


def test_the_warehouse_is_rewritten_once_a_month(keeping, web_line, monkeypatch):
    lab, written = keeping(10), []
    monkeypatch.setattr(erasure, "rewrite", written.append)
    lab.put("web", "a.log", dated(web_line, *range(40)))
    for night in ("2026-01-24", "2026-01-25", "2026-02-01", "2026-02-02"):
        lab.night(night)
        Erasure(lab.site).rewrite()
    assert len(written) == 2


# --- the rewritten file


def filled(path):
    with Store.open(path) as store:
        store.run("create sequence numbers; create type colour as enum ('red', 'blue')")
        store.run("create table kept (n bigint, c colour, t varchar)")
        store.run(
            "insert into kept select nextval('numbers'), 'blue', 'word' || (i * 7919 % 1000) from range(5000) as r(i)"
        )
        store.run("create table gone as select 'secret ' || i as t from range(5000) as r(i)")
        store.run("checkpoint; delete from gone; checkpoint")
    assert b"secret 49" in path.read_bytes(), "deleting alone leaves the bytes"


def test_a_rewrite_keeps_everything_but_what_was_deleted(tmp_path):
    path = tmp_path / "it's.duckdb"
    filled(path)
    path.chmod(0o640)
    rewrite(path)
    assert b"secret 49" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["it's.duckdb"]
    with Store.open(path) as store:
        assert store.rows("select n from kept") == [(n,) for n in range(1, 5001)], "in their order"
        assert store.value("select nextval('numbers')") == 5001
        assert store.rows("select column_type from (describe kept) where column_name = 'c'") == [
            ("ENUM('red', 'blue')",)
        ]


def test_a_rewrite_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.duckdb"
    filled(path)
    before = path.read_bytes()
    (tmp_path / "w.rewrite").write_bytes(b"half of it, from a run that was killed")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StorageError, match="can't be rewritten"):
        rewrite(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["w.duckdb"]


def test_an_erasure_that_was_stopped_is_still_due(keeping):
    site = keeping(None).site
    Erasure(site).announce(["0123456789ab"])
    (site.reports / "2026-01-01").mkdir()
    (site.reports / "2026-01-01/a.html").write_text("journey 0123456789ab")
    (site.reports / "current").symlink_to("2026-01-01")
    (site.exports / "findings.json").write_text("[]")
    due = Erasure(site)
    assert due.must_rewrite and due.must_remove
    due.remove_exports()
    assert list(site.exports.iterdir()) == []
    assert due.remove_reports() == ["2026-01-01"] and list(site.reports.iterdir()) == []
    assert Erasure(site).journeys == [] and Erasure(site).must_rewrite
