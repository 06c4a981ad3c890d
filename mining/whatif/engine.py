"""Customers who call, wait, hang up and call again: stations, patience and routing on SimPy's clock.

Time is seconds from the start of the run, a Monday at midnight of the site's clock. Patience runs from the first second
of a contact, whatever the queue. A station is a queue with interchangeable agents and a calendar; it is first come,
first served. SimPy's timeouts with callbacks are used as they are, since a process for each call costs three times as
much. Nothing is drawn here: every number comes with the needs (mining/whatif/draws.py), so that the same need meets
the same luck in each scenario.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from simpy import Environment
from simpy.events import Timeout

from mining.whatif.regime import FIRST, REPEAT, RETRY, Contact, Log, Needs, Regime, Unstable
from mining.whatif.team import Team

UNREACHED_S = 30.0
"""What an agent spends on calling back somebody who does not pick up."""


class Station:
    """Interchangeable agents with one queue."""

    __slots__ = ("busy", "capacity", "queue")

    def __init__(self) -> None:
        self.capacity = 0
        self.busy = 0
        self.queue: deque[Contact] = deque()


class Centre:
    """One run. `wanted`: the needs that arise in this scenario, as their numbers in order of time."""

    def __init__(self, needs: Needs, wanted: Sequence[int], regime: Regime, end_s: float, queue_max: int = 5_000):
        self.env = Environment()
        self.needs, self.wanted, self.regime, self.end_s = needs, wanted, regime, end_s
        self.queue_max = queue_max
        self.log = Log()
        self.stations = [Station() for _ in regime.stations]
        self.team: Team | None = None
        if regime.team is not None:
            self.team = Team(self, regime.team)
        self._next = 0

    def run(self) -> Log:
        """Run to the end. Raises Unstable when a queue grows without bound."""
        for station, calendar in zip(self.stations, self.regime.stations, strict=True):
            station.capacity = calendar.n[0]
            for at_s, n in zip(calendar.at_s[1:], calendar.n[1:], strict=True):
                if at_s < self.end_s:
                    self.after(at_s, self._staffed, (station, n))
        if self.team is not None:
            self.team.start()
        if self.wanted:
            self.after(self.needs.at_s[self.wanted[0]], self._arrive, None)
        self.env.run(until=self.end_s)
        return self.log

    def after(self, delay_s: float, callback: Callable[[Any], None], value: Any) -> None:
        """Call back with an event that carries `value`."""
        waiting = Timeout(self.env, delay_s, value).callbacks
        assert waiting is not None
        waiting.append(callback)

    def _arrive(self, _: Any) -> None:
        need = self.wanted[self._next]
        self._next += 1
        if self._next < len(self.wanted):
            self.after(self.needs.at_s[self.wanted[self._next]] - self.env.now, self._arrive, None)
        self._contact(need, 0, FIRST)

    def _again(self, event: Any) -> None:
        self._contact(*event.value)

    def _contact(self, need: int, number: int, why: int, tries: int = 0, is_again: bool = False) -> None:
        now, patience = self.env.now, self.needs.patience_s[number][need]
        self.route(Contact(need, number, why, now, now + patience, self.needs.station[need], tries, is_again))

    def route(self, contact: Contact) -> None:
        """To the customer's own executive, or into the station's queue."""
        if self.team is not None and contact.leg == 0:
            own = self.team.rules.own[self.needs.customer[contact.need]]
            if own >= 0:
                self.team.offer(contact, own)
                return
        share = self.regime.misrouted_share
        if share and contact.leg == 0 and self.needs.other_u[contact.number][contact.need] < share:
            contact.is_astray, contact.station = True, (contact.station + 1) % len(self.stations)
        self.enter(contact)

    def enter(self, contact: Contact) -> None:
        """Into a station's queue, or straight to an agent who is free."""
        station = self.stations[contact.station]
        if station.busy < station.capacity:
            self._take(contact, station)
            return
        station.queue.append(contact)
        if len(station.queue) > self.queue_max:
            self._sweep(station, contact.station)
        self.wait(contact)

    def _sweep(self, station: Station, number: int) -> None:
        """Drop who has gone; raise Unstable when too many are left."""
        station.queue = deque(one for one in station.queue if one.is_waiting)
        if len(station.queue) > self.queue_max // 2:
            raise Unstable(f"station {number}: {len(station.queue)} callers wait and more come than can be served")

    def wait(self, contact: Contact) -> None:
        """Let patience run, once for each contact."""
        contact.is_waiting = True
        if contact.has_timer:
            return
        contact.has_timer = True
        if math.isfinite(contact.deadline_s):
            self.after(max(0.0, contact.deadline_s - self.env.now), self._patience_ends, contact)
        offer = self.regime.callback
        if offer is not None:
            self.after(max(0.0, contact.at_s + offer.after_s - self.env.now), self._offer_call_back, contact)

    def _patience_ends(self, event: Any) -> None:
        contact: Contact = event.value
        if contact.is_waiting and contact.off_line_s < 0:
            contact.is_waiting = False
            self._given_up(contact, self.env.now, 0.0, False)

    def _offer_call_back(self, event: Any) -> None:
        contact: Contact = event.value
        offer = self.regime.callback
        assert offer is not None
        if contact.is_waiting and self.needs.other_u[contact.number][contact.need] < offer.accept_share:
            contact.off_line_s = self.env.now

    def _take(self, contact: Contact, station: Station) -> None:
        station.busy += 1
        self.after(self.serve(contact, False), self._released, station)

    def _released(self, event: Any) -> None:
        station: Station = event.value
        station.busy -= 1
        self._fill(station)

    def _staffed(self, event: Any) -> None:
        station, station.capacity = event.value
        self._fill(station)

    def _fill(self, station: Station) -> None:
        queue = station.queue
        while queue and station.busy < station.capacity:
            contact = queue.popleft()
            if contact.is_waiting:
                self._take(contact, station)

    def serve(self, contact: Contact, by_team: bool) -> float:
        """An agent turns to a contact. Returns for how long that keeps the agent, in seconds."""
        needs, number, need, now = self.needs, contact.number, contact.need, self.env.now
        pickup = self.regime.ring_s if contact.is_waiting else needs.pickup_s[number][need]
        contact.is_waiting = False
        called_back = contact.off_line_s >= 0
        if called_back:
            offer = self.regime.callback
            assert offer is not None
            # the other half of the same draw: accepting and picking up are told apart by its place within the share
            if needs.other_u[number][need] > offer.accept_share * offer.reach_share:
                self._given_up(contact, contact.off_line_s, UNREACHED_S, by_team)
                return UNREACHED_S
            waited, pickup = contact.off_line_s - contact.at_s, 0.0
        else:
            if now + pickup > contact.deadline_s:
                left = contact.deadline_s - now
                self._given_up(contact, contact.deadline_s, 0.0, by_team)
                return max(0.0, left)
            waited = now + pickup - contact.at_s
        talk, passed_on = needs.service_s[number][need], needs.hand_on[number][need]
        if contact.is_astray:
            talk, passed_on = min(talk, self.regime.misrouted_s), needs.station[need]
        elif by_team:
            # an executive does what the last desk does today: nobody is handed on to where they belong
            talk = (needs.second_s[number][need] if passed_on >= 0 else talk) * self.regime.team_service_factor
            passed_on = self._beyond_first_line(need, number)
            if passed_on >= 0:
                talk = min(talk, self.team.rules.transfer_s) if self.team else talk
        elif contact.leg:
            talk, passed_on = needs.second_s[number][need], -1
        elif passed_on >= 0 and self._is_merged(contact):
            talk, passed_on = talk + self.regime.merged.talk_factor * needs.second_s[number][need], -1  # type: ignore[union-attr]
        end = now + pickup + talk
        after = needs.after_s[number][need] if passed_on < 0 or by_team else 0.0
        self.log.rows.append(
            (need, number, contact.why, contact.leg, contact.at_s, waited, True, talk, talk + after, contact.station,
             by_team, called_back)
        )  # fmt: skip
        if passed_on >= 0:
            self.after(end - now, self._passed_on, (contact, passed_on))
        else:
            self._ended(contact, end)
        return pickup + talk + after

    def _is_merged(self, contact: Contact) -> bool:
        """Whether this desk ends what it would pass on today."""
        merged = self.regime.merged
        if merged is None or merged.station != contact.station:
            return False
        return self.needs.other_u[contact.number][contact.need] < merged.share

    def _beyond_first_line(self, need: int, number: int) -> int:
        """The specialist's station where the executive can't end the need, -1 where they can."""
        team = self.regime.team
        if team is None or not team.first_line:
            return -1
        return self.needs.station[need] if self.needs.other_u[number][need] >= self.needs.first_line_share[need] else -1

    def _passed_on(self, event: Any) -> None:
        before, station = event.value
        now = self.env.now
        patience = self.needs.patience_s[before.number][before.need]
        after = Contact(before.need, before.number, before.why, now, now + patience, station, before.tries)
        after.is_again, after.leg = before.is_again, 1
        self.enter(after)

    def _ended(self, contact: Contact, at_s: float) -> None:
        """Served: settled, or the same customer comes back."""
        need, number = contact.need, contact.number
        if number + 1 < self.needs.most_contacts:
            share = (self.needs.again_share if contact.is_again else self.needs.repeat_share)[need]
            if self.needs.repeat_u[number][need] < share * self.regime.repeat_factor:
                self._come_back(contact, at_s + self.needs.repeat_s[number][need], REPEAT, 0, True)

    def _given_up(self, contact: Contact, at_s: float, agent_s: float, by_team: bool) -> None:
        need, number = contact.need, contact.number
        self.log.rows.append(
            (need, number, contact.why, contact.leg, contact.at_s, at_s - contact.at_s, False, 0.0, agent_s,
             contact.station, by_team, contact.off_line_s >= 0)
        )  # fmt: skip
        share = self.needs.retry_share[min(contact.tries, len(self.needs.retry_share) - 1)]
        if number + 1 < self.needs.most_contacts and self.needs.retry_u[number][need] < share:
            delay = self.needs.retry_s[number][need]
            self._come_back(contact, at_s + delay, RETRY, contact.tries + 1, contact.is_again)

    def _come_back(self, contact: Contact, at_s: float, why: int, tries: int, is_again: bool) -> None:
        """Call again, in opening hours."""
        need, number = contact.need, contact.number
        if at_s < self.end_s:
            at_s = self._in_hours(self.needs.station[need], at_s, self.needs.jitter_s[number][need])
        if at_s < self.end_s:
            self.after(max(0.0, at_s - self.env.now), self._again, (need, number + 1, why, tries, is_again))

    def _in_hours(self, station: int, at_s: float, jitter_s: float) -> float:
        """`at_s`, or a while after the next opening when nobody is there then."""
        calendar = (self.regime.hours or self.regime.stations)[station]
        place = bisect_right(calendar.at_s, at_s) - 1
        if calendar.n[place] > 0:
            return at_s
        while place < len(calendar.n) and calendar.n[place] == 0:
            place += 1
        return calendar.at_s[place] + jitter_s if place < len(calendar.n) else math.inf
