"""A warehouse by the contract from columns instead of single events: 100,000 events in a fraction of a second."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
from mining_log import EPOCH, Ev, Log, St, build

from ingest.store import Store
from mining import aggregate, analyses, population, register, savings
from mining.context import Context
from mining.findings import Finding

WEEKS = 8
_TYPES = {
    "end_s": pa.float64(),
    "wait_ms": pa.int64(),
    "handle_ms": pa.int64(),
    "engaged_ms": pa.int64(),
    "session": pa.int64(),
    "call": pa.string(),
    "product": pa.string(),
    "order": pa.string(),
    "intent": pa.string(),
    "attributes": pa.string(),
}
_MOMENT = """create temporary table moment as
    with start as (select "case", customer, min(at_s) as at_s from ev group by all),
    ranked as (select *, row_number() over (order by customer, at_s, "case") as journey_id from start)
    select r.journey_id, dense_rank() over (order by e.customer) as customer_id, e.* exclude (customer),
        'k' || e.customer as customer, epoch_ms((1000 * e.at_s)::bigint) as occurred_at,
        epoch_ms((1000 * e.end_s)::bigint) as ended_at,
        row_number() over (order by e.customer, e.at_s, e.n) as event_no
    from ev as e inner join ranked as r using ("case", customer)"""
_TABLES = """
    create or replace table journey_event as select
        cast(row_number() over (order by m.journey_id, m.event_no) as uinteger) as pos,
        m.journey_id::uinteger as journey_id, m.customer_id::uinteger as customer_id, m.step::step_t as step,
        t.channel, t.department, t.stage, t.class, m.occurred_at, m.ended_at, m.wait_ms, m.handle_ms,
        coalesce(m.engaged_ms, 0) as engaged_ms, 1.0::double as weight,
        1::uinteger as n_raw, 0::uinteger as n_usual,
        0::bigint as engaged_wait_ms, 0::bigint as engaged_before_ms, 'key' as assign_rule, false as ambiguous,
        m.event_no::uinteger as event_no
    from moment as m inner join touch as t using (step) order by pos;
    create or replace table event as select
        m.event_no::uinteger as event_no, cast(md5(cast(m.event_no as varchar)) as uuid) as event_id,
        m.customer_id::uinteger as customer_id, m.occurred_at, m.ended_at, 'strong'::strength_t as identity_strength,
        t.channel, m.step::step_t as step, 'code ' || m.step as raw_code, t.stage, t.department, t.actor,
        true as visible, m.product as product_id, m."order" as order_id, m.session as session_id, m.call as call_id,
        m.intent, m.wait_ms,
        m.handle_ms, m.engaged_ms, false as engaged_is_usual,
        0::bigint as engaged_wait_ms, 0::bigint as engaged_before_ms,
        cast(m.attributes as json) as attributes,
        null::varchar as time_rule,
        1::utinyint as source_id,
        1::uinteger as source_file, m.event_no::uinteger as source_line
    from moment as m inner join touch as t using (step) order by event_no;
    create or replace table customer as select
        customer_id::uinteger as customer_id, left(md5(customer), 16) as customer_key,
        'strong'::strength_t as identity_strength, count(*)::ubigint as n_events, 1::uinteger as n_identifiers
    from moment group by customer_id, customer order by customer_id;
    create or replace table journey as select
        journey_id::uinteger as journey_id, left(md5("case"::varchar), 12) as journey_key,
        any_value(customer_id)::uinteger as customer_id, 'order' as anchor, null::varchar as order_id,
        min(occurred_at) as started_at, max(coalesce(ended_at, occurred_at)) as ended_at, true as is_complete,
        false as is_truncated, 'strong'::strength_t as identity_strength, 0::uinteger as n_ambiguous,
        cast(md5_number_lower(any_value(customer)) % 10 as utinyint) as part
    from moment group by journey_id, "case" order by journey_id"""


def bulk(store: Store, steps: list[St], columns: dict[str, Any]) -> None:
    """Create every table of the contract. `columns`: case, customer (numbers), step, at_s (seconds since EPOCH), all of
    one length, and any of _TYPES."""
    n = len(columns["case"])
    build(store, Log([Ev("none", steps[0].step, EPOCH)], steps))
    offset = (EPOCH - dt.datetime(1970, 1, 1)).total_seconds()
    table = {
        "case": pa.array(np.asarray(columns["case"]), pa.int64()),
        "customer": pa.array(np.asarray(columns["customer"]), pa.int64()),
        "step": pa.array(list(columns["step"]), pa.string()),
        "at_s": pa.array(np.asarray(columns["at_s"], dtype=np.float64) + offset),
        "n": pa.array(np.arange(n), pa.int64()),
    }
    for name, kind in _TYPES.items():
        given = columns.get(name)
        if name == "end_s" and given is not None:
            given = [None if value is None else float(value) + offset for value in given]
        table[name] = pa.nulls(n, kind) if given is None else pa.array(list(given), kind)
    store.put("ev", pa.table(table))
    store.run(_MOMENT)
    store.drop("ev")
    store.run(_TABLES)
    store.run("drop table moment")
    window = {"data_from": EPOCH.date(), "as_of": EPOCH.date() + dt.timedelta(days=7 * WEEKS)}
    for name, value in window.items():
        store.run("update run_fact set value = $value where name = $name", {"name": name, "value": str(value)})


def prepare(store: Store, context: Context) -> None:
    """What a night prepares before the analyses run."""
    register.prepare(store)
    aggregate.build(store)
    population.prepare(store, context)


def found(store: Store, context: Context, only: str) -> list[Finding]:
    """What these analyses (names with blanks between) find, each with its own part of the minutes."""
    chosen = [analysis for analysis in analyses.scan() if analysis.name in only.split()]
    return savings.settle(store, [finding for analysis in chosen for finding in analysis.find(store, context)])
