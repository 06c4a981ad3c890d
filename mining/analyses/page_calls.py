"""Pages and products whose views are followed by more calls than those of their peers (method note 7).

Two stages, both over all customers. 1: against the peers, shrunk: P(theta > 1.5) >= 0.95, with 200 days of a view and
10 calls. 2: the same customers, after the view against before it: more calls after than is usual around similar pages,
p < 0.01 of 20 calls. The control is calls on other topics: their ratio to the peers must not differ from 1.

Grade B: both stages and a clean control. C: stage 1 alone. D: the control is not clean, so theta is divided by it and
must still stand out. C and D stay candidates. Status of a B: H0 "no more calls than after its peers, or no more after
than before"; p = the larger of the two; family = the pages of a sort with the floors; Benjamini-Hochberg in the
discovery parts, Holm in those kept apart, whose theta is published. Pages surely above their peers (theta > 1) with
too little data are not_enough_data.

Departures from the note: a page that is no product's needs eight others of its step (a search page and a cart are no
peers). Views are of customers who can be known on the phone. The 24 hours before and after a call are mirrored, of each
call the nearest page. Views are weighted by their week too, so that a campaign raises what is expected. Where nearly
all calls come after some view, stage 2 holds the page against the same customers' views of other pages.
"""

from __future__ import annotations

import math
from typing import Any

from scipy import stats

from ingest.language import mark, say
from ingest.store import Store
from mining import evidence, marked, page_hints, page_words
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.findings import Finding
from mining.page_hints import Hints
from mining.page_reading import Family, Page, read_families
from mining.page_words import Told
from mining.picture_fields import AMONG_PEERS, AROUND, SIDE_HOURS, among_peers, around
from mining.population import Scope
from mining.power import POWER
from mining.sentences import paragraph
from mining.shrinkage import PEERS_MIN, smallest_found
from mining.statistics import needed_for_floor

NAME = "page_calls"
KINDS = ("page_calls",)
SUMMARY = "pages and products followed by more calls than similar ones, after the view more than before it"
READS = ("event", "customer", "journey_event", "journey", "touch")

EFFECT = mark("calls after a view, against similar pages")
_SCOPE = Scope()
_CHANCE = """create or replace temporary table chance as
    select exposure.place, journey_event.journey_id, count(*)::integer as n,
        (count(*) filter (exposure.is_called))::integer as hits, 0 as before
    from page_exposure as exposure
    inner join (select unnest($places) as place) as wanted using (place)
    inner join journey_event using (event_no)
    group by exposure.place, journey_event.journey_id order by place, journey_id"""
_CALLS = """
    select avg(engaged_ms)::bigint, avg(handle_ms)::bigint from page_side where is_after and place_before = $place"""
_REASONS = """
    select intent, count(*) from page_side where is_after and place_before = $place and intent is not null
    group by intent having count(distinct customer_id) >= $few order by count(*) desc, intent limit 3"""


_HOURS = f"""
    with moved as (
        select customer_id, date_diff('second', seen_before, called_at) as wait_s
        from page_side where is_after and is_inside and place_before = $place
        union all
        select customer_id, -date_diff('second', called_at, seen_after) from page_side
        where is_before and is_inside and place_after = $place)
    select greatest(-{SIDE_HOURS}, least({SIDE_HOURS - 1}, floor(wait_s / 3600)))::integer as hour, count(*),
        list(distinct customer_id order by customer_id)
    from moved semi join page_exposure using (customer_id) group by hour order by hour"""
PER_VIEWS = mark("calls per 1,000 views")
CALLS, VIEW = mark("calls"), mark("the view")


def find(store: Store, context: Context) -> list[Finding]:
    """Pages that stand out, products first."""
    found: list[Finding] = []
    for family in read_families(store, context):
        graded = grades(context, family)
        decisions = decide_all(context, family, graded)
        told = [page for page in family.pages if page.place in graded]
        store.run(_CHANCE, {"places": [page.place for page in told]}, name="chance")
        shown = marked.publishable(store, context, _SCOPE, KINDS, told)
        hints = page_hints.read(store, context, [page.product for page, _ in shown])
        found += [
            _finding(
                store, context, family, page, graded[page.place], decisions[page.place], reach, hints[page.product]
            )
            for page, reach in shown
        ]
    return found


