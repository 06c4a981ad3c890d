"""Today, from the log: how needs arise, how patient customers are, how long calls take, who comes back (method 9.2).

`calibrate` takes a weight for each contact, so that the same function gives the point estimate (all 1) and each draw of
the bootstrap over weeks and over customers within weeks, which carries the uncertainty of all parameters at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.whatif.contacts import REPEAT_S, RETRY_S, Contacts, Excess, contacts_of, excess, original_weight
from mining.whatif.frequency import Frequency, frequency
from mining.whatif.reading import SLOT_S, SLOTS, WEEK_S, Bools, Calls, Floats, Ints
from mining.whatif.staffing import Staffing, under_way, waiting
from mining.whatif.survival import Times, kaplan_meier

PATIENCE_MIN = 50
"""Callers who gave up at a station, from which on its patience is its own; with fewer it is that of all."""
DAYS = 7
FEW = 30
"""Fewer contacts tell no share of their own (method 9.2)."""
TRIES_TOLD = 3
ROUNDS = 6
"""Of telling consequences from customers who call often; after six, needs of no customer moved by more than 0.05."""


@dataclass(frozen=True)
class Sample:
    """A weighted sample, to be drawn from."""

    values: Floats
    share: Floats

    def drawn(self, u: Floats) -> Floats:
        """Values at quantiles."""
        if not len(self.values):
            return np.zeros_like(u)
        return self.values[np.minimum(np.searchsorted(self.share, u, "right"), len(self.values) - 1)]

    @property
    def mean(self) -> float:
        """Its mean."""
        return float((self.values * np.diff(self.share, prepend=0.0)).sum()) if len(self.values) else 0.0


@dataclass(frozen=True)
class Behaviour:
    """Everything that a run is drawn from. `rate`: original needs by station and half hour of the week.
    `customer_shape`: shape of the gamma of each customer's rate. `hand_on`[station]: (share, where to). `service` and
    `after`: of calls that end at the station; `passing`: talk of those that it passes on."""

    rate: Floats
    week_sigma: float
    day_sigma: float
    repeat_share: Floats
    again_share: Floats
    retry_share: tuple[float, ...]
    first_line_share: Floats
    repeat_s: Sample
    retry_s: Sample
    patience: tuple[Times, ...]
    service: tuple[Sample, ...]
    passing: tuple[Sample, ...]
    after: tuple[Sample, ...]
    pickup: tuple[Times, ...]
    hand_on: tuple[tuple[float, int], ...]
    menu_s: float
    n_customers: int
    customer_shape: Floats

    @property
    def needs_per_week(self) -> float:
        """Original needs a week."""
        return float(self.rate.sum())


@dataclass(frozen=True)
class Prepared:
    """What every draw of the bootstrap shares. `pickup_rows[station]`: legs that came while an agent was free."""

    calls: Calls
    contacts: Contacts
    contact_of_leg: Ints
    pickup_rows: tuple[Bools, ...]
    customer: Ints
    """Dense number of each contact's customer."""
    per_s: Floats
    """Original needs a second of each contact's customer, on its matter."""
    n_seen: int
    n_customers: int
    """With those who did not call in these weeks."""
    week_sigma: float
    day_sigma: float
    customer_shape: Floats
    """Of the gamma that each customer's rate follows, given their needs: those seen first. It and the sigmas are of the
    log itself: a draw of the bootstrap repeats weeks and customers, which would look as if they differed by more."""


