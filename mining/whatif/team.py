"""Dedicated account executives: each with a line of their own, deputies, overflow, and contacts that they begin.

A call goes to the customer's own executive, or to the deputy when they are not on duty; it waits in that line. After
`overflow_s` any free executive takes it, then (`then_pool`) the station. Contacts that executives begin are done in
idle time only and are never broken off: a call that comes meanwhile waits.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mining.whatif.regime import Contact, Dedicated

if TYPE_CHECKING:
    from mining.whatif.engine import Centre

DAY_S = 86_400.0


class Executive:
    """One account executive: a line, and the customers to be contacted, by when it is due."""

    __slots__ = ("due", "has_alarm", "is_busy", "is_on_duty", "line", "next_due", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_busy = False
        self.is_on_duty = False
        self.has_alarm = False
        self.line: deque[Contact] = deque()
        self.due: list[float] = []
        self.next_due = 0


class Team:
    """All executives of a run."""

    def __init__(self, centre: Centre, rules: Dedicated) -> None:
        self.centre, self.rules = centre, rules
        self.executives = [Executive(number) for number in range(rules.n)]
        self.idle: dict[int, Executive] = {}
        """Free and on duty, in the order in which they became so."""
        self.overflowed: deque[Contact] = deque()
        self.deputy = list(range(rules.n))

    def start(self) -> None:
        """Say what is due when, and who is on duty."""
        if self.rules.proactive_every_s:
            self._plan()
        for at_s, n in zip(self.rules.calendar.at_s, self.rules.calendar.n, strict=True):
            if at_s < self.centre.end_s:
                self.centre.after(at_s, self._on_duty, n)

    def _plan(self) -> None:
        """A contact with each customer of the book once a period, spread evenly over it."""
        books: dict[int, int] = {}
        for own in self.rules.own:
            if own >= 0:
                books[own] = books.get(own, 0) + 1
        every = self.rules.proactive_every_s
        for own, size in books.items():
            count = int(self.centre.end_s / every * size)
            self.executives[own].due = [every * (place + 0.5) / size for place in range(count)]

    def _on_duty(self, event: Any) -> None:
        """So many are on duty from now on: who it is turns round from day to day; some are absent."""
        n, rules = event.value, self.rules
        day = int(self.centre.env.now // DAY_S)
        shift = day * 7 % rules.n
        for one in self.executives:
            there = (one.number + shift) % rules.n < n
            if there and rules.absent_share:
                there = rules.absent_u[day % len(rules.absent_u)][one.number] >= rules.absent_share
            one.is_on_duty = there
            if not there:
                self.idle.pop(one.number, None)
        self._name_deputies()
        for one in self.executives:
            if one.is_on_duty and not one.is_busy:
                self._next(one)

    def _name_deputies(self) -> None:
        """Who takes an executive's calls: themselves, else the next one on duty; nobody on duty: their own line."""
        n = self.rules.n
        deputy = -1
        for number in range(2 * n - 1, -1, -1):
            if self.executives[number % n].is_on_duty:
                deputy = number % n
            if number < n:
                self.deputy[number] = deputy if deputy >= 0 else number

    def offer(self, contact: Contact, own: int) -> None:
        """A call for a customer's own executive."""
        one = self.executives[self.deputy[own]]
        if one.number in self.idle:
            self._take(contact, one)
            return
        one.line.append(contact)
        self.centre.wait(contact)
        if self.rules.overflow_s is not None:
            self.centre.after(self.rules.overflow_s, self._overflow, contact)

    def _overflow(self, event: Any) -> None:
        contact: Contact = event.value
        if not contact.is_waiting:
            return
        if self.idle:
            contact.is_waiting = False  # who was idle needs as long to pick up as for a call that just came
            self._take(contact, next(iter(self.idle.values())))
            return
        self.overflowed.append(contact)
        if self.rules.then_pool:
            self.centre.enter(contact)

    def _take(self, contact: Contact, one: Executive) -> None:
        self.idle.pop(one.number, None)
        one.is_busy = True
        self.centre.after(self.centre.serve(contact, True), self._released, one)

    def _released(self, event: Any) -> None:
        one: Executive = event.value
        one.is_busy = False
        self._next(one)

    def _next(self, one: Executive) -> None:
        """The own line first, then who overflowed, then a contact that is due, else idle. Off duty: only the line."""
        contact = _first_waiting(one.line)
        if contact is None and one.is_on_duty:
            contact = _first_waiting(self.overflowed)
        if contact is not None:
            self._take(contact, one)
        elif one.is_on_duty and not self._contact_customer(one):
            self.idle[one.number] = one

    def _contact_customer(self, one: Executive) -> bool:
        """Begin the contact that is due longest, if one is; else be woken when the next is."""
        now, due = self.centre.env.now, one.due
        while one.next_due < len(due) and due[one.next_due] < now - self.rules.proactive_every_s:
            one.next_due += 1  # a whole period late: the next one is due
        if one.next_due >= len(due):
            return False
        if due[one.next_due] > now:
            if not one.has_alarm:
                one.has_alarm = True
                self.centre.after(due[one.next_due] - now, self._alarm, one)
            return False
        one.next_due += 1
        self.idle.pop(one.number, None)
        one.is_busy = True
        self.centre.log.proactive_at_s.append(now)
        self.centre.after(self.rules.proactive_s, self._released, one)
        return True

    def _alarm(self, event: Any) -> None:
        one: Executive = event.value
        one.has_alarm = False
        if one.is_on_duty and not one.is_busy:
            self._next(one)


def _first_waiting(line: deque[Contact]) -> Contact | None:
    """The first who still waits and is on nobody's desk; who has gone is dropped."""
    while line:
        contact = line.popleft()
        if contact.is_waiting:
            return contact
    return None
