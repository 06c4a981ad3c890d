"""Frontstage's aggregates over the same Parquet file: load and sort once, then mining/aggregates. aggregates_ours.py
FILE"""

from __future__ import annotations

import json
import resource
import sys
import time

import pandas  # noqa: F401  pyarrow imports it at first use; on both sides the clock starts after the imports

from ingest.store import Store
from mining.aggregate import build

# The tables that ingest leaves (see ingest/derive), filled from the benchmark's log: one lane, one channel, no calls.
LOAD = """
create table touch as
select distinct activity as step, activity as label, 'order' as stage, 'web' as channel, 'Shop' as department, 'work' as class,
    'customer' as actor, true as visible, 0 as repeats, 0 as step_no from read_parquet('{file}');
create type step_t as enum (select step from touch order by step);
create type channel_t as enum ('web');
create type department_t as enum ('Shop');
create type stage_t as enum ('order');
create type class_t as enum ('work');
create table journey_event as
select
    cast(row_number() over (order by case_id, occurred_at, activity) as uinteger) as pos, cast(case_id + 1 as uinteger) as journey_id,
    cast(case_id + 1 as uinteger) as customer_id, cast(row_number() over (order by case_id, occurred_at, activity) as uinteger) as event_no,
    cast(activity as step_t) as step, cast('web' as channel_t) as channel, cast('Shop' as department_t) as department,
    cast('order' as stage_t) as stage, cast('work' as class_t) as class, occurred_at, cast(null as timestamp) as ended_at,
    cast(null as bigint) as wait_ms, cast(null as bigint) as handle_ms, cast(0 as bigint) as engaged_ms,
    cast(1 as double) as weight, cast(1 as uinteger) as n_raw, 'order id' as assign_rule, false as ambiguous
from read_parquet('{file}')
order by pos;
create table event (event_no uinteger, call_id varchar);
create table journey as
select distinct journey_id, customer_id from journey_event order by journey_id;
"""
SAME = ("journey_sequence", "variant_sequence", "journey_metrics", "dfg", "variants", "rework")

with Store.open(memory_limit="3GB") as store:
    started = time.perf_counter()
    store.run(LOAD.replace("{file}", sys.argv[1]), name="load")
    sorted_at = time.perf_counter()
    each = build(store, drop_helpers=False)
    done = time.perf_counter()
    result = {
        "sort_s": sorted_at - started,
        "aggregate_s": done - sorted_at,
        "same_s": sum(each[name] for name in SAME),
        "each_s": each,
        "n_edges": store.value("select count(*) from dfg"),
        "n_moves": int(store.value("select sum(n) from dfg")),
        "n_variants": store.value("select count(*) from variants"),
        "n_rework": int(store.value("select sum(n_journeys_repeating) from rework")),
        "duration_sum_s": int(store.value("select sum(duration_ms) // 1000 from journey_metrics")),
    }
result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
