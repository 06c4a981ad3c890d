"""Two hotlines with a phone menu each, beside the shop: service and trade. The service line gets a new menu.

Callers are people of their own (their numbers come up nowhere else), so that the shop's needs stay as they are. A need
is a chain of calls: who hangs up in the menu without an answer, gives up waiting or is not helped calls again within
days, or leaves it. Both lines share the weather of the weeks; each has some of its own. Where the trade line has agents
of its own (Config.trade), world_trade makes its calls.
"""

from __future__ import annotations

import math
from dataclasses import replace

from world_config import DAY_S, HOUR_S, Config, is_workday, weekday
from world_menu import CALLS_AGAIN, HELPED, MENUS, MOST_CALLS, OLD, Menu, hear, weather
from world_queue import CLOSE_S, OPEN_S
from world_random import Draws, stream
from world_record import Call, Leg
from world_trade import TradeLine

LINES = ("service", "trade")
CHANGED = "service"
AGENTS = {"service": 6, "trade": 7}


def changed_from_s(config: Config) -> int:
    """Epoch second from which the new menu is there: local midnight of a Monday."""
    day = round(config.plants.new_menu_from * config.days)
    at = config.start_s + day * DAY_S
    return at - weekday(at) * DAY_S


def make_calls(config: Config, lines: tuple[str, ...] = LINES) -> list[Call]:
    """All calls of the hotlines in the recorded days, in order of start."""
    if not config.plants.hotline_calls:
        return []
    shared = weather(config, "both", 0.10)
    calls: list[Call] = []
    for line in lines:
        calls += TradeLine(config, shared).run() if line == "trade" and config.trade else _line(config, line, shared)
    calls.sort(key=lambda call: (call.start_s, call.queue))
    for n, call in enumerate(calls):
        call.sequence = (1 << 36) + 2 * n
        call.call_id = f"{call.start_s}.{9_000_000 + 2 * n}"
    return calls


def _line(config: Config, line: str, shared: list[float]) -> list[Call]:
    volume, pace = weather(config, f"{line} volume", 0.05), weather(config, f"{line} pace", 0.05)
    rng = stream(config.seed, f"hotline starts {line}")
    new_from = changed_from_s(config)
    n_callers = round(config.plants.hotline_calls * config.days / 7 / 2.5)
    calls, number = [], 0
    for day in range(config.days):
        midnight = config.start_s + day * DAY_S
        week = day // 7
        if not is_workday(midnight + 12 * HOUR_S):
            continue
        mean = config.plants.hotline_calls / 6 * math.exp(shared[week] + volume[week])
        for _ in range(int(rng.poisson(mean))):
            number += 1
            draws = Draws(config.seed, f"hotline {line}", number)
            who = draws.below(n_callers)
            caller = f"+49177{LINES.index(line) + 1}{who:06d}"
            at = midnight + OPEN_S + draws.u() * (CLOSE_S - OPEN_S - 1_800)
            for _attempt in range(MOST_CALLS):
                is_new = line == CHANGED and at >= new_from
                menu = MENUS[round(config.plants.new_menu)] if is_new else OLD
                call, is_helped = _call(line, caller, int(at), menu, math.exp(shared[week] + pace[week]), draws)
                call.person, call.need = 2 * who + LINES.index(line), 2 * number + LINES.index(line)
                if call.end_s < config.end_s:
                    calls.append(call)
                if is_helped or not draws.chance(CALLS_AGAIN):
                    break
                at = _again(at, draws)
                if at >= config.end_s:
                    break
    return calls


def _again(at_s: float, draws: Draws) -> float:
    """When somebody who was not helped calls again: within hours or days, when the line is open."""
    day = (int(at_s) // DAY_S + (0 if draws.chance(0.3) else 1 + draws.below(4))) * DAY_S
    at = (
        at_s + 1_200 + draws.exp(HOUR_S)
        if day <= at_s
        else day - HOUR_S + OPEN_S + draws.u() * (CLOSE_S - OPEN_S - 1_800)
    )
    while not is_workday(int(at)):
        at += DAY_S
    return at


def _call(line: str, caller: str, start_s: int, menu: Menu, pace: float, draws: Draws) -> tuple[Call, bool]:
    """One call, and whether the caller needs no other."""
    call = Call("", 0, line, -1, -1, caller, start_s, line=line)
    if not hear(call, menu, pace, draws):
        return call, draws.chance(menu.settled)
    wait = 4 + int(draws.exp(75.0 * pace))
    patience = 10 + int(draws.lognormal(300.0, 0.7))
    if wait > patience:
        call.outcome, call.end_s = "abandoned", call.enter_s + patience
        return call, False
    call.outcome, call.connect_s = "answered", call.enter_s + wait
    call.agent = f"PJSIP/{AGENTS[line]}{1 + draws.below(8):03d}"
    talk = 30 + int(min(draws.lognormal(190.0, 0.5), 1_800))
    if draws.chance(menu.misrouted):
        first = 20 + draws.below(70)
        call.legs.append(Leg(line, call.agent, call.enter_s, call.connect_s, call.connect_s + first, line))
        call.enter_s = call.connect_s + first + 1
        call.connect_s = call.enter_s + 5 + int(draws.exp(40.0 * pace))
        call.agent = f"PJSIP/{AGENTS[line]}{1 + draws.below(8):03d}"
    call.end_s = call.connect_s + talk
    call.after_s = 10 + int(draws.exp(30.0))
    call.completed_by = "COMPLETECALLER" if draws.chance(0.7) else "COMPLETEAGENT"
    return call, draws.chance(HELPED)


def without_change(config: Config) -> Config:
    """The same world in which the old menu stayed: what the change did is the difference."""
    return replace(config, plants=replace(config.plants, new_menu=0.0))
