"""The same alignments by pm4py, of evenly spread ones: alignments_pm4py.py VARIANTS OF_THESE [default]"""

from __future__ import annotations

import json
import resource
import sys
import time

from noisy_variants import make

from mining.pm4py_bridge import alignment_costs

automaton, variants = make(int(sys.argv[1]))
n = int(sys.argv[2])
some = variants[:: len(variants) // n][:n]
started = time.process_time()
costs = alignment_costs(automaton, some, default=sys.argv[3:] == ["default"])
align_s = time.process_time() - started
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"n_variants": n, "align_s": align_s, "cost_sum": sum(costs), "peak_mb": peak_mb}))
