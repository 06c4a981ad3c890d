"""What a journey asks of the engine: things that must happen in order of time across all customers."""

from __future__ import annotations

from dataclasses import dataclass

from world_random import Draws
from world_record import Order


@dataclass(frozen=True)
class CallRequest:
    """Call the shop at `at_s`, choose `queue` in the phone menu. Answered with the Call."""

    at_s: float
    queue: str
    need: int
    person: int
    draws: Draws


@dataclass(frozen=True)
class OrderRequest:
    """Place `draft` at `at_s`. Answered with the same Order, numbered."""

    at_s: float
    draft: Order
