"""A scenario as a regime: who serves, and which needs arise, at given values of what is assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mining.whatif.calibration import Behaviour
from mining.whatif.draws import Drawn, stream
from mining.whatif.reading import SLOTS, Floats, Ints
from mining.whatif.regime import Calendar, Callback, Dedicated, Merged, Needs, Regime
from mining.whatif.scenarios import NEUTRAL, Scenario
from mining.whatif.staffing import Staffing, calendar

Values = Mapping[str, float]
MISDIRECTED_S = 60.0
WARM_TRANSFER_S = 60.0
"""What an executive stays on the line for when a specialist takes over, and a desk that is the wrong one."""


@dataclass(frozen=True)
class Today:
    """What every scenario starts from. `page_share`: of the needs of the scenario's queue, those that follow the page.

    `orders`: orders a week.
    """

    stations: tuple[str, ...]
    staffing: Staffing
    orders: float = 0.0
    page_share: float = 0.0


@dataclass(frozen=True)
class Run:
    """What the engine is to run, and what its measures need. `orders`: a week."""

    regime: Regime
    wanted: list[int]
    needs: Needs
    menu_s: float
    n_segment: int
    orders: float


def neutral(scenario: Scenario) -> dict[str, float]:
    """Behaviour as it is: every assumption at the value that changes nothing."""
    return {name: NEUTRAL.get(name, 1.0) for name in scenario.assumptions}


def base_run(today: Today, behaviour: Behaviour, drawn: Drawn) -> Run:
    """Today."""
    regime = _today(today, behaviour, drawn.weeks)
    return Run(regime, drawn.wanted(1.0), drawn.needs, behaviour.menu_s, 0, today.orders)


def scenario_run(scenario: Scenario, values: Values, today: Today, behaviour: Behaviour, drawn: Drawn) -> Run:
    """The scenario at these values."""
    regime, change = _today(today, behaviour, drawn.weeks), scenario.change
    if change.assign is not None:
        return _dedicated(scenario, values, today, behaviour, drawn)
    wanted, menu_s = drawn.wanted(1.0), behaviour.menu_s
    if change.agents is not None:
        agents = today.staffing.agents.copy()
        for name, more in change.agents.items():
            row = today.stations.index(name)
            agents[row] = np.where(agents[row] > 0, np.maximum(0, agents[row] + more), 0)
        regime = replace(regime, stations=_calendars(agents, drawn.weeks))
    elif change.callback is not None:
        offer = Callback(change.callback.after_s, values["callback_accept"], values["callback_reach"])
        regime = replace(regime, callback=offer)
    elif change.page is not None:
        here = drawn.station == today.stations.index(change.page.calls)
        factor = np.where(here, 1.0 - today.page_share * (1.0 - values["page_calls_factor"]), 1.0)
        wanted = drawn.wanted(factor)
    elif change.menu is not None:
        menu_s = max(0.0, behaviour.menu_s - values["menu_seconds"])
        regime = replace(regime, misrouted_share=values["misrouted_share"], misrouted_s=MISDIRECTED_S)
    elif change.merge is not None:
        desk = today.stations.index(change.merge.calls)
        regime = replace(regime, merged=Merged(desk, values["merged_share"], values["merged_talk_factor"]))
    return Run(regime, wanted, drawn.needs, menu_s, 0, today.orders)


def _today(today: Today, behaviour: Behaviour, weeks: int) -> Regime:
    calendars = _calendars(today.staffing.agents, weeks)
    ring = float(np.mean([one.soonest_s for one in behaviour.pickup])) if behaviour.pickup else 0.0
    return Regime(stations=calendars, hours=calendars, ring_s=ring)


def _calendars(agents: Ints, weeks: int) -> list[Calendar]:
    return [calendar(row, weeks) for row in agents]


def books(scenario: Scenario, behaviour: Behaviour) -> Ints:
    """The executive of each customer, -1 = none: most calls first, dealt out in turn, so that books are alike."""
    assign = scenario.change.assign
    assert assign is not None
    order = np.argsort(-behaviour.customer_shape, kind="stable")
    n = (
        behaviour.n_customers
        if assign.segment == "all"
        else min(behaviour.n_customers, assign.agents * assign.book_size)
    )
    own = np.full(behaviour.n_customers, -1)
    own[order[:n]] = np.arange(n) % assign.agents
    return own


def _dedicated(scenario: Scenario, values: Values, today: Today, behaviour: Behaviour, drawn: Drawn) -> Run:
    change = scenario.change
    assign, routing, tasks = change.assign, change.routing, change.tasks
    assert assign is not None
    own = books(scenario, behaviour)
    left, moved = moved_agents(scenario, today.staffing)
    overflow = routing.overflow if routing else None
    proactive = tasks.proactive_contact if tasks else None
    absent = stream(scenario.seed, 0, "absent").random((7 * drawn.weeks, assign.agents))
    team = Dedicated(
        n=assign.agents,
        own=own.tolist(),
        calendar=calendar(moved, drawn.weeks),
        overflow_s=overflow.after_s if overflow else None,
        then_pool=overflow is not None and overflow.then == "pool",
        first_line=bool(tasks and tasks.first_line_help),
        transfer_s=WARM_TRANSFER_S,
        proactive_every_s=86_400.0 * proactive.every_days if proactive else 0.0,
        proactive_s=60.0 * proactive.minutes if proactive else 0.0,
        absent_u=absent.tolist(),
        absent_share=assign.absent_share,
    )
    regime = replace(
        _today(today, behaviour, drawn.weeks),
        stations=_calendars(left, drawn.weeks),
        team=team,
        repeat_factor=values["repeat_factor"],
        team_service_factor=values["service_factor"],
    )
    is_theirs = own[drawn.customer] >= 0
    inbound: Floats = np.where(is_theirs, values["inbound_factor"], 1.0)
    shift: Floats = np.where(is_theirs, values.get("order_channel_shift", 0.0), 0.0)
    n_segment = int((own >= 0).sum())
    orders = today.orders * (1.0 + values["order_uplift"] * n_segment / max(1, behaviour.n_customers))
    return Run(regime, drawn.wanted(inbound, shift), drawn.needs, behaviour.menu_s, n_segment, orders)


def moved_agents(scenario: Scenario, staffing: Staffing) -> tuple[Ints, Ints]:
    """(agents left at each station, executives on duty), by half hour. Taken from the pool, as many are there as now:
    seats are moved, the largest stations giving first, and the last seat of an open station only where executives
    serve everybody."""
    assign = scenario.change.assign
    assert assign is not None
    agents, total = staffing.agents, staffing.agents.sum(axis=0)
    peak = max(1, staffing.peak())
    share = min(1.0, assign.agents / peak)
    if assign.taken_from == "hired":
        return agents, np.minimum(assign.agents, np.ceil(assign.agents * total / peak)).astype(np.int64)
    stay = 0 if assign.segment == "all" else (agents > 0).sum(axis=0)
    moved = np.maximum(0, np.minimum(np.round(total * share), total - stay)).astype(np.int64)
    left = agents.copy()
    for slot in range(SLOTS):
        for _ in range(int(moved[slot])):
            left[left[:, slot].argmax(), slot] -= 1
    return left, moved
