"""Exact alignments by our own automaton, with all optimal ones counted. alignments_ours.py VARIANTS OF_THESE_COSTS"""

from __future__ import annotations

import json
import resource
import sys
import time

from noisy_variants import make

from mining.alignment import Aligner

automaton, variants = make(int(sys.argv[1]))
started = time.process_time()
aligner = Aligner(automaton)
costs = [aligner.align(variant).cost_low for variant in variants]
align_s = time.process_time() - started
print(
    json.dumps(
        {
            "n_states": len(automaton.moves),
            "n_variants": len(variants),
            "n_events": sum(map(len, variants)),
            "align_s": align_s,
            "cost_sum": sum(costs[:: len(costs) // int(sys.argv[2])][: int(sys.argv[2])]),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
