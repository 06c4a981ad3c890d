"""Findings about contacts: which journeys show them is marked journey by journey, in `finding_journey`.

Findings about the order of steps are marked by variant (mining.evidence); a call or its repeat is no matter of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingest.store import Store
from mining.context import Context
from mining.findings import seed_of


@dataclass(frozen=True)
class Shown:
    """How many journeys and customers show a finding."""

    journeys: int
    customers: int


def mark(store: Store, finding_id: str, journeys_sql: str) -> Shown:
    """Mark the journeys that `journeys_sql` returns (a column journey_id), in place of earlier marks."""
    unmark(store, finding_id)
    store.run(
        f"insert into finding_journey select distinct $id, journey_id, 1 from ({journeys_sql}) order by journey_id",
        {"id": finding_id},
        name="finding_journey",
    )
    ((journeys, customers),) = store.rows(
        "select count(*), count(distinct customer_id) from finding_journey inner join journey using (journey_id) "
        "where finding_id = $id",
        {"id": finding_id},
    )
    return Shown(int(journeys), int(customers))


def unmark(store: Store, finding_id: str) -> None:
    """Take all marks of a finding away."""
    store.run("delete from finding_journey where finding_id = $id", {"id": finding_id})


def evidence(store: Store, context: Context, finding_id: str, chance_sql: str) -> dict[str, Any]:
    """The record's `evidence`: typical = drawn by the stored seed, extreme = most engaged minutes, counter = drawn from
    the journeys that had the chance (`chance_sql`, a column journey_id) and do not show it.
    """
    method, seed = context.method, seed_of(finding_id)
    drawn = f"order by md5(journey_key || '-{seed}'), journey_key"
    hit = (
        "from finding_journey inner join journey using (journey_id) inner join journey_metrics using (journey_id) "
        "where finding_id = $id"
    )
    params = {"id": finding_id}
    typical = [r[0] for r in store.rows(f"select journey_key {hit} {drawn} limit {method.n_typical}", params)]
    extreme = store.rows(
        f"select journey_key {hit} and not list_contains($taken, journey_key) "
        f"order by engaged_ms desc, duration_ms desc, journey_key limit {method.n_extreme}",
        {**params, "taken": typical},
    )
    counter = store.rows(
        f"select journey_key from journey semi join ({chance_sql}) as chance using (journey_id) "
        f"where journey_id not in (select journey_id from finding_journey where finding_id = $id) {drawn} "
        f"limit {method.n_counter}",
        params,
    )
    return {
        "typical": typical,
        "extreme": [row[0] for row in extreme],
        "counter": [row[0] for row in counter],
        "sql": (
            "select journey.journey_key from finding_journey inner join journey using (journey_id) "
            f"where finding_id = '{finding_id}' order by journey.journey_key"
        ),
        "seed": seed,
    }
