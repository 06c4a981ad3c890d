"""Writes what the competitors page shows: tables of numbers and names, no sentences (page_tables.sql)."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.store import Store
from mining.competitors.compare import Comparison
from mining.competitors.estimate import Side, intraclass, welch
from mining.competitors.mix import Mix
from mining.competitors.of_shops import Wave, alone
from mining.competitors.of_surveys import Beside
from mining.competitors.research import Research
from mining.competitors.shops import Shop
from mining.competitors.step_by_step import Keys, moves, step_rows
from mining.competitors.surveys import Figure
from mining.method import Method

_SQL = Path(__file__).parent / "page_tables.sql"
MOST_REFUSED, MOST_CASES = 60, 9
_AS_IT_IS = (
    "company", "instrument", "metric", "wave", "shape", "unit", "better", "n_ours", "n_theirs", "value_ours",
    "value_theirs", "p_holm", "verdict", "ahead", "weights", "last_day", "age_days", "is_newest", "question",
)  # fmt: skip
"""What the table of gaps takes from a comparison as it stands."""
Rows = Iterable[Mapping[str, Any]]


def clear(store: Store) -> None:
    """Make the tables, empty."""
    store.run(_SQL.read_text(encoding="utf-8"), name="page_tables")


def _fill(store: Store, table: str, rows: Rows) -> None:
    schema = store.arrow(f"select * from {table} limit 0").schema
    store.put("incoming_research", pa.Table.from_pylist([dict(row) for row in rows], schema=schema))
    store.run(f"insert into {table} by name select * from incoming_research", name=table)
    store.drop("incoming_research")


def write_gaps(store: Store, comparisons: Sequence[Comparison], ids: Mapping[int, str], method: Method) -> None:
    """All comparisons; `ids` = place in the list -> finding_id of those that are stored as a finding."""
    _fill(store, "competitor_gap", (_gap_row(one, ids.get(place), method) for place, one in enumerate(comparisons)))


def _gap_row(one: Comparison, finding_id: str | None, method: Method) -> dict[str, Any]:
    ends, holm = one.ends(method.confidence), one.ends(one.holm_confidence) if one.family_size else None
    n_eff = one.gap.n_eff if one.gap else (None, None)
    mapped = one.mapped or (None, None)
    return {name: getattr(one, name) for name in _AS_IT_IS} | {
        "shoppers_ours": one.shoppers[0], "shoppers_theirs": one.shoppers[1], "n_eff_ours": n_eff[0],
        "n_eff_theirs": n_eff[1], "icc": one.gap.icc if one.gap else None, "gap": one.told,
        "low": ends and ends[0], "high": ends and ends[1], "holm_low": holm and holm[0], "holm_high": holm and holm[1],
        "mapped_ours": mapped[0], "mapped_theirs": mapped[1], "n_strata": len(one.strata),
        "n_dropped": len(one.dropped), "finding_id": finding_id, "cautions": list(one.cautions),
    }  # fmt: skip


def write_shops(store: Store, waves: Sequence[Wave], research: Research, method: Method, night: dt.date) -> None:
    """Strata, steps, moves, and cases of the newest wave of each company."""
    strata: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    all_moves: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    for wave in (one for one in waves if one.is_newest):
        strata += _strata(wave)
        about = {"company": wave.company, "wave": wave.wave}
        cases += _cases(wave, research.shops, method)
        if not wave.ours or not wave.theirs:
            continue
        keys = Keys(wave, research.steps)
        for one in step_rows(wave, research.steps, keys, method, night):
            gap = one.gap or (None, None, None)
            steps.append(
                about
                | {name: getattr(one, name) for name in ("place", "step", "name", "channel", "match", "asks_more")}
                | {"key": one.step or f"~{one.name}", "gap": gap[0], "low": gap[1], "high": gap[2]}
                | _side("ours", asdict(one.ours))
                | _side("theirs", asdict(one.theirs))
            )
        all_moves += [asdict(move) | {"company": wave.company} for move in moves(wave, keys)]
    lone = ({"company": company, "wave": wave, "n": n} for company, wave, n in alone(research.shops))
    tables: dict[str, Rows] = {"stratum": strata, "step": steps, "move": all_moves, "case": cases, "alone": lone}
    tables["scenario"] = (
        {"scenario": one.scenario, "label": one.label, "is_known": bool(one.steps)}
        for one in research.scenarios.values()
    )
    for table, found in tables.items():
        _fill(store, f"competitor_{table}", found)


def _side(name: str, side: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{'wait' if key == 'wait_s' else key}_{name}": value for key, value in side.items()}


def _strata(wave: Wave) -> list[dict[str, Any]]:
    n_ours, n_theirs = (Counter(shop.stratum for shop in side) for side in (wave.ours, wave.theirs))
    kept = [(stratum, n_ours[stratum], n_theirs[stratum], weight, "") for stratum, weight in wave.mix.items()]
    left = [(one.stratum, one.n_ours, one.n_theirs, None, one.reason) for one in wave.dropped]
    names = ("scenario", "channel", "daypart", "n_ours", "n_theirs", "weight", "reason")
    return [
        {"company": wave.company, "wave": wave.wave} | dict(zip(names, (*stratum, *rest), strict=True))
        for stratum, *rest in [*kept, *left]
    ]


def _cases(wave: Wave, shops: Sequence[Shop], method: Method) -> list[dict[str, Any]]:
    """The shops themselves, where a side has too few for a number."""
    if min(len(wave.ours), len(wave.theirs)) >= method.gap_cases_min:
        return []
    out = []
    for company in (wave.company, "us"):
        own = [shop for shop in shops if shop.wave == wave.wave and shop.company == company]
        out += [
            {
                "company": wave.company, "is_ours": shop.is_ours, "wave": shop.wave, "scenario": shop.scenario,
                "channel": shop.channel, "resolved": shop.resolved, "minutes": shop.minutes,
                "way": [stop.step for stop in shop.stops],
            }
            for shop in own[:MOST_CASES]
        ]  # fmt: skip
    return out


def write_bias(store: Store, research: Research, mix: Mix, method: Method, night: dt.date) -> None:
    """Our shops against our log, scenario by scenario and channel by channel: what the instrument itself adds."""
    groups: dict[tuple[str, str], list[Shop]] = {}
    for shop in research.shops:
        is_fresh = (night - shop.last_day).days <= method.gap_age_days_max
        if shop.is_ours and is_fresh and shop.minutes:
            groups.setdefault((shop.scenario, shop.channel), []).append(shop)
    rows = []
    for (scenario, channel), own in sorted(groups.items()):
        log = mix.times.get((scenario, channel))
        few = len(own) < method.gap_cases_min or len({shop.shopper for shop in own}) < 2
        if log is None or few or log.n < method.gap_cases_min or log.n_customers < method.small_cell_customers:
            continue
        side = Side.of(
            [math.log(shop.minutes or 1) for shop in own], [0] * len(own), [s.shopper for s in own], {0: 1.0}
        )
        n_eff = side.effective(intraclass((side,)))
        gap, interval = welch(
            (side.mean, side.variance, n_eff),
            (log.mean_log, log.variance_log, float(log.n_customers)),
            side.n_shoppers - 1,
        )
        low, high = interval(method.confidence)
        rows.append(
            {
                "scenario": scenario, "channel": channel, "n_shops": len(own), "shop_minutes": math.exp(side.mean),
                "n_contacts": log.n, "log_minutes": math.exp(log.mean_log), "ratio": math.exp(gap),
                "low": math.exp(low), "high": math.exp(high),
            }
        )  # fmt: skip
    _fill(store, "competitor_bias", rows)


def write_beside(store: Store, claims: Sequence[tuple[Figure, str]], beside: Sequence[Beside], night: dt.date) -> None:
    """What is claimed, and survey results that can't be compared."""
    names = ("company", "kpi", "value", "unit", "period", "definition", "source", "n")
    _fill(
        store,
        "competitor_claim",
        ({name: getattr(one, name) for name in names} | {"lack": lack} for one, lack in claims),
    )
    told = ("company", "metric", "wave", "scale", "n", "mean", "n_top", "mode", "population", "question")
    _fill(
        store,
        "competitor_beside",
        (
            {name: getattr(one.answers, name) for name in told}
            | {"age_days": (night - one.answers.fielded_to).days, "why": one.why}
            for one in beside
        ),
    )


def write_files(store: Store, research: Research) -> None:
    """What was read and what was refused."""
    spoiled = {"shops.csv": research.n_shops_spoiled}
    _fill(
        store,
        "competitor_file",
        (
            {
                "file": one.file, "n_rows": one.n_rows, "n_refused": len(one.refused),
                "n_shops_spoiled": spoiled.get(one.file, 0),
            }
            for one in research.files
        ),
    )  # fmt: skip
    _fill(
        store,
        "competitor_refused",
        (
            {"file": one.file, "line": one.line, "field": one.field, "told": str(one)}
            for table in research.files
            for one in table.refused[:MOST_REFUSED]
        ),
    )
