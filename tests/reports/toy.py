"""A small warehouse for the report tests: the tables that ingest leaves, a seeded log, aggregates built by mining.

Three things are planted: a payment loop, status calls after dispatch, and two steps that always go together.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from ingest.naming import tell_unnamed
from ingest.schema import VERSION
from ingest.site import Site
from ingest.store import Store
from ingest.touch import StepDictionary
from mining import aggregate, context, effort, night_figures, population, register
from mining.method import Method
from reports.stage import report

CHROMIUM = Path("/usr/bin/chromium")
"""Debian's; tests that need it skip where it is not."""
NIGHT = dt.date(2026, 3, 1)
START = dt.datetime(2026, 1, 5)

DEPARTMENTS = [
    ("Web shop", "pages"),
    ("Call centre", "calls"),
    ("Order desk", "orders"),
    ("Delivery", "parcels"),
    ("Returns", "goods back"),
]
# step, label, stage, channel, department, class, actor, visible, repeats
STEPS: list[tuple[Any, ...]] = [
    ("need", "Needs a product", "research", "shop", None, "browse", "customer", True, None),
    ("view_product", "Looks at a product", "research", "web", "Web shop", "browse", "customer", True, None),
    ("view_delivery", "Reads about delivery times", "research", "web", "Web shop", "browse", "customer", True, None),
    ("checkout", "Checks out", "order", "web", "Web shop", "work", "customer", True, 0),
    ("pay", "Pays", "order", "web", "Web shop", "work", "customer", True, 0),
    ("pay_failed", "Payment is refused", "order", "web", "Web shop", "work", "company", True, 0),
    (
        "call_product",
        "Calls with a product question",
        "research",
        "agent",
        "Call centre",
        "contact",
        "customer",
        True,
        0,
    ),
    ("order_entered", "Order is entered", "order", "order", "Order desk", "outcome", "company", True, 0),
    ("order_checked", "Order is checked", "order", "order", "Order desk", "work", "company", True, 0),
    ("order_corrected", "Order is corrected", "change", "order", "Order desk", "work", "company", True, 0),
    ("shipped", "Parcel is on its way", "receive", "parcel", "Delivery", "work", "company", True, 0),
    ("attempted", "Driver finds nobody at home", "receive", "parcel", "Delivery", "work", "company", True, 0),
    ("track", "Checks where the parcel is", "receive", "web", "Web shop", "browse", "customer", True, None),
    ("call_status", "Calls: where is my order?", "receive", "agent", "Call centre", "contact", "customer", True, 0),
    ("call_complaint", "Calls to complain", "help", "agent", "Call centre", "contact", "customer", True, 0),
    ("deliver", "Receives the goods", "receive", "parcel", None, "outcome", "customer", True, 0),
    ("send_back", "Sends goods back", "return", "parcel", None, "work", "customer", True, 0),
    ("return_received", "Return is received", "return", "parcel", "Returns", "work", "company", True, 0),
    ("refund", "Gets the money back", "return", "order", "Returns", "outcome", "company", True, 0),
    ("picking", "Goods are picked", "receive", "system", "Delivery", "work", "company", False, None),
    ("fraud_check", "Order is checked for fraud", "order", "system", "Order desk", "work", "company", False, None),
]
INTENDED = """\
process = "order_to_delivery"
version = 1
case = "order"
steps = ["need?", "view_product*", "checkout", "pay", "order_entered", "order_checked", "shipped", "deliver",
         {optional = ["send_back", "return_received", "refund"]}]
ignore = ["view_delivery", "track", "call_product", "call_status"]
other_steps = "deviation"
tolerance = 0.02
"""
_HOUR = 3600.0


