"""Ways through the process with the steps that do not count looked through, each told once.

Most variants differ in nothing but what an analysis looks through, such as browsing: without it they are the same way,
and Python need not see each. A variant is cut as codes of step_t out of the stored order of `journey_event`, from its
example journey; columns are handled whole, in Arrow buffers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.sequences import column, distinct, numbers

_CODES = "select enum_code(step) as code from journey_event"
_NAMES = "select unnest(enum_range(cast(null as step_t)))::varchar"
_STARTS = """
    select cast(m.first_pos as bigint) - 1 as start_at, cast(v.n_steps as bigint) as n_steps
    from incoming_ids as i
    inner join variants as v on v.variant_id = i.variant_id
    inner join journey_metrics as m on m.journey_id = v.first_journey_id
    order by i.place"""
Column = npt.NDArray[Any]
Through = Callable[[str], bool]
"""Whether a step is looked through."""


def nothing(_: str) -> bool:
    """No step is."""
    return False


@dataclass(frozen=True)
class Folded:
    """Variants put together: the i-th handed in is the way `group[i]`, which has `steps[group[i]]`.

    `first` = the first variant of each way, as its place among those handed in. Step k of variant i is event
    places[bounds[i] + k] of its journeys, both from 0.
    """

    steps: list[tuple[str, ...]]
    first: Column
    group: Column
    bounds: Column
    places: Column

    def sums(self, counts: Column) -> Column:
        """Counts of the variants summed up over each way."""
        return np.bincount(self.group, counts, len(self.steps)).astype(np.int64)

    def table(self, variant_id: Column) -> pa.Table:
        """told_id = the first variant of the way, way_id = the variant, places = its places; a row per variant."""
        return pa.table(
            {
                "told_id": column(variant_id[self.first][self.group]),
                "way_id": column(variant_id),
                "places": pa.LargeListArray.from_arrays(column(self.bounds), column(self.places)),
            }
        )


def fold(store: Store, variant_ids: Column, is_through: Through) -> Folded:
    """The ways of variants without the steps that `is_through` says are looked through."""
    names = [row[0] for row in store.rows(_NAMES)]
    codes, bounds, places = _cut(store, variant_ids)
    told = ~np.array([is_through(name) for name in names], dtype=bool)[codes]
    bounds = np.append(0, np.cumsum(told))[bounds]
    group, lists = distinct(codes[told], bounds)
    _, first = np.unique(group, return_index=True)
    step_of = np.array(names, dtype=object)[numbers(lists.values)].tolist()
    borders = numbers(lists.offsets).tolist()
    steps = [tuple(step_of[start:end]) for start, end in pairwise(borders)]
    return Folded(steps, first, group, bounds, places[told])


def _cut(store: Store, variant_ids: Column) -> tuple[Column, Column, Column]:
    """(codes, bounds, places) of the variants: one after the other, each with all its steps."""
    place = np.arange(len(variant_ids), dtype=np.uint32)
    store.put("incoming_ids", pa.table({"place": column(place), "variant_id": column(variant_ids)}))
    starts, lengths = (numbers(one.combine_chunks()) for one in store.arrow(_STARTS).columns)
    store.drop("incoming_ids")
    bounds = np.append(0, np.cumsum(lengths))
    places = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
    codes = numbers(store.arrow(_CODES)["code"].combine_chunks())
    return codes[places + np.repeat(starts, lengths)], bounds, places
