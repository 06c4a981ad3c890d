"""Pairs of steps that always go together and might be one (method note 5, kind `merge`).

A pair A, B is proposed when, over closed journeys whose start is in the data and of which the order of steps is told
(of two steps of which only the day is known, it is not): after A comes B and before B stands A, both with Wilson's
lower bound at least 0.85; channel and department are the same in at least 80 % of the moves; there is no decision
between them (entropy of what follows A at most 0.3 bit, Miller-Madow); the median gap is at most 10 minutes; and
neither step is `mandatory`. A median gap under 2 seconds says that one action is written down twice: that is
`data_quality`, not a merge.

Status. The claim is about two shares, so it is tested: H0 "one of them is at most 0.85", intersection-union, that is
the larger of two one-sided exact binomial p values. Family = all pairs with the floor of
occurrences of both steps.
- candidate: the definition holds over all closed journeys and BH q <= 0.10 in the discovery parts.
- confirmed: Holm over the candidates <= 0.05 in the customers kept apart; share and interval are theirs.
- cannot_tell: the definition holds over all, but the discovery parts alone do not carry it.
The grade is D: a count. What could fall away, per occurrence: the wait between the two, that is what of the gap the
customer was not busy with A; and, where they are two calls or visits, a second greeting, login, identification
(`[costs] setup_min`). What customers do in the two steps stays to be done. Each occurrence counts with the median.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, savings
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.findings import Finding, identity, seed_of
from mining.population import SPLITS, Scope
from mining.rates import Rate, ci_part, effect_part, n_part, robustness_part
from mining.sentences import paragraph, share_text
from mining.statistics import binomial_above, bootstrap_entropy, entropy_bits, wilson

NAME = "merges"
KINDS = ("merge", "data_quality")
SUMMARY = "pairs of steps that always go together and might be one step"
READS = ("journey_event", "event", "journey", "journey_metrics", "variants", "touch")

EFFECT = mark("share of occurrences next to the other step, the weaker direction")
FAMILY = "merge:adjacency"
_SCOPE = Scope(keep_truncated=False)
_SQL = Path(__file__).parent.parent / "pairs.sql"
_MAY_WORSEN = mark(
    "One step in place of two can take away a pause that customers use to check or to change their mind, "
    "and ties both to one system."
)
_TITLES = {
    "merge": mark("{first} and {second} always go together ({share}): they could be one step"),
    "data_quality": mark(
        "{first} and {second} come within seconds of one another ({share}): probably one action recorded twice"
    ),
}
_COUNTED = {
    "all": mark(
        "{moves} of {n} occurrences, {share}, the weaker of the two directions; the gap between them is {minutes} "
        "minutes in the median."
    ),
    "confirm": mark(
        "{moves} of {n} occurrences, {share}, the weaker of the two directions among customers kept apart for "
        "checking; the gap between them is {minutes} minutes in the median."
    ),
}


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
    def name(self) -> str:
        """The two steps, by which the family of tests knows the pair."""
        return f"{self.first} > {self.second}"

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
    """A pair that fulfils the definition, and the kind it is. `hits` stays empty: variants are marked in SQL."""

    pair: Pair
    kind: str
    hits: dict[int, float] = field(default_factory=dict)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.pair.where)


def find(store: Store, context: Context) -> list[Finding]:
    """Pairs that fulfil the definition, as findings."""
    pairs = read_pairs(store)
    floor = context.method.merge_occurrences_min
    family = [pair for pair in pairs if pair.n_first["all"] >= floor and pair.n_second["all"] >= floor]
    proposed = [Proposal(pair, _kind(pair, context)) for pair in family if fulfils(pair, context)]
    _mark(store, proposed)
    tested = {pair.name: pair for pair in family}
    decisions = decide(
        context.method,
        {name: pair.p_value("discovery", context.method.merge_share_min) for name, pair in tested.items()},
        [one.pair.name for one in proposed],
        lambda name: tested[name].p_value("confirm", context.method.merge_share_min),
    )
    shown = evidence.publishable(store, context, _SCOPE, KINDS, proposed)
    examples = evidence.journeys(store, context, _SCOPE, {one.finding_id: one.pair.first for one, _ in shown})
    return [
        _finding(store, context, one, decisions[one.pair.name], reach, len(family), examples[one.finding_id])
        for one, reach in shown
    ]


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
        and not any(context.touch[step].mandatory for step in (pair.first, pair.second) if step in context.touch)
    )


def _kind(pair: Pair, context: Context) -> str:
    """Two steps within seconds of one another are one action that is written down twice."""
    return "data_quality" if pair.gap_ms[1] < context.method.merge_gap_min_ms else "merge"


def _mark(store: Store, proposed: list[Proposal]) -> None:
    """Mark the variants that show a pair, with how often it occurs in a journey of the variant."""
    if not proposed:
        return
    pairs = {
        "finding_id": [one.finding_id for one in proposed],
        "step": [one.pair.first for one in proposed],
        "next": [one.pair.second for one in proposed],
    }
    store.put("incoming_pairs", pa.table(pairs))
    store.run("delete from finding_variant where finding_id in (select finding_id from incoming_pairs)")
    store.run(_MARK.format(condition=_SCOPE.condition), name="finding_variant")
    store.drop("incoming_pairs")


_MARK = """
    insert into finding_variant
    with example as (
        select v.variant_id, v.first_journey_id as journey_id from variants as v
        semi join (select variant_id from population where {condition}) as p using (variant_id)
    )
    select i.finding_id, x.variant_id, count(*)
    from incoming_pairs as i
    inner join journey_event as a on a.step = i.step::step_t
    inner join example as x using (journey_id)
    inner join journey_event as b on b.pos = a.pos + 1 and b.journey_id = a.journey_id and b.step = i.next::step_t
    group by i.finding_id, x.variant_id order by all"""
_OCCURRENCES = """
    select b.pos, a.customer_id, coalesce(b.handle_ms > 0, false) as is_handled,
        not coalesce(ea.session_id = eb.session_id, false) and not coalesce(ea.call_id = eb.call_id, false) as is_apart,
        greatest(0, date_diff('millisecond', greatest(coalesce(a.ended_at, a.occurred_at),
            a.occurred_at + to_milliseconds(a.engaged_ms - a.engaged_before_ms)), b.occurred_at)) as wait_ms
    from journey_event as a
    inner join journey_event as b on b.pos = a.pos + 1 and b.journey_id = a.journey_id
    inner join population as p on p.journey_id = a.journey_id
    inner join event as ea on ea.event_no = a.event_no
    inner join event as eb on eb.event_no = b.event_no
    where a.step = $first::varchar::step_t and b.step = $second::varchar::step_t
        and not p.is_truncated and p.pattern is null"""
_FOLLOWERS = """
    with follower as (
        select a.customer_id % $blocks as block, coalesce(b.step::varchar, '') as step_to
        from journey_event as a
        inner join population as p on p.journey_id = a.journey_id
        left join journey_event as b on b.pos = a.pos + 1 and b.journey_id = a.journey_id
        where a.step = $first::varchar::step_t and not p.is_truncated and p.pattern is null)
    select dense_rank() over (order by block), dense_rank() over (order by step_to), count(*)
    from follower group by block, step_to order by all"""


def _cost(store: Store, context: Context, one: Proposal) -> tuple[dict[str, Any], dict[str, float]]:
    """What could fall away a week, and minutes per occurrence (quartiles, before the part that can be had)."""
    setup_ms = round(60_000 * context.method.merge_setup_min)
    store.run(
        f"""create or replace temporary table occurrence as
        select *, wait_ms + case when is_apart then {setup_ms} else 0 end as ms from ({_OCCURRENCES}) order by pos""",
        {"first": one.pair.first, "second": one.pair.second},
        name="occurrence",
    )
    low, mid, high, apart = store.rows(
        """select quantile_disc(ms, 0.25), quantile_disc(ms, 0.5), quantile_disc(ms, 0.75),
            count(*) filter (is_apart) / count(*) from occurrence"""
    )[0]
    rows = store.rows(
        """select customer_id, count(*), count(*) filter (is_apart and is_handled)
        from occurrence group by customer_id order by customer_id"""
    )
    savings.claim(store, one.finding_id, f"select pos, {mid}, 0 from occurrence")
    saved = savings.Saved(
        [n * mid for _, n, _ in rows] if mid else [],
        [n * setup_ms for _, _, n in rows],
        ("costs.setup_min",) if apart else (),
    )
    cost = savings.cost(
        context,
        one.finding_id,
        saved,
        unknown=say(
            "one follows the other in one visit or call, without a wait: what customers do there stays to be done"
        ),
    )
    once = {name: round(ms / 60_000, 3) for name, ms in (("low", low), ("mid", mid), ("high", high))}
    return cost, {**once, "share_in_two_contacts": round(apart, 6)}


def _entropy_interval(store: Store, context: Context, one: Proposal) -> list[float]:
    """What follows the first step, in bit: interval by bootstrap over customers (in blocks, when there are many)."""
    rows = store.rows(_FOLLOWERS, {"blocks": context.method.bootstrap_customers_max, "first": one.pair.first})
    counts = np.zeros((max(row[0] for row in rows), max(row[1] for row in rows)), dtype=np.int64)
    for block, follower, n in rows:
        counts[block - 1, follower - 1] = n
    method = context.method
    return [
        round(v, 6) for v in bootstrap_entropy(counts, seed_of(one.finding_id), method.entropy_draws, method.confidence)
    ]


def _finding(
    store: Store,
    context: Context,
    one: Proposal,
    decision: Decision,
    reach: Reach,
    m: int,
    examples: dict[str, Any],
) -> Finding:
    method, pair, kind, status = context.method, one.pair, one.kind, decision.status
    rate = pair.weaker("all")
    robust = robustness_part(rate, method.merge_share_min)
    if status == "confirmed" and kind == "data_quality":
        status = "candidate"
    status = context.status(one.finding_id, status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    cost, once = evidence.no_cost(say("one action that is written down twice costs nothing")), dict[str, float]()
    if kind == "merge":
        cost, once = _cost(store, context, one)
    share = share_text(rate.share(sample), ci)
    saving = savings.sentence(cost, context)
    return Finding(
        kind=kind,
        status=status,
        grade="D",
        where=pair.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=pair.moves["all"], n_needed=None) | {"unit": mark("occurrences")},
        effect=effect_part(rate, sample, EFFECT, method.merge_share_min),
        ci=ci,
        cost=cost,
        evidence=examples,
        robustness=robust,
        title=say(_TITLES[kind], first=context.label(pair.first), second=context.label(pair.second), share=share),
        text_evidence=paragraph(
            say(
                _COUNTED[sample],
                moves=f"{int(rate.hits[sample]):,}",
                n=f"{rate.n[sample]:,}",
                share=share,
                minutes=f"{pair.gap_ms[1] / 60_000:.1f}",
            ),
            saving,
        ),
        text_caution=_caution(kind, has_minutes=bool(saving)),
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
            "entropy_ci_bit": _entropy_interval(store, context, one),
            "mandatory": False,
            "same_band_share": round(pair.same_band, 6),
            "gap_median_ms": pair.gap_ms[1],
            "saving_per_occurrence_min": once,
            "may_worsen": say(_MAY_WORSEN),
        },
    )


def _caution(kind: str, *, has_minutes: bool) -> str:
    if kind == "data_quality":
        return say("Check the logging before reading anything into this pair of steps.")
    count = say("A count, no trial: the minutes rest on assumptions.") if has_minutes else say("A count, no trial.")
    return paragraph(say(_MAY_WORSEN), count)
