"""inbox/orders: Shopify REST orders, one file a day (or a week) with every order that changed in it, whole, as it
then stood.

Rows of Order.log: (at, "transaction", "<kind> <status>"), (at, "event", verb), (at, "fulfillment", status),
(at, "scan", status), (at, "refund", ""), (at, "cancelled", ""), (at, "closed", "").
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from world_catalog import AGENTS, CITIES, PRODUCTS
from world_config import DAY_S, local_datetime
from world_dirt import Dirt
from world_io import to_json, write
from world_record import Order, World

ID_BASE = 5_600_000_000_000
PLAIN_DAYS = 2  # the last days have not been compressed yet


def write_orders(world: World, out: Path, dirt: Dirt) -> None:
    """Write the order files of all days below `out`/inbox/orders."""
    every = world.config.days_a_file
    files: list[list[tuple[int, int, Order]]] = [[] for _ in range(-(-world.config.days // every))]
    for order in world.orders:
        order.log.sort()
        touched = {order.created_s, *(at for at, _, _ in order.log)}
        latest = {
            (at - world.start_s) // (every * DAY_S): at for at in sorted(touched) if order.created_s <= at < world.end_s
        }
        for number, at in latest.items():
            files[number].append((at, order.number, order))
    broken = _broken(world, dirt)
    whole: list[dict[str, Any]] = []
    again = int(len(files) * 0.7)
    for number, changed in enumerate(files):
        n_days = min((number + 1) * every, world.config.days)
        date = world.config.first_day + timedelta(days=n_days - 1)
        cut = world.start_s + n_days * DAY_S
        changed.sort(key=lambda row: row[:2])
        told = [_order(world, order, cut, at, broken) for at, _, order in changed]
        if world.config.whole_files:
            whole += told
            continue
        content = to_json({"orders": told})
        suffix = "" if every == 1 and number >= len(files) - PLAIN_DAYS else ".gz"
        write(out / "inbox" / "orders" / f"orders-{date:%Y-%m-%d}.json{suffix}", content)
        if number == again and dirt.amount:
            write(out / "inbox" / "orders" / f"orders-{date:%Y-%m-%d}.again.json.gz", content)
            dirt.counts["order_redelivered"] += len(changed)
    if world.config.whole_files:
        write(out / "inbox" / "orders" / "orders.json", to_json({"orders": whole}))


def _broken(world: World, dirt: Dirt) -> dict[int, int]:
    """Orders that lack created_at: number -> the epoch second until which they do."""
    broken: dict[int, int] = {}
    for n in range(dirt.times(2.0) if world.orders else 0):
        order = world.orders[dirt.draws.below(len(world.orders))]
        broken[order.number] = order.created_s + DAY_S if n else world.end_s
        dirt.counts["order_lacks_created_at"] += 1
    return broken


def _time(at_s: int) -> str:
    return f"{local_datetime(at_s):%Y-%m-%dT%H:%M:%S}+01:00"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _order(world: World, order: Order, cut_s: int, updated_s: int, broken: dict[int, int]) -> dict[str, Any]:
    """The order as it stood at `cut_s`."""
    rows = [row for row in order.log if row[0] < cut_s]
    holder = world.people[order.billed_to]
    total = sum(PRODUCTS[position].price_cents * quantity for position, quantity in order.items)
    first = {kind: at for at, kind, _ in reversed(rows)}
    order_id = ID_BASE + order.number * 1_013
    zip_code, city = CITIES[holder.city]
    document: dict[str, Any] = {
        "id": order_id,
        "name": f"#{order.number}",
        "order_number": order.number,
        "email": order.email,
        "phone": order.phone,
        "created_at": _time(order.created_s),
        "processed_at": _time(order.created_s),
        "updated_at": _time(updated_s),
        "cancelled_at": _time(first["cancelled"]) if "cancelled" in first else None,
        "cancel_reason": "customer" if "cancelled" in first else None,
        "closed_at": _time(first["closed"]) if "closed" in first else None,
        "currency": "EUR",
        "total_price": _money(total),
        "financial_status": "refunded" if "refund" in first else "paid",
        "fulfillment_status": "fulfilled" if "fulfillment" in first else None,
        "source_name": order.source,
        "landing_site": order.landing if order.source == "web" else None,
        "browser_ip": order.ip,
        "client_details": {"browser_ip": order.ip, "user_agent": None if order.agent is None else AGENTS[order.agent]},
        "note_attributes": [{"name": "call_id", "value": order.call_id}] if order.call_id else [],
        "customer": {
            "id": holder.customer_id,
            "email": order.email,
            "phone": order.phone,
            "first_name": holder.name[0],
            "last_name": holder.name[1],
        },
        "shipping_address": {"zip": zip_code, "city": city, "country_code": "DE"},
        "line_items": [_item(order_id, n, *item) for n, item in enumerate(order.items)],
        "transactions": [
            {"id": order_id * 10 + n, "kind": code.split()[0], "status": code.split()[1], "created_at": _time(at)}
            | {"amount": _money(total)}
            for n, (at, _, code) in enumerate(row for row in rows if row[1] == "transaction")
        ],
        "fulfillments": _fulfillments(order_id, rows),
        "refunds": [{"id": order_id + 7, "created_at": _time(at)} for at, kind, _ in rows if kind == "refund"],
        "events": [
            {"id": order_id * 10 + n, "verb": verb, "created_at": _time(at)}
            for n, (at, _, verb) in enumerate(row for row in rows if row[1] == "event")
        ],
    }
    if broken.get(order.number, 0) >= cut_s or (broken.get(order.number, 0) > updated_s):
        del document["created_at"]
    return document


def _item(order_id: int, n: int, position: int, quantity: int) -> dict[str, Any]:
    product = PRODUCTS[position]
    return {
        "id": order_id * 10 + n,
        "product_id": product.product_id,
        "title": product.name,
        "sku": f"NO-{product.product_id}",
        "quantity": quantity,
        "price": _money(product.price_cents),
    }


def _fulfillments(order_id: int, rows: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """At most one parcel, with its scans."""
    shipped = [(at, code) for at, kind, code in rows if kind == "fulfillment"]
    if not shipped:
        return []
    scans = [(at, code) for at, kind, code in rows if kind == "scan"]
    return [
        {
            "id": order_id + 3,
            "status": shipped[0][1],
            "created_at": _time(shipped[0][0]),
            "tracking_company": "Paketbote",
            "tracking_number": f"PB{order_id % 10**9:010d}",
            "events": [
                {"id": order_id * 10 + n, "status": code, "happened_at": _time(at)}
                for n, (at, code) in enumerate(scans)
            ],
        }
    ]
