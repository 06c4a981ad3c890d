"""The steps that hazard models look at, as arrays with a place for each (method note 6.2).

`journey_event` is stored by journey and time, so that a journey is a slice of its columns: what is accounted for of
each step is reckoned on whole columns, in stored order, without a sort and without a table of these rows. All outcomes
share the moments; what differs between them is where a journey's risk begins and ends, and what follows
(mining/hazard_rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.errors import FrontstageError
from ingest.store import Store
from mining import hazard_goods
from mining.context import Context
from mining.hazard import FACTORS, N_CELLS, Ints
from mining.hazard_counts import good_ends
from mining.nearest import NONE, Keys, after, before, keys

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]
_SQL = Path(__file__).parent / "hazards.sql"
_BANDS = (3, 6, 10)
"""First place of each band of places but the first one."""
_PRIOR = (1, 3)
"""Contacts in _PRIOR_US before the journey from which its customer is of the next level."""
_PRIOR_US = 90 * 86_400_000_000
_BLOCK = 4_000_000
"""Places for (journey, step) that are in memory at once."""

_MOMENTS = """
    select pos, journey_id, enum_code(step) as step, epoch_us(occurred_at) as at_us,
        ((coalesce(wait_ms, 0) >= 120000)::utinyint + (coalesce(wait_ms, 0) >= 600000)::utinyint) as wait
    from journey_event"""
_STEPS = "select enum_code(step), step::varchar, min(stage)::varchar from journey_event group by step order by 2"
_CONTACTS = """
    select customer_id, epoch_us(occurred_at) as at_us from journey_event where class::varchar = 'contact'
    order by customer_id, at_us"""
_CALLS = """
    select journey_event.pos, event.call_id from journey_event inner join event using (event_no)
    where event.call_id is not null"""


@dataclass(frozen=True)
class Moments:
    """Every step of the closed journeys, in stored order: `at_us` (µs since 1970), `pattern`, `journey` (its number),
    `slot` (8 x pattern + the journey's flags), `call` (the number of its call, 0 where none is known), `is_good` (a
    good end follows within the days in which a delayed outcome counts). The last two only where a delayed outcome asks.

    By pattern, in order of step and cell: `step`, `stage`, `cell`. By journey: `journey_id`, `customer`, `flags`, where
    it `starts`, and how many steps it has (`n`). `by_step`: the moments of each step, in order.
    """

    step: Sequence[str]
    stage: Sequence[str]
    cell: Ints
    journey_id: Ints
    customer: Ints
    flags: Ints
    starts: Ints
    n: Ints
    at_us: Ints
    pattern: Numbers
    journey: Numbers
    slot: Numbers
    call: Numbers
    is_good: Bools
    by_step: dict[str, Numbers]

    @cached_property
    def is_discovery(self) -> Bools:
        """By customer: whether they may propose."""
        out = np.zeros(int(self.customer.max(initial=0)) + 1, dtype=bool)
        out[self.customer] = self.flags & 1 > 0
        return out

    @cached_property
    def order(self) -> Ints:
        """The journeys, one customer after the other, those first who may propose."""
        return np.lexsort((self.customer, ~self.is_discovery[self.customer]))

    def of_steps(self, steps: Iterable[str]) -> Ints:
        """The moments of these steps, in order."""
        found = [self.by_step[step] for step in steps if step in self.by_step]
        return np.sort(np.concatenate(found)).astype(np.int64) if found else np.empty(0, dtype=np.int64)

    def place(self, at: Ints) -> Ints:
        """Steps that came before, in the journey."""
        return at - self.starts[self.journey[at]]

    def first_place(self, at: Ints) -> Ints:
        """By journey: the place of the first of these moments; that of its end where it has none."""
        out = self.n.copy()
        backwards = at[::-1]
        out[self.journey[backwards]] = self.place(backwards)
        return out

    def after(self, marks: Ints) -> tuple[Ints, Ints]:
        """(moments, marks): each moment that one of `marks` comes later than, for the same customer, and the next such
        mark. Of marks at the same time it is the first with a call, else the first."""
        return self._beside(marks[np.argsort(self.call[marks] == 0, kind="stable")], after)

    def before(self, marks: Ints) -> tuple[Ints, Ints]:
        """As `after`, with the last mark that came earlier."""
        return self._beside(marks, before)

    def _beside(self, marks: Ints, nearest: Callable[[Keys, Keys], Ints]) -> tuple[Ints, Ints]:
        marks = marks[np.argsort(self._keys(marks), kind="stable")]
        is_marked = np.zeros(int(self.customer.max(initial=0)) + 1, dtype=bool)
        is_marked[self.customer[self.journey[marks]]] = True
        asked = np.flatnonzero(np.repeat(is_marked[self.customer], self.n))
        at = nearest(self._keys(marks), self._keys(asked))
        return asked[at != NONE], marks[at[at != NONE]]

    def _keys(self, at: Ints) -> Keys:
        return keys(self.customer[self.journey[at]], self.at_us[at])


def read(store: Store, context: Context) -> Moments:
    """All moments of closed journeys."""
    journeys = store.arrow(_SQL.read_text(encoding="utf-8"), {"timezone": context.timezone})
    n, first, customer = (array(journeys[name]) for name in ("n_places", "first_pos", "customer_id"))
    starts = np.cumsum(n) - n
    journey: Numbers = np.repeat(np.arange(len(n), dtype=np.int32), n)
    rows = np.arange(len(journey)) + np.repeat(first - 1 - starts, n)
    told = store.arrow(_MOMENTS)
    journey_id = array(journeys["journey_id"])
    _check(told, rows, journey_id[journey])
    step, wait, at_us = (np.asarray(told[name].to_numpy())[rows] for name in ("step", "wait", "at_us"))
    named = store.rows(_STEPS)
    rank = np.zeros(max((row[0] for row in named), default=0) + 1, dtype=np.int32)
    rank[[row[0] for row in named]] = np.arange(len(named))
    step = rank[step]
    place = np.arange(len(journey)) - np.repeat(starts, n)
    cell = np.repeat(_frame(store, journeys), n)
    for name, level in (
        ("band", np.searchsorted(_BANDS, place, side="right")),
        ("wait", wait),
        ("is_again", _is_again(step, journey, starts, len(named))),
    ):
        cell += FACTORS[name][0] * level.astype(np.int32)
    moment = np.full(len(told) + 1, -1, dtype=np.int32)
    moment[rows + 1] = np.arange(len(rows), dtype=np.int32)
    for name, level in hazard_goods.levels(store, context, moment, np.repeat(starts, n)).items():
        cell += FACTORS[name][0] * level
    code = step * np.int32(N_CELLS) + cell
    used = np.flatnonzero(np.bincount(code))
    number = np.zeros(int(used.max(initial=0)) + 1, dtype=np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    pattern, flags = number[code], array(journeys["flags"])
    is_delayed = any(touch.bad and touch.step_class != "outcome" for touch in context.touch.values())
    names = [named[one][1] for one in (used // N_CELLS).tolist()]
    order = np.argsort(step.astype(np.uint16), kind="stable").astype(np.int32)
    bounds = np.cumsum(np.bincount(step, minlength=len(named)))[:-1]
    made = Moments(
        names,
        [named[one][2] for one in (used // N_CELLS).tolist()],
        used % N_CELLS,
        journey_id,
        customer,
        flags,
        starts,
        n,
        at_us,
        pattern,
        journey,
        8 * pattern + np.repeat(flags.astype(np.int32), n),
        _calls(store, moment, len(rows)) if is_delayed else np.zeros(len(rows), dtype=np.int32),
        np.zeros(len(rows), dtype=bool),
        {row[1]: own for row, own in zip(named, np.split(order, bounds), strict=True)} if named else {},
    )
    if is_delayed:
        asked, good = made.after(made.of_steps(good_ends(context)))
        made.is_good[asked] = seconds(made, asked, good) <= 86400 * context.method.failure_days
    return made


def seconds(moments: Moments, first: Ints, last: Ints) -> Ints:
    """Whole seconds of the clock between moments."""
    out: Ints = moments.at_us[last] // 1_000_000 - moments.at_us[first] // 1_000_000
    return out


def array(column: pa.ChunkedArray) -> Ints:
    """A column of whole numbers."""
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _check(told: pa.Table, rows: Ints, journey_id: Ints) -> None:
    """The journeys must be slices of what is stored."""
    pos, own = (np.asarray(told[name].to_numpy()) for name in ("pos", "journey_id"))
    is_stored = (pos == np.arange(1, len(pos) + 1)).all() and rows.max(initial=-1) < len(pos)
    if not is_stored or not (own[rows] == journey_id).all():
        raise FrontstageError("journey_event: the steps of a journey do not lie together; this is a bug")


def _frame(store: Store, journeys: pa.Table) -> Numbers:
    """The part of the cell that is the journey's: prior, is_back, is_off."""
    contacts = store.arrow(_CONTACTS)
    known = keys(array(contacts["customer_id"]), array(contacts["at_us"]))
    customer, began_us = array(journeys["customer_id"]), array(journeys["began_us"])
    until, since = (np.searchsorted(known, keys(customer, us), side="left") for us in (began_us, began_us - _PRIOR_US))
    out = np.zeros(len(customer), dtype=np.int32)
    for name, level in (
        ("prior", np.searchsorted(_PRIOR, until - since, side="right")),
        ("is_back", np.asarray(journeys["is_back"].to_numpy())),
        ("is_off", np.asarray(journeys["is_off"].to_numpy())),
    ):
        out += FACTORS[name][0] * level.astype(np.int32)
    return out


def _is_again(step: Numbers, journey: Numbers, starts: Ints, n_steps: int) -> Bools:
    """Whether the journey met the step before."""
    out = np.zeros(len(step), dtype=bool)
    many = max(1, _BLOCK // max(1, n_steps))
    for low in range(0, len(starts), many):
        begin, end = starts[low], starts[low + many] if low + many < len(starts) else len(step)
        met = (journey[begin:end] - np.int32(low)) * np.int32(n_steps) + step[begin:end]
        first = np.empty(many * n_steps, dtype=np.int32)
        first[met[::-1]] = np.arange(end - begin, dtype=np.int32)[::-1]  # what is written last stays: the first time
        out[begin:end] = first[met] < np.arange(end - begin, dtype=np.int32)
    return out


def _calls(store: Store, moment: Numbers, n: int) -> Numbers:
    told = store.arrow(_CALLS)
    out = np.zeros(n + 1, dtype=np.int32)
    number = told["call_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    out[moment[array(told["pos"])]] = number + 1  # what is of no closed journey goes behind the end
    return out[:n]
