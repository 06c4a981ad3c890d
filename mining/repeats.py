"""Which contacts another one follows, soon and in a far window, counted in whole columns (method note 4.2).

A subject's contacts, ordered by customer and time, become one rising number each: customer x a span longer than the
data, plus the time. How many contacts a customer has in a window after or before each contact is then the distance of
two binary searches (2 M contacts: 1 s, where asof joins took 12 s). No contact passes through Python by itself. A test
compares it with a count by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mining.excess import NAMES, Sums

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
DAY_S = 86_400


@dataclass(frozen=True)
class Contacts:
    """Contacts in the order (customer, time), one element each; times in whole s. `is_counted` False = only a possible
    repeat of others.
    """

    customer: Ints
    at_s: Ints
    customer_s: Ints
    company_s: Ints
    is_counted: Flags


def key_of(customer: Ints, at_s: Ints, reach_s: int) -> Ints:
    """A rising number per contact such that contacts of different customers lie more than `reach_s` apart."""
    rank = np.cumsum(np.concatenate([[0], np.diff(customer) != 0]), dtype=np.int64)
    start = int(at_s.min(initial=0))
    span = int(at_s.max(initial=0)) - start + 2 * reach_s + 1
    return np.asarray(rank * span + (at_s - start), dtype=np.int64)


def is_followed(key: Ints, days: int, far: int = 0) -> Flags:
    """Whether the same customer has a contact in (far, far + days] days after each one."""
    until = np.searchsorted(key, key + (far + days) * DAY_S, "right")
    return np.asarray(until > np.searchsorted(key, key + far * DAY_S, "right"), dtype=bool)


def is_preceded(key: Ints, days: int, far: int) -> Flags:
    """Whether the same customer has a contact in [far + days, far) days before each one."""
    since = np.searchsorted(key, key - (far + days) * DAY_S, "left")
    return np.asarray(np.searchsorted(key, key - far * DAY_S, "left") > since, dtype=bool)


def is_in_sight(at_s: Ints, days: int, far: int, side: str, seen: tuple[int, int]) -> Flags:
    """Whether both windows of a contact lie in the data, which tell of [seen[0], seen[1]]."""
    if side == "after":
        return np.asarray(at_s + (far + days) * DAY_S <= seen[1], dtype=bool)
    return np.asarray((at_s + days * DAY_S <= seen[1]) & (at_s - (far + days) * DAY_S >= seen[0]), dtype=bool)


def sum_up(
    contacts: Contacts, days: int, far: int, side: str, seen: tuple[int, int], splits: Mapping[str, Flags]
) -> dict[str, Sums]:
    """The sums of each split (a flag per contact, the same for all of a customer's). Splits without a contact are left
    out.
    """
    key = key_of(contacts.customer, contacts.at_s, (far + days) * DAY_S)
    counted = contacts.is_counted & is_in_sight(contacts.at_s, days, far, side, seen)
    away = is_followed(key, days, far) if side == "after" else is_preceded(key, days, far)
    per_contact = np.stack(
        [is_followed(key, days), away, np.ones(len(key), bool), contacts.customer_s, contacts.company_s]
    )
    starts = np.flatnonzero(np.concatenate([[True], np.diff(contacts.customer) != 0])[: len(key)])
    if len(starts) == 0:
        return {}
    per_customer = np.add.reduceat(np.where(counted, per_contact, 0), starts, axis=1)
    sums = {name: _sums(per_customer[:, flag[starts] & (per_customer[2] > 0)]) for name, flag in splits.items()}
    return {name: one for name, one in sums.items() if one.contacts}


def _sums(numbers: Ints) -> Sums:
    """From a row per name of NAMES and a column per customer. Whole numbers: the order of adding is no matter."""
    square = numbers @ numbers.T
    total = {name: int(n) for name, n in zip(NAMES, numbers.sum(axis=1), strict=True)}
    for i, x in enumerate(NAMES):
        total |= {f"{x}_{y}": int(square[i, j]) for j, y in enumerate(NAMES) if j >= i}
    return Sums(numbers.shape[1], int((numbers[0] > 0).sum()), total)


def per_day(at_s: Ints) -> Ints:
    """Contacts of each day from the first to the last, days without any included."""
    day = at_s // DAY_S
    return np.bincount(day - int(day.min(initial=0))) if len(day) else np.zeros(0, dtype=np.int64)
