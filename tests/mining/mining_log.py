"""A small warehouse from a list of events, with exactly the tables of the contract: the tests' stand-in for ingest."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ingest.store import Store

EPOCH = dt.datetime(2026, 1, 5)


@dataclass(frozen=True)
class Ev:
    """One visible event. `order` breaks ties in time. Times are naive UTC."""

    case: str
    step: str
    at: dt.datetime
    end: dt.datetime | None = None
    customer: str = ""
    wait_ms: int | None = None
    handle_ms: int | None = None
    engaged_ms: int | None = 0
    weight: float = 1.0
    n_raw: int = 1
    order: int = 0
    call: str | None = None
    intent: str | None = None
    coarse: bool = False  # only the day is known; `at` is its end
    usual: bool = False  # its engaged time is what is usual for the step
    waited_ms: int = 0  # of its engaged time: waiting on the line
    before_ms: int = 0  # of its engaged time: before `at`


@dataclass(frozen=True)
class St:
    """One step of the dictionary."""

    step: str
    label: str = ""
    stage: str = "order"
    channel: str = "web"
    department: str | None = "Web shop"
    step_class: str = "work"
    actor: str = "customer"
    repeats: int | None = 0
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    mandatory: bool = False
    reactive: bool = False
    bad: bool = False
    typical_minutes: float | None = None
    source: int = 1
    purpose: str | None = None
    form: str | None = None


@dataclass
class Log:
    """Events, dictionary, and per case what is not the default: anchor, open, truncated, part, identity."""

    events: list[Ev]
    steps: list[St] = field(default_factory=list)
    anchor: dict[str, str] = field(default_factory=dict)
    open_cases: set[str] = field(default_factory=set)
    truncated: set[str] = field(default_factory=set)
    part: dict[str, int] = field(default_factory=dict)  # by customer
    identity: dict[str, str] = field(default_factory=dict)  # by customer
    departments: Sequence[str] | None = None
    as_of: dt.date | None = None


def key(text: str, length: int) -> str:
    """A stable pseudonymous key."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def enum(store: Store, name: str, values: Iterable[str]) -> None:
    """Create an ENUM type; at least one value."""
    listed = ", ".join("'" + v.replace("'", "''") + "'" for v in dict.fromkeys([*values]) or ["none"])
    store.run(f"create type {name} as enum ({listed})")


def build(store: Store, log: Log, *, shuffle_seed: int | None = None) -> None:
    """Create every table of the contract from the log. With `shuffle_seed` the events arrive in another order."""
    steps = log.steps or [St(name) for name in sorted({e.step for e in log.events})]
    touch = {s.step: s for s in steps}
    departments = list(log.departments or dict.fromkeys(s.department for s in steps if s.department))
    for name, values in (
        ("step_t", [s.step for s in steps]),
        ("channel_t", ["web", "ivr", "agent", "order", "mail", "parcel", "chat", "shop", "system"]),
        ("department_t", departments),
        ("stage_t", ["research", "review", "order", "change", "receive", "return", "help"]),
        ("class_t", ["browse", "work", "contact", "info_request", "handoff", "outcome"]),
        ("strength_t", ["strong", "medium", "weak", "none"]),
    ):
        enum(store, name, values)
    _dictionary(store, steps, departments)
    events = list(log.events)
    if shuffle_seed is not None:
        import random

        random.Random(shuffle_seed).shuffle(events)
    _moments(store, log, events, touch)
    dates = [e.at.date() for e in log.events]
    first, last = (min(dates), max(dates)) if dates else (EPOCH.date(), EPOCH.date())
    facts = {
        "site": "Toy",
        "as_of": str(log.as_of or last + dt.timedelta(days=1)),
        "data_from": str(first),
        "data_to": str(last),
        "n_events": str(len(log.events)),
        "n_undeclared": "0",
        "gap_free_days": "7",
        "input_hash": key(repr(sorted(map(repr, log.events))), 16),
    }
    _table(store, "run_fact", [{"name": n, "value": v} for n, v in facts.items()], "name varchar, value varchar")
    _table(
        store,
        "data_quality",
        [
            {
                "measure": "removed_duplicates",
                "source": "web",
                "n": 12,
                "of_n": len(log.events),
                "note": "same step within 2 s",
            }
        ],
        "measure varchar, source varchar, n bigint, of_n bigint, note varchar",
    )


def _dictionary(store: Store, steps: list[St], departments: list[str]) -> None:
    _table(
        store,
        "department",
        [{"department_no": n, "department": d, "note": ""} for n, d in enumerate(departments, 1)],
        "department_no utinyint, department varchar, note varchar",
    )
    _table(
        store,
        "touch",
        [
            {
                "step": s.step,
                "label": s.label or s.step,
                "stage": s.stage,
                "channel": s.channel,
                "department": s.department,
                "class": s.step_class,
                "actor": s.actor,
                "visible": True,
                "repeats": s.repeats,
                "step_no": n,
                "asks": list(s.asks),
                "changes": list(s.changes),
                "mandatory": s.mandatory,
                "reactive": s.reactive,
                "bad": s.bad,
                "typical_minutes": s.typical_minutes,
                "purpose": s.purpose,
                "form": s.form,
            }
            for n, s in enumerate(steps, 1)
        ],
        "step varchar, label varchar, stage stage_t, channel channel_t, department department_t, class class_t, "
        "actor varchar, "
        "visible boolean, repeats integer, step_no usmallint, asks varchar[], changes varchar[], mandatory boolean, "
        "reactive boolean, bad boolean, typical_minutes double, purpose varchar, form varchar",
    )


