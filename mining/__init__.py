"""Stage two: journeys become aggregates, process models and findings."""

import os

# the matrices are small: a second thread of BLAS only spins, on a core that DuckDB could use, at ten times the cost
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
