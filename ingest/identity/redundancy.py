"""Under-merging without truth: hide some strong links and see how many others find again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.identity.graph import FOREVER, LEVEL_OF_KIND, STRONG, Graph, Ints, Resolution, Rules, distinct_pairs
from ingest.identity.resolving import resolve

HIDDEN_SHARE = 0.1


@dataclass(frozen=True)
class Redundancy:
    """Of `n_hidden` strong links that were hidden, `n_found` pairs were one customer all the same."""

    n_hidden: int
    n_found: int


def redundancy(graph: Graph, found: Resolution, seed: int, rules: Rules | None = None) -> Redundancy:
    """Hide a tenth of the strong links that `found` applied, drawn by `seed`, and resolve again.

    Only links between identifiers that name a person or a dealing count, one per pair, however often it was recorded.
    """
    ranked, number = graph.ranked()
    levels = LEVEL_OF_KIND[ranked.kinds]
    strong = (levels[ranked.a] == STRONG) & (levels[ranked.b] == STRONG)
    hubs = found.hubs[number]
    low, high = np.minimum(ranked.a, ranked.b), np.maximum(ranked.a, ranked.b)
    pairs = np.flatnonzero(strong & ~hubs[low] & ~hubs[high])
    one, other = distinct_pairs(low[pairs], high[pairs])
    drawn = np.random.default_rng(seed).random(len(one)) < HIDDEN_SHARE
    width = len(ranked.kinds) + 1
    hidden = (one[drawn] * width + other[drawn]).astype(np.int64)
    again = resolve(ranked.only(~np.isin(low * width + high, hidden)), rules)
    cluster = _for_good(again, len(ranked.kinds))
    return Redundancy(int(drawn.sum()), int((cluster[one[drawn]] == cluster[other[drawn]]).sum()))


def _for_good(found: Resolution, n: int) -> Ints:
    """The cluster of each identifier that has one span for all time."""
    cluster = -np.arange(1, n + 1)
    whole = (found.from_at <= -FOREVER) & (found.until_at >= FOREVER) & (found.cluster >= 0)
    cluster[found.identifier[whole]] = found.cluster[whole]
    return cluster
