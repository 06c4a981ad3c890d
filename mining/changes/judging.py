"""From a change and its weeks to an answer: what was estimated, what speaks against it, and which grade that leaves.

Guards, each of which ends in "cannot tell": another change of the same contacts within four weeks, codes that are only
there before or after without a note on how they are counted, arms that are not what the lot should give, and a second
opinion that contradicts. Without a control, or where the groups ran apart before, the grade is D and nothing is
confirmed. Fewer weeks or contacts than the floors: not enough data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import stats

from mining.changes import estimate
from mining.changes.declared import Change
from mining.changes.estimate import Estimate
from mining.changes.groups import CONTROL
from mining.changes.metrics import METRICS, OF_VISITS, Metric
from mining.changes.series import WEEK, Pair, Span, Table, daily, pair
from mining.method import Method

REASONS = ("weeks", "contacts", "nothing", "other_change", "codes", "lot", "second_opinion")


@dataclass(frozen=True)
class Answer:
    """What is known of one metric of one change. Numbers of `change`, `low`, `high` are parts of the level before.

    design: did | its | staggered | rct. reason: why it can't be told, '' where it can. before, after: (treated,
    control) levels. slope: of z, a week.
    """

    change: Change
    metric: Metric
    design: str
    grade: str
    reason: str
    pair: Pair
    estimate: Estimate | None
    part: tuple[float, float, float] | None
    second: tuple[float, float, float] | None = None
    placebo: tuple[float, float] | None = None
    n_placebos: int = 0
    slope: float = 0.0
    runs_apart: bool = False
    others: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    detail: dict[str, float] = field(default_factory=dict)

    @property
    def p(self) -> float | None:
        """Two-sided p of "no change"; None where it can't be told."""
        return self.estimate.p if self.estimate and not self.reason else None

    @property
    def mde(self) -> float | None:
        """The smallest change that would have been found 8 times in 10, as a part of the level before."""
        level = self.pair.level(1 if self.design == "rct" else 0, of_control=self.design == "rct") or 0.0
        if self.estimate is None or not np.isfinite(self.estimate.mde):
            return None
        return abs(estimate.as_change(self.estimate.mde, level, self.metric.is_share))


def design_of(change: Change) -> str:
    """did | its | staggered | rct."""
    if change.wave:
        return "staggered"
    return "rct" if change.random_share is not None else "did" if change.control is not None else "its"


def span_of(change: Change, day: dt.date, others: Sequence[Change], table: Table) -> Span:
    """The weeks of a change that no other change of the same contacts disturbs."""
    since, until = table.frame.first, table.frame.until
    for other in others:
        if other.first_day < day:
            since = max(since, other.first_day + other.washout_weeks * WEEK)
        elif other.first_day > day:
            until = min(until, other.first_day)
    return Span(since, day, day + change.washout_weeks * WEEK, until)


def judge(
    change_no: int, change: Change, metric: Metric, table: Table, others: Sequence[Change], codes: Sequence[str],
) -> Answer:  # fmt: skip
    """One metric of one change in groups. `others`: changes of the same contacts; `codes`: only there on one side."""
    method = table.method
    near = [one for one in others if abs(one.first_day - change.first_day) < method.change_apart_weeks * WEEK]
    far = [one for one in others if one not in near]
    estimated = {"staggered": _staggered, "rct": _by_lot}.get(design_of(change), _plain)
    found = estimated(change_no, change, metric, table, far)
    reason = found.reason
    if near:
        reason = "other_change"
    elif not reason and metric.of_codes and codes and not change.definition_check:
        reason = "codes"
    told = tuple(one.label for one in near)
    return replace(found, reason=reason, others=told, codes=tuple(codes) if reason == "codes" else ())


@dataclass(frozen=True)
class Stretch:
    """Groups that got a change and those they are held against, with the Mondays of the full weeks before and after.
    By lot there is no before: both arms have the same weeks."""

    treated: tuple[int, ...]
    control: tuple[int, ...]
    before: tuple[dt.date, ...]
    after: tuple[dt.date, ...]


