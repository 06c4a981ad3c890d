"""The distinct ways of journeys, and who went them, as arrays: what paths to bad outcomes are read from.

`journey_event` is stored by journey and time, so that a way is a slice of its column of steps. Every journey of a way
has the same steps, so one of them tells it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.context import Context

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.integer]
NOTHING = 255
"""In codes of a way: it is over."""
T_MAX = 40
"""Steps of a way that are looked at; who goes further is compared there."""

_JOURNEYS = """
    select p.journey_id, p.variant_id, p.customer_id, p.first_pos, m.n_events,
        p.is_discovery, p.is_heavy, p.is_strict
    from population as p inner join journey_metrics as m using (journey_id)
    where p.pattern is null and not p.is_unrecorded and not p.is_truncated order by p.journey_id"""
_STEPS = "select enum_code(step) as code from journey_event"
_NAMES = "select distinct enum_code(step), step::varchar from journey_event"
_CALLS = """
    with call as (
        select call_id, max(coalesce(ended_at, occurred_at)) as over_at from event
        where call_id is not null and step in (select step::step_t from touch where class::varchar = 'contact')
        group by call_id)
    select journey_event.pos, event.call_id
    from journey_event inner join event using (event_no) left join call on event.call_id = call.call_id
    where event.call_id is not null and (call.over_at is null or event.occurred_at <= call.over_at)
    order by journey_event.pos"""
"""Steps that are of a call: what an order placed by phone comes to days later carries that call's number, too."""


@dataclass(frozen=True)
class Told:
    """The ways in the steps that paths are told in, of which far fewer are distinct.

    `steps`: names by code; `codes`: distinct ways x T_MAX; `row`: by way, its row of these; `n_before`: by moment of a
    way, and one more, how many of these steps came before.
    """

    steps: tuple[str, ...]
    codes: npt.NDArray[np.uint8]
    row: Ints
    n_before: Ints


@dataclass(frozen=True)
class Ways:
    """Journeys that are over, seen from their start, told by all their sources, of which the order of steps is known.

    By moment of a way, way after way: `code` = its step, `way_of`. By way, in order of variants: where it `starts`, how
    many steps it has (`length`). By journey, in order of ids: `way`, `customer`, `journey_id`, `first_pos`, and which
    splits it is in. `name`: code -> step. `call_pos`, `call_first`: the positions of steps that are of a call, and
    where that call began in the journey. `told`: by doors, so that it is made once.
    """

    context: Context
    code: Codes
    way_of: Ints
    starts: Ints
    length: Ints
    way: Ints
    customer: Ints
    journey_id: Ints
    first_pos: Ints
    in_split: dict[str, Bools]
    name: dict[int, str]
    call_pos: Ints
    call_first: Ints
    told: dict[frozenset[str], Told] = field(default_factory=dict)

    def first_place(self, steps: Collection[str]) -> Ints:
        """By way: how many steps came before the first of these; its length where it has none."""
        at = np.flatnonzero(self._is_of(steps))[::-1]
        out = self.length.copy()
        out[self.way_of[at]] = at - self.starts[self.way_of[at]]
        return out

    def both(self, outcome: str, good: Sequence[str]) -> list[tuple[str, int, int]]:
        """Of each good outcome: journeys with it and the bad one, and of them those with the bad one later."""
        n, bad_place = np.bincount(self.way, minlength=len(self.length)), self.first_place([outcome])
        out = []
        for step in good:
            place = self.first_place([step])
            has_both = (bad_place < self.length) & (place < self.length)
            out.append((step, int(n[has_both].sum()), int(n[has_both & (bad_place > place)].sum())))
        return out

    def call_begins(self, journey: Ints, place: Ints) -> Ints:
        """The place at which the call of a journey's step began; that of the step where it is of none."""
        pos = self.first_pos[journey] + place
        at = np.minimum(np.searchsorted(self.call_pos, pos), len(self.call_pos) - 1)
        if not len(self.call_pos):
            return place
        return np.where(self.call_pos[at] == pos, self.call_first[at] - self.first_pos[journey], place)

    def step_at(self, journey: Ints, place: Ints) -> Codes:
        """The code of a journey's step."""
        return np.asarray(self.code[self.starts[self.way[journey]] + place])

    def told_without(self, doors: frozenset[str]) -> Told:
        """The ways in the steps that customers can tell them in, without `doors`. Of a step that may be repeated freely
        several in a row are one."""
        if doors not in self.told:
            told = [
                step
                for step, touch in self.context.touch.items()
                if touch.step_class != "browse" and not (touch.bad or touch.reactive or step in doors)
            ]
            is_told = self._is_of(told)
            at = np.flatnonzero(is_told)
            code, way = self.code[at], self.way_of[at]
            is_free = self._table(step for step in told if self.context.touch[step].is_free)[code]
            is_told[at[1:][is_free[1:] & (code[1:] == code[:-1]) & (way[1:] == way[:-1])]] = False
            self.told[doors] = self._as_told(is_told)
        return self.told[doors]

    def _as_told(self, is_told: Bools) -> Told:
        n_before = np.append(0, np.cumsum(is_told))
        at = np.flatnonzero(is_told)
        used = np.unique(self.code[at]).tolist()[: NOTHING - 1]
        number = np.full(max(self.name, default=0) + 1, NOTHING, dtype=np.uint8)
        number[used] = np.arange(len(used))
        t = n_before[at] - n_before[self.starts[self.way_of[at]]]
        at, t = at[t < T_MAX], t[t < T_MAX]
        codes = np.full((len(self.length), T_MAX), NOTHING, dtype=np.uint8)
        codes[self.way_of[at], t] = number[self.code[at]]
        lines = codes.view(np.dtype((np.void, T_MAX))).ravel()
        _, first, row = np.unique(lines, return_index=True, return_inverse=True)
        return Told(tuple(self.name[code] for code in used), codes[first], row, n_before)

    def _is_of(self, steps: Iterable[str]) -> Bools:
        return np.asarray(self._table(steps)[self.code])

    def _table(self, steps: Iterable[str]) -> Bools:
        """By code: whether it is one of these steps."""
        chosen = set(steps)
        out = np.zeros(max(self.name, default=0) + 1, dtype=bool)
        out[[code for code, step in self.name.items() if step in chosen]] = True
        return out


