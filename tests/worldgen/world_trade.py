"""The trade hotline with agents of its own: businesses that call often, and waits that come from who is busy.

First come, first served by whoever is free longest, Monday to Friday; or, as another world, account executives: each
business has one of the agents, and waits in that agent's line. Which agent serves whom hangs on calls that come
meanwhile, so it runs event by event. The menu, who tries again and the weeks' weather are those of both hotlines.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from world_clock import Clock
from world_config import DAY_S, HOUR_S, Config, is_workday, seconds_of_day, weekday
from world_menu import CALLS_AGAIN, HELPED, MOST_CALLS, OLD, hear, weather
from world_random import Draws, stream
from world_record import Call, Leg

OPEN_S, CLOSE_S, LAST_CALL_S = 8 * HOUR_S, 18 * HOUR_S, 17 * HOUR_S + 1_800
TALK_MEDIAN_S, PATIENCE_MEDIAN_S = 400.0, 180.0
SOON, SOON_GIVEN_UP = 0.3, 0.9  # of those who call again: within hours, where they were answered, or gave up
SHAPE = 3.0  # of the gamma of how often businesses call


def agent_name(seat: int) -> str:
    """Who has a seat, all day."""
    return f"PJSIP/7{seat + 1:03d}"


def is_open_day(at_s: float) -> bool:
    """Monday to Friday, not New Year's Day."""
    return is_workday(int(at_s)) and weekday(int(at_s)) < 5


def in_hours(at_s: float, late_s: float) -> float:
    """`at_s`, or, when nobody takes calls then, `late_s` after the next opening."""
    if is_open_day(at_s) and OPEN_S <= seconds_of_day(int(at_s)) < LAST_CALL_S:
        return at_s
    day = int(at_s) - seconds_of_day(int(at_s))
    if seconds_of_day(int(at_s)) >= OPEN_S:
        day += DAY_S
    while not is_open_day(day):
        day += DAY_S
    return day + OPEN_S + late_s


@dataclass
class Contact:
    """One call under way, with what chance decides of it. `first_s`: talk at the wrong desk, 0 = the right one."""

    call: Call
    attempt: int
    draws: Draws
    ring_s: float
    patience_s: int
    talk_s: int
    first_s: int
    is_waiting: bool = False


