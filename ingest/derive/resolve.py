"""Who is who, from the warehouse's links to `cluster_of`: ingest/identity fed and its answer put back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.identity import Graph, Resolution, resolve
from ingest.store import Store


def resolve_identities(store: Store) -> Resolution:
    """cluster_of (node, cluster, is_hub): identifiers that are one customer."""
    kinds = np.array([row[0] for row in store.rows("select kind from node order by node")], dtype=np.str_)
    edges = store.arrow("select a, b, cast(n_records as bigint) as n from edge order by a, b")
    a, b, n = (edges[name].to_numpy().astype(np.int64) for name in ("a", "b", "n"))
    found = resolve(Graph(kinds, a, b, n))
    nodes = np.arange(len(kinds), dtype=np.int64)
    store.put(
        "clusters",
        pa.table({"node": nodes, "cluster": pa.array(found.cluster, mask=found.cluster < 0), "is_hub": found.hubs}),
    )
    store.run("create or replace temp table cluster_of as select * from clusters", name="cluster_of")
    store.drop("clusters")
    store.run("set variable n_hubs = $n", {"n": int(found.hubs.sum())}, name="n_hubs")
    store.run("set variable n_conflict_edges = $n", {"n": found.n_conflict_edges}, name="n_conflict_edges")
    return found
