"""Of which lines and weeks a scenario is asked: those that it can touch, since the last declared change of them.

A model that is fitted before a declared change and held against weeks after it fails for a reason that everybody knows.
So the weeks begin on the first Monday after the wash-out of the last change (process/changes.toml) that touched a line
of the scenario. A line that hands no calls to another and gets none is a call centre of its own: changes elsewhere do
not matter to it. A scenario that names no line is asked of all of them; where a change is too recent, of those that it
left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.store import Store
from mining.changes.declared import Change
from mining.changes.groups import condition
from mining.whatif.calibration import FEW
from mining.whatif.reading import DAY_S, WEEK_S, WEEKS_MIN, Calls, Logins, Reading, digest_of
from mining.whatif.scenarios import Scenario

TOUCHED_SHARE = 0.01
"""Of a line's calls that an affected group holds: with fewer, the change did not touch the line."""

_SHARES = """
with leg as (
    select distinct call_id, intent, customer_id, min(occurred_at) over (partition by call_id, intent) as began_at
    from event
    where call_id is not null and visible and wait_ms is not null and intent is not null
        and occurred_at >= $week_from and occurred_at < $week_to),
own as (
    select distinct call_id from event
    where call_id is not null and occurred_at >= $week_from and occurred_at < $week_to and ({condition})),
seen as (
    select customer_id, occurred_at from event
    where call_id is null and customer_id is not null and visible
        and occurred_at >= $week_from and occurred_at < $week_to and ({condition})),
near as (
    select leg.call_id, leg.intent, any_value(own.call_id is not null) as is_own,
        coalesce(bool_or(seen.occurred_at <= leg.began_at), false) as is_before,
        coalesce(bool_or(seen.occurred_at > leg.began_at), false) as is_after
    from leg left join own on leg.call_id = own.call_id
        left join seen on leg.customer_id = seen.customer_id
            and seen.occurred_at between leg.began_at - interval 1 day and leg.began_at + interval 1 day
    group by leg.call_id, leg.intent)
select intent, count(*) as n, count(*) filter (is_own) as own, count(*) filter (is_before) as before,
    count(*) filter (is_after) as after
from near group by intent order by intent"""
"""By line: calls; those of the affected group; those with an affected visit of the customer a day before; after."""


@dataclass(frozen=True)
class Touch:
    """A declared change that touched a line. `first_week`: the first full week of the reading after its wash-out."""

    label: str
    day: dt.date
    line: str
    first_week: int


@dataclass(frozen=True)
class Obstacle:
    """A change that leaves too few weeks. `lines`: those that can't be asked for it; `weeks` full ones since the Monday
    `since`; `told_from`: the first night on which there are enough."""

    label: str
    day: dt.date
    lines: tuple[str, ...]
    since: dt.date
    weeks: int
    told_from: dt.date


@dataclass(frozen=True)
class Part:
    """What a scenario is asked of. `obstacles`: why lines are left out of `reading`, or, where `is_blocked`, why
    nothing can be told."""

    reading: Reading
    obstacles: tuple[Obstacle, ...] = ()
    is_blocked: bool = False


