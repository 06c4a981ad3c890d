"""The call centre: a phone menu, one queue for each topic, and agents who answer mail when nobody waits.

Each queue is first come, first served with a fixed number of seats, so a call's wait follows at once from when each
seat falls free (Kiefer and Wolfowitz 1955). Callers have patience; whoever runs out of it takes no seat.
"""

from __future__ import annotations

import math

from world_config import HOUR_S, Config, is_workday, next_workday_s, seconds_of_day
from world_random import Draws
from world_record import Call, Leg, World

QUEUES = ("product", "order", "status", "returns")
OPEN_S, SHIFT_S, CLOSE_S = 8 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S
TALK_MEDIAN_S = {"product": 230.0, "order": 380.0, "status": 170.0, "returns": 210.0}
MAIL_SHARE, MAIL_MEAN_S = 0.62, 75.0  # an agent without a call is busy with a mail this often, for this long on average
PATIENCE_MEDIAN_S, TIMEOUT_S = 260.0, 600
ERLANG_AT_2000 = 0.16  # offered load of a queue at 2,000 customers, generously
MENU_LOSS = 0.05  # of callers hang up in the phone menu


def is_open(at_s: float) -> bool:
    """True while agents are there."""
    return is_workday(int(at_s)) and OPEN_S <= seconds_of_day(int(at_s)) < CLOSE_S


def in_open_hours(at_s: float, draws: Draws) -> float:
    """When a customer who wants to call at `at_s` does so: in opening hours, but for one in twenty-five."""
    if is_open(at_s) or draws.chance(0.04):
        return at_s
    morning = int(at_s) - seconds_of_day(int(at_s)) + OPEN_S
    if not is_workday(int(at_s)) or at_s >= morning:
        morning = next_workday_s(int(at_s)) + OPEN_S
    return morning + min(draws.exp(1.6 * HOUR_S), 8.0 * HOUR_S) + 30


def n_seats(config: Config) -> int:
    """Seats of each queue."""
    return config.seats or max(1, math.ceil(config.customers / 2_000 * ERLANG_AT_2000 / 0.5))


def agent_name(queue: str, seat: int, at_s: float) -> str:
    """Who has a seat at a time: one agent until 14:00, another after."""
    shift = 1 if seconds_of_day(int(at_s)) < SHIFT_S else 2
    return f"PJSIP/{QUEUES.index(queue) + 1}{2 * seat + shift:03d}"


def answer(call: Call, seat: int, connect_s: int, draws: Draws) -> None:
    """The talk, and what the agent has to do after it."""
    talk = 20 + int(min(draws.lognormal(TALK_MEDIAN_S[call.queue], 0.55), 2_400))
    call.outcome, call.connect_s, call.end_s = "answered", connect_s, connect_s + talk
    call.agent = agent_name(call.queue, seat, connect_s)
    call.after_s = 10 + int(draws.exp(30.0))
    call.completed_by = "COMPLETECALLER" if draws.chance(0.7) else "COMPLETEAGENT"


