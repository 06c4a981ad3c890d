"""pandas + pm4py from the same Parquet file: DFG and its times, variants, rework, case durations. aggregates_pm4py.py
FILE"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
import pm4py  # noqa: E402

each: dict[str, float] = {}


def timed(name, work):
    started = time.perf_counter()
    result = work()
    each[name] = time.perf_counter() - started
    return result


started = time.perf_counter()
frame = pd.read_parquet(sys.argv[1])
frame["case_id"] = frame["case_id"].astype(str)
# pm4py sorts by case and time and leaves ties to chance; the file has a total order, so it is sorted here
frame = frame.sort_values(["case_id", "occurred_at", "activity"])
log = pm4py.format_dataframe(frame, case_id="case_id", activity_key="activity", timestamp_key="occurred_at")
load_s = time.perf_counter() - started

dfg, _, _ = timed("dfg", lambda: pm4py.discover_dfg(log))
timed("dfg with times", lambda: pm4py.discover_performance_dfg(log))
variants = timed("variants", lambda: pm4py.get_variants(log))
rework = timed("rework", lambda: pm4py.get_rework_cases_per_activity(log))
durations = timed("case durations", lambda: pm4py.get_all_case_durations(log))
print(
    json.dumps(
        {
            "load_s": load_s,
            "aggregate_s": sum(each.values()),
            "each_s": each,
            "n_edges": len(dfg),
            "n_moves": int(sum(dfg.values())),
            "n_variants": len(variants),
            "n_rework": int(sum(rework.values())),
            "duration_sum_s": int(sum(durations)),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