def path_of(rng: random.Random) -> list[tuple[str, float]]:
    """One journey: (step, hours since the step before)."""
    way: list[tuple[str, float]] = [("need", 0.0)] if rng.random() < 0.8 else []
    way += [("view_product", 0.2)]
    if rng.random() < 0.4:
        way += [("view_delivery", 0.05)]
        if rng.random() < 0.3:
            way += [("call_product", 0.4)]
            if rng.random() < 0.4:
                way += [("view_product", 2.0)]
    if rng.random() < 0.15:
        return way
    way += [("checkout", 0.2), ("pay", 0.05)]
    while rng.random() < 0.22:
        way += [("pay_failed", 0.01), ("pay", 0.05)]
    way += [("order_entered", 0.01)]
    if rng.random() < 0.94:
        way += [("order_checked", rng.uniform(1, 9))]
        while rng.random() < 0.12:
            way += [("order_corrected", rng.uniform(2, 12)), ("order_checked", rng.uniform(1, 5))]
    way += [("shipped", rng.uniform(12, 60))]
    late = rng.random() < 0.25
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        way += [("track", rng.uniform(3, 20))]
        if late and rng.random() < 0.6:
            way += [("call_status", rng.uniform(0.2, 5))]
            if rng.random() < 0.3:
                way += [("call_status", rng.uniform(10, 30))]
            if rng.random() < 0.1:
                way += [("call_complaint", rng.uniform(10, 30))]
    if rng.random() < 0.1:
        way += [("attempted", rng.uniform(5, 30)), ("shipped", 14.0)]
    way += [("deliver", rng.uniform(10, 70) * (2.2 if late else 1))]
    if rng.random() < 0.13:
        way += [
            ("send_back", rng.uniform(20, 160)),
            ("return_received", rng.uniform(40, 120)),
            ("refund", rng.uniform(1, 90)),
        ]
    return way


def _enum(store: Store, name: str, values: list[str]) -> None:
    store.run(f"create type {name} as enum ({', '.join(repr(v) for v in values)})")


def make(
    store: Store,
    *,
    n_journeys: int = 1200,
    seed: int = 7,
    relabel: dict[str, str] | None = None,
    departments: list[tuple[str, str]] | None = None,
    findings: bool = True,
) -> None:
    """Fill `store`. `relabel` replaces labels by step, `departments` the (name, note) of the five departments."""
    rng = random.Random(seed)
    lanes = departments or DEPARTMENTS
    rename = {old: new for (old, _), (new, _) in zip(DEPARTMENTS, lanes, strict=True)}
    steps = [
        (s[0], (relabel or {}).get(s[0], s[1]), *s[2:4], rename.get(s[4]) if s[4] else None, *s[5:]) for s in STEPS
    ]
    by_step = {s[0]: s for s in steps}
    quoted = [name.replace("'", "''") for name, _ in lanes]
    store.run("create type step_t as enum (" + ", ".join(f"'{s[0]}'" for s in steps) + ", 'undeclared:GET /new')")
    _enum(store, "channel_t", ["web", "agent", "order", "parcel", "shop", "system"])
    store.run("create type department_t as enum (" + ", ".join(f"'{name}'" for name in quoted) + ")")
    _enum(store, "stage_t", ["research", "order", "change", "receive", "return", "help"])
    _enum(store, "class_t", ["browse", "work", "contact", "outcome"])
    _enum(store, "strength_t", ["strong", "medium", "weak", "none"])
    put(
        store,
        "department",
        {"department_no": list(range(1, 6)), "department": [n for n, _ in lanes], "note": [n for _, n in lanes]},
    )
    names = ("step", "label", "stage", "channel", "department", "class", "actor", "visible", "repeats")
    put(
        store,
        "touch",
        {name: [s[i] for s in steps] for i, name in enumerate(names)}
        | {"step_no": list(range(1, len(steps) + 1))}
        | {"asks": [["order number"] if s[0] == "call_status" else [""] for s in steps]}
        | {"changes": [["nothing"]] * len(steps)}
        | {name: [False] * len(steps) for name in ("mandatory", "reactive", "bad")}
        | {"typical_minutes": [1.5] * len(steps)},
    )
    _log(store, rng, n_journeys, by_step)
    _accounts(store)
    _name(store)
    aggregate.build(store)
    register.prepare(store)
    if n_journeys:
        reckon_effort(store)
    night_figures.remember(store, NIGHT)
    if findings and n_journeys:
        plant_findings(store)


