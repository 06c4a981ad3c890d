"""Every real file of a format, loaded by its adapter: events and what is quarantined against counts of their own.

The counts are made with Python's csv and json and with lxml, on the raw files, by code that knows nothing of ours. The
files stand beside the project (../shared/realdata) and are never committed; without them these tests skip.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from test_real_sites import REAL
from tiny_site import KEY

from ingest.load import load
from ingest.robots import is_robot
from ingest.site import Site
from ingest.store import Store

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")


def text(path: str) -> str:
    data = (REAL / path).read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")


def lines(path: str) -> list[str]:
    return [line for line in text(path).split("\n") if line.strip()]


def table(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text(path).splitlines(keepends=True)))


def documents(path: str) -> Iterator[Any]:
    """JSON documents one after the other, however they are parted."""
    rest, decoder = text(path).strip(), json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].strip()


@dataclass
class Real:
    """Files of one format and what must come of them: `counts` by name of a query, each with its own count."""

    adapter: str
    files: list[str]
    counts: dict[str, tuple[str, Callable[[], int]]]
    options: str = ""
    n_quarantined: int = 0
    reasons: set[str] = field(default_factory=set)


CODE = "select count(*) from raw_event inner join code using (code_id) where code.code {}"
SUM = "select sum({}) // 1000 from raw_event inner join code using (code_id) where code.code like '{}%'"
ALL = CODE.format("is not null")
CALL = "call"
PBX, TESTSUITE = f"{CALL}/pbxware_queue_log_2018", f"{CALL}/asterisk_testsuite_fixtures"
CONNECT = [f"{CALL}/amazon_connect_ctr/{name}.json" for name in ("ctr_mongo_copy_2020-03-31", "ctr_single_2022-04-08")]
GENESYS = [f"{CALL}/genesys_conversation_details/conversation{n}.json" for n in (1, 2)]


WEB, ZOO = "web", "web/log_format_zoo"
DROPPED = "select sum(n_lines) from dropped where reason = '{}'"
GA4 = ["events_20210128_one.json", "events_20231005_partial.ndjson", "events_dbt_base_20210406_one.json"]
GA4_DAY = f"{WEB}/ga4_derived_from_ga360/events_20160806.json.gz"
CLOUDFRONT = f"{WEB}/cloudfront_access_log/cloudfront_web_example.log"
SNOWPLOW = f"{WEB}/snowplow_enriched_tsv/input_dev.tsv"
STATIC = r"(?i)\.(css|js|mjs|map|png|jpg|jpeg|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp4|webm)$"
STATIC += r"|^/(robots\.txt|sitemap\.xml)$"
LINE = re.compile(r'^\S+ .*?\] "(\S+) ([^" ?#]*)[^"]*" (\d+) \S+ "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"')


def is_static(line: str) -> bool:
    found = re.search(r'"[^" ]* ([^" ?#]*)', line)
    return bool(found and re.search(STATIC, found[1]))


def people_s_answers(path: str) -> list[str]:
    """Status of the pages that somebody looked at: no picture, no robot, no look at the head only."""
    found = [match for line in lines(path) if (match := LINE.match(line))]
    return [
        m[3]
        for m in found
        if m[1] not in ("HEAD", "OPTIONS") and not re.search(STATIC, m[2]) and m[4] != "-" and not is_robot(m[4])
    ]


SHOPIFY = "order/shopify_orders_csv_2020_2023/orders_export_1.csv"
TWILIO = "call/twilio_calls_fixture/twilio_call_data.csv"
INTERVALS, CASE = "process/pm4py_csv_interval/interval_event_log.csv", "case:concept:name"
ATOMIC = "web/snowplow_web_events_dbt/snowplow_web_events.csv"
WOO = ["orders_1", "orders_2", "orders_3", "order-notes_1", "order-refunds_1"]
STRIPE = "order/stripe_objects_fixture/fixtures_subset.json"
XES = [
    ("small_teaching_logs/01_running-example.xes.gz", 0, ""),
    ("small_teaching_logs/03_repairExample.xes.gz", 0, ""),
    ("small_teaching_logs/04_reviewing.xes.gz", 0, ""),
    ("small_teaching_logs/08_receipt.xes.gz", 0, ""),
    ("small_teaching_logs/10_orders.xes.gz", 0, ""),
    ("small_teaching_logs/11_tickets.xes.gz", 0, ""),
    ("small_teaching_logs/19_roadtraffic_1t_per_variant.xes.gz", 231, "case"),  # no trace has a name
    ("pm4py_csv_interval/roadtraffic100traces.xes", 0, ""),
    ("pm4py_csv_interval/xes_20.xes", 1, "case"),
    ("xes_edge_fixtures/A1_overlap_no_waiting_time.xes", 1, "time:timestamp"),
    ("xes_edge_fixtures/L1_1trace_1event.xes", 0, ""),
    ("xes_edge_fixtures/L1_1trace_complete_events_only.xes", 0, ""),
    ("xes_edge_fixtures/L1_1trace_empty_trace.xes", 0, ""),
    ("xes_edge_fixtures/L1_1trace_start_complete_events_non_overlapping.xes", 0, ""),
]


LARGE = [
    ("helpdesk/helpdesk.xes.gz", 0, ""),
    ("teleclaims/02_teleclaims.xes.gz", 0, ""),
    ("bpic2012/bpic2012.xes.gz", 0, ""),
]
if os.environ.get("FRONTSTAGE_TRUTH"):
    XES += LARGE


def traces(path: str) -> list[Any]:
    return etree.fromstring(text(path).encode()).findall("{*}trace")


def work(path: str) -> int:
    """Events of a log; a start and the next completion of its activity and instance are one."""
    n = 0
    for trace in traces(path):
        lifecycles: dict[tuple[str, str], str] = {}
        events = [{child.get("key"): child.get("value") for child in event} for event in trace.findall("{*}event")]
        if trace.find("*[@key='concept:name']") is None or any(
            not event.get("time:timestamp") or not event.get("concept:name") for event in events
        ):
            continue
        for event in events:
            key = (event["concept:name"], event.get("concept:instance", ""))
            lifecycle = event.get("lifecycle:transition", "complete").lower()
            n += not (lifecycle == "complete" and lifecycles.get(key) == "start")
            lifecycles[key] = lifecycle
    return n


def sessions() -> list[dict[str, Any]]:
    days = [f"{WEB}/ga360_sessions_2016/ga_sessions_2016080{n}.json.gz" for n in (1, 2)]
    return [session for day in days for session in json.loads(text(day))]


def stamps(contact: dict[str, Any]) -> int:
    """Moments of a contact that an agent took: made, queued, answered, over."""
    own = [contact.get(key) for key in ("InitiationTimestamp", "TransferCompletedTimestamp", "DisconnectTimestamp")]
    queued, agent = contact.get("Queue") or {}, contact.get("Agent") or {}
    return sum(map(bool, [*own, queued.get("EnqueueTimestamp"), agent.get("ConnectedToAgentTimestamp")]))


def segments(path: str) -> int:
    (conversation,) = documents(path)
    return sum(len(s["segments"]) for p in conversation["participants"] for s in p["sessions"])


OCEL = "process/ocel"


def purchases() -> dict[str, Any]:
    return dict(json.loads(text(f"{OCEL}/ocel20_example.jsonocel")))


def of_type(kind: str) -> list[tuple[str, str]]:
    """(event, object) of the objects of a type."""
    objects = {one["id"] for one in purchases()["objects"] if one["type"] == kind}
    pairs = ((e["id"], one["objectId"]) for e in purchases()["events"] for one in e["relationships"])
    return sorted({pair for pair in pairs if pair[1] in objects})


def old(name: str) -> dict[str, Any]:
    return dict(json.loads(text(f"{OCEL}/{name}.jsonocel")))


def kinds(name: str) -> Counter[str]:
    return Counter(one["ocel:type"] for one in old(name)["ocel:objects"].values())


def applied(prefix: str) -> int:
    """Objects that an event names."""
    named = {name for event in old("recruiting-red")["ocel:events"].values() for name in event["ocel:omap"]}
    return sum(name.startswith(prefix) for name in named)


REALS = {
    "queue_log, parameters as of 2010": Real(
        "asterisk_queue_log",
        [f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log"],
        {
            "events": (ALL, lambda: len(lines(f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log"))),
            "seconds talked": (
                "select sum(handle_ms) // 1000 from raw_event",
                lambda: sum(
                    int(line.split("|")[6])
                    for line in lines(f"{CALL}/asterisk_queue_log_logchart_fixture/queue_log")
                    if "|COMPLETE" in line
                ),
            ),
        },
    ),
    "PBXware's queue_log": Real(
        "pbxware_queue_log",
        [f"{PBX}/queue_log.csv"],
        {
            "events": (ALL, lambda: len(table(f"{PBX}/queue_log.csv"))),
            "calls that enter": (
                CODE.format("like 'ENTERQUEUE %'"),
                lambda: sum(row["event"] == "ENTERQUEUE" for row in table(f"{PBX}/queue_log.csv")),
            ),
            "seconds talked": (
                SUM.format("handle_ms", "COMPLETE"),
                lambda: sum(
                    int(row["ttime"]) for row in table(f"{PBX}/queue_log.csv") if row["event"].startswith("COMPLETE")
                ),
            ),
            "seconds waited by those who gave up": (
                SUM.format("wait_ms", "ABANDON"),
                lambda: sum(int(row["htime"]) for row in table(f"{PBX}/queue_log.csv") if row["event"] == "ABANDON"),
            ),
        },
    ),
    "PBXware's call detail records, callers quoted twice": Real(
        "pbxware_cdr",
        [f"{PBX}/cdr.csv"],
        {
            "records": (ALL, lambda: len(lines(f"{PBX}/cdr.csv")) - 1),
            "answered": (CODE.format("like '% ANSWERED%'"), lambda: text(f"{PBX}/cdr.csv").count(",ANSWERED,")),
            "seconds billed, as in the same records in Asterisk's layout": (
                "select sum(handle_ms) // 1000 from raw_event",
                lambda: sum(int(row[13]) for row in csv.reader(lines(f"{PBX}/native_derived_Master.csv"))),
            ),
            "calls": (
                "select count(distinct call_id) from raw_event",
                lambda: len({row[19] for row in csv.reader(lines(f"{PBX}/native_derived_Master.csv"))}),
            ),
        },
    ),
    "Asterisk's call detail records": Real(
        "asterisk_cdr",
        [f"{TESTSUITE}/good.csv", f"{TESTSUITE}/Master.csv"],
        {"events": (ALL, lambda: len(lines(f"{TESTSUITE}/good.csv")) + len(lines(f"{TESTSUITE}/Master.csv")))},
    ),
    "call detail records with a quote too few": Real(
        "asterisk_cdr", [f"{TESTSUITE}/buggy.csv"], {"events": (ALL, lambda: 0)}, n_quarantined=1, reasons={"quoting"}
    ),
    "Asterisk's channel events": Real(
        "asterisk_cel",
        [f"{TESTSUITE}/CELMaster1.csv", f"{TESTSUITE}/CELMaster2.csv"],
        {
            "events": (
                ALL,
                lambda: sum(len(lines(f"{TESTSUITE}/CELMaster{n}.csv")) for n in (1, 2)),
            ),
            "calls": ("select count(distinct call_id) from raw_event", lambda: 2),
        },
    ),
    "Amazon Connect, two documents": Real(
        "amazon_connect", CONNECT, {"events": (ALL, lambda: sum(stamps(c) for p in CONNECT for c in documents(p)))}
    ),
    "Genesys Cloud; a day of one digit": Real(
        "genesys_conversations",
        GENESYS,
        {"events": (ALL, lambda: segments(GENESYS[0]))},
        n_quarantined=1,
        reasons={"segmentStart"},
    ),
    "Apache combined, 10,000 lines": Real(
        "access_log",
        ["web/elastic_apache_combined_2015/apache_logs"],
        {
            "lines": (
                "select n_lines from ledger",
                lambda: len(lines(f"{WEB}/elastic_apache_combined_2015/apache_logs")),
            ),
            "pictures and scripts": (
                DROPPED.format("static"),
                lambda: sum(is_static(line) for line in lines(f"{WEB}/elastic_apache_combined_2015/apache_logs")),
            ),
            "answers that were errors": (
                CODE.format("like '% -> 4xx'"),
                lambda: sum(
                    answer[0] == "4" for answer in people_s_answers(f"{WEB}/elastic_apache_combined_2015/apache_logs")
                ),
            ),
        },
        n_quarantined=1,
        reasons={"fields"},
    ),
    "nginx with one field more": Real(
        "access_log",
        [f"{WEB}/zanbil_shop_nginx_2019/short-access.log"],
        {
            "lines": (
                "select n_lines from ledger",
                lambda: len(lines(f"{WEB}/zanbil_shop_nginx_2019/short-access.log")),
            ),
            "pictures and scripts": (
                DROPPED.format("static"),
                lambda: sum(is_static(line) for line in lines(f"{WEB}/zanbil_shop_nginx_2019/short-access.log")),
            ),
        },
        options='log_format = \'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
        ' "$http_referer" "$http_user_agent" "$http_x_forwarded_for"\'',
    ),
    "IIS, NetScaler, CloudFront": Real(
        "w3c_extended",
        [f"{ZOO}/{name}.log" for name in ("iis", "netscaler", "iis_custom", "amazon_cloudfront_web")] + [CLOUDFRONT],
        {
            "lines that are read": (
                "select sum(n_accepted) from ledger",
                lambda: (
                    sum(
                        not line.startswith("#")
                        for name in ("iis", "netscaler", "iis_custom", "amazon_cloudfront_web")
                        for line in lines(f"{ZOO}/{name}.log")
                    )
                    + 6
                ),
            ),
            "pictures": (DROPPED.format("static"), lambda: text(CLOUDFRONT).count("/favicon.ico\t")),
            "machines": (DROPPED.format("robot"), lambda: text(CLOUDFRONT).count("\tcurl/")),
        },
    ),
    "IIS with every fault": Real(
        "w3c_extended",
        [f"{WEB}/iis_w3c_dirty_fixtures/BadSamples.log"],
        {"machines": (DROPPED.format("static"), lambda: 1), "events": (ALL, lambda: 0)},
        n_quarantined=5,
        reasons={"fields"},
    ),
    "nginx, Caddy and Traefik in JSON": Real(
        "access_log_json",
        [f"{ZOO}/{name}_json.log" for name in ("nginx", "caddy", "traefik")],
        {"events": (ALL, lambda: 4), "pictures": (DROPPED.format("static"), lambda: 2)},
    ),
    "GA4, absent fields and explicit nulls": Real(
        "ga4_events",
        [f"{WEB}/ga4_bigquery_export/{name}" for name in GA4],
        {"events": (ALL, lambda: sum(1 for name in GA4 for _ in documents(f"{WEB}/ga4_bigquery_export/{name}")))},
    ),
    "GA4, a day": Real(
        "ga4_events",
        [GA4_DAY],
        {
            "events": (ALL, lambda: len(lines(GA4_DAY))),
            "browsers": (
                "select count(distinct cookie) from party",
                lambda: len({json.loads(line)["user_pseudo_id"] for line in lines(GA4_DAY)}),
            ),
            "purchases": (
                CODE.format("like 'purchase%'"),
                lambda: sum(json.loads(line)["event_name"] == "purchase" for line in lines(GA4_DAY)),
            ),
        },
    ),
    "GA360, two days": Real(
        "ga360_sessions",
        [f"{WEB}/ga360_sessions_2016/ga_sessions_2016080{n}.json.gz" for n in (1, 2)],
        {
            "sessions": ("select sum(n_accepted) from ledger", lambda: len(sessions())),
            "hits": (ALL, lambda: sum(len(session["hits_sample"]) for session in sessions())),
            "pages": (
                CODE.format("like 'PAGE %'"),
                lambda: sum(hit["type"] == "PAGE" for session in sessions() for hit in session["hits_sample"]),
            ),
        },
    ),
    "Snowplow": Real(
        "snowplow_enriched",
        [SNOWPLOW],
        {
            "events": (ALL, lambda: len(lines(SNOWPLOW))),
            "pages": (
                CODE.format("like 'page_view%'"),
                lambda: sum(line.split("\t")[5] == "page_view" for line in lines(SNOWPLOW)),
            ),
            "browsers": (
                "select count(distinct cookie) from party",
                lambda: len({line.split("\t")[15] or line.split("\t")[17] for line in lines(SNOWPLOW)}),
            ),
        },
    ),
    "Shopify's orders as JSON; a transaction is none": Real(
        "shopify_orders_json",
        [f"order/shopify_orders_json_fixture/{name}.json" for name in ("orders", "transactions")],
        {
            "orders": (
                CODE.format("like 'created%'"),
                lambda: len(json.loads(text("order/shopify_orders_json_fixture/orders.json"))["orders"]),
            ),
            "transactions": (
                "select count(*) from quarantine",
                lambda: len(json.loads(text("order/shopify_orders_json_fixture/transactions.json"))),
            ),
        },
        n_quarantined=1,
        reasons={"order_id"},
    ),
    "Shopify's export, 228 orders": Real(
        "shopify_orders_csv",
        [SHOPIFY],
        {
            "orders": (CODE.format("like 'created%'"), lambda: len({row["Name"] for row in table(SHOPIFY)})),
            "paid": (CODE.format("= 'paid'"), lambda: sum(row["Paid at"] != "" for row in table(SHOPIFY))),
            "sent": (CODE.format("= 'fulfilled'"), lambda: sum(row["Fulfilled at"] != "" for row in table(SHOPIFY))),
            "articles": (
                "select count(distinct product_id) from order_product",
                lambda: len({row["Lineitem sku"] or row["Lineitem name"] for row in table(SHOPIFY)}),
            ),
            "people by their address": (
                "select count(distinct email) from party",
                lambda: len({row["Email"].lower() for row in table(SHOPIFY)} - {""}),
            ),
        },
    ),
    "WooCommerce: orders, one of them twice; a note, a refund": Real(
        "woocommerce_orders",
        [f"order/woocommerce_rest_json/{name}.json" for name in WOO],
        {
            "orders": ("select count(distinct record_key) from raw_event", lambda: 2 + 1 + 1),
            "paid": (
                CODE.format("= 'paid'") + " and record_version = (select max(record_version) from raw_event)",
                lambda: 2,
            ),
        },
    ),
    "Stripe's objects": Real(
        "stripe_objects",
        [STRIPE],
        {"objects": ("select sum(n_lines) from ledger", lambda: 1)},
        n_quarantined=1,
        reasons={"id"},
    ),
    "a table of calls, times with UTC behind them, the 30th of February": Real(
        "relational_orders",
        [TWILIO],
        {
            "calls": (ALL, lambda: sum("-02-30" not in row["start_time"] for row in table(TWILIO))),
            "completed": (
                CODE.format("= 'calls.made completed'"),
                lambda: sum(
                    row["status"] == "completed" and "-02-30" not in row["start_time"] for row in table(TWILIO)
                ),
            ),
        },
        options="[source.tables.calls]\nfiles = '*'\ncode = 'status'\n"
        "identifiers = { call_no = 'id', phone = 'from' }\n"
        "time_formats = ['%Y-%m-%d %H:%M:%S.%f %Z']\nevents = { made = 'start_time' }\nends = { made = 'end_time' }",
        n_quarantined=sum("-02-30" in row["start_time"] for row in table(TWILIO)) if REAL.is_dir() else 0,
        reasons={"time"},
    ),
    "an event log as a table, with begins and ends": Real(
        "relational_orders",
        [INTERVALS],
        {
            "events": (ALL, lambda: len(table(INTERVALS))),
            "cases": (
                "select count(distinct order_id) from raw_event",
                lambda: len({row[CASE] for row in table(INTERVALS)}),
            ),
            "with an end": (
                "select count(ended_at) from raw_event",
                lambda: sum(row["start_timestamp"] <= row["time:timestamp"] for row in table(INTERVALS)),
            ),
        },
        options="[source.tables.log]\nfiles = '*'\ncode = 'concept:name'\n"
        "identifiers = { order_no = 'case:concept:name' }\n"
        "time_formats = ['%Y-%m-%d %H:%M:%S%z', '%Y-%m-%d %H:%M:%S.%f%z']\n"
        "events = { did = 'start_timestamp' }\nends = { did = 'time:timestamp' }",
    ),
    "Snowplow's events as a warehouse exports them": Real(
        "relational_orders",
        [ATOMIC],
        {
            "events": (ALL, lambda: len(table(ATOMIC))),
            "pages": (
                CODE.format("= 'events.did page_view'"),
                lambda: sum(row["event_name"] == "page_view" for row in table(ATOMIC)),
            ),
        },
        options="[source.tables.events]\nfiles = '*'\nidentifiers = { cookie = 'domain_userid', login = 'user_id' }\n"
        "code = 'event_name'\nevents = { did = 'collector_tstamp' }",
    ),
    **{
        f"OCEL 2.0, {form}": Real(
            "ocel",
            [f"{OCEL}/ocel20_example.{form}"],
            {
                "events": ("select count(distinct event_id) from raw_event", lambda: 13),
                "events of purchase orders": (
                    "select count(*) from raw_event where order_id is not null",
                    lambda: len(of_type("Purchase Order")),
                ),
                "relations of objects, lines of their own": (
                    "select sum(n_lines) from ledger",
                    lambda: 13 + sum(bool(one.get("relationships")) for one in purchases()["objects"]),
                ),
                "requisitions": (CODE.format("like '%Purchase Requisition'"), lambda: 2),
            },
            options="objects = { 'Purchase Order' = 'order_no' }",
        )
        for form in ("jsonocel", "xmlocel", "sqlite")
    },
    "OCEL 1.0, orders": Real(
        "ocel",
        [f"{OCEL}/example_log.jsonocel"],
        {
            "events": (ALL, lambda: len(old("example_log")["ocel:events"])),
            "orders": ("select count(distinct order_id) from raw_event", lambda: kinds("example_log")["order"]),
        },
        options="objects = { order = 'order_no' }\nearliest = 1970-01-01",
    ),
    "OCEL 1.0, applications": Real(
        "ocel",
        [f"{OCEL}/recruiting-red.jsonocel"],
        {
            "one for each application, or for none": (
                ALL,
                lambda: sum(
                    max(1, sum(name.startswith("Application[") for name in event["ocel:omap"]))
                    for event in old("recruiting-red")["ocel:events"].values()
                ),
            ),
            "applications": ("select count(distinct reference) from party", lambda: applied("Application[")),
        },
        options="case = 'reference'\nobjects = { applications = 'reference', applicants = 'customer_no' }",
    ),
    **{
        f"XES: {path}": Real(
            "xes",
            [f"process/{path}"],
            {
                "pieces of work": (ALL, lambda path=path: work(f"process/{path}")),
                "cases": ("select sum(n_lines) from ledger", lambda path=path: len(traces(f"process/{path}"))),
            },
            options="earliest = 1970-01-01",
            n_quarantined=n,
            reasons={reason} if n else set(),
        )
        for path, n, reason in XES
    },
}


def loaded(real: Real, folder: Path) -> Store:
    """A warehouse in memory with the files of one format."""
    (folder / "inbox" / "src").mkdir(parents=True)
    for path in real.files:
        shutil.copy(REAL / path, folder / "inbox" / "src")
    (folder / "site.toml").write_text(
        f'[site]\nname = "Real"\n[[source]]\nname = "src"\nadapter = "{real.adapter}"\n{real.options}\n',
        encoding="utf-8",
    )
    site, store = Site(folder), Store.open(None, threads=1)
    site.prepare()
    load(site, store)
    return store


@pytest.mark.parametrize("name", REALS)
def test_counts_of_a_real_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTSTAGE_KEY", KEY)
    real = REALS[name]
    with loaded(real, tmp_path / "site") as store:
        for row in store.records("select * from ledger"):
            assert row["status"] == "loaded", row["reason"]
            parts = row["n_accepted"] + row["n_duplicate"] + row["n_quarantined"] + row["n_blank"]
            assert row["n_lines"] == parts
        found = store.rows("select field, count(*) from quarantine group by field")
        assert ({reason for reason, _ in found}, sum(n for _, n in found)) == (real.reasons, real.n_quarantined)
        for what, (query, count) in real.counts.items():
            assert int(store.value(query) or 0) == count(), what


def test_each_of_stripe_s_objects_is_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds one object of each kind under its name; here they stand in a list, as the interface answers."""
    monkeypatch.setenv("FRONTSTAGE_KEY", KEY)
    (objects,) = documents(STRIPE)
    folder = tmp_path / "site"
    with loaded(Real("stripe_objects", [], {}), folder) as store:
        answer = json.dumps({"object": "list", "data": list(objects.values())})
        (folder / "inbox" / "src" / "list.json").write_text(answer, encoding="utf-8")
        load(Site(folder), store)
        codes = {
            code.split()[0] for (code,) in store.rows("select code from raw_event inner join code using (code_id)")
        }
        assert codes == {kind if kind != "event" else objects["event"]["type"] for kind in objects}


def test_contacts_without_anything_between_them_and_delivered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a delivery stream writes them; a contact that changed later is one contact, in its newest state."""
    monkeypatch.setenv("FRONTSTAGE_KEY", KEY)
    contacts = [next(documents(path)) for path in CONNECT]
    later = contacts[1] | {"LastUpdateTimestamp": "2022-04-13T08:00:00Z", "DisconnectReason": "OTHER"}
    folder = tmp_path / "site"
    with loaded(Real("amazon_connect", CONNECT, {}), folder) as store:
        stream = folder / "inbox" / "src" / "stream"
        stream.write_text("".join(json.dumps(c) for c in (*contacts, later)), encoding="utf-8")
        load(Site(folder), store)
        assert store.value("select n_lines from ledger where path = 'stream'") == 3
        newest = store.rows("""select distinct on (record_key, code.code) code.code
            from raw_event inner join code using (code_id)
            where (record_key, record_version) in (select record_key, max(record_version) from raw_event group by 1)""")
        assert ("disconnect OTHER",) in newest and ("disconnect CUSTOMER_DISCONNECT",) not in newest
