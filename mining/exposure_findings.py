"""From what customers met on the web to findings: the grade, the decision, and the record (method note 7).

Two stages, both over all customers. 1: against the peers, or the other group of visits, shrunk: P(theta > 1.5) >= 0.95,
with 200 days of a view and 10 calls. 2: the same customers, after the view against before it: more calls after than
before, and than is usual, p < 0.01 of 20 calls. The control is calls on other topics: their ratio must not differ
from 1.

Grade B: both stages and a clean control. C: stage 1 alone, or no calls to control with. D: the control is not clean, so
theta is divided by it and must still stand out. C and D stay candidates. Status of a B: H0 "no more calls than after
its peers, or no more after than before"; p = the larger of the two; family = all places with the floors;
Benjamini-Hochberg in the discovery parts, Holm in those kept apart, whose theta is published. What is surely above its
peers (theta > 1) with too little data is not_enough_data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, marked
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.exposures import Family, Subject
from mining.findings import Finding
from mining.picture_fields import AMONG_PEERS, AROUND, SIDE_HOURS, among_peers, around
from mining.population import Scope
from mining.power import POWER
from mining.shrinkage import PEERS_MIN, smallest_found
from mining.statistics import needed_for_floor

_SCOPE = Scope()
_CHANCE = """create or replace temporary table chance as
    select wanted.place, journey_event.journey_id, count(*)::integer as n,
        (count(*) filter (exposure.is_called))::integer as hits, 0 as before
    from exposure
    inner join (select unnest($places) as place) as wanted on exposure.place = wanted.place
    inner join journey_event using (event_no)
    group by wanted.place, journey_event.journey_id order by place, journey_id"""
_CALLS = """
    select avg(engaged_ms)::bigint, avg(handle_ms)::bigint
    from call_side inner join known_call using (call_no) where is_after and place_before = $place"""
_REASONS = """
    select intent, count(*) from call_side inner join known_call using (call_no)
    where is_after and place_before = $place and intent is not null
    group by intent having count(distinct known_call.customer_id) >= $few order by count(*) desc, intent limit 3"""

_HOURS = f"""
    with side as (
        select customer_id, date_diff('second', seen_before, called_at) as wait_s
        from call_side where is_after and is_inside and place_before = $place
        union all
        select customer_id, -date_diff('second', called_at, seen_after)
        from call_side where is_before and is_inside and place_after = $place)
    select greatest(-{SIDE_HOURS}, least({SIDE_HOURS - 1}, floor(wait_s / 3600)))::integer as hour, count(*),
        list(distinct customer_id order by customer_id)
    from side semi join exposure using (customer_id) group by hour order by hour"""
CALLS = mark("calls")


@dataclass(frozen=True)
class Told:
    """What is said of a place: grade, status, its sample and estimate (theta, low, high), the control (ratio, low,
    high; None where there is none), call reasons with counts, and fewer customers than may be told.
    """

    grade: str
    status: str
    sample: str
    estimate: tuple[float, float, float]
    control: tuple[float, float, float] | None
    reasons: Sequence[tuple[str, int]]
    few: int


@dataclass(frozen=True)
class Speech:
    """How findings of a sort are told: name, unit and counted thing of the effect, calls per 1,000 of what, the moment
    that hours are counted around (marked texts), how the interval is made, the sentences, and what the record has
    beside what is common to all.
    """

    effect: str
    unit: str
    counted: str
    per_thousand: str
    moment: str
    interval: Callable[[], str]
    title: Callable[[Family, Subject, Told], str]
    evidence: Callable[[Family, Subject, Told], str]
    caution: Callable[[Family, Subject, Told], str]
    extra: Callable[[Family, Subject], dict[str, Any]]


def find(
    store: Store, context: Context, families: Sequence[tuple[Family, Speech]], kinds: Sequence[str]
) -> list[Finding]:
    """What stands out in some families whose counts are in the warehouse; `kinds` = all that they can hold."""
    judged: dict[str, tuple[Family, Speech, str, Decision]] = {}
    told: list[Subject] = []
    for family, speech in families:
        graded = grades(context, family)
        decisions = decide_all(context, family, graded)
        for one in family.subjects:
            if one.place in graded:
                judged[one.place] = (family, speech, graded[one.place], decisions[one.place])
                told.append(one)
    store.run(_CHANCE, {"places": [one.place for one in told]}, name="chance")
    shown = marked.publishable(store, context, _SCOPE, kinds, told)
    return [_finding(store, context, one, reach, *judged[one.place]) for one, reach in shown]


def grades(context: Context, family: Family) -> dict[str, str]:
    """The grade of each subject that stands out, by place."""
    return {one.place: grade for one in family.subjects if (grade := _grade(context, family, one))}


def _grade(context: Context, family: Family, one: Subject) -> str | None:
    """None where it does not stand out against its peers; without the floors C, when it is surely above them."""
    method, at = context.method, one.number
    shrunk = family.by_split["all"]
    if shrunk.page_above(at, family.times if family.has_floor[at] else 1.0) < family.sure:
        return None
    if not family.has_floor[at]:
        return "C"
    ratio, low, high = family.control(one, method.confidence)
    if not low <= 1 <= high:
        left = math.log(shrunk.theta[at] / max(1.0, ratio) / family.times)
        return "D" if stats.norm.cdf(left / _control_error(context, family, one)) >= family.sure else None
    sides = family.numbers["all"]["n_after"][at] + family.numbers["all"]["n_before"][at]
    is_self = sides >= method.page_sides_min and family.p_self(one, "all") < method.page_self_alpha
    return "B" if is_self and family.has_control(one) else "C"


def _control_error(context: Context, family: Family, one: Subject) -> float:
    """Standard error of log theta when it is divided by the control's ratio."""
    ratio, _, high = family.control(one, context.method.confidence)
    z = float(stats.norm.ppf(0.5 + context.method.confidence / 2))
    return math.hypot(float(family.by_split["all"].error[one.number]), math.log(high / ratio) / z)


