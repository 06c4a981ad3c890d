"""Findings against truth: which finding tells which claim, what is told beside the truth, what could be detected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from claims import CONFIRM_PART, CONSEQUENCES, POWER, place_of
from scipy import stats
from world_web import FAILINGS

from mining.shrinkage import smallest_found

Record = dict[str, Any]
MARGIN = 1.5
LIKE_WITHIN = 0.02
SIGNED = {"change_effect"}
"""Kinds whose sizes may lie on either side of the null."""
SPREAD, LEAST_CALLS = 0.35, 4
"""Error of what a failing of the website is held against, and the part of its ten calls that is kept apart."""
LOOP_HITS = {0.4: 8, 0.6: 12}
"""The floor of hits of a loop in each part (method note 4: 20 in all)."""


@dataclass(frozen=True)
class Told:
    """A claim and the finding that tells it, if any. `detectable`: its size is at least 1.5 times what is found with
    80 % power from so many units.
    """

    claim: Record
    finding: Record | None
    detectable: bool

    @property
    def is_confirmed(self) -> bool:
        """Whether the finding is confirmed."""
        return self.finding is not None and self.finding["status"] == "confirmed"

    @property
    def is_real(self) -> bool:
        """Whether there is something to tell: the true size lies beyond the null."""
        return self.claim["rate"] is None or beyond(self.claim) > 0


@dataclass(frozen=True)
class Verdict:
    """Of one world: its claims with their findings; and the confirmed findings that tell none of them.

    false = not true at all. habits = loops and questions that single needs do not have: customers come back with
    another need, and the journeys are cut by time. allowed = what follows from a plant, and counts that are true though
    unplanted.
    """

    told: list[Told]
    false: list[Record]
    habits: list[Record]
    allowed: list[Record]


def match(world: Record) -> Verdict:
    """Findings against truth."""
    left = {id(finding): finding for finding in world["findings"]}
    told = []
    for claim in (claim for claim in world["truths"] if claim["kind"] in world["kinds"]):
        telling = [f for f in left.values() if f["kind"] == claim["kind"] and tells(f, claim["place"])]
        found = min(telling, key=lambda f: f["status"] != "confirmed", default=None)
        if found is not None:
            del left[id(found)]
            if found.get("true_rate") is not None:
                claim = claim | {"rate": found["true_rate"]}
        told.append(Told(claim, found, is_detectable(claim, found, world)))
    verdict = Verdict(told, [], [], [])
    follows = consequences(world)
    for finding in left.values():
        if finding["status"] == "confirmed":
            getattr(verdict, _class(finding, follows)).append(finding)
    return verdict


def beyond(claim: Record) -> float:
    """How far a claim's size lies beyond its null, on the side where there is something to tell."""
    far = float(claim["rate"] - claim["null"])
    return abs(far) if claim["kind"] in SIGNED else far


def tells(finding: Record, place: Iterable[str]) -> bool:
    """Same steps, by name; the finding may name no context. A path may have other steps between those of the plant."""
    found = place_of(finding)
    return frozenset(place) <= found if finding["kind"] == "outcome_path" else frozenset(place) == found


def consequences(world: Record) -> set[tuple[str, frozenset[str]]]:
    """What the plants of a world bring about beside themselves."""
    return {
        (kind, frozenset(place))
        for plant, places in CONSEQUENCES.items()
        if world["plants"].get(plant)
        for kind, place in places
    }


def _class(finding: Record, follows: set[tuple[str, frozenset[str]]]) -> str:
    """The part of a verdict that a finding without a claim belongs to. A count is true within a factor of two."""
    share = finding.get("true_share", {"need": 0.0, "customer": 0.0})
    told = finding["effect"]["value"]
    is_told = any(kind == finding["kind"] and tells(finding, place) for kind, place in follows)
    if is_told or 2 * share["need"] >= told > 0:
        return "allowed"
    return "habits" if 2 * share["customer"] >= told > 0 else "false"


