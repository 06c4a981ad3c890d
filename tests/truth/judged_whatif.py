"""W7: a call centre whose account-executive regime is run for real; the forecast from today's raw files beside it.

The forecast reads a world with one pool of agents. The truth is the difference that the generator itself shows when it
runs the same customers under account executives (tests/worldgen/world_accounts.py), in the mean of many seeds. What no
log can tell (fewer needs, fewer repeats) is given to the forecast as it is in the other world.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from scipy import stats
from world_build import build
from world_config import DAY_S, Config, Plants
from world_engine import run
from world_record import World

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import register, stage
from mining.whatif import comparing, forecast, verdict
from mining.whatif.measures import ABANDON_PENALTY_MIN
from mining.whatif.scenarios import Loaded, Scenario

SMALL = "W7S"
FORECASTS = ("W7", SMALL)
"""A call centre; and that of a small site, with a few calls a week."""
_GATE = forecast._gate
WEEKS = 12
SEATS = 3
SMALL_CUSTOMERS = 40
REPLICATIONS = 20
TRUTH_SEEDS = range(90_001, 90_017)
SIGN_RIGHT_MIN = 0.95


class Executives(NamedTuple):
    """One other world: when a call overflows (-1: never), needs and repeats times today's."""

    overflow_s: float
    needs: float
    repeats: float


REGIMES = (Executives(-1.0, 1.0, 1.0), Executives(20.0, 1.0, 1.0), Executives(20.0, 0.8, 2 / 3))
"""Own line only; with overflow; with overflow, and customers who call less."""


def base(seed: int, customers: int = 1_500) -> Config:
    """Today: a pool of agents for questions on the phone, and next to nothing else."""
    plants = replace(Plants.none(), asks_per_customer=3.5, ask_again=0.15)
    return Config(
        seed=seed, days=7 * WEEKS, customers=customers, plants=plants, needs_per_customer=0.1, standard="W7",
        seats=SEATS, whole_files=True,
    )  # fmt: skip


def other(config: Config, regime: Executives) -> Config:
    """The same customers under account executives."""
    plants = replace(config.plants, ask_again=config.plants.ask_again * regime.repeats)
    return replace(
        config, plants=plants, seats=0, executives=SEATS, overflow_s=regime.overflow_s, asks_kept=regime.needs
    )


def minutes(world: World) -> tuple[float, int]:
    """(customers' minutes, needs that reached the queue), of needs from the second week to the last but one."""
    begin, end = world.start_s + 7 * DAY_S, world.end_s - 7 * DAY_S
    starts, total, seen = world.needs.start_s, 0.0, set()
    for call in world.calls:
        if call.enter_s and call.queue == "product" and begin <= starts[call.need] < end:
            seen.add(call.need)
            total += (call.end_s - call.start_s) / 60 + (call.outcome != "answered") * ABANDON_PENALTY_MIN
    return total, len(seen)


@cache
def true_difference(regime: Executives) -> tuple[float, float]:
    """(minutes a need under the regime less today's, its standard error), over today's needs."""
    found = []
    for seed in TRUTH_SEEDS:
        config = base(seed)
        today, n = minutes(run(config))
        then, _ = minutes(run(other(config, regime)))
        found.append((then - today) / n)
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(found) ** 0.5)


def scenario(regime: Executives) -> Scenario:
    """The regime as a site would ask for it, with what no log can tell stated as it is."""

    def given(value: float) -> dict[str, Any]:
        return {"low": value, "mid": value, "high": value, "source": "the other world"}

    routing: dict[str, Any] = {"call": "own_ae"}
    if regime.overflow_s >= 0:
        routing["overflow"] = {"after_s": regime.overflow_s}
    assign = {"segment": "all", "agents": SEATS, "book_size": 500}
    return Scenario.model_validate(
        {
            "scenario": "executives", "label": "Executives", "replications": REPLICATIONS,
            "change": {"assign": assign, "routing": routing},
            "assume": {
                "inbound_factor": given(regime.needs), "repeat_factor": given(regime.repeats),
                "service_factor": given(1.0), "order_uplift": given(0.0),
            },
        }
    )  # fmt: skip


