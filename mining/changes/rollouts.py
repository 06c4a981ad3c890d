"""Which paths a change truly changed, however it was rolled out: to all at once, in waves, or by lot (method 8.2, 8.4).

In waves each is held against those who still wait in the same weeks (moves.py), and a way is told by the mean over the
waves that have it. They share the weeks of those who wait, so the test takes the mean of their z, which is right
however much they have in common; more waves make it no surer. By lot there is no before: of all customers who left a
step in the same weeks, those who got the change are held against those who did not, customers as clusters.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from ingest.store import Store
from mining.changes import moves
from mining.changes.declared import Change
from mining.changes.estimate import Arm, by_customer
from mining.changes.groups import CONTROL
from mining.changes.judging import Stretch, design_of
from mining.changes.moves import A_WEEK_MIN, Way

CONFIDENCE, LEAST_P = 0.95, 1e-300
NONE = (0, 0.0, 0.0)
"""Sums of an arm that never leaves a step."""
_LOT = """with person as (
        select coalesce(customer_id::varchar, contact_key) as who, arg_min(group_no, started_at) as group_no
        from change_unit where change_no = $no and day >= $since group by who
    ),
    left_so as (
        select who, source, target, sum(n)::double as n
        from change_move where change_no = $no and list_contains($weeks, monday) group by all
    ),
    left_at_all as (select who, source, sum(n) as n from left_so group by all)
"""
_STEPS = f"""{_LOT} select group_no, source, count(*), sum(n), sum(n * n)
    from left_at_all inner join person using (who) group by all"""
_WAYS = f"""{_LOT} select group_no, source, target, sum(way.n), sum(way.n * way.n), sum(way.n * step.n)
    from left_so as way inner join left_at_all as step using (who, source) inner join person using (who) group by all"""


def find(store: Store, change_no: int, change: Change, stretches: Sequence[Stretch]) -> None:
    """Look for the ways that a change truly changed, and remember all that were looked at (change_way, change_stop)."""
    if not stretches:
        return
    design = design_of(change)
    if design == "staggered":
        parts = [_Part.of(store, change_no, one) for one in stretches]
        moves.remember(store, change, in_waves([one.ways for one in parts]), _added([one.stops for one in parts]))
    elif design == "rct":
        steps, arms = read_lot(store, change_no, change.first_day, stretches[0].after)
        moves.remember(store, change, by_lot(arms), steps)
    else:
        moves.find(store, change_no, change, stretches[0])


@dataclass(frozen=True)
class _Part:
    """One wave: its ways, and times a week that its steps are had before and after."""

    ways: list[Way]
    stops: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, store: Store, change_no: int, one: Stretch) -> _Part:
        own, waiting = (moves.read(store, change_no, groups) for groups in (one.treated, one.control))
        return cls(moves.compared(own, waiting, one.before, one.after), moves.stops(own, one.before, one.after))


def _added(parts: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    steps = sorted({step for part in parts for step in part})
    none = (0.0, 0.0)
    return {
        step: (sum(p.get(step, none)[0] for p in parts), sum(p.get(step, none)[1] for p in parts)) for step in steps
    }


def in_waves(parts: Sequence[Sequence[Way]]) -> list[Way]:
    """The mean over the waves of each way that can be looked at in one or more of them."""
    found: defaultdict[tuple[str, str], list[Way]] = defaultdict(list)
    for part in parts:
        for one in part:
            found[one.source, one.target].append(one)
    return moves.chosen([_mean(of_way) for _, of_way in sorted(found.items())])


def _mean(waves: Sequence[Way]) -> Way:
    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in waves]))

    z = float(np.mean([math.copysign(float(stats.norm.isf(max(one.p, LEAST_P) / 2)), one.points) for one in waves]))
    has_control = all(one.control_before is not None for one in waves)
    return replace(
        waves[0], before=mean("before"), after=mean("after"), points=mean("points"), low=mean("low"), high=mean("high"),
        control_before=mean("control_before") if has_control else None,
        control_after=mean("control_after") if has_control else None, p=float(2 * stats.norm.sf(abs(z))),
    )  # fmt: skip


Arms = dict[tuple[str, str], tuple[Arm, Arm]]


def read_lot(
    store: Store, change_no: int, since: dt.date, weeks: Sequence[dt.date]
) -> tuple[dict[str, tuple[float, float]], Arms]:
    """(step -> times a week that it is had without and with the change, were there as many contacts without it;
    way -> arms with and without it). Of steps that both arms leave often enough."""
    params = {"no": change_no, "since": since, "weeks": list(weeks)}
    steps = {(group, source): told for group, source, *told in store.rows(_STEPS, params)}
    hits = {(group, source, target): told for group, source, target, *told in store.rows(_WAYS, params)}
    contacts = [steps.get((group, ""), NONE)[1] for group in (CONTROL, 0)]
    scale = contacts[1] / contacts[0] if contacts[0] else 0.0

    def weekly(group: int, source: str) -> float:
        return float(steps.get((group, source), NONE)[1]) / len(weeks)

    sources = sorted({source for _, source in steps})
    times = {source: (scale * weekly(CONTROL, source), weekly(0, source)) for source in sources}

    def arm(group: int, source: str, target: str) -> Arm:
        customers, n, n_n = steps[group, source]
        own, own_own, own_n = hits.get((group, source, target), (0.0, 0.0, 0.0))
        return Arm(int(customers), own, n, own_own, own_n, n_n)

    arms: Arms = {
        (source, target): (arm(0, source, target), arm(CONTROL, source, target))
        for source, target in sorted({(source, target) for _, source, target in hits})
        if min(weekly(0, source), weekly(CONTROL, source)) >= A_WEEK_MIN
    }
    return times, arms


def by_lot(arms: Arms) -> list[Way]:
    """The ways of both arms; `before` = the share without the change, `after` = with it."""
    found = []
    for (source, target), (treated, control) in arms.items():
        without, with_it = control.hits / control.n, treated.hits / treated.n
        half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * math.sqrt(treated.variance(True) + control.variance(True))
        points = with_it - without
        p = by_customer(treated, control, True, CONFIDENCE).p
        found.append(Way(source, target, without, with_it, None, None, points, points - half, points + half, p))
    return moves.chosen(found)
