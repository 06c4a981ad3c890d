"""What a failure point's model accounts for of the goods: their kind, the order's value, how much their page says.

Only where the site declares a table of products or the attribute with an order's value; nothing is joined otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ingest.store import Store
from mining.context import Context

_SQL = Path(__file__).parent / "hazard_goods.sql"
_NONE = pa.table(
    {
        "product_id": pa.array([], pa.string()),
        "category": pa.array([], pa.string()),
        "attribute": pa.array([], pa.int32()),
        "number": pa.array([], pa.float64()),
        "is_there": pa.array([], pa.bool_()),
    }
)


def account(store: Store, context: Context) -> None:
    """Add to each cell of `hazard_moment` what is known of the goods at that step."""
    if context.products is None and context.order_value is None:
        return
    method = context.method
    store.put("product_attribute", context.products.table if context.products else _NONE)
    for name, value in (
        ("value", context.order_value),
        ("peers_min", method.hint_peers_min),
        ("has_share", method.hint_peers_share),
        ("low_share", method.hint_low_share),
        ("low_times", method.hint_low_times),
    ):
        store.run(f"set variable {name} = $value", {"value": value}, name=name)
    if not store.has_table("order_product"):
        store.run("create temporary table order_product (order_id varchar, product_id varchar)", name="order_product")
    store.run(_SQL.read_text(encoding="utf-8"), name="hazard_goods")
    store.drop("product_attribute")
