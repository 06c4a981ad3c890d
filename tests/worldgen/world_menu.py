"""What both hotlines share: a phone menu, the weather of the weeks, and how often somebody tries."""

from __future__ import annotations

from dataclasses import dataclass

from world_config import Config
from world_random import Draws, stream
from world_record import Call

MOST_CALLS = 4
CALLS_AGAIN = 0.6  # of those who were not helped
HELPED = 0.85  # of those who talked to somebody


@dataclass(frozen=True)
class Menu:
    """A phone menu, and what it does. `levels`: nodes that every caller hears; shares are of those who come so far."""

    levels: int = 3
    repeats: float = 0.35
    node_s: float = 11.0
    leaves: float = 0.12
    settled: float = 0.35  # of those who leave in the menu: the menu had told them what they wanted
    misrouted: float = 0.25


OLD = Menu()
MENUS = {
    0: OLD,
    1: Menu(levels=2, repeats=0.20, leaves=0.08, settled=0.55, misrouted=0.12),  # better in all
    -1: Menu(levels=4, repeats=0.50, leaves=0.20, settled=0.20, misrouted=0.38),  # worse in all
    # routes better, and asks more before it does
    2: Menu(levels=5, repeats=0.45, node_s=16.0, misrouted=0.10),
}
"""The menu of the changed line from its day on, by `Plants.new_menu`."""


def hear(call: Call, menu: Menu, pace: float, draws: Draws) -> bool:
    """The nodes of the menu that a caller hears. True for who comes to its end, where `enter_s` is set; who hangs up in
    it has `end_s`."""
    nodes = menu.levels + draws.geometric(menu.repeats, 4)
    at = call.start_s + 2
    for level in range(nodes):
        call.menu.append((at, f"LEVEL{min(level, 5) + 1}"))
        at += 3 + min(int(draws.exp(menu.node_s * pace)), 120)
    if not draws.chance(menu.leaves):
        call.enter_s = at
        return True
    heard = 1 + draws.below(nodes)
    call.outcome, call.end_s = "menu", call.menu[heard][0] if heard < nodes else at
    call.menu = call.menu[:heard]
    return False


def weather(config: Config, name: str, sd: float) -> list[float]:
    """Normal numbers, one a week."""
    return [float(x) for x in stream(config.seed, f"hotline weeks {name}").normal(0, sd, config.days // 7 + 2)]
