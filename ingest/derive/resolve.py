"""Who is who, from the warehouse's links to `cluster_of`: ingest/identity fed, and its answer put back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.identity import ALWAYS, FOREVER, Graph, Ints, Resolution, Rules, over_merging, redundancy, resolve, sample
from ingest.pseudonym import KINDS
from ingest.store import Store

SEED = 20260301
CHECKED_LINKS = 1_000_000
"""So many links are resolved again for the measures that need it; of more, a sample of whole components."""
RULES = Rules()


@dataclass(frozen=True)
class Named:
    """A graph, and the identifier_id of each of its nodes; they are numbered in an order of content."""

    graph: Graph
    identifier_id: Ints


def resolve_identities(store: Store) -> Resolution:
    """Make cluster_of (identifier_id, from_at, until_at, cluster, is_hub) from the tables of links.sql, and the
    table identity_check (name, n) that tells how far to trust it.
    """
    named = read_graph(store)
    found = resolve(named.graph, RULES)
    store.put(
        "clusters",
        pa.table(
            {
                "identifier_id": pa.array(named.identifier_id[found.identifier], pa.uint32()),
                "from_at": _moments(found.from_at),
                "until_at": _moments(found.until_at),
                "cluster": pa.array(found.cluster, pa.int32(), mask=found.cluster < 0),
                "is_hub": found.hubs[found.identifier],
            }
        ),
    )
    store.run("create or replace temp table cluster_of as select * from clusters", name="cluster_of")
    store.drop("clusters")
    _check(store, named.graph, found)
    return found


def _check(store: Store, graph: Graph, found: Resolution) -> None:
    """What can be said of a resolution without truth, as identity_check (name, n); quality.sql puts it into words."""
    some = sample(graph, CHECKED_LINKS, SEED)
    again = redundancy(some, found, SEED, RULES)
    night_end = int(store.value("select epoch_us(getvariable('night_end'))"))
    alarm = over_merging(graph, found, some, night_end, RULES)
    checks = {
        "identifiers": len(graph.kinds),
        "links": len(graph.a),
        "hubs": int(found.hubs.sum()),
        "conflicts": len(found.conflicts),
        "handed on": len(found.reassigned),
        "hidden": again.n_hidden,
        "found again": again.n_found,
        "too large": alarm.n_too_large,
        "doubled": int(alarm.has_doubled),
        "p999": alarm.p999,
        "p999 before": alarm.p999_before,
    }
    store.put("checks", pa.table({"name": list(checks), "n": pa.array(list(checks.values()), pa.int64())}))
    store.run("create or replace temp table identity_check as select * from checks", name="identity_check")
    store.drop("checks")


def read_graph(store: Store) -> Named:
    """The identifier graph of `links.sql`."""
    nodes = store.arrow(
        f"""select identifier_id, cast(list_position({list(KINDS)}, i.kind) - 1 as utinyint) as kind,
            coalesce(epoch_us(u.used_at), {FOREVER}) as used_at
        from identifier as i left join cookie_use as u using (identifier_id)
        where i.kind <> 'visitor' order by i.kind, i.pseudonym"""
    )
    edges = store.arrow(
        f"""select a, b, n_records, coalesce(epoch_us(first_at), {ALWAYS}) as first_at,
            coalesce(epoch_us(last_at), {ALWAYS}) as last_at from edge"""
    )
    identifier_id = _ints(nodes, "identifier_id")
    node = np.zeros(int(identifier_id.max(initial=0)) + 1, dtype=np.int64)
    node[identifier_id] = np.arange(len(identifier_id))
    graph = Graph(
        kinds=nodes["kind"].to_numpy(),
        used_at=_ints(nodes, "used_at"),
        a=node[_ints(edges, "a")],
        b=node[_ints(edges, "b")],
        n_records=_ints(edges, "n_records"),
        first_at=_ints(edges, "first_at"),
        last_at=_ints(edges, "last_at"),
    )
    return Named(graph, identifier_id)


def _ints(table: pa.Table, name: str) -> Ints:
    column: Ints = table[name].to_numpy().astype(np.int64, copy=False)
    return column


def _moments(at: Ints) -> pa.Array:
    """Timestamps in microseconds; the open ends of time are null."""
    return pa.array(at, pa.int64(), mask=np.abs(at) >= FOREVER).cast(pa.timestamp("us"))
