"""How many agents a queue has at any time of the week: from their coming and going, else from calls under way.

Where only handled calls are logged, capacity is the 95th percentile of those under way in a slot, and is said to be
inferred. Agents of several queues would count in each; then the model waits less than the log, and fails its gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.whatif.reading import DAY_S, SLOT_S, SLOTS, Calls, Floats, Ints, Logins
from mining.whatif.regime import Calendar

_POINTS = 6
"""Moments of a slot at which calls under way are counted."""


@dataclass(frozen=True)
class Staffing:
    """Agents by station and half hour of the week; `is_inferred`: not logged."""

    agents: Ints
    is_inferred: bool

    @property
    def hours_per_week(self) -> float:
        """Agent hours."""
        return float(self.agents.sum() * SLOT_S / 3600)

    def peak(self) -> int:
        """The most that are there at any time, all stations together."""
        return int(self.agents.sum(axis=0).max()) if self.agents.size else 0


def staffing_of(calls: Calls, logins: Logins) -> Staffing:
    """From logins where they can be trusted for every station, else inferred for all."""
    told = [_from_logins(calls, logins, station) for station in range(len(calls.stations))]
    if told and all(one is not None for one in told):
        return Staffing(np.stack([one for one in told if one is not None]), False)
    inferred = [_from_calls(calls, station) for station in range(len(calls.stations))]
    return Staffing(np.stack(inferred) if inferred else np.zeros((0, SLOTS), np.int64), True)


def _from_logins(calls: Calls, logins: Logins, station: int) -> Ints | None:
    """Median over weeks; None where comings and goings do not add up day by day."""
    rows = logins.station == station
    at_s, step = logins.at_s[rows], logins.n[rows]
    if not len(at_s):
        return None
    level = np.cumsum(step)
    midnights = np.arange(1, calls.weeks * 7).astype(np.float64) * DAY_S
    at_night = _level(at_s, level, midnights)
    if level.min() < 0 or np.mean(at_night == 0) < 0.9:
        return None
    moments = _moments(calls.weeks)
    there = _level(at_s, level, moments)
    if np.mean(under_way(calls, station, moments) > there + 1) > 0.05:
        return None
    return _by_slot(there, calls.weeks, 0.5)


def _from_calls(calls: Calls, station: int) -> Ints:
    moments = _moments(calls.weeks)
    return _by_slot(under_way(calls, station, moments), calls.weeks, 0.95)


def _by_slot(there: Ints, weeks: int, share: float) -> Ints:
    by_week = there.reshape(weeks, SLOTS, _POINTS)
    spread = by_week.transpose(1, 0, 2).reshape(SLOTS, -1)
    return np.quantile(spread, share, axis=1, method="higher").astype(np.int64)


def under_way(calls: Calls, station: int, at_s: Floats) -> Ints:
    """Calls that agents are busy with at each moment, work after the call included."""
    rows = (calls.station == station) & calls.is_served
    connect = np.sort(calls.at_s[rows] + calls.wait_s[rows])
    release = np.sort((calls.at_s + calls.wait_s + calls.talk_s + calls.after_s)[rows])
    return np.searchsorted(connect, at_s, "right") - np.searchsorted(release, at_s, "right")


def waiting(calls: Calls, station: int, at_s: Floats) -> Ints:
    """Calls that had begun to wait before each moment, and wait still."""
    rows = calls.station == station
    came, left = np.sort(calls.at_s[rows]), np.sort((calls.at_s + calls.wait_s)[rows])
    return np.searchsorted(came, at_s, "left") - np.minimum(
        np.searchsorted(left, at_s, "right"), np.searchsorted(came, at_s, "left")
    )


def calendar(weekly: Ints, weeks: int) -> Calendar:
    """A week's half hours as a calendar of so many weeks, with only the moments at which something changes."""
    n = np.tile(weekly, weeks)
    change = np.flatnonzero(np.r_[True, n[1:] != n[:-1]])
    return Calendar((change * float(SLOT_S)).tolist(), n[change].tolist())


def _moments(weeks: int) -> Floats:
    """The moments of all weeks at which is counted."""
    return (np.arange(weeks * SLOTS * _POINTS).astype(np.float64) + 0.5) * (SLOT_S / _POINTS)


def _level(at_s: Floats, level: Ints, moments: Floats) -> Ints:
    place = np.searchsorted(at_s, moments, "right") - 1
    return np.where(place >= 0, level[np.maximum(place, 0)], 0)
