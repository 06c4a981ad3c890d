"""Journeys as sequences of small codes, cut out of the stored order without a sort.

`journey_event` is stored by journey and time, so a journey is a slice of the column of steps. SQL would have to sort
every group again (`list(step order by pos)`: 1.1 s for 10 M events); cutting the column at the journeys' borders takes
0.1 s. Columns are handled whole, in Arrow buffers: no row passes through Python. A test compares the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import StateError
from ingest.store import Store

_COLUMNS = "select journey_id, enum_code(step) as code from journey_event"
_OUT_OF_PLACE = "select count(*) from journey_event where pos <> rowid + 1"
_LANES = """
    select enum_code(cast(step as step_t)) as code, enum_code(channel) as channel,
        coalesce(enum_code(department) + 1, 0) as department
    from (select step, cast(channel as channel_t) as channel, cast(department as department_t) as department from touch)
    where list_contains(enum_range(cast(null as step_t)), step)"""
MAX_LANES = 62
Counts = npt.NDArray[np.uint8]


def cut(store: Store) -> tuple[pa.Table, pa.Table]:
    """(journeys, sequences) of the whole log.

    journeys: journey_id, first_pos, n_events, sequence_no - one row per journey, in stored order. sequences:
    sequence_no, sequence (list of codes of step_t), steps (their names, joined by " > "), n_journeys, n_channels,
    n_departments - one row per distinct sequence; channel and department belong to the step, so they are the same for
    all its journeys. Raises StateError when `pos` does not count the stored rows from 1: everything built on
    adjacency would be wrong.
    """
    _check_positions(store)
    columns = store.arrow(_COLUMNS)
    journey, code = (columns[name].combine_chunks() for name in ("journey_id", "code"))
    ids = numbers(journey)
    is_first = np.ones(len(ids), dtype=bool)
    is_first[1:] = ids[1:] != ids[:-1]
    starts = np.flatnonzero(is_first)
    number, lists = distinct(numbers(code), np.append(starts, len(ids)))
    journeys = pa.table(
        {
            "journey_id": column(ids[starts]),
            "first_pos": column((starts + 1).astype(np.uint32)),
            "n_events": column(np.diff(np.append(starts, len(ids))).astype(np.uint32)),
            "sequence_no": column(number.astype(np.uint32)),
        }
    )
    n_channels, n_departments = _lanes(store, lists)
    sequences = pa.table(
        {
            "sequence_no": column(np.arange(len(lists), dtype=np.uint32)),
            "sequence": lists,
            "steps": _texts(store, lists),
            "n_journeys": column(np.bincount(number, minlength=len(lists)).astype(np.uint64)),
            "n_channels": column(n_channels),
            "n_departments": column(n_departments),
        }
    )
    return journeys, sequences


def distinct(codes: npt.NDArray[Any], bounds: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], pa.LargeListArray]:
    """(number, sequences): sequence i = codes[bounds[i]:bounds[i + 1]] is the list `number[i]` of the distinct ones,
    which are numbered as they come.
    """
    offsets = bounds.astype(np.int64) * codes.itemsize
    slices = pa.Array.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(codes))]
    )
    coded = slices.dictionary_encode()
    return numbers(coded.indices), _lists(coded.dictionary, codes.dtype)


def numbers(array: pa.Array) -> npt.NDArray[Any]:
    """A column without nulls as numpy, without a copy; `to_numpy` would import pandas for it (0.4 s)."""
    return np.from_dlpack(array)


def column(values: npt.NDArray[Any]) -> pa.Array:
    """Numbers as a column, without a copy and, unlike `pa.array`, without pandas."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _check_positions(store: Store) -> None:
    if store.value(_OUT_OF_PLACE):
        raise StateError(
            "journey_event is not stored in the order of pos = 1, 2, 3 ...; expected what ingest leaves; "
            "run ingest again"
        )


def _lists(slices: pa.Array, dtype: np.dtype) -> pa.LargeListArray:
    """Binary slices of codes as lists of codes, without copying the codes."""
    _, offsets, data = slices.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[slices.offset : slices.offset + len(slices) + 1] // dtype.itemsize
    values = np.frombuffer(data, dtype=dtype) if data is not None else np.empty(0, dtype=dtype)
    return pa.LargeListArray.from_arrays(column(bounds), column(values))


def _texts(store: Store, lists: pa.LargeListArray) -> pa.Array:
    """Each sequence as text: step names joined by " > "."""
    names = (
        store.arrow("select unnest(enum_range(cast(null as step_t))) as step")["step"]
        .combine_chunks()
        .cast(pa.string())
    )
    return pc.binary_join(pa.ListArray.from_arrays(lists.offsets.cast(pa.int32()), names.take(lists.values)), " > ")


def _lanes(store: Store, lists: pa.LargeListArray) -> tuple[Counts, Counts]:
    """Distinct channels and departments of each sequence: one bit per lane, or-ed over the sequence."""
    rows = store.rows(_LANES)
    size = 1 + max((row[0] for row in rows), default=0)
    offsets = numbers(lists.offsets)
    values = numbers(lists.values)
    out = []
    for place in (1, 2):
        if max((row[place] for row in rows), default=0) > MAX_LANES:
            raise StateError(
                f"touch names more than {MAX_LANES} departments or channels; merge some of them in steps.toml"
            )
        bit = np.zeros(max(size, int(values.max(initial=0)) + 1), dtype=np.uint64)
        for row in rows:
            bit[row[0]] = np.uint64(1) << np.uint64(row[place])
        lanes = np.bitwise_or.reduceat(bit[values], offsets[:-1]) if len(lists) else np.empty(0, dtype=np.uint64)
        out.append(np.bitwise_count(lanes & ~np.uint64(1) if place == 2 else lanes).astype(np.uint8))
    return out[0], out[1]
