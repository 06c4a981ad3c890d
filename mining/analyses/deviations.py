"""Deviations from the intended process: skipped, unexpected and out-of-order steps (method note 3).

Every variant is aligned exactly with the process of process/intended.toml (or .bpmn); a deviation counts with the share
of the optimal alignments that show it (blame), at most 1 a journey. `rate` = d / N, N = closed journeys that reached
the context (all of them where the deviation comes before any step, or where fewer than 30 reached it), Wilson interval.

Left out of N: journeys cut off by the start of the data (a skip there is an artefact), journeys that need a source on a
day it delivered too little, journeys that began before the process was valid. Running journeys are no part of N either:
how many of them show the deviation already, whatever still comes, is told beside it.

Status: see `mining.tolerated`. Grade D. The minutes compare with conforming journeys of the same start week and
channel, and product group where there is a table of products: an association (C), said so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from ingest.language import mark
from ingest.store import Store
from mining import deviation_words as words
from mining import evidence, tolerated
from mining.compare import minutes_beyond
from mining.context import Context
from mining.deviating import START, Checked, Deviation, check_all, counts_in
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.intended import Intended
from mining.method import Method
from mining.population import Scope, left_out, reached, running_ways, ways
from mining.rates import Rate, ci_part, effect_part, floor_needed, n_part, rate_of, robustness_part
from mining.sentences import share_text

NAME = "deviations"
KINDS = ("deviation.skipped", "deviation.unexpected", "deviation.out_of_order")
SUMMARY = "steps skipped, repeated or out of order against the intended process, with rates against its tolerance"
READS = ("variants", "journey_metrics", "journey", "journey_event", "touch")

EFFECT = mark("share of journeys that deviate")
_CONFORMING = """
    select journey_id from population semi join (
        select way_id from told_way semi join conforming_way using (told_id)
    ) as conforming using (way_id)"""


@dataclass
class Case:
    """One deviation with everything that is known of it before it becomes a finding."""

    deviation: Deviation
    hits: dict[int, float]
    rate: Rate
    kind: str
    where: dict[str, Any]

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


@dataclass(frozen=True)
class Checking:
    """Everything that was checked: closed ways, running ones, and the journeys that were left out."""

    intended: Intended
    scope: Scope
    closed: list[Checked]
    running: list[Checked]
    n_unrecorded: dict[str, int]

    @cached_property
    def n_undecided(self) -> int:
        """Closed journeys that could not be aligned exactly."""
        return sum(one.variant.counts["all"] for one in self.closed if not one.is_decided)

    @cached_property
    def n_closed(self) -> int:
        """All closed journeys that were checked."""
        return sum(one.variant.counts["all"] for one in self.closed)

    @cached_property
    def n_conforming(self) -> int:
        """Those without a deviation."""
        return sum(one.variant.counts["all"] for one in self.closed if one.conforms)

    @cached_property
    def n_running(self) -> int:
        """Journeys that still run."""
        return sum(one.variant.counts["all"] for one in self.running)

    @cached_property
    def running_hits(self) -> Counter[Deviation]:
        """Of them, how many may show each deviation: some optimal alignment does; without a context, after any step."""
        hits: Counter[Deviation] = Counter()
        for one in self.running:
            shown = {place for seen in one.deviations for place in (seen, replace(seen, context=START))}
            hits.update(dict.fromkeys(shown, one.variant.counts["all"]))
        return hits

    @cached_property
    def by_id(self) -> dict[int, Checked]:
        """The closed ones, by the number of their way."""
        return {one.variant.variant_id: one for one in self.closed}


def scope_of(intended: Intended) -> Scope:
    """Journeys the process speaks of."""
    anchor = "order" if intended.case == "order" else None
    return Scope(anchor, keep_truncated=False, started_from=intended.valid_from, recorded=True, by_journey=True)


def find(store: Store, context: Context) -> list[Finding]:
    """All deviations as findings, the frequent ones of each kind first; none when the site states no process."""
    intended = context.intended
    if intended is None:
        return []
    context = context.since(intended.valid_from)
    scope = scope_of(intended)
    counts = counts_in(intended)

    def is_through(step: str) -> bool:
        return not counts(step)

    running = running_ways(store, context, scope, is_through)
    checking = Checking(
        intended,
        scope,
        check_all(ways(store, scope, is_through), intended, context.method),
        check_all(running, intended, context.method, prefix=True),
        left_out(store, scope),
    )
    conforming = [one.variant.variant_id for one in checking.closed if one.conforms]
    store.put("conforming_way", pa.table({"told_id": pa.array(conforming, pa.uint32())}))
    cases = gather(checking.closed, intended, context)
    verdicts = tolerated.decide([case.rate for case in cases], intended.tolerance, context.method)
    by_id = {case.finding_id: verdict for case, verdict in zip(cases, verdicts, strict=True)}
    m = sum(verdict.in_family for verdict in verdicts)
    shown = evidence.publishable(store, context, scope, KINDS, cases)
    chances = {case.finding_id: case.deviation.context or None for case, _ in shown}
    examples = evidence.journeys(store, context, scope, chances)
    costs = minutes_beyond(
        store, context, scope, _CONFORMING, {case.finding_id: case.rate.hits["all"] for case, _ in shown}
    )
    found = [
        _finding(
            context, checking, case, reach, by_id[case.finding_id], m, costs[case.finding_id], examples[case.finding_id]
        )
        for case, reach in shown
    ]
    store.drop("conforming_way")
    return found


def gather(checked: list[Checked], intended: Intended, context: Context) -> list[Case]:
    """Group deviations by (type, step, context); a context reached by few journeys is dropped from the grouping."""
    n_reached = reached([one.variant for one in checked], ({START, *one.steps} for one in checked))
    few = {step for step, n in n_reached.items() if n["all"] < context.method.context_journeys_min}
    hits: dict[Deviation, dict[int, float]] = defaultdict(dict)
    by_id = {one.variant.variant_id: one.variant for one in checked}
    for one in checked:
        for deviation, blame in one.deviations.items():
            place = replace(deviation, context=START) if deviation.context in few else deviation
            known = hits[place].get(one.variant.variant_id, 0.0)
            hits[place][one.variant.variant_id] = min(1.0, known + blame)
    out = []
    for deviation in sorted(hits):
        rate = rate_of(
            [(by_id[v], blame) for v, blame in sorted(hits[deviation].items())], n_reached[deviation.context]
        )
        where: dict[str, Any] = {"process": intended.process, "step": deviation.step}
        where |= {"prev": deviation.context} if deviation.context else {}
        where |= {"next": deviation.other} if deviation.other else {}
        out.append(Case(deviation, hits[deviation], rate, f"deviation.{deviation.kind}", where))
    return out


def _finding(
    context: Context,
    checking: Checking,
    case: Case,
    reach: Reach,
    verdict: tolerated.Verdict,
    m: int,
    cost: dict[str, Any],
    examples: dict[str, Any],
) -> Finding:
    method, rate, intended = context.method, case.rate, checking.intended
    needed = floor_needed(
        rate, reach, method.deviation_journeys_min, method.deviation_hits_min, method.small_cell_customers
    )
    robust = robustness_part(rate, intended.tolerance)
    tested = verdict.status(rate.share("all"), intended.tolerance, needed, reach, robust["sign_stable"], method)
    status = context.status(case.finding_id, tested)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    extra = _extra(case, checking, rate, verdict, method)
    return Finding(
        kind=case.kind,
        status=status,
        grade="D",
        where=case.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=None, n_needed=needed if status == "not_enough_data" else None),
        effect=effect_part(rate, sample, EFFECT, intended.tolerance),
        ci=ci,
        cost=cost,
        evidence=examples,
        robustness=robust,
        title=words.title(context, case.deviation, share_text(rate.share(sample), ci)),
        text_evidence=words.evidence_text(context, rate, sample, reach, cost, intended.tolerance, extra),
        text_caution=words.caution(context, status, needed, extra),
        family=f"deviation:{intended.process}",
        m=m,
        p=verdict.p,
        q=verdict.q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=extra,
    )


def _extra(case: Case, checking: Checking, rate: Rate, verdict: tolerated.Verdict, method: Method) -> dict[str, Any]:
    intended, undecided = checking.intended, checking.n_undecided
    n = max(1, rate.n["all"])
    weight = {v: checking.by_id[v].variant.counts["all"] for v in case.hits}
    blame = sum(weight[v] * b for v, b in case.hits.items()) / max(1, sum(weight.values()))
    running = checking.running_hits[case.deviation]
    return {
        "move": case.deviation.kind,
        "step": case.deviation.step,
        "context": case.deviation.context or None,
        "known_step": case.deviation.known,
        "blame_mean": round(blame, 4),
        "alternatives": _alternatives(case, checking.by_id) if blame < method.alternative_blame else [],
        "n_undecided": undecided,
        "rate_interval": [round(rate.hits["all"] / n, 6), round(min(n, rate.hits["all"] + undecided) / n, 6)],
        "tolerance": intended.tolerance,
        "conforming_share": round(checking.n_conforming / checking.n_closed, 6) if checking.n_closed else None,
        "n_conforming": checking.n_conforming,
        "n_checked": checking.n_closed,
        "n_unrecorded": checking.n_unrecorded["silent"],
        "n_unlinked": checking.n_unrecorded["unlinked"],
        "n_running": checking.n_running,
        # of fewer, with what is known of customers, one might tell who they are
        "n_running_hits": running if running >= method.small_cell_customers else None,
        "process": intended.process,
        "spec_version": intended.version,
        "valid_from": intended.valid_from.isoformat() if intended.valid_from else None,
        "p_discovery": verdict.p_discovery,
        "p_holm": verdict.p_holm,
    }


def _alternatives(case: Case, by_id: dict[int, Checked]) -> list[dict[str, str]]:
    """What the same journeys may have done instead (3.3): at most three, most frequent first."""
    others: dict[Deviation, float] = defaultdict(float)
    for variant_id, blame in sorted(case.hits.items()):
        if blame < 1:
            one = by_id[variant_id]
            for deviation, share in one.deviations.items():
                if deviation != case.deviation and share < 1:
                    others[deviation] += share * one.variant.counts["all"]
    ordered = sorted(others, key=lambda d: (-others[d], d))[:3]
    return [{"kind": d.kind, "step": d.step, "prev": d.context} for d in ordered]
