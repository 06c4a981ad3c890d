"""Which paths a change truly changed: of each step of the affected calls or visits, what came next (method note 8.4).

Weekly shares of each way on, as logits with half a unit added; the control's are taken off where it has the step,
too. Welch's t over weeks, to which all ways of the change lend their spread (moderated.py), Benjamini-Hochberg over
all of them; a way must also have changed by 2 points and by a tenth. A test on counts would call 23 to 45 % of
unchanged ways changed as soon as weeks differ a little: weeks, not calls, are the units. A way that was never gone
before (or is not gone any more) is held to weeks that have it.
"""

from __future__ import annotations

import datetime as dt
import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ingest.store import Store
from mining.changes.declared import Change
from mining.changes.estimate import Numbers, logs, step_of_means
from mining.changes.groups import WATCHED
from mining.changes.judging import Stretch
from mining.changes.moderated import p_of, prior_of
from mining.changes.series import Table
from mining.statistics import benjamini_hochberg

A_WEEK_MIN = 30
"""Times a step is gone from in a week, on average, for its ways on to be looked at."""
POINTS_MIN, PART_MIN, Q_MAX = 0.02, 0.10, 0.05
SHOWN_MIN = 0.005
"""A way that had less of its step's moves on both sides is not listed."""
DRAWS = 999
_SQL = Path(__file__).parent / "moves.sql"
_READ = """select monday, source, target, sum(n) from change_move
    where change_no = $no and list_contains($groups, group_no) group by all"""
_TABLE = """create or replace table change_way (
    change_id varchar, source varchar, target varchar, before double, after double, control_before double,
    control_after double, points double, low double, high double, q double, what varchar
)"""
_STOPS = "create or replace table change_stop (change_id varchar, step varchar, before double, after double)"
"""Times a week that the affected contacts have a step, before and after; step '' counts the contacts."""
_DISTANCE = "create or replace table change_distance (change_id varchar, distance double, usual double, p double)"
Counts = Mapping[tuple[str, str], Mapping[dt.date, int]]
"""(source, target) -> monday -> times."""


@dataclass(frozen=True)
class Way:
    """One way on. Shares are of the moves away from `source`; `points`, `low`, `high` = by how much
    the weekly share moved, less the control's, in parts of 1. what: more | less | new | gone | same."""

    source: str
    target: str
    before: float
    after: float
    control_before: float | None
    control_after: float | None
    points: float
    low: float
    high: float
    p: float
    q: float = 1.0
    what: str = "same"


def prepare(store: Store, table: Table, changes: Sequence[Change]) -> None:
    """Make the temporary table of moves.sql, and the empty tables of what is found."""
    by_lot = ", ".join(str(number) for number, one in enumerate(changes) if one.random_share is not None)
    store.run(f"set variable change_by_lot = cast([{by_lot}] as integer[])", name="change_by_lot")
    days = ", ".join(f"date '{day}'" for day in sorted(table.frame.lost))
    store.run(f"set variable change_lost = cast([{days}] as date[])", name="change_lost")
    store.run(f"set variable change_watched = {WATCHED}", name="change_watched")
    store.run(_SQL.read_text(encoding="utf-8"), name="change_move")
    store.run(_TABLE, name="change_way")
    store.run(_DISTANCE, name="change_distance")
    store.run(_STOPS, name="change_stop")


def read(store: Store, change_no: int, groups: Sequence[int]) -> Counts:
    """The moves of some groups of a change."""
    found: defaultdict[tuple[str, str], dict[dt.date, int]] = defaultdict(dict)
    for monday, source, target, n in store.rows(_READ, {"no": change_no, "groups": list(groups)}):
        found[source, target][monday] = int(n)
    return found


def ways(treated: Counts, control: Counts, before: Sequence[dt.date], after: Sequence[dt.date]) -> list[Way]:
    """What became of each way on, over the full weeks before and after, those that truly changed named as such."""
    return chosen(compared(treated, control, before, after))


