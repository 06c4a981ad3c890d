"""The time rule: a phone or a cookie is one person's for a time, not for good.

An identifier that only one person is seen with is theirs. One that different people are seen with (different customer
numbers, or different logins where one has no number) is cut into spans, each its last owner's: a span begins at the
first sign of its owner after another one's, and ends at the first sign of the next. So a number that was given to
somebody else changes hands once, and a family's computer changes hands with each login.

A login speaks for the visit it happens in: a cookie's span begins `visit_lead_min` before the sign, but not before the
last sign of the owner before. What a cookie did more than `backward_days` before its first link is nobody's yet: that
span stands alone. A phone counts back to the start.

Of two signs at the same moment the one with more records counts as the later one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.identity.graph import ALWAYS, DAY_US, FOREVER, WEAK, Bools, Ints, Rules, has_several, run_starts

MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Signs:
    """Links of the identifiers of one level, none of them a hub.

    `node` = the identifier; `cluster` at the other end; `links` = positions in the graph, for ties and reports.
    """

    node: Ints
    cluster: Ints
    first_at: Ints
    last_at: Ints
    n_records: Ints
    links: Ints

    def only(self, rows: Bools | Ints) -> Signs:
        """Some of the rows, or all in another order."""
        columns = (self.node, self.cluster, self.first_at, self.last_at, self.n_records, self.links)
        return Signs(*(column[rows] for column in columns))


@dataclass(frozen=True)
class Spans:
    """Slots: an identifier during [from_at, until_at). Slot i < n is identifier i's first owner's; others follow."""

    node: Ints
    from_at: Ints
    until_at: Ints

    @classmethod
    def whole(cls, n: int) -> Spans:
        """Every identifier for all time."""
        return cls(np.arange(n, dtype=np.int64), np.full(n, -FOREVER), np.full(n, FOREVER))

    def at(self, node: Ints, moment: Ints) -> Ints:
        """The slot of each identifier at a moment."""
        slot = node.astype(np.int64)
        cut = np.zeros(len(self.node), dtype=bool)
        first_of = slice(int(self.node.max()) + 1 if len(self.node) else 0, None)
        cut[self.node[first_of]] = True
        asked = np.flatnonzero(cut[node])
        if not len(asked):
            return slot
        known = np.flatnonzero(cut[self.node])
        both = np.concatenate([self.node[known], node[asked]])
        when = np.concatenate([self.from_at[known], moment[asked]])
        is_asked = np.repeat([False, True], [len(known), len(asked)])
        # spans of one start (one of them is empty) in order of their numbers: the later one counts
        number = np.concatenate([known, np.zeros(len(asked), dtype=np.int64)])
        order = np.lexsort((number, is_asked, when, both))
        latest = np.maximum.accumulate(np.where(is_asked[order], -1, np.arange(len(order))))
        found = order[latest[is_asked[order]]]
        slot[asked[order[is_asked[order]] - len(known)]] = known[found]
        return slot


@dataclass(frozen=True)
class Owned:
    """What the time rule makes of one level: spans, the slot of each sign, and the signs (one for each further owner of
    an identifier) of people who share it and of those it was handed on to."""

    spans: Spans
    slot: Ints
    shared: Ints
    handed_on: Ints


def cut(spans: Spans, signs: Signs, level: int, used_at: Ints, numbered: Bools, logged: Bools, rules: Rules) -> Owned:
    """Cut the identifiers of a level into spans.

    `numbered`, `logged`: whether a cluster holds a customer number, a login.
    """
    contested = _contested(signs, numbered, logged, len(used_at))
    owner = np.flatnonzero(contested[signs.node] & (numbered | logged)[signs.cluster])
    tied = signs.only(owner)
    owner = owner[np.lexsort((tied.cluster, tied.n_records, tied.first_at, tied.node))]
    runs = _runs(signs.only(owner), level, rules)
    spans, slot_of_run = _with_runs(spans, runs)
    if level == WEAK:
        spans = _with_unknown_past(spans, signs, used_at, rules)
    slot = spans.at(signs.node, signs.first_at)
    slot[owner] = slot_of_run[runs.of_sign]
    sign_of_run = owner[np.flatnonzero(run_starts(runs.of_sign))] if len(owner) else owner
    return Owned(
        spans, slot, sign_of_run[runs.is_further & ~runs.is_handed_on], sign_of_run[runs.is_further & runs.is_handed_on]
    )


@dataclass(frozen=True)
class _Runs:
    """Consecutive signs of one owner, in order of identifier and time; [begin_at, end_at) is the owner's.

    `is_further`: the first run of an owner who is not the identifier's first one. `is_handed_on`: such a run, after the
    owner before was unseen for `reassigned_days`, of an identifier to which no owner comes back.
    """

    node: Ints
    begin_at: Ints
    end_at: Ints
    is_first: Bools
    is_further: Bools
    is_handed_on: Bools
    of_sign: Ints


def _contested(signs: Signs, numbered: Bools, logged: Bools, n: int) -> Bools:
    """Identifiers that different people are seen with."""
    different = np.zeros(n, dtype=bool)
    for known in (numbered, logged):
        rows = known[signs.cluster]
        different |= has_several(n, signs.node[rows], signs.cluster[rows])
    return different


def _runs(signs: Signs, level: int, rules: Rules) -> _Runs:
    starts = run_starts(signs.node, signs.cluster)
    at = np.flatnonzero(starts)
    node, cluster, first = signs.node[at], signs.cluster[at], signs.first_at[at]
    last = np.maximum.reduceat(signs.last_at, at) if len(at) else first
    is_first = run_starts(node)
    is_new, returns = _new_owners(node, cluster)
    is_quiet = np.zeros(len(at), dtype=bool)
    is_quiet[1:] = first[1:] - last[:-1] >= rules.reassigned_days * DAY_US
    is_handed_on = is_new & ~is_first & is_quiet & ~returns
    begin, end = first.copy(), np.full(len(at), FOREVER)
    if level == WEAK:
        lead = first[1:] - rules.visit_lead_min * MINUTE_US
        begin[1:] = np.minimum(first[1:], np.maximum(lead, last[:-1] + 1))
    begin[is_first] = -FOREVER
    end[:-1] = np.where(is_first[1:], FOREVER, begin[1:])
    return _Runs(node, begin, end, is_first, is_new & ~is_first, is_handed_on, np.cumsum(starts) - 1)


def _new_owners(node: Ints, cluster: Ints) -> tuple[Bools, Bools]:
    """Per run: is it its owner's first one, and is it of an identifier to which an owner comes back?"""
    is_new = np.zeros(len(node), dtype=bool)
    order = np.lexsort((cluster, node))
    is_new[order[run_starts(node[order], cluster[order])]] = True
    again = np.unique(node[~is_new])
    return is_new, np.isin(node, again)


