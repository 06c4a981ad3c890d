"""What happens to an order after it was placed: warehouse, carrier, delays, and the rows this leaves on the order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from world_config import DAY_S, HOUR_S, day_start_s, is_workday, next_workday_s, seconds_of_day
from world_random import Draws
from world_record import Order, World

NATURAL_LATE = 0.03  # of parcels are late even when no lateness is planted; nobody calls for that


@dataclass
class Delivery:
    """Times of one parcel, epoch seconds. `due_s` is the end of the day after the planned delivery."""

    pick_s: int
    label_s: int
    transit_s: int
    due_s: int
    delivered_s: int
    late_days: int


def pick_time_s(created_s: int, draws: Draws) -> int:
    """When the order is picked: the same workday if placed before 12:00, else the next workday."""
    if is_workday(created_s) and seconds_of_day(created_s) < 12 * HOUR_S:
        return day_start_s(created_s) + int(draws.between(13, 16.5) * HOUR_S)
    return next_workday_s(created_s) + int(draws.between(7, 12) * HOUR_S)


def payment_rows(order: Order, refused_s: list[int]) -> None:
    """The payment of a web order: each refusal, then the success one second before the order exists."""
    for at in refused_s:
        order.log.append((at, "transaction", "sale failure"))
    order.log.append((order.created_s - 1, "transaction", "sale success"))


def first_rows(order: Order, draws: Draws) -> None:
    """Fraud check (behind the line) and confirmation mail."""
    order.log.append((order.created_s + 20 + int(draws.exp(60)), "event", "fraud_check"))
    order.log.append((order.created_s + 60 + int(draws.exp(90)), "event", "confirmation_mail_sent"))


def cancel_rows(order: Order, at_s: int, draws: Draws) -> None:
    """Cancelled before picking, money back a day or two later."""
    order.log.append((at_s, "cancelled", ""))
    refund_rows(order, at_s + int(draws.between(6, 44) * HOUR_S))


def refund_rows(order: Order, at_s: int) -> None:
    """A refund and its booking, then the order is closed."""
    order.log.append((at_s, "refund", ""))
    order.log.append((at_s + 2, "transaction", "refund success"))
    order.log.append((at_s + 2 * DAY_S, "closed", ""))


def deliver(world: World, order: Order, pick_s: int, draws: Draws) -> Delivery:
    """Ship an order: write all its rows and return the times."""
    plants, log = world.config.plants, order.log
    label = pick_s + int(draws.between(0.4, 2.5) * HOUR_S)
    transit = day_start_s(label) + int(draws.between(18.2, 21.5) * HOUR_S)
    log.append((pick_s, "event", "picking"))
    log.append((label, "fulfillment", "success"))
    log.append((label + 3, "scan", "label_printed"))
    mail_s, has_no_mail = label + 40 + int(draws.exp(500)), draws.chance(plants.skipped_shipping_mail)
    if world.is_recorded(mail_s):
        world.tally.count("skipped_shipping_mail", has_no_mail)
    if not has_no_mail:
        log.append((mail_s, "event", "shipping_mail_sent"))
    log.append((transit, "scan", "in_transit"))
    planned = next_workday_s(transit)
    if draws.chance(0.3):
        planned = next_workday_s(planned)
    due = planned + 2 * DAY_S
    is_late = draws.chance(plants.late_delivery or NATURAL_LATE)
    extra = 3 + draws.geometric(0.55, 5)
    day = planned
    for _ in range(extra if is_late else 0):
        day = next_workday_s(day)
    delivered = _van(world, order, day, draws)
    late_days = max(0, (day_start_s(delivered) + DAY_S - due) // DAY_S)
    if world.is_recorded(delivered):
        world.tally.count("late_delivery", is_late)
    return Delivery(pick_s, label, transit, due, delivered, late_days if is_late else 0)


def tell_day(told: Draws | None, order: Order, parcel: Delivery, lot: Draws, shares: tuple[float, float]) -> None:
    """Mail the day of delivery to those drawn by lot; of the others more have to fetch the parcel. `shares` = of those
    told and of the others.
    """
    if told is not None:
        at = parcel.transit_s + int(told.between(300, 900))
        order.log.append((at, "event", "notice_mail_sent"))
    if lot.chance(shares[0 if told is not None else 1]):
        loaded = max(at_s for at_s, _, code in order.log if code == "out_for_delivery" and at_s < parcel.delivered_s)
        at = loaded + int(lot.between(0.2, 0.8) * (parcel.delivered_s - loaded))
        order.log.append((at, "scan", "ready_for_pickup"))


def send_on(order: Order, parcel: Delivery, draws: Draws) -> Delivery:
    """Let the parcel be in the wrong depot on the day it was to come: noticed before it is in the van, in the van, or
    only after nobody was home. It is on its way once more, and all else happens on the next workday.
    """
    last_mile = ("out_for_delivery", "attempted_delivery", "delivered")
    planned = [row for row in order.log if row[2] in last_mile]
    day = day_start_s(min(at_s for at_s, _, _ in planned))
    more = next_workday_s(day) - day
    order.log[:] = [row if row not in planned else (row[0] + more, *row[1:]) for row in order.log]
    way = draws.below(3)
    if way:
        order.log.append((day + int(draws.between(6.5, 9.0) * HOUR_S), "scan", "out_for_delivery"))
    if way == 2:
        order.log.append((day + int(draws.between(10, 17) * HOUR_S), "scan", "attempted_delivery"))
    order.log.append((day + int(draws.between(17.5, 20) * HOUR_S), "scan", "in_transit"))
    return replace(parcel, delivered_s=parcel.delivered_s + more)


def _van(world: World, order: Order, day_s: int, draws: Draws) -> int:
    """The last mile on local day `day_s`, with a second try for 6 %. Returns the time of delivery."""
    loaded = day_s + int(draws.between(6.5, 9.0) * HOUR_S)
    arrives = loaded + int(draws.between(0.7, 8.0) * HOUR_S)
    nobody_home, swapped = draws.chance(0.06), draws.chance(world.config.plants.swapped_scans)
    if nobody_home:
        order.log.append((loaded, "scan", "out_for_delivery"))
        order.log.append((arrives, "scan", "attempted_delivery"))
        loaded = next_workday_s(day_s) + int(draws.between(6.5, 9.0) * HOUR_S)
        arrives = loaded + int(draws.between(0.7, 8.0) * HOUR_S)
    if swapped:  # the driver's scanner sends its morning scan after the delivery
        loaded = arrives + int(draws.between(600, 7_200))
    order.log.append((loaded, "scan", "out_for_delivery"))
    order.log.append((arrives, "scan", "delivered"))
    if world.is_recorded(max(loaded, arrives)):
        world.tally.count("swapped_scans", swapped)
    return arrives
