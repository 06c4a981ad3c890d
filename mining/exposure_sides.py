"""Sights, calls, and the sights on both sides of each call, as whole columns (mining/exposure_rows.py says of what)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.nearest import NONE, Ints, Keys, after, before, keys

Bools = npt.NDArray[np.bool_]
PRODUCT = "product"
"""The family whose places are products; the place of one is this, a colon and its name."""
Stages = dict[int, set[int]]
"""Topic -> the stages that calls on it are of."""

_SIGHTS = """
    select event_no, customer_id, epoch_us(occurred_at) as at_us, enum_code(place::place_t) as place,
        enum_code(family::family_t) as family, enum_code(topic::topic_t) as topic, more, is_usual,
        identity_strength::varchar = 'strong' as is_strict
    from sight"""
_CALLS = """
    select call_no, customer_id, epoch_us(called_at) as at_us, epoch_us(until_at) as until_us,
        enum_code(stage) as stage, $by_product and product_id is not null as is_named,
        coalesce(enum_code(try_cast($product || product_id as place_t)), -1) as place,
        intent is null and stage::varchar = 'help' as is_unknown
    from known_call order by customer_id, called_at, call_no"""
_TOPICS = "select enum_code(topic::topic_t), enum_code(stage::stage_t) from topic_stage"


@dataclass(frozen=True)
class Sights:
    """By sight, in order of customer and time; `names`: of the codes of place, family and topic."""

    event_no: Ints
    customer: Ints
    at_us: Ints
    place: Ints
    family: Ints
    topic: Ints
    more: Ints
    is_usual: Bools
    is_strict: Bools
    names: dict[str, list[str]]

    @cached_property
    def keys(self) -> Keys:
        """Ordered by customer and time."""
        return keys(self.customer, self.at_us)

    def of_place(self, customer: Ints, place: Ints) -> Ints:
        """A number for a customer and a place."""
        return customer * len(self.names["place"]) + place


@dataclass(frozen=True)
class Calls:
    """By call, in order of customer and time. is_named: it is on its product (`place`) only; is_unknown: nobody knows
    what it was about."""

    call_no: Ints
    customer: Ints
    at_us: Ints
    until_us: Ints
    stage: Ints
    is_named: Bools
    place: Ints
    is_unknown: Bools

    @cached_property
    def keys(self) -> Keys:
        """Ordered by customer and time."""
        return keys(self.customer, self.at_us)


@dataclass(frozen=True)
class Sides:
    """Sights on both sides of calls: numbers of calls, families, sights (NONE where there is none)."""

    call: Ints
    family: Ints
    sight_before: Ints
    sight_after: Ints


def read(store: Store, *, by_product: bool) -> tuple[Sights, Calls, Stages]:
    """The sights, the calls, and what these are about. by_product: a call that names a product is on that only."""
    told = store.arrow(_CALLS, {"by_product": by_product, "product": f"{PRODUCT}:"})
    stages_of: Stages = {}
    for topic, stage in store.rows(_TOPICS):
        stages_of.setdefault(topic, set()).add(stage)
    return _sights(store), Calls(*(plain(told[name]) for name in told.column_names)), stages_of


def _sights(store: Store) -> Sights:
    told = store.arrow(_SIGHTS)
    names = {
        name: [row[0] for row in store.rows(f"select unnest(enum_range(null::{name}_t))::varchar")]
        for name in ("place", "family", "topic")
    }
    columns = [plain(told[name]) for name in told.column_names]
    event_no = columns[0]
    if (event_no[1:] < event_no[:-1]).any():
        order = np.argsort(event_no, kind="stable")  # events are numbered by customer and time
        columns = [one[order] for one in columns]
    return Sights(*[*columns, names])


def sides_of(sights: Sights, calls: Calls, stages_of: Stages) -> Sides:
    """Of each call and family the nearest sights: of its product where it names one, else of topics of its stage."""
    parts = [*_by_stage(sights, calls, stages_of), *_by_product(sights, calls)]
    if not parts:
        return Sides(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    call, family, earlier, later = (np.concatenate(column) for column in zip(*parts, strict=True))
    chosen = np.flatnonzero((earlier != NONE) | (later != NONE))
    chosen = chosen[np.argsort(call[chosen] * len(sights.names["family"]) + family[chosen], kind="stable")]
    return Sides(call[chosen], family[chosen], earlier[chosen], later[chosen])


def _by_stage(sights: Sights, calls: Calls, stages_of: Stages) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """By stage and family: calls of the stage, and the nearest sights of its topics."""
    called = set(calls.stage[~calls.is_named].tolist())
    for family in range(len(sights.names["family"])):
        own = np.flatnonzero(sights.family == family)
        topics = np.unique(sights.topic[own]).tolist()
        for stage in sorted(called & {stage for topic in topics for stage in stages_of.get(topic, ())}):
            matches = [topic for topic in topics if stage in stages_of.get(topic, ())]
            at = own if len(matches) == len(topics) else own[np.isin(sights.topic[own], matches)]
            at = _last_place(sights, at)
            call = np.flatnonzero((calls.stage == stage) & ~calls.is_named)
            yield (call, np.full(len(call), family), *_beside(sights.keys[at], calls.keys[call], at))


def _last_place(sights: Sights, at: Ints) -> Ints:
    """Of sights at the same moment the one of the last place."""
    key = sights.keys[at]
    is_same = key[1:] == key[:-1]
    if is_same.any():
        group = np.append(0, np.cumsum(~is_same))
        at = at[np.lexsort((sights.place[at], group))]
        at = at[np.append(~is_same, True)]
    return at


def _by_product(sights: Sights, calls: Calls) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Calls that name a product, and the nearest sights of it."""
    call = np.flatnonzero(calls.is_named & (calls.place >= 0))
    if not len(call):
        return
    family = sights.names["family"].index(PRODUCT)
    at = np.flatnonzero(sights.family == family)
    group = sights.of_place(sights.customer[at], sights.place[at])
    order = np.argsort(group, kind="stable")
    known = keys(group[order], sights.at_us[at[order]])
    asked = keys(sights.of_place(calls.customer[call], calls.place[call]), calls.at_us[call])
    yield (call, np.full(len(call), family), *_beside(known, asked, at[order]))


def _beside(known: Keys, asked: Keys, at: Ints) -> tuple[Ints, Ints]:
    """The sights before and after calls; `at`: the sights whose keys are known."""
    earlier, later = before(known, asked), after(known, asked)
    return np.where(earlier == NONE, NONE, at[earlier]), np.where(later == NONE, NONE, at[later])


def named(sights: Sights, name: str, codes: Ints, mask: Bools | None = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=mask), sights.names[name])


def plain(column: pa.ChunkedArray) -> Any:
    """Numbers as whole numbers of 64 bit, flags as flags."""
    values = np.asarray(column.to_numpy())
    return values if values.dtype == np.bool_ else values.astype(np.int64)