def _name(store: Store) -> None:
    """What ingest counts of codes: each step's code is its name, `GET /new` has no step, `gone` fits nothing."""
    store.run(
        """create table code as select row_number() over (order by raw_code) as code_id, 1::utinyint as source_id,
            raw_code as code from (select distinct raw_code from event);
        create temp table code_match as select code_id, t.step, t.step as pattern
        from code left join touch as t on t.step = code.code"""
    )
    steps = [
        {"step": s[0], "label": s[1], "stage": s[2], "channel": s[3], "codes": {"web": [s[0]]}} for s in STEPS
    ]  # fmt: skip
    steps[0]["codes"]["web"].append("gone")
    store.run(f"set variable night_end = timestamp '{NIGHT + dt.timedelta(days=1)}'")
    tell_unnamed(
        SimpleNamespace(settings=SimpleNamespace(privacy=SimpleNamespace(min_cell=5))),  # type: ignore[arg-type]
        store,
        StepDictionary.model_validate({"step": steps}),
    )
    store.run("drop table code; drop table code_match")


def frame_of(store: Store) -> context.Context:
    """The night's frame."""
    first, last = context.read_window(store, NIGHT)
    method = Method()
    return context.Context(
        method, first, last, context.read_touch(store), None, "EUR", None, method.config_hash(), "input"
    )


def reckon_effort(store: Store) -> None:
    """What a night makes of the minutes in the warehouse."""
    frame = frame_of(store)
    store.run("create temporary table customer as select customer_id, count(*) as n_events from event group by all")
    population.prepare(store, frame)
    effort.build(store, frame)
    store.run("drop table customer")


def _log(store: Store, rng: random.Random, n_journeys: int, by_step: dict[str, tuple[Any, ...]]) -> None:
    events: list[dict[str, Any]] = []
    journeys: list[dict[str, Any]] = []
    moments: list[dict[str, Any]] = []
    for journey_id in range(1, n_journeys + 1):
        customer = 1 + (journey_id - 1) * 5 // 6
        at = START + dt.timedelta(hours=rng.uniform(0, 44 * 24))
        way = path_of(rng)
        start, first = at, len(moments) + 1
        for step, hours in way:
            at += dt.timedelta(hours=hours)
            touch = by_step[step]
            talk = int(rng.uniform(60_000, 400_000)) if touch[5] == "contact" else int(rng.uniform(5_000, 90_000))
            end = at + dt.timedelta(milliseconds=talk) if touch[6] == "customer" else None
            waited = int(rng.uniform(0, 240_000)) if touch[5] == "contact" else 0
            number = len(events) + 1
            common = {
                "customer_id": customer,
                "step": step,
                "channel": touch[3],
                "department": touch[4],
                "stage": touch[2],
                "occurred_at": at,
                "ended_at": end,
                "wait_ms": waited if touch[5] == "contact" else None,
                "handle_ms": talk if touch[5] == "contact" else None,
                "engaged_ms": waited + talk if touch[6] == "customer" else 0,
                "engaged_is_usual": False,
                "engaged_wait_ms": waited if touch[6] == "customer" else 0,
                "engaged_before_ms": waited if touch[6] == "customer" else 0,
                "time_rule": None,
            }
            events.append(
                common
                | {
                    "event_no": number,
                    "raw_code": step,
                    "visible": True,
                    "source_id": 1,
                    "order_id": None,
                    "call_id": f"c{number}" if touch[5] == "contact" else None,
                    "session_id": 1000 * journey_id + at.day if touch[3] == "web" else None,
                    "product_id": f"p{journey_id % 7}" if step == "view_product" else None,
                }
            )
            moments.append(
                common
                | {
                    "pos": len(moments) + 1,
                    "journey_id": journey_id,
                    "event_no": number,
                    "class": touch[5],
                    "weight": 1.0,
                    "n_raw": 1,
                    "n_usual": 0,
                    "assign_rule": "order",
                    "ambiguous": False,
                }
            )
            at = end or at
        has_order = any(step == "order_entered" for step, _ in way)
        journeys.append(
            {
                "journey_id": journey_id,
                "journey_key": f"{journey_id * 7919:012x}",
                "customer_id": customer,
                "anchor": "order" if has_order else "episode",
                "order_id": f"o{journey_id}" if has_order else None,
                "started_at": start,
                "ended_at": at,
                "is_complete": rng.random() < 0.97,
                "is_truncated": False,
                "identity_strength": "strong",
                "n_ambiguous": 0,
                "part": customer % 10,
                "first_pos": first,
            }
        )
    for step, visible in (("picking", False), ("undeclared:GET /new", None)):
        for i in range(40 if n_journeys else 0):
            events.append(
                {
                    "customer_id": i + 1,
                    "step": step,
                    "channel": "system",
                    "department": None,
                    "stage": "order",
                    "occurred_at": START + dt.timedelta(hours=i),
                    "ended_at": None,
                    "wait_ms": None,
                    "handle_ms": None,
                    "engaged_ms": 0,
                    "engaged_is_usual": False,
                    "engaged_wait_ms": 0,
                    "engaged_before_ms": 0,
                    "time_rule": None,
                    "event_no": len(events) + 1,
                    "raw_code": "GET /new" if visible is None else step,
                    "visible": visible,
                    "source_id": 1,
                    "order_id": None,
                    "call_id": None,
                    "session_id": None,
                    "product_id": None,
                }
            )
    casts = {
        "step": "step_t",
        "channel": "channel_t",
        "department": "department_t",
        "stage": "stage_t",
        "class": "class_t",
        "occurred_at": "timestamp",
        "ended_at": "timestamp",
        "started_at": "timestamp",
        "identity_strength": "strength_t",
        "journey_id": "uinteger",
        "customer_id": "uinteger",
        "event_no": "uinteger",
        "pos": "uinteger",
        "n_raw": "uinteger",
        "order_id": "varchar",
        "call_id": "varchar",
        "session_id": "bigint",
        "product_id": "varchar",
        "time_rule": "varchar",
        "part": "utinyint",
        "wait_ms": "bigint",
        "handle_ms": "bigint",
        "engaged_ms": "bigint",
        "engaged_wait_ms": "bigint",
        "engaged_before_ms": "bigint",
        "weight": "double",
        "source_id": "utinyint",
        "visible": "boolean",
        "is_complete": "boolean",
        "is_truncated": "boolean",
        "ambiguous": "boolean",
    }
    templates = {
        "event": [
            "event_no",
            "customer_id",
            "occurred_at",
            "ended_at",
            "channel",
            "step",
            "raw_code",
            "stage",
            "department",
            "visible",
            "order_id",
            "call_id",
            "session_id",
            "product_id",
            "wait_ms",
            "handle_ms",
            "engaged_ms",
            "engaged_is_usual",
            "engaged_wait_ms",
            "engaged_before_ms",
            "time_rule",
            "source_id",
        ],
        "journey": [
            "journey_id",
            "journey_key",
            "customer_id",
            "anchor",
            "order_id",
            "started_at",
            "ended_at",
            "is_complete",
            "is_truncated",
            "identity_strength",
            "n_ambiguous",
            "part",
        ],
        "journey_event": [
            "pos",
            "journey_id",
            "customer_id",
            "event_no",
            "step",
            "channel",
            "department",
            "stage",
            "class",
            "occurred_at",
            "ended_at",
            "wait_ms",
            "handle_ms",
            "engaged_ms",
            "weight",
            "n_raw",
            "n_usual",
            "engaged_wait_ms",
            "engaged_before_ms",
            "assign_rule",
            "ambiguous",
        ],
    }
    for table, rows in (("event", events), ("journey", journeys), ("journey_event", moments)):
        put(store, table, {name: [row[name] for row in rows] for name in templates[table]}, casts)


