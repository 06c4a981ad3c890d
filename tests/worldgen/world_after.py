"""After the order: changes, cancellation, tracking, calls about a late parcel, returns."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from world_actor import Actor, Journey
from world_catalog import PRODUCTS
from world_config import DAY_S, HOUR_S, day_start_s, next_workday_s
from world_delivery import (
    Delivery,
    cancel_rows,
    deliver,
    first_rows,
    payment_rows,
    pick_time_s,
    refund_rows,
    send_on,
    tell_day,
)
from world_queue import in_open_hours
from world_random import Draws
from world_record import Call, Order

CANCEL_SHARE, CHANGE_SHARE, RETURN_SHARE = 0.025, 0.03, 0.12
RETURN_CALL_SHARE = 0.4  # of returns: a call while the refund is awaited
BASE_STATUS_CALL = 0.05  # of orders: one status call whatever the parcel does
TRACK_PER_DAY, TRACK_PER_LATE_DAY = 0.34, 0.5


def after_order(actor: Actor, order: Order, refused_s: list[int]) -> Journey:
    """Everything between the order and its end."""
    draws = actor.draws
    payment_rows(order, refused_s)
    first_rows(order, draws)
    tipped = actor.strikes("tips_mail", order.created_s)
    if tipped is not None:
        confirmed = next(at_s for at_s, _, code in order.log if code == "confirmation_mail_sent")
        order.log.append((confirmed + int(tipped.between(60, 300)), "event", "tips_mail_sent"))
    doubled = actor.strikes("double_mail", order.created_s)
    if doubled is not None:
        order.log.append((order.created_s + 600 + int(doubled.exp(400)), "event", "confirmation_mail_sent"))
    pick = pick_time_s(order.created_s, draws)
    wish = draws.u()
    if wish < CANCEL_SHARE + CHANGE_SHARE:
        is_cancel = wish < CANCEL_SHARE
        at = yield from tell_change(actor, order, pick)
        if at is not None and is_cancel:
            cancel_rows(order, at, draws)
            return
        if at is not None:
            order.log.append((at, "event", "address_changed"))
    ignored = actor.strikes("cancel_ignored", order.created_s)
    if ignored is not None:
        order.log.append((order.created_s + int(ignored.between(0.2, 0.9) * (pick - order.created_s)), "cancelled", ""))
    parcel = deliver(actor.world, order, wait_in_warehouse(actor, pick), draws)
    astray = actor.strikes("sent_on", parcel.transit_s)
    if astray is not None:
        parcel = send_on(order, parcel, astray)
    plants = actor.world.config.plants
    if plants.notice_mail:
        lot = Draws(actor.world.config.seed, "fetched", actor.need)
        shares = (plants.fetched_told, plants.fetched)
        tell_day(actor.strikes("notice_mail", parcel.transit_s), order, parcel, lot, shares)
    yield from wait_for_parcel(actor, order, parcel)
    mails = actor.strikes("mails_of_a_day", parcel.delivered_s)
    if mails is not None:
        for verb in ("review_mail_sent", "offer_mail_sent"):
            order.log.append((parcel.delivered_s + int(mails.between(600, 7_000)), "event", verb))
    sent = actor.strikes("sent_round", order.created_s)
    if sent is not None:
        yield from send_round(actor, order, parcel, sent)
    if draws.chance(RETURN_SHARE):
        yield from send_back(actor, order, parcel.delivered_s)
    else:
        order.log.append((parcel.delivered_s + 14 * DAY_S, "closed", ""))


def wait_in_warehouse(actor: Actor, pick_s: int) -> int:
    """When the order is picked: days later for those that the slow picking strikes, once it has begun."""
    config = actor.world.config
    if pick_s < config.start_s + config.plants.slow_pick_from * config.days * DAY_S:
        return pick_s
    slow = actor.strikes("slow_pick", pick_s)
    return pick_s if slow is None else next_workday_s(pick_s + (5 + slow.below(3)) * DAY_S) + 9 * HOUR_S


def send_round(actor: Actor, order: Order, parcel: Delivery, draws: Draws) -> Journey:
    """Ask the status line, be sent to the returns line, be sent back: three calls within a few hours."""
    at = order.created_s + draws.between(0.3, 0.9) * (parcel.delivered_s - order.created_s)
    for queue in ("status", "returns", "status"):
        call = yield from actor.phone(in_open_hours(at, draws), queue)
        if call is None:
            return
        at = call.end_s + 300 + draws.exp(1_200)


def tell_change(actor: Actor, order: Order, before_s: int) -> Generator[Any, Any, int | None]:
    """Change or cancel, on the web or by phone. Returns when it was done, or None if it came too late."""
    draws = actor.draws
    at = order.created_s + 900 + draws.exp(2 * HOUR_S)
    if draws.chance(0.55):
        visit = actor.visit(at)
        visit.page(f"/orders/{order.number}/track")
        visit.page(f"/orders/{order.number}/change")
        done = int(visit.at_s) + 45 + draws.below(90)
    else:
        call = yield from actor.phone(in_open_hours(at, draws), "status")
        if call is None:
            return None
        done = call.connect_s + (call.end_s - call.connect_s) // 2
    return done if done < before_s else None


def wait_for_parcel(actor: Actor, order: Order, parcel: Delivery) -> Journey:
    """Tracking pages day by day, and status calls: a few anyway, many more on late days."""
    calls = track_parcel(actor, order, parcel)
    for wants_s in calls:
        at = in_open_hours(wants_s, actor.draws)
        if at < parcel.delivered_s:
            yield from actor.phone(at, "status")


def track_parcel(actor: Actor, order: Order, parcel: Delivery) -> list[float]:
    """Visit the tracking page; return the times at which the customer wants to call, in order."""
    draws, world = actor.draws, actor.world
    plants = world.config.plants
    calls: list[float] = []
    base_at = order.created_s + draws.between(0.3, 1.0) * (parcel.delivered_s - order.created_s)
    if draws.chance(BASE_STATUS_CALL):
        calls.append(base_at)
    has_called = False
    for day in range(day_start_s(order.created_s) + DAY_S, parcel.delivered_s, DAY_S):
        is_late = parcel.late_days > 0 and day >= parcel.due_s
        if draws.chance(TRACK_PER_LATE_DAY if is_late else TRACK_PER_DAY):
            at = day + draws.between(8, 22) * HOUR_S
            if at < parcel.delivered_s:
                look_up(actor, order, at)
        wants = draws.chance(plants.late_call_again if has_called else plants.late_call_per_day)
        wants_s = day + draws.between(8.5, 17.5) * HOUR_S
        if is_late and wants_s < parcel.delivered_s:
            if world.is_recorded(wants_s):
                world.tally.count("late_call_again" if has_called else "late_call_per_day", wants)
            if wants:
                calls.append(wants_s)
            has_called = has_called or wants
    if parcel.late_days and world.is_recorded(parcel.delivered_s):
        world.tally.count("late_call", has_called)
    return sorted(calls)


def look_up(actor: Actor, order: Order, at_s: float) -> None:
    """A visit to the tracking page, by way of other pages for some."""
    draws = actor.draws
    visit = actor.visit(at_s)
    u = draws.u()
    if u < 0.2:
        visit.page("/")
    elif u < 0.35 and visit.login:
        visit.page("/account")
    elif u < 0.42:
        visit.page("/help")
    visit.page(f"/orders/{order.number}/track")
    if draws.chance(0.1):
        visit.page("/delivery")
    if draws.chance(0.08):
        visit.page(f"/orders/{order.number}/track", after_s=draws.between(40, 400))


def send_back(actor: Actor, order: Order, delivered_s: int) -> Journey:
    """A return: asked for on the web or by phone, parcel back, money back."""
    draws = actor.draws
    at = delivered_s + draws.between(0.8, 9) * DAY_S
    asked: int | None
    if draws.chance(0.85):
        visit = actor.visit(at)
        if draws.chance(0.35):
            visit.page("/help/returns")
        visit.page("/returns/new")
        if draws.chance(0.25):
            visit.page("/help/returns")
        asked = visit.page(f"/returns/{order.number}", method="POST", status=302, after_s=draws.between(40, 240))
        if draws.chance(0.2):
            visit.page(PRODUCTS[actor.target].path)
    else:
        call: Call | None = yield from actor.phone(in_open_hours(at, draws), "returns")
        asked = None if call is None else call.connect_s + (call.end_s - call.connect_s) // 2
        if asked is not None:
            order.log.append((asked, "event", "return_requested"))
    if asked is None:
        return
    dropped = day_start_s(asked) + DAY_S + int((draws.below(3) * 24 + draws.between(9, 18)) * HOUR_S)
    received = dropped + int(draws.between(1.2, 3.5) * DAY_S)
    refunded = received + int(draws.between(0.3, 2.5) * DAY_S)
    order.log.append((dropped, "event", "return_dropped_off"))
    order.log.append((received, "event", "return_received"))
    refund_rows(order, refunded)
    if draws.chance(RETURN_CALL_SHARE):
        wants = in_open_hours(dropped + draws.between(0.5, 1.0) * (refunded - dropped), draws)
        if wants < refunded:
            yield from actor.phone(wants, "returns")
