"""From a need to a journey: generators that act out one need and ask the engine for what must happen in time order.

A journey yields a CallRequest (answered with the Call) or an OrderRequest (answered with the Order, numbered in order
of time).
Page hits need no answer and are recorded at once.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from world_actor import Actor, Journey
from world_after import after_order
from world_catalog import POOR, PRODUCT_WEIGHTS, PRODUCTS
from world_config import DAY_S, HOUR_S
from world_queue import in_open_hours
from world_random import Draws
from world_record import Call, Order, World
from world_requests import OrderRequest
from world_visit import Visit

BASE_PAGE_CALL = 0.012  # of sessions that saw a product lead to a product call anyway


def journey(world: World, need: int) -> Journey:
    """Act out one need."""
    needs = world.needs
    actor = Actor(world, need, needs.person[need], needs.product[need], Draws(world.config.seed, "need", need))
    kind, start = needs.kind[need], needs.start_s[need]
    if kind == 0:
        yield from browse(actor, start, 0.25)
    elif kind == 1:
        yield from abandon_cart(actor, start)
    elif kind == 2:
        at = yield from browse(actor, start, 0.45)
        yield from order_on_web(actor, at + actor.draws.between(0.3 * HOUR_S, 1.6 * DAY_S))
    elif kind == 3:
        yield from order_by_phone(actor, start)
    else:
        yield from ask(actor, start)


def ask(actor: Actor, at_s: float) -> Journey:
    """A product call for no other reason; and, as often as planted, another within seven days of it, and so on."""
    draws, config = actor.draws, actor.world.config
    if config.asks_kept < 1 and not Draws(config.seed, "asks kept", actor.need).chance(config.asks_kept):
        return
    while True:
        call = yield from actor.phone(in_open_hours(at_s, draws), "product")
        again = draws.chance(actor.world.config.plants.ask_again)
        if call is None:
            return
        actor.world.tally.count("ask_again", again)
        if not again:
            return
        at_s = call.end_s + draws.between(0.1, 6.0) * DAY_S


def browse(actor: Actor, at_s: float, again: float) -> Generator[Any, Any, float]:
    """One or more research visits, each of which may lead to a product call. Returns the end of the last."""
    draws = actor.draws
    for n in range(1 + draws.geometric(again, 4)):
        if n:
            at_s += draws.between(0.2 * DAY_S, 2.2 * DAY_S)
        visit = actor.visit(at_s)
        visit.research(actor.target)
        at_s = yield from question(actor, visit)
    return at_s


def question(actor: Actor, visit: Visit) -> Generator[Any, Any, float]:
    """A product call after a visit, much more often after a poor product page. Returns when the customer is done."""
    draws, world = actor.draws, actor.world
    rate = world.config.plants.poor_page_call
    saw_poor = not POOR.isdisjoint(visit.pages)
    base = 0.0 if world.config.plants.no_page_call else BASE_PAGE_CALL
    calls = draws.u() < (max(rate, base) if saw_poor else base if visit.pages else 0.0)
    wants_s = visit.at_s + 120 + draws.exp(0.8 * HOUR_S)
    if saw_poor and world.is_recorded(wants_s):
        world.tally.count("poor_page_call", calls)
    if not calls:
        return visit.at_s
    if draws.chance(0.5):
        visit.page("/help/contact")
    call = yield from actor.phone(in_open_hours(wants_s, draws), "product")
    return float(call.end_s) if call is not None else wants_s


def abandon_cart(actor: Actor, at_s: float) -> Journey:
    """Fill a cart and leave it: at the cart, in the checkout or at payment."""
    draws = actor.draws
    at_s = yield from browse(actor, at_s, 0.2)
    if draws.chance(0.5):
        at_s += draws.between(0.1 * DAY_S, 1.5 * DAY_S)
    else:
        at_s += 1_900 + draws.exp(900)
    visit = actor.visit(at_s)
    fill_cart(actor, visit)
    depth = draws.u()
    if depth < 0.45:
        return
    if depth < 0.50:
        visit.page("/checkout/address")
        return
    if addresses(actor, visit) and depth > 0.60:
        open_payment(actor, visit)
        if draws.chance(0.3):
            visit.page("/help/payment")


def fill_cart(actor: Actor, visit: Visit) -> list[tuple[int, int]]:
    """Products into the cart. Returns the items."""
    draws = actor.draws
    visit.product(actor.target)
    items = [(actor.target, 1 + int(draws.chance(0.08)))]
    visit.page(f"/cart/add/{PRODUCTS[actor.target].product_id}", method="POST", status=302)
    if draws.chance(0.45):
        visit.page("/cart")
    while len(items) < 4 and draws.chance(0.3):
        extra = draws.weighted(PRODUCT_WEIGHTS)
        visit.page(f"/c/{PRODUCTS[extra].category}")
        visit.product(extra)
        visit.page(f"/cart/add/{PRODUCTS[extra].product_id}", method="POST", status=302)
        items.append((extra, 1))
    if draws.chance(0.2):
        visit.page("/delivery")
    visit.page("/cart")
    if visit.person.login and visit.login is None and draws.chance(0.6):
        visit.log_in()
    return items


def addresses(actor: Actor, visit: Visit) -> bool:
    """Address page, then delivery options: at once for nearly everybody, minutes later, when 'together' is planted.

    Returns whether the customer goes on.
    """
    draws, world = actor.draws, actor.world
    at = visit.page("/checkout/address")
    at_once = draws.chance(world.config.plants.together)
    if not at_once:
        visit.page("/cart" if draws.chance(0.5) else "/delivery")
    again = actor.strikes("address_again", at)
    if again is not None:
        visit.page("/checkout/address", after_s=again.between(40, 90))
    visit.page("/checkout/delivery-options", after_s=draws.between(90, 250))
    if world.is_recorded(visit.at_s) and world.is_recorded(at):
        world.tally.count("together", at_once)
    if actor.strikes("leaves_at_delivery", visit.at_s) is not None:
        return False
    if draws.chance(0.22):
        visit.page("/cart" if draws.chance(0.5) else "/delivery")
    return True


def order_on_web(actor: Actor, at_s: float) -> Journey:
    """The buying visit, and everything after it."""
    draws, world = actor.draws, actor.world
    visit = actor.visit(at_s)
    visit.referrer = "-"
    if draws.chance(0.4):
        visit.page("/")
    items = fill_cart(actor, visit)
    if not addresses(actor, visit):
        return
    refused = pay(actor, visit)
    if refused is None:
        return
    created = int(visit.at_s) + 1
    order = yield OrderRequest(created, draft_order(actor, visit, items, "web", None, created))
    assert isinstance(order, Order)
    sees_none = draws.chance(world.config.plants.skipped_confirmation)
    if world.is_recorded(created + 5):
        world.tally.count("skipped_confirmation", sees_none)
    visit.page(f"/orders/{order.number}/thank-you", after_s=2 + draws.below(3), is_seen=not sees_none)
    yield from after_order(actor, order, refused)


def open_payment(actor: Actor, visit: Visit) -> None:
    """The payment page; some see something there that sends them back to the address, and come again."""
    visit.page("/checkout/pay")
    again = actor.strikes("checkout_again", visit.at_s)
    if again is not None:
        for path in ("/checkout/address", "/checkout/delivery-options", "/checkout/pay"):
            visit.page(path, after_s=again.between(30, 120))


def pay(actor: Actor, visit: Visit) -> list[int] | None:
    """Open the payment page and pay. Returns the times of refused payments, or None if the customer gives up."""
    draws, world = actor.draws, actor.world
    plants = world.config.plants
    open_payment(actor, visit)
    if visit.has_logged_in and actor.strikes("leaves_after_login", visit.at_s) is not None:
        return None
    if draws.chance(0.08):
        visit.page("/help/payment")
        visit.page("/checkout/pay")
    refused: list[int] = []
    fails, gives_up = draws.chance(plants.payment_loop), draws.chance(plants.payment_give_up)
    times = 1 + draws.geometric(plants.payment_again, 4) if fails else 0
    for _ in range(times):
        refused.append(visit.page("/checkout/pay", method="POST", status=402, after_s=draws.between(25, 100)))
        if gives_up:
            break
        visit.page("/checkout/pay", after_s=draws.between(4, 30))
    if not gives_up or not fails:
        visit.page("/checkout/pay", method="POST", status=302, after_s=draws.between(25, 120))
    if world.is_recorded(visit.at_s):
        world.tally.count("payment_loop", bool(refused))
        world.tally.count("payment_refusals", True, len(refused))
    return None if fails and gives_up else refused


def order_by_phone(actor: Actor, at_s: float) -> Journey:
    """Research on the web for most, then an order by phone; half of those who do not get through order on the web."""
    draws = actor.draws
    if draws.chance(0.75):
        at_s = yield from browse(actor, at_s, 0.25)
        if draws.chance(0.5):
            visit = actor.visit(at_s + 2_000)
            visit.product(actor.target)
            visit.page("/help/contact")
            at_s = visit.at_s
    call = yield from actor.phone(in_open_hours(at_s + 300 + draws.exp(3 * HOUR_S), draws), "order")
    if call is None:
        if draws.chance(0.5):
            yield from order_on_web(actor, at_s + draws.between(2 * HOUR_S, DAY_S))
        return
    created = call.connect_s + int((call.end_s - call.connect_s) * draws.between(0.5, 0.9))
    items = [(actor.target, 1 + int(draws.chance(0.1)))]
    if draws.chance(0.2):
        items.append((draws.weighted(PRODUCT_WEIGHTS), 1))
    order = yield OrderRequest(created, draft_order(actor, None, items, "phone", call, created))
    assert isinstance(order, Order)
    yield from after_order(actor, order, [])


def draft_order(
    actor: Actor, visit: Visit | None, items: list[tuple[int, int]], source: str, call: Call | None, created_s: int
) -> Order:
    """The order as it is first written; the engine gives it its number."""
    draws, world = actor.draws, actor.world
    person, billed = world.people[actor.person], actor.person
    wrong, other = draws.chance(world.config.plants.wrong_customer), draws.below(len(world.people))
    if source == "phone":
        if world.is_recorded(created_s):
            world.tally.count("wrong_customer", wrong and other != billed)
        billed = other if wrong else billed
    holder = world.people[billed]
    phone_number = holder.landline if draws.chance(0.45) and holder.landline else holder.mobile
    has_phone = draws.chance(0.82) or source == "phone"
    has_mail = draws.chance(0.8) or source == "web"
    mail = holder.email.title() if draws.chance(0.03) else holder.email
    landing = f"/?utm_source=mail&email={person.email}" if draws.chance(0.01) else PRODUCTS[actor.target].path
    return Order(
        number=0,
        person=actor.person,
        billed_to=billed,
        need=actor.need,
        created_s=created_s,
        source=source,
        items=items,
        call_id=call.call_id if call is not None else None,
        ip=visit.ip if visit is not None else None,
        agent=visit.device.agent if visit is not None else None,
        email=mail if has_mail else None,
        phone=phone_number if has_phone else None,
        landing=landing,
    )