class CallCentre:
    """Serves calls in order of their start."""

    def __init__(self, world: World) -> None:
        self.world = world
        seats = n_seats(world.config)
        self.free_s: dict[str, list[float]] = {queue: [0.0] * seats for queue in QUEUES}
        self.n_channels = 0

    def serve(self, at_s: float, queue: str, need: int, person: int, draws: Draws) -> Call:
        """Handle one call from ring to hang-up and record it."""
        call = self.ring(at_s, queue, need, person, draws)
        if call.enter_s:
            self._wait(call, draws)
            if call.outcome == "answered" and queue == "status":
                self._treat(call)
        self.record(call)
        return call

    def record(self, call: Call) -> None:
        """Keep a call that ended in the recorded days."""
        if self.world.is_recorded(call.end_s):
            self.world.calls.append(call)

    def ring(self, at_s: float, queue: str, need: int, person: int, draws: Draws) -> Call:
        """A call up to where it enters the queue; `enter_s` stays 0 for one that ends before."""
        start = int(at_s)
        call = Call(
            call_id=f"{start}.{self.n_channels}",
            sequence=self.n_channels,
            queue=queue,
            person=person,
            need=need,
            caller=self._caller(person, draws),
            start_s=start,
        )
        self.n_channels += 2
        menu = 11 + min(int(draws.exp(14.0)), 90)
        if self.world.config.standard and is_open(at_s):
            menu = self._menu(call, menu)
        if not is_open(at_s):
            call.outcome, call.end_s = "closed", start + 6 + min(int(draws.exp(9.0)), 25)
        elif draws.chance(MENU_LOSS):
            call.outcome, call.end_s = "menu", start + menu
        else:
            call.enter_s = start + menu
        return call

    def _strikes(self, plant: str, call: Call) -> Draws | None:
        """As Actor.strikes, once for each call."""
        rate: float = getattr(self.world.config.plants, plant)
        draws = Draws(self.world.config.seed, plant, call.sequence)
        struck = draws.chance(rate)
        if rate and self.world.is_recorded(call.start_s):
            self.world.tally.count(plant, struck)
        return draws if struck else None

    def _menu(self, call: Call, menu_s: int) -> int:
        """The nodes of the phone menu that the caller hears, the main one again for some. Returns their seconds."""
        again = self._strikes("menu_again", call)
        rounds = 1 if again is None else 2 + again.geometric(0.3, 3)
        topic = call.queue.upper()
        topics = [topic, "PARCEL_NUMBER"] if topic in ("STATUS", "RETURNS") else [topic]
        nodes = ["MAIN", topic] * rounds + topics[1:]
        menu_s = max(menu_s, 6 * len(nodes))
        call.menu = [(call.start_s + menu_s * n // len(nodes), node) for n, node in enumerate(nodes)]
        return menu_s

    def _treat(self, call: Call) -> None:
        """What agents of the status line do when planted: ask for the parcel number, hand the caller on."""
        talk = call.end_s - call.connect_s
        draws = Draws(self.world.config.seed, "legs", call.sequence)
        if self._strikes("via_order_desk", call) is not None:
            self._leg(call, "order", "status", int(draws.between(70, 200)))
            if self._strikes("handed_on", call) is not None:
                self._leg(call, "status", "returns", int(draws.between(18, 45)))
            call.end_s = call.connect_s + talk
        if self._strikes("asked_again", call) is not None:
            call.asked_s = call.connect_s + 5

    def _leg(self, call: Call, queue: str, next_queue: str, talk_s: int) -> None:
        """The desk that has the caller talks for a while, then hands them on; the next answers within a minute."""
        agent = agent_name(queue, 0, call.connect_s)
        end = call.connect_s + talk_s
        call.legs.append(Leg(queue, agent, call.enter_s, call.connect_s, end, next_queue))
        call.queue, call.ringing = next_queue, []
        call.enter_s, call.connect_s = end + 1, end + 1 + 7 + talk_s % 40
        call.agent = agent_name(next_queue, 0, call.connect_s)

    def _wait(self, call: Call, draws: Draws) -> None:
        free = self.free_s[call.queue]
        seat = min(range(len(free)), key=free.__getitem__)
        mail = draws.exp(MAIL_MEAN_S) if draws.chance(MAIL_SHARE) else 0.0
        idle = free[seat] <= call.enter_s
        connect = int((call.enter_s + mail if idle else free[seat]) + draws.between(2, 9))
        patience = int(draws.lognormal(PATIENCE_MEDIAN_S, 0.8)) + 5
        hold = connect - call.enter_s
        call.origpos = 1 if idle else 1 + int(hold > 240)
        longest = min(patience, TIMEOUT_S)
        self._ring(call, seat, min(hold, longest), idle)
        if hold > longest:
            call.outcome = "abandoned" if patience < TIMEOUT_S else "timeout"
            call.end_s = call.enter_s + longest
            return
        answer(call, seat, connect, draws)
        free[seat] = call.end_s + call.after_s

    def _ring(self, call: Call, seat: int, held_s: int, idle: bool) -> None:
        """The phone of an agent who is busy with a mail rings for 15 s in vain, at most three times."""
        if idle:
            for n in range(min(held_s // 20, 3)):
                at = call.enter_s + 16 + 20 * n
                call.ringing.append((at, agent_name(call.queue, seat, call.enter_s), 15_000))

    def _caller(self, number: int, draws: Draws) -> str:
        """The caller's number as the carrier delivers it: one of three spellings, or nothing."""
        person = self.world.people[number]
        phone = person.mobile
        if draws.chance(0.6) and person.landline is not None:
            phone = person.landline
        hidden, u = draws.chance(self.world.config.plants.anonymous_calls), draws.u()
        if hidden:
            return "anonymous" if u < 0.5 else ""
        return "0" + phone[3:] if u < 0.6 else phone if u < 0.85 else "00" + phone[1:]
