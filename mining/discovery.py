"""Discovery: the process model from variants, how well it fits, and its exports.

The model is of whole journeys: closed, with their start in the data, and with an order where there are orders enough (a
status call alone is another process). Browsing can come at any point and as often as one likes; with it in, no readable
model fits, so steps of class browse are left out of it. The DFG has all journeys and all steps. `model_quality` states
what the model leaves out.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.durable import write_atomically
from ingest.store import Store
from mining.context import Context
from mining.population import Scope, variants

if TYPE_CHECKING:
    from mining.pm4py_bridge import Model, Quality, Way

MODEL = "inductive miner, infrequent (IMf)"
_DFG = """select step_from, step_to, n, n_journeys, n_customers, gap_sum_ms, gap_median_ms, gap_p90_ms
    from dfg order by n desc, step_from, step_to"""


def discover(store: Store, context: Context, exports: Path) -> None:
    """Mine a model from the most frequent variants, fill `model_quality`, write the exports.

    Exports: process_tree.txt, process.bpmn, dfg.csv.
    """
    exports.mkdir(parents=True, exist_ok=True)
    write_dfg(store, context, exports / "dfg.csv")
    store.run("delete from model_quality", name="clear model_quality")
    scope = scope_of(store, context)
    ways, n_browsing = without_browsing(store, context, scope)
    if not ways:
        return
    from mining import pm4py_bridge as bridge  # takes seconds to import

    total = sum(n for _, n in ways)
    kept = ways[: context.method.model_variants_max]
    model, quality, threshold = _best(kept, total, context)
    write_atomically(exports / "process_tree.txt", bridge.tree_text(model))
    labels = {step: touch.label for step, touch in context.touch.items()}
    write_atomically(exports / "process.bpmn", bridge.bpmn(model, labels))
    whole = "closed journeys with an order" if scope.anchor else "closed journeys"
    note = (
        f"noise threshold {threshold}; mined from the {len(kept):,} most frequent of {len(ways):,} variants "
        f"({sum(n for _, n in kept):,} of {total:,} journeys) of {whole}, "
        f"without browsing steps; {n_browsing:,} further ones are browsing only; fitness and precision by token replay "
        f"on at most {context.method.model_traces_max:,} traces in proportion to the journeys"
    )
    store.run(
        "insert into model_quality values ($model, $fitness, $precision, $n_variants, $n_journeys, $coverage, $note)",
        {
            "model": MODEL,
            "fitness": quality.fitness,
            "precision": quality.precision,
            "n_variants": quality.n_variants,
            "n_journeys": quality.n_journeys,
            "coverage": quality.coverage,
            "note": note,
        },
        name="model_quality",
    )


def scope_of(store: Store, context: Context) -> Scope:
    """Journeys with an order, where there are enough of them; else all."""
    orders = Scope("order", keep_truncated=False)
    n = int(store.value(f"select count(*) from population where {orders.condition}"))
    return orders if n >= context.method.model_orders_min else Scope(keep_truncated=False)


def without_browsing(store: Store, context: Context, scope: Scope) -> tuple[list[Way], int]:
    """The variants without browsing steps, most frequent first, and the journeys that are nothing but browsing."""
    browse = {step for step, touch in context.touch.items() if touch.step_class == "browse"}
    counts: Counter[tuple[str, ...]] = Counter()
    for way in variants(store, scope):
        counts[tuple(step for step in way.steps if step not in browse)] += way.counts["all"]
    n_browsing = counts.pop((), 0)
    return sorted(counts.items(), key=lambda way: (-way[1], way[0])), n_browsing


def _best(ways: list[Way], total: int, context: Context) -> tuple[Model, Quality, float]:
    """The model with the best harmonic mean of fitness and precision over the noise thresholds; ties: the lowest."""
    from mining import pm4py_bridge as bridge

    tried = []
    for threshold in context.method.model_noise_thresholds:
        model = bridge.discover(ways, threshold)
        tried.append((model, bridge.quality(model, ways, total, context.method.model_traces_max), threshold))
    return max(tried, key=lambda one: (one[1].balance, -one[2]))


def write_dfg(store: Store, context: Context, path: Path) -> None:
    """The directly-follows graph as CSV: UTF-8, times in ms.

    Edges of fewer customers than may be published are folded into one row.
    """
    small = context.method.small_cell_customers
    rows = store.rows(_DFG)
    folded = [row for row in rows if row[4] < small]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["step_from", "step_to", "n", "n_journeys", "n_customers", "gap_sum_ms", "gap_median_ms", "gap_p90_ms"]
    )
    writer.writerows(row for row in rows if row[4] >= small)
    if folded:
        name = f"({len(folded)} edges of fewer than {small} customers)"
        writer.writerow(["(rare)", name, sum(row[2] for row in folded), "", "", "", "", ""])
    write_atomically(path, stream.getvalue())
