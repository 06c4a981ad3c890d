"""From links to customers: strong links first, then phones, then cookies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.identity.conflicts import join
from ingest.identity.graph import (
    CUSTOMER_NO,
    LEVEL_OF_KIND,
    LOGIN,
    MEDIUM,
    WEAK,
    Bools,
    Graph,
    Ints,
    Resolution,
    Rules,
    components,
)
from ingest.identity.hubs import is_named, loose_hubs, strong_hubs
from ingest.identity.ownership import Signs, Spans, cut


def resolve(graph: Graph, rules: Rules | None = None) -> Resolution:
    """Who is who. The answer depends on what was recorded, not on numbers of identifiers or the order of links.

    A link is as strong as its weaker end. Strong links (customer number, login, e-mail, order, call) hold for all time;
    a phone or a cookie is its owner's for a time (ownership.py). Each identifier that too many share connects nobody
    (hubs.py); no phone and no cookie joins two customer numbers or two logins (conflicts.py).

    Invariant: whatever has no link to the rest can be resolved alone. For identifiers P = `touched(graph, some)` and
    the links among them, `resolve` gives the same spans, hubs, conflicts and, but for their numbers, the same clusters
    of P as `resolve` of the whole; so after new links only the components that hold their ends change.
    """
    rules = rules or Rules()
    ranked, number = graph.ranked()
    state = _strong(ranked, rules)
    for level in (MEDIUM, WEAK):
        state = _apply(ranked, state, level, rules)
    return _result(state, number)


def touched(graph: Graph, some: Ints) -> Bools:
    """Which identifiers the given ones can have to do with: all that any chain of links reaches from them."""
    reach = components(len(graph.kinds), graph.a, graph.b)
    asked = np.zeros(len(graph.kinds), dtype=bool)
    asked[reach[some]] = True
    found: Bools = asked[reach]
    return found


def sample(graph: Graph, most_links: int, seed: int) -> Graph:
    """The links of whole components, drawn so that about `most_links` remain; all links where there are no more.

    What is measured by resolving again is measured on these, since the components are independent of one another.
    """
    share = most_links / max(1, len(graph.a))
    if share >= 1:
        return graph
    reach = components(len(graph.kinds), graph.a, graph.b)
    drawn = np.random.default_rng(seed).random(len(graph.kinds)) < share
    return graph.only(drawn[reach[graph.a]])


@dataclass(frozen=True)
class _State:
    """What is known after a level: spans, the cluster of each, hubs, pairs in conflict and handed on."""

    spans: Spans
    cluster: Ints
    hubs: Bools
    conflicts: Ints
    reassigned: Ints


def _strong(graph: Graph, rules: Rules) -> _State:
    n = len(graph.kinds)
    levels = LEVEL_OF_KIND[graph.kinds]
    hubs = strong_hubs(graph, levels, rules)
    links = (levels[graph.a] == 0) & (levels[graph.b] == 0) & ~hubs[graph.a] & ~hubs[graph.b]
    none = np.empty((0, 2), dtype=np.int64)
    return _State(Spans.whole(n), components(n, graph.a[links], graph.b[links]), hubs, none, none)


def _apply(graph: Graph, state: _State, level: int, rules: Rules) -> _State:
    """Join by the links whose weaker end is of `level`."""
    levels = LEVEL_OF_KIND[graph.kinds]
    swap = levels[graph.a] > levels[graph.b]
    node, other = np.where(swap, graph.a, graph.b), np.where(swap, graph.b, graph.a)
    links = np.flatnonzero((levels[node] == level) & ~state.hubs[other])
    node, other = node[links], other[links]
    far = state.spans.at(other, graph.first_at[links])
    numbered = _holding(graph, state, graph.kinds == CUSTOMER_NO)
    logged = _holding(graph, state, graph.kinds == LOGIN)
    named = _holding(graph, state, is_named(graph.kinds))
    hubs = state.hubs | loose_hubs(graph, level, node, state.cluster[far], links, named, numbered, rules)
    kept = ~hubs[node]
    node, far, links = node[kept], far[kept], links[kept]
    signs = Signs(node, state.cluster[far], graph.first_at[links], graph.last_at[links], graph.n_records[links], links)
    if not rules.conflict_rule:
        numbered, logged = np.zeros_like(numbered), np.zeros_like(logged)
    owned = cut(state.spans, signs, level, graph.used_at, numbered, logged, rules)
    grown = len(owned.spans.node)
    cluster = np.concatenate([state.cluster, np.arange(len(state.cluster), grown, dtype=np.int64)])
    joined = join(cluster, owned.slot, far, signs.n_records, _grown(numbered, grown), _grown(logged, grown))
    refused = np.union1d(owned.shared, joined.refused)
    return _State(
        owned.spans,
        joined.cluster,
        hubs,
        np.concatenate([state.conflicts, _pairs(graph, links[refused])]),
        np.concatenate([state.reassigned, _pairs(graph, links[owned.handed_on])]),
    )


def _holding(graph: Graph, state: _State, which: Bools) -> Bools:
    """Per cluster: does it hold one of the chosen identifiers? A hub is in no cluster."""
    holds = np.zeros(len(state.cluster), dtype=bool)
    holds[state.cluster[: len(graph.kinds)][which & ~state.hubs]] = True
    return holds


def _grown(mask: Bools, n: int) -> Bools:
    return np.concatenate([mask, np.zeros(n - len(mask), dtype=bool)])


def _pairs(graph: Graph, links: Ints) -> Ints:
    return np.stack([graph.a[links], graph.b[links]], axis=1).astype(np.int64)


def _result(state: _State, number: Ints) -> Resolution:
    """In the numbers that the caller gave. Spans without a moment are left out."""
    hubs = np.empty(len(number), dtype=bool)
    hubs[number] = state.hubs
    cluster = np.where(state.hubs[state.spans.node], -1, state.cluster)
    identifier = number[state.spans.node]
    kept = np.flatnonzero(state.spans.from_at < state.spans.until_at)
    kept = kept[np.lexsort((state.spans.from_at[kept], identifier[kept]))]
    return Resolution(
        identifier[kept],
        state.spans.from_at[kept],
        state.spans.until_at[kept],
        cluster[kept],
        hubs,
        number[state.conflicts],
        number[state.reassigned],
    )
