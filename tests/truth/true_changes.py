"""What a new phone menu truly does: the calls of a world against those of its twin in which the old menu stayed.

Counted from the generator's own calls, not from files; of worlds with more calls, so that chance tells little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from world_config import DAY_S, Config
from world_hotline import CHANGED, changed_from_s, make_calls, without_change
from world_record import Call

WEEK_S = 7 * DAY_S
MANY_CALLS = 1_200.0
PENALTY_MIN = 2.0
"""Minutes that a call given up counts more (Method.abandon_penalty_min)."""


@cache
def effects(config: Config) -> dict[str, float]:
    """Metric -> its change on the changed line after the wash-out, as a part of the level without it."""
    since, until = changed_from_s(config) + WEEK_S, config.end_s
    large = replace(config, plants=replace(config.plants, hotline_calls=MANY_CALLS))
    made, twin = (levels(make_calls(of, (CHANGED,)), since, until) for of in (large, without_change(large)))
    return {name: value / twin[name] - 1 for name, value in made.items()}


def levels(calls: Sequence[Call], since_s: int, until_s: int) -> dict[str, float]:
    """Metric -> its level over the calls of the changed line that begin in [since, until), epoch seconds. What takes a
    week to know is told of calls a week before the end."""
    own = [call for call in calls if call.line == CHANGED]
    here = [call for call in own if since_s <= call.start_s < until_s]
    seen = [call for call in here if call.start_s < until_s - WEEK_S]
    reached = [call for call in here if call.outcome == "answered"]
    queued = [call for call in here if call.enter_s]
    again = _followed(own)
    needs = [need for need in _needs(own) if since_s <= need[0].start_s < until_s - WEEK_S]
    mean: Callable[[Sequence[float]], float] = lambda values: sum(values) / max(1, len(values))  # noqa: E731
    return {
        "transfers_per_call": mean([len(call.legs) for call in reached]),
        "menus_per_call": mean([len(call.menu) for call in here]),
        "minutes_to_right_agent": mean([(call.connect_s - call.start_s) / 60 for call in reached]),
        "abandon_share": mean([call.outcome == "abandoned" for call in queued]),
        "true_containment": mean([call.outcome == "menu" and not again[call.call_id] for call in seen]),
        "repeat_contact_7d": mean([again[call.call_id] for call in seen]),
        "customer_min_per_need": mean([sum(map(_customer_min, need)) for need in needs]),
        "agent_min_per_need": mean([sum(map(_agent_min, need)) for need in needs]),
    }


def _by_caller(calls: Sequence[Call]) -> list[list[Call]]:
    found: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[call.caller].append(call)
    return list(found.values())


def _followed(calls: Sequence[Call]) -> dict[str, bool]:
    """call_id -> whether the caller calls again within 7 days."""
    found = {}
    for own in _by_caller(calls):
        for call in own:
            found[call.call_id] = any(0 < other.start_s - call.start_s <= WEEK_S for other in own)
    return found


def _needs(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls of a caller from one that none came before within 7 days, as far as 7 days after it."""
    needs = []
    for own in _by_caller(calls):
        before = None
        for call in sorted(own, key=lambda one: one.start_s):
            if before is None or call.start_s - before > WEEK_S:
                needs.append([call])
            elif call.start_s - needs[-1][0].start_s <= WEEK_S:
                needs[-1].append(call)
            before = call.start_s
    return needs


def _customer_min(call: Call) -> float:
    return (call.end_s - call.start_s) / 60 + PENALTY_MIN * (call.outcome == "abandoned")


def _agent_min(call: Call) -> float:
    talk = call.end_s - call.connect_s if call.outcome == "answered" else 0
    return (talk + sum(leg.end_s - leg.connect_s for leg in call.legs)) / 60