def decide_all(context: Context, family: Family, graded: Mapping[str, str]) -> dict[str, Decision]:
    """The decision on each subject that stands out."""
    tested = {one.place: one for one in family.tested}
    decisions = decide(
        context.method,
        {place: family.p_value(one, "discovery") for place, one in tested.items()},
        [place for place in tested if graded.get(place) == "B"],
        lambda place: family.p_value(tested[place], "confirm"),
    )
    for place in graded:
        status = "candidate" if place in tested else "not_enough_data"
        decisions.setdefault(place, Decision(status, None, None))
    return decisions


def _finding(
    store: Store,
    context: Context,
    one: Subject,
    reach: Reach,
    family: Family,
    speech: Speech,
    grade: str,
    decision: Decision,
) -> Finding:
    method = context.method
    robust = _robust(context, family, one)
    status = context.status(one.finding_id, decision.status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    estimate = _estimate(context, family, one, grade, sample)
    reasons = store.rows(_REASONS, {"place": one.place, "few": method.small_cell_customers})
    control = family.control(one, method.confidence) if family.has_control(one) else None
    told = Told(grade, status, sample, estimate, control, reasons, method.small_cell_customers)
    return marked.finding(
        store,
        context,
        one,
        decision,
        status=status,
        grade=grade,
        n=_n_part(family, speech, one, sample, reach, status),
        effect={
            "name": speech.effect,
            "value": round(estimate[0], 4),
            "unit": speech.unit,
            "baseline": 1.0,
            "direction": "up",
        },
        ci={
            "low": round(estimate[1], 4),
            "high": round(estimate[2], 4),
            "level": method.confidence,
            "method": speech.interval(),
        },
        cost=_cost(store, context, family, one, _estimate(context, family, one, grade, "all")),
        robustness=robust,
        title=speech.title(family, one, told),
        text_evidence=speech.evidence(family, one, told),
        text_caution=speech.caution(family, one, told),
        family=f"{one.kind}:{family.name}",
        m=len(family.tested),
        extra=_extra(context, family, one, reasons)
        | speech.extra(family, one)
        | {
            AMONG_PEERS: _among_peers(family, speech, one, estimate, sample),
            AROUND: around(store.rows(_HOURS, {"place": one.place}), method.small_cell_customers, CALLS, speech.moment),
        },
    )


def _estimate(context: Context, family: Family, one: Subject, grade: str, split: str) -> tuple[float, float, float]:
    """(theta, low, high) of a split; where the control is not clean, divided by it."""
    theta = float(family.by_split[split].theta[one.number])
    if grade != "D":
        return (theta, *family.by_split[split].interval(one.number, context.method.confidence))
    ratio = max(1.0, family.control(one, context.method.confidence)[0])
    half = float(stats.norm.ppf(0.5 + context.method.confidence / 2)) * _control_error(context, family, one)
    return theta / ratio, theta / ratio * math.exp(-half), theta / ratio * math.exp(half)


def _among_peers(
    family: Family, speech: Speech, one: Subject, estimate: tuple[float, float, float], sample: str
) -> dict[str, Any] | None:
    """Calls per 1,000 times, of the place and of those it is held against, each as if it had this place's customers."""
    at, shrunk, numbers = one.number, family.by_split[sample], family.numbers[sample]
    is_peer = ~family.flagged & (numbers["v"] > 0) & (family.against is None)
    is_peer[at] = False
    alike = is_peer & (family.category == family.category[at])
    chosen = alike if alike.sum() >= PEERS_MIN else is_peer
    per_times = 1000 * float(shrunk.expected[at]) / max(1.0, float(numbers["v"][at]))
    value, low, high = (number * per_times for number in estimate)
    return among_peers((value, low, high), shrunk.theta[chosen] * per_times, speech.per_thousand)


def _n_part(family: Family, speech: Speech, one: Subject, sample: str, reach: Reach, status: str) -> dict[str, Any]:
    numbers, over_all = family.numbers[sample], family.numbers["all"]
    seen, calls = int(over_all["v"][one.number]), int(over_all["y"][one.number])
    few_calls = calls < family.calls_min
    needed = max(family.views_min, needed_for_floor(calls, family.calls_min, seen) if few_calls else 0)
    return {
        "units": int(numbers["v"][one.number]),
        "unit": speech.counted,
        "hits": int(numbers["y"][one.number]),
        "sample": sample,
        "customers": reach.customers,
        "journeys": reach.journeys,
        "exposed": seen,
        "events": calls,
        "n_discovery": int(family.numbers["discovery"]["v"][one.number]),
        "n_confirm": int(family.numbers["confirm"]["v"][one.number]),
        "n_needed": needed if status == "not_enough_data" else None,
    }


def _robust(context: Context, family: Family, one: Subject) -> dict[str, Any]:
    """Theta without the heaviest customers and with strict identity; gaps between journeys play no part."""
    parts: dict[str, Any] = {}
    signs = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        theta, n = float(family.by_split[split].theta[one.number]), int(family.numbers[split]["v"][one.number])
        parts[name] = {"value": round(theta, 4), "n": n}
        high = family.by_split[split].interval(one.number, context.method.confidence)[1]
        signs.append((high if split == "strict" else theta) > 1)
    no_gap = say("calls are counted by customer and time, not by journey")
    parts |= {"half_gap": {"reason": no_gap}, "double_gap": {"reason": no_gap}}
    return {**parts, "sign_stable": all(signs)}


def _cost(
    store: Store, context: Context, family: Family, one: Subject, estimate: tuple[float, float, float]
) -> dict[str, Any]:
    """Minutes a week of the calls beyond those to expect, each as long as the calls after it are."""
    customer_ms, company_ms = store.rows(_CALLS, {"place": one.place})[0]
    expected = float(family.by_split["all"].expected[one.number])
    value, low, high = (expected * max(0.0, theta - 1) / context.weeks for theta in estimate)
    cost = evidence.no_cost("")
    for key, ms, reason in (
        ("customer_min_per_week", customer_ms, say("no engaged time is known for these calls")),
        ("company_min_per_week", company_ms, say("the logs tell no handling time for these calls")),
    ):
        if not ms:
            cost["reason"][key] = reason
            continue
        parts = zip(("low", "mid", "high"), (low, value, high), strict=True)
        cost[key] = {name: round(calls * ms / 60_000, 2) for name, calls in parts} | {"unit": "min/week"}
        cost["basis"][key], cost["reason"][key] = evidence.MEASURED, None
    return evidence.with_money(cost, context)


def _extra(context: Context, family: Family, one: Subject, reasons: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """What the note asks beside the record (7): counts, expectation, both sides, control, other times, power."""
    at = one.number
    over_all, shrunk = family.numbers["all"], family.by_split["all"]
    expected, spread = float(shrunk.expected[at]), math.hypot(float(shrunk.tau[at]), float(shrunk.noise[at]))
    hours = {hours: round(float(family.by_calls[f"y_{hours}h"].theta[at]), 4) for hours in ("2", "72")}
    smallest = smallest_found(max(expected, 1e-6), spread, family.calls_min, family.times, family.sure, POWER)
    return {
        "v": int(over_all["v"][at]),
        "y": int(over_all["y"][at]),
        "E": round(expected, 4),
        "theta": round(float(shrunk.theta[at]), 4),
        "tau": round(float(shrunk.tau[at]), 4),
        "ya": int(over_all["n_after"][at]),
        "yb": int(over_all["n_before"][at]),
        "pi0": round(family.usual_share(at), 4),
        "y_own": round(float(over_all["y_own"][at]), 4),
        "p_self": round(family.p_self(one, "all"), 6),
        "neg_ratio": [round(value, 4) for value in family.control(one, context.method.confidence)],
        "has_control": family.has_control(one),
        "theta_by_hours": hours,
        "mde": round(smallest, 2),
        "call_reasons": [list(reason) for reason in reasons],
    }
