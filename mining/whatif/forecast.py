"""A night's forecasts: read, fit, hold the gate, compare each scenario; what was reckoned before is not done again.

A result depends on the calls of the last full weeks, on the scenario and on nothing else, so that it is kept under a
hash of them: within a week nothing is simulated anew unless a file or late data changed.
"""

from __future__ import annotations

import datetime as dt
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
from mining.whatif.part import Part, part_of, touches
from mining.whatif.reading import TEST_WEEKS, WEEK_S, WEEKS_MIN, Calls, Logins, Reading, orders_of, page_share, read
from mining.whatif.scenarios import Loaded, Scenario
from mining.whatif.staffing import Staffing, staffing_of

VERSION = "5"
"""Of the model: raise it when the same calls would give another forecast."""
CALLS_MIN, CELL_MIN = 5_000, 200
BACK_TESTS = 20


@dataclass(frozen=True)
class Forecast:
    """One scenario. `part`: the lines and weeks that it was asked of, of which the first `fit_weeks` were fitted and
    the rest held out. `result` None: too little data; else the record of comparison (None: the gate did not pass), gate
    and verdict."""

    scenario: Scenario
    part: Part
    result: dict[str, Any] | None = None
    lacking: str | None = None
    """What of the site the scenario needs and does not have, such as a queue, in a sentence; None when all is there."""

    @property
    def reading(self) -> Reading:
        """The calls that it was asked of."""
        return self.part.reading

    @property
    def fit_weeks(self) -> int:
        """Weeks that the model was fitted on."""
        weeks = self.reading.calls.weeks
        return weeks - min(TEST_WEEKS, weeks // 3)

    def day(self, week: int) -> dt.date:
        """The Monday of a week of it."""
        return self.reading.first_day + dt.timedelta(weeks=week)


@dataclass(frozen=True)
class _Fitted:
    """What all scenarios of the same lines and weeks share."""

    prepared: Prepared
    staffing: Staffing
    fit: Calls
    gate: dict[str, Any]
    kept: _Kept


def forecasts(store: Store, context: Context, loaded: tuple[Loaded, ...]) -> list[Forecast]:
    """All scenarios, in order of their files."""
    reading = read(store, context, CELL_MIN)
    touched = touches(store, context.changes, reading)
    fitted: dict[str, _Fitted] = {}
    used: list[str] = []
    out = []
    for one in loaded:
        told = Forecast(one.scenario, part_of(one.scenario, reading, touched, CELL_MIN))
        calls = told.reading.calls
        lacking = _unknown(one.scenario, reading.calls if told.part.is_blocked else calls)
        if lacking is not None or told.part.is_blocked or calls.weeks < WEEKS_MIN or calls.n_calls < CALLS_MIN:
            out.append(replace(told, lacking=lacking))
            continue
        if told.reading.digest not in fitted:
            fitted[told.reading.digest] = _fitted(store, told, used)
        orders = reading.orders_per_week
        if one.scenario.change.line is not None:
            orders = orders_of(store, one.scenario.change.line, reading.calls.weeks)
        out.append(_asked(store, told, fitted[told.reading.digest], orders))
    _forget_others(store, used)
    return out


def _fitted(store: Store, told: Forecast, used: list[str]) -> _Fitted:
    reading, weeks = told.reading, told.fit_weeks
    calls = reading.calls
    fit, test = calls.between(0, weeks), calls.between(weeks, calls.weeks)
    staffing = staffing_of(fit, _until(reading, weeks))
    prepared = prepare(fit, staffing)
    kept = _Kept(store, f"{VERSION} {reading.digest} {calls.weeks}", used)
    return _Fitted(prepared, staffing, fit, kept.get("gate", lambda: _gate(prepared, staffing, fit, test)), kept)


def _asked(store: Store, told: Forecast, fitted: _Fitted, orders: float) -> Forecast:
    scenario, fit = told.scenario, fitted.fit
    lacking = _lacking(scenario, fit, fitted.staffing)
    if lacking is None:
        share = page_share(store, scenario)
        lacking = _page_lacking(scenario, fit, share)
    if lacking is not None:
        return replace(told, lacking=lacking)
    today = Today(fit.stations, fitted.staffing, orders, share)
    key = canonical([_numbers(scenario), today.orders, today.page_share])
    result = fitted.kept.get(key, lambda: _result(fitted.prepared, today, scenario, fitted.gate, fit))
    return replace(told, result=result)


def _until(reading: Reading, weeks: int) -> Logins:
    """The comings and goings of the first weeks."""
    logins = reading.logins
    rows = logins.at_s < weeks * WEEK_S
    return Logins(logins.station[rows], logins.at_s[rows], logins.n[rows])


def _numbers(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(mode="json", exclude={"label"})


def _unknown(scenario: Scenario, calls: Calls) -> str | None:
    """A queue that the scenario names and the log does not have, or not often enough."""
    named = (*scenario.lines, *((scenario.order_line,) if scenario.order_line else ()))
    missing = next((name for name in named if name not in calls.stations), None)
    if missing is None:
        return None
    return say("The scenario names {queue}, which has too few calls or none.", queue=quoted(missing))


def _lacking(scenario: Scenario, calls: Calls, staffing: Staffing) -> str | None:
    """What else a scenario needs and the log does not have."""
    change = scenario.change
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
    return gates.hold(fit, test, *runs).record()


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

    def __init__(self, store: Store, frame: str, used: list[str]) -> None:
        self.store, self.frame, self.used = store, frame, used

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
