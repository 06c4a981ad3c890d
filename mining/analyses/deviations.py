"""Deviations from the intended process: skipped, unexpected and out-of-order steps (method note 3).

Every variant is aligned exactly with the process of process/intended.toml; a deviation counts with the share of the optimal
alignments that show it (blame), at most 1 a journey. `rate` = d / N, N = closed journeys that reached the context (all of
them where the deviation comes before any step, or where fewer than 30 reached it), Wilson interval. Journeys cut off by
the start of the data are left out: a skip there is an artefact. Running journeys are left out: their future is open.

Status. That a deviation exists is a fact; the test is "rate > tolerance", one-sided and exact.
- below_tolerance: the rate over all closed journeys is at most the tolerance.
- not_enough_data: above it, but a floor fails (N, d); n_needed says what is lacking.
- cannot_tell: above it, but BH over the process' deviations in the discovery parts gives q > 0.10.
- candidate: q <= 0.10 there. confirmed: Holm over the candidates <= 0.05 in the customers kept apart and the rate stays
  above the tolerance without the heaviest customers and with strict identity; share and interval are then those of the
  customers kept apart (no winner's curse).
Grade D. The minutes compare with conforming journeys of the same start week and channel: an association (C), said so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.deviating import START, Checked, Deviation, check_all
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.intended import Intended
from mining.population import Scope, Variant, variants
from mining.rates import (
    Rate,
    ci_part,
    floor_needed,
    is_small_cell,
    n_part,
    rate_of,
    sample_sentence,
    share_text,
    withheld,
)
from mining.statistics import benjamini_hochberg, binomial_above, holm

NAME = "deviations"
KINDS = ("deviation.skipped", "deviation.unexpected", "deviation.out_of_order")
SUMMARY = "steps skipped, repeated or out of order against the intended process, with rates against its tolerance"
READS = ("variants", "journey_metrics", "journey", "journey_event", "touch")

EFFECT = "share of journeys that deviate"
_STRATA = """
    with hit as (select variant_id from finding_variant where finding_id = $id),
    start_channel as (select journey_id, channel from journey_event inner join population using (journey_id) where pos = first_pos)
    select p.start_week, s.channel, count(*) filter (h.variant_id is not null), count(*) filter (h.variant_id is null),
        coalesce(sum(engaged_ms) filter (h.variant_id is not null), 0), coalesce(sum(engaged_ms) filter (h.variant_id is null), 0),
        coalesce(sum(cast(engaged_ms as hugeint) * engaged_ms) filter (h.variant_id is not null), 0),
        coalesce(sum(cast(engaged_ms as hugeint) * engaged_ms) filter (h.variant_id is null), 0)
    from population as p inner join start_channel as s on s.journey_id = p.journey_id
    left join hit as h on h.variant_id = p.variant_id
    inner join comparable_variants as c on c.variant_id = p.variant_id
    where {condition} group by all order by all"""


@dataclass
class Case:
    """One deviation with everything that is known of it before it becomes a finding."""

    deviation: Deviation
    hits: dict[int, float]
    eligible: list[Variant]
    rate: Rate
    kind: str
    where: dict[str, Any]
    p_discovery: float = 1.0
    q: float = 1.0
    p_confirm: float | None = None
    p_holm: float | None = None

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def scope_of(intended: Intended) -> Scope:
    """Journeys the process speaks of."""
    return Scope("order" if intended.case == "order" else None, keep_truncated=False)


def find(store: Store, context: Context) -> list[Finding]:
    """All deviations as findings, at most `stored_per_kind_max` per kind; none when the site states no process."""
    intended = context.intended
    if intended is None:
        return []
    scope = scope_of(intended)
    checked = check_all(variants(store, scope), intended, context.method)
    cases = gather(checked, intended, context)
    decide(cases, intended, context)
    kept = _bounded(cases, context)
    evidence.mark(store, {case.finding_id: case.hits for case in kept})
    reaches = evidence.reach(store, scope)
    return [
        _finding(store, context, intended, scope, case, reaches[case.finding_id], checked, len(cases)) for case in kept
    ]


def gather(checked: list[Checked], intended: Intended, context: Context) -> list[Case]:
    """Group deviations by (type, step, context); a context reached by few journeys is dropped from the grouping."""
    every = [one.variant for one in checked]
    reached: dict[str, list[Variant]] = defaultdict(list)
    for one in checked:
        for step in sorted(set(one.steps)):
            reached[step].append(one.variant)
    few = {
        step
        for step, ways in reached.items()
        if sum(w.counts["all"] for w in ways) < context.method.context_journeys_min
    }
    hits: dict[Deviation, dict[int, float]] = defaultdict(dict)
    by_id = {one.variant.variant_id: one.variant for one in checked}
    for one in checked:
        for deviation, blame in one.deviations.items():
            place = (
                deviation
                if deviation.context not in few
                else Deviation(deviation.kind, deviation.step, START, deviation.other, deviation.known)
            )
            known = hits[place].get(one.variant.variant_id, 0.0)
            hits[place][one.variant.variant_id] = min(1.0, known + blame)
    out = []
    for deviation in sorted(hits):
        eligible = reached[deviation.context] if deviation.context else every
        rate = rate_of([(by_id[v], blame) for v, blame in sorted(hits[deviation].items())], eligible)
        where: dict[str, Any] = {"process": intended.process, "step": deviation.step}
        where |= {"prev": deviation.context} if deviation.context else {}
        where |= {"next": deviation.other} if deviation.other else {}
        out.append(Case(deviation, hits[deviation], eligible, rate, f"deviation.{deviation.kind}", where))
    return out


def decide(cases: list[Case], intended: Intended, context: Context) -> None:
    """The tests of 0.6: BH over the process in the discovery parts, Holm over the candidates in the parts kept apart."""
    method, tolerance = context.method, intended.tolerance
    for case in cases:
        case.p_discovery = binomial_above(case.rate.hits["discovery"], case.rate.n["discovery"], tolerance)
    for case, q in zip(cases, benjamini_hochberg([case.p_discovery for case in cases]), strict=True):
        case.q = q
    candidates = [case for case in cases if case.q <= method.discovery_q and case.rate.share("discovery") > tolerance]
    p = [binomial_above(case.rate.hits["confirm"], case.rate.n["confirm"], tolerance) for case in candidates]
    for case, raw, adjusted in zip(candidates, p, holm(p), strict=True):
        case.p_confirm, case.p_holm = raw, adjusted


def _status(
    case: Case, reach: Reach, needed: int | None, robust: dict[str, Any], tolerance: float, context: Context
) -> str:
    if case.rate.share("all") <= tolerance:
        return "below_tolerance"
    if needed is not None:
        return "not_enough_data"
    if case.p_holm is None:
        return "cannot_tell"
    held_apart = (
        case.p_holm <= context.method.confirm_alpha and reach.customers_confirm >= context.method.small_cell_customers
    )
    return "confirmed" if held_apart and robust["sign_stable"] is not False else "candidate"


def _bounded(cases: list[Case], context: Context) -> list[Case]:
    """The most frequent deviations of each kind: a bound on the report, not on the counting or the tests."""
    out = []
    for kind in KINDS:
        ordered = sorted((c for c in cases if c.kind == kind), key=lambda c: (-c.rate.hits["all"], c.deviation))
        out += ordered[: context.method.stored_per_kind_max]
    return out


def _finding(
    store: Store,
    context: Context,
    intended: Intended,
    scope: Scope,
    case: Case,
    reach: Reach,
    checked: list[Checked],
    m: int,
) -> Finding:
    method, rate = context.method, case.rate
    if is_small_cell(reach, context):
        title = f"{context.label(case.deviation.step)} deviated in too few customers to publish"
        return withheld(context, case.kind, case.where, EFFECT, f"deviation:{intended.process}", title)
    needed = floor_needed(
        rate, reach, method.deviation_journeys_min, method.deviation_hits_min, method.small_cell_customers
    )
    robust = evidence.robustness(
        (rate.hits["light"], rate.n["light"]), (rate.hits["strict"], rate.n["strict"]), intended.tolerance
    )
    status = _status(case, reach, needed, robust, intended.tolerance, context)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    cost = _cost(store, context, scope, case, checked)
    undecided = sum(one.variant.counts["all"] for one in checked if not one.alignment.decided)
    return Finding(
        kind=case.kind,
        status=status,
        grade="D",
        where=case.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=None, n_needed=needed if status == "not_enough_data" else None),
        effect={
            "name": EFFECT,
            "value": round(rate.share(sample), 6),
            "unit": "share",
            "baseline": intended.tolerance,
            "direction": "up",
        },
        ci=ci,
        cost=cost,
        evidence=evidence.journeys(store, context, scope, case.finding_id, case.deviation.context or None),
        robustness=robust,
        title=_title(context, case, share_text(rate.share(sample), ci)),
        text_evidence=_evidence_text(context, case, sample, reach, cost, intended.tolerance),
        text_caution=_caution(status, needed, intended, context, undecided, checked),
        family=f"deviation:{intended.process}",
        m=m,
        p=case.p_confirm if case.p_confirm is not None else case.p_discovery,
        q=case.q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=_extra(case, intended, checked, undecided, rate),
    )


def _extra(case: Case, intended: Intended, checked: list[Checked], undecided: int, rate: Rate) -> dict[str, Any]:
    journeys = sum(one.variant.counts["all"] for one in checked)
    conforming = sum(one.variant.counts["all"] for one in checked if one.conforms)
    n = max(1, rate.n["all"])
    weight = {one.variant.variant_id: one.variant.counts["all"] for one in checked}
    blame = sum(weight[v] * b for v, b in case.hits.items()) / max(1, sum(weight[v] for v in case.hits))
    return {
        "move": case.deviation.kind,
        "step": case.deviation.step,
        "context": case.deviation.context or None,
        "known_step": case.deviation.known,
        "blame_mean": round(blame, 4),
        "alternatives": _alternatives(case, checked, blame),
        "n_undecided": undecided,
        "rate_interval": [round(rate.hits["all"] / n, 6), round(min(n, rate.hits["all"] + undecided) / n, 6)],
        "tolerance": intended.tolerance,
        "conforming_share": round(conforming / journeys, 6) if journeys else None,
        "n_conforming": conforming,
        "n_checked": journeys,
        "process": intended.process,
        "spec_version": intended.version,
        "p_discovery": case.p_discovery,
        "p_holm": case.p_holm,
    }


def _alternatives(case: Case, checked: list[Checked], blame: float) -> list[dict[str, str]]:
    """What the same journeys may have done instead, when the blame is shared (3.3): at most three, most frequent first."""
    if blame >= 0.8:
        return []
    others: dict[Deviation, float] = defaultdict(float)
    for one in checked:
        if case.hits.get(one.variant.variant_id, 1.0) < 1:
            for deviation, share in one.deviations.items():
                if deviation != case.deviation and share < 1:
                    others[deviation] += share * one.variant.counts["all"]
    ordered = sorted(others, key=lambda d: (-others[d], d))[:3]
    return [{"kind": d.kind, "step": d.step, "prev": d.context} for d in ordered]


def _cost(store: Store, context: Context, scope: Scope, case: Case, checked: list[Checked]) -> dict[str, Any]:
    """Engaged minutes of deviating journeys beyond conforming ones of the same start week and channel, times their number.

    Mean of differences within strata, weighted by the deviating journeys; normal interval from the within-stratum variance.
    """
    conforming = {one.variant.variant_id for one in checked if one.conforms}
    ids = sorted(conforming | case.hits.keys())
    store.put("comparable_variants", pa.table({"variant_id": pa.array(ids, pa.uint32())}))
    rows = store.rows(_STRATA.format(condition=scope.condition), {"id": case.finding_id})
    store.drop("comparable_variants")
    total = variance = 0.0
    matched = 0
    for _, _, n1, n0, sum1, sum0, square1, square0 in rows:
        if n1 < 1 or n0 < 2:
            continue
        matched += n1
        total += n1 * (sum1 / n1 - sum0 / n0)
        spread1 = max(0.0, (square1 - sum1 * sum1 / n1) / (n1 - 1)) / n1 if n1 > 1 else 0.0
        spread0 = max(0.0, (square0 - sum0 * sum0 / n0) / (n0 - 1)) / n0
        variance += n1 * n1 * (spread1 + spread0)
    if matched < context.method.deviation_hits_min:
        return evidence.no_cost("too few conforming journeys of the same start week and channel to compare with")
    scale = case.rate.hits["all"] / matched / 60_000 / context.weeks
    half = 1.96 * math.sqrt(variance)
    cost = evidence.no_cost("not compared: handling time is known for the steps' own findings only")
    cost["customer_min_per_week"] = {
        "low": round((total - half) * scale, 2),
        "mid": round(total * scale, 2),
        "high": round((total + half) * scale, 2),
        "unit": "min/week",
    }
    cost["basis"]["customer_min_per_week"] = (
        "measured: difference to conforming journeys of the same start week and channel"
    )
    cost["reason"]["customer_min_per_week"] = None
    return cost


def _title(context: Context, case: Case, share: str) -> str:
    deviation = case.deviation
    step = context.label(deviation.step)
    reached = f"the journeys that reached {context.label(deviation.context)}" if deviation.context else "the journeys"
    if deviation.kind == "skipped":
        return f"{share} of {reached} went on without {step}"
    if deviation.kind == "out_of_order":
        return f"{share} of {reached} had {step} before {context.label(deviation.other)}"
    if deviation.known:
        return f"{share} of {reached} had {step} again or where it is not intended"
    return f"{share} of {reached} had {step}, which is not part of the intended process"


def _evidence_text(
    context: Context, case: Case, sample: str, reach: Reach, cost: dict[str, Any], tolerance: float
) -> str:
    text = sample_sentence(case.rate, sample, context.method.confidence)
    text += f", by {reach.customers:,} customers; the process tolerates {100 * tolerance:.1f} %"
    minutes = cost["customer_min_per_week"]
    if minutes:
        text += (
            f". These journeys took {minutes['mid']:+,.0f} [{minutes['low']:+,.0f} to {minutes['high']:+,.0f}] customer minutes a week "
            "against conforming ones that began in the same week and channel"
        )
    return text + "."


def _caution(
    status: str, needed: int | None, intended: Intended, context: Context, undecided: int, checked: list[Checked]
) -> str:
    texts = {
        "not_enough_data": f"Not enough data: about {needed or 0:,} journeys would be needed to say more.",
        "below_tolerance": "This is within what the process tolerates.",
        "cannot_tell": "The rate lies above the tolerance, but so few journeys carry it that chance can't be ruled out.",
        "candidate": "Seen in the customers used for searching, not shown in those kept apart for checking.",
        "confirmed": "A count: a step that the logs miss looks like a step that was skipped, so check the recording first.",
    }
    journeys = sum(one.variant.counts["all"] for one in checked)
    if journeys and undecided / journeys > context.method.undecided_share_max:
        return texts[status] + f" Not fully checked: {undecided:,} journeys were too long to align exactly."
    return texts[status]

