"""Findings that are a share of journeys: the numbers of each split, and the parts of the record made of them.

Names and units are English in the record and said where they are shown; reasons and methods are said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ingest.language import mark, say, say_n
from mining.evidence import NOT_CUT, Reach
from mining.population import SPLITS, Variant
from mining.statistics import needed_for_floor, wilson


@dataclass(frozen=True)
class Rate:
    """Hits and eligible journeys by split ("all", "discovery", "confirm", "light", "strict"). Hits may be
    fractional.
    """

    METHOD: ClassVar[str] = mark("Wilson score")

    hits: dict[str, float]
    n: dict[str, int]

    def share(self, split: str) -> float:
        """Hits per eligible journey; 0 when there is none."""
        return self.hits[split] / self.n[split] if self.n[split] else 0.0

    def interval(self, split: str, confidence: float) -> tuple[float, float]:
        """Wilson interval of the share."""
        return wilson(self.hits[split], self.n[split], confidence)


def rate_of(hit: list[tuple[Variant, float]], n: dict[str, int]) -> Rate:
    """The rate from the variants that show something (with the hits of one journey, at most 1) and the eligible
    journeys by split.
    """
    hits = {split: float(sum(v.counts[split] * min(1.0, amount) for v, amount in hit)) for split in SPLITS}
    return Rate(hits, n)


def n_part(rate: Rate, reach: Reach, sample: str, *, events: int | None, n_needed: int | None) -> dict[str, Any]:
    """The record's `n`. `units` = eligible journeys of the published sample, `exposed` = of all closed journeys."""
    return {
        "units": rate.n[sample],
        "unit": mark("closed journeys"),
        "hits": round(rate.hits[sample], 2),
        "sample": sample,
        "customers": reach.customers,
        "journeys": reach.journeys,
        "exposed": rate.n["all"],
        "events": events,
        "hits_all": round(rate.hits["all"], 2),
        "share_all": round(rate.share("all"), 6),
        "hits_discovery": round(rate.hits["discovery"], 2),
        "n_discovery": rate.n["discovery"],
        "hits_confirm": round(rate.hits["confirm"], 2),
        "n_confirm": rate.n["confirm"],
        "n_needed": n_needed,
    }


def ci_part(rate: Rate, sample: str, confidence: float, method: str | None = None) -> dict[str, Any]:
    """The record's `ci` for the share of a sample."""
    low, high = rate.interval(sample, confidence)
    return {"low": round(low, 6), "high": round(high, 6), "level": confidence, "method": say(method or rate.METHOD)}


def effect_part(rate: Rate, sample: str, name: str, baseline: float) -> dict[str, Any]:
    """The record's `effect`: the share of a sample, which is one where it lies above `baseline`."""
    value = round(rate.share(sample), 6)
    return {"name": name, "value": value, "unit": mark("share"), "baseline": baseline, "direction": "up"}


def robustness_part(rate: Rate, baseline: float) -> dict[str, Any]:
    """The record's `robustness` for a share: the share without the heaviest customers and with strict identity.

    `sign_stable`: the share stays above `baseline` without the heaviest, and with strict identity does not fall below
    it beyond chance (journeys that are strong throughout are few); None when neither can be taken.
    """
    parts: dict[str, Any] = {}
    signs: list[bool] = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        hits, n = rate.hits[split], rate.n[split]
        if n < 30:
            left = say_n("only {n} journey is left", "only {n} journeys are left", int(n), n=int(n))
            parts[name] = {"reason": left if n else say("no journey is left")}
        else:
            parts[name] = {"value": round(hits / n, 6), "n": int(n)}
            signs.append((wilson(hits, n, 0.95)[1] if name == "strict_identity" else hits / n) > baseline)
    parts |= {"half_gap": {"reason": say(NOT_CUT)}, "double_gap": {"reason": say(NOT_CUT)}}
    return {**parts, "sign_stable": all(signs) if signs else None}


def floor_needed(rate: Rate, reach: Reach, journeys_min: int, hits_min: float, customers_min: int) -> int | None:
    """None when the floors hold, else how many eligible journeys would be needed at the share seen so far."""
    n, hits = rate.n["all"], rate.hits["all"]
    needed = [journeys_min] if n < journeys_min else []
    if hits < hits_min:
        needed.append(needed_for_floor(hits, hits_min, n))
    if reach.customers < customers_min:
        needed.append(needed_for_floor(reach.customers, customers_min, n))
    return max(needed) if needed else None