def stretches(change_no: int, change: Change, table: Table, others: Sequence[Change]) -> list[Stretch]:
    """What of a change can be compared: itself, or each of its waves. Those of too few weeks or contacts are left out,
    and all where another change is too near."""
    method = table.method
    if any(abs(one.first_day - change.first_day) < method.change_apart_weeks * WEEK for one in others):
        return []
    metric = next(one for one in METRICS.values() if (one.name in OF_VISITS) == change.is_of_visits)
    design, control = design_of(change), (CONTROL,) if change.control is not None else ()
    own: list[tuple[tuple[int, ...], tuple[int, ...], Span]]
    if design == "staggered":
        own = [((number,), tuple(groups), span) for number, groups, span in _waves(change, table, others)]
    elif design == "rct":
        own = [((0,), control, _lot_span(change, table, others))]
    else:
        own = [((0,), control, span_of(change, change.first_day, others, table))]
    found = []
    for treated, beside, span in own:
        weeks = pair(table, change_no, treated, beside, metric, span)
        before, after = (tuple(week.monday for week in side) for side in weeks.treated)
        short = _lot_floor(weeks, method) if design == "rct" else _floor(weeks, method)
        if short in ("", "nothing"):
            found.append(Stretch(treated, beside, () if design == "rct" else before, after))
    return found


def _plain(change_no: int, change: Change, metric: Metric, table: Table, others: Sequence[Change]) -> Answer:
    control = (CONTROL,) if change.control is not None else ()
    span = span_of(change, change.first_day, others, table)
    return _estimated(change_no, change, metric, table, (0,), control, span, design_of(change))


def _estimated(
    change_no: int, change: Change, metric: Metric, table: Table, treated: Sequence[int], control: Sequence[int],
    span: Span, design: str,
) -> Answer:  # fmt: skip
    method = table.method
    weeks = pair(table, change_no, treated, control, metric, span)
    reason = _floor(weeks, method)
    before, after = weeks.z(0), weeks.z(1)
    if reason:
        return Answer(change, metric, design, _grade(design), reason, weeks, None, None)
    if design == "its":
        found = _interrupted(weeks, before, after, method)
    else:
        found = estimate.step_of_means(before, after, method.confidence)
    slope, error = estimate.slope_before(before)
    apart = bool(control) and estimate.ran_apart(slope, error, len(before) + len(after), found.effect)
    days = daily(table, change_no, treated, control, metric, span)
    second = estimate.daily_opinion(
        days.z, days.weekday, days.is_after, method.confidence, None if control else days.day
    )
    made_up = estimate.placebos(before, len(after), method.change_pre_weeks_min, with_slope=not control)
    is_enough = len(made_up) >= method.change_placebos_min
    level = weeks.level(0) or 0.0
    return Answer(
        change, metric, design, "D" if apart else _grade(design),
        "second_opinion" if second and estimate.disagree(found, second) else "",
        weeks, found, _parts(found, level, metric),
        second=_as_parts(second, level, metric) if second else None,
        placebo=_as_pair(estimate.placebo_interval(found.effect, made_up, method.confidence), level, metric)
        if is_enough else None,
        n_placebos=len(made_up) if is_enough else 0, slope=slope, runs_apart=apart,
    )  # fmt: skip


def _grade(design: str) -> str:
    return "D" if design == "its" else "B"


def _floor(weeks: Pair, method: Method) -> str:
    n_pre, n_post = (len(weeks.z(part)) for part in (0, 1))
    if not sum(week.hits for side in weeks.treated for week in side) and n_pre:
        return "nothing"
    if n_pre < method.change_pre_weeks_min or n_post < method.change_post_weeks_min:
        return "weeks"
    return "contacts" if weeks.contacts_a_week() < method.change_contacts_min else ""


