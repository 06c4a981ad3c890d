"""Minutes beyond those of like journeys (method note 3.4): what the goods explain is no cost of a deviation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from bulk_world import bulk, prepare
from mining_log import St
from planted import frame

from ingest.store import Store
from mining.compare import BASIS, BASIS_GOODS, minutes_beyond
from mining.population import Scope
from mining.products import Products

DAY = 86_400
STEPS = [St("look", repeats=None), St("order"), St("odd"), St("done", step_class="outcome")]
SHELF = Products(
    ("words",),
    pa.table(
        {
            "product_id": ["bike", "bike", "sock", "tube"],
            "category": ["large", "large", "small", "small"],
            "attribute": pa.array([0, 1, 0, 0], pa.int32()),
            "number": [1.0] * 4,
            "is_there": [True] * 4,
        }
    ),
    3,
)


def journeys(seed: int, extra_ms: int) -> dict[str, Any]:
    """Who buys a bike looks 20 minutes, others 5; the odd step comes in 60 and 10 of 100, and takes `extra_ms`. Each
    looks at a sock first; half are told what was bought by the order, half by nothing but the last page."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for case in range(3000):
        at, is_large, is_told = rng.uniform(0, 50 * DAY), rng.random() < 0.4, rng.random() < 0.5
        goods, minutes = ("bike", 20) if is_large else ("tube", 5)
        is_odd = rng.random() < (0.6 if is_large else 0.1)
        took = int(60_000 * minutes * rng.uniform(0.8, 1.2))
        rows.append((case, at, "look", "sock", None, 0))
        rows.append((case, at + 10, "look", None if is_told else goods, None, took))
        rows.append((case, at + 20, "order", None, f"o{case}" if is_told else None, 0))
        if is_told:
            rows.append((case, at + 21, "look", goods, f"o{case}", 0))
            rows.append((case, at + 22, "look", "sock", None, 0))
        rows += [(case, at + 30, "odd", None, None, extra_ms)] if is_odd else []
        rows.append((case, at + 60, "done", None, None, 0))
    names = ("case", "at_s", "step", "product", "order", "engaged_ms")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)} | {"customer": [row[0] for row in rows]}


@pytest.mark.parametrize(("products", "extra_min"), [(None, 0), (SHELF, 0), (SHELF, 3)])
def test_what_the_goods_explain_is_no_cost(products: Products | None, extra_min: int) -> None:
    with Store.open() as store:
        bulk(store, STEPS, journeys(2, 60_000 * extra_min))
        context = replace(frame(store), products=products)
        prepare(store, context)
        store.run(
            """create or replace table order_product as
            select distinct order_id, product_id from event where order_id is not null and product_id is not null"""
        )
        store.run("update event set product_id = null where order_id is not null")
        odd = "select distinct journey_id from journey_event where step = 'odd'::step_t"
        n = store.value(f"select count(*) from ({odd})")
        store.run(f"insert into finding_journey select 'f', journey_id, 1 from ({odd})")
        every = "select journey_id from population"
        cost = minutes_beyond(store, context, Scope(by_journey=True), every, {"f": float(n)})["f"]
    minutes = cost["customer_min_per_week"]
    per_journey = [minutes[end] * context.weeks / n for end in ("low", "mid", "high")]
    if products is None:
        assert per_journey[0] > 4, "the bikes are taken for the cost of the odd step"
        assert cost["basis"]["customer_min_per_week"] == BASIS
    else:
        assert per_journey[0] <= extra_min <= per_journey[2] and per_journey[2] - per_journey[0] < 1
        assert cost["basis"]["customer_min_per_week"] == BASIS_GOODS
