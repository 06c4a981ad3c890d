"""`python -m ingest sniff`: names what files are, says how sure it is, tells nothing personal, and fails on no file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ingest.__main__ import app
from ingest.adapters import adapters
from ingest.settings import Settings
from ingest.sniffing.columns import guess_tables, time_format
from ingest.sniffing.head import Head, read_head
from ingest.sniffing.ocel_head import as_log
from ingest.sniffing.toml_text import toml_lines
from ingest.sniffing.trial import Bench, bench
from ingest.sniffing.verdict import Sniffed, compared, sniff

CASES = Path(__file__).parent / "adapters"
REAL = Path(__file__).parents[3] / "shared" / "realdata"
SHOP = (
    '10.0.0.{n} - - [10/Jan/2026:09:{n:02}:00 +0100] "GET /product/{n} HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/144.0"'
)
# what each file is by its SOURCE.txt and formats.md, for formats that had an adapter when this was written
EXPECTED = {
    "call/amazon_connect_ctr/ctr_mongo_copy_2020-03-31.json": "amazon_connect",
    "call/amazon_connect_ctr/ctr_single_2022-04-08.json": "amazon_connect",
    "call/asterisk_queue_log_logchart_fixture/queue_log": "asterisk_queue_log",
    "call/asterisk_testsuite_fixtures/CELMaster1.csv": "asterisk_cel",
    "call/asterisk_testsuite_fixtures/CELMaster2.csv": "asterisk_cel",
    "call/asterisk_testsuite_fixtures/Master.csv": "asterisk_cdr",
    "call/asterisk_testsuite_fixtures/Master2.csv": "asterisk_cdr",
    "call/asterisk_testsuite_fixtures/good.csv": "asterisk_cdr",
    "call/genesys_conversation_details/conversation1.json": "genesys_conversations",
    "call/pbxware_queue_log_2018/native_derived_Master.csv": "asterisk_cdr",
    "call/pbxware_queue_log_2018/cdr.csv": "pbxware_cdr",
    "call/pbxware_queue_log_2018/queue_log.csv": "pbxware_queue_log",
    "call/pbxware_queue_log_2018/queue_log.native_derived": "asterisk_queue_log",
    "order/olist/olist_customers_dataset.csv": "relational_orders",
    "order/olist/olist_order_reviews_dataset.csv": "relational_orders",
    "order/olist/olist_orders_dataset.csv": "relational_orders",
    "order/shopify_orders_csv_2020_2023/orders_export_1.csv": "shopify_orders_csv",
    "order/woocommerce_rest_json/orders_1.json": "woocommerce_orders",
    "process/helpdesk/helpdesk.xes.gz": "xes",
    "process/ocel/ocel20_example.jsonocel": "ocel",
    "process/ocel/ocel20_example.sqlite": "ocel",
    "process/ocel/ocel20_example.xmlocel": "ocel",
    "process/ocel/recruiting-red.jsonocel": "ocel",
    "process/xes_edge_fixtures/L1_1trace_start_complete_events_non_overlapping.xes": "xes",
    "order/shopify_orders_json_fixture/orders.json": "shopify_orders_json",
    "web/cloudfront_access_log/cloudfront_web_example.log": "w3c_extended",
    "web/elastic_apache_combined_2015/apache_logs": "nginx_combined",
    "web/ga360_sessions_2016/ga_sessions_20160801.json.gz": "ga360_sessions",
    "web/ga4_bigquery_export/events_20210128_one.json": "ga4_events",
    "web/ga4_bigquery_export/events_20231005_partial.ndjson": "ga4_events",
    "web/ga4_derived_from_ga360/events_20160806.json.gz": "ga4_events",
    "web/iis_w3c_dirty_fixtures/IIS_OneLogEntry.log": "w3c_extended",
    "web/log_format_zoo/caddy_json.log": "access_log_json",
    "web/log_format_zoo/common.log.bz2": "access_log",
    "web/log_format_zoo/common_vhost.log": "access_log",
    "web/log_format_zoo/iis_custom.log": "w3c_extended",
    "web/log_format_zoo/ncsa_extended.log": "nginx_combined",
    "web/log_format_zoo/nginx_json.log": "access_log_json",
    "web/snowplow_enriched_tsv/input_dev.tsv": "snowplow_enriched",
    "web/zanbil_shop_nginx_2019/short-access.log": "nginx_combined",
}
# cases whose source declares a format that has no name, which nobody can guess
UNGUESSED = {"access_log"}


@pytest.fixture(scope="module")
def table() -> Iterator[Bench]:
    with bench() as made:
        yield made


def sniffed(table: Bench, folder: Path, name: str, data: bytes) -> Sniffed:
    path = folder / name
    path.write_bytes(data)
    return sniff(path, table)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")
@pytest.mark.parametrize("path", EXPECTED)
def test_a_real_file_is_named(path: str, table: Bench) -> None:
    best, _, _ = compared(read_head(REAL / path), table)
    assert best and (best.adapter.name, best.share >= 0.95) == (EXPECTED[path], True), best


@pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")
def test_what_would_all_be_quarantined_is_told_with_the_reason(table: Bench) -> None:
    """Days of one digit are no ISO 8601; a simulation that begins in 1970 needs `earliest`."""
    dirty = sniff(REAL / "call/genesys_conversation_details/conversation2.json", table)
    told = "genesys_conversations expects ISO 8601 with an offset as segmentStart"
    assert dirty.adapter is None and told in dirty.reason
    early = sniff(REAL / "process/teleclaims/02_teleclaims.xes.gz", table)
    assert early.adapter is None and "xes expects a day from 1995-01-01" in early.reason
    part = sniff(REAL / "order/shopify_orders_json_fixture/transactions.json", table)
    assert part.adapter is None and "an order, and no part of one as order_id" in part.reason


@pytest.mark.parametrize("name", sorted(set(adapters()) - UNGUESSED))
def test_the_cases_of_an_adapter_are_named(name: str, table: Bench, tmp_path: Path) -> None:
    told: dict[str, Any] = tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))
    first = told["file"][0]["name"]
    records = [c["given"] for c in told["case"] if c.get("event") and c.get("file", first) == first]
    if adapters()[name].records == "json":
        data = "\n".join(json.dumps(json.loads(record)) for record in records)
    elif adapters()[name].records == "ocel":
        data = json.dumps(as_log([json.loads(record) for record in records]))
    elif adapters()[name].records == "xml":
        data = "\n".join(["<log>", *records, "</log>"])
    else:
        header = told["file"][0].get("header")
        directives = [c["given"] for c in told["case"] if "blank" in c and c["given"].startswith("#")][:1]
        data = "\n".join(([header] if header else []) + directives + records)
    (tmp_path / first).write_bytes(data.encode())
    best, _, tried = compared(read_head(tmp_path / first), table)
    assert best and best.adapter.name == name, [(trial.adapter.name, trial.share, trial.reason) for trial in tried]
    assert best.n_events


def test_it_says_how_sure_it_is_and_what_to_write(table: Bench, tmp_path: Path) -> None:
    lines = "".join(SHOP.format(n=n) + "\n" for n in range(1, 41))
    found = sniffed(table, tmp_path, "access.log", lines.encode())
    assert (found.adapter, found.sureness, found.n_lines, found.share) == ("nginx_combined", "sure", 40, 1.0)
    assert found.runner_up and found.runner_up.adapter == "access_log"
    assert [event.code for event in found.events] == [f"GET /product/{n}" for n in range(1, 11)]
    assert found.first_at == "2026-01-10 08:01:00"
    half = sniffed(table, tmp_path, "half.log", (lines + "no line of a log\n" * 30).encode())
    assert half.sureness == "doubtful" and half.share == round(40 / 70, 4)
    assert any("30 of 70 lines would be in quarantine" in doubt for doubt in half.doubts)


def test_the_field_after_the_user_agent_is_an_address_or_a_cookie(table: Bench, tmp_path: Path) -> None:
    for last, extra in (("-", "forwarded_for"), ("10.1.2.3, 10.9.9.9", "forwarded_for"), ("v=8a7c", "cookie")):
        lines = "".join(SHOP.format(n=n) + f' "{last}"\n' for n in range(1, 21))
        assert sniffed(table, tmp_path, "a.log", lines.encode()).settings == {"extra": [extra]}


def test_what_it_says_can_stand_in_site_toml(table: Bench, tmp_path: Path) -> None:
    rows = "".join(f'o{n},k{n % 7},2026-01-{n:02} 10:00:00,"a ""b"""\n' for n in range(1, 25))
    data = f"order_id,customer_id,Created at,no\\te\n{rows}"
    found = sniffed(table, tmp_path, "orders export.csv", data.encode())
    text = "[site]\nname = 'x'\n[[source]]\nname = 'x'\n" + "\n".join(
        toml_lines("source", {"adapter": found.adapter, **found.settings})
    )
    source = Settings.model_validate(tomllib.loads(text)).source[0]
    (guessed,) = source.tables.values()
    assert guessed.events == {"created": "Created at"}
    assert guessed.identifiers == {"order_no": "order_id", "customer_no": "customer_id"}
    assert any("which clock" in doubt for doubt in found.doubts)


