"""The event loop: starts needs in order of time and serves what their journeys ask for, in order of time."""

from __future__ import annotations

from typing import Any

from world_accounts import AccountCentre
from world_actor import Journey
from world_clock import Clock
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
    clock = Clock()
    centre = AccountCentre(world, clock.at) if config.executives else CallCentre(world)

    def go_on(act: Journey, answer: Any) -> None:
        try:
            request = act.send(answer)
        except StopIteration:
            return
        if request.at_s < config.end_s:
            clock.at(request.at_s, lambda: serve(act, request))
        else:
            act.close()

    def serve(act: Journey, request: CallRequest | OrderRequest) -> None:
        if isinstance(request, OrderRequest):
            request.draft.number = FIRST_ORDER_NUMBER + len(world.orders)
            world.orders.append(request.draft)
            go_on(act, request.draft)
        elif isinstance(centre, AccountCentre):
            centre.take(request, lambda call: go_on(act, call))
        else:
            go_on(act, centre.serve(request.at_s, request.queue, request.need, request.person, request.draws))

    for need, start_s in enumerate(world.needs.start_s):
        clock.run(before_s=start_s)
        go_on(journey(world, need), None)
    clock.run()
    return world
