"""truth.json.gz: what was planted, who is behind each identifier, and which need each event belongs to.

Tables are parallel arrays. People and needs are numbered from 0. Read it with:

    person of an order   orders.person[i]            for orders.order_number[i]
    need of a page hit   web.need[i], and its person needs.person[need]; key (visitors[visitor[i]], at, paths[path[i]])
                         with at = running sum of web.at in epoch seconds, and the path without its query
    visitor              the cookie, or "<ip> <agent>" where cookies are blocked
    person of a hotline's call   hotlines.person[i], its need hotlines.need[i]: numbers of their own, from 0
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from world_catalog import AGENTS, POOR, PRODUCTS
from world_dirt import Dirt
from world_io import to_json, write
from world_record import NEED_KINDS, World

VERSION = 1


def write_truth(world: World, out: Path, dirt: Dirt) -> None:
    """Write `out`/truth.json.gz."""
    write(out / "truth.json.gz", to_json(truth(world, dirt)))


def truth(world: World, dirt: Dirt) -> dict[str, Any]:
    """The whole truth as one document."""
    config, needs = world.config, world.needs
    hotlines = {
        "call_id": [call.call_id for call in world.hotline],
        "person": [call.person for call in world.hotline],
        "need": [call.need for call in world.hotline],
    }
    return {
        "version": VERSION,
        "world": {
            "seed": config.seed,
            "first_day": str(config.first_day),
            "last_day": str(config.last_day),
            "customers": config.customers,
        },
        "plants": plants(world, dirt),
        "people": _people(world),
        "needs": {
            "kinds": NEED_KINDS if config.plants.asks_per_customer else NEED_KINDS[:4],
            "person": needs.person,
            "kind": needs.kind,
            "start": needs.start_s,
            "product_id": [PRODUCTS[position].product_id for position in needs.product],
        },
        "web": _web(world),
        "calls": {
            "call_id": [call.call_id for call in world.calls],
            "person": [call.person for call in world.calls],
            "need": [call.need for call in world.calls],
            "outcome": [call.outcome for call in world.calls],
        },
        "orders": {
            "order_number": [order.number for order in world.orders],
            "person": [order.person for order in world.orders],
            "billed_to": [order.billed_to for order in world.orders],
            "need": [order.need for order in world.orders],
        },
    } | ({"hotlines": hotlines} if world.hotline else {})


_PLANTED: list[tuple[str, str, dict[str, Any]]] = [
    ("loop.pingpong", "payment_loop", {"steps": ["payment_page", "pay_failed"], "per": "checkout at payment"}),
    ("late_delivery", "late_delivery", {"step": "deliver", "per": "delivered order"}),
    ("late_call", "late_call_per_day", {"step": "call_status", "per": "late day before the first call"}),
    ("repeat_contact", "late_call_again", {"step": "call_status", "per": "late day after a call"}),
    ("deviation.skipped", "skipped_confirmation", {"step": "order_confirmation", "per": "web order"}),
    ("deviation.skipped", "skipped_shipping_mail", {"step": "shipping_mail", "per": "shipped order"}),
    ("deviation.out_of_order", "swapped_scans", {"steps": ["out_for_delivery", "deliver"], "per": "delivered order"}),
    ("merge", "together", {"steps": ["checkout_address", "checkout_delivery"], "per": "address page"}),
    ("identity.wrong_customer", "wrong_customer", {"per": "phone order"}),
]  # fmt: skip


def plants(world: World, dirt: Dirt) -> list[dict[str, Any]]:
    """Every plant that is on: kind, where, planted rate, chances and strikes inside the recorded days."""
    settings, tally = world.config.plants, world.tally
    rows: list[dict[str, Any]] = []
    for kind, name, where in _PLANTED:
        rate = getattr(settings, name)
        if rate and not (name == "together" and rate < 0.85):
            n_affected, n_eligible = tally.affected.get(name, 0), tally.eligible.get(name, 0)
            rows.append({"kind": kind, "name": name, "where": where, "rate": rate} | _counts(n_affected, n_eligible))
    if settings.payment_loop:
        rows[0]["n_refusals"] = tally.affected.get("payment_refusals", 0)
    if settings.poor_page_call:
        pages = [PRODUCTS[position].product_id for position in sorted(POOR)]
        where = {"products": pages, "step": "call_product", "per": "visit that saw a poor page"}
        counts = _counts(tally.affected.get("poor_page_call", 0), tally.eligible.get("poor_page_call", 0))
        rows.append(
            {"kind": "page_calls", "name": "poor_page_call", "where": where, "rate": settings.poor_page_call} | counts
        )
    rows += _identity(world)
    rows += [
        {"kind": f"dirt.{name}", "name": "dirt", "where": {}, "rate": None, "n_affected": n, "n_eligible": None}
        for name, n in sorted(dirt.counts.items())
    ]
    return rows


def _counts(n_affected: int, n_eligible: int) -> dict[str, int]:
    return {"n_affected": n_affected, "n_eligible": n_eligible}


def _identity(world: World) -> list[dict[str, Any]]:
    """Shared numbers and tablets, blocked and deleted cookies, withheld numbers."""
    plants_, sharing, n = world.config.plants, world.sharing, len(world.people)
    hidden = sum(call.caller in ("", "anonymous") for call in world.calls)
    blocked = sum(person.blocks_cookies for person in world.people)
    late = [person.number for person in world.people if person.logs_in_from_s]
    rows: list[tuple[str, float, int, int, Any]] = [
        ("households", plants_.households, 2 * len(sharing.households), n, sharing.households),
        ("shared_tablets", plants_.shared_tablets, len(sharing.tablets), len(sharing.households), sharing.tablets),
        ("switchboard", plants_.switchboard, len(sharing.office), n, sharing.office),
        ("cookie_blockers", plants_.cookie_blockers, blocked, n, None),
        ("anonymous_calls", plants_.anonymous_calls, hidden, len(world.calls), None),
        ("late_logins", plants_.late_logins, len(late), n, late),
    ]
    return [
        {"kind": f"identity.{name}", "name": name, "where": {"people": who}, "rate": rate}
        | _counts(n_affected, n_eligible)
        for name, rate, n_affected, n_eligible, who in rows
        if rate and n_affected
    ]


def _people(world: World) -> dict[str, Any]:
    """Each person's identifiers as columns, and the persons behind each cookie that was seen."""
    owners: dict[str, set[int]] = {}
    for day in world.hits:
        for number in sorted({hit.context for hit in day}):
            context = world.contexts[number]
            if context.cookie != "-":
                owners.setdefault(context.cookie, set()).add(context.person)
    cookies = sorted(owners)

    def column(name: str) -> list[Any]:
        return [getattr(person, name) for person in world.people]

    return {
        "email": column("email"),
        "login": column("login"),
        "customer_id": column("customer_id"),
        "mobile": column("mobile"),
        "landline": column("landline"),
        "cookie": {"id": cookies, "person": [sorted(owners[cookie]) for cookie in cookies]},
    }


def _web(world: World) -> dict[str, Any]:
    """Every page hit of a customer, in order of time: visitor, time (first absolute, then differences), path, need."""
    visitors: dict[str, int] = {}
    paths: dict[str, int] = {}
    columns: dict[str, list[int]] = {"visitor": [], "at": [], "path": [], "need": []}
    before = 0
    for day in world.hits:
        for hit in sorted(day):
            context = world.contexts[hit.context]
            key = context.cookie if context.cookie != "-" else f"{context.ip} {AGENTS[context.agent]}"
            columns["visitor"].append(visitors.setdefault(key, len(visitors)))
            columns["at"].append(hit.at_s - before)
            columns["path"].append(paths.setdefault(hit.path, len(paths)))
            columns["need"].append(hit.need)
            before = hit.at_s
    return {"visitors": list(visitors), "paths": list(paths)} | columns