def test_a_table_as_parquet(table: Bench, tmp_path: Path) -> None:
    rows = pa.table({"order_id": [f"o{n}" for n in range(30)], "paid_at": ["2026-01-10 10:00:00"] * 30})
    pq.write_table(rows, tmp_path / "orders.parquet")
    found = sniff(tmp_path / "orders.parquet", table)
    assert found.adapter == "relational_orders" and found.n_events == 30


def test_another_encoding_is_told(table: Bench, tmp_path: Path) -> None:
    rows = "".join(f"o{n},2026-01-10 10:00:00,Zürich\n" for n in range(20))
    text = f"order_id,paid_at,town\n{rows}"
    for encoding, said in (("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("cp1252", "cp1252")):
        found = sniffed(table, tmp_path, "orders.csv", text.encode(encoding))
        assert (found.adapter, found.settings.get("encoding")) == ("relational_orders", said)


def test_a_first_row_of_data_is_no_header_and_is_not_shown() -> None:
    head = Head(
        Path("x.csv"), data=b"Mia Wolf,mia@example.net,2026-01-10 10:00:00\nTom,tom@example.net,2026-01-11 10:00:00\n"
    )
    assert guess_tables(head) == []


def test_days_and_months_that_may_be_the_other_way_round_are_a_doubt(table: Bench, tmp_path: Path) -> None:
    rows = "".join(f"o{n},0{n % 9 + 1}/0{n % 7 + 1}/2026 10:00\n" for n in range(20))
    found = sniffed(table, tmp_path, "orders.csv", f"order_id,paid_at\n{rows}".encode())
    assert any("other way round" in doubt for doubt in found.doubts)
    assert time_format(["13/01/2026 10:00", "01/02/2026 10:00"]) == "%d/%m/%Y %H:%M"


def test_nothing_personal_is_said(tmp_path: Path) -> None:
    lines = "".join(
        SHOP.format(n=n).replace("/product/", "/user/mia.wolf@example.net/").replace("10.0.0.", "192.0.2.") + "\n"
        for n in range(1, 30)
    )
    calls = "".join(f"17363{n:05}|17363{n:05}.1|sales|NONE|ENTERQUEUE||+491601502090|1\n" for n in range(30))
    (tmp_path / "mia.wolf@example.net.log").write_text(lines, encoding="utf-8")
    (tmp_path / "queue_log").write_text(calls, encoding="utf-8")
    for options in ([], ["--json"]):
        said = CliRunner().invoke(app, ["sniff", str(tmp_path), *options])
        assert said.exit_code == 0, said.output
        for value in ("mia", "wolf", "192.0.2", "1601502090"):
            assert value not in said.output.replace(str(tmp_path), "").lower()
        assert "GET /user/{email}" in said.output and "asterisk_queue_log" in said.output


def test_the_commands_end(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Dear Mia,\nthis is no log.\n", encoding="utf-8")
    said = CliRunner().invoke(app, ["sniff", str(tmp_path), "--json"])
    assert said.exit_code == 3 and json.loads(said.stdout)["files"][0]["adapter"] is None
    assert CliRunner().invoke(app, ["sniff", str(tmp_path / "absent")]).exit_code == 2
    assert CliRunner().invoke(app, ["sniff", "x" * 5000]).exit_code == 2
    (tmp_path / "empty").mkdir()
    assert CliRunner().invoke(app, ["sniff", str(tmp_path / "empty")]).exit_code == 2


LINES = "".join(SHOP.format(n=n) + "\n" for n in range(1, 41)).encode()
NASTY = {
    "empty": b"",
    "blank": b" \n\n\t\n",
    "one byte": b"\x00",
    "binary": bytes(range(256)) * 40,
    "cut gzip": gzip.compress(LINES * 50)[:-20],
    "gzip of nothing": gzip.compress(b""),
    "gzip mark alone": b"\x1f\x8b",
    "bzip2 with a wrong byte": bz2.compress(LINES)[:60] + b"\xff" + bz2.compress(LINES)[61:],
    "half UTF-16": "abc|def".encode("utf-16")[:-1],
    "one long line": b"a" * (9 * 1024 * 1024),
    "one long line of JSON": b"[" * (9 * 1024 * 1024),
    "deep JSON": b"[" * 100_000 + b"]" * 100_000,
    "JSON cut": b'{"orders": [{"id": 1, "created_at": "2026-0',
    "JSON of a number": b"[1, 2, 3]",
    "stray quotes": b'a,b\n"1,2\n3,4\n' * 50,
    "header alone": b"order_id,created_at\n",
    "carriage returns": b"a,b\r1,2\r3,4\r",
    "Parquet mark alone": b"PAR1",
    "SQLite mark alone": b"SQLite format 3\x00",
    "zip": b"PK\x03\x04" + b"\x00" * 50,
    "wild numbers": b"99999999999999999999|NONE|x|y|ENTERQUEUE||1|1\n" * 3,
}


@pytest.mark.parametrize("name", NASTY)
def test_no_file_is_a_reason_to_fail(name: str, table: Bench, tmp_path: Path) -> None:
    found = sniffed(table, tmp_path, "nasty", NASTY[name])
    assert found.adapter or found.reason
    if name == "cut gzip":
        assert found.adapter == "nginx_combined" and any("damaged" in doubt for doubt in found.doubts)


def test_links_pipes_and_folders_are_told(table: Bench, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "can't be read" in sniff(tmp_path / "link", table).reason
    assert sniff(tmp_path, table).reason


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes(data: bytes, table: Bench, tmp_path: Path) -> None:
    found = sniffed(table, tmp_path, "any", data)
    assert found.adapter or found.reason


def test_a_document_is_cut_to_its_first_elements(tmp_path: Path) -> None:
    orders = [{"id": n, "note": "x" * 2000} for n in range(2000)]
    (tmp_path / "orders.json").write_text(json.dumps({"orders": orders}), encoding="utf-8")
    head = read_head(tmp_path / "orders.json")
    assert len(json.load(io.BytesIO(head.data))["orders"]) == 300


def test_attributes_of_an_event_log_that_identify_are_guessed(table: Bench, tmp_path: Path) -> None:
    trace = (
        '<trace><string key="concept:name" value="T{n}"/><event><string key="concept:name" value="Open"/>'
        '<date key="time:timestamp" value="2026-01-1{n}T09:00:00+00:00"/><string key="org:resource" value="R{n}"/>'
        '<string key="Customer ID" value="C&amp;{n}"/><string key="order_id" value="O{n}"/></event></trace>'
    )
    text = "<log>" + "".join(trace.format(n=n) for n in range(8)) + "</log>"
    (tmp_path / "log.xes").write_text(text, encoding="utf-8")
    found = sniff(tmp_path / "log.xes", table)
    assert found.adapter == "xes" and found.n_events == 8
    assert found.settings == {"objects": {"Customer ID": "customer_no"}}, "what a case is stays the operator's word"
    assert any("'Customer ID'" in doubt and "guess" in doubt for doubt in found.doubts)
