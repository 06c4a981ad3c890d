"""Who is who: a deterministic graph of identifiers, with a hub guard, a conflict rule and a time rule (method 2.4).

`resolve` is a pure function over arrays; `ingest/derive/resolve.py` feeds it from the warehouse.

- graph.py       identifiers, links and what a resolution is; connected components
- hubs.py        identifiers that too many share
- ownership.py   the times in which a phone or cookie is one person's
- conflicts.py   joins clusters, but never two different people
- resolving.py   the order of it all; and which identifiers a new link can touch
- redundancy.py  how well hidden links are found again: the figure that tells under-merging without truth
- alarm.py       customers too large to be one: the figure that tells over-merging without truth
"""

from ingest.identity.alarm import Alarm, over_merging
from ingest.identity.graph import ALWAYS, FOREVER, Graph, Ints, Resolution, Rules
from ingest.identity.redundancy import Redundancy, redundancy
from ingest.identity.resolving import resolve, sample, touched

__all__ = [
    "ALWAYS",
    "FOREVER",
    "Alarm",
    "Graph",
    "Ints",
    "Redundancy",
    "Resolution",
    "Rules",
    "over_merging",
    "redundancy",
    "resolve",
    "sample",
    "touched",
]
