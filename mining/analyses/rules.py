"""Rules of the intended process that were broken (method note 3.5): `rules` of process/intended.toml.

`rate` = violations / activations (see `mining.rule_activations`) over the closed journeys of the process; activations
whose window is not over are left out. Activations of one customer go together, so the interval and the tests take the
effective number: activations / design effect, where the design effect is the variance between customers over that of
independent cases, at least 1; then as for other deviations (`mining.tolerated`). A rule that was never broken in 300
cases or more is told as kept. Grade D; the minutes compare with journeys in which the same rule was kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining import deviation_words as words
from mining import evidence, tolerated
from mining import rule_words as told
from mining.analyses.deviations import scope_of
from mining.compare import minutes_beyond
from mining.context import Context
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.intended import Intended
from mining.population import SPLITS, Scope, left_out
from mining.rates import Rate, ci_part, effect_part, floor_needed, n_part, robustness_part
from mining.rule_activations import evaluate, roles
from mining.rules import Rule
from mining.sentences import paragraph, share_text

NAME = "rules"
KINDS = ("deviation.rule",)
SUMMARY = "rules of the intended process that were broken: terms, orders, limits; per case that a rule speaks of"
READS = ("journey_metrics", "journey", "journey_event", "touch")

EFFECT = mark("share of cases that break the rule")
_COUNTS = """
    with of_customer as (
        select a.rule_no, p.customer_id, any_value(p.is_discovery) as is_discovery, any_value(p.is_heavy) as is_heavy,
            count(*) as n, count(*) filter (a.is_violation) as v,
            count(*) filter (p.is_strict) as n_strict, count(*) filter (a.is_violation and p.is_strict) as v_strict
        from rule_activation as a inner join population as p using (journey_id) group by a.rule_no, p.customer_id
    )
    select rule_no, sum(n), sum(v), sum(v * v), sum(v * n), sum(n * n)
    from (select rule_no, {n} as n, {v} as v from of_customer where {split}) group by rule_no"""
_SPLIT = {
    "all": ("n", "v", "true"),
    "discovery": ("n", "v", "is_discovery"),
    "confirm": ("n", "v", "not is_discovery"),
    "light": ("n", "v", "not is_heavy"),
    "strict": ("n_strict", "v_strict", "n_strict > 0"),
}
_KEPT = """select journey_id from rule_activation where rule_no = {number}
    group by journey_id having not bool_or(is_violation)"""
_MARK = """insert into finding_journey
    select $id, journey_id, count(*) from rule_activation where rule_no = $number and is_violation
    group by journey_id order by journey_id"""
_NEVER_CAME = mark("rule that never came up")


@dataclass
class Case:
    """One rule with its counts. `effective` holds effective numbers. `hits` stays empty: journeys are marked in SQL."""

    number: int
    rule: Rule
    kind: str
    where: dict[str, Any]
    rate: Rate
    effective: Rate
    n_open: int
    hits: dict[int, float] = field(default_factory=dict)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """All rules as findings, the most often broken first; none when the site states no rule."""
    intended = context.intended
    if intended is None or not intended.rules:
        return []
    context = context.since(intended.valid_from)
    scope = scope_of(intended)
    cases = _cases(store, intended, evaluate(store, context, intended, scope))
    verdicts = tolerated.decide([case.effective for case in cases], intended.tolerance, context.method)
    by_id = {case.finding_id: verdict for case, verdict in zip(cases, verdicts, strict=True)}
    broken = [case for case in cases if case.rate.hits["all"]]
    for case in broken:
        store.run(_MARK, {"id": case.finding_id, "number": case.number}, name="finding_journey")
    shown = evidence.publishable(store, context, scope, KINDS, broken)
    if context.wanted is None:
        shown += [(case, Reach(0, 0, 0)) for case in cases if not case.rate.hits["all"]]
    m = sum(verdict.in_family for verdict in verdicts)
    chances = {case.finding_id: told.chance(case.rule, roles(case.rule)) for case, _ in shown}
    examples = evidence.journeys(store, context, scope, chances)
    return [
        _finding(store, context, intended, scope, case, reach, by_id[case.finding_id], m, examples[case.finding_id])
        for case, reach in shown
    ]


def _cases(store: Store, intended: Intended, n_open: list[int]) -> list[Case]:
    """The rules that came up; the others are named in `data_quality`."""
    counts = {name: {row[0]: row[1:] for row in store.rows(_COUNTS.format(n=n, v=v, split=split))}
              for name, (n, v, split) in _SPLIT.items()}  # fmt: skip
    store.run("delete from data_quality where measure = $measure", {"measure": _NEVER_CAME})
    out = []
    for number, rule in enumerate(intended.rules):
        if number not in counts["all"]:
            note = say("{rule}; counted beside: cases still open", rule=rule.text)
            store.run(
                "insert into data_quality by name select $measure as measure, 0 as n, $n as of_n, $note as note",
                {"measure": _NEVER_CAME, "n": n_open[number], "note": note},
            )
            continue
        sums = {split: counts[split].get(number, (0,) * 5) for split in SPLITS}
        rate = Rate({s: float(sums[s][1]) for s in SPLITS}, {s: int(sums[s][0]) for s in SPLITS})
        n = {s: _effective(*map(int, sums[s])) for s in SPLITS}
        effective = Rate({s: rate.share(s) * n[s] for s in SPLITS}, n)
        where = {"process": intended.process, "rule": rule.text, **told.place(rule, roles(rule))}
        out.append(Case(number, rule, KINDS[0], where, rate, effective, n_open[number]))
    return out


def _effective(n: int, v: int, vv: int, vn: int, nn: int) -> int:
    """Cases that would tell as much if they were independent, from sums over customers (n cases, v violations)."""
    if not 0 < v < n:
        return n
    share = v / n
    between = vv - 2 * share * vn + share * share * nn
    return max(1, int(n / max(1.0, between / (n * share * (1 - share)))))


def _finding(
    store: Store,
    context: Context,
    intended: Intended,
    scope: Scope,
    case: Case,
    reach: Reach,
    verdict: tolerated.Verdict,
    m: int,
    examples: dict[str, Any],
) -> Finding:
    method, rate, effective = context.method, case.rate, case.effective
    needed = _needed(rate, reach, context)
    robust = robustness_part(effective, intended.tolerance)
    tested = verdict.status(rate.share("all"), intended.tolerance, needed, reach, robust["sign_stable"], method)
    status = context.status(case.finding_id, tested)
    if not rate.hits["all"] and needed is not None:
        status = "not_enough_data"
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(effective, sample, method.confidence, mark("Wilson score on the effective number of cases"))
    kept = _KEPT.format(number=case.number)
    cost = minutes_beyond(store, context, scope, kept, {case.finding_id: float(reach.journeys)})[case.finding_id]
    unrecorded = left_out(store, scope)
    extra = {
        "rule": case.rule.text,
        "form": case.rule.form,
        "tolerance": intended.tolerance,
        "n_open": case.n_open if case.n_open >= method.small_cell_customers else None,
        "design_effect": round(rate.n["all"] / max(1, effective.n["all"]), 3),
        "calendar": context.calendar.is_stated,
        "spec_version": intended.version,
        "valid_from": intended.valid_from.isoformat() if intended.valid_from else None,
        "n_unrecorded": unrecorded["silent"],
        "n_unlinked": unrecorded["unlinked"],
        "p_discovery": verdict.p_discovery,
        "p_holm": verdict.p_holm,
    }
    n = n_part(rate, reach, sample, events=None, n_needed=needed if status == "not_enough_data" else None)
    return Finding(
        kind=case.kind,
        status=status,
        grade="D",
        where=case.where,
        window=context.window,
        n={**n, "unit": mark("cases")},
        effect=effect_part(rate, sample, EFFECT, intended.tolerance),
        ci=ci,
        cost=cost,
        evidence=examples,
        robustness=robust,
        title=told.title(context, case.rule, share_text(rate.share(sample), ci)),
        text_evidence=told.evidence_text(rate, sample, reach, cost, ci, extra),
        text_caution=paragraph(told.caution(case.rule, status, needed, extra), words.left_out(extra)),
        family=f"deviation.rule:{intended.process}",
        m=m,
        p=verdict.p,
        q=verdict.q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra=extra,
    )


def _needed(rate: Rate, reach: Reach, context: Context) -> int | None:
    """None when the floors hold; "practically never" needs 300 cases (rule of three)."""
    method = context.method
    if not rate.hits["all"]:
        return None if rate.n["all"] >= method.never_cases_min else method.never_cases_min
    return floor_needed(
        rate, reach, method.deviation_journeys_min, method.deviation_hits_min, method.small_cell_customers
    )
