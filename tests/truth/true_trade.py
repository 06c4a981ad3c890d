"""What account executives, or more or fewer agents, truly do to the customers of the trade hotline (world_trade).

The generator runs the same businesses under the other regime; the truth is the mean over many seeds, as a forecast
is of weeks to come. What no log can tell is given to the other world as the scenario assumes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from true_changes import PENALTY_MIN
from world_config import DAY_S, Config, Trade, sample
from world_menu import weather
from world_trade import TradeLine

from mining.whatif.scenarios import Scenario

SEEDS = range(90_001, 90_013)


def other(today: Trade, scenario: Scenario, values: Mapping[str, float]) -> Trade:
    """The trade line of a scenario at these values. Raises ValueError for one that the generator can't run."""
    change = scenario.change
    if change.agents is not None and change.agents.keys() == {"trade"}:
        return replace(today, agents=today.agents + change.agents["trade"])
    assign = change.assign
    if assign is None or assign.segment != "all" or assign.agents != today.agents or change.line != "trade":
        raise ValueError(f"{scenario.scenario}: the trade line has no such regime")
    proactive = change.tasks.proactive_contact if change.tasks else None
    overflow = change.routing.overflow if change.routing else None
    return replace(
        today,
        executives=True,
        overflow_s=overflow.after_s if overflow else -1.0,
        needs_kept=values["inbound_factor"],
        repeats_kept=values["repeat_factor"],
        talk_factor=values["service_factor"],
        contact_every_days=proactive.every_days if proactive else 0.0,
        contact_s=60.0 * proactive.minutes if proactive else 0.0,
    )


def minutes(config: Config) -> tuple[float, int]:
    """(customers' minutes, needs that reached the queue), of needs from the second week to the last but one."""
    assert config.trade is not None
    line = TradeLine(config, weather(config, "both", 0.10))
    begin, end = config.start_s + 7 * DAY_S, config.end_s - 7 * DAY_S
    first: dict[int, int] = {}
    for call in sorted(line.run(), key=lambda one: one.start_s):
        first.setdefault(call.need, call.start_s)
    queued = [call for call in line.calls if call.enter_s and begin <= first[call.need] < end]
    total = sum((call.end_s - call.start_s) / 60 + PENALTY_MIN * (call.outcome != "answered") for call in queued)
    total += config.trade.contact_s / 60 * sum(begin <= at < end for at in line.contacts_begun)
    return total, len({call.need for call in queued})


@cache
def difference(then: Trade) -> tuple[float, float]:
    """(minutes a need less today's, its standard error), over today's needs of the sample's world."""
    found = []
    for seed in SEEDS:
        config = replace(sample(), seed=seed)
        today, n = minutes(config)
        found.append((minutes(replace(config, trade=then))[0] - today) / n)
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(found) ** 0.5)