def grades(context: Context, family: Family) -> dict[str, str]:
    """The grade of each page that stands out, by place."""
    return {page.place: grade for page in family.pages if (grade := _grade(context, family, page))}


def _grade(context: Context, family: Family, page: Page) -> str | None:
    """None where the page does not stand out against its peers; without the floors C, when it is surely above them."""
    method, at = context.method, page.number
    shrunk = family.by_split["all"]
    if shrunk.page_above(at, family.times if family.has_floor[at] else 1.0) < family.sure:
        return None
    if not family.has_floor[at]:
        return "C"
    ratio, low, high = family.control(page, method.confidence)
    if not low <= 1 <= high:
        left = math.log(shrunk.theta[at] / max(1.0, ratio) / family.times)
        return "D" if stats.norm.cdf(left / _control_error(context, family, page)) >= family.sure else None
    sides = family.numbers["all"]["n_after"][at] + family.numbers["all"]["n_before"][at]
    is_self = sides >= method.page_sides_min and family.p_self(page, "all") < method.page_self_alpha
    return "B" if is_self else "C"


def _control_error(context: Context, family: Family, page: Page) -> float:
    """Standard error of log theta when it is divided by the control's ratio."""
    ratio, _, high = family.control(page, context.method.confidence)
    z = float(stats.norm.ppf(0.5 + context.method.confidence / 2))
    return math.hypot(float(family.by_split["all"].error[page.number]), math.log(high / ratio) / z)


