"""Pairs of steps that always go together and might be one (method note 5, kind `merge`).

A pair A, B is proposed when, over closed journeys whose start is in the data: after A comes B and before B stands A,
both with Wilson's lower bound at least 0.85; channel and department are the same in at least 80 % of the moves; there
is no decision between them (entropy of what follows A at most 0.3 bit, Miller-Madow); and the median gap is at most 10
minutes. A median gap under 2 seconds says that one action is written down twice: that is `data_quality`, not a merge.

Status. The claim is about two shares, so it is tested: H0 "one of them is at most 0.85", intersection-union, that is
the larger of two one-sided exact binomial p values. Family = all pairs with the floor of
occurrences of both steps.
- candidate: the definition holds over all closed journeys and BH q <= 0.10 in the discovery parts.
- confirmed: Holm over the candidates <= 0.05 in the customers kept apart; share and interval are theirs.
- cannot_tell: the definition holds over all, but the discovery parts alone do not carry it.
The grade is D: a count. What could fall away is an assumption (set-up minutes, realisable part), marked as such.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.population import SPLITS, Scope, Variant, variants
from mining.rates import Rate, ci_part, n_part, share_text
from mining.statistics import benjamini_hochberg, binomial_above, entropy_bits, holm, wilson

NAME = "merges"
KINDS = ("merge", "data_quality")
SUMMARY = "pairs of steps that always go together and might be one step"
READS = ("journey_event", "journey", "journey_metrics", "variants", "touch")

EFFECT = "weaker of P(next) and P(previous)"
FAMILY = "merge:adjacency"
_SCOPE = Scope(keep_truncated=False)
_SQL = Path(__file__).parent.parent / "pairs.sql"
_MAY_WORSEN = (
    "One step in place of two can take away a pause that customers use to check or to change their mind, "
    "and ties both to one system."
)


@dataclass(frozen=True)
class Pair:
    """A then B: moves and occurrences by split, and what the definition asks for. Gaps in ms."""

    first: str
    second: str
    moves: dict[str, int]
    n_first: dict[str, int]
    n_second: dict[str, int]
    same_band: float
    entropy: float
    gap_ms: tuple[int, int, int]

    @property
    def key(self) -> tuple[str, str]:
        """The two steps."""
        return self.first, self.second

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"step": self.first, "next": self.second}

    def weaker(self, split: str) -> Rate:
        """The smaller of the two shares as a rate: P(next = B | A) or P(previous = A | B)."""
        n = self.n_first if self.n_first[split] >= self.n_second[split] else self.n_second
        return Rate({s: float(self.moves[s]) for s in SPLITS}, dict(n))

    def p_value(self, split: str, share: float) -> float:
        """Intersection-union test that both shares exceed `share`."""
        return max(binomial_above(self.moves[split], n[split], share) for n in (self.n_first, self.n_second))


@dataclass(frozen=True)
class Proposal:
    """A pair that fulfils the definition, the kind it is, and the variants that show it."""

    pair: Pair
    kind: str
    hits: dict[int, float]

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.pair.where)


def find(store: Store, context: Context) -> list[Finding]:
    """Pairs that fulfil the definition, as findings."""
    pairs = read_pairs(store)
    floor = context.method.merge_occurrences_min
    family = [pair for pair in pairs if pair.n_first["all"] >= floor and pair.n_second["all"] >= floor]
    ways = variants(store, _SCOPE)
    proposed = [
        Proposal(pair, _kind(pair, context), _variants_with(pair, ways)) for pair in family if fulfils(pair, context)
    ]
    decisions = _decide(family, [one.pair for one in proposed], context)
    shown = evidence.publishable(store, context, _SCOPE, KINDS, proposed)
    return [_finding(store, context, one, decisions[one.pair.key], reach, len(family)) for one, reach in shown]


def read_pairs(store: Store) -> list[Pair]:
    """All pairs of different steps that follow one another, with their margins."""
    store.run(_SQL.read_text(encoding="utf-8"), name="pairs")
    rows = store.records("select * from pair_count order by step_from, step_to")
    n_first: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    followers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for split in SPLITS:
            n_first[row["step_from"]][split] += row[f"n_{split}"]
        followers[row["step_from"]].append(row["n_all"])
    return [
        Pair(
            row["step_from"],
            row["step_to"],
            {s: row[f"n_{s}"] for s in SPLITS},
            dict(n_first[row["step_from"]]),
            dict(n_first[row["step_to"]]),
            row["n_same_band"] / row["n_all"],
            entropy_bits(followers[row["step_from"]]),
            (row["gap_p25_ms"], row["gap_median_ms"], row["gap_p75_ms"]),
        )
        for row in rows
        if row["step_to"] is not None and row["step_to"] != row["step_from"]
    ]


def fulfils(pair: Pair, context: Context) -> bool:
    """The definition of section 5, on all closed journeys; every event of a step is an occurrence, the last one too."""
    method = context.method
    lows = [wilson(pair.moves["all"], n["all"], method.confidence)[0] for n in (pair.n_first, pair.n_second)]
    return (
        min(lows) >= method.merge_share_min
        and pair.same_band >= method.merge_band_share_min
        and pair.entropy <= method.merge_entropy_max_bit
        and pair.gap_ms[1] <= method.merge_gap_max_ms
    )


def _kind(pair: Pair, context: Context) -> str:
    """Two steps within seconds of one another are one action that is written down twice."""
    return "data_quality" if pair.gap_ms[1] < context.method.merge_gap_min_ms else "merge"


@dataclass(frozen=True)
class Decision:
    """What the tests say of a proposed pair."""

    status: str
    p: float
    q: float


def _decide(family: list[Pair], proposed: list[Pair], context: Context) -> dict[tuple[str, str], Decision]:
    """BH over the family in the discovery parts, Holm over the candidates in the parts kept apart."""
    method = context.method
    tested = [pair.p_value("discovery", method.merge_share_min) for pair in family]
    found = {pair.key: (p, q) for pair, p, q in zip(family, tested, benjamini_hochberg(tested), strict=True)}
    candidates = [pair for pair in proposed if found[pair.key][1] <= method.discovery_q]
    checked = [pair.p_value("confirm", method.merge_share_min) for pair in candidates]
    out = {pair.key: Decision("cannot_tell", *found[pair.key]) for pair in proposed}
    for pair, p, adjusted in zip(candidates, checked, holm(checked), strict=True):
        status = "confirmed" if adjusted <= method.confirm_alpha else "candidate"
        out[pair.key] = Decision(status, p, found[pair.key][1])
    return out


def _variants_with(pair: Pair, ways: list[Variant]) -> dict[int, float]:
    """variant_id -> how often the pair occurs in a journey of the variant."""
    out: dict[int, float] = {}
    for way in ways:
        n = sum(a == pair.first and b == pair.second for a, b in pairwise(way.steps))
        if n:
            out[way.variant_id] = float(n)
    return out


def _cost(pair: Pair, context: Context) -> tuple[dict[str, Any], dict[str, float]]:
    """Customer minutes a week that could fall away, and per occurrence (gap + set-up, before the realisable part)."""
    method = context.method
    once = {
        name: gap / 60_000 + method.merge_setup_min
        for name, gap in zip(("low", "mid", "high"), pair.gap_ms, strict=True)
    }
    week = pair.moves["all"] / context.weeks
    part = {"low": method.realisable_low, "mid": method.realisable_mid, "high": method.realisable_high}
    cost = evidence.no_cost("no company minutes are known to fall away")
    cost["customer_min_per_week"] = {
        **{name: round(week * once[name] * part[name], 2) for name in part},
        "unit": "min/week",
    }
    cost["basis"]["customer_min_per_week"] = "assumed:method.merge_setup_min,method.realisable"
    cost["reason"]["customer_min_per_week"] = None
    return cost, {name: round(value, 3) for name, value in once.items()}


def _finding(store: Store, context: Context, one: Proposal, decision: Decision, reach: Reach, m: int) -> Finding:
    method, pair, kind, status = context.method, one.pair, one.kind, decision.status
    first, second = context.label(pair.first), context.label(pair.second)
    rate = pair.weaker("all")
    robust = evidence.robustness(
        (rate.hits["light"], rate.n["light"]), (rate.hits["strict"], rate.n["strict"]), method.merge_share_min
    )
    if status == "confirmed" and (robust["sign_stable"] is False or kind == "data_quality"):
        status = "candidate"
    status = context.status(one.finding_id, status)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    cost, once = _cost(pair, context)
    if kind == "data_quality":
        cost = evidence.no_cost("one action that is written down twice costs nothing")
    share = share_text(rate.share(sample), ci)
    minutes = cost["customer_min_per_week"]
    if kind == "merge":
        title = f"{first} and {second} always go together ({share}): they could be one step"
        more = (
            f", {minutes['mid']:,.0f} [{minutes['low']:,.0f} to {minutes['high']:,.0f}] customer minutes a week "
            "could fall away, if the assumed part of the gap and of the set-up can be had"
        )
        caution = f"{_MAY_WORSEN} A count, no trial: the minutes rest on assumptions."
    else:
        title = f"{first} and {second} come within seconds of one another ({share}): probably one action recorded twice"
        more, caution = "", "Check the logging before reading anything into this pair of steps."
    moves, n = int(rate.hits[sample]), rate.n[sample]
    text = (
        f"{moves:,} of {n:,} occurrences, {share}, the weaker of the two directions"
        f"{' among customers kept apart for checking' if sample == 'confirm' else ''}; "
        f"the gap between them is {pair.gap_ms[1] / 60_000:.1f} minutes in the median{more}."
    )
    return Finding(
        kind=kind,
        status=status,
        grade="D",
        where=pair.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=pair.moves["all"], n_needed=None) | {"unit": "occurrences"},
        effect={
            "name": EFFECT,
            "value": round(rate.share(sample), 6),
            "unit": "share",
            "baseline": method.merge_share_min,
            "direction": "up",
        },
        ci=ci,
        cost=cost,
        evidence=evidence.journeys(store, context, _SCOPE, one.finding_id, pair.first),
        robustness=robust,
        title=title,
        text_evidence=text,
        text_caution=caution,
        family=FAMILY,
        m=m,
        p=decision.p,
        q=decision.q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra={
            "members": [pair.first, pair.second],
            "p_next": round(pair.moves["all"] / pair.n_first["all"], 6),
            "p_prev": round(pair.moves["all"] / pair.n_second["all"], 6),
            "entropy_bit": round(pair.entropy, 6),
            "same_band_share": round(pair.same_band, 6),
            "gap_median_ms": pair.gap_ms[1],
            "saving_per_occurrence_min": once,
            "may_worsen": _MAY_WORSEN,
        },
    )
