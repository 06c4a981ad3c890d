"""The test "the rate lies above what is tolerated", over a family, with customers kept apart (method notes 0.6, 3.4).

Shared by the findings that hold a rate against a tolerance. That something happened is a fact; the test is of its rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mining.evidence import Reach
from mining.method import Method
from mining.rates import Rate
from mining.statistics import benjamini_hochberg, binomial_above, holm


@dataclass(frozen=True)
class Verdict:
    """What the tests say of one rate. q is 1 outside the family, p_holm None for what is no candidate."""

    in_family: bool
    p_discovery: float = 1.0
    q: float = 1.0
    p_confirm: float | None = None
    p_holm: float | None = None

    @property
    def p(self) -> float:
        """The p value that counts most: of the customers kept apart where there is one."""
        return self.p_discovery if self.p_confirm is None else self.p_confirm

    def status(
        self, share: float, tolerance: float, needed: int | None, reach: Reach, stable: bool | None, method: Method
    ) -> str:
        """below_tolerance, not_enough_data (a floor fails), cannot_tell (may be chance), candidate or confirmed.

        `share` = over all; confirmed: Holm in the customers kept apart, and the rate stays above without the heaviest
        customers and with strict identity.
        """
        if share <= tolerance:
            return "below_tolerance"
        if needed is not None:
            return "not_enough_data"
        if self.p_holm is None:
            return "cannot_tell"
        shown = self.p_holm <= method.confirm_alpha and reach.customers_confirm >= method.small_cell_customers
        return "confirmed" if shown and stable is not False else "candidate"


def decide(rates: Sequence[Rate], tolerance: float, method: Method) -> list[Verdict]:
    """One verdict per rate: BH over the family in the discovery parts, Holm over the candidates in the parts apart.

    The family is every rate whose floors hold in the discovery parts, in proportion (0.7: the floor comes first); what
    is kept apart has no say in it.
    """
    part = method.discovery_parts / 10
    n_min, hits_min = (math.ceil(f * part) for f in (method.deviation_journeys_min, method.deviation_hits_min))
    family = [i for i, r in enumerate(rates) if r.n["discovery"] >= n_min and r.hits["discovery"] >= hits_min]

    def p_values(split: str, members: Sequence[int]) -> list[float]:
        return [binomial_above(rates[i].hits[split], rates[i].n[split], tolerance) for i in members]

    p_first = p_values("discovery", family)
    out = [Verdict(False)] * len(rates)
    for i, p, q in zip(family, p_first, benjamini_hochberg(p_first), strict=True):
        out[i] = Verdict(True, p, q)
    candidates = [i for i in family if out[i].q <= method.discovery_q and rates[i].share("discovery") > tolerance]
    p_second = p_values("confirm", candidates)
    for i, p, adjusted in zip(candidates, p_second, holm(p_second), strict=True):
        out[i] = Verdict(True, out[i].p_discovery, out[i].q, p, adjusted)
    return out
