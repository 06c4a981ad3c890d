"""From calls to needs: which contact is an original need, which a retry, which a repeat (method 4.2 and 9.2).

A contact soon after another of the same customer on the same matter may be its consequence, or chance: busy customers
call anyway. What chance gives is seen four weeks away, in the same customers. So a contact after another counts as an
original need in part, by the share of such contacts that would have come anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.whatif.reading import DAY_S, WEEK_S, Bools, Calls, Floats, Ints

REPEAT_S, RETRY_S = 7.0 * DAY_S, 1.0 * DAY_S
"""A repeat comes within 7 days after an answer, a retry within a day after giving up."""
FAR_S = tuple(days * DAY_S for days in (21.0, 28.0, 35.0, 42.0))
"""Far windows, later and earlier, beyond what a repeat of a repeat reaches: one alone would make `b` a matter of
chance."""
_FACTOR_MOST, _HALVINGS = 12.0, 40
"""Where the factor of `_consequence` is looked for (its logarithm), and how finely."""


@dataclass(frozen=True)
class Contacts:
    """One value per call: station of its first leg, customer, begin, whether its last leg was served, and what came
    before on the same matter: `gap_s` (inf: nothing), `was_served` (whether that was), `tries` (how many in
    vain in a row, each within a day)."""

    station: Ints
    customer: Ints
    at_s: Floats
    is_served: Bools
    gap_s: Floats
    was_served: Bools
    tries: Ints
    pair: Ints
    span_s: float

    @property
    def n(self) -> int:
        """Calls."""
        return len(self.at_s)

    @property
    def week(self) -> Ints:
        """Week of each call."""
        return (self.at_s // WEEK_S).astype(np.int64)


def contacts_of(calls: Calls) -> Contacts:
    """One row per call, in order of time."""
    order = np.lexsort((calls.leg, calls.call))
    call = calls.call[order]
    begins = np.flatnonzero(np.r_[True, call[1:] != call[:-1]]) if len(call) else np.zeros(0, np.int64)
    served = np.minimum.reduceat(calls.is_served[order], begins) if len(call) else np.zeros(0, bool)
    first = order[begins]
    by_time = np.argsort(calls.at_s[first], kind="stable")
    first, served = first[by_time], served[by_time]
    station, customer, at_s = calls.station[first], calls.customer[first], calls.at_s[first]
    _, pair = np.unique(np.stack([customer, station]), axis=1, return_inverse=True)
    pair = pair.reshape(-1)
    gap, was = np.full(len(at_s), np.inf), np.zeros(len(at_s), bool)
    rows = np.lexsort((at_s, pair))
    same = np.flatnonzero(pair[rows][1:] == pair[rows][:-1])
    gap[rows[same + 1]] = at_s[rows[same + 1]] - at_s[rows[same]]
    was[rows[same + 1]] = served[rows[same]]
    in_vain = ~was & (gap <= RETRY_S)
    return Contacts(
        station, customer, at_s, served, gap, was, _in_a_row(in_vain, rows), pair, calls.weeks * float(WEEK_S)
    )


def _in_a_row(holds: Bools, rows: Ints) -> Ints:
    """How many times in a row it holds up to each contact, along `rows`."""
    along = holds[rows]
    count = np.cumsum(along)
    before = np.maximum.accumulate(np.where(along, 0, count)) if len(rows) else count
    out = np.zeros(len(rows), np.int64)
    out[rows] = count - before
    return out


@dataclass(frozen=True)
class Excess:
    """Near window minus far window: `share` = of contacts that another follows as a consequence, `true_part` = of the
    contacts that follow in the near window, those that are a consequence."""

    share: float
    true_part: float


def excess(contacts: Contacts, anchors: Bools, within_s: float, weight: Floats) -> Excess:
    """(a - b) / (1 - b) of method 4.2, over the anchors whose windows lie in the data."""
    if not anchors.any():
        return Excess(0.0, 0.0)
    big = 4 * contacts.span_s + 8 * FAR_S[-1]
    keys = np.sort(contacts.pair * big + contacts.at_s)
    at, key = contacts.at_s[anchors], (contacts.pair * big + contacts.at_s)[anchors]
    w = weight[anchors]

    def seen(low: float, high: float) -> Bools:
        # half a second keeps the anchor itself out of its own window
        return np.searchsorted(keys, key + high, "right") > np.searchsorted(keys, key + low + 0.5, "right")

    ahead = at + within_s <= contacts.span_s
    a = _mean(seen(0.0, within_s), w * ahead)
    hits = weights = 0.0
    for far in FAR_S:
        for low, covered in ((far, at + far + within_s <= contacts.span_s), (-far - within_s, at >= far + within_s)):
            hits += float((seen(low, low + within_s) * w * covered).sum())
            weights += float((w * covered).sum())
    b = hits / weights if weights else 0.0
    if a <= 0 or b >= 1:
        return Excess(0.0, 0.0)
    share = max(0.0, (a - b) / (1 - b))
    return Excess(share, min(1.0, share / a))


def original_weight(
    contacts: Contacts, repeat: list[Excess], retry: Excess, weight: Floats, per_s: Floats | None = None
) -> Floats:
    """How much of each contact is an original need, 0..1.

    `per_s`: original needs a second of each contact's customer on its matter. Who calls often calls soon again by
    chance; who calls once a year does not. None: all customers alike, as a first guess.
    """
    out = np.ones(contacts.n)
    after_answer = contacts.was_served & (contacts.gap_s <= REPEAT_S)
    after_giving_up = ~contacts.was_served & (contacts.gap_s <= RETRY_S)
    for station, one in enumerate(repeat):
        rows = after_answer & (contacts.station == station)
        out[rows] -= _consequence(one, REPEAT_S, weight[rows], None if per_s is None else per_s[rows])
    rows = after_giving_up
    out[rows] -= _consequence(retry, RETRY_S, weight[rows], None if per_s is None else per_s[rows])
    return out


def _consequence(found: Excess, within_s: float, weight: Floats, per_s: Floats | None) -> Floats:
    """The chance of each near contact to be a consequence: share / (share + (1 - share) b), where b is what the
    customer's own rate gives by chance. The b are scaled so that on the whole as many are as the log tells."""
    n = len(weight)
    if per_s is None or not n or not 0 < found.true_part < 1 or not found.share < 1 or weight.sum() <= 0:
        return np.full(n, found.true_part)
    b = np.maximum(1e-9, -np.expm1(-per_s * within_s))

    def parts(log_factor: float) -> Floats:
        told: Floats = found.share / (found.share + (1.0 - found.share) * b * np.exp(log_factor))
        return told

    low, high = -_FACTOR_MOST, _FACTOR_MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _mean(parts(middle), weight) > found.true_part else (low, middle)
    return parts((low + high) / 2)


def _mean(hits: Bools | Floats, weight: Floats) -> float:
    total = float(weight.sum())
    return float((hits * weight).sum() / total) if total > 0 else 0.0