def _accounts(store: Store) -> None:
    put(store, "source", {"source_id": [1], "name": ["web"], "adapter": ["nginx_combined"], "rank": [1]})
    put(
        store,
        "ledger",
        {
            "file_id": [1, 2],
            "source_id": [1, 1],
            "path": ["inbox/web/a.log", "inbox/web/b.log"],
            "n_lines": [9000, 5000],
            "n_accepted": [8800, 4900],
            "n_duplicate": [150, 80],
            "n_quarantined": [40, 15],
            "n_blank": [10, 5],
            "n_dropped": [700, 400],
            "n_raw_events": [8100, 4500],
            "first_at": [START, START + dt.timedelta(days=30)],
            "last_at": [START + dt.timedelta(days=30), START + dt.timedelta(days=54)],
            "status": ["loaded", "loaded"],
            "reason": [None, None],
        },
        {"first_at": "timestamp", "last_at": "timestamp", "reason": "varchar"},
    )
    put(store, "dropped", {"file_id": [1, 1, 2], "reason": ["static", "bot", "static"], "n_lines": [600, 100, 400]})
    put(
        store,
        "quarantine",
        {
            "file_id": [1] * 40 + [2] * 15,
            "field": ["time"] * 40 + ["status"] * 15,
            "value_masked": ["99/Xxx"] * 55,
            "expectation": ["a date such as 01/Feb/2026"] * 40 + ["a number of three digits"] * 15,
        },
    )
    put(store, "run_fact", {"name": ["as_of", "site"], "value": [NIGHT.isoformat(), "Toy"]})
    put(
        store,
        "data_quality",
        {
            "measure": ["conflict_edges", "largest_cluster"],
            "source": [None, None],
            "n": [3, 9],
            "of_n": [900, None],
            "note": ["identifiers that would join two people", "identifiers"],
        },
        {"source": "varchar", "of_n": "bigint", "n": "bigint"},
    )


