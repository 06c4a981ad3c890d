"""What is compared with what, and what comes of it (method 10.2): gaps of shops, surveys and published figures.

A comparison holds one company against us by one metric of one instrument in one wave. It is ranked only in the newest
wave that both sides have, not older than a year, with 30 and more on each side, and where its interval at Holm's level
over all such comparisons excludes "no gap".
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mining.competitors.estimate import Gap
from mining.competitors.mix import Stratum
from mining.method import Method
from mining.statistics import holm

SHARE, RATIO, DIFFERENCE = "share", "ratio", "difference"
TOO_FEW, NO_RANKING, AHEAD, ALIKE, NOT_SHOWN, OLD, NOT_COMPARABLE = (
    "too_few", "no_ranking", "ahead", "alike", "not_shown", "old", "not_comparable",
)  # fmt: skip


@dataclass(frozen=True)
class Dropped:
    """A stratum that is in no gap: reason = ours, theirs (that side has no shop in it), mix (our customers don't come
    so) or unknown (no step of ours tells the scenario)."""

    stratum: Stratum
    n_ours: int
    n_theirs: int
    reason: str


@dataclass(frozen=True)
class Comparison:
    """One company against us. `gap` is in the units of its shape: a difference of shares, the logarithm of a ratio of
    times, a difference; None where there is no number, and `verdict` says why.

    better: +1 where more is better for the customer, -1 where less is, 0 where that is a matter of the question.
    weights: "log" = strata count as our customers come, "plan" = as the shops were planned, "" = no strata.
    """

    company: str
    instrument: str
    metric: str
    wave: str
    shape: str
    unit: str
    better: int
    n_ours: int
    n_theirs: int
    last_day: dt.date
    age_days: int
    value_ours: float | None = None
    value_theirs: float | None = None
    gap: Gap | None = None
    question: str = ""
    shoppers: tuple[int, int] = (0, 0)
    strata: tuple[Stratum, ...] = ()
    weight_of: tuple[float, ...] = ()
    """What each of the strata counts, adding up to 1."""
    dropped: tuple[Dropped, ...] = ()
    weights: str = ""
    mapped: tuple[float, float] | None = None
    is_newest: bool = True
    cautions: tuple[str, ...] = ()
    verdict: str = ""
    p_holm: float | None = None
    alike_holm: float | None = None
    family_size: int = 0
    rank: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """The smaller side."""
        return min(self.n_ours, self.n_theirs)

    def read(self, value: float) -> float:
        """A gap, or an end of its interval, as it is told: ratios of times are no logarithms then."""
        return math.exp(value) if self.shape == RATIO else value

    def ends(self, confidence: float) -> tuple[float, float] | None:
        """The interval of the gap as it is told."""
        if self.gap is None:
            return None
        low, high = self.gap.interval(confidence)
        return self.read(low), self.read(high)

    @property
    def told(self) -> float | None:
        """The gap as it is told."""
        return None if self.gap is None else self.read(self.gap.value)

    @property
    def holm_confidence(self) -> float:
        """The confidence at which its interval must exclude "no gap" by Holm's step down."""
        return 1 - 0.05 / max(1, self.family_size - self.rank)

    @property
    def ahead(self) -> str:
        """Who is better for the customer, of a ranked one: us, them; higher, lower where that is open."""
        if self.verdict != AHEAD or self.gap is None:
            return ""
        if self.better == 0:
            return "higher" if self.gap.value > 0 else "lower"
        return "us" if self.gap.value * self.better > 0 else "them"


def floored(one: Comparison, method: Method) -> Comparison:
    """Without a number where a side has too few."""
    if one.n < method.gap_cases_min:
        return replace(one, gap=None, value_ours=None, value_theirs=None, verdict=TOO_FEW)
    return one


def judged(comparisons: Sequence[Comparison], method: Method) -> list[Comparison]:
    """The comparisons with their verdicts: floors, Holm over companies and metrics, likeness, age."""
    family = [
        place
        for place, one in enumerate(comparisons)
        if one.gap is not None and one.is_newest and one.age_days <= method.gap_age_days_max
        and one.n >= method.gap_ranking_min and not one.verdict
    ]  # fmt: skip
    gaps = [one.gap for place in family if (one := comparisons[place]).gap is not None]
    apart, alike = holm([gap.p for gap in gaps]), holm([gap.p_alike for gap in gaps])
    order = sorted(range(len(gaps)), key=lambda at: (gaps[at].p, at))
    rank = {at: place for place, at in enumerate(order)}
    out = [_without_test(one, method) for one in comparisons]
    for at, place in enumerate(family):
        is_apart = apart[at] <= method.confirm_alpha and "unmapped" not in comparisons[place].cautions
        verdict = AHEAD if is_apart else ALIKE if alike[at] <= method.confirm_alpha else NOT_SHOWN
        out[place] = replace(
            comparisons[place],
            verdict=verdict,
            p_holm=apart[at],
            alike_holm=alike[at],
            family_size=len(gaps),
            rank=rank[at],
        )
    return out


def _without_test(one: Comparison, method: Method) -> Comparison:
    if one.verdict:
        return one
    if one.gap is None:
        return replace(one, verdict=TOO_FEW)
    if not one.is_newest or one.age_days > method.gap_age_days_max:
        return replace(one, verdict=OLD)
    return replace(one, verdict=NO_RANKING)