def _moments(store: Store, log: Log, events: list[Ev], touch: dict[str, St]) -> None:
    customer_of = {e.case: e.customer or e.case for e in events}
    customers = {c: n for n, c in enumerate(sorted(set(customer_of.values())), 1)}
    start: dict[str, dt.datetime] = {}
    end: dict[str, dt.datetime] = {}
    for e in events:
        start[e.case] = min(start.get(e.case, e.at), e.at)
        end[e.case] = max(end.get(e.case, e.at), e.end or e.at)
    cases = sorted(start, key=lambda c: (customers[customer_of[c]], start[c], c))
    number = {case: n for n, case in enumerate(cases, 1)}
    ordered = sorted(events, key=lambda e: (customers[customer_of[e.case]], e.at, e.order, e.case, e.step))
    rows = [
        {
            "event_no": n,
            "journey_id": number[e.case],
            "customer_id": customers[customer_of[e.case]],
            "step": e.step,
            "channel": touch[e.step].channel,
            "department": touch[e.step].department,
            "stage": touch[e.step].stage,
            "class": touch[e.step].step_class,
            "occurred_at": e.at,
            "ended_at": e.end,
            "wait_ms": e.wait_ms,
            "handle_ms": e.handle_ms,
            "engaged_ms": e.engaged_ms,
            "weight": e.weight,
            "n_raw": e.n_raw,
            "is_usual": e.usual,
            "engaged_wait_ms": e.waited_ms,
            "engaged_before_ms": e.before_ms,
            "assign_rule": "key",
            "ambiguous": False,
            "tie": e.order,
            "call_id": e.call,
            "intent": e.intent,
            "actor": touch[e.step].actor,
            "source_id": touch[e.step].source,
            "time_rule": "whole day" if e.coarse else None,
            "identity_strength": log.identity.get(customer_of[e.case], "strong"),
        }
        for n, e in enumerate(ordered, 1)
    ]
    _table(
        store,
        "all_moments",
        rows,
        "event_no uinteger, journey_id uinteger, customer_id uinteger, step step_t, channel channel_t, department "
        "department_t, "
        "stage stage_t, class class_t, occurred_at timestamp, ended_at timestamp, wait_ms bigint, handle_ms bigint, "
        "engaged_ms bigint, "
        "weight double, n_raw uinteger, is_usual boolean, engaged_wait_ms bigint, engaged_before_ms bigint, "
        "assign_rule varchar, ambiguous boolean, tie integer, "
        "call_id varchar, actor varchar, intent varchar, source_id utinyint, time_rule varchar, "
        "identity_strength strength_t",
    )
    store.run("""create table journey_event as
        select cast(row_number() over (order by journey_id, occurred_at, tie, event_no) as uinteger) as pos,
            * exclude (tie, call_id, actor, intent, source_id, time_rule, identity_strength, event_no, is_usual),
            event_no, cast(is_usual as integer)::uinteger as n_usual
        from all_moments order by pos""")
    store.run("""create table event as
        select event_no, cast(md5(cast(event_no as varchar)) as uuid) as event_id, customer_id, occurred_at, ended_at,
            identity_strength, channel, step, 'code ' || step as raw_code, stage,
                department, actor,
            true as visible, cast(null as varchar) as product_id, cast(null as varchar) as order_id, cast(null as
                uinteger) as session_id,
            call_id, intent, wait_ms, handle_ms, engaged_ms, is_usual as engaged_is_usual,
            engaged_wait_ms, engaged_before_ms,
            cast(null as json) as attributes,
            time_rule, source_id, cast(1 as uinteger) as source_file, event_no as source_line
        from all_moments order by event_no""")
    store.run("drop table all_moments")
    strength = {c: log.identity.get(c, "strong") for c in customers}
    counts = (
        {c: sum(customer_of[e.case] == c for e in events) for c in customers}
        if len(events) < 2000
        else _counts(events, customer_of)
    )
    _table(
        store,
        "customer",
        [
            {
                "customer_id": n,
                "customer_key": key(c, 16),
                "identity_strength": strength[c],
                "n_events": counts[c],
                "n_identifiers": 1,
            }
            for c, n in customers.items()
        ],
        "customer_id uinteger, customer_key varchar, identity_strength strength_t, n_events ubigint, n_identifiers "
        "uinteger",
    )
    _table(
        store,
        "journey",
        [
            {
                "journey_id": number[c],
                "journey_key": key("journey " + c, 12),
                "customer_id": customers[customer_of[c]],
                "anchor": log.anchor.get(c, "order"),
                "order_id": None,
                "started_at": start[c],
                "ended_at": end[c],
                "is_complete": c not in log.open_cases,
                "is_truncated": c in log.truncated,
                "identity_strength": strength[customer_of[c]],
                "n_ambiguous": 0,
                "part": log.part.get(customer_of[c], int(key(customer_of[c], 8), 16) % 10),
            }
            for c in cases
        ],
        "journey_id uinteger, journey_key varchar, customer_id uinteger, anchor varchar, order_id varchar, "
        "started_at timestamp, "
        "ended_at timestamp, is_complete boolean, is_truncated boolean, identity_strength strength_t, n_ambiguous "
        "uinteger, part utinyint",
    )


def _counts(events: list[Ev], customer_of: dict[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for e in events:
        counts[customer_of[e.case]] = counts.get(customer_of[e.case], 0) + 1
    return counts


def _table(store: Store, name: str, rows: list[dict[str, Any]], columns: str) -> None:
    store.run(f"create or replace table {name} ({columns})")
    if rows:
        store.put("incoming", pd.DataFrame(rows).astype(object).where(lambda d: d.notna(), None))
        store.run(f"insert into {name} by name select * from incoming")
        store.drop("incoming")