def put(store: Store, table: str, columns: dict[str, list[Any]], casts: dict[str, str] | None = None) -> None:
    """Create a table from columns; `casts` names DuckDB types."""
    arrow = pa.table(
        {
            name: pa.array(values, pa.string()) if all(v is None for v in values) else pa.array(values)
            for name, values in columns.items()
        }
    )
    store.put("incoming", arrow)
    select = ", ".join(f'"{n}"::{(casts or {})[n]} as "{n}"' if n in (casts or {}) else f'"{n}"' for n in columns)
    store.run(f"create or replace table {table} as select {select} from incoming")
    store.drop("incoming")


def finding_row(
    store: Store,
    number: int,
    kind: str,
    where: dict[str, Any],
    value: float,
    low: float,
    high: float,
    title: str,
    minutes: tuple[float, float, float] | None,
    like: str,
    unlike: str,
    **other: Any,
) -> dict[str, Any]:
    """A row of the finding table. `like`, `unlike`: SQL conditions on variants.steps for evidence and
    counter-examples."""
    keys = [
        [
            row[0]
            for row in store.rows(
                f"""select journey_key from journey join journey_metrics using (journey_id) join variants using
                (variant_id)
            where {condition} order by {order}, journey_key limit {n}"""
            )
        ]
        for condition, order, n in (
            (like, "md5(journey_key)", 10),
            (like, "journey_metrics.n_events desc", 5),
            (unlike, "md5(journey_key)", 5),
        )
    ]
    cost = {
        "customer_min_per_week": dict(zip(("low", "mid", "high"), minutes, strict=True)) if minutes else None,
        "company_min_per_week": None,
        "money_per_week": None,
        "basis": {"customer_min_per_week": "measured" if minutes else None},
        "reason": {
            "customer_min_per_week": None if minutes else "no engaged time is known",
            "company_min_per_week": "the logs tell no handling time for these steps",
            "money_per_week": "site.toml has no agent_hour",
        },
    }
    return {
        "finding_id": f"{number:016x}",
        "no_label": f"F-{number:02d}",
        "kind": kind,
        "status": other.get("status", "confirmed"),
        "grade": "D",
        "rank_no": number,
        "title": title,
        "text_evidence": other.get("evidence", "240 of 1 020 journeys [21.0-26.2 %]; 310 passes by 220 customers."),
        "text_caution": "Counted, not compared: this does not say why.",
        "where_json": json.dumps(where),
        "window_json": json.dumps({"from": "2026-01-05", "to": "2026-03-01", "weeks": 7.86, "closed": True}),
        "n_json": json.dumps(
            {
                "units": 1020,
                "unit": "journeys",
                "journeys": 240,
                "customers": 220,
                "exposed": 1020,
                "events": 310,
                "sample": "all",
                "n_needed": None,
            }
        ),
        "effect_json": json.dumps(
            {
                "name": other.get("name", "share of journeys with a pass"),
                "value": value,
                "unit": "share",
                "baseline": 0.0,
                "direction": "up",
            }
        ),
        "ci_json": json.dumps({"low": low, "high": high, "level": 0.95, "method": "wilson"}),
        "p": other.get("p"),
        "q": None,
        "family": f"{kind}:passes",
        "m": 12,
        "cost_json": json.dumps(cost),
        "evidence_json": json.dumps(
            {
                "typical": keys[0],
                "extreme": keys[1],
                "counter": keys[2],
                "sql": f"select journey_key\nfrom journey join journey_metrics using (journey_id) join variants "
                f"using (variant_id)\nwhere {like}",
                "seed": 17,
            }
        ),
        "robustness_json": json.dumps(
            {
                "without_top_1pct_customers": {"value": value * 0.97, "n": 1001},
                "strict_identity": {"reason": "all are strict"},
                "sign_stable": True,
            }
        ),
        "first_seen": dt.date(2026, 2, 20),
        "last_seen": NIGHT,
        "definition_version": "1",
        "config_hash": "c0ffee",
        "input_hash": "facade",
        "seed": 17,
        "extra_json": "{}",
    }


