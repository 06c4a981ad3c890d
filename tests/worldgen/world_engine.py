"""The event loop: starts needs in order of time and serves what their journeys ask for, in order of time."""

from __future__ import annotations

import heapq
from typing import Any

from world_actor import Journey
from world_config import Config
from world_hotline import make_calls
from world_journey import journey
from world_needs import make_needs
from world_people import delay_logins, make_people, share_numbers
from world_queue import CallCentre
from world_record import World
from world_requests import CallRequest, OrderRequest

FIRST_ORDER_NUMBER = 10_001


def run(config: Config) -> World:
    """Simulate a world."""
    people = make_people(config)
    delay_logins(config, people)
    world = World(config, people, share_numbers(config, people), make_needs(config))
    world.hotline = make_calls(config)
    centre = CallCentre(world)
    waiting: list[tuple[float, int, Journey, Any]] = []
    starts, n_needs = world.needs.start_s, len(world.needs.start_s)
    next_need = sequence = 0
    while waiting or next_need < n_needs:
        if next_need < n_needs and (not waiting or starts[next_need] <= waiting[0][0]):
            act, answer = journey(world, next_need), None
            next_need += 1
        else:
            _, _, act, request = heapq.heappop(waiting)
            answer = _serve(world, centre, request)
        try:
            request = act.send(answer)
        except StopIteration:
            continue
        if request.at_s < config.end_s:
            sequence += 1
            heapq.heappush(waiting, (request.at_s, sequence, act, request))
        else:
            act.close()
    return world


def _serve(world: World, centre: CallCentre, request: CallRequest | OrderRequest) -> Any:
    """The call, or the numbered order."""
    if isinstance(request, CallRequest):
        return centre.serve(request.at_s, request.queue, request.need, request.person, request.draws)
    request.draft.number = FIRST_ORDER_NUMBER + len(world.orders)
    world.orders.append(request.draft)
    return request.draft