def _with_runs(spans: Spans, runs: _Runs) -> tuple[Spans, Ints]:
    """A slot for each run: the identifier's own for its first one, a new one for each later one."""
    later = ~runs.is_first
    slot = runs.node.copy()
    slot[later] = len(spans.node) + np.arange(later.sum())
    until = np.concatenate([spans.until_at, runs.end_at[later]])
    until[slot] = runs.end_at
    return Spans(
        np.concatenate([spans.node, runs.node[later]]),
        np.concatenate([spans.from_at, runs.begin_at[later]]),
        until,
    ), slot


def _with_unknown_past(spans: Spans, signs: Signs, used_at: Ints, rules: Rules) -> Spans:
    """A span of its own for what a cookie did more than `backward_days` before its first link.

    The span takes a new slot, since the identifier's own slot is its first owner's.
    """
    first = np.full(len(used_at), FOREVER)
    np.minimum.at(first, signs.node, signs.first_at)
    known_from = first - rules.backward_days * DAY_US
    old = np.flatnonzero((first < FOREVER) & (first > ALWAYS) & (used_at < known_from))
    from_at = spans.from_at.copy()
    from_at[old] = known_from[old]
    return Spans(
        np.concatenate([spans.node, old]),
        np.concatenate([from_at, np.full(len(old), -FOREVER)]),
        np.concatenate([spans.until_at, known_from[old]]),
    )