def compared(treated: Counts, control: Counts, before: Sequence[dt.date], after: Sequence[dt.date]) -> list[Way]:
    """Each way on of a step that is left often enough, with its p; ways of one change lend each other their spread."""
    weeks = [*before, *after]
    own, other = _by_source(treated, weeks), _by_source(control, weeks)
    found = []
    for source, rows in own.items():
        total = np.sum([*rows.values()], axis=0)
        if total.mean() < A_WEEK_MIN or not total[: len(before)].any() or not total[len(before) :].any():
            continue
        beside = other.get(source)
        base = np.sum([*beside.values()], axis=0) if beside else np.zeros(len(weeks))
        has_control = base.mean() >= A_WEEK_MIN
        for target, n in rows.items():
            told = beside.get(target, np.zeros(len(weeks))) if beside and has_control else None
            found.append(_way(source, target, n, total, told, base, len(before)))
    return _tested([one for one in found if _is_shown(one[0])])


def chosen(found: Sequence[Way]) -> list[Way]:
    """The ways that are listed, each with its q (Benjamini and Hochberg, all of a change) and what became of it."""
    shown = [one for one in found if _is_shown(one)]
    rates = benjamini_hochberg([one.p for one in shown])
    return [replace(one, q=q, what=_what(one, q)) for one, q in zip(shown, rates, strict=True)]


def _is_shown(one: Way) -> bool:
    return max(one.before, one.after) >= SHOWN_MIN


def _tested(found: Sequence[tuple[Way, tuple[Numbers, Numbers] | None]]) -> list[Way]:
    """The ways with their p: of those with weeks to compare, all of one change lend each other their spread."""
    sides = [both for _, both in found if both]
    priors = prior_of([before for before, _ in sides]), prior_of([after for _, after in sides])
    return [replace(one, p=p_of(*both, priors)) if both else one for one, both in found]


def stops(counts: Counts, before: Sequence[dt.date], after: Sequence[dt.date]) -> dict[str, tuple[float, float]]:
    """step -> times a week that it is had before and after; each time there is one move away from it."""
    found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (source, _), by_week in counts.items():
        for side, weeks in enumerate((before, after)):
            found[source][side] += sum(by_week.get(week, 0) for week in weeks) / len(weeks)
    return {step: (told[0], told[1]) for step, told in sorted(found.items())}


def _by_source(counts: Counts, weeks: Sequence[dt.date]) -> dict[str, dict[str, Numbers]]:
    found: defaultdict[str, dict[str, Numbers]] = defaultdict(dict)
    for (source, target), by_week in sorted(counts.items()):
        n = np.array([by_week.get(week, 0) for week in weeks], dtype=np.float64)
        if n.any():
            found[source][target] = n
    return found


def _way(
    source: str, target: str, n: Numbers, total: Numbers, told: Numbers | None, base: Numbers, at: int
) -> tuple[Way, tuple[Numbers, Numbers] | None]:
    """A way, with its weekly logits before and after where these are to be tested; else its p stands."""
    one = Way(source, target, *_shares(n, total, at), None, None, 0.0, 0.0, 0.0, 1.0)
    z, share = logs(n, total, is_share=True), n / np.maximum(total, 1)
    if told is not None:
        c_before, c_after = _shares(told, base, at)
        one = replace(one, control_before=c_before, control_after=c_after)
        z, share = z - logs(told, base, is_share=True), share - told / np.maximum(base, 1)
    known = np.isfinite(z)
    left, right = z[:at][known[:at]], z[at:][known[at:]]
    if len(left) < 2 or len(right) < 2:
        return one, None
    shown = step_of_means(share[:at][known[:at]], share[at:][known[at:]], 0.95)
    one = replace(one, points=shown.effect, low=shown.low, high=shown.high)
    if not n[:at].any() or not n[at:].any():
        return replace(one, p=_only_on_one_side(n, at) if not _same_in(told, at, n) else 1.0), None
    return one, (left, right)


def _shares(n: Numbers, total: Numbers, at: int) -> tuple[float, float]:
    """Before and after."""
    return float(n[:at].sum() / max(1.0, total[:at].sum())), float(n[at:].sum() / max(1.0, total[at:].sum()))


