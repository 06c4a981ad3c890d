"""From judged comparisons to findings of kind competitor_gap: status, evidence in our log, what the gap costs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ingest.language import mark, say
from ingest.store import Store
from mining.competitors import gap_words, mix
from mining.competitors.compare import (
    AHEAD,
    ALIKE,
    NO_RANKING,
    NOT_COMPARABLE,
    NOT_SHOWN,
    OLD,
    RATIO,
    SHARE,
    TOO_FEW,
    Comparison,
)
from mining.competitors.of_shops import SHOPS
from mining.competitors.of_surveys import KPI
from mining.context import Context
from mining.evidence import cost_of_minutes, no_cost
from mining.findings import Finding, drawn_by, identity, seed_of

KIND = "competitor_gap"
FAMILY = "competitor_gap"
_STATUS = {
    AHEAD: "confirmed",
    ALIKE: "below_tolerance",
    NOT_SHOWN: "cannot_tell",
    OLD: "cannot_tell",
    NOT_COMPARABLE: "cannot_tell",
    NO_RANKING: "not_enough_data",
    TOO_FEW: "not_enough_data",
}
_UNITS = {SHOPS: mark("mystery shops"), KPI: mark("published cases")}
_EFFECTS = {
    "resolved": mark("errands settled at once, ours less theirs"),
    "minutes": mark("time of an errand, ours over theirs"),
    "wait": mark("waiting, ours less theirs"),
    "steps": mark("steps of an errand, ours less theirs"),
}
_METHODS = {
    SHARE: mark("Newcombe's hybrid score, shoppers as clusters"),
    RATIO: mark("Welch on logarithms, shoppers as clusters"),
    "wait": mark("bootstrap of medians over shoppers"),
    "steps": mark("Welch, shoppers as clusters"),
}
_MARGINS = {AHEAD: "beyond", ALIKE: "within", NOT_SHOWN: "not shown"}


def where_of(one: Comparison) -> dict[str, Any]:
    """What identifies the claim. Who is ahead is part of it: that the other is, is another claim."""
    where: dict[str, Any] = {"company": one.company, "instrument": one.instrument, "metric": one.metric}
    if one.question:
        about = f"{one.question.casefold()}|{sorted(one.extra.items())}|{one.shape}"
        where["question"] = hashlib.sha256(about.encode()).hexdigest()[:12]
    if one.instrument == KPI:
        where["period"] = one.wave
    return where | ({"ahead": one.ahead} if one.ahead else {})


def finding_of(store: Store, context: Context, one: Comparison) -> Finding:
    """The finding of a comparison of the newest wave. Leaves its journeys in finding_journey."""
    where = where_of(one)
    finding_id = identity(KIND, where)
    evidence, reached = _evidence(store, context, one, finding_id)
    robustness = _robustness(one)
    status = _STATUS[one.verdict]
    if status == "confirmed":
        tested = "confirmed" if evidence["typical"] and one.weights == "log" else "candidate"
        status = context.status(finding_id, tested, robustness) if tested == "confirmed" else tested
    method = context.method
    needed = {TOO_FEW: method.gap_cases_min, NO_RANKING: method.gap_ranking_min}.get(one.verdict)
    return Finding(
        kind=KIND,
        status=status,
        grade="C" if one.instrument == SHOPS and one.weights == "log" else "D",
        where=where,
        window=context.window,
        n={
            "units": one.n_ours + one.n_theirs,
            "unit": _UNITS.get(one.instrument, mark("answers")),
            "customers": reached[1],
            "journeys": reached[0],
            "exposed": one.n_ours,
            "events": None,
            "sample": "wave",
            "n_needed": needed,
        },
        effect={
            "name": _EFFECTS.get(one.metric, mark("answers, ours less theirs")),
            "value": one.told,
            "unit": one.unit,
            "baseline": 1.0 if one.shape == RATIO else 0.0,
            "direction": "down" if one.gap and one.gap.value < 0 else "up",
        },
        ci=_ci(one, context),
        cost=_cost(store, context, one, finding_id),
        evidence=evidence,
        robustness=robustness,
        title=gap_words.title(one, method),
        text_evidence=gap_words.evidence_text(one, method),
        text_caution=gap_words.caution(one, method),
        family=FAMILY,
        m=max(1, one.family_size),
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        p=one.gap.p if one.gap and one.family_size else None,
        extra=_extra(one),
    )


def _ci(one: Comparison, context: Context) -> dict[str, Any]:
    ends = one.ends(context.method.confidence)
    if ends is None:
        reason = mark("too few cases") if one.verdict == TOO_FEW else mark("too many steps have no counterpart")
        return {"reason": reason}
    by = _METHODS.get(one.shape) or _METHODS.get(one.metric)
    if one.instrument != SHOPS:
        by = mark("Newcombe's hybrid score") if one.shape == SHARE else mark("Welch")
    return {"low": ends[0], "high": ends[1], "level": context.method.confidence, "method": by}


def _extra(one: Comparison) -> dict[str, Any]:
    """The fields of method 10.2."""
    holm = one.ends(one.holm_confidence) if one.family_size else None
    return {
        "company": one.company,
        "instrument": one.instrument,
        "wave": one.wave,
        "strata": [list(stratum) for stratum in one.strata],
        "weight": list(one.weight_of),
        "dropped": [{**asdict(left), "stratum": list(left.stratum)} for left in one.dropped],
        "weights": one.weights,
        "n_ours": one.n_ours,
        "n_theirs": one.n_theirs,
        "n_eff": list(one.gap.n_eff) if one.gap else None,
        "icc": one.gap.icc if one.gap else None,
        "gap": one.told,
        "mapped_share": min(one.mapped) if one.mapped else None,
        "margin_result": _MARGINS.get(one.verdict, "not tested"),
        "age_days": one.age_days,
        "p_holm": one.p_holm,
        "ci_holm": {"low": holm[0], "high": holm[1], "level": one.holm_confidence} if holm else None,
        "verdict": one.verdict,
        "against": list(one.extra["against"]) if "against" in one.extra else None,
    }


def _robustness(one: Comparison) -> dict[str, Any]:
    """The gap with strata weighted as the shops were planned."""
    value = one.extra.get("as_planned")
    if value is None or one.gap is None:
        return {"sign_stable": None}
    null = 1.0 if one.shape == RATIO else 0.0
    is_stable = (value > null) == (one.gap.value > 0)
    return {"as_planned": {"value": value, "n": one.n_ours + one.n_theirs}, "sign_stable": is_stable}


def _evidence(
    store: Store, context: Context, one: Comparison, finding_id: str
) -> tuple[dict[str, Any], tuple[int, int]]:
    """(the record's evidence, (journeys, customers)): our own journeys that come with the same errands.

    Typical are those that take longer than theirs do, or need more than one contact, where there are such. No journey
    is a counter-example, since the gap is one of shops and all journeys with the errand are listed: its
    counter-examples are the pairs of shops in which it is the other way round (`against`)."""
    method, seed = context.method, seed_of(finding_id)
    nothing = {"typical": [], "extreme": [], "counter": [], "seed": seed}
    sql = (
        "select j.journey_key from finding_journey as f inner join journey as j using (journey_id) "
        f"where f.finding_id = '{finding_id}' order by j.journey_key"
    )
    if one.weights != "log" or one.gap is None:
        return {**nothing, "sql": sql}, (0, 0)
    is_time = one.metric in ("minutes", "wait")
    mix.mark_journeys(store, finding_id, one.strata, "minutes" if is_time else "contacts")
    joined = "from finding_journey as f inner join population as p using (journey_id) where f.finding_id = $id"
    params = {"id": finding_id}
    n, people = store.rows(f"select count(*), count(distinct p.customer_id) {joined}", params)[0]
    if people < method.small_cell_customers:
        store.run("delete from finding_journey where finding_id = $id", params, name="finding_journey")
        return {**nothing, "sql": sql}, (0, 0)
    level = (one.value_theirs or 0.0) if is_time and one.metric == "minutes" else 1.0 if not is_time else 0.0
    drawn = f"order by {drawn_by(seed)} limit"
    with_level = {**params, "level": level}
    worse = f"select p.journey_key {joined} and f.amount > $level {drawn} {method.n_typical}"
    usual = f"select p.journey_key {joined} and f.amount <= $level {drawn} {method.n_typical}"
    typical = [row[0] for row in store.rows(worse, with_level) or store.rows(usual, with_level)]
    extreme = [
        row[0]
        for row in store.rows(
            f"""select p.journey_key {joined} and not list_contains($taken, p.journey_key)
            order by f.amount desc, p.engaged_ms desc, p.journey_key limit {method.n_extreme}""",
            {**params, "taken": typical},
        )
    ]
    return {"typical": typical, "extreme": extreme, "counter": [], "seed": seed, "sql": sql}, (int(n), int(people))


def _cost(store: Store, context: Context, one: Comparison, finding_id: str) -> dict[str, Any]:
    """Our customers' minutes that would vanish if the gap closed to its bound nearest to none."""
    ends = one.ends(context.method.confidence)
    if one.ahead != "them" or ends is None:
        return no_cost(say("minutes are told only where they are shown to ask less of the customer"))
    if one.weights != "log":
        return no_cost(say("the log does not know these scenarios"))
    if one.metric not in ("minutes", "wait"):
        return no_cost(say("a gap of this kind has no minutes of its own"))
    customers = mix.per_customer(store, one.strata)
    if one.metric == "minutes":
        spared = [round(ms * max(0.0, 1 - 1 / ends[0])) for _, ms in customers]
    else:
        spared = [min(ms, round(n * max(0.0, ends[0]) * 60_000)) for n, ms in customers]
    cost = cost_of_minutes(context, spared, (), seed_of(finding_id))
    if cost["customer_min_per_week"] is not None:
        cost["basis"]["customer_min_per_week"] = mark(
            "minutes of such contacts in our log, times the gap's lower bound"
        )
    cost["reason"]["company_min_per_week"] = say("mystery shops tell no minutes of our people")
    return cost


def newest(comparisons: Sequence[Comparison]) -> list[int]:
    """Places of the comparisons that become findings, those with most to say first."""
    order = (AHEAD, ALIKE, NOT_SHOWN, NO_RANKING, OLD, NOT_COMPARABLE, TOO_FEW)
    places = [place for place, one in enumerate(comparisons) if one.is_newest]
    return sorted(places, key=lambda place: (order.index(comparisons[place].verdict), place))
