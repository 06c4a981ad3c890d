"""Scores over many judged worlds, kind by kind, and the gates of the method note (11.4)."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from matching import Record, Verdict, match
from scipy import stats

FALSE_ALARM_SHARE, CONFIDENCE = 0.10, 0.95
RECALL_MIN, PRECISION_MIN = 0.80, 0.90
WITHOUT_CONTROL = "W6D"
NO_CONTROL = "There is no unaffected group"
SMALL_WORLDS = {"W11": {"confirmed"}, "W6S": {"confirmed", "candidate"}, "W10S": {"confirmed", "candidate"}}
"""Sites too small for what is asked there, and what nothing may be told as."""
NULL_WORLDS = {"W0", "W10N", "W60", "WF0"}
TENDENCY = "loop.pingpong, as a tendency"


@dataclass
class Score:
    """What came of one kind over all worlds. Counts, but `errors`: relative errors of confirmed shares."""

    planted: int = 0
    detectable: int = 0
    detected: int = 0
    confirmed: int = 0
    false: int = 0
    wrong_sign: int = 0
    intervals: int = 0
    covering: int = 0
    q_small: int = 0
    q_false: int = 0
    errors: list[float] = field(default_factory=list)
    null_worlds: int = 0
    alarmed_worlds: int = 0
    told_in_small: int = 0
    habits: int = 0
    too_bold: int = 0
    """Findings of a change without a control that are more than a candidate of grade D, or do not say so."""
    costs: list[tuple[float, float]] = field(default_factory=list)
    """(true, told) customer minutes a week of confirmed findings of a plant."""

    @property
    def recall(self) -> float | None:
        """Of the plants at 1.5 times the detectable size: the share that is confirmed."""
        return self.detected / self.detectable if self.detectable else None

    @property
    def precision(self) -> float | None:
        """Of the confirmed: the share that is true."""
        return (self.confirmed - self.false) / self.confirmed if self.confirmed else None

    @property
    def bias(self) -> float | None:
        """Mean relative error of confirmed shares."""
        return statistics.fmean(self.errors) if self.errors else None

    def failures(self) -> list[str]:
        """The gates that this kind does not pass."""
        out = []
        if self.null_worlds and self.alarmed_worlds > max(0, worlds_allowed(self.null_worlds)):
            out.append(f"{self.alarmed_worlds} of {self.null_worlds} null worlds")
        if self.recall is not None and self.recall < RECALL_MIN:
            out.append(f"recall {self.recall:.2f}")
        if self.precision is not None and self.precision < PRECISION_MIN:
            out.append(f"precision {self.precision:.2f}")
        if self.wrong_sign:
            out.append(f"{self.wrong_sign} wrong signs")
        if self.intervals and not covers(self.covering, self.intervals):
            out.append(f"coverage {self.covering} of {self.intervals}")
        if self.too_bold:
            out.append(f"{self.too_bold} without a control, and not told as such")
        if self.told_in_small:
            out.append(f"{self.told_in_small} told in worlds too small for it")
        return out


def worlds_allowed(n: int) -> int:
    """The most null worlds with a false alarm that still show a rate of at most 10 % with 95 % confidence.

    1 of 50, 4 of 100, 12 of 200 (method note 11.4); -1 = so few worlds show nothing, be there no alarm at all.
    """
    k = -1
    while stats.binom.cdf(k + 1, n, FALSE_ALARM_SHARE) <= 1 - CONFIDENCE:
        k += 1
    return k


def covers(covering: int, n: int) -> bool:
    """Inside the 99 % band of the binomial of 95 % intervals (181 to 197 of 200), or above it: rates that are too
    cautious are no fault of a test.
    """
    return covering >= stats.binom.ppf(0.005, n, 0.95)


def score(worlds: Iterable[Record]) -> dict[str, Score]:
    """Scores by kind."""
    out: defaultdict[str, Score] = defaultdict(Score)
    for world in worlds:
        _add(out, world)
    return dict(sorted(out.items()))


def _add(out: defaultdict[str, Score], world: Record) -> None:
    verdict = match(world)
    told, false = verdict.told, verdict.false
    is_null, is_tiny = world["world"] in NULL_WORLDS, world["world"] in SMALL_WORLDS
    if world["world"] == WITHOUT_CONTROL:
        out["change_effect"].too_bold += sum(_is_too_bold(one) for one in world["findings"])
        return  # what it estimates is the change and the season, and says so
    wrong = [f["kind"] for f in false] + [t.claim["kind"] for t in told if t.is_confirmed and not t.is_real]
    for one in told:
        kind, claim, finding = out[one.claim["kind"]], one.claim, one.finding
        if one.is_real and claim["planted"] and not is_tiny:
            kind.planted += 1
            kind.detectable += one.detectable
            kind.detected += one.detectable and one.is_confirmed
        kind.confirmed += one.is_confirmed
        if finding is not None and claim["rate"] is not None and finding["ci"].get("low") is not None and not is_tiny:
            kind.intervals += 1
            kind.covering += finding["ci"]["low"] <= claim["rate"] <= finding["ci"]["high"]
            if one.is_confirmed and one.is_real:
                kind.costs += _cost(claim, finding)
                kind.errors.append(finding["effect"]["value"] / claim["rate"] - 1)
                kind.wrong_sign += (finding["effect"]["value"] - claim["null"]) * (claim["rate"] - claim["null"]) < 0
    for name in wrong:
        out[name].false += 1
    for finding in false:
        out[finding["kind"]].confirmed += 1
    for finding in verdict.habits:
        out[finding["kind"]].habits += 1
    _add_tendency(out, world, verdict)
    if is_null:
        for name in world["kinds"]:
            out[name].null_worlds += 1
            out[name].alarmed_worlds += name in wrong
    if is_tiny:
        for finding in world["findings"]:
            out[finding["kind"]].told_in_small += finding["status"] in SMALL_WORLDS[world["world"]]
    real = {id(one.finding) for one in told if one.is_real}
    for finding in world["findings"]:
        if finding["q"] is not None and finding["q"] <= 0.10 and finding["status"] in ("confirmed", "candidate"):
            out[finding["kind"]].q_small += 1
            out[finding["kind"]].q_false += id(finding) not in real and finding in false


def _is_too_bold(finding: Record) -> bool:
    return finding["status"] == "confirmed" or finding["grade"] != "D" or NO_CONTROL not in finding["text_caution"]


def _cost(claim: Record, finding: Record) -> list[tuple[float, float]]:
    """The true and the told minutes, where both are known."""
    told = (finding.get("cost") or {}).get("customer_min_per_week")
    return [(claim["minutes"], told["mid"])] if claim.get("minutes") and told else []


def cost_rank(scores: dict[str, Score]) -> tuple[float, float, int] | None:
    """Of the confirmed findings whose true minutes are known: rank correlation of told and true minutes, the median of
    told / true, and how many there are. None for fewer than three.
    """
    costs = [pair for one in scores.values() for pair in one.costs]
    if len(costs) < 3:
        return None
    rank = float(stats.spearmanr(*zip(*costs, strict=True)).statistic)
    return rank, statistics.median(told / true for true, told in costs), len(costs)


def _add_tendency(out: defaultdict[str, Score], world: Record, verdict: Verdict) -> None:
    """The claim "a tendency, and not a mix of customers" of ping-pongs, which is tested by itself (4.3)."""
    if not any(finding["tendency"] for finding in world["findings"]):
        return
    kind = out[TENDENCY]
    planted = {id(one.finding) for one in verdict.told}
    shown = [finding for finding in world["findings"] if finding["tendency"] == "shown"]
    false = [f for f in shown if id(f) not in planted and not 2 * f["true_share"]["need"] >= f["effect"]["value"]]
    kind.planted += sum(one.claim["kind"] == "loop.pingpong" and one.claim["planted"] for one in verdict.told)
    kind.confirmed += len(shown)
    kind.false += len(false)
    if world["world"] == "W0":
        kind.null_worlds += 1
        kind.alarmed_worlds += bool(false)
