"""Discovery: the process model from variants, how well it fits, and its exports."""

from __future__ import annotations

import csv
from pathlib import Path

from ingest.store import Store
from mining.context import Context

MODEL = "inductive miner, infrequent (IMf)"
_DFG = """select step_from, step_to, n, n_journeys, n_customers, gap_sum_ms, gap_median_ms, gap_p90_ms
    from dfg order by n desc, step_from, step_to"""


def discover(store: Store, context: Context, exports: Path) -> None:
    """Mine the model from the most frequent variants, fill `model_quality`, write process_tree.txt, process.bpmn, dfg.csv."""
    from mining import pm4py_bridge as bridge  # takes seconds to import

    method = context.method
    rows = store.rows("select steps, n_journeys from variants order by variant_id")
    total = sum(n for _, n in rows)
    ways = [(tuple(steps.split(" > ")), int(n)) for steps, n in rows[: method.model_variants_max]]
    exports.mkdir(parents=True, exist_ok=True)
    write_dfg(store, context, exports / "dfg.csv")
    store.run("delete from model_quality", name="clear model_quality")
    if not ways:
        return
    model = bridge.discover(ways, method.model_noise_threshold)
    quality = bridge.quality(model, ways, total, method.model_traces_max)
    (exports / "process_tree.txt").write_text(bridge.tree_text(model), encoding="utf-8")
    labels = {step: touch.label for step, touch in context.touch.items()}
    (exports / "process.bpmn").write_bytes(bridge.bpmn(model, labels))
    mined = sum(n for _, n in ways)
    note = (
        f"noise threshold {method.model_noise_threshold}; mined from the {len(ways):,} most frequent of {len(rows):,} variants "
        f"({mined:,} of {total:,} journeys); fitness and precision by token replay on at most {method.model_traces_max:,} "
        "traces in proportion to the journeys"
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


def write_dfg(store: Store, context: Context, path: Path) -> None:
    """The directly-follows graph as CSV: UTF-8, times in ms; edges of fewer customers than publishable are folded into one row."""
    small = context.method.small_cell_customers
    rows = store.rows(_DFG)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["step_from", "step_to", "n", "n_journeys", "n_customers", "gap_sum_ms", "gap_median_ms", "gap_p90_ms"]
        )
        writer.writerows(row for row in rows if row[4] >= small)
        folded = [row for row in rows if row[4] < small]
        if folded:
            writer.writerow(
                [
                    "(rare)",
                    f"({len(folded)} edges of fewer than {small} customers)",
                    sum(row[2] for row in folded),
                    "",
                    "",
                    "",
                    "",
                    "",
                ]
            )
