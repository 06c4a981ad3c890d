"""A call centre with known behaviour, whose calls the engine itself makes: truth in, truth out."""

from __future__ import annotations

import numpy as np

from mining.whatif.building import Today, base_run
from mining.whatif.calibration import Behaviour, Prepared, Sample, prepare
from mining.whatif.draws import draw
from mining.whatif.engine import Centre
from mining.whatif.measures import as_calls
from mining.whatif.reading import SLOTS, WEEK_S, Calls
from mining.whatif.scenarios import Scenario
from mining.whatif.staffing import Staffing
from mining.whatif.survival import Times

U = (np.arange(2_000) + 0.5) / 2_000
NEVER = Times(np.zeros(0), np.zeros(0), 0.0)


def sample(values: np.ndarray) -> Sample:
    return Sample(np.sort(values), (np.arange(len(values)) + 1.0) / len(values))


def behaviour(
    needs_per_week: float = 3_000,
    customers: int = 3_000,
    repeat: float = 0.15,
    service_s: float = 300.0,
    patience_s: float = 180.0,
    retry: float = 0.7,
    spread: float = 0.0,
) -> Behaviour:
    """One queue, open from 8 to 18 every day; exponential service and patience."""
    hours = np.zeros(SLOTS)
    for day in range(7):
        hours[day * 48 + 16 : day * 48 + 36] = 1.0
    return Behaviour(
        rate=(hours / hours.sum() * needs_per_week)[None, :],
        week_sigma=spread,
        day_sigma=spread,
        repeat_share=np.array([repeat]),
        again_share=np.array([repeat]),
        retry_share=(retry,),
        first_line_share=np.array([1.0 - repeat]),
        repeat_s=sample(-1.5 * 86_400 * np.log(U) % (6.5 * 86_400)),
        retry_s=sample(-1_800 * np.log(U)),
        patience=(Times(np.zeros(0), np.zeros(0), patience_s),),
        service=(sample(-service_s * np.log(U)),),
        passing=(sample(-service_s * np.log(U)),),
        after=(sample(np.zeros(1)),),
        pickup=(NEVER,),
        hand_on=((0.0, -1),),
        menu_s=20.0,
        n_customers=customers,
        customer_shape=np.full(customers, 1e6),
    )


def staffing(agents: int) -> Staffing:
    """So many agents from 8 to 18."""
    row = np.zeros(SLOTS, np.int64)
    for day in range(7):
        row[day * 48 + 16 : day * 48 + 36] = agents
    return Staffing(row[None, :], False)


def calls_of(truth: Behaviour, today: Today, weeks: int, seed: int) -> Calls:
    """A log of so many weeks, after one that is thrown away."""
    drawn = draw(truth, seed, 0, 1 + weeks)
    run = base_run(today, truth, drawn)
    log = Centre(run.needs, run.wanted, run.regime, (1 + weeks) * float(WEEK_S)).run()
    return as_calls(log, drawn, today.stations, 1, 1 + weeks)


def prepared_of(truth: Behaviour, today: Today, weeks: int, seed: int) -> Prepared:
    return prepare(calls_of(truth, today, weeks, seed), today.staffing)


NONE = {"low": 1.0, "mid": 1.0, "high": 1.0, "source": "a pilot"}
NO_UPLIFT = {"low": 0.0, "mid": 0.0, "high": 0.0, "source": "a pilot"}


def executives(agents: int, overflow: bool, replications: int = 6, **assume: dict[str, object]) -> Scenario:
    """Account executives for everybody, with the agents of today."""
    told = {
        "inbound_factor": NONE, "repeat_factor": NONE, "service_factor": NONE, "order_uplift": NO_UPLIFT, **assume,
    }  # fmt: skip
    routing = {"call": "own_ae"} | ({"overflow": {"after_s": 20.0}} if overflow else {})
    return Scenario.model_validate(
        {
            "scenario": "account_executives", "label": "Account executives", "replications": replications,
            "change": {"assign": {"segment": "all", "agents": agents, "book_size": 200}, "routing": routing},
            "assume": told,
        }
    )  # fmt: skip


def more_agents(n: int, replications: int = 6) -> Scenario:
    return Scenario.model_validate(
        {"scenario": "agents", "label": "Agents", "replications": replications, "change": {"agents": {"calls": n}}}
    )
