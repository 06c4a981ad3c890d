"""Texts that the warehouse keeps as they came, made free of personal data before they are stored.

Codes are scrubbed in load.py, each distinct one. Here are the columns whose values are as many as events: only values
that could hold something (SUSPECT) come to Python. In a number of an order, a call or a product what is found becomes
a keyed name of the whole value, so that two different numbers stay different.
"""

from __future__ import annotations

import pyarrow as pa

from ingest.pseudonym import pseudonyms
from ingest.scrub import SUSPECT, scrub, scrub_json
from ingest.store import Store

_NUMBERS = ("product_id", "order_no", "call_no", "products")
_TEXTS = ("intent", "attributes")


def clean_kept(store: Store, key: bytes) -> None:
    """Replace what is personal in `stage`; identifiers must have been taken out of it before."""
    columns = _NUMBERS + _TEXTS
    counts = store.rows(f"select {', '.join(f'count({column})' for column in columns)} from stage")[0]
    for column in (column for column, n in zip(columns, counts, strict=True) if n):
        values = _suspects(store, column)
        cleaned = [(value, clean) for value in values if (clean := _clean(column, value, key)) != value]
        if cleaned:
            _replace(store, column, dict(cleaned))


def _suspects(store: Store, column: str) -> list[str]:
    value = "unnest(products)" if column == "products" else f"cast({column} as varchar)"
    query = (
        f"select value from (select distinct {value} as value from stage) where regexp_matches(value, $suspect, 's')"
    )
    return [row[0] for row in store.rows(query + " order by value", {"suspect": SUSPECT})]


def _clean(column: str, value: str, key: bytes) -> str:
    if column == "attributes":
        return scrub_json(value)
    if column in _TEXTS or scrub(value) == value:
        return scrub(value)
    kind = "product" if column in ("product_id", "products") else column
    return f"{kind}-{pseudonyms(key, kind, [value])[0][:18]}"


def _replace(store: Store, column: str, cleaned: dict[str, str]) -> None:
    store.put("cleaned", pa.table({"value": list(cleaned), "clean": list(cleaned.values())}))
    if column == "products":
        store.run("set variable cleaned = (select map(list(value), list(clean)) from cleaned)", name="cleaned")
        statement = """update stage
        set products = list_transform(products, lambda x: coalesce(getvariable('cleaned')[x], x))
        where products is not null"""
    else:
        statement = (
            f"update stage set {column} = c.clean from cleaned as c where cast(stage.{column} as varchar) = c.value"
        )
    store.run(statement, name=f"clean {column}")
    store.drop("cleaned")