def _interrupted(weeks: Pair, before: estimate.Numbers, after: estimate.Numbers, method: Method) -> Estimate:
    """Without a control: level after, over a slope through all weeks (a week without a value leaves its place)."""
    mondays = [week.monday for side in weeks.treated for week in side if week.n > 0]
    week = np.array([day.toordinal() // 7 for day in mondays], dtype=np.int64)
    is_after = np.arange(len(week)) >= len(before)
    return estimate.step_with_slope(week, np.concatenate([before, after]), is_after, method.confidence)


def _parts(found: Estimate, level: float, metric: Metric) -> tuple[float, float, float]:
    value, low, high = (
        estimate.as_change(one, level, metric.is_share) for one in (found.effect, found.low, found.high)
    )
    return value, low, high


def _as_parts(one: tuple[float, float, float], level: float, metric: Metric) -> tuple[float, float, float]:
    value, low, high = (estimate.as_change(part, level, metric.is_share) for part in one)
    return value, low, high


def _as_pair(one: tuple[float, float], level: float, metric: Metric) -> tuple[float, float]:
    low, high = (estimate.as_change(part, level, metric.is_share) for part in one)
    return low, high


def _by_lot(change_no: int, change: Change, metric: Metric, table: Table, others: Sequence[Change]) -> Answer:
    """Callers who got it by lot against callers who did not, from its first day on; customers are the units."""
    method = table.method
    span = _lot_span(change, table, others)
    weeks = pair(table, change_no, (0,), (CONTROL,), metric, span)
    arms = table.arms(change_no, metric, span)
    shares = {"n_treated": float(arms[0].customers), "n_control": float(arms[1].customers)}
    n = arms[0].customers + arms[1].customers
    off = stats.binomtest(arms[0].customers, n, change.random_share or 0.5).pvalue if n else 1.0
    reason = _lot_floor(weeks, method)
    if not reason and not (arms[0].hits and arms[1].n):
        reason = "nothing"
    if reason:
        return Answer(change, metric, "rct", "A", reason, weeks, None, None, detail=shares)
    found = estimate.by_customer(*arms, metric.is_share, method.confidence)
    level = weeks.level(1, of_control=True) or 0.0
    reason = "lot" if off < method.change_lot_alpha else ""
    return Answer(
        change, metric, "rct", "A", reason, weeks, found, _parts(found, level, metric), detail=shares | {"p_lot": off}
    )


def _lot_span(change: Change, table: Table, others: Sequence[Change]) -> Span:
    until = span_of(change, change.first_day, others, table).until
    return Span(change.first_day, change.first_day, change.first_day, until)


def _lot_floor(weeks: Pair, method: Method) -> str:
    if len(weeks.treated[1]) < method.change_post_weeks_min:
        return "weeks"
    return "contacts" if weeks.contacts_a_week() < method.change_contacts_min else ""


def _waves(change: Change, table: Table, others: Sequence[Change]) -> list[tuple[int, list[int], Span]]:
    """(number, groups that still wait, weeks) of each wave; the last to get it has nobody left to be held against."""
    waves, least, found = change.waves, table.method.change_post_weeks_min, []
    for number, wave in enumerate(waves):
        span = span_of(change, wave.date, others, table)
        waiting = [
            (later, one.date) for later, one in enumerate(waves)
            if one.date >= span.after_from + (least + 1) * WEEK
        ]  # fmt: skip
        groups = [later for later, _ in waiting] + ([CONTROL] if change.control is not None else [])
        if groups:
            until = min([span.until, *(day for _, day in waiting)])
            found.append((number, groups, Span(span.since, span.before_until, span.after_from, until)))
    return found


def _staggered(change_no: int, change: Change, metric: Metric, table: Table, others: Sequence[Change]) -> Answer:
    """Each wave against those who still wait (and the control) in the same weeks, then the mean; never all at once."""
    answers = [
        _estimated(change_no, change, metric, table, (number,), groups, span, "staggered")
        for number, groups, span in _waves(change, table, others)
    ]
    told = [one for one in answers if one.estimate is not None]
    if not told:
        return answers[0] if answers else _nobody(change_no, change, metric, table)
    found = estimate.mean_of([one.estimate for one in told if one.estimate], table.method.confidence)
    first = told[0]
    level = float(np.mean([one.pair.level(0) or 0.0 for one in told]))
    seconds = [one for one in told if one.reason == "second_opinion"]
    return replace(
        first, estimate=found, part=_parts(found, level, metric), reason="second_opinion" if seconds else "",
        grade="D" if any(one.runs_apart for one in told) else "B", second=None, placebo=None, n_placebos=0,
        runs_apart=any(one.runs_apart for one in told), detail={"n_waves": len(told), "of_n_waves": len(change.waves)},
    )  # fmt: skip


def _nobody(change_no: int, change: Change, metric: Metric, table: Table) -> Answer:
    span = span_of(change, change.first_day, (), table)
    weeks = pair(table, change_no, (0,), (), metric, span)
    return Answer(change, metric, "staggered", "D", "weeks", weeks, None, None)


def known(names: Sequence[str]) -> list[Metric]:
    """The metrics of a change, in the order of the table."""
    return [one for name, one in METRICS.items() if name in names]
