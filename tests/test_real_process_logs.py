"""Real process logs through the whole nightly job: the numbers of the README's table, counted again from the raw rows.

Each number is made a second time with pandas, from the log itself and the dictionary of the site, by code that knows
nothing of ours. The logs stand beside the project (../shared/realdata); without them these tests skip.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.store import Store

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "realdata"
SITES = ROOT / "tests" / "sites"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")
sys.path.insert(0, str(SITES))
Night = tuple[pd.DataFrame, list[dict[str, Any]]]


def rows_of(site: Path) -> pd.DataFrame:
    """The visible rows of a site's log with their step, of closed cases of the window, in order."""
    log = pd.read_csv(site / "inbox/log/log.csv", dtype=str)
    log["at"] = pd.to_datetime(log["at"], format="%Y-%m-%d %H:%M:%S.%f")
    log["ended_at"] = pd.to_datetime(log["ended_at"], format="%Y-%m-%d %H:%M:%S.%f")
    steps = tomllib.loads((site / "process/steps.toml").read_text(encoding="utf-8"))["step"]
    name = {code.removeprefix("work.did "): step["step"] for step in steps for code in step["codes"]["log"]}
    visible = {step["step"] for step in steps if step.get("visible", True)}
    with Store.open(site / "var/warehouse.duckdb", read_only=True) as store:
        (gap,) = store.rows("select cast(value as double) from derived_night where name = 'gap_days'")[0]
        (end,) = store.rows("select value::timestamp from derived_night where name = 'night_end'")[0]
    log = log[log["at"] < end].assign(step=log["activity"].map(name))
    log = log[log["step"].isin(visible)].assign(row=lambda x: x["row"].astype(int))
    log = log.sort_values(["case", "at", "row"])
    of_case = log.groupby("case")
    twice = (of_case["step"].shift() == log["step"]) & (log["at"] - of_case["at"].shift() <= pd.Timedelta(seconds=2))
    log = log[~twice]  # recorded twice within two seconds: once
    last = log.assign(until=log["ended_at"].fillna(log["at"])).groupby("case")["until"].max()
    night = pd.Timestamp(end).normalize() - pd.Timedelta(days=1)
    closed = (last + pd.Timedelta(days=gap) <= end) & (log.groupby("case")["at"].min() < night)
    return log[log["case"].isin(closed.index[closed])]


@pytest.fixture(scope="module", params=["real_helpdesk", "real_loans", "real_sepsis"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Night]:
    import process_logs

    name = str(request.param)
    site = tmp_path_factory.mktemp("real") / name
    shutil.copytree(SITES / name, site)
    process_logs.write(name, REAL, site / "inbox/log/log.csv")
    command = [sys.executable, "-m", "ingest", "nightly", "--site", str(site)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    findings = json.loads((site / "exports/findings.json").read_text(encoding="utf-8"))
    return name, (rows_of(site), findings)


def again(rows: pd.DataFrame, step: str, allowed: int = 0) -> tuple[int, int]:
    """(cases in which a step follows itself more than `allowed` times, cases that have it).

    Blood tests are looked through: the dictionary says that they are free to be repeated.
    """
    rows = rows[rows["step"] != "blood"]
    follows = (rows["step"] == step) & (rows.groupby("case")["step"].shift() == step)
    times = follows.groupby(rows["case"]).sum()
    return int((times > allowed).sum()), rows.loc[rows["step"] == step, "case"].nunique()


def without(rows: pd.DataFrame, step: str, after: str) -> tuple[int, int]:
    """(cases that have `after` and never `step`, cases that have `after`)."""
    reached = set(rows.loc[rows["step"] == after, "case"])
    return len(reached - set(rows.loc[rows["step"] == step, "case"])), len(reached)


Count = Callable[[pd.DataFrame], tuple[int, int]]
CLAIMS: dict[str, tuple[str, dict[str, Any], Count]] = {
    "real_helpdesk": ("loop.self", {"cycle": ["assign"]}, lambda rows: again(rows, "assign")),
    "real_loans": ("loop.self", {"cycle": ["complete_call"]}, lambda rows: again(rows, "complete_call", 2)),
    "real_sepsis": ("loop.self", {"cycle": ["admission"]}, lambda rows: again(rows, "admission")),
}


def test_a_headline_equals_the_count_made_from_the_raw_rows(night: tuple[str, Night]) -> None:
    name, (rows, findings) = night
    kind, where, count = CLAIMS[name]
    (found,) = [one for one in findings if one["kind"] == kind and one["where"] == where]
    assert found["status"] == "confirmed"
    assert (found["n"]["hits_all"], found["n"]["exposed"]) == count(rows)


def test_messages_of_one_day_are_those_of_the_raw_rows(night: tuple[str, Night]) -> None:
    """The bank cancels an offer and its application by two messages on one day; a customer is a case there."""
    name, (rows, findings) = night
    if name != "real_loans":
        pytest.skip("another log")
    pair = ["cancelled", "offer_cancelled"]
    (found,) = [one for one in findings if one["kind"] == "batch_contact" and one["where"] == {"pair": pair}]
    zone = tomllib.loads((SITES / name / "site.toml").read_text(encoding="utf-8"))["site"]["timezone"]
    sent = rows[
        rows["step"].isin(["preaccepted", "offer_sent", "offer_cancelled", "approved", "declined", "cancelled"])
    ]
    sent = sent.assign(day=sent["at"].dt.tz_localize("UTC").dt.tz_convert(zone).dt.date)
    before = sent.groupby(["case", "day"])["step"].shift()
    together = sent[(before != sent["step"]) & before.isin(pair) & sent["step"].isin(pair)]
    days = sent.loc[sent["step"].isin(pair), ["case", "day"]].drop_duplicates()
    assert found["n"]["exposed"] == len(days)
    assert found["n"]["hits_all"] == len(together[["case", "day"]].drop_duplicates())


def test_the_readme_says_what_the_night_finds(night: tuple[str, Night]) -> None:
    name, (rows, findings) = night
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{name}`.*$", readme, re.MULTILINE)
    assert row, f"README.md has no row for {name}"
    count = CLAIMS[name][2]
    hits, of = count(rows)
    assert f"{hits:,} of {of:,}" in row.group(0), f"{hits:,} of {of:,}"
    assert f"{rows['case'].nunique():,} " in row.group(0), rows["case"].nunique()
    n_confirmed = sum(one["status"] == "confirmed" for one in findings)
    assert f"{n_confirmed} confirmed" in row.group(0), n_confirmed