def decide_all(context: Context, family: Family, graded: dict[str, str]) -> dict[str, Decision]:
    """The decision on each page that stands out."""
    tested = {page.place: page for page in family.pages if family.has_floor[page.number]}
    decisions = decide(
        context.method,
        {place: family.p_value(page, "discovery") for place, page in tested.items()},
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
    family: Family,
    page: Page,
    grade: str,
    decision: Decision,
    reach: Reach,
    hints: Hints,
) -> Finding:
    method = context.method
    robust = _robust(context, family, page)
    status = context.status(page.finding_id, decision.status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    estimate = _estimate(context, family, page, grade, sample)
    reasons = store.rows(_REASONS, {"place": page.place, "few": method.small_cell_customers})
    told = Told(grade, status, sample, estimate, reasons, method.small_cell_customers)
    return marked.finding(
        store,
        context,
        _SCOPE,
        page,
        decision,
        status=status,
        grade=grade,
        n=_n_part(family, page, sample, reach, status),
        effect={
            "name": EFFECT,
            "value": round(estimate[0], 4),
            "unit": mark("times the calls after similar pages"),
            "baseline": 1.0,
            "direction": "up",
        },
        ci={
            "low": round(estimate[1], 4),
            "high": round(estimate[2], 4),
            "level": method.confidence,
            "method": say("gamma-Poisson, shrunk, with the spread among similar pages"),
        },
        cost=_cost(store, context, family, page, _estimate(context, family, page, grade, "all")),
        robustness=robust,
        title=page_words.title(page, told),
        text_evidence=paragraph(
            page_words.evidence_text(family, page, told, family.control(page, method.confidence)), hints.sentences()
        ),
        text_caution=page_words.caution(family, page, told),
        family=f"page_calls:{family.name}",
        m=int(family.has_floor.sum()),
        extra=_extra(context, family, page, reasons)
        | hints.record()
        | {
            AMONG_PEERS: _among_peers(family, page, estimate, sample),
            AROUND: around(store.rows(_HOURS, {"place": page.place}), method.small_cell_customers, CALLS, VIEW),
        },
    )


def _estimate(context: Context, family: Family, page: Page, grade: str, split: str) -> tuple[float, float, float]:
    """(theta, low, high) of a split; where the control is not clean, divided by it."""
    theta = float(family.by_split[split].theta[page.number])
    if grade != "D":
        return (theta, *family.by_split[split].interval(page.number, context.method.confidence))
    ratio = max(1.0, family.control(page, context.method.confidence)[0])
    half = float(stats.norm.ppf(0.5 + context.method.confidence / 2)) * _control_error(context, family, page)
    return theta / ratio, theta / ratio * math.exp(-half), theta / ratio * math.exp(half)


def _among_peers(
    family: Family, page: Page, estimate: tuple[float, float, float], sample: str
) -> dict[str, Any] | None:
    """Calls per 1,000 views, of the page and of those it is held against, each as if it had this page's customers."""
    at, shrunk, numbers = page.number, family.by_split[sample], family.numbers[sample]
    is_peer = ~family.flagged & (numbers["v"] > 0)
    is_peer[at] = False
    alike = is_peer & (family.category == family.category[at])
    chosen = alike if alike.sum() >= PEERS_MIN else is_peer
    per_views = 1000 * float(shrunk.expected[at]) / max(1.0, float(numbers["v"][at]))
    value, low, high = (number * per_views for number in estimate)
    return among_peers((value, low, high), shrunk.theta[chosen] * per_views, PER_VIEWS)


def _n_part(family: Family, page: Page, sample: str, reach: Reach, status: str) -> dict[str, Any]:
    numbers, over_all = family.numbers[sample], family.numbers["all"]
    seen, calls = int(over_all["v"][page.number]), int(over_all["y"][page.number])
    few_calls = calls < family.calls_min
    needed = max(family.views_min, needed_for_floor(calls, family.calls_min, seen) if few_calls else 0)
    return {
        "units": int(numbers["v"][page.number]),
        "unit": mark("days of a customer with a view"),
        "hits": int(numbers["y"][page.number]),
        "sample": sample,
        "customers": reach.customers,
        "journeys": reach.journeys,
        "exposed": seen,
        "events": calls,
        "n_discovery": int(family.numbers["discovery"]["v"][page.number]),
        "n_confirm": int(family.numbers["confirm"]["v"][page.number]),
        "n_needed": needed if status == "not_enough_data" else None,
    }


def _robust(context: Context, family: Family, page: Page) -> dict[str, Any]:
    """Theta without the heaviest customers and with strict identity; gaps between journeys play no part."""
    parts: dict[str, Any] = {}
    signs = []
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        theta, n = float(family.by_split[split].theta[page.number]), int(family.numbers[split]["v"][page.number])
        parts[name] = {"value": round(theta, 4), "n": n}
        high = family.by_split[split].interval(page.number, context.method.confidence)[1]
        signs.append((high if split == "strict" else theta) > 1)
    no_gap = say("calls are counted by customer and time, not by journey")
    parts |= {"half_gap": {"reason": no_gap}, "double_gap": {"reason": no_gap}}
    return {**parts, "sign_stable": all(signs)}


def _cost(
    store: Store, context: Context, family: Family, page: Page, estimate: tuple[float, float, float]
) -> dict[str, Any]:
    """Minutes a week of the calls beyond those that similar pages would have, each as long as the page's calls are."""
    customer_ms, company_ms = store.rows(_CALLS, {"place": page.place})[0]
    expected = float(family.by_split["all"].expected[page.number])
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


def _extra(context: Context, family: Family, page: Page, reasons: list[tuple[str, int]]) -> dict[str, Any]:
    """What the note asks beside the record (7): counts, expectation, both sides, control, other times, power."""
    at = page.number
    over_all, shrunk = family.numbers["all"], family.by_split["all"]
    expected, tau = float(shrunk.expected[at]), float(shrunk.tau[at])
    y, named = int(over_all["y"][at]), int(over_all["y_named"][at])
    hours = {hours: round(float(family.by_calls[f"y_{hours}h"].theta[at]), 4) for hours in ("2", "72")}
    smallest = smallest_found(max(expected, 1e-6), tau, family.calls_min, family.times, family.sure, POWER)
    return {
        "page": page.address,
        "product": page.product,
        "v": int(over_all["v"][at]),
        "y": y,
        "E": round(expected, 4),
        "theta": round(float(shrunk.theta[at]), 4),
        "tau": round(tau, 4),
        "ya": int(over_all["n_after"][at]),
        "yb": int(over_all["n_before"][at]),
        "pi0": round(family.usual_after, 4),
        "y_own": round(float(over_all["y_own"][at]), 4),
        "p_self": round(family.p_self(page, "all"), 6),
        "neg_ratio": [round(value, 4) for value in family.control(page, context.method.confidence)],
        "match_quality": "strong" if 2 * named >= y else "weak_match",
        "theta_by_hours": hours,
        "mde": round(smallest, 2),
        "call_reasons": [list(reason) for reason in reasons],
    }
