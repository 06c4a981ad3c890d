"""What a failure point's model accounts for of the goods: their kind, the order's value, how much their page says.

Only where the site declares a table of products or the attribute with an order's value; nothing is joined otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining.context import Context
from mining.hazard import OF_GOODS, Ints

Numbers = npt.NDArray[np.int32]
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


def levels(store: Store, context: Context, moment: Numbers, starts: Ints) -> dict[str, Numbers]:
    """Factor of the goods -> its level at every moment, by what is known by then in the journey; none where nothing is
    declared. `moment`: by `pos`, the number of the moment, or -1; `starts`: by moment, the first one of its journey."""
    if context.products is None and context.order_value is None:
        return {}
    told = _named(store, context)
    at = moment[told["pos"].to_numpy()]
    out = {}
    for name in OF_GOODS:
        level = np.asarray(told[name].to_numpy())
        known = (at >= 0) & (level >= 0)
        now = np.zeros(len(starts), dtype=np.int32)
        last = np.full(len(starts), -1, dtype=np.int64)
        now[at[known]], last[at[known]] = level[known], at[known]
        last = np.maximum.accumulate(last)
        out[name] = np.where(last >= starts, now[last], 0).astype(np.int32)
    return out


def _named(store: Store, context: Context) -> pa.Table:
    """What each step names of the goods."""
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
    told = store.arrow("select * from hazard_goods")
    store.run("drop table hazard_goods; drop table goods_order; drop table goods_product", name="hazard_goods")
    return told