def is_detectable(claim: Record, finding: Record | None, world: Record) -> bool:
    """Whether the claim's size is at least 1.5 times the detectable one."""
    if claim["kind"] == "eliminate":
        return _power_of_likeness(claim["n"], claim["null"]) >= POWER
    if claim["rate"] is None:
        return False
    if claim.get("limit") is not None:
        return bool(claim["rate"] - claim["null"] >= MARGIN * (claim["limit"] - claim["null"]))
    if claim["kind"] in SIGNED:
        return finding is not None and finding.get("mde") is not None and beyond(claim) >= MARGIN * finding["mde"]
    if claim["kind"] in FAILINGS:
        limit = smallest_found(CONFIRM_PART * claim["n"], SPREAD, LEAST_CALLS, 1.0, 0.95, POWER)
        return bool(claim["rate"] - claim["null"] >= MARGIN * (limit - claim["null"]))
    if claim["kind"] == "competitor_gap":
        return bool(finding and finding["mde"] and abs(claim["rate"] - claim["null"]) >= MARGIN * finding["mde"])
    family = claim["kind"].split(".")[0]
    if family == "repeat_contact":
        limit = _limit_of_excess(finding) if finding else None
    else:
        n = finding["n"].get("n_confirm") if finding else None
        n = round(CONFIRM_PART * claim["n"]) if n is None else n
        family = claim["kind"] if claim["kind"] in _POWER else family
        limit = detectable(family, n, claim["null"], len(world["truths"]))
    return limit is not None and claim["rate"] - claim["null"] >= MARGIN * (limit - claim["null"])


@cache
def detectable(family: str, n_confirm: int, null: float, m: int) -> float | None:
    """The smallest share that is confirmed with 80 % power from `n_confirm` units kept apart; None when none is."""
    finds = _POWER[family]
    step = 0.0025
    shares = [null + step * k for k in range(1, int((1 - null) / step))]
    return next((share for share in shares if finds(share, n_confirm, null, m) >= POWER), None)


def _power_of_test(share: float, n: int, null: float, m: int) -> float:
    """One-sided exact binomial test against `null` at 5 % over m candidates (Bonferroni, which Holm beats)."""
    needed = int(stats.binom.isf(0.05 / m, n, null)) + 1
    return float(stats.binom.sf(needed - 1, n, share))


def _power_of_floors(share: float, n: int, _null: float, _m: int) -> float:
    """Enough hits in both parts."""
    confirm = stats.binom.sf(LOOP_HITS[0.4] - 1, n, share)
    return float(confirm * stats.binom.sf(LOOP_HITS[0.6] - 1, round(n * 1.5), share)) if n >= 40 else 0.0


def _power_of_likeness(n: int, share: float) -> float:
    """Two one-sided tests at 5 % within the widest margin, in the customers kept apart, where nothing differs."""
    error = (2 * share * (1 - share) / (CONFIRM_PART * n)) ** 0.5
    return max(0.0, 2 * float(stats.norm.cdf(LIKE_WITHIN / error - stats.norm.isf(0.05))) - 1)


def _power_of_weeks(share: float, n: int, null: float, _m: int) -> float:
    """One-sided t test over the shares of four weeks, at 5 % over two kinds of waits."""
    error = (share * (1 - share) / n) ** 0.5
    return float(stats.nct.sf(stats.t.isf(0.05 / 2, 3), 3, (share - null) / error)) if n >= 40 else 0.0


def _limit_of_excess(finding: Record) -> float | None:
    """The smallest excess found with 80 % power in the customers kept apart, by the width of the interval."""
    if finding["status"] == "not_enough_data" or finding["ci"].get("low") is None:
        return None
    se = (finding["ci"]["high"] - finding["ci"]["low"]) / 3.92
    if finding["n"].get("sample") != "confirm":
        se /= CONFIRM_PART**0.5
    return float(se * (stats.norm.isf(0.05 / 3) + stats.norm.ppf(POWER)))


_POWER: dict[str, Callable[[float, int, float, int], float]] = {
    "deviation": _power_of_test,
    "deviation.late": _power_of_weeks,
    "merge": _power_of_test,
    "handoff": _power_of_test,
    "duplicate_request": _power_of_test,
    "loop": _power_of_floors,
    "rework": _power_of_floors,
    "re_ask": _power_of_floors,
    "batch_contact": _power_of_floors,
}
