"""What is resolved and what comes of it, as arrays. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ingest.pseudonym import KINDS, STRENGTH

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

ALWAYS = -(2**62)
"""The time of a link that no record dates, such as a table of customers: it held before all others."""
FOREVER = 2**62
"""The end of a span that did not end."""
DAY_US = 86_400_000_000

STRONG, MEDIUM, WEAK, NONE = range(4)
LEVEL_OF_KIND: Codes = np.array(
    [("strong", "medium", "weak", "none").index(STRENGTH[kind]) for kind in KINDS], dtype=np.uint8
)
CUSTOMER_NO, LOGIN, EMAIL = (KINDS.index(kind) for kind in ("customer_no", "login", "email"))


@dataclass(frozen=True)
class Rules:
    """The judgements of method 2.4; the defaults are what a site gets."""

    hub_persons: int = 3  # an identifier of more people connects nobody
    hub_records: int = 60  # a phone of more records and more than one customer number connects nobody
    hub_window_days: int = 365  # both are counted within any stretch of this length
    backward_days: int = 30  # so long before its first link a cookie counts as its later owner's
    visit_lead_min: int = 30  # a login speaks for the part of the visit before it
    reassigned_days: int = 90  # an owner unseen for so long before the next one is a former one, no housemate
    conflict_rule: bool = True  # False joins whatever is linked; only to show what the rule is good for


@dataclass(frozen=True)
class Graph:
    """Identifiers 0..n-1, and links between two that records carried together.

    Per identifier: `kinds` = position in KINDS; `used_at` = its first use, FOREVER when no record dates it; `rank` =
    its place in an order that depends on content only, by which ties are broken (None: they are numbered in it).
    Per link: its two ends `a`, `b`, of different kinds; `n_records` behind it; `first_at` and `last_at` of those, both
    ALWAYS when they are not dated. One pair may have many links: each tells of one stretch of time.
    """

    kinds: Codes
    used_at: Ints
    a: Ints
    b: Ints
    n_records: Ints
    first_at: Ints
    last_at: Ints
    rank: Ints | None = None

    def __post_init__(self) -> None:
        if len(self.a) and bool((self.kinds[self.a] == self.kinds[self.b]).any()):
            raise ValueError("a link joins two identifiers of one kind; expected at most one of each kind in a record")

    def only(self, links: Bools) -> Graph:
        """The same identifiers with the chosen links."""
        return replace(
            self,
            a=self.a[links],
            b=self.b[links],
            n_records=self.n_records[links],
            first_at=self.first_at[links],
            last_at=self.last_at[links],
        )

    def ranked(self) -> tuple[Graph, Ints]:
        """The same graph numbered by rank, and the old number of each new one."""
        n = len(self.kinds)
        if self.rank is None:
            return self, np.arange(n, dtype=np.int64)
        old = np.argsort(self.rank, kind="stable").astype(np.int64)
        new = np.empty(n, dtype=np.int64)
        new[old] = np.arange(n)
        numbered = replace(
            self, kinds=self.kinds[old], used_at=self.used_at[old], a=new[self.a], b=new[self.b], rank=None
        )
        return numbered, old


@dataclass(frozen=True)
class Resolution:
    """Spans: an identifier during [from_at, until_at), and the cluster it belongs to then (-1 = it connects nobody).

    The spans of an identifier cover all time and do not overlap; most have one. Equal `cluster` = one customer; the
    numbers mean nothing else. `hubs` is per identifier. `conflicts` and `reassigned` are pairs (identifier, identifier)
    of links that do not hold for good: the first is shared by different people at the same time, or changed its owner.
    """

    identifier: Ints
    from_at: Ints
    until_at: Ints
    cluster: Ints
    hubs: Bools
    conflicts: Ints
    reassigned: Ints


def components(n: int, a: Ints, b: Ints) -> Ints:
    """Connected components of 0..n-1 over the pairs (a, b), each named by its smallest member."""
    if not len(a):
        return np.arange(n, dtype=np.int64)
    pairs = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    n_found, found = connected_components(pairs, directed=False)
    smallest = np.full(n_found, n, dtype=np.int64)
    np.minimum.at(smallest, found, np.arange(n, dtype=np.int64))
    return smallest[found]


def distinct_pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs, in order."""
    width = int(right.max()) + 1 if len(right) else 1
    packed = np.sort(left * width + right)  # several times as fast as np.unique, which hashes
    packed = packed[run_starts(packed)] if len(packed) else packed
    return packed // width, packed % width


def has_several(n: int, node: Ints, value: Ints) -> Bools:
    """Which of 0..n-1 stand in rows with different values."""
    least, most = np.full(n, np.iinfo(np.int64).max), np.full(n, -1, dtype=np.int64)
    np.minimum.at(least, node, value)
    np.maximum.at(most, node, value)
    found: Bools = least < most
    return found


def run_starts(*columns: Ints) -> Bools:
    """Over rows in order: where one of the columns differs from the row before; the first row is a start."""
    starts = np.ones(len(columns[0]), dtype=bool)
    starts[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return starts
