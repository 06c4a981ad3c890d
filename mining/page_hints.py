"""Hints beside a page that causes calls: what the table of products says of it and not of its peers (method note 7.4).

They are no findings: nothing shows that customers call for what is missing. They say where to look first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining.context import Context, quoted
from mining.sentences import all_of, paragraph

_SQL = Path(__file__).parent / "page_hints.sql"
_MOST_TOLD = 5
NO_TABLE = mark("the site has no table of what its products' pages say")
NO_PRODUCT = mark("the page is no product's")
NOT_IN_TABLE = mark("the table of products does not have this product")
NO_PEERS = mark("the table of products has too few others to compare with")
NOTHING = mark("its page has what most similar products have")


@dataclass(frozen=True)
class Hint:
    """One attribute: not there, or a number (`value`) far below the peers' (`low`: what all but a tenth have)."""

    attribute: str
    value: float | None
    has_share: float
    low: float | None
    median: float | None
    n_peers: int
    is_of_category: bool

    def record(self) -> dict[str, Any]:
        """As the finding's record has it."""
        return {
            "attribute": self.attribute,
            "value": self.value,
            "peers_have": round(self.has_share, 4),
            "peers_low": self.low,
            "peers_median": self.median,
            "n_peers": self.n_peers,
            "of_category": self.is_of_category,
        }


@dataclass(frozen=True)
class Hints:
    """All hints of a page, or the reason why there is none."""

    hints: tuple[Hint, ...] = ()
    reason: str = NOTHING

    def record(self) -> dict[str, Any]:
        """The fields of the finding's record."""
        return {
            "missing_attributes": [hint.record() for hint in self.hints] or None,
            "missing_attributes_reason": None if self.hints else say(self.reason),
        }

    def sentences(self) -> str:
        """What a manager reads; empty without hints."""
        missing = [hint for hint in self.hints if hint.value is None][:_MOST_TOLD]
        low = [hint for hint in self.hints if hint.value is not None][: _MOST_TOLD - len(missing)]
        return paragraph(_missing(missing) if missing else "", *(_low(hint) for hint in low))


def _missing(hints: Sequence[Hint]) -> str:
    n_peers = hints[0].n_peers
    names = all_of([quoted(hint.attribute) for hint in hints])
    if hints[0].is_of_category:
        return say(
            "A hint, no finding: most of the {n} other products of its category have {names} in the product table, and "
            "this one has not.",
            n=f"{n_peers:,}",
            names=names,
        )
    return say(
        "A hint, no finding: most of the {n} other products have {names} in the product table, and this one has not.",
        n=f"{n_peers:,}",
        names=names,
    )


def _low(hint: Hint) -> str:
    assert hint.value is not None and hint.low is not None and hint.median is not None
    return say(
        "A hint, no finding: {name} is {value} for it; of {n} products to compare with nine in ten have {low} or more, "
        "half {median} or more.",
        name=quoted(hint.attribute),
        value=f"{hint.value:,.10g}",
        n=f"{hint.n_peers:,}",
        low=f"{hint.low:,.10g}",
        median=f"{hint.median:,.10g}",
    )


def read(store: Store, context: Context, products: Iterable[str | None]) -> dict[str | None, Hints]:
    """product -> its hints, for those asked for; None, a page that is no product's, has a reason."""
    table, method = context.products, context.method
    asked = sorted({product for product in products if product})
    if table is None:
        return dict.fromkeys([*asked, None], Hints(reason=NO_TABLE))
    found = dict.fromkeys([*asked, None], Hints(reason=NO_PRODUCT))
    if not asked:
        return found
    store.put("product_attribute", table.table)
    known = {
        product
        for (product,) in store.rows(
            "select distinct product_id from product_attribute where list_contains($products, product_id)",
            {"products": asked},
        )
    }
    store.run(
        _SQL.read_text(encoding="utf-8"),
        {
            "products": asked,
            "peers_min": method.hint_peers_min,
            "has_share": method.hint_peers_share,
            "low_share": method.hint_low_share,
            "low_times": method.hint_low_times,
        },
        name="page_hints",
    )
    told: dict[str, list[Hint]] = {product: [] for product in known}
    for product, attribute, number, is_low, is_of_category, n_peers, has_share, low, median in store.rows(
        "select * from page_hint order by product_id, is_low, has_share desc, attribute"
    ):
        name = table.attributes[attribute]
        told[product].append(
            Hint(name, number if is_low else None, has_share, low, median, int(n_peers), is_of_category)
        )
    store.drop("product_attribute")
    store.run("drop table page_hint", name="page_hint")
    few = Hints(reason=NO_PEERS if table.n_products <= method.hint_peers_min else NOTHING)
    for product in asked:
        has = tuple(told.get(product, ()))
        found[product] = Hints(has) if has else few if product in known else Hints(reason=NOT_IN_TABLE)
    return found
