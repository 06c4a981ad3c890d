"""How many contacts lead to another one, beyond those that the same customers make anyway (method note 4.2).

a = share of contacts followed by another within N days; b = the same in a far window, 28 days off, as long: what the
customer does anyway. If a contact brings a further one with chance x, then 1 - a = (1 - x)(1 - b), so
x = (a - b) / (1 - b). Customers differ and repeat themselves, so the variance is that of the linearised estimate,
summed over customers. It needs no more than sums over customers of products of two of a customer's numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

NAMES = ("a", "b", "m", "t", "h")
"""Per customer: contacts followed soon, contacts followed in the far window, contacts, seconds of the customer, of the
company."""


@dataclass(frozen=True)
class Sums:
    """Sums over customers of each of NAMES, and of the products of two of them, as {"a": ..., "a_b": ...}."""

    n_customers: int
    n_customers_again: int
    total: Mapping[str, int]

    @property
    def contacts(self) -> int:
        """Contacts with full follow-up."""
        return self.total["m"]

    @property
    def soon(self) -> float:
        """Share of contacts followed within the days."""
        return self.total["a"] / self.contacts

    @property
    def far(self) -> float:
        """Share of contacts with another in the far window."""
        return self.total["b"] / self.contacts

    def _spread(self, weight: Mapping[str, float]) -> float:
        """Standard error of a sum over customers of weight . numbers."""
        square = np.array(
            [[self.total["_".join(sorted((x, y), key=NAMES.index))] for y in NAMES] for x in NAMES], float
        )
        line = np.array([weight.get(name, 0.0) for name in NAMES])
        return math.sqrt(max(0.0, float(line @ square @ line)))

    def _weights(self) -> dict[str, float]:
        """What a customer's numbers add to the error of the excess."""
        a, b, m = self.soon, self.far, self.contacts
        of_a, of_b = 1 / ((1 - b) * m), (a - 1) / ((1 - b) ** 2 * m)
        return {"a": of_a, "b": of_b, "m": -(a * of_a + b * of_b)}

    def excess(self) -> tuple[float, float] | None:
        """(excess, standard error); None where it can't be told: no contact, or all of them have one in the far
        window."""
        if not self.contacts or self.total["b"] >= self.contacts:
            return None
        return (self.soon - self.far) / (1 - self.far), self._spread(self._weights())

    def time(self, name: str) -> tuple[float, float]:
        """(seconds, standard error) of the further contacts, as long as the counted ones: excess x their time."""
        told = self.excess()
        if told is None:
            return 0.0, 0.0
        total = self.total[name]
        return told[0] * total, self._spread({key: total * w for key, w in self._weights().items()} | {name: told[0]})


def p_above(value: float, error: float) -> float:
    """One-sided p of "the excess is at most 0"."""
    if error <= 0:
        return 0.0 if value > 0 else 1.0
    return float(stats.norm.sf(value / error))


def smallest_seen(error: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest excess that a one-sided test finds with this power."""
    return float(stats.norm.ppf(1 - alpha) + stats.norm.ppf(power)) * error
