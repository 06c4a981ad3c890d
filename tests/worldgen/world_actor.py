"""The customer who acts out a need: visits the shop, calls, and calls again when nobody answered."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from world_queue import in_open_hours
from world_random import Draws
from world_record import Call, World
from world_requests import CallRequest
from world_visit import Visit

Journey = Generator[Any, Any, None]  # yields requests, is sent their answers (world_requests)
RETRY_SHARE = 0.5  # of callers who were not answered call again, within an hour or two
MOST_TRIES = 3


@dataclass
class Actor:
    """Who acts, for which need, with which random numbers. `target` is a position in PRODUCTS."""

    world: World
    need: int
    person: int
    target: int
    draws: Draws

    def strikes(self, plant: str, at_s: float) -> Draws | None:
        """Whether a plant that is usually off strikes here: random numbers of its own for what follows, or None.

        They are drawn apart, so that the rest of the world is the same with and without it. Counted when `at_s` lies
        in the recorded days.
        """
        rate: float = getattr(self.world.config.plants, plant)
        if not rate:
            return None
        draws = Draws(self.world.config.seed, plant, self.need)
        struck = draws.chance(rate)
        if self.world.is_recorded(at_s):
            self.world.tally.count(plant, struck)
        return draws if struck else None

    def visit(self, at_s: float) -> Visit:
        """Start a visit to the web shop."""
        return Visit(self.world, self.need, self.world.people[self.person], at_s, self.draws)

    def phone(self, at_s: float, queue: str) -> Generator[Any, Any, Call | None]:
        """Call until answered, at most three times. Returns the answered call, or None."""
        for _ in range(MOST_TRIES):
            call: Call = yield CallRequest(at_s, queue, self.need, self.person, self.draws)
            if call.outcome == "answered":
                return call
            if not self.draws.chance(RETRY_SHARE) or self.world.config.plants.no_retry:
                return None
            at_s = in_open_hours(call.end_s + 240 + self.draws.exp(3_000), self.draws)
        return None