def judge_forecast(name: str, seed: int) -> dict[str, Any]:
    """Build today's world, read its files, forecast the regime of the seed."""
    started = time.perf_counter()
    regime = REGIMES[seed % len(REGIMES)]
    config = base(seed, SMALL_CUSTOMERS) if name == SMALL else base(seed)
    folder = Path(tempfile.mkdtemp(prefix="frontstage-truth-"))
    held: list[dict[str, Any]] = []

    def opened(*given: Any) -> dict[str, Any]:
        """The gate is held, and then opened, so that what it stops is scored beside what it lets through."""
        held.append(_GATE(*given))
        return held[0] | {"outcome": "passed"}

    try:
        build(folder, config)
        site = Site(folder)
        site.prepare()
        with (
            Store.open(None, threads=1) as store,
            mock.patch.dict(comparing.GRID, clear=True),
            mock.patch.object(forecast, "_gate", opened),
        ):
            load(site, store)
            derive(site, store, None)
            register.prepare(store)
            frame = stage.make_context(site, store, config.last_day + dt.timedelta(days=1))
            (found,) = forecast.forecasts(store, frame, (Loaded(folder, scenario(regime)),))
    finally:
        shutil.rmtree(folder)
    result = found.result or {"told": None, "verdict": {"blocking_reason": found.lacking or "few"}, "fit": None}
    gate = held[0] if held else {"outcome": None, "failed": []}
    stopped = {"drift": verdict.DRIFT, "failed": verdict.UNFIT}.get(gate["outcome"])
    true, error = (None, None) if name == SMALL else true_difference(regime)
    return {
        "world": name, "seed": seed, "customers": config.customers, "n_journeys": 0, "kinds": [], "tally": {},
        "plants": regime._asdict(), "truths": [], "findings": [],
        "forecast": {
            "told": result["told"], "reason": stopped or result["verdict"]["blocking_reason"], "gate": gate,
            "fit": result["fit"], "true": true, "true_error": error, "n_calls": found.reading.calls.n_calls,
        },
        "seconds": {"all": round(time.perf_counter() - started, 1)},
    }  # fmt: skip


class Scored(NamedTuple):
    """Forecasts over worlds of a name. `untold`: by reason; sign and cover are of the others."""

    name: str
    n: int
    untold: dict[str, int]
    told: int
    sign_right: int
    covering: int
    covering_all: int

    def failures(self) -> list[str]:
        """What does not hold. A small site is to be told nothing."""
        if self.name == SMALL:
            return [f"{self.told} told from a handful of calls"] * bool(self.told)
        out = []
        if self.told and self.sign_right < SIGN_RIGHT_MIN * self.told:
            out.append(f"sign right in {self.sign_right} of {self.told}")
        low, high = stats.binom.ppf([0.005, 0.995], self.told, 0.95) if self.told else (0, 0)
        if not low <= self.covering <= high:
            out.append(f"interval covers {self.covering} of {self.told}")
        return out


def scored(worlds: Iterable[dict[str, Any]], name: str) -> Scored:
    """Score the worlds of a name that hold a forecast."""
    found = [one["forecast"] for one in worlds if one["world"] == name]
    untold: dict[str, int] = {}
    for one in found:
        if one["reason"]:
            untold[one["reason"]] = untold.get(one["reason"], 0) + 1
    told = [one for one in found if not one["reason"]]
    # an interval that holds nothing tells no sign
    signs = [one for one in told if one["told"]["low"] > 0 or one["told"]["high"] < 0]
    wrong = sum(one["told"]["value"] * one["true"] < 0 for one in signs)
    return Scored(
        name, len(found), untold, len(told), len(told) - wrong, sum(map(_covers, told)),
        sum(_covers(one) for one in found if one["told"]),
    )  # fmt: skip


def _covers(one: dict[str, Any]) -> bool:
    return bool(one["told"]["low"] <= one["true"] <= one["told"]["high"])
