"""The steps at risk of a bad outcome, as arrays with a place for each, and what is counted of them (method note 6.2).

All outcomes share the moments (`hazard_moment`), read once: what differs is where a journey's risk begins and ends, and
what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.errors import FrontstageError
from ingest.store import Store
from mining.context import Context
from mining.hazard import N_CELLS, Ints, Patterns, Times
from mining.hazard_counts import BAD, BEFORE, DELAYED, GIVING_UP, GOOD, Outcome, begins, good_ends
from mining.population import SPLITS

Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.int32]
_VISIT_US = 30 * 60_000_000
"""Who gives up has left within so long of the last step upon the order; a visit of later days is another."""
_DAY_US = 86_400_000_000
_OF_SPLIT = {
    "all": np.ones(8, dtype=bool),
    "discovery": np.arange(8) & 1 > 0,
    "confirm": np.arange(8) & 1 == 0,
    "light": np.arange(8) & 2 == 0,
    "strict": np.arange(8) & 4 > 0,
}
"""Split -> which flags of a journey it holds (population.CHOSEN): 1 = discovery, 2 = heavy, 4 = strict."""

_JOURNEYS = """
    select journey_id, customer_id, first_pos, n_places,
        (is_discovery::integer + 2 * is_heavy::integer + 4 * is_strict::integer) as flags
    from hazard_journey order by first_pos"""
_MOMENTS = f"""
    select pos, enum_code(step)::integer * {N_CELLS} + cell as code, epoch_us(occurred_at) as at_us
    from hazard_moment"""
_STEPS = "select enum_code(step), step::varchar, min(stage)::varchar from hazard_moment group by step order by 2"
_GOOD = """
    with good as (
        select distinct customer_id, occurred_at from hazard_moment where list_contains($good, step::varchar))
    select m.pos
    from (select pos, customer_id, occurred_at from hazard_moment semi join good using (customer_id)) as m
    asof inner join good on m.customer_id = good.customer_id and m.occurred_at < good.occurred_at
    where date_diff('second', m.occurred_at, good.occurred_at) <= 86400 * $days"""
_BAD_CALLS = """
    create or replace temporary table hazard_bad as
    select moment.customer_id, moment.occurred_at, any_value(event.call_id) as call_id
    from hazard_moment as moment inner join event using (event_no) where moment.step = $outcome group by all"""
_NEXT = """
    select m.pos, min(date_diff('second', m.occurred_at, b.occurred_at)) as wait_s
    from (
        select moment.pos, moment.customer_id, moment.occurred_at, event.call_id
        from hazard_moment as moment inner join event using (event_no)
        where moment.customer_id in (select customer_id from hazard_bad)) as m
    asof inner join hazard_bad as b on m.customer_id = b.customer_id and m.occurred_at < b.occurred_at
    where m.call_id is null or m.call_id is distinct from b.call_id
    group by m.pos having wait_s <= 86400 * $days"""
_BEFORE = """
    select m.pos
    from (select pos, customer_id, occurred_at from hazard_moment semi join hazard_bad using (customer_id)) as m
    asof inner join hazard_bad as b on m.customer_id = b.customer_id and m.occurred_at > b.occurred_at
    where b.occurred_at >= m.occurred_at - to_days($days)"""


@dataclass(frozen=True)
class Moments:
    """Every step of the closed journeys, in stored order: `pos`, `at_us` (µs since 1970), `pattern`, `journey` (its
    number), `is_good` (a good end follows within the days in which a delayed outcome counts).

    By pattern, in order of step and cell: `step`, `stage`, `cell`. By journey: `journey_id`, `customer`, `flags`, where
    it `starts`, and how many steps it has (`n`).
    """

    step: Sequence[str]
    stage: Sequence[str]
    cell: Ints
    journey_id: Ints
    customer: Ints
    flags: Ints
    starts: Ints
    n: Ints
    pos: Positions
    at_us: Ints
    pattern: Numbers
    journey: Numbers
    is_good: Bools

    def of_steps(self, steps: Iterable[str]) -> Ints:
        """The moments of these steps."""
        chosen = np.isin(np.array(self.step), np.array(list(steps)))
        return np.flatnonzero(chosen[self.pattern])

    def place(self, at: Ints) -> Ints:
        """Steps that came before, in the journey."""
        return at - self.starts[self.journey[at]]

    def first_place(self, at: Ints) -> Ints:
        """By journey: the place of the first of these moments; that of its end where it has none."""
        out = self.n.copy()
        backwards = at[::-1]
        out[self.journey[backwards]] = self.place(backwards)
        return out

    def marked(self, pos: pa.ChunkedArray) -> Ints:
        """The moments at these positions."""
        return np.searchsorted(self.pos, _array(pos))


@dataclass(frozen=True)
class AtRisk:
    """The moments at risk of an outcome, one customer after the other: `at` = their numbers, `t` = steps (delayed:
    days) until the outcome or the end of what is known, `is_event` = the outcome then; `seen`: by name, whether the
    outcome follows, a good end does, and whether the outcome came before."""

    moments: Moments
    patterns: Patterns
    pattern: Numbers
    at: Ints
    t: Ints
    is_event: Bools
    seen: Mapping[str, Bools]

    def times(self) -> Times:
        """What the variance is made of."""
        known = self.moments
        customer = known.customer[known.journey[self.at]]
        starts = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
        is_discovery = known.flags[known.journey[self.at[starts]]] & 1 > 0
        return Times(np.append(starts, len(customer)), self.pattern, self.seen, is_discovery)

    def chance(self, steps: Sequence[str]) -> pa.Table:
        """step, journey_id, is_bad of every time at one of these steps."""
        names = np.array(self.patterns.step)
        rows = np.flatnonzero(np.isin(names, steps)[self.pattern])
        journey_id = self.moments.journey_id[self.moments.journey[self.at[rows]]]
        return pa.table(
            {
                "step": pa.array(names[self.pattern[rows]].tolist(), pa.string()),
                "journey_id": pa.array(journey_id, pa.uint32()),
                "is_bad": pa.array(self.seen[BAD][rows]),
            }
        )

    def survival(self, step: str) -> list[tuple[int, int, int]]:
        """(t, outcomes at t, journeys that leave at t) from the first time at a step."""
        rows = np.flatnonzero((np.array(self.patterns.step) == step)[self.pattern])
        journey = self.moments.journey[self.at[rows]]
        first = rows[np.append(True, journey[1:] != journey[:-1])[: len(rows)]]
        t, place = np.unique(self.t[first], return_inverse=True)
        n_events = np.bincount(place, self.is_event[first], len(t)).astype(np.int64)
        n_gone = np.bincount(place, minlength=len(t)) - n_events
        return list(zip(t.tolist(), n_events.tolist(), n_gone.tolist(), strict=True))


def read(store: Store, context: Context) -> Moments:
    """All moments of `hazard_moment`."""
    journeys = store.arrow(_JOURNEYS)
    n = _array(journeys["n_places"])
    rows = store.arrow(_MOMENTS)
    pos, code, at_us = (rows[name].to_numpy() for name in ("pos", "code", "at_us"))
    if not (pos[1:] > pos[:-1]).all():
        order = np.argsort(pos)
        pos, code, at_us = pos[order], code[order], at_us[order]
    starts = np.cumsum(n) - n
    if n.sum() != len(pos) or not (pos[starts] == _array(journeys["first_pos"])).all():
        raise FrontstageError("hazard_moment: the steps of a journey do not lie together; this is a bug")
    named = {int(number): (step, stage) for number, step, stage in store.rows(_STEPS)}
    used = np.flatnonzero(np.bincount(code))
    used = np.array(sorted(used.tolist(), key=lambda one: (named[one // N_CELLS][0], one % N_CELLS)), dtype=np.int64)
    number = np.zeros(int(used.max(initial=0)) + 1, dtype=np.int32)
    number[used] = np.arange(len(used))
    is_good = np.zeros(len(pos), dtype=bool)
    if any(touch.bad and touch.step_class != "outcome" for touch in context.touch.values()):
        good = store.arrow(_GOOD, {"good": good_ends(context), "days": context.method.failure_days})
        is_good[np.searchsorted(pos, good["pos"].to_numpy())] = True
    return Moments(
        [named[one // N_CELLS][0] for one in used.tolist()],
        [named[one // N_CELLS][1] for one in used.tolist()],
        used % N_CELLS,
        _array(journeys["journey_id"]),
        _array(journeys["customer_id"]),
        _array(journeys["flags"]),
        starts,
        n,
        pos,
        at_us,
        number[code],
        np.repeat(np.arange(len(n), dtype=np.int32), n),
        is_good,
    )


def rows_at_risk(store: Store, context: Context, moments: Moments, outcome: Outcome) -> AtRisk:
    """The moments at risk of the outcome, with their patterns. Stages in which it practically never follows tell
    nothing of their steps and are left out."""
    method = context.method
    if outcome.form == DELAYED:
        at, t, is_bad, is_event = _delayed(store, context, moments, outcome)
    else:
        at, t, is_bad, is_event = _terminal(store, context, moments, outcome)
    stages = np.unique(np.array(moments.stage), return_inverse=True)[1]
    n_bad = np.bincount(stages[moments.pattern[at[is_bad]]], minlength=int(stages.max(initial=0)) + 1)
    keep = (n_bad >= method.failure_outcomes_min)[stages][moments.pattern[at]]
    if not keep.all():
        at, t, is_bad, is_event = at[keep], t[keep], is_bad[keep], is_event[keep]
    before = np.zeros(len(moments.pos), dtype=bool)
    before[moments.marked(store.arrow(_BEFORE, {"days": method.failure_control_days})["pos"])] = True
    is_good = moments.is_good[at] if outcome.form == DELAYED else np.zeros(len(at), dtype=bool)
    return _counted(moments, at, t, is_event, {BAD: is_bad, GOOD: is_good, BEFORE: before[at]})


def _terminal(store: Store, context: Context, moments: Moments, outcome: Outcome) -> tuple[Ints, Ints, Bools, Bools]:
    """(moments at risk, t, whether the outcome is next, whether it ends the risk)."""
    over = moments.first_place(moments.of_steps(outcome.ends))
    if outcome.form == GIVING_UP:
        begun = moments.of_steps(begins(context))
        low = moments.first_place(begun)
        is_event = (low < moments.n) & (over == moments.n)
        over = np.where(is_event, _visit_end(moments, begun), over)
    else:
        ended = moments.of_steps([outcome.name])
        low, bad = np.zeros_like(over), moments.first_place(ended)
        is_event = bad < over
        over = np.minimum(over, bad)
    at = _ranges(moments, low, over)
    journey = moments.journey[at]
    t = over[journey] - moments.place(at)
    is_bad = is_event[journey] & (t == 1)
    bads = at[is_bad] if outcome.form == GIVING_UP else ended
    store.put(
        "incoming_bad",
        pa.table(
            {
                "customer_id": pa.array(moments.customer[moments.journey[bads]], pa.uint32()),
                "occurred_at": pa.array(moments.at_us[bads], pa.timestamp("us")),
            }
        ),
    )
    store.run("create or replace temporary table hazard_bad as select distinct * from incoming_bad", name="hazard_bad")
    store.drop("incoming_bad")
    return at, t, is_bad, is_event[journey]


def _visit_end(moments: Moments, begun: Ints) -> Ints:
    """By journey: the place after the last moment of the visit of its last step upon the order."""
    last_us = np.zeros(len(moments.n), dtype=np.int64)
    last_us[moments.journey[begun]] = moments.at_us[begun]
    inside = np.flatnonzero(moments.at_us <= last_us[moments.journey] + _VISIT_US)
    out = np.zeros_like(moments.n)
    out[moments.journey[inside]] = moments.place(inside) + 1
    return out


def _delayed(store: Store, context: Context, moments: Moments, outcome: Outcome) -> tuple[Ints, Ints, Bools, Bools]:
    """As `_terminal`; t in days, to the last that is looked at and one more."""
    days = context.method.failure_days
    store.run(_BAD_CALLS, {"outcome": outcome.name}, name="hazard_bad")
    following = store.arrow(_NEXT, {"days": days})
    t = np.full(len(moments.pos), days + 1)
    t[moments.marked(following["pos"])] = -(-_array(following["wait_s"]) // 86400)
    is_row = moments.at_us < np.datetime64(context.window_to, "us").astype(np.int64) - days * _DAY_US
    is_row[moments.of_steps([outcome.name])] = False
    at = _ranges(moments, np.zeros_like(moments.n), moments.n)
    at = at[is_row[at]]
    is_bad = t[at] <= days
    return at, t[at], is_bad, is_bad


def _ranges(moments: Moments, low: Ints, high: Ints) -> Ints:
    """The moments of each journey from place `low` on, before `high`, customer by customer."""
    order = np.argsort(moments.customer, kind="stable")
    length = np.maximum(high - low, 0)[order]
    ends = np.cumsum(length)
    first = (moments.starts + low)[order] - (ends - length)
    out: Ints = np.repeat(first, length) + np.arange(int(ends[-1]) if len(ends) else 0)
    return out


def _counted(moments: Moments, at: Ints, t: Ints, is_event: Bools, seen: Mapping[str, Bools]) -> AtRisk:
    """Patterns that are there, with their counts by split."""
    n_all = len(moments.step)
    pattern = moments.pattern[at]
    key = pattern * np.int64(8) + moments.flags[moments.journey[at]]
    n, y = (np.bincount(k, minlength=8 * n_all).reshape(-1, 8) for k in (key, key[seen[BAD]]))
    used = np.flatnonzero(n.any(axis=1))
    number: Numbers = np.zeros(n_all, dtype=np.int32)
    number[used] = np.arange(len(used))
    counts = {split: n[used] @ _OF_SPLIT[split] for split in SPLITS}
    bad = {split: y[used] @ _OF_SPLIT[split] for split in SPLITS}
    for name in (BEFORE, GOOD):
        counts[name] = counts["all"]
        bad[name] = np.bincount(pattern[seen[name]], minlength=n_all)[used]
    step, stage = ([names[one] for one in used.tolist()] for names in (moments.step, moments.stage))
    patterns = Patterns(step, stage, moments.cell[used], counts, bad)
    return AtRisk(moments, patterns, number[pattern], at, t, is_event, seen)


def _array(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.to_numpy(), dtype=np.int64)
