"""The finding: one record for all kinds, checked before it is stored, stable over nights.

`reports/` and the exports read nothing else. A finding can't be made without n, an interval (or the reason there is
none), evidence and units, and its words must fit its grade. Layout of the JSON parts:

    where       what the finding is about; canonical JSON of it is its identity
    window      {"from": ISO date, "to": ISO date (exclusive), "weeks": float, "closed": true}
    n           {"units": int, "unit": str, "customers": int, "journeys": int, "exposed": int, "events": int | null,
                 "sample": "confirm" | "all", "n_needed": int | null}
    effect      {"name", "value", "unit", "baseline", "direction"}
    ci          {"low", "high", "level", "method"} or {"reason"}
    cost        {"customer_min_per_week" | "company_min_per_week" | "money_per_week": {"low","mid","high"} | null,
                 "basis": {same keys: "measured" | "assumed:<key>" | null}, "reason": {same keys: str | null}}
    evidence    {"typical": [...], "extreme": [...], "counter": [...], "sql": str, "seed": int}
    robustness  {"without_top_1pct_customers" | "strict_identity" | "half_gap" | "double_gap": {"value", "n"} or
                 {"reason"}, "sign_stable": bool | null}
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.errors import FrontstageError
from mining import words
from mining.method import DEFINITION_VERSION

KINDS = frozenset(
    {
        "deviation.skipped",
        "deviation.unexpected",
        "deviation.out_of_order",
        "deviation.late",
        "deviation.rule",
        "loop.self",
        "loop.pingpong",
        "loop.cycle",
        "rework",
        "repeat_contact",
        "re_ask",
        "merge",
        "eliminate",
        "handoff",
        "duplicate_request",
        "channel_switch",
        "batch_contact",
        "failure_point",
        "outcome_path",
        "page_calls",
        "empty_search",
        "help_before_call",
        "back_and_forth",
        "form_given_up",
        "status_again",
        "change_effect",
        "map_change",
        "whatif",
        "competitor_gap",
        "data_quality",
    }
)
STATUSES = ("confirmed", "candidate", "below_tolerance", "not_enough_data", "cannot_tell", "withdrawn")
GRADES = ("A", "B", "C", "D")
COSTS = ("customer_min_per_week", "company_min_per_week", "money_per_week")
_SHARE = re.compile(r"\d\s?%")
_INTERVAL = re.compile(r"\[[^\]]*\d[^\]]*\]")


class FindingError(FrontstageError):
    """A finding breaks the rules of the record. It is a bug of the analysis that made it."""


@dataclass(frozen=True)
class Finding:
    """One finding, as an analysis makes it. Labels, ranks and nights are added when it is stored."""

    kind: str
    status: str
    grade: str
    where: dict[str, Any]
    window: dict[str, Any]
    n: dict[str, Any]
    effect: dict[str, Any]
    ci: dict[str, Any]
    cost: dict[str, Any]
    evidence: dict[str, Any]
    robustness: dict[str, Any]
    title: str
    text_evidence: str
    text_caution: str
    family: str
    m: int
    config_hash: str
    input_hash: str
    p: float | None = None
    q: float | None = None
    definition_version: str = DEFINITION_VERSION
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = check(self)
        if problems:
            raise FindingError(
                f"finding {self.kind} {canonical(self.where)}: {'; '.join(problems)}; this is a bug of the analysis"
            )

    @property
    def finding_id(self) -> str:
        """First 16 hex of the SHA-256 of kind, place and definition: the same on every night."""
        return identity(self.kind, self.where, self.definition_version)

    @property
    def seed(self) -> int:
        """The seed of everything drawn for this finding."""
        return seed_of(self.finding_id)

    @property
    def customer_minutes(self) -> float:
        """Customer minutes per week at the middle estimate; 0 when unknown."""
        cost = self.cost.get("customer_min_per_week")
        return float(cost["mid"]) if cost else 0.0


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal bytes. Refuses NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def holds(effect: Mapping[str, Any], value: float) -> bool:
    """Whether another value of an effect lies on its side of the baseline; "within" = no farther from 0 than that."""
    baseline, direction = effect.get("baseline") or 0.0, effect.get("direction")
    if direction == "within":
        return bool(abs(value) < baseline)
    return bool(value < baseline if direction == "down" else value > baseline)


def identity(kind: str, where: dict[str, Any], definition_version: str = DEFINITION_VERSION) -> str:
    """The finding_id of a kind at a place."""
    return hashlib.sha256(f"{kind}|{canonical(where)}|{definition_version}".encode()).hexdigest()[:16]


def seed_of(finding_id: str) -> int:
    """A seed from a finding's identity (32 bit)."""
    return int(finding_id[:8], 16)