def read_ways(store: Store, context: Context) -> Ways:
    """The ways of the prepared population."""
    journeys = store.arrow(_JOURNEYS)
    variant, first_pos, n_events = (ints(journeys[name]) for name in ("variant_id", "first_pos", "n_events"))
    _, chosen, way = np.unique(variant, return_index=True, return_inverse=True)
    length = n_events[chosen]
    starts = np.cumsum(length) - length
    way_of = np.repeat(np.arange(len(length)), length)
    at = np.arange(len(way_of)) + (first_pos[chosen] - 1 - starts)[way_of]
    discovery, heavy, strict = (
        np.asarray(journeys[name].to_numpy(), dtype=bool) for name in ("is_discovery", "is_heavy", "is_strict")
    )
    has_calls = any(touch.bad for touch in context.touch.values())
    calls = _calls(store, first_pos) if has_calls else (np.empty(0, dtype=np.int64),) * 2
    return Ways(
        context,
        np.asarray(store.arrow(_STEPS)["code"].to_numpy())[at],
        way_of,
        starts,
        length,
        way,
        ints(journeys["customer_id"]),
        ints(journeys["journey_id"]),
        first_pos,
        {"all": np.ones(len(strict), dtype=bool), "discovery": discovery, "confirm": ~discovery, "light": ~heavy}
        | {"strict": strict},
        dict(store.rows(_NAMES)),
        *calls,
    )


def _calls(store: Store, first_pos: Ints) -> tuple[Ints, Ints]:
    told = store.arrow(_CALLS)
    pos = ints(told["pos"])
    call = told["call_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    journey = np.searchsorted(np.sort(first_pos), pos, side="right")
    _, first, own = np.unique(journey * (int(call.max(initial=0)) + 1) + call, return_index=True, return_inverse=True)
    return pos, pos[first][own]


def ints(column: pa.ChunkedArray) -> Ints:
    """A column of whole numbers."""
    return np.asarray(column.to_numpy(), dtype=np.int64)
