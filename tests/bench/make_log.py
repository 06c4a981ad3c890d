"""A synthetic event log: 18 activities, about 10 events a case, Markov with loops. make_log.py N FILE"""

from __future__ import annotations

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

n_events, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(20260301)
n_cases = n_events // 10
n_activities = 18
lengths = rng.poisson(9, n_cases) + 1
lengths = np.minimum(lengths, 40)
while lengths.sum() != n_events:  # trim or grow single cases until the total is exact
    gap = n_events - int(lengths.sum())
    picked = rng.integers(0, n_cases, min(abs(gap), n_cases))
    lengths[np.unique(picked)[: abs(gap)]] += np.sign(gap)
    lengths = np.maximum(lengths, 1)
# mostly the next activity, sometimes a jump: realistic variants with a long tail
case = np.repeat(np.arange(n_cases, dtype=np.int64), lengths)
first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
place = np.arange(n_events) - np.repeat(first, lengths)
jump = rng.random(n_events) < 0.12
activity = np.where(
    jump, rng.integers(0, n_activities, n_events), np.minimum(place * 2 % n_activities, n_activities - 1)
)
gap_s = rng.exponential(3600, n_events).astype(np.int64) + 1
start_s = np.repeat(rng.integers(1_700_000_000, 1_705_000_000, n_cases), lengths)
running = np.cumsum(gap_s)
at_s = start_s + running - np.repeat(running[first], lengths)
order = rng.permutation(n_events)
table = pa.table(
    {
        "case_id": pa.array(case[order]),
        "activity": pa.array([f"step_{i:02d}" for i in range(n_activities)]).take(pa.array(activity[order])),
        "occurred_at": pa.array(at_s[order] * 1_000_000, pa.timestamp("us")),
    }
)
pq.write_table(table, path)
print(json.dumps({"n_events": n_events}))