def shuffle_of(seed: int) -> int:
    """A finding's seed, spread over 64 bits by the golden ratio: it shuffles the random numbers of journeys."""
    return seed * 0x9E3779B97F4A7C15 % 2**64


def drawn_by(seed: int) -> str:
    """SQL that orders the rows of `population` (as p) at random, by a finding's seed: the same order on every night.

    Each journey has one random number, `draw`; the seed shuffles them.
    """
    return f"xor(p.draw, {shuffle_of(seed)}::ubigint), p.journey_key"


def check(finding: Finding) -> list[str]:
    """What breaks the rules of the record; empty when all is well."""
    problems = [
        f"{name} is {value!r}, expected one of {', '.join(sorted(allowed))}"
        for name, value, allowed in (
            ("kind", finding.kind, KINDS),
            ("status", finding.status, STATUSES),
            ("grade", finding.grade, GRADES),
        )
        if value not in allowed
    ]
    problems += [
        f"{name} is empty"
        for name in ("title", "text_evidence", "text_caution", "family", "config_hash", "input_hash")
        if not getattr(finding, name)
    ]
    problems += _check_numbers(finding) + _check_cost(finding.cost) + _check_evidence(finding)
    problems += lint_words(finding)
    return problems


def _check_numbers(finding: Finding) -> list[str]:
    problems = [
        f"n has no {key!r}"
        for key in ("units", "unit", "journeys", "customers", "exposed", "sample")
        if key not in finding.n
    ]
    problems += [f"window has no {key!r}" for key in ("from", "to", "weeks") if key not in finding.window]
    problems += [f"effect has no {key!r}" for key in ("name", "value", "unit") if key not in finding.effect]
    if finding.effect.get("value") is not None and not finding.effect.get("unit"):
        problems.append("the effect is a number without a unit")
    if "reason" not in finding.ci and not {"low", "high", "level", "method"} <= finding.ci.keys():
        problems.append("no interval and no reason for its absence")
    if "low" in finding.ci and not finding.ci["low"] <= finding.effect["value"] + 1e-9 <= finding.ci["high"] + 2e-9:
        problems.append("the effect lies outside its interval")
    if finding.status == "not_enough_data" and not finding.n.get("n_needed"):
        problems.append("not_enough_data without n_needed")
    for name, value in (("p", finding.p), ("q", finding.q)):
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            problems.append(f"{name} is not a probability")
    return problems


def _check_cost(cost: dict[str, Any]) -> list[str]:
    problems = []
    for key in COSTS:
        value = cost.get(key)
        if value is None:
            if not cost.get("reason", {}).get(key):
                problems.append(f"cost {key} is null without a reason")
        elif not cost.get("basis", {}).get(key):
            problems.append(f"cost {key} has no basis")
        elif not value["low"] <= value["mid"] <= value["high"]:
            problems.append(f"cost {key} is not in order: low, mid, high")
    return problems


def _check_evidence(finding: Finding) -> list[str]:
    evidence = finding.evidence
    problems = [
        f"evidence has no {key!r}" for key in ("typical", "extreme", "counter", "sql", "seed") if key not in evidence
    ]
    if finding.status == "confirmed" and not problems and not evidence["typical"]:
        problems.append("confirmed without evidence journeys")
    if sum(len(evidence.get(key, [])) for key in ("typical", "extreme", "counter")) > 20:
        problems.append("more than 20 evidence journeys")
    return problems


def lint_words(finding: Finding) -> list[str]:
    """Words by grade (0.8, mining/words.py), and no share in a title without its interval."""
    told = (finding.title, finding.text_evidence, finding.text_caution)
    names = [value for value in finding.where.values() if isinstance(value, str) and value]
    problems = [problem for text in told for problem in words.lint(text, finding.grade, names)]
    if _SHARE.search(_unquoted(finding.title)) and not _INTERVAL.search(finding.title) and "reason" not in finding.ci:
        problems.append("the title gives a share without its interval")
    return problems


def _unquoted(text: str) -> str:
    """The text without what stands in double quotes: step labels are the customer's words, not ours."""
    return re.sub(r'"[^"]*"', '""', text)
