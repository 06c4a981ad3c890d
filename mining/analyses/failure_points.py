"""Steps after which journeys end badly more often than after comparable steps (method note 6, kind `failure_point`).

One joint discrete-time hazard model per bad outcome (mining/hazard.py; what an outcome is: mining/hazard_counts.py),
not a table of how often a step occurs in bad journeys: a journey that dies early has few steps, so that such a table
calls every step a protection (immortal-time bias). All steps jointly, each against its stage's own main step.

Gate: odds at least 1.2 times, interval above 1, risk difference at least 0.5 points. Floors: 50 times at the step, 10
outcomes after it, 30 customers, 10 outcomes per parameter. Family = the outcome; candidate by BH in the discovery
parts, confirmed by Holm in the customers kept apart, whose effect is published. Steps that answer trouble (`reactive`)
are signals in `extra`, never findings; effects below 1 stand in `extra` with all others. Grade C; D where a negative
control is more frequent too (the outcome before the step, or a good end after it), which is then never confirmed. A
step directly before half of all the outcomes may simply be the way to it (the page on which one cancels), and is
`cannot_tell`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ingest.language import mark, say, say_n
from ingest.store import Store
from mining import evidence, failure_words, marked
from mining.context import Context
from mining.deciding import Decision
from mining.evidence import Reach
from mining.failing import KIND, Effect, Failing, Model, decisions, e_value, model
from mining.findings import Finding, seed_of
from mining.hazard_counts import BEFORE, DELAYED, GOOD, Outcome, kaplan_meier, outcomes
from mining.hazard_moments import Moments, read
from mining.hazard_rows import both
from mining.population import Scope
from mining.rates import n_part

NAME = "failure_points"
KINDS = (KIND,)
SUMMARY = "steps after which journeys end badly more often, by one hazard model of all steps per outcome"
READS = ("journey_event", "journey", "customer", "touch")

EFFECT = mark("odds of the bad outcome after the step, against the stage's main step")
_SCOPE = Scope(keep_truncated=False, recorded=True)
_CHANCE = """create or replace temporary table chance as
    select $outcome || '|' || step as place, journey_id, count(*)::integer as n,
        (count(*) filter (is_bad))::integer as hits, 0 as before
    from incoming_chance group by step, journey_id order by place, journey_id"""
_STEPS_AFTER = 12


def find(store: Store, context: Context) -> list[Finding]:
    """Failure points of every bad outcome, as findings."""
    moments = read(store, context)
    findings: list[Finding] = []
    for outcome, found in _models(context, moments, outcomes(context, partial(both, moments))):
        proposed, decided, n_tested = decisions(context, found)
        store.put("incoming_chance", found.at_risk.chance([one.step for one in proposed]))
        store.run(_CHANCE, {"outcome": outcome.name}, name="chance")
        store.drop("incoming_chance")
        shown = marked.publishable(store, context, _SCOPE, KINDS, proposed)
        told = {step for one, _ in shown for step in (one.step, one.reference)}
        curves = found.at_risk.survivals(sorted(told))
        minutes = marked.minutes(store, [one for one, _ in shown])
        findings += [
            _finding(store, context, found, one, reach, decided.get(one.step), n_tested, curves, minutes[one.place])
            for one, reach in shown
        ]
    return findings


def _models(context: Context, moments: Moments, bad: Sequence[Outcome]) -> Iterator[tuple[Outcome, Model]]:
    """The model of each outcome that has one, in their order. Two are fitted at a time, each by itself: what numpy and
    scipy do to long columns needs no lock of Python."""
    with ThreadPoolExecutor(2) as pool:
        for outcome, found in zip(bad, pool.map(partial(model, context, moments), bad), strict=True):
            if found is not None:
                yield outcome, found


def _status(context: Context, one: Failing, decision: Decision | None, robust: dict[str, Any]) -> str:
    if decision is None:
        return "not_enough_data"
    tested = "cannot_tell" if one.is_door(context.method) else decision.status
    is_clear = one.passes(context.method, "confirm")  # what is published must pass the gate, not only its test
    if tested == "confirmed" and (one.known_by(context.method.confidence) or not is_clear):
        tested = "candidate"
    return context.status(one.finding_id, tested, robust)


def _finding(
    store: Store,
    context: Context,
    found: Model,
    one: Failing,
    reach: Reach,
    decision: Decision | None,
    m: int,
    curves: dict[str, list[tuple[int, int, int]]],
    minutes: marked.Minutes,
) -> Finding:
    method = context.method
    robust = _robust(one)
    status = _status(context, one, decision, robust)
    sample = "confirm" if status == "confirmed" else "all"
    effect = one.effects[sample]
    low, high = effect.interval(method.confidence)
    needed = None
    if decision is None:
        needed = one.n_needed(method) or round(one.rate.n["all"] * method.failure_epv_min / found.epv) + 1
    return marked.finding(
        store,
        context,
        one,
        decision or Decision("not_enough_data", None, None),
        status=status,
        grade="D" if one.known_by(method.confidence) else "C",
        n=n_part(one.rate, reach, sample, events=one.rate.n[sample], n_needed=needed)
        | {"unit": mark("times at the step")},
        effect={
            "name": EFFECT,
            "value": round(effect.odds, 6),
            "unit": mark("times the odds"),
            "baseline": 1.0,
            "direction": "up",
        },
        ci={
            "low": round(low, 6),
            "high": round(high, 6),
            "level": method.confidence,
            "method": say("joint hazard model, sandwich variance, customers as clusters"),
        },
        cost=_cost(context, one, effect, minutes),
        robustness=robust,
        title=failure_words.title(context, one, effect, (low, high)),
        text_evidence=failure_words.evidence_text(context, found, one, effect, sample),
        text_caution=failure_words.caution(context, one, effect, needed),
        family=f"failure_point:{one.outcome.name}",
        m=m,
        extra=_extra(context, found, one, effect, curves),
    )


def _robust(one: Failing) -> dict[str, Any]:
    """The odds without the heaviest customers and with strict identity; stable = above 1, the strict beyond chance."""
    parts: dict[str, Any] = {}
    signs = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        n, effect = one.rate.n[split], one.effects.get(split)
        if n < 30 or effect is None or not one.rate.hits[split]:
            parts[name] = {
                "reason": say_n("only {n} time at the step is left", "only {n} times at the step are left", n, n=n)
            }
        else:
            parts[name] = {"value": round(effect.odds, 6), "n": n}
            signs.append((effect.interval(0.95)[1] if split == "strict" else effect.odds) > 1)
    parts |= {name: {"reason": say(evidence.NOT_CUT)} for name in ("half_gap", "double_gap")}
    return {**parts, "sign_stable": all(signs) if signs else None}


def _cost(context: Context, one: Failing, effect: Effect, minutes: marked.Minutes) -> dict[str, Any]:
    """Minutes spent in journeys that ended so, the part beyond what comparable steps have; the interval joins that of
    the minutes with that of the excess."""
    cost = evidence.cost_of_minutes(context, *minutes, seed_of(one.finding_id))
    parts = {
        name: max(0.0, 1 - effect.p0 / p) if p > 0 else 0.0
        for name, p in (("low", effect.p_low), ("mid", effect.p1), ("high", effect.p_high))
    }
    for key in ("customer_min_per_week", "company_min_per_week"):
        if cost[key] is not None:
            scaled = {name: round(cost[key][name] * part, 2) for name, part in parts.items()}
            cost[key] = {**scaled, "unit": "min/week"}
    cost["money_per_week"] = cost["basis"]["money_per_week"] = None
    return evidence.with_money(cost, context)


def _extra(
    context: Context, found: Model, one: Failing, effect: Effect, curves: dict[str, list[tuple[int, int, int]]]
) -> dict[str, Any]:
    method = context.method
    ratio = effect.p1 / effect.p0 if effect.p0 > 0 else 1.0
    per_week = one.rate.n["all"] / context.weeks
    least = 2 * method.small_cell_customers
    is_delayed = one.outcome.form == DELAYED
    t_max = method.failure_days if is_delayed else _STEPS_AFTER
    smallest = one.smallest_odds(method)
    return {
        "outcome": one.outcome.name,
        "outcome_form": one.outcome.form,
        "H": method.failure_days if is_delayed else None,
        "stage": one.stage,
        "reference": one.reference,
        "OR": round(effect.odds, 6),
        "RD": round(effect.difference, 6),
        "p0": round(effect.p0, 6),
        "p1": round(effect.p1, 6),
        "excess_per_week": {
            name: round(per_week * max(0.0, p - effect.p0), 2)
            for name, p in (("low", effect.p_low), ("mid", effect.p1), ("high", effect.p_high))
        },
        "share_of_bad": round(one.share_of_bad, 6),
        "neg_control": _control(context, one),
        "e_value": round(e_value(ratio), 3),
        "e_value_low": round(e_value(effect.p_low / effect.p0 if effect.p0 > 0 else 1.0), 3),
        "epv": round(found.epv, 2),
        "adjusted_for": list(found.factors),
        "of_goods": {name: _odds(context, one_of) for name, one_of in found.of_goods.items()},
        "mde": round(smallest, 3) if smallest else None,
        "signals": [_line(context, other) for other in found.signals if _is_told(context, other)],
        "steps": [_line(context, other) for other in found.steps if _is_told(context, other)],
        "survival": {
            "unit": "days" if is_delayed else "steps",
            "step": kaplan_meier(curves.get(one.step, []), t_max, least),
            "reference": kaplan_meier(curves.get(one.reference, []), t_max, least),
        },
    }


def _control(context: Context, one: Failing) -> list[dict[str, Any]]:
    """The negative controls that could be taken: the same outcome before the step, a good end after it."""
    method = context.method
    names = {
        BEFORE: f"outcome in the {method.failure_control_days} days before",
        GOOD: f"good end in the {method.failure_days} days after",
    }
    return [
        {"name": names[name], **_odds(context, Effect(beta, error, 0, 0, 0, 0))}
        for name, (beta, error) in one.controls.items()
    ]


def _is_told(context: Context, one: Failing) -> bool:
    return one.n_needed(context.method) is None


def _line(context: Context, one: Failing) -> dict[str, Any]:
    return {"step": one.step, **_odds(context, one.effects["all"])}


def _odds(context: Context, effect: Effect) -> dict[str, float]:
    low, high = effect.interval(context.method.confidence)
    return {"OR": round(effect.odds, 4), "low": round(low, 4), "high": round(high, 4)}
