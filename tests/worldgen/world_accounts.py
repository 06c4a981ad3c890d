"""The call centre under another regime: each customer has an account executive, who takes all their calls.

A call waits in its own executive's line. Where `overflow_s` is set, whoever has waited so long is taken by any
executive who is free, then or later. All else is as in world_queue: the menu, patience, talks, mails between calls. Who
serves whom depends on calls that come while one waits, so it is run event by event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from world_queue import MAIL_MEAN_S, MAIL_SHARE, PATIENCE_MEDIAN_S, TIMEOUT_S, CallCentre, answer
from world_random import Draws
from world_record import Call, World
from world_requests import CallRequest


@dataclass
class Waiting:
    """A call in a line, with what chance decides of it, and what is to be told of its end."""

    call: Call
    draws: Draws
    mail_s: float
    ring_s: float
    patience_s: int
    done: Callable[[Call], None]
    is_waiting: bool = True


class AccountCentre(CallCentre):
    """Serves calls event by event. `at` plans what happens at a time."""

    def __init__(self, world: World, at: Callable[[float, Callable[[], None]], None]) -> None:
        super().__init__(world)
        self.at = at
        self.n = world.config.executives
        self.lines: list[deque[Waiting]] = [deque() for _ in range(self.n)]
        self.overflowed: deque[Waiting] = deque()
        self.idle = dict.fromkeys(range(self.n))

    def take(self, request: CallRequest, done: Callable[[Call], None]) -> None:
        """Handle one call; `done` is told of it once its end is known."""
        draws = request.draws
        call = self.ring(request.at_s, request.queue, request.need, request.person, draws)
        if not call.enter_s:
            self.record(call)
            done(call)
            return
        mail = draws.exp(MAIL_MEAN_S) if draws.chance(MAIL_SHARE) else 0.0
        ring = draws.between(2, 9)
        patience = int(draws.lognormal(PATIENCE_MEDIAN_S, 0.8)) + 5
        one = Waiting(call, draws, mail, ring, patience, done)
        self.at(call.enter_s, lambda: self._enter(one))

    def _enter(self, one: Waiting) -> None:
        own, enter = one.call.person % self.n, one.call.enter_s
        if own in self.idle:
            self._serve(own, one, enter, one.mail_s)
            return
        self.lines[own].append(one)
        self.at(enter + min(one.patience_s, TIMEOUT_S), lambda: self._give_up(one))
        if self.world.config.overflow_s >= 0:
            at_s = enter + self.world.config.overflow_s
            self.at(at_s, lambda: self._overflow(one, at_s))

    def _overflow(self, one: Waiting, now_s: float) -> None:
        if one.is_waiting and self.idle:
            self._serve(next(iter(self.idle)), one, now_s, one.mail_s)
        elif one.is_waiting:
            self.overflowed.append(one)

    def _serve(self, number: int, one: Waiting, now_s: float, mail_s: float) -> None:
        """An executive turns to a call, which may be gone before the phone is picked up."""
        self.idle.pop(number, None)
        call, one.is_waiting = one.call, False
        connect = int(now_s + mail_s + one.ring_s)
        if connect - call.enter_s > min(one.patience_s, TIMEOUT_S):
            self._give_up(one, was_waiting=True)
            self.at(max(now_s, call.end_s), lambda: self._released(number, max(now_s, call.end_s)))
            return
        answer(call, 0, connect, one.draws)
        free_s = call.end_s + call.after_s
        self.at(free_s, lambda: self._released(number, free_s))
        self.record(call)
        one.done(call)

    def _give_up(self, one: Waiting, was_waiting: bool = False) -> None:
        if not (one.is_waiting or was_waiting):
            return
        one.is_waiting = False
        one.call.outcome = "abandoned" if one.patience_s < TIMEOUT_S else "timeout"
        one.call.end_s = one.call.enter_s + min(one.patience_s, TIMEOUT_S)
        self.record(one.call)
        one.done(one.call)

    def _released(self, number: int, now_s: float) -> None:
        """The own line first, then who overflowed."""
        for line in (self.lines[number], self.overflowed):
            while line:
                one = line.popleft()
                if one.is_waiting:
                    self._serve(number, one, now_s, 0.0)
                    return
        self.idle[number] = None
