"""Visits that went back and forth between two pages, A B A B, and those that went over such a pair once.

One sight per visit and pair of steps between whose pages it moved: at the fourth view where the same two pages came in
turn; where nobody went back, at the last move between such pages. Who went back once is in neither group. Pairs with
too few visits that went back and forth can't be told and are left out first, since nearly all moves are between those.
`more`: whether the visit had more than 4, 8, 16 pages until then, since who looks long calls more, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LONG = (4, 8, 16)
_PAGES = """
    select event.event_no, event.customer_id, epoch_us(event.occurred_at) as at_us, event.session_id,
        hash(event.raw_code) as page, touch.step_no, touch.class::varchar = 'browse' as is_browsed
    from event
    inner join customer on event.customer_id = customer.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where event.visible and event.session_id is not null and touch.actor = 'customer'
        and touch.purpose is distinct from 'contact' and event.channel::varchar = 'web'
        and customer.identity_strength::varchar in ('medium', 'strong')
    order by event.event_no"""


def read(store: Store, views_min: int) -> pa.Table:
    """event_no, customer_id, occurred_at, step_a, step_b (numbers of steps), more, is_usual (did not go back) of each
    sight; `views_min`: visits that must have gone back and forth between a pair."""
    told = store.arrow(_PAGES)
    event_no, customer, at_us, session, page, step, browsed = (np.asarray(one.to_numpy()) for one in told.columns)
    # a page that is loaded again is no move; two visits at once are cut where they alternate
    is_move = np.ones(len(page), dtype=bool)
    is_move[1:] = (page[1:] != page[:-1]) | (session[1:] != session[:-1])
    kept = np.flatnonzero(is_move)
    customer, session, page, step, browsed = (one[kept] for one in (customer, session, page, step, browsed))
    is_back = _same(session, 2) & _same(page, 2)
    is_again = is_back & _same(session, 3) & _lag(_same(page, 2), 1)
    many = int(step.max(initial=0)) + 1
    step_before = _lag(step, 1)
    pair = np.minimum(step, step_before).astype(np.int64) * many + np.maximum(step, step_before)
    pair = pair.astype(np.min_scalar_type(many * many))  # of 16 bits they are sorted in no time
    moves = np.flatnonzero(_same(session, 1) & (browsed | _lag(browsed, 1)))
    again = moves[is_again[moves]]
    visit, _ = _visits(customer, session, pair, again)
    often, n = np.unique(pair[again[visit]], return_counts=True)
    moves = moves[np.isin(pair[moves], often[n >= views_min])]
    begins, whose = _visits(customer, session, pair, moves)
    first, last = np.full(len(begins), len(page)), np.zeros(len(begins), dtype=np.int64)
    has_back = np.zeros(len(begins), dtype=bool)
    np.minimum.at(first, whose[is_again[moves]], moves[is_again[moves]])
    np.maximum.at(last, whose, moves)
    has_back[whose[is_back[moves]]] = True
    has_again = first < len(page)
    chosen = has_again | ~has_back
    at = np.where(has_again, first, last)[chosen]
    more = sum((_same(session, lag).astype(np.int8) for lag in _LONG), np.zeros(len(page), dtype=np.int8))
    return pa.table(
        {
            "event_no": pa.array(event_no[kept[at]]),
            "customer_id": pa.array(customer[at]),
            "occurred_at": pa.array(at_us[kept[at]], pa.timestamp("us")),
            "step_a": pa.array(pair[at] // many),
            "step_b": pa.array(pair[at] % many),
            "more": pa.array(more[at]),
            "is_usual": pa.array(~has_again[chosen]),
        }
    )


def _visits(customer: Ints, session: Ints, pair: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """(place in `rows` of a row of each visit and pair, the number of that visit by row)."""
    # rows of a visit mostly follow one another, so that few are left to be sorted
    order = rows[np.argsort(pair[rows], kind="stable")]
    is_new = np.ones(len(order), dtype=bool)
    for one in (customer, session, pair):
        is_new[1:] &= one[order[1:]] == one[order[:-1]]
    is_new[1:] = ~is_new[1:]
    run = np.cumsum(is_new) - 1
    heads = order[is_new]
    by = np.lexsort((session[heads], customer[heads], pair[heads]))
    is_other = np.ones(len(by), dtype=bool)
    for one in (customer, session, pair):
        is_other[1:] &= one[heads[by[1:]]] == one[heads[by[:-1]]]
    is_other[1:] = ~is_other[1:]
    number = np.empty(len(by), dtype=np.int64)
    number[by] = np.cumsum(is_other) - 1
    whose = np.empty(len(rows), dtype=np.int64)
    place = np.searchsorted(rows, order)
    whose[place] = number[run]
    return place[np.flatnonzero(is_new)[by[is_other]]], whose


def _same(values: npt.NDArray[np.generic], lag: int) -> Bools:
    """Whether a value is that of so many rows before."""
    out = np.zeros(len(values), dtype=bool)
    out[lag:] = values[lag:] == values[:-lag]
    return out


def _lag(values: Any, lag: int) -> Any:
    """The values of so many rows before; the first ones' own."""
    return np.concatenate([values[:lag], values[:-lag]])[: len(values)]
