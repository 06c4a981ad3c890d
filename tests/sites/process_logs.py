"""Real event logs as a data engineer would export them: one CSV per log, for the sites real_* that read it.

XES is no format of ours yet; pm4py reads it here. Nothing is dropped but the end of a piece of work, which becomes its
row's `ended_at`, and rows without a case.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

LOGS = {
    "real_helpdesk": "process/helpdesk/helpdesk.xes.gz",
    "real_loans": "process/bpic2012/bpic2012.xes.gz",
    "real_sepsis": "process/eventdatar_sepsis/sepsis.csv.gz",
    "real_claims": "process/teleclaims/02_teleclaims.xes.gz",
}
COLUMNS = ["row", "case", "activity", "at", "ended_at"]


def read(site: str, real: Path) -> pd.DataFrame:
    """The log's rows in its own order: case, activity, lifecycle, at (UTC)."""
    path = real / LOGS[site]
    if path.name.endswith(".csv.gz"):
        rows = pd.read_csv(path, dtype=str)
        at = pd.to_datetime(rows["timestamp"].astype(float), unit="s", utc=True)
        return pd.DataFrame({"case": rows["case_id"], "activity": rows["activity"], "lifecycle": "complete", "at": at})
    import pm4py  # takes seconds to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of readers that would be faster
        log = pm4py.convert_to_dataframe(pm4py.read_xes(str(path)))
    lifecycle = log.get("lifecycle:transition", "complete")
    return pd.DataFrame(
        {
            "case": log["case:concept:name"].astype(str),
            "activity": log["concept:name"],
            "lifecycle": pd.Series(lifecycle, index=log.index).str.lower(),
            "at": pd.to_datetime(log["time:timestamp"], utc=True),
        }
    )


def pieces_of_work(log: pd.DataFrame) -> pd.DataFrame:
    """One row per piece of work: a start takes the next completion of its case and activity as its end."""
    log = log[log["lifecycle"].isin(["start", "complete"])].reset_index(drop=True)
    following = log.groupby(["case", "activity"])[["lifecycle", "at"]].shift(-1)
    begins = log["lifecycle"] == "start"
    paired = begins & (following["lifecycle"] == "complete")
    log["ended_at"] = following["at"].where(paired)
    before = log.groupby(["case", "activity"])["lifecycle"].shift(1)
    return log[begins | (before != "start")]


def write(site: str, real: Path, path: Path) -> pd.DataFrame:
    """Write the log of a site as CSV; gives its rows. Times in UTC, to the millisecond."""
    rows = pieces_of_work(read(site, real)).reset_index(drop=True)
    out = pd.DataFrame({"row": rows.index, "case": rows["case"], "activity": rows["activity"]})
    for name in ("at", "ended_at"):
        out[name] = rows[name].dt.strftime("%Y-%m-%d %H:%M:%S.%f").fillna("")
    path.parent.mkdir(parents=True, exist_ok=True)
    out[COLUMNS].to_csv(path, index=False)
    return rows