def touches(store: Store, changes: Sequence[Change], reading: Reading) -> tuple[Touch, ...]:
    """The lines that declared changes touched in these weeks or shortly before."""
    last = reading.first_day + dt.timedelta(weeks=reading.calls.weeks)
    found = []
    for change in changes:
        for wave in change.waves:
            settled = wave.date + dt.timedelta(weeks=change.washout_weeks)
            first_week = -(-(settled - reading.first_day).days // 7)
            if first_week <= 0 or wave.date >= last:
                continue
            params: dict[str, object] = {"week_from": reading.first_day, "week_to": last}
            named: dict[str, str] = {}
            sql = _SHARES.format(condition=condition(wave.affected, named))
            rows = store.rows(sql, params | named)
            lines = [row[0] for row in rows if _is_touched(*row[1:])]
            week = min(first_week, reading.calls.weeks)
            found += [Touch(change.label, wave.date, line, week) for line in lines if line in reading.calls.stations]
    return tuple(found)


def _is_touched(n: int, own: int, before: int, after: int) -> bool:
    """A call of the affected group; or one that follows an affected visit within a day, beyond those that chance puts
    before it: as many as after it, give or take two standard deviations."""
    return own >= TOUCHED_SHARE * n or before - after >= max(TOUCHED_SHARE * n, 2.0 * float(np.sqrt(before + after)))


def part_of(scenario: Scenario, reading: Reading, touched: Sequence[Touch], cell_min: int) -> Part:
    """The lines and weeks of a scenario, without lines that then have fewer calls than `cell_min`."""
    calls = reading.calls
    groups = linked(calls)
    everything = set(calls.stations)
    named = set(scenario.lines) & everything
    wanted = set().union(*(groups[name] for name in named)) if named else everything
    late = [one for one in touched if one.line in wanted and calls.weeks - one.first_week < WEEKS_MIN]
    if not late:
        first = max([0, *(one.first_week for one in touched if one.line in wanted)])
        return Part(cut(reading, wanted, first, cell_min))
    out = set().union(*(groups[one.line] for one in late))
    rest = wanted - out
    if named or scenario.order_line in out or not rest:
        first = max(one.first_week for one in late)
        return Part(cut(reading, wanted, first, cell_min), _obstacles(reading, late, wanted), is_blocked=True)
    first = max([0, *(one.first_week for one in touched if one.line in rest)])
    return Part(cut(reading, rest, first, cell_min), _obstacles(reading, late, out))


def _obstacles(reading: Reading, late: Sequence[Touch], lines: set[str]) -> tuple[Obstacle, ...]:
    """The changes that leave too few weeks, the one that is told last first; all of them keep the same lines out."""
    out = []
    for label, day, week in sorted({(one.label, one.day, one.first_week) for one in late}, key=lambda one: -one[2]):
        since = reading.first_day + dt.timedelta(weeks=week)
        told_from = since + dt.timedelta(weeks=WEEKS_MIN)
        out.append(Obstacle(label, day, tuple(sorted(lines)), since, reading.calls.weeks - week, told_from))
    return tuple(out)


def linked(calls: Calls) -> dict[str, set[str]]:
    """Each line with those that it hands calls to or gets them from, FEW or more, and theirs in turn."""
    order = np.lexsort((calls.leg, calls.call))
    call, station = calls.call[order], calls.station[order]
    follows = np.flatnonzero(call[1:] == call[:-1])
    pairs, times = np.unique(np.stack([station[follows], station[follows + 1]]), axis=1, return_counts=True)
    groups = {name: {name} for name in calls.stations}
    for (one, other), n in zip(pairs.T.tolist(), times.tolist(), strict=True):
        if n >= FEW and one != other:
            both = groups[calls.stations[one]] | groups[calls.stations[other]]
            for name in both:
                groups[name] = both
    return groups


def cut(reading: Reading, lines: set[str], first_week: int, cell_min: int) -> Reading:
    """The reading of some lines from a week on, without those that then have fewer calls than `cell_min`."""
    calls = reading.calls
    if lines == set(calls.stations) and not first_week:
        return reading
    later = calls.between(first_week, calls.weeks)
    often = np.bincount(later.station, minlength=len(calls.stations)) >= cell_min
    kept = tuple(name for name, is_often in zip(calls.stations, often, strict=True) if is_often and name in lines)
    number = np.array([kept.index(name) if name in kept else -1 for name in calls.stations], np.int64)
    part = later.chosen(number[later.station] >= 0)
    part = replace(part, stations=kept, station=number[part.station])
    logins = reading.logins
    rows = (logins.at_s >= first_week * WEEK_S) & (number[logins.station] >= 0)
    came = Logins(number[logins.station[rows]], logins.at_s[rows] - first_week * WEEK_S, logins.n[rows])
    first_day = reading.first_day + dt.timedelta(seconds=first_week * 7 * DAY_S)
    return replace(
        reading, calls=part, logins=came, first_day=first_day, n_read=part.n_calls, digest=digest_of(part, came)
    )