class TradeLine:
    """One run of the line. After `run`: `contacts_begun`, epoch seconds of what executives began themselves."""

    def __init__(self, config: Config, shared: list[float]) -> None:
        assert config.trade is not None
        self.config, self.trade, self.clock = config, config.trade, Clock()
        volume, pace = (weather(config, f"trade {name}", 0.05) for name in ("volume", "pace"))
        self.volume = [math.exp(x + y) for x, y in zip(shared, volume, strict=True)]
        self.pace = [math.exp(x + y) for x, y in zip(shared, pace, strict=True)]
        self.rates = stream(config.seed, "trade rates").gamma(SHAPE, size=config.trade.customers)
        order = np.argsort(-self.rates, kind="stable")
        self.executive = np.empty(len(order), np.int64)
        self.executive[order] = np.arange(len(order)) % config.trade.agents  # books that call alike often
        self.calls: list[Call] = []
        self.idle = dict.fromkeys(range(config.trade.agents))
        self.queue: deque[Contact] = deque()  # of all; with executives, of those who overflowed
        self.own: list[deque[Contact]] = [deque() for _ in self.idle]
        self.due = [0] * config.trade.agents
        self.contacts_begun: list[float] = []

    def run(self) -> list[Call]:
        """All calls that end in the recorded days."""
        self._plan_needs()
        if self.trade.executives and self.trade.contact_every_days:
            self._plan_contacts()
        self.clock.run()
        return self.calls

    def _plan_needs(self) -> None:
        config, number = self.config, 0
        rng, who = stream(config.seed, "trade starts"), np.cumsum(self.rates) / self.rates.sum()
        for day in range(config.days):
            midnight = config.start_s + day * DAY_S
            if not is_open_day(midnight + 12 * HOUR_S):
                continue
            for _ in range(int(rng.poisson(self.trade.calls / 5 * self.volume[day // 7]))):
                draws = Draws(config.seed, "trade need", number)
                at = midnight + OPEN_S + draws.u() * (LAST_CALL_S - OPEN_S)
                customer = int(np.searchsorted(who, draws.u()))
                if draws.chance(self.trade.needs_kept):
                    self._plan_call(at, customer, number, 0)
                number += 1

    def _plan_call(self, at_s: float, customer: int, need: int, attempt: int) -> None:
        if attempt < MOST_CALLS and at_s < self.config.end_s:
            self.clock.at(at_s, lambda: self._ring(int(at_s), customer, need, attempt))

    def _ring(self, start_s: int, customer: int, need: int, attempt: int) -> None:
        draws = Draws(self.config.seed, "trade call", MOST_CALLS * need + attempt)
        call = Call("", 0, "trade", 2 * customer + 1, 2 * need + 1, f"+491772{customer:06d}", start_s, line="trade")
        pace = self.pace[(start_s - self.config.start_s) // (7 * DAY_S)]
        is_through = hear(call, OLD, pace, draws)
        talk, patience = 60 + int(min(draws.lognormal(TALK_MEDIAN_S, 0.5), 3_600)), self._patience(draws)
        first = 20 + draws.below(70) if draws.chance(OLD.misrouted) else 0
        call.after_s = 10 + int(draws.exp(30.0))
        contact = Contact(call, attempt, draws, draws.between(4, 12), patience, talk, first)
        if is_through:
            self.clock.at(call.enter_s, lambda: self._enter(contact))
        else:
            self._over(contact, draws.chance(OLD.settled), CALLS_AGAIN)

    def _patience(self, draws: Draws) -> int:
        return 10 + int(draws.lognormal(PATIENCE_MEDIAN_S, 0.7))

    def _enter(self, contact: Contact) -> None:
        """To an agent who is free, else into a line."""
        enter, own = contact.call.enter_s, self._own(contact)
        seat = (own if own in self.idle else None) if self.trade.executives else next(iter(self.idle), None)
        if seat is not None:
            self._serve(seat, contact, enter)
            return
        contact.is_waiting = True
        (self.own[own] if self.trade.executives else self.queue).append(contact)
        self.clock.at(enter + contact.patience_s, lambda: self._give_up(contact, enter))
        if self.trade.executives and self.trade.overflow_s >= 0:
            at_s = enter + self.trade.overflow_s
            self.clock.at(at_s, lambda: self._overflow(contact, at_s))

    def _own(self, contact: Contact) -> int:
        return int(self.executive[contact.call.person // 2])

    def _overflow(self, contact: Contact, now_s: float) -> None:
        if contact.is_waiting and self.idle:
            self._serve(next(iter(self.idle)), contact, now_s)
        elif contact.is_waiting:
            self.queue.append(contact)

    def _serve(self, seat: int, contact: Contact, now_s: float) -> None:
        """An agent turns to a call, which may be gone before the phone is picked up."""
        self.idle.pop(seat, None)
        call, contact.is_waiting = contact.call, False
        connect = int(now_s + contact.ring_s)
        if connect - call.enter_s > contact.patience_s:
            contact.is_waiting = True
            gone = max(now_s, call.enter_s + contact.patience_s)
            self._give_up(contact, call.enter_s)
        elif contact.first_s and not self.trade.executives:
            gone = connect + contact.first_s
            call.legs.append(Leg("trade", agent_name(seat), call.enter_s, connect, int(gone), "trade"))
            call.enter_s, contact.first_s = int(gone) + 1, 0
            contact.patience_s, contact.ring_s = self._patience(contact.draws), contact.draws.between(4, 12)
            self.clock.at(call.enter_s, lambda: self._enter(contact))
        else:
            call.outcome, call.connect_s, call.agent = "answered", connect, agent_name(seat)
            call.end_s = connect + int(contact.talk_s * (self.trade.talk_factor if self.trade.executives else 1.0))
            call.completed_by = "COMPLETECALLER" if contact.draws.chance(0.7) else "COMPLETEAGENT"
            self._over(contact, contact.draws.chance(HELPED), CALLS_AGAIN * self.trade.repeats_kept)
            gone = call.end_s + call.after_s
        self.clock.at(gone, lambda: self._released(seat, gone))

    def _give_up(self, contact: Contact, entered_s: int) -> None:
        """Patience ends; the timer of a line in which the caller no longer waits does nothing."""
        if contact.is_waiting and contact.call.enter_s == entered_s:
            contact.is_waiting = False
            contact.call.outcome, contact.call.end_s = "abandoned", entered_s + contact.patience_s
            self._over(contact, False, CALLS_AGAIN)

    def _over(self, contact: Contact, is_helped: bool, again: float) -> None:
        call, draws = contact.call, contact.draws
        if call.end_s < self.config.end_s:
            self.calls.append(call)
        calls_again = draws.chance(again)
        is_same_day = draws.chance(SOON_GIVEN_UP if call.outcome == "abandoned" else SOON)
        soon, late = call.end_s + 1_200 + draws.exp(HOUR_S), draws.u() * (LAST_CALL_S - OPEN_S)
        later = call.end_s - seconds_of_day(call.end_s) + (1 + draws.below(4)) * DAY_S
        if not is_helped and calls_again:
            at = in_hours(soon if is_same_day else later, late)
            self._plan_call(at, call.person // 2, call.need // 2, contact.attempt + 1)

    def _released(self, seat: int, now_s: float) -> None:
        """The own line first, then who waits for anybody, then a contact of the agent's own."""
        for line in (self.own[seat], self.queue):
            while line:
                contact = line.popleft()
                if contact.is_waiting:
                    self._serve(seat, contact, now_s)
                    return
        self.idle[seat] = None
        self._begin_contact(seat, now_s)

    def _plan_contacts(self) -> None:
        """One with each customer a period, spread evenly over the open days."""
        every, n = self.trade.contact_every_days * DAY_S, self.trade.customers
        for k in range(int((self.config.end_s - self.config.start_s) / every * n)):
            at, seat = in_hours(self.config.start_s + (k + 0.5) * every / n, 0.0), k % self.trade.agents
            self.clock.at(at, lambda at=at, seat=seat: self._contact_is_due(seat, at))

    def _contact_is_due(self, seat: int, now_s: float) -> None:
        self.due[seat] += 1
        if seat in self.idle:
            self._begin_contact(seat, now_s)

    def _begin_contact(self, seat: int, now_s: float) -> None:
        """In idle time of open hours only, and never broken off."""
        if self.due[seat] and in_hours(now_s, 0.0) == now_s:
            self.due[seat] -= 1
            del self.idle[seat]
            self.contacts_begun.append(now_s)
            self.clock.at(now_s + self.trade.contact_s, lambda: self._released(seat, now_s + self.trade.contact_s))