def plant_findings(store: Store) -> None:
    """Five findings of the kinds that mining makes."""
    rows = [
        finding_row(
            store,
            1,
            "loop.pingpong",
            {"cycle": ["pay", "pay_failed"]},
            0.235,
            0.21,
            0.262,
            '23.5 % [21.0-26.2] of the journeys that reached "Pays" went back and forth between "Pays" and "Payment '
            'is refused", 1.3 times each',
            (310.0, 362.5, 420.0),
            "steps like '%pay_failed%'",
            "steps like '%pay%' and steps not like '%pay_failed%'",
        ),
        finding_row(
            store,
            2,
            "loop.self",
            {"cycle": ["call_status"]},
            0.041,
            0.03,
            0.055,
            '4.1 % [3.0-5.5] of the journeys that reached "Calls: where is my order?" came to it again',
            (120.0, 171.0, 214.0),
            "steps like '%call_status > call_status%'",
            "steps like '%call_status%'",
        ),
        finding_row(
            store,
            3,
            "deviation.skipped",
            {"process": "order_to_delivery", "step": "order_checked", "prev": "order_entered"},
            0.06,
            0.047,
            0.076,
            '6.0 % [4.7-7.6] of the journeys that reached "Order is entered" went on without "Order is checked"',
            None,
            "steps like '%order_entered > shipped%'",
            "steps like '%order_entered > order_checked%'",
            p=0.0003,
            name="share of journeys that deviate",
        ),
        finding_row(
            store,
            4,
            "loop.pingpong",
            {"departments": ["Call centre", "Web shop"]},
            0.12,
            0.1,
            0.142,
            '12.0 % [10.0-14.2] of the journeys that reached "Call centre" went back and forth between "Call '
            'centre" and "Web shop", 1.1 times each',
            None,
            "steps like '%track > call_status > track%'",
            "steps like '%call_status%'",
        ),
        finding_row(
            store,
            5,
            "merge",
            {"steps": ["checkout", "pay"]},
            0.99,
            0.985,
            0.993,
            '"Checks out" and "Pays" go together in 99.0 % [98.5-99.3] of all cases: they could be one step',
            None,
            "steps like '%checkout > pay%'",
            "steps not like '%checkout > pay%'",
            status="candidate",
            name="weaker of P(next) and P(previous)",
        ),
    ]
    for row in rows:
        store.put("incoming", pa.table({name: [value] for name, value in row.items()}))
        store.run("insert into finding by name select * from incoming")
        store.drop("incoming")
    for days_back in range(6):
        night = NIGHT - dt.timedelta(days=days_back)
        store.run(
            "insert into finding_history select finding_id, $night, status, (effect_json->>'value')::double * (1 - "
            "0.01 * $back), "
            "(ci_json->>'low')::double, (ci_json->>'high')::double from finding",
            {"night": night, "back": days_back},
        )


def make_site(root: Path, name: str = "Toy shop", **options: Any) -> Path:
    """A site folder with a filled warehouse."""
    (root / "process").mkdir(parents=True)
    (root / "var").mkdir()
    (root / "inbox" / "web").mkdir(parents=True)
    (root / "site.toml").write_text(
        f'[site]\nname = {json.dumps(name)}\nas_of = "{NIGHT}"\n[[source]]\nname = "web"\nadapter = "nginx_combined"\n'
    )
    (root / "process" / "intended.toml").write_text(INTENDED)
    with Store.open(root / "var" / "warehouse.duckdb") as store:
        store.run(
            f"create table warehouse as select cast({VERSION} as utinyint) as schema_version, "
            "cast(0 as ubigint) as generation"
        )
        make(store, **options)
    return root


def written(root: Path) -> Path:
    """Report a toy site, return the night's folder."""
    site = Site(root)
    with Store.open(site.warehouse, read_only=True) as store:
        return report(site, store, NIGHT)
