"""Weeks of a group of a change: full weeks from Monday on, holidays and lost days taken out of all groups alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ingest.store import Store
from mining.changes.estimate import Arm, Numbers, logs
from mining.changes.groups import CONTROL, Frame
from mining.changes.metrics import COLUMNS, Metric
from mining.method import Method

Days = npt.NDArray[np.int64]
_COUNTS = ("n_units", "n_customers", "n_both", "n_menu_far", "n_menu_back", "n_far", "n_back")
_READ = f"select change_no, group_no, day, {', '.join((*_COUNTS, *COLUMNS))} from change_day order by all"
_ARMS = """with person as (
        select coalesce(customer_id::varchar, contact_key) as who, arg_min(group_no, started_at) as group_no,
            sum({hits})::double as hits, sum({n})::double as n
        from change_unit where change_no = $change_no and day >= $since and day < $until group by who
    )
    select group_no, count(*), sum(hits), sum(n), sum(hits * hits), sum(hits * n), sum(n * n)
    from person where n > 0 group by group_no"""
WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True)
class Week:
    """A week of a group: hits and n of a metric, and contacts."""

    monday: dt.date
    hits: float
    n: float
    n_units: int


class Table:
    """The sums of all groups by day."""

    def __init__(self, store: Store, frame: Frame, method: Method) -> None:
        self.store, self.frame, self.method = store, frame, method
        self.sums: dict[tuple[int, int], dict[dt.date, dict[str, float]]] = {}
        names = (*_COUNTS, *COLUMNS)
        for change_no, group_no, day, *values in store.rows(_READ):
            by_day = self.sums.setdefault((change_no, group_no), {})
            by_day[day] = {name: float(value) for name, value in zip(names, values, strict=True)}

    def total(self, change_no: int, groups: Collection[int], column: str) -> float:
        """A column over all days of groups."""
        return sum(day[column] for group in groups for day in self.sums.get((change_no, group), {}).values())

    def days(
        self, change_no: int, groups: Collection[int], metric: Metric
    ) -> dict[dt.date, tuple[float, float, float]]:
        """day -> (hits, n, contacts) of groups together, without holidays and lost days, and only where the data have
        the sight that the metric needs."""
        last = self.frame.until - (WEEK if metric.is_followed else dt.timedelta(0))
        factor = self._settled(change_no, groups) if metric.name == "true_containment" else 1.0
        found: dict[dt.date, tuple[float, float, float]] = {}
        for group in groups:
            for day, sums in self.sums.get((change_no, group), {}).items():
                if day in self.frame.lost or day >= last:
                    continue
                hits, n, units = found.get(day, (0.0, 0.0, 0.0))
                own = min(sums[metric.hits] * factor, sums[metric.n]) if metric.is_share else sums[metric.hits]
                found[day] = (hits + own, n + sums[metric.n], units + sums["n_units"])
        return found

    def arms(self, change_no: int, metric: Metric, span: Span) -> tuple[Arm, Arm]:
        """Of a roll-out by lot: who got it and who did not, by the first contact of each customer after its day."""
        until = min(span.until, self.frame.until - (WEEK if metric.is_followed else dt.timedelta(0)))
        params = {"change_no": change_no, "since": span.after_from, "until": until}
        rows = {row[0]: row[1:] for row in self.store.rows(_ARMS.format(hits=metric.hits, n=metric.n), params)}
        treated, control = (Arm(*(rows.get(group) or (0,) * 6)) for group in (0, CONTROL))
        return treated, control

    def _settled(self, change_no: int, groups: Collection[int]) -> float:
        """1 / (1 - b): of the calls that end in the menu, b are followed by another by habit (far window, 4.2)."""
        n, back = (self.total(change_no, groups, name) for name in ("n_menu_far", "n_menu_back"))
        return 1 / (1 - back / n) if n >= 30 and back < n else 1.0

    def weeks(self, change_no: int, groups: Collection[int], metric: Metric) -> list[Week]:
        """The full weeks of groups, Monday-based; weeks of fewer kept days than the method asks for are left out."""
        end = self.frame.until - (WEEK if metric.is_followed else dt.timedelta(0))
        return self.full_weeks(self.days(change_no, groups, metric), end)

    def full_weeks(self, days: Mapping[dt.date, tuple[float, float, float]], end: dt.date) -> list[Week]:
        """Weeks from Monday on, of day -> (hits, n, units), that end by `end` and lost no more days than allowed."""
        monday = self.frame.first + dt.timedelta(days=-self.frame.first.weekday() % 7)
        found = []
        while monday + WEEK <= end:
            of_week = [monday + dt.timedelta(days=n) for n in range(7)]
            kept = [day for day in of_week if day not in self.frame.lost]
            if len(kept) >= self.method.change_days_min:
                told = [days[day] for day in kept if day in days]
                hits, n, units = (sum(one[part] for one in told) for part in range(3))
                found.append(Week(monday, hits, n, int(units)))
            monday += WEEK
        return found


@dataclass(frozen=True)
class Pair:
    """The weeks before and after of who got a change, and of who did not (empty without a control).

    z = log (or logit) of the treated, minus that of the control where there is one; NaN weeks are left out.
    """

    metric: Metric
    treated: tuple[list[Week], list[Week]]
    control: tuple[list[Week], list[Week]]

    def z(self, part: int) -> Numbers:
        """One element a week: part 0 = before, 1 = after."""
        values = _values(self.treated[part], self.metric)
        if self.control[0]:
            values = values - _values(self.control[part], self.metric)
        return values[np.isfinite(values)]

    def level(self, part: int, *, of_control: bool = False) -> float | None:
        """The figure over all weeks of a part, in its unit."""
        weeks = (self.control if of_control else self.treated)[part]
        n = sum(week.n for week in weeks)
        return sum(week.hits for week in weeks) / n / self.metric.divisor if n else None

    def contacts_a_week(self) -> float:
        """The median week of the smaller group, on the side where it has fewer."""
        sides = [*self.treated, *(self.control if self.control[0] else ())]
        return min((float(np.median([week.n_units for week in side])) for side in sides if side), default=0.0)


def _values(weeks: Sequence[Week], metric: Metric) -> Numbers:
    hits, n = (np.array([getattr(week, name) for week in weeks], dtype=np.float64) for name in ("hits", "n"))
    return logs(hits, n, metric.is_share)


@dataclass(frozen=True)
class Span:
    """Which weeks count for a change: before = [from, before_until), after = [after_from, until)."""

    since: dt.date
    before_until: dt.date
    after_from: dt.date
    until: dt.date

    def parted(self, weeks: Sequence[Week]) -> tuple[list[Week], list[Week]]:
        """Weeks that lie wholly before, and wholly after with the wash-out over."""
        before = [one for one in weeks if one.monday >= self.since and one.monday + WEEK <= self.before_until]
        after = [one for one in weeks if one.monday >= self.after_from and one.monday + WEEK <= self.until]
        return before, after

    def seen_for(self, metric: Metric) -> Span:
        """The weeks of a metric: what is known 7 days later only must not look into what comes after them."""
        if not metric.is_followed:
            return self
        return replace(self, before_until=self.before_until - WEEK, until=self.until - WEEK)


def pair(
    table: Table, change_no: int, treated: Collection[int], control: Collection[int], metric: Metric, span: Span
) -> Pair:
    """The weeks of two sets of groups; a week counts only where both have it."""
    span = span.seen_for(metric)
    own = span.parted(table.weeks(change_no, treated, metric))
    other = span.parted(table.weeks(change_no, control, metric)) if control else ([], [])
    return Pair(metric, own, other)


@dataclass(frozen=True)
class DayValues:
    """Daily z, for the second opinion: one element a day, in order."""

    day: Days
    z: Numbers
    is_after: npt.NDArray[np.bool_]

    @property
    def weekday(self) -> Days:
        """0 = Monday."""
        return np.asarray((self.day - 1) % 7, dtype=np.int64)


def daily(
    table: Table, change_no: int, treated: Collection[int], control: Collection[int], metric: Metric, span: Span
) -> DayValues:
    """z by day of the same weeks, minus the control where there is one."""
    span = span.seen_for(metric)
    own = table.days(change_no, treated, metric)
    other = table.days(change_no, control, metric) if control else {}
    chosen = sorted(
        day for day in own
        if (span.since <= day < span.before_until or span.after_from <= day < span.until)
        and (not control or day in other)
    )  # fmt: skip
    z = _log_days([own[day] for day in chosen], metric)
    if control:
        z = z - _log_days([other[day] for day in chosen], metric)
    return DayValues(
        np.array([day.toordinal() for day in chosen], dtype=np.int64), z,
        np.array([day >= span.after_from for day in chosen], dtype=bool),
    )  # fmt: skip


def _log_days(days: Sequence[tuple[float, float, float]], metric: Metric) -> Numbers:
    values = np.array([day[:2] for day in days], dtype=np.float64).reshape(-1, 2)
    return logs(values[:, 0], values[:, 1], metric.is_share)
