"""One replication's needs with all that chance decides, before any scenario: common random numbers (method 9.5).

Streams are keyed by (seed, replication, purpose); within one, a number belongs to a need and to the number of the
contact. A scenario picks among the needs and changes who serves them; it draws nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from mining.whatif.calibration import Behaviour
from mining.whatif.reading import SLOT_S, SLOTS, WEEK_S, Bools, Floats, Ints
from mining.whatif.regime import Needs

CONTACTS_MAX = 8
"""A need is given up, or taken for settled, after so many contacts."""
JITTER_S = 3_600.0


def stream(seed: int, replication: int, purpose: str) -> np.random.Generator:
    """Random numbers of one purpose; the same on every machine."""
    key = hashlib.sha256(f"whatif|{seed}|{replication}|{purpose}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=np.frombuffer(key, np.uint64)))


@dataclass(frozen=True)
class Drawn:
    """Needs, and what scenarios pick them by: `pick_u` in 0..1 each; `is_shifted`: an order that would come by phone.

    `most` = the needs are as many as today's times this, so that a scenario may have more of them.
    """

    needs: Needs
    at_s: Floats
    customer: Ints
    station: Ints
    pick_u: Floats
    is_shifted: Bools
    most: float
    weeks: int

    def wanted(self, factor: Floats | float, shift: Floats | float = 0.0) -> list[int]:
        """The needs that arise when each is `factor` times as frequent as today, and `shift` of the shiftable."""
        kept = np.where(self.is_shifted, self.pick_u < shift, self.pick_u * self.most < factor)
        return np.flatnonzero(kept).tolist()


def draw(
    behaviour: Behaviour,
    seed: int,
    replication: int,
    weeks: int,
    most: float = 1.0,
    shifted: tuple[int, float] = (-1, 0.0),
) -> Drawn:
    """All needs of `weeks` weeks. `shifted`: (station, further needs a week that scenarios may pick from)."""
    at_s, station, is_shifted = _arrivals(behaviour, seed, replication, weeks, most, shifted)
    n = len(at_s)

    def uniform(purpose: str) -> Floats:
        # open at 0, so that logarithms stay finite
        return 1.0 - stream(seed, replication, purpose).random((CONTACTS_MAX, n))

    rates = np.cumsum(stream(seed, replication, "rates").gamma(behaviour.customer_shape))
    customer = np.searchsorted(rates, rates[-1] * stream(seed, replication, "who").random(n), "right")
    customer = np.minimum(customer, behaviour.n_customers - 1)
    u = {
        purpose: uniform(purpose)
        for purpose in (
            "patience", "service", "after", "pickup", "retry", "retry delay", "repeat", "repeat delay", "hand on",
            "second", "other", "jitter",
        )
    }  # fmt: skip
    patience, service, after, pickup, second = (np.zeros((CONTACTS_MAX, n)) for _ in range(5))
    hand_on = np.full((CONTACTS_MAX, n), -1)
    for s in range(len(behaviour.rate)):
        here = station == s
        patience[:, here] = behaviour.patience[s].drawn(u["patience"][:, here])
        service[:, here] = behaviour.service[s].drawn(u["service"][:, here])
        after[:, here] = behaviour.after[s].drawn(u["after"][:, here])
        pickup[:, here] = behaviour.pickup[s].drawn(u["pickup"][:, here])
        share, target = behaviour.hand_on[s]
        if target >= 0:
            hand_on[:, here] = np.where(u["hand on"][:, here] < share, target, -1)
            passing = behaviour.passing[s].drawn(u["service"][:, here])
            service[:, here] = np.where(hand_on[:, here] >= 0, passing, service[:, here])
            second[:, here] = behaviour.service[target].drawn(u["second"][:, here])
        else:
            second[:, here] = service[:, here]
    needs = Needs(
        at_s=at_s.tolist(),
        customer=customer.tolist(),
        station=station.tolist(),
        retry_share=behaviour.retry_share,
        again_share=behaviour.again_share[station].tolist(),
        repeat_share=behaviour.repeat_share[station].tolist(),
        first_line_share=behaviour.first_line_share[station].tolist(),
        patience_s=patience.tolist(),
        service_s=service.tolist(),
        after_s=after.tolist(),
        pickup_s=pickup.tolist(),
        retry_u=u["retry"].tolist(),
        retry_s=behaviour.retry_s.drawn(u["retry delay"]).tolist(),
        repeat_u=u["repeat"].tolist(),
        repeat_s=behaviour.repeat_s.drawn(u["repeat delay"]).tolist(),
        hand_on=hand_on.tolist(),
        second_s=second.tolist(),
        other_u=u["other"].tolist(),
        jitter_s=(-JITTER_S * np.log(u["jitter"])).tolist(),
    )
    pick = stream(seed, replication, "pick").random(n)
    return Drawn(needs, at_s, customer, station, pick, is_shifted, most, weeks)


def _arrivals(
    behaviour: Behaviour, seed: int, replication: int, weeks: int, most: float, shifted: tuple[int, float]
) -> tuple[Floats, Ints, Bools]:
    """(time, station, whether it is a further one) of all needs, by time."""
    rng = stream(seed, replication, "arrivals")
    week_factor = np.exp(rng.normal(-(behaviour.week_sigma**2) / 2, behaviour.week_sigma, weeks))
    day_factor = np.exp(rng.normal(-(behaviour.day_sigma**2) / 2, behaviour.day_sigma, (weeks, 7)))
    factor = (week_factor[:, None] * day_factor).repeat(SLOTS // 7, axis=1)
    parts = [(rate * most, s, False) for s, rate in enumerate(behaviour.rate)]
    if shifted[0] >= 0 and shifted[1] > 0:
        profile = behaviour.rate[shifted[0]]
        parts.append((profile / max(1e-12, profile.sum()) * shifted[1], shifted[0], True))
    times, stations, further = [], [], []
    for rate, s, is_further in parts:
        n = rng.poisson(factor * rate)
        week, slot = np.divmod(np.repeat(np.arange(weeks * SLOTS), n.reshape(-1)), SLOTS)
        at = week * float(WEEK_S) + (slot + rng.random(len(slot))) * SLOT_S
        times.append(at)
        stations.append(np.full(len(at), s))
        further.append(np.full(len(at), is_further))
    order = np.argsort(np.concatenate(times), kind="stable")
    return np.concatenate(times)[order], np.concatenate(stations)[order], np.concatenate(further)[order]
