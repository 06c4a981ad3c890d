"""Deviations from the intended process: skipped, unexpected and out-of-order steps (method note 3).

Every variant is aligned exactly with the process of process/intended.toml; a deviation counts with the share of the
optimal alignments that show it (blame), at most 1 a journey. `rate` = d / N, N = closed journeys that reached the
context (all of them where the deviation comes before any step, or where fewer than 30 reached it), Wilson interval.
Journeys cut off by the start of the data are left out: a skip there is an artefact. Running journeys are left out:
their future is open.

Status. That a deviation exists is a fact; the test is "rate > tolerance", one-sided and exact.
- below_tolerance: the rate over all closed journeys is at most the tolerance.
- not_enough_data: above it, but a floor fails (N, d); n_needed says what is lacking.
- cannot_tell: above it, but in the discovery parts a floor fails or BH over the process gives q > 0.10.
- candidate: q <= 0.10 there. confirmed: Holm over the candidates <= 0.05 in the customers kept apart and the rate stays
  above the tolerance without the heaviest customers and with strict identity; share and interval are then those of the
  customers kept apart (no winner's curse).
Grade D. The minutes compare with conforming journeys of the same start week and channel: an association (C), said so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from ingest.store import Store
from mining import evidence
from mining.compare import minutes_beyond
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
    n_part,
    rate_of,
    sample_sentence,
    share_text,
)
from mining.statistics import benjamini_hochberg, binomial_above, holm

NAME = "deviations"
KINDS = ("deviation.skipped", "deviation.unexpected", "deviation.out_of_order")
SUMMARY = "steps skipped, repeated or out of order against the intended process, with rates against its tolerance"
READS = ("variants", "journey_metrics", "journey", "journey_event", "touch")

EFFECT = "share of journeys that deviate"


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
    """All deviations as findings, the frequent ones of each kind first; none when the site states no process."""
    intended = context.intended
    if intended is None:
        return []
    scope = scope_of(intended)
    checked = check_all(variants(store, scope), intended, context.method)
    cases = gather(checked, intended, context)
    m = decide(cases, intended, context)
    shown = evidence.publishable(store, context, scope, KINDS, cases)
    return [_finding(store, context, intended, scope, case, reach, checked, m) for case, reach in shown]


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
            place = replace(deviation, context=START) if deviation.context in few else deviation
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


def decide(cases: list[Case], intended: Intended, context: Context) -> int:
    """The tests of 0.6: BH over the process in the discovery parts, Holm over the candidates in the parts kept apart.

    The family is every deviation whose floors hold in the discovery parts, in proportion (0.7: the floor comes first);
    what is kept apart has no say in it. Returns the family's size.
    """
    method, tolerance = context.method, intended.tolerance
    part = method.discovery_parts / 10
    family = [
        case
        for case in cases
        if case.rate.n["discovery"] >= math.ceil(method.deviation_journeys_min * part)
        and case.rate.hits["discovery"] >= math.ceil(method.deviation_hits_min * part)
    ]
    for case in family:
        case.p_discovery = binomial_above(case.rate.hits["discovery"], case.rate.n["discovery"], tolerance)
    for case, q in zip(family, benjamini_hochberg([case.p_discovery for case in family]), strict=True):
        case.q = q
    candidates = [case for case in family if case.q <= method.discovery_q and case.rate.share("discovery") > tolerance]
    p = [binomial_above(case.rate.hits["confirm"], case.rate.n["confirm"], tolerance) for case in candidates]
    for case, raw, adjusted in zip(candidates, p, holm(p), strict=True):
        case.p_confirm, case.p_holm = raw, adjusted
    return len(family)


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
    needed = floor_needed(
        rate, reach, method.deviation_journeys_min, method.deviation_hits_min, method.small_cell_customers
    )
    robust = evidence.robustness(
        (rate.hits["light"], rate.n["light"]), (rate.hits["strict"], rate.n["strict"]), intended.tolerance
    )
    tested = _status(case, reach, needed, robust, intended.tolerance, context)
    status = context.status(case.finding_id, tested)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    conforming = {one.variant.variant_id for one in checked if one.conforms}
    cost = minutes_beyond(store, context, scope, case.finding_id, case.hits, conforming, rate.hits["all"])
    undecided = sum(one.variant.counts["all"] for one in checked if not one.is_decided)
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
        text_caution=_caution(status, needed, context, undecided, checked),
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
    """What the same journeys may have done instead, when the blame is shared (3.3): at most three, most frequent
    first.
    """
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
        span = f"{minutes['mid']:+,.0f} [{minutes['low']:+,.0f} to {minutes['high']:+,.0f}]"
        text += f". These journeys took {span} customer minutes a week against conforming ones that began alike"
    return text + "."


def _caution(status: str, needed: int | None, context: Context, undecided: int, checked: list[Checked]) -> str:
    texts = {
        "not_enough_data": f"Not enough data: about {needed or 0:,} journeys would be needed to say more.",
        "below_tolerance": "This is within what the process tolerates.",
        "cannot_tell": "The rate lies above the tolerance, but so few journeys carry it that it may be chance.",
        "candidate": "Seen in the customers used for searching, not shown in those kept apart for checking.",
        "confirmed": "A count: a step that the logs miss looks like a skipped step, so check the recording first.",
    }
    journeys = sum(one.variant.counts["all"] for one in checked)
    if journeys and undecided / journeys > context.method.undecided_share_max:
        return texts[status] + f" Not fully checked: {undecided:,} journeys were too long to align exactly."
    return texts[status]
