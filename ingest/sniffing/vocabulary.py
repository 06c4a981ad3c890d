"""What the words of codes and addresses usually mean: the guess that a draft of the step dictionary starts from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Meaning:
    """A step as a draft declares it; `also` holds further keys of it. The first word that is found decides."""

    words: str
    step: str
    label: str
    stage: str
    kind: str = "work"
    actor: str = "customer"
    also: dict[str, Any] = field(default_factory=dict, hash=False)


_HIDDEN = {"visible": False}
_ANY = {"repeats": "any"}
KINDS: dict[str, tuple[Meaning, ...]] = {
    "web": (
        Meaning(r"^(session_start|first_visit|user_engagement|scroll|page_ping)", "visit_noted",
                "The website notes a visit", "research", "browse", "company", _HIDDEN),
        Meaning(
            r"ajax|\bapi\b|static|images?\b|assets|logo\b|manifest|json|\.xml|\.txt|feed|rss|wp-|tracking",
            "page_part", "The page fetches a part of itself", "research", "browse", "company", _HIDDEN,
        ),
        Meaning(r"cart|basket|\bbag\b|warenkorb|carrinho", "cart", "Puts into or looks at the cart", "order"),
        Meaning(r"confirmation|thank|success", "order_confirmed", "Sees the order confirmed", "order", "outcome"),
        Meaning(r"checkout|kasse", "checkout", "Goes through the checkout", "order"),
        Meaning(r"\bpay|payment|purchase", "pay_online", "Pays online", "order"),
        Meaning(r"return|refund|exchange", "return_online", "Asks for a return online", "return"),
        Meaning(r"track|shipment|status", "look_up_order", "Looks up an order", "receive", "info_request"),
        Meaning(r"\bhelp\b|faq|contact|support", "view_help", "Reads help or contact", "help", "info_request"),
        Meaning(r"login|signin|account|register|profile|password", "account", "Signs in or sees the account", "order"),
        Meaning(r"search|suche|busca", "search", "Searches", "research", "browse", "customer", _ANY),
        Meaning(r"product|\bitem|\bdp\b|\bsku\b|artikel|produto", "view_product", "Looks at a product", "research",
                "browse", "customer", _ANY),
        Meaning(r"categor|browse|filter|collection|/c/", "view_category", "Looks through the offer", "research",
                "browse", "customer", _ANY),
        Meaning(r"^\S+ /$", "view_home", "Opens the first page", "research", "browse", "customer", _ANY),
    ),
    "call": (
        Meaning(r"^out|\bout$|outbound", "called_by_us", "Is called by us", "help", "contact", "company"),
        Meaning(r"member|logo[nf]|login|pause|queuestart|config|ringnoanswer|penalty|wrapup|alert|chan_|linkedid",
                "call_system", "The telephone system works", "help", "work", "company", _HIDDEN),
        Meaning(r"abandon|no.?answer|cancel|unanswered|exit", "give_up_call", "Gets nobody on the line", "help",
                "outcome", "customer", {"bad": True}),
        Meaning(r"transfer", "transferred", "Is passed on to somebody else", "help", "handoff", "company"),
        Meaning(r"ivr|menu|background|playback", "phone_menu", "Goes through the phone menu", "help"),
        Meaning(r"complete|disconnect|hangup|_end|\bend", "call_ends", "The call ends", "help", "work", "company",
                _HIDDEN),
        Meaning(r"busy|fail|congestion", "call_fails", "Does not get through", "help", "outcome", "company",
                {"bad": True}),
        Meaning(r"connect|agent|bridge", "talk", "Talks to somebody", "help", "contact", "company"),
        Meaning(r"enter|queue|inbound|contact|dial|answer|call|customer|start", "call", "Calls", "help", "contact"),
    ),
    "order": (
        Meaning(r"overdue|late\b", "overdue", "Waits longer than promised", "receive", "outcome", "company",
                {"bad": True}),
        Meaning(r"cancel|void", "cancelled", "The order is cancelled", "order", "outcome", "company", {"bad": True}),
        Meaning(r"refund|credit", "refunded", "Gets the money back", "return", "outcome", "company"),
        Meaning(r"return|exchange", "returned", "Sends goods back", "return"),
        Meaning(r"review|rating|survey|answer", "reviewed", "Is asked for a review, or writes it", "review"),
        Meaning(r"carrier|ship|fulfil|dispatch|handed|transit", "shipped", "The goods are on their way", "receive",
                "work", "company"),
        Meaning(r"deliver|receiv|arriv", "delivered", "Receives the goods", "receive", "outcome", "company"),
        Meaning(r"fail|declin|expired", "payment_failed", "The payment fails", "order", "work", "company",
                {"reactive": True}),
        Meaning(r"approv|paid|\bpay|transaction|(?<!in )charge|captur|invoice", "paid", "The payment is taken",
                "order", "work", "company"),
        Meaning(r"closed|archiv|updat|modif", "order_system", "The shop's records change", "order", "work", "company",
                _HIDDEN),
        Meaning(r"creat|plac|purchas|order|checkout", "place_order", "Places an order", "order"),
    ),
    "record": (),
}  # fmt: skip
DEPARTMENTS = {
    "web": ("Website", "pages"), "call": ("Call centre", "calls"), "order": ("Order desk", "orders"),
    "record": ("Back office", "records of a system"), "receive": ("Delivery", "parcels"),
    "return": ("Returns", "returns and refunds"),
}  # fmt: skip
CHANNELS = {"web": "web", "call": "agent", "order": "order", "record": "system"}
PURPOSES = {"search": "search", "view_help": "help", "look_up_order": "status"}
"""What a page of a step is for, as a proposal says it; a draft says none, since findings lean on it."""
DEFAULT_STAGE = {"web": "research", "call": "help", "order": "order", "record": "help"}


def meaning_of(kind: str, code: str) -> Meaning | None:
    """What a code of a kind of source usually means; None when no word of it is known."""
    text = code.lower()
    return next((meaning for meaning in KINDS[kind] if re.search(meaning.words, text)), None)


def kind_of(codes: dict[str, int], call_share: float, order_share: float) -> str:
    """What a source tells of: pages, calls, orders or else, by its codes and the shares of its events with a call's or
    an order's number."""
    n_addresses = sum(count for code, count in codes.items() if re.search(r"^\S+ /", code))
    return kind_by_shares(n_addresses / max(sum(codes.values()), 1), call_share, order_share)


def kind_by_shares(address_share: float, call_share: float, order_share: float) -> str:
    """`kind_of` by the shares of the events alone."""
    if address_share > 0.5:
        return "web"
    if call_share > 0.5:
        return "call"
    if order_share > 0.5:
        return "order"
    return "web" if address_share > 0.1 else "record"  # analytics tell of visits and clicks, too, which have no address
