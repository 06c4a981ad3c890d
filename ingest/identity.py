"""Who is who: a deterministic graph of identifiers, with a hub guard and a conflict rule (method 2.4).

Nodes are identifiers, an edge joins two that one record carried. Strong edges (customer number, login, e-mail, order,
call) are applied first, then medium (phone), then weak ones (cookie):

- hub guard: an identifier that touches more than `HUB_CUSTOMERS` customer numbers, or more than `HUB_RECORDS` records
  and more than one customer number, connects nobody; its events stay.
- conflict rule: a medium or weak edge that would join two clusters with different customer numbers (or different
  logins, where one has no customer number) is not applied; it is counted as a household candidate.

Connected components are scipy's; only components that hold a conflict are walked edge by edge, best supported first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ingest.pseudonym import STRENGTH

HUB_CUSTOMERS = 3
HUB_RECORDS = 60
ANCHORS = ("customer_no", "login")
LEVELS = ("strong", "medium", "weak")
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Graph:
    """Identifiers 0..n-1 with their kind, and edges (a, b) with the number of records behind each."""

    kinds: npt.NDArray[np.str_]
    a: Ints
    b: Ints
    n_records: Ints


@dataclass
class Resolution:
    """`cluster` per identifier (-1 = hub, connects nobody), and the figures that tell over-merging without truth."""

    cluster: Ints
    hubs: Bools
    conflict_edges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def n_conflict_edges(self) -> int:
        """Links that were not applied."""
        return len(self.conflict_edges)


def resolve(graph: Graph) -> Resolution:
    """Clusters of identifiers that are one customer. Numbered by their smallest member; independent of edge order."""
    level = _edge_levels(graph)
    hubs = _direct_hubs(graph)
    cluster = _components(graph, (level == 0) & ~hubs[graph.a] & ~hubs[graph.b])
    hubs |= _hubs(graph, level, cluster)
    usable = ~hubs[graph.a] & ~hubs[graph.b]
    cluster = _components(graph, (level == 0) & usable)
    conflicts: list[tuple[int, int]] = []
    for rank in (1, 2):
        cluster, refused = _apply(graph, cluster, (level == rank) & usable)
        conflicts += refused
    cluster[hubs] = -1
    return Resolution(cluster, hubs, conflicts)


def _edge_levels(graph: Graph) -> Ints:
    """An edge is as strong as its weaker end: 0 strong, 1 medium, 2 weak."""
    of_kind = {kind: LEVELS.index(strength) for kind, strength in STRENGTH.items() if strength in LEVELS}
    rank = np.array([of_kind[kind] for kind in graph.kinds.tolist()], dtype=np.int64)
    return np.maximum(rank[graph.a], rank[graph.b]) if len(rank) else np.empty(0, dtype=np.int64)


def _components(graph: Graph, mask: Bools, start: Ints | None = None) -> Ints:
    """Components over the masked edges, on top of the clusters `start`; named by their smallest member."""
    n = len(graph.kinds)
    labels = np.arange(n, dtype=np.int64) if start is None else start
    a, b = labels[graph.a[mask]], labels[graph.b[mask]]
    _, found = connected_components(coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n)), directed=False)
    found = found[labels]
    smallest = np.full(n, n, dtype=np.int64)
    np.minimum.at(smallest, found, np.arange(n, dtype=np.int64))
    return smallest[found]


def _distinct_per(node: Ints, value: Ints, n: int) -> Ints:
    """Number of distinct `value` per node."""
    pairs = np.unique(np.stack([node, value]), axis=1)
    return np.bincount(pairs[0], minlength=n).astype(np.int64)


def _direct_hubs(graph: Graph) -> Bools:
    """Identifiers that stand in records with too many customer numbers; a customer number itself never is one."""
    n = len(graph.kinds)
    is_number = graph.kinds == "customer_no"
    ends = np.concatenate([graph.a, graph.b]), np.concatenate([graph.b, graph.a])
    mask = is_number[ends[1]] & ~is_number[ends[0]]
    return _distinct_per(ends[0][mask], ends[1][mask], n) > HUB_CUSTOMERS


def _hubs(graph: Graph, level: Ints, cluster: Ints) -> Bools:
    """Medium and weak identifiers that touch too many clusters with a customer number or login."""
    n = len(graph.kinds)
    anchored = np.zeros(n, dtype=bool)
    anchored[cluster[np.isin(graph.kinds, ANCHORS)]] = True
    loose = np.isin(graph.kinds, [kind for kind, strength in STRENGTH.items() if strength in ("medium", "weak")])
    ends = np.concatenate([graph.a, graph.b]), np.concatenate([graph.b, graph.a])
    records = np.concatenate([graph.n_records, graph.n_records])
    mask = loose[ends[0]] & (np.concatenate([level, level]) > 0)
    node, other, records = ends[0][mask], cluster[ends[1][mask]], records[mask]
    touched = _distinct_per(node[anchored[other]], other[anchored[other]], n)
    n_records = np.bincount(node, weights=records, minlength=n)
    found: Bools = (touched > HUB_CUSTOMERS) | ((n_records > HUB_RECORDS) & (touched > 1) & (graph.kinds == "phone"))
    return found


def _apply(graph: Graph, cluster: Ints, mask: Bools) -> tuple[Ints, list[tuple[int, int]]]:
    """Join clusters by the masked edges, except where that would join different people. Gives the refused edges."""
    tentative = _components(graph, mask, cluster)
    suspect = _mixed(graph, cluster, tentative)
    quiet = mask & ~suspect[tentative[graph.a]]
    joined = _components(graph, quiet, cluster)
    loud = np.flatnonzero(mask & suspect[tentative[graph.a]])
    if not len(loud):
        return joined, []
    return _walk(graph, joined, loud)


def _mixed(graph: Graph, cluster: Ints, tentative: Ints) -> Bools:
    """Per tentative component: does it unite clusters that hold different anchors of one kind?"""
    n = len(graph.kinds)
    mixed = np.zeros(n, dtype=bool)
    for kind in ANCHORS:
        nodes = np.flatnonzero(graph.kinds == kind)
        mixed |= _distinct_per(tentative[nodes], cluster[nodes], n) > 1
    return mixed


def _walk(graph: Graph, cluster: Ints, edges: Ints) -> tuple[Ints, list[tuple[int, int]]]:
    """Union-find over the edges of suspect components, best supported first, ties by identifier."""
    parent: dict[int, int] = {}
    anchors: dict[int, dict[str, set[int]]] = {}
    touched = set(cluster[graph.a[edges]].tolist()) | set(cluster[graph.b[edges]].tolist())
    for kind in ANCHORS:
        for node in np.flatnonzero(graph.kinds == kind).tolist():
            if (root := int(cluster[node])) in touched:
                anchors.setdefault(root, {}).setdefault(kind, set()).add(node)

    def find(x: int) -> int:
        while parent.get(x, x) != x:
            parent[x] = parent.get(parent[x], parent[x])
            x = parent[x]
        return x

    refused = []
    support = _support(graph, cluster, edges)
    order = np.lexsort((graph.b[edges], graph.a[edges], -support))
    for edge in edges[order].tolist():
        left, right = find(int(cluster[graph.a[edge]])), find(int(cluster[graph.b[edge]]))
        if left == right:
            continue
        if _differ(anchors.get(left, {}), anchors.get(right, {})):
            refused.append((int(graph.a[edge]), int(graph.b[edge])))
            continue
        root, leaf = min(left, right), max(left, right)
        parent[leaf] = root
        for kind, nodes in anchors.pop(leaf, {}).items():
            anchors.setdefault(root, {}).setdefault(kind, set()).update(nodes)
    roots = np.array([find(int(c)) for c in cluster.tolist()], dtype=np.int64) if parent else cluster
    return roots, refused


def _support(graph: Graph, cluster: Ints, edges: Ints) -> Ints:
    """Records behind each (loose identifier, cluster) pair, given to each of its edges."""
    loose = np.isin(graph.kinds, [kind for kind, strength in STRENGTH.items() if strength in ("medium", "weak")])
    a, b = graph.a[edges], graph.b[edges]
    node, other = np.where(loose[a], a, b), cluster[np.where(loose[a], b, a)]
    _, pair = np.unique(np.stack([node, other]), axis=1, return_inverse=True)
    return np.bincount(pair.ravel(), weights=graph.n_records[edges]).astype(np.int64)[pair.ravel()]


def _differ(left: dict[str, set[int]], right: dict[str, set[int]]) -> bool:
    """Whether two clusters hold different anchors: customer numbers decide, logins where a side has no number."""
    for kind in ANCHORS:
        if left.get(kind) and right.get(kind):
            return left[kind].isdisjoint(right[kind])
    return False