def _only_on_one_side(n: Numbers, at: int) -> float:
    """Exact p of all weeks that have a way lying on one side of the change: weeks, not calls, are drawn."""
    with_it = int((n > 0).sum())
    side = int((n[at:] > 0).any()) * (len(n) - at) or at
    return math.comb(side, with_it) / math.comb(len(n), with_it)


def _same_in(told: Numbers | None, at: int, n: Numbers) -> bool:
    """Whether the control has a way on the same side only."""
    if told is None or not told.any():
        return False
    return bool(told[:at].any() == n[:at].any() and told[at:].any() == n[at:].any())


def _what(one: Way, q: float) -> str:
    if q > Q_MAX or one.low <= 0 <= one.high:
        return "same"
    if abs(one.points) < POINTS_MIN or abs(one.points) < PART_MIN * one.before:
        return "same"
    if one.before == 0 or one.after == 0:
        return "new" if one.before == 0 else "gone"
    return "more" if one.points > 0 else "less"


def distance(
    counts: Counts, before: Sequence[dt.date], after: Sequence[dt.date], seed: int
) -> tuple[float, float, float]:
    """(total variation between all moves before and after, the 95th percentile of it when weeks are shuffled, p)."""
    weeks = [*before, *after]
    n = np.array([[by_week.get(week, 0) for week in weeks] for _, by_week in sorted(counts.items())], dtype=np.float64)
    apart = _apart(n, np.arange(len(weeks)) < len(before))
    rng = np.random.default_rng(seed)
    is_before = np.arange(len(weeks)) < len(before)
    drawn = np.array([_apart(n, rng.permutation(is_before)) for _ in range(DRAWS)])
    return apart, float(np.quantile(drawn, 0.95)), float((1 + (drawn >= apart - 1e-12).sum()) / (1 + DRAWS))


def _apart(n: Numbers, is_before: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    sides = [n[:, side].sum(axis=1) for side in (is_before, ~is_before)]
    return float(np.abs(sides[0] / max(1.0, sides[0].sum()) - sides[1] / max(1.0, sides[1].sum())).sum() / 2)


def find(store: Store, change_no: int, change: Change, stretch: Stretch) -> None:
    """Look for the ways that a change which came to all at once truly changed; remember all that were looked at."""
    before, after = stretch.before, stretch.after
    treated = read(store, change_no, stretch.treated)
    if treated:
        control = read(store, change_no, stretch.control)
        remember(store, change, ways(treated, control, before, after), stops(treated, before, after))
        remember_distance(store, change, distance(treated, before, after, zlib.crc32(change.change.encode())))


def remember(store: Store, change: Change, found: Sequence[Way], times: Mapping[str, tuple[float, float]]) -> None:
    """Write the ways of a change to `change_way`, how often its steps are had (see stops) to `change_stop`."""
    ways_on = [
        {
            "change_id": change.change, "source": one.source, "target": one.target, "before": one.before,
            "after": one.after, "control_before": one.control_before, "control_after": one.control_after,
            "points": one.points, "low": one.low, "high": one.high, "q": one.q, "what": one.what,
        }
        for one in found
    ]  # fmt: skip
    steps = [
        {"change_id": change.change, "step": step, "before": before, "after": after}
        for step, (before, after) in times.items()
    ]
    for table, rows in (("change_way", ways_on), ("change_stop", steps)):
        if rows:
            store.put("incoming_moves", pa.Table.from_pylist(rows))
            store.run(f"insert into {table} by name from incoming_moves order by all", name=table)
            store.drop("incoming_moves")


def remember_distance(store: Store, change: Change, apart: tuple[float, float, float]) -> None:
    """Write how far apart all moves before and after are to `change_distance`."""
    store.run(
        "insert into change_distance values ($id, $apart, $usual, $p)",
        {"id": change.change, "apart": apart[0], "usual": apart[1], "p": apart[2]},
        name="change_distance",
    )
