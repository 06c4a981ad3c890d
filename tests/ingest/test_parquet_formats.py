"""Formats of JSON and event logs as tables, delivered as Parquet: the same events as from text, and counted once."""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CASES = Path(__file__).parent / "adapters"
ANY = [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]
VALUE = pa.struct(
    [
        ("string_value", pa.string()),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("double_value", pa.float64()),
    ]
)
GA4 = pa.schema(
    [
        ("event_date", pa.string()),
        ("event_timestamp", pa.int64()),
        ("event_name", pa.string()),
        ("event_params", pa.list_(pa.struct([("key", pa.string()), ("value", VALUE)]))),
        ("event_bundle_sequence_id", pa.int64()),
        ("user_id", pa.string()),
        ("user_pseudo_id", pa.string()),
        ("ecommerce", pa.struct([("transaction_id", pa.string()), ("purchase_revenue", pa.float64())])),
        ("items", pa.list_(pa.struct([("item_id", pa.string()), ("quantity", pa.int64())]))),
    ]
)


def parquet(rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.Table.from_pylist(rows, schema) if schema else pa.table({n: [row.get(n) for row in rows] for n in names})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def visits(n: int) -> list[dict[str, Any]]:
    """Events as a warehouse holds them; two of each page have all but their place in common."""
    return [
        {
            "event_date": "20260110",
            "event_timestamp": 1_768_032_000_000_000 + 1000 * (i // 2),
            "event_name": "purchase" if i % 7 == 6 else "page_view",
            "event_params": [
                {"key": "page_location", "value": {"string_value": f"https://shop.example/p/{i}"}},
                {"key": "ga_session_id", "value": {"int_value": 1_768_032_000 + i // 10}},
                {"key": "engagement", "value": {"double_value": i / 3}},
            ],
            "event_bundle_sequence_id": i // 5,
            "user_id": "K1" if i % 3 == 0 else None,
            "user_pseudo_id": f"{i % 4}.17",
            "ecommerce": {"transaction_id": f"T-{i}", "purchase_revenue": 9.5} if i % 7 == 6 else None,
            "items": [{"item_id": f"p-{i % 5}", "quantity": 1}],
        }
        for i in range(n)
    ]


def as_json(value: Any) -> Any:
    """As BigQuery writes JSON: whole numbers are texts, what is not there is left out."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return str(value) if isinstance(value, int) else value


def test_a_day_of_ga4_counts_once_in_whatever_form_it_comes(new_lab):
    rows = visits(60)
    text = "".join(json.dumps(as_json(row)) + "\n" for row in rows)
    lab = new_lab({"src": "ga4_events"}, ANY)
    told = []
    for name, data in (
        ("events_20260110.json", text.encode()),
        ("events_20260110.parquet", parquet(rows, GA4)),
        ("events_intraday_20260110.parquet", parquet(rows[:40], GA4)),
        ("again.json.gz", text.encode()),
    ):
        lab.put("src", name, data)
        lab.night("2026-01-31")
        told.append(lab.rows("select occurred_at, raw_code, order_id, product_id from event order by all"))
    lab.check_identity()
    assert [len(rows) for rows in told] == [60] * 4 and told == told[:1] * 4
    only = new_lab({"src": "ga4_events"}, ANY)
    only.put("src", "events.parquet", parquet(rows, GA4))
    only.night("2026-01-31")
    assert only.rows("select occurred_at, raw_code, order_id, product_id from event order by all") == told[0]


def test_stripe_s_objects_as_parquet(new_lab):
    """The objects of its cases, with a column for each member, and the same in JSON: equal, and counted once."""
    cases = tomllib.loads((CASES / "stripe_objects.toml").read_text(encoding="utf-8"))["case"]
    objects = [json.loads(case["given"]) for case in cases if case.get("event")]
    for one in objects:  # Parquet has no struct without members
        if one.get("metadata") == {}:
            del one["metadata"]
    lab, text = (new_lab({"src": "stripe_objects"}, ANY) for _ in range(2))
    text.put("src", "objects.json", json.dumps(objects))
    text.load()
    lab.put("src", "objects.parquet", parquet(objects))
    lab.load()
    assert lab.raw_events() == text.raw_events() and len(lab.raw_events()) == len(objects) >= 4
    lab.put("src", "objects.json", json.dumps(objects))
    lab.night("2026-01-31")
    assert lab.rows("select count(*) from event") == [(len(objects),)]


@pytest.mark.parametrize("form", ["text", "timestamp"])
def test_an_event_log_with_the_columns_of_xes_as_parquet(new_lab, form):
    """As pm4py writes data frames: `case:concept:name`, `concept:name`, `time:timestamp`."""
    rows = [
        {
            "case:concept:name": f"o-{i // 3}",
            "concept:name": ("register", "pay", "ship")[i % 3],
            "minute": i,
            "org:resource": "Mia",
        }
        for i in range(30)
    ]
    table = {
        "files": "*",
        "identifiers": {"order_no": "case:concept:name"},
        "code": "concept:name",
        "events": {"did": "time:timestamp"},
        "time_formats": ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%z"],
    }
    labs = []
    for kind in ("csv", "parquet"):
        lab = new_lab({"src": {"adapter": "relational_orders", "tables": {"log": table}}}, ANY)
        times = [f"2026-01-10 08:{row['minute']:02}:00" for row in rows]
        if kind == "csv":
            lines = ["case:concept:name,concept:name,time:timestamp"]
            lines += [
                f"{row['case:concept:name']},{row['concept:name']},{at}" for row, at in zip(rows, times, strict=True)
            ]
            lab.put("src", "log.csv", "\n".join(lines) + "\n")
        else:
            column = pa.array(times) if form == "text" else pa.array(times).cast(pa.timestamp("us"))
            names = ("case:concept:name", "concept:name")
            told = pa.table({name: [row[name] for row in rows] for name in names} | {"time:timestamp": column})
            sink = io.BytesIO()
            pq.write_table(told, sink)
            lab.put("src", "log.parquet", sink.getvalue())
        lab.load()
        lab.check_identity()
        labs.append(lab)
    told = "select occurred_at, code, order_id, time_rule from raw_event inner join code using (code_id) order by all"
    assert labs[0].rows(told) == labs[1].rows(told) and len(labs[1].rows(told)) == 30
