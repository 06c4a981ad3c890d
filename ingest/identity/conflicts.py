"""The conflict rule: a link that would join two different people is not applied.

Two clusters are different people when both hold a customer number, or both hold a login. Where no component of links
unites different people, all its links are applied at once; only the components that do are walked link by link, best
supported first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.identity.graph import Bools, Ints, components


@dataclass(frozen=True)
class Joined:
    """`cluster` per slot after the links; `refused` = positions of links not applied, one for each pair of clusters."""

    cluster: Ints
    refused: Ints


def join(cluster: Ints, left: Ints, right: Ints, n_records: Ints, numbered: Bools, logged: Bools) -> Joined:
    """Join clusters by links between the slots `left` and `right`.

    `numbered`, `logged` per cluster: whether it holds a customer number, a login. Clusters are named by their smallest
    slot, before and after.
    """
    n = len(cluster)
    a, b = cluster[left], cluster[right]
    whole = components(n, a, b)
    suspect = np.zeros(n, dtype=bool)
    for holds in (numbered, logged):
        suspect |= np.bincount(whole[np.flatnonzero(holds)], minlength=n) > 1
    if not suspect.any():
        return Joined(whole[cluster], np.empty(0, dtype=np.int64))
    name = np.where(suspect[whole], np.arange(n), whole)
    loud = np.flatnonzero(suspect[whole[a]] & (a != b))
    low, high = np.minimum(a[loud], b[loud]), np.maximum(a[loud], b[loud])
    refused = _walk(name, low, high, n_records[loud], numbered, logged)
    return Joined(name[cluster], loud[refused])


def _walk(name: Ints, low: Ints, high: Ints, n_records: Ints, numbered: Bools, logged: Bools) -> Ints:
    """Union-find over pairs of clusters, best supported first, ties by the clusters' names; writes into `name`.

    Gives the position of one link for each pair that was refused.
    """
    width = len(name)
    packed, at, pair = np.unique(low * width + high, return_index=True, return_inverse=True)
    one, other = packed // width, packed % width
    support = np.bincount(pair, weights=n_records, minlength=len(packed))
    parent: dict[int, int] = {}
    holds = {int(c): (bool(numbered[c]), bool(logged[c])) for c in np.unique(np.concatenate([one, other]))}

    def find(x: int) -> int:
        while (up := parent.get(x, x)) != x:
            parent[x] = parent.get(up, up)
            x = up
        return x

    refused = []
    for k in np.lexsort((other, one, -support)).tolist():
        x, y = sorted((find(int(one[k])), find(int(other[k]))))
        if x == y:
            continue
        (x_number, x_login), (y_number, y_login) = holds[x], holds[y]
        if (x_number and y_number) or (x_login and y_login):
            refused.append(int(at[k]))
            continue
        parent[y] = x
        holds[x] = (x_number or y_number, x_login or y_login)
    for child in parent:
        name[child] = find(child)
    return np.array(refused, dtype=np.int64)
