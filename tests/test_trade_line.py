"""The trade hotline of the generator: agents who serve one at a time and in order, and account executives."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent / "worldgen"))
from world_config import Config, Trade, sample
from world_menu import weather
from world_trade import TradeLine, agent_name, in_hours

RING_MOST_S = 12


class Served(NamedTuple):
    """One wait with an answer. Times are epoch seconds; `free_s`: when the agent may take another."""

    agent: str
    caller: str
    enter_s: int
    connect_s: int
    free_s: int


def line(trade: Trade, seed: int = 17) -> TradeLine:
    config = replace(sample(), seed=seed, days=28, trade=trade)
    made = TradeLine(config, weather(config, "both", 0.10))
    made.run()
    return made


def served(made: TradeLine) -> list[Served]:
    rows = []
    for call in made.calls:
        rows += [Served(leg.agent, call.caller, leg.enter_s, leg.connect_s, leg.end_s) for leg in call.legs]
        if call.outcome == "answered":
            rows.append(Served(call.agent, call.caller, call.enter_s, call.connect_s, call.end_s + call.after_s))
    return rows


@pytest.mark.parametrize("trade", [Trade(), Trade(agents=2), Trade(executives=True, overflow_s=20.0)])
def test_an_agent_has_one_caller_at_a_time(trade: Trade) -> None:
    by_agent = defaultdict(list)
    for one in served(line(trade)):
        by_agent[one.agent].append(one)
    assert by_agent.keys() == {agent_name(seat) for seat in range(trade.agents)}
    for rows in by_agent.values():
        rows.sort(key=lambda one: one.connect_s)
        assert all(before.free_s <= after.connect_s for before, after in pairwise(rows))


def test_who_comes_first_is_served_first_and_nobody_waits_for_an_agent_who_is_free() -> None:
    trade = Trade(agents=2)
    rows = sorted(served(line(trade)), key=lambda one: one.enter_s)
    waited = [one for one in rows if one.connect_s - one.enter_s > RING_MOST_S]
    assert len(waited) > 300
    assert all(after.connect_s >= before.connect_s - RING_MOST_S for before, after in pairwise(waited))
    for one in waited:  # from coming to the last ring, nobody was free for longer than another call takes to ring
        busy = sum(other.connect_s - RING_MOST_S <= one.enter_s + 1 < other.free_s for other in rows)
        assert busy >= trade.agents, one


def test_an_executive_has_customers_of_their_own() -> None:
    agents_of = defaultdict(set)
    for one in served(line(Trade(executives=True))):
        agents_of[one.caller].add(one.agent)
    assert {len(agents) for agents in agents_of.values()} == {1}
    shared = defaultdict(set)
    for one in served(line(Trade(executives=True, overflow_s=20.0))):
        shared[one.caller].add(one.agent)
    assert max(map(len, shared.values())) > 1, "who has waited is taken by any of them"


def test_contacts_are_begun_in_idle_time_of_open_hours() -> None:
    trade = Trade(executives=True, overflow_s=20.0, contact_every_days=28.0, contact_s=180.0)
    made = line(trade)
    assert trade.customers * 0.9 < len(made.contacts_begun) <= trade.customers
    assert all(in_hours(at, 0.0) == at for at in made.contacts_begun)
    spans = [(one.connect_s, one.free_s) for one in served(made)]
    for at in made.contacts_begun[::50]:  # with the one who calls a customer, no more are busy than there are
        assert sum(begin <= at + 1 < end for begin, end in spans) < trade.agents


def test_fewer_needs_and_fewer_repeats_make_fewer_calls() -> None:
    base = line(Trade())
    for other in (Trade(needs_kept=0.8), Trade(executives=True, overflow_s=20.0, repeats_kept=0.0)):
        assert len(line(other).calls) < 0.97 * len(base.calls)


def test_the_other_lines_stay_as_they_were() -> None:
    from world_hotline import make_calls

    config: Config = replace(sample(), days=28)
    told = [
        [(call.caller, call.start_s, call.end_s, call.outcome) for call in make_calls(one) if call.line == "service"]
        for one in (config, replace(config, trade=None))
    ]
    assert told[0] and told[0] == told[1]
