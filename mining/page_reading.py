"""Views of pages, per page: products, and other pages that have peers (mining/page_calls.sql)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.language import mark, say
from ingest.store import Store
from mining import exposures
from mining.context import Context
from mining.exposures import Family, Subject

_SQL = Path(__file__).parent / "page_calls.sql"

_COVERAGE = (
    (
        mark("page views that count"),
        """select (select count(*) from sight)::bigint as n, count(*)::bigint as of_n
        from event inner join touch on event.step = touch.step::step_t
        where event.visible and event.channel::varchar = 'web' and touch.class::varchar = 'browse'
            and touch.actor = 'customer' and event.stage::varchar <> 'help' and event.order_id is null
            and touch.purpose is null and (event.product_id is not null or touch.step in (
                select step from page_address semi join sight using (address_no)))""",
        mark("pages held against similar ones: views by customers who can be known on the phone"),
    ),
    (
        mark("calls that count"),
        """select count(distinct call_id)::bigint as n, (
            select count(distinct coalesce(call_id, 'event ' || event_no)) from event
            where visible and step::varchar in (
                select step from touch where visible and class::varchar = 'contact' and actor = 'customer'
                    and channel::varchar not in ('web', 'mail')))::bigint as of_n
        from known_call where customer_id in (select customer_id from sight)""",
        mark("calls by customers whose page views are known"),
    ),
)
"""(measure, query of n and of_n, note): what of the data the pages are judged by; customers who are known differ."""


@dataclass(frozen=True)
class Page(Subject):
    """One page: the product that it is of, its address."""

    product: str | None
    address: str


def read_families(store: Store, context: Context) -> list[Family]:
    """Products and other pages. Leaves the temporary tables of page_calls.sql and exposures.sql."""
    store.run(_SQL.read_text(encoding="utf-8"), name="page_calls")
    exposures.count(store, context, by_product=True)
    for measure, query, note in _COVERAGE:
        store.run("delete from data_quality where measure = $measure", {"measure": measure})
        store.run(
            f"insert into data_quality by name select $measure as measure, n, of_n, $note as note from ({query}) "
            "where n < of_n",
            {"measure": measure, "note": say(note)},
        )
    return [
        _family(store, context, name)
        for name in ("product", "page")
        if store.value("select count(*) from exposure where family = $name", {"name": name})
    ]


def _family(store: Store, context: Context, name: str) -> Family:
    facts = store.rows(
        """select place, product_id, step, address, category from page_fact
        where family = $name and place in (select place from exposure_count where v > 0) order by place""",
        {"name": name},
    )
    pages = [
        Page(
            number,
            place,
            "page_calls",
            {"step": step} | ({"product": product} if product else {"page": address}),
            product,
            address,
        )
        for number, (place, product, step, address, _) in enumerate(facts)
    ]
    category = [fact[4] for fact in facts]
    return exposures.read_family(store, context, name, pages, [page.place for page in pages], category=category)
