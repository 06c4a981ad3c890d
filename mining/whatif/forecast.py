"""A night's forecasts: read, fit, hold the gate, compare each scenario; what was reckoned before is not done again.

A result depends on the calls of the last full weeks, on the scenario and on nothing else, so that it is kept under a
hash of them: within a week nothing is simulated anew unless a file or late data changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingest.language import say
from ingest.store import Store
from mining.context import Context, quoted
from mining.findings import canonical
from mining.whatif import gate as gates
from mining.whatif import verdict as verdicts
from mining.whatif.building import Today, base_run, moved_agents, neutral, scenario_run
from mining.whatif.calibration import FEW, Prepared, calibrate, prepare
from mining.whatif.comparing import back_test_runs, compare
from mining.whatif.draws import draw
from mining.whatif.measures import RUN_WEEKS
from mining.whatif.reading import TEST_WEEKS, WEEK_S, WEEKS_MIN, Calls, Logins, Reading, page_share, read
from mining.whatif.scenarios import Loaded, Scenario
from mining.whatif.staffing import Staffing, staffing_of

VERSION = "2"
"""Of the model: raise it when the same calls would give another forecast."""
CALLS_MIN, CELL_MIN = 5_000, 200
BACK_TESTS = 20


@dataclass(frozen=True)
class Forecast:
    """One scenario. `result` None: too little data; else the record of comparison (None: the gate did not pass), gate
    and verdict."""

    scenario: Scenario
    reading: Reading
    fit_weeks: int
    result: dict[str, Any] | None
    lacking: str | None = None
    """What of the site the scenario needs and does not have, such as a queue, in a sentence; None when all is there."""


def forecasts(store: Store, context: Context, loaded: tuple[Loaded, ...]) -> list[Forecast]:
    """All scenarios, in order of their files."""
    reading = read(store, context, CELL_MIN)
    calls = reading.calls
    test_weeks = min(TEST_WEEKS, calls.weeks // 3)
    fit_weeks = calls.weeks - test_weeks
    told = [Forecast(one.scenario, reading, fit_weeks, None) for one in loaded]
    if calls.weeks < WEEKS_MIN or calls.n_calls < CALLS_MIN:
        _forget_others(store, [])
        return told
    fit, test = calls.between(0, fit_weeks), calls.between(fit_weeks, calls.weeks)
    staffing = staffing_of(fit, _until(reading, fit_weeks))
    prepared = prepare(fit, staffing)
    kept = _Kept(store, f"{VERSION} {reading.digest} {calls.weeks}")
    gate = kept.get("gate", lambda: _gate(prepared, staffing, fit, test))
    out = []
    for one in told:
        result, lacking = None, _lacking(one.scenario, fit, staffing)
        if lacking is None:
            today = Today(calls.stations, staffing, reading.orders_per_week, page_share(store, one.scenario))
            lacking = _page_lacking(one.scenario, fit, today.page_share)
        if lacking is None:
            key = canonical([_numbers(one.scenario), today.orders, today.page_share])
            result = kept.get(key, lambda s=one.scenario, t=today: _result(prepared, t, s, gate, fit))  # type: ignore[misc]
        out.append(replace(one, result=result, lacking=lacking))
    _forget_others(store, kept.used)
    return out


def _until(reading: Reading, weeks: int) -> Logins:
    """The comings and goings of the first weeks."""
    logins = reading.logins
    rows = logins.at_s < weeks * WEEK_S
    return Logins(logins.station[rows], logins.at_s[rows], logins.n[rows])


def _numbers(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(mode="json", exclude={"label"})


def _lacking(scenario: Scenario, calls: Calls, staffing: Staffing) -> str | None:
    """What a scenario speaks of and the log does not have, or not often enough."""
    change = scenario.change
    named = list(change.agents or ())
    if change.page is not None:
        named.append(change.page.calls)
    if change.tasks is not None and change.tasks.take_order is not None:
        named.append(change.tasks.take_order.minutes.like)
    if change.merge is not None:
        named.append(change.merge.calls)
    missing = next((name for name in named if name not in calls.stations), None)
    if missing is not None:
        return say("The scenario names {queue}, which has too few calls or none.", queue=quoted(missing))
    if change.merge is not None:
        here = calls.station == calls.stations.index(change.merge.calls)
        if (here & (calls.leg == 1) & (calls.n_legs > 1)).sum() < FEW:
            return say("Too few calls of {queue} are passed on to another desk.", queue=quoted(change.merge.calls))
    if change.assign is not None and moved_agents(scenario, staffing)[1].max(initial=0) < change.assign.agents:
        return say(
            "Today's desks can't spare {n} agents, one staying at each: fewer executives, or hired ones.",
            n=change.assign.agents,
        )
    return None


def _page_lacking(scenario: Scenario, calls: Calls, share: float) -> str | None:
    """A page after which hardly a call comes that would not come anyway has nothing to be mended."""
    page = scenario.change.page
    if page is None:
        return None
    here = (calls.station == calls.stations.index(page.calls)) & (calls.leg == 1)
    if share * here.sum() >= FEW:
        return None
    return say("Too few calls of {queue} come after that page, beyond chance.", queue=quoted(page.calls))


def _gate(prepared: Prepared, staffing: Staffing, fit: Calls, test: Calls) -> dict[str, Any]:
    runs = back_test_runs(prepared, Today(fit.stations, staffing), test.weeks, 1, BACK_TESTS)
    return gates.hold(fit, test, *runs, 1).record()


def _result(prepared: Prepared, today: Today, scenario: Scenario, gate: dict[str, Any], fit: Calls) -> dict[str, Any]:
    passed = gate["outcome"] == "passed"
    comparison = compare(prepared, today, scenario) if passed else None
    behaviour = calibrate(prepared)
    few = draw(behaviour, scenario.seed, 0, RUN_WEEKS)
    values = neutral(scenario)
    regimes = [base_run(today, behaviour, few).regime, scenario_run(scenario, values, today, behaviour, few).regime]
    verdict = verdicts.judge(
        scenario, gates.Gate(gate["outcome"], gate["n_cases"]), comparison, today.staffing, regimes, fit
    )
    told = verdicts.told_of(comparison) if comparison else None
    return {
        "comparison": comparison.record() if comparison else None,
        "gate": gate,
        "verdict": verdicts.record(verdict),
        "told": told.record() if told else None,
        "fit": {
            "needs_per_week": round(behaviour.needs_per_week, 2),
            "repeat_share": [round(float(x), 4) for x in behaviour.repeat_share],
            "retry_share": [round(x, 4) for x in behaviour.retry_share],
            "patience_median_s": [round(float(one.drawn(np.array([0.5]))[0]), 1) for one in behaviour.patience],
            "menu_s": round(behaviour.menu_s, 2),
            "stations": list(today.stations),
            "agents_peak": today.staffing.peak(),
            "capacity_inferred": today.staffing.is_inferred,
            "page_share": round(today.page_share, 4),
        },
    }


class _Kept:
    """Results by a hash of what they depend on, in the warehouse."""

    def __init__(self, store: Store, frame: str) -> None:
        self.store, self.frame = store, frame
        self.used: list[str] = []

    def get(self, what: str, reckon: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        key = hashlib.sha256(f"{self.frame}|{what}".encode()).hexdigest()[:32]
        self.used.append(key)
        text = self.store.value("select result_json from whatif_result where input_key = $key", {"key": key})
        if text is None:
            text = canonical(reckon())
            self.store.run("insert into whatif_result values ($key, $text)", {"key": key, "text": text})
        return dict(json.loads(text))


def _forget_others(store: Store, used: list[str]) -> None:
    """Keep what tonight used, so that the table depends on tonight's inputs only."""
    store.run("delete from whatif_result where not list_contains($used::varchar[], input_key)", {"used": used})
