"""Steps in weekly figures that nobody looked for: proposed, never claimed (method note 8.3).

Each figure of all contacts and of each queue with enough of them, the share of visits that see each page and the share
of calls that have each step (step_shares.py) is cut into stretches of one level (PELT, least squares, on logarithms or
logits of full weeks). The penalty is 5 ln(weeks) + 2 ln(figures) times the variance of a week, told by the median of
the differences of neighbours; and Welch's t between two stretches must hold for all figures and their weeks together,
since few weeks tell that variance badly. Where a straight line fits the weeks no worse than the steps do, it is a drift
and nothing is told. What is found is no test of anything: it says when somebody should remember what was changed.
Source: Killick, Fearnhead and Eckley 2012 (PELT).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import ruptures

from ingest.store import Store
from mining.changes import step_shares
from mining.changes.declared import Change
from mining.changes.estimate import Numbers, logs, step_of_means
from mining.changes.groups import WATCHED
from mining.changes.metrics import METRICS, OF_VISITS, Metric
from mining.changes.series import WEEK, Table, Week

ALL = ""
"""The place of a figure over all contacts; others are queues, in their source's words."""
STRETCH_MIN = 4
"""Weeks of a stretch at least, as many as a declared change is judged by: of three, Welch's test told too much."""
ALARM_MAX = 0.05
"""Chance of an alarm in all figures of a quiet night."""
_PLACES = """select distinct member.change_no, contact.intent
    from change_member as member inner join change_contact as contact using (contact_key)
    where member.change_no > $watched order by all"""
_TOUCHED = """with size as (
        select change_no, count(*) as n from change_member where change_no >= $watched group by change_no
    )
    select watched.change_no, declared.change_no
    from change_member as watched
    inner join change_member as declared using (contact_key)
    inner join size on watched.change_no = size.change_no
    where declared.change_no < $watched and declared.group_no >= 0
    group by watched.change_no, declared.change_no, size.n having count(*) >= 0.05 * size.n order by all"""
_TABLE = """create or replace table change_proposed (
    step_no integer, place varchar, of_visits boolean, metric varchar, step varchar, monday date, before double,
    after double, n_before integer, n_after integer, change_id varchar
)"""
"""A row is of a metric (`step` is '') or of the share of calls or visits that have a step (`metric` is '')."""


@dataclass(frozen=True)
class Watched:
    """A weekly figure: a metric of a place, or the share of all visits (or calls) that have a step. `declared`: changes
    of the same contacts, or of the website."""

    place: str
    metric: Metric | None
    step: str
    of_visits: bool
    weeks: Sequence[Week]
    declared: Sequence[Change]

    @property
    def is_share(self) -> bool:
        """Whether it lies in 0..1."""
        return self.metric is None or self.metric.is_share

    @property
    def order(self) -> tuple[str, bool, int, str]:
        """By place, calls before visits, metrics in their order and then steps by name."""
        metrics = list(METRICS)
        at = len(metrics) if self.metric is None else metrics.index(self.metric.name)
        return self.place, self.of_visits, at, self.step


@dataclass(frozen=True)
class Shift:
    """A figure that goes from one level to another. `change`: the declared change it is taken for, '' for none."""

    watched: Watched
    monday: dt.date
    before: float
    after: float
    n_before: int
    n_after: int
    change: str


def find(store: Store, table: Table, changes: Sequence[Change]) -> list[Shift]:
    """The steps of all watched figures. All of them together are one family, whose alarms ALARM_MAX bounds."""
    series = [*_metrics(store, table, changes), *_steps(store, table, changes)]
    found = []
    for one in series:
        hits, n = (np.array([getattr(week, name) for week in one.weeks], dtype=np.float64) for name in ("hits", "n"))
        divisor = one.metric.divisor if one.metric else 1.0
        for left, at, right in steps(logs(hits, n, one.is_share), len(series)):
            before, after = (
                float(sum(hits[part]) / sum(n[part]) / divisor) for part in (slice(left, at), slice(at, right))
            )
            day = one.weeks[at].monday
            named = next((change.change for change in one.declared if _is_near(change, day, table)), "")
            found.append(Shift(one, day, before, after, at - left, right - at, named))
    return found


def _metrics(store: Store, table: Table, changes: Sequence[Change]) -> list[Watched]:
    """Each metric of all contacts, and of each queue with enough of them."""
    places = {WATCHED: ALL} | dict(store.rows(_PLACES, {"watched": WATCHED}))
    if len(places) == 2:  # one queue only: its figures are those of all
        del places[max(places)]
    touched = _touched(store, changes)
    return [
        Watched(place, metric, "", False, weeks, touched.get(number, ()))
        for number, place in places.items()
        for metric in METRICS.values()
        if metric.name not in OF_VISITS and (weeks := _weeks(table, number, metric))
    ]


