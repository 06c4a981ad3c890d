"""How well a warehouse tells who is who, against a world's truth.json.gz.

Scores are over pairs of events of which the truth is known. Precision: of the pairs put together, the share that are
one person's. Recall: of one person's pairs, the share put together. Recoverable are the pairs of one person that a
chain of recorded identifiers joins (or one visit without a cookie), each true to that person: what is shared joins its
owner's records all the same, but never two people's. Nobody could tell the rest from the logs.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

EVENTS = """
select s.name, cast(epoch(e.occurred_at) as bigint), split_part(e.raw_code, ' ', 2), e.call_id, e.order_id,
    e.customer_id, e.event_no, coalesce(e.visible, false)
from event as e inner join source as s using (source_id)"""
TRACES = """
with trace as (
    select e.event_no, unnest([p.customer_no, p.login, p.email, p.order_no, p.call_no, p.reference, p.phone, p.cookie,
        c.order_identifier]) as identifier
    from event as e
    inner join live as l using (event_id)
    inner join code_step as c on c.code_id = l.code_id
    left join party as p on p.party_id = l.party_id
)
select event_no, identifier from trace where identifier is not null
union all
select event_no, -cast(session_id as bigint) from event where session_id is not null"""


class Truth:
    """The person and the need behind each event, from a world's truth.json.gz."""

    def __init__(self, site: Path) -> None:
        data: dict[str, Any] = json.loads(gzip.decompress((site / "truth.json.gz").read_bytes()))
        people = data["needs"]["person"]
        calls, orders, web = data["calls"], data["orders"], data["web"]
        self.calls = {c: (p, n) for c, p, n in zip(calls["call_id"], calls["person"], calls["need"], strict=True)}
        self.orders = {
            str(o): (p, n) for o, p, n in zip(orders["order_number"], orders["person"], orders["need"], strict=True)
        }
        if lines := data.get("hotlines"):
            n_people, n_needs = len(data["people"]["customer_id"]), len(people)
            self.calls |= {
                c: (n_people + p, n_needs + n)
                for c, p, n in zip(lines["call_id"], lines["person"], lines["need"], strict=True)
            }
        at = 0
        seen: dict[tuple[int, str], set[tuple[int, int]]] = {}
        for step, path, need in zip(web["at"], web["path"], web["need"], strict=True):
            at += step
            seen.setdefault((at, web["paths"][path]), set()).add((people[need], need))
        self.pages = {key: next(iter(found)) for key, found in seen.items() if len(found) == 1}

    def of(self, source: str, at: int, path: str, call_id: str | None, order_id: str | None) -> tuple[int, int] | None:
        """(person, need) of an event; None when the truth does not tell, as of two people on one page at once."""
        if source == "web":
            return self.pages.get((at, path))
        if source in ("calls", "cdr"):
            return self.calls.get(call_id or "")
        return self.orders.get(order_id or "")


@dataclass(frozen=True)
class Scores:
    """`largest_wrong` = the most events of others that one customer holds by mistake."""

    precision: float
    recall: float
    recall_of_recoverable: float
    recoverable: float
    largest_wrong: int
    n_events: int

    def __str__(self) -> str:
        return (
            f"pair precision {self.precision:.4f}, recall {self.recall:.3f}, of what is recoverable "
            f"{self.recall_of_recoverable:.3f} (recoverable {self.recoverable:.3f} of all), largest wrong merge "
            f"{self.largest_wrong} of {self.n_events} events"
        )


def score(store: Any, site: Path) -> Scores:
    """Scores of the visible events of a warehouse (an open ingest store, just derived) over the site `site`."""
    truth = Truth(site)
    rows = store.rows(EVENTS)
    person = {row[6]: known[0] for row in rows if row[5] is not None and (known := truth.of(*row[:5])) is not None}
    trail = _trails(store, person)
    known = [(row[5], person[row[6]], trail[row[6]]) for row in rows if row[7] and row[6] in person]
    both = pairs((c, p) for c, p, _ in known)
    found, true = pairs(c for c, _, _ in known), pairs(p for _, p, _ in known)
    could, did = pairs(t for _, _, t in known), pairs((c, t) for c, _, t in known)
    by_customer: dict[int, Counter[int]] = {}
    for customer, one, _ in known:
        by_customer.setdefault(customer, Counter())[one] += 1
    wrong = max(sum(counts.values()) - max(counts.values()) for counts in by_customer.values())
    return Scores(both / found, both / true, did / could, could / true, wrong, len(known))


def _trails(store: Any, person: dict[int, int]) -> dict[int, int]:
    """Per event: which of its person's chains of identifiers it hangs on."""
    number = {event: i for i, event in enumerate(person)}
    traces: dict[tuple[int, int], int] = {}
    ends: list[tuple[int, int]] = []
    for event, identifier in store.rows(TRACES):
        if event in person:
            trace = traces.setdefault((person[event], identifier), len(number) + len(traces))
            ends.append((number[event], trace))
    n = len(number) + len(traces)
    a, b = np.array(ends, dtype=np.int64).T
    _, label = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    return {event: int(label[i]) for event, i in number.items()}


def pairs(groups: Iterable[Hashable]) -> int:
    """Pairs of items that are in one group."""
    return sum(n * (n - 1) // 2 for n in Counter(groups).values())