def prepare(calls: Calls, staffing: Staffing) -> Prepared:
    """Do once what does not depend on weights."""
    contacts = contacts_of(calls)
    first = calls.leg == 1
    by_call = np.argsort(calls.call[first], kind="stable")
    rank = np.searchsorted(calls.call[first][by_call], calls.call)
    place = np.empty(int(first.sum()), np.int64)
    by_time = np.argsort(calls.at_s[first][by_call], kind="stable")
    place[by_time] = np.arange(len(by_time))
    numbers, customer = np.unique(contacts.customer, return_inverse=True)
    rows = []
    for station in range(len(calls.stations)):
        slot = (calls.at_s // SLOT_S).astype(np.int64) % SLOTS
        there = staffing.agents[station][slot]
        busy = under_way(calls, station, calls.at_s) + waiting(calls, station, calls.at_s)
        rows.append((calls.station == station) & (busy < there))
    customer = customer.reshape(-1)
    k, found, per_s = _needs_of(contacts, customer, len(calls.stations))
    back = _again(contacts, len(calls.stations), np.ones(contacts.n))
    original = original_weight(contacts, back.repeat, back.retry, np.ones(contacts.n), per_s)
    return Prepared(
        calls,
        contacts,
        place[rank],
        tuple(rows),
        customer,
        per_s,
        len(numbers),
        len(numbers) + found.n_unseen,
        *_spread(contacts, original, calls.weeks),
        np.r_[k, np.zeros(found.n_unseen)] + found.shape,
    )


def _needs_of(contacts: Contacts, customer: Ints, n_stations: int) -> tuple[Floats, Frequency, Floats]:
    """(original needs of each customer, how often customers have them, needs a second of each contact's customer on
    its matter). Which contacts are consequences hangs on how often the customer calls anyway, and the other way round:
    taken in turn, from all customers alike, until they hardly move."""
    ones = np.ones(contacts.n)
    back = _again(contacts, n_stations, ones)
    per_s: Floats | None = None
    for _ in range(ROUNDS):
        original = original_weight(contacts, back.repeat, back.retry, ones, per_s)
        k = np.bincount(customer, original).astype(np.float64)
        found = frequency(k)
        share = np.bincount(contacts.station, original, minlength=n_stations) / max(1e-9, original.sum())
        expected = (k + found.shape) * k.sum() / max(1e-9, k.sum() + found.shape * (len(k) + found.n_unseen))
        per_s = expected[customer] * share[contacts.station] / contacts.span_s
    assert per_s is not None
    return k, found, per_s


@dataclass(frozen=True)
class Again:
    """Repeats after any answer, after the first and after a later one, by station; retries, and by tries in vain."""

    repeat: list[Excess]
    first: list[Excess]
    later: list[Excess]
    retry: Excess
    by_tries: list[Excess]


def _again(contacts: Contacts, n_stations: int, weight: Floats) -> Again:
    """Who comes back. Where fewer than FEW contacts tell, the coarser share stands."""
    repeat: list[Excess] = []
    first: list[Excess] = []
    later: list[Excess] = []
    after_answer = contacts.was_served & (contacts.gap_s <= REPEAT_S)
    for station in range(n_stations):
        here = contacts.is_served & (contacts.station == station)
        repeat.append(excess(contacts, here, REPEAT_S, weight))
        for rows, into in ((here & ~after_answer, first), (here & after_answer, later)):
            into.append(excess(contacts, rows, REPEAT_S, weight) if rows.sum() >= FEW else repeat[-1])
    retry = excess(contacts, ~contacts.is_served, RETRY_S, weight)
    by_tries: list[Excess] = []
    for tries in range(TRIES_TOLD):
        rows = ~contacts.is_served & (contacts.tries == tries if tries < TRIES_TOLD - 1 else contacts.tries >= tries)
        by_tries.append(excess(contacts, rows, RETRY_S, weight) if rows.sum() >= FEW else (by_tries or [retry])[-1])
    return Again(repeat, first, later, retry, by_tries)


def drawn_weights(prepared: Prepared, rng: np.random.Generator) -> Floats:
    """Weights of the contacts in one draw: weeks drawn with replacement, customers within weeks by a Poisson draw."""
    week = np.minimum(prepared.contacts.week, prepared.calls.weeks - 1)
    weeks = np.bincount(rng.integers(0, prepared.calls.weeks, prepared.calls.weeks), minlength=prepared.calls.weeks)
    _, block = np.unique(week * prepared.n_seen + prepared.customer, return_inverse=True)
    block = block.reshape(-1)
    n_blocks = int(block.max()) + 1 if len(block) else 0
    times: Floats = (rng.poisson(1.0, n_blocks)[block] * weeks[week]).astype(np.float64)
    return times


def calibrate(prepared: Prepared, weight: Floats | None = None) -> Behaviour:
    """Today's behaviour, from weighted contacts."""
    calls, contacts = prepared.calls, prepared.contacts
    n_stations = len(calls.stations)
    w = np.ones(contacts.n) if weight is None else weight
    w_leg = w[prepared.contact_of_leg]
    back = _again(contacts, n_stations, w)
    original = w * original_weight(contacts, back.repeat, back.retry, w, prepared.per_s)
    again = contacts.was_served & (contacts.gap_s <= REPEAT_S)
    tried = ~contacts.was_served & (contacts.gap_s <= RETRY_S)
    pooled = kaplan_meier(calls.wait_s, ~calls.is_served, w_leg)
    patience, service, passing, after, pickup, hand_on, first_line = [], [], [], [], [], [], []
    for s in range(n_stations):
        here = calls.station == s
        given_up = float(w_leg[here & ~calls.is_served].sum())
        patience.append(
            kaplan_meier(calls.wait_s[here], ~calls.is_served[here], w_leg[here])
            if given_up >= PATIENCE_MIN
            else pooled
        )
        served = here & calls.is_served
        ends = served & (calls.leg == calls.n_legs)
        service.append(_sample(calls.talk_s[ends], w_leg[ends]))
        passing.append(_sample(calls.talk_s[served & ~ends], w_leg[served & ~ends]))
        after.append(_sample(calls.after_s[ends], w_leg[ends]))
        idle = prepared.pickup_rows[s]
        pickup.append(kaplan_meier(calls.wait_s[idle], calls.is_served[idle], w_leg[idle]))
        hand_on.append(_handed_on(calls, served, w_leg, n_stations))
        first_line.append(max(0.0, (1.0 - hand_on[-1][0]) * (1.0 - back.repeat[s].share)))
    return Behaviour(
        rate=_rate(contacts, original, calls.weeks, n_stations),
        week_sigma=prepared.week_sigma,
        day_sigma=prepared.day_sigma,
        repeat_share=np.array([one.share for one in back.first]),
        again_share=np.array([one.share for one in back.later]),
        retry_share=tuple(one.share for one in back.by_tries),
        first_line_share=np.array(first_line),
        repeat_s=_sample(contacts.gap_s[again], w[again]),
        retry_s=_sample(contacts.gap_s[tried], w[tried]),
        patience=tuple(patience),
        service=tuple(service),
        passing=tuple(passing),
        after=tuple(after),
        pickup=tuple(pickup),
        hand_on=tuple(hand_on),
        menu_s=_mean(calls.menu_s[calls.leg == 1], w_leg[calls.leg == 1]),
        n_customers=prepared.n_customers,
        customer_shape=prepared.customer_shape,
    )


def _rate(contacts: Contacts, original: Floats, weeks: int, n_stations: int) -> Floats:
    """Needs by station and half hour of the week: the weekday's number times the profile of its kind of day."""
    slot = (contacts.at_s // SLOT_S).astype(np.int64) % SLOTS
    counts = np.zeros((n_stations, SLOTS))
    np.add.at(counts, (contacts.station, slot), original / weeks)
    by_day = counts.reshape(n_stations, DAYS, SLOTS // DAYS)
    smooth = np.zeros_like(by_day)
    for days in (slice(0, 5), slice(5, 6), slice(6, 7)):
        part = by_day[:, days]
        profile = part.sum(axis=1, keepdims=True)
        total = profile.sum(axis=2, keepdims=True)
        smooth[:, days] = part.sum(axis=2, keepdims=True) * np.divide(
            profile, total, out=np.zeros_like(profile), where=total > 0
        )
    return smooth.reshape(n_stations, SLOTS)


def _spread(contacts: Contacts, original: Floats, weeks: int) -> tuple[float, float]:
    """How much volumes vary beyond chance, as the sd of a log factor: of weeks, and of days within them."""
    day = np.minimum((contacts.at_s // (WEEK_S / DAYS)).astype(np.int64), weeks * DAYS - 1)
    daily = np.bincount(day, original, minlength=weeks * DAYS).reshape(weeks, DAYS)
    weekly = daily.sum(axis=1)
    mean = weekly.mean()
    if mean <= 0 or weeks < 3:
        return 0.0, 0.0
    week_variance = max(0.0, (weekly.var(ddof=1) - mean) / mean**2)
    expected = np.outer(weekly, daily.sum(axis=0) / daily.sum())
    told = expected > 5
    excess_ = ((daily - expected) ** 2 - expected)[told].sum() / max(1e-9, (expected[told] ** 2).sum())
    return float(np.sqrt(np.log1p(week_variance))), float(np.sqrt(max(0.0, excess_)))


def _handed_on(calls: Calls, served: Bools, weight: Floats, n_stations: int) -> tuple[float, int]:
    """(share of first legs that go on to another, to which station most of them go)."""
    first = served & (calls.leg == 1)
    on = first & (calls.n_legs > 1)
    share = _mean(on[first].astype(float), weight[first])
    if share <= 0:
        return 0.0, -1
    follows = np.isin(calls.call, calls.call[on]) & (calls.leg == 2)
    counts = np.bincount(calls.station[follows], weight[follows], minlength=n_stations)
    return share, int(counts.argmax()) if counts.sum() else -1


def _sample(values: Floats, weight: Floats) -> Sample:
    told = weight > 0
    order = np.argsort(values[told], kind="stable")
    share = np.cumsum(weight[told][order])
    return Sample(values[told][order], share / share[-1]) if len(share) else Sample(np.zeros(0), np.zeros(0))


def _mean(values: Floats, weight: Floats) -> float:
    total = float(weight.sum())
    return float((values * weight).sum() / total) if total > 0 else 0.0