def _steps(store: Store, table: Table, changes: Sequence[Change]) -> list[Watched]:
    """Each page of visits and each step of calls; of a change of the website any page may tell, whichever it names."""
    of_calls = _touched(store, changes).get(WATCHED, [])
    of_visits = [one for one in changes if one.is_of_visits]
    return [
        Watched(ALL, None, step, is_visit, weeks, of_visits if is_visit else of_calls)
        for is_visit, step, weeks in step_shares.read(store, table)
    ]


def _touched(store: Store, changes: Sequence[Change]) -> dict[int, list[Change]]:
    """Watched group -> declared changes of a part of its contacts."""
    found: dict[int, list[Change]] = {}
    for number, declared in store.rows(_TOUCHED, {"watched": WATCHED}):
        found.setdefault(number, []).append(changes[declared])
    return found


def _is_near(change: Change, monday: dt.date, table: Table) -> bool:
    """Whether a step may be a declared change of the same contacts: two that are nearer can't be told apart either."""
    return any(abs(wave.date - monday) <= table.method.change_apart_weeks * WEEK for wave in change.waves)


def _weeks(table: Table, number: int, metric: Metric) -> list[Week]:
    """The weeks of a figure; none where they are too few, or have too few contacts."""
    method = table.method
    weeks = [week for week in table.weeks(number, (0,), metric) if week.n > 0]
    enough = len(weeks) >= method.change_pre_weeks_min + method.change_post_weeks_min
    is_told = enough and float(np.median([week.n_units for week in weeks])) >= method.change_contacts_min
    return weeks if is_told and any(week.hits for week in weeks) else []


def steps(z: Numbers, n_series: int) -> list[tuple[int, int, int]]:
    """(first week of the stretch before, first week of the stretch after, its end) of each step of a weekly series that
    is one of `n_series`."""
    sigma = float(np.median(np.abs(np.diff(z)))) / (0.6745 * math.sqrt(2))
    if sigma <= 0:
        return []
    penalty = (5 * math.log(len(z)) + 2 * math.log(n_series)) * sigma**2
    # with the linear kernel this is PELT with least squares, and not in Python
    ends = ruptures.KernelCPD(kernel="linear", min_size=STRETCH_MIN).fit_predict(z.reshape(-1, 1), pen=penalty)
    edges = [0, *(int(end) for end in ends)]
    if _is_drift(z, edges):
        return []
    places = len(z) * n_series  # the cut is where it tells most, so each week counts as a test
    told = zip(edges, edges[1:], edges[2:], strict=False)
    return [
        (left, at, right)
        for left, at, right in told
        if step_of_means(z[left:at], z[at:right], 0.95).p * places <= ALARM_MAX
    ]


def _is_drift(z: Numbers, edges: Sequence[int]) -> bool:
    """Whether a straight line through all weeks is the better description than the stretches (by BIC)."""
    week = np.arange(len(z), dtype=np.float64)
    line = np.polyval(np.polyfit(week, z, 1), week)
    level = np.concatenate([np.full(end - start, z[start:end].mean()) for start, end in pairwise(edges)])
    bic = [
        len(z) * math.log(max(float(((z - fit) ** 2).sum()), 1e-12)) + n * math.log(len(z))
        for fit, n in ((line, 2), (level, 2 * len(edges) - 3))
    ]
    return bic[0] <= bic[1]


def remember(store: Store, found: Sequence[Shift]) -> None:
    """Write `change_proposed`. Figures of one place that step within a week of each other are one step (`step_no`)."""
    store.run(_TABLE, name="change_proposed")
    rows, step_no = [], 0
    last: Shift | None = None
    for one in sorted(found, key=lambda one: (one.watched.place, one.watched.of_visits, one.monday, one.watched.order)):
        same = last is not None and (one.watched.place, one.watched.of_visits) == (
            last.watched.place, last.watched.of_visits,
        )  # fmt: skip
        if not same or last is None or one.monday - last.monday > WEEK:
            step_no += 1
        last = one
        rows.append(
            {
                "step_no": step_no,
                "place": one.watched.place,
                "of_visits": one.watched.of_visits,
                "metric": one.watched.metric.name if one.watched.metric else "",
                "step": one.watched.step,
                "monday": one.monday,
                "before": one.before,
                "after": one.after,
                "n_before": one.n_before,
                "n_after": one.n_after,
                "change_id": one.change,
            }
        )
    if rows:
        store.put("incoming_steps", pa.Table.from_pylist(rows))
        store.run("insert into change_proposed by name from incoming_steps", name="change_proposed")
        store.drop("incoming_steps")
