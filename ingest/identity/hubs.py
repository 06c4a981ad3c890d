"""The hub guard: an identifier that too many people share connects nobody. Its events stay, unlinked.

Counts are of an identifier's own links only, and of the people at their other ends, in any stretch of
`hub_window_days`: a switchboard is one by what happens in a year, not by a long life.
"""

from __future__ import annotations

import numpy as np

from ingest.identity.graph import (
    ALWAYS,
    CUSTOMER_NO,
    DAY_US,
    EMAIL,
    FOREVER,
    LOGIN,
    MEDIUM,
    Bools,
    Codes,
    Graph,
    Ints,
    Rules,
    distinct_pairs,
    has_several,
    run_starts,
)


def strong_hubs(graph: Graph, levels: Codes, rules: Rules) -> Bools:
    """Strong identifiers in records of too many customer numbers or logins: a test address, a re-used order number.

    A customer number never is one, nor is a login with many numbers less than a hub; but a login may change its mail.
    """
    n = len(graph.kinds)
    hubs = np.zeros(n, dtype=bool)
    for person in (CUSTOMER_NO, LOGIN):
        for node, other in ((graph.a, graph.b), (graph.b, graph.a)):
            rows = (graph.kinds[other] == person) & (levels[node] == 0) & (graph.kinds[node] > person)
            hubs |= _too_many(node[rows], other[rows], graph.first_at[rows], graph.last_at[rows], n, rules)
    return hubs


def loose_hubs(
    graph: Graph, level: int, node: Ints, cluster: Ints, links: Ints, named: Bools, numbered: Bools, rules: Rules
) -> Bools:
    """Identifiers of a level that touch too many people.

    Rows of `node`, `cluster` (at the other end), `links` (positions in the graph). `named`, `numbered` tell whether a
    cluster holds a customer number, login or mail, and whether it holds a customer number.
    """
    n, first, last = len(graph.kinds), graph.first_at[links], graph.last_at[links]
    rows = named[cluster]
    hubs = _too_many(node[rows], cluster[rows], first[rows], last[rows], n, rules)
    if level != MEDIUM:
        return hubs
    window = rules.hub_window_days * DAY_US
    rows = numbered[cluster]
    busy = has_several(n, node[rows], cluster[rows]) & (
        np.bincount(node, weights=graph.n_records[links], minlength=n) > rules.hub_records
    )
    if not busy.any():
        return hubs
    some = busy[node]
    records = _peak(node[some], *_window(first[some], last[some], window), graph.n_records[links][some], n)
    some &= rows
    people = _simultaneous(node[some], cluster[some], first[some], last[some], n, window)
    return hubs | ((records > rules.hub_records) & (people > 1))


def is_named(kinds: Codes) -> Bools:
    """Identifiers that name a person, by kind."""
    return np.isin(kinds, (CUSTOMER_NO, LOGIN, EMAIL))


def _too_many(node: Ints, person: Ints, first: Ints, last: Ints, n: int, rules: Rules) -> Bools:
    """Nodes with more than `hub_persons` different persons within the window."""
    some = ((_per_node(node, n) > rules.hub_persons) & has_several(n, node, person))[node]
    many = _per_node(distinct_pairs(node[some], person[some])[0], n) > rules.hub_persons
    some = many[node]
    if not some.any():
        return many
    window = rules.hub_window_days * DAY_US
    return many & (_simultaneous(node[some], person[some], first[some], last[some], n, window) > rules.hub_persons)


def _per_node(node: Ints, n: int) -> Ints:
    return np.bincount(node, minlength=n).astype(np.int64)


def _window(first: Ints, last: Ints, window: int) -> tuple[Ints, Ints]:
    """Starts of all stretches of length `window` that meet [first, last]; what is not dated meets every stretch."""
    undated = first <= ALWAYS
    return np.where(undated, ALWAYS, first - window), np.where(undated, FOREVER, last)


def _simultaneous(node: Ints, person: Ints, first: Ints, last: Ints, n: int, window: int) -> Ints:
    """Per node: the most different persons seen in one stretch of length `window`."""
    start, end = _window(first, last, window)
    order = np.lexsort((start, person, node))
    node, person, start, end = node[order], person[order], start[order], end[order]
    opens = run_starts(node, person)
    reached = _running_max(end, opens)
    opens[1:] |= start[1:] > reached[:-1]
    at = np.flatnonzero(opens)
    ends = np.maximum.reduceat(end, at) if len(at) else end
    return _peak(node[at], start[at], ends, np.ones(len(at), dtype=np.int64), n)


def _running_max(values: Ints, restarts: Bools) -> Ints:
    """The largest value so far, anew at each restart."""
    out = values.copy()
    group = np.cumsum(restarts)
    order = np.lexsort((values, group))  # each value's place among its group tells how far the maximum has come
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values))
    np.maximum.accumulate(place, out=place)
    return values[order][place] if len(values) else out


def _peak(node: Ints, start: Ints, end: Ints, weight: Ints, n: int) -> Ints:
    """Per node: the largest sum of weights of intervals [start, end] that share a moment."""
    at = np.concatenate([start, end])
    is_end = np.repeat([False, True], len(start))
    both = np.concatenate([node, node])
    order = np.lexsort((is_end, at, both))  # an interval that starts where another ends shares that moment
    change = np.where(is_end, -1, 1)[order] * np.concatenate([weight, weight])[order]
    level = np.cumsum(change)  # every node's changes sum to 0, so it starts at 0 again
    peaks = np.zeros(n, dtype=np.int64)
    np.maximum.at(peaks, both[order], level)
    return peaks
