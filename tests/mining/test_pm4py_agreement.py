"""Agreement with pm4py on real logs: DFG, variants, start and end steps, rework, durations. Skips without the logs."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mining_log import Ev, Log, St, build, key

from ingest.store import Store
from mining import aggregate
from mining.erasure import erase

XES = {
    "helpdesk": "helpdesk/helpdesk.xes.gz",
    "bpic2012": "bpic2012/bpic2012.xes.gz",
    "teleclaims": "teleclaims/02_teleclaims.xes.gz",
    "receipt": "small_teaching_logs/08_receipt.xes.gz",
    "repair": "small_teaching_logs/03_repairExample.xes.gz",
    "running": "small_teaching_logs/01_running-example.xes.gz",
}
LIMIT = 120_000
"""Events used of a log, the first of the file: enough to differ where something differs."""


def read(folder: Path, name: str) -> list[tuple[str, str, dt.datetime]]:
    """(case, step, moment in UTC) in the file's order."""
    if name == "sepsis":
        with gzip.open(folder / "eventdatar_sepsis" / "sepsis.csv.gz", "rt", encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [
            (row["case_id"], row["activity"], dt.datetime.fromtimestamp(float(row["timestamp"]), dt.UTC))
            for row in rows
        ]
    from mining import pm4py_bridge

    return [(e["case"], e["step"], e["occurred_at"]) for e in pm4py_bridge.read_xes(folder / XES[name])]


def moment(value: Any) -> dt.datetime:
    plain = pd.Timestamp(value).to_pydatetime()
    return plain.astimezone(dt.UTC).replace(tzinfo=None) if plain.tzinfo else plain


@pytest.mark.parametrize("name", [*XES, "sepsis"])
def test_real_logs(name: str, realdata: Path, store: Store) -> None:
    import pm4py

    source = [(case, step, moment(at)) for case, step, at in read(realdata, name)[:LIMIT]]
    # Ties in time: both sides get the file's order. Steps get ids, as the step dictionary would give them.
    steps = {step: f"step_{n}" for n, step in enumerate(sorted({row[1] for row in source}))}
    events = [Ev(case, steps[step], at, order=n) for n, (case, step, at) in enumerate(source)]
    build(store, Log(events, [St(step) for step in steps.values()]))
    aggregate.build(store)
    frame = pd.DataFrame(
        [(e.case, e.step, pd.Timestamp(e.at, tz="UTC")) for e in sorted(events, key=lambda e: (e.case, e.at, e.order))],
        columns=["case:concept:name", "concept:name", "time:timestamp"],
    )
    log = pm4py.convert_to_event_log(
        frame
    )  # keeps the order of rows; a data frame would be sorted anew, ties at random
    dfg, starts, ends = pm4py.discover_dfg(log)
    assert {(a, b): n for a, b, n in store.rows("select step_from, step_to, n from dfg")} == dict(dfg)
    assert dict(store.rows("from starts")) == dict(starts)
    assert dict(store.rows("from ends")) == dict(ends)
    variants = Counter({" > ".join(v): n if isinstance(n, int) else len(n) for v, n in pm4py.get_variants(log).items()})
    assert dict(store.rows("select steps, n_journeys from variants")) == dict(variants)
    rework = {step: n for step, n in pm4py.get_rework_cases_per_activity(log).items() if n}
    assert dict(store.rows("select step, n_journeys_repeating from rework where n_journeys_repeating > 0")) == rework
    rounds: Counter[str] = Counter()
    looping = 0
    for way, n in store.rows("select steps, n_journeys from variants"):
        cycles = erase(way.split(" > "))
        looping += n if cycles else 0
        for cycle in cycles:
            rounds[cycle.entry] += n if cycle.length == 1 else 0
    assert +rounds == +Counter({a: n for (a, b), n in dfg.items() if a == b}), "a self-loop is a move to itself"
    again = {str(t.attributes["concept:name"]) for t in log if len({e["concept:name"] for e in t}) < len(t)}
    assert looping == len(again), "a journey has a cycle where pm4py sees rework"
    ours = dict(store.rows("select journey_key, duration_ms from journey_metrics join journey using (journey_id)"))
    cases = sorted({e.case for e in events})
    durations = {
        str(trace.attributes["concept:name"]): (trace[-1]["time:timestamp"] - trace[0]["time:timestamp"])
        for trace in log
    }
    assert ours == {key("journey " + case, 12): durations[case] // pd.Timedelta(milliseconds=1) for case in cases}
    assert len(source) > 30
