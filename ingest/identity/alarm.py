"""Over-merging without truth: customers that are too large to be one person.

A customer is too large with more than `MOST_NUMBERS` customer numbers; or with more than `LARGEST_NAMES` names
(customer numbers, logins, mails, references, phones; not cookies, which one person has many of) or `LARGEST`
identifiers with cookies, in both cases only if that is more than `LARGEST_SHARE` of all there are. Order and call
numbers never count: they name what somebody did, and one person does much.

The customer at the 99.9th percentile must also not have doubled against what the same rules make of the links that were
known four weeks before; below `MIN_CUSTOMERS` there is no such percentile, and up to `ORDINARY` identifiers are one
person's: a new source may well bring everybody a second one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.identity.graph import CUSTOMER_NO, DAY_US, Graph, Ints, Resolution, Rules, distinct_pairs
from ingest.identity.resolving import resolve
from ingest.pseudonym import KINDS

MOST_NUMBERS = 3
LARGEST_NAMES = 20
LARGEST = 100
LARGEST_SHARE = 0.001
MIN_CUSTOMERS = 1000
ORDINARY = 6
MONTH_DAYS = 28
_NAMES = [KINDS.index(kind) for kind in ("customer_no", "login", "email", "reference", "phone")]
_DEEDS = [KINDS.index(kind) for kind in ("order_no", "call_no")]


@dataclass(frozen=True)
class Alarm:
    """Customers too large to be one; identifiers of the one at the 99.9th percentile now and four weeks before."""

    n_too_large: int
    p999: int | None
    p999_before: int | None

    @property
    def has_doubled(self) -> bool:
        """Whether the largest customers have grown as only merging does."""
        if self.p999 is None or self.p999_before is None:
            return False
        return self.p999 > ORDINARY and self.p999 >= 2 * self.p999_before > 0


def over_merging(graph: Graph, found: Resolution, some: Graph, night_end: int, rules: Rules | None = None) -> Alarm:
    """Whether clusters of `found` have grown beyond one person. `night_end` in microseconds since 1970.

    `some` = the graph, or a sample of it (resolving.sample), on which the growth since last month is measured.
    """
    identifier, cluster = _members(graph, found)
    n = int(cluster.max(initial=-1)) + 1
    names, deeds, numbers = np.isin(graph.kinds, _NAMES), np.isin(graph.kinds, _DEEDS), graph.kinds == CUSTOMER_NO
    too_large = (
        (np.bincount(cluster[numbers[identifier]], minlength=n) > MOST_NUMBERS)
        | (np.bincount(cluster[names[identifier]], minlength=n) > max(LARGEST_NAMES, LARGEST_SHARE * names.sum()))
        | (np.bincount(cluster, minlength=n) > max(LARGEST, LARGEST_SHARE * (~deeds).sum()))
    )
    known = some.only(some.first_at < night_end - MONTH_DAYS * DAY_US)
    now, before = _p999(some, found), None
    if now is not None and len(known.a) < len(some.a):
        before = _p999(known, resolve(known, rules))
    return Alarm(int(too_large.sum()), now, before)


def _members(graph: Graph, found: Resolution) -> tuple[Ints, Ints]:
    """Distinct (identifier, cluster) of what is no hub and tells of a person, not of a deed."""
    linked = (found.cluster >= 0) & ~np.isin(graph.kinds[found.identifier], _DEEDS)
    return distinct_pairs(found.identifier[linked], found.cluster[linked])


def _p999(graph: Graph, found: Resolution) -> int | None:
    """Identifiers of the customer at the 99.9th percentile of those that hold a link."""
    has_link = np.zeros(len(graph.kinds), dtype=bool)
    has_link[graph.a] = has_link[graph.b] = True
    identifier, cluster = _members(graph, found)
    sizes = np.bincount(cluster[has_link[identifier]])
    sizes = sizes[sizes > 0]
    if len(sizes) < MIN_CUSTOMERS:
        return None
    return int(np.quantile(sizes, 0.999, method="higher"))
