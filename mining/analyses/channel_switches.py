"""Customers who go from the web to the phone with the same matter (method note 5 and 7.3, kind `channel_switch`).

For each kind of call: a = share of the calls with a page of the same matter seen within the 24 hours before, b = share
with such a page within the 24 hours after. excess = a - b. Customers who call and browse a lot raise both, so only the
excess tells. The matter is the call's product, else its order, else its intent, else the stage of its step (a weak
match, said so). Only identified customers; calls within 24 hours of either end of the data are left out.

Units are calls, not visits, so that each call counts once, and the nearest page is looked for alike in both directions.
A stage may be over soon after a call (the parcel is there), and then has no page for that reason. Such calls are
counted, less those whose stage began soon before; an interval down to what they explain "cannot tell".

(A first visit of a day, as in 7.1, lies at the start of any busy time, and so finds more calls after it than before.)

H0 "excess at most 0", normal test with customers as clusters; family = all kinds of call with the floors (200 days with
visits of the matter, 20 calls that have a page on one side only). Grade C: the call goes with the visit; whether the
page sent them there, the log does not tell. What could fall away: the minutes of the calls beyond the mirrored
window's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say, say_n
from ingest.store import Store
from mining import evidence, marked, savings
from mining.context import Context
from mining.deciding import Decision, decide
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.marked import Tally
from mining.population import Scope
from mining.rates import n_part
from mining.sentences import not_few, paragraph, percent_text
from mining.statistics import needed_for_floor, normal_above

NAME = "channel_switches"
KINDS = ("channel_switch",)
SUMMARY = "calls that follow a web visit on the same matter, beyond what the same customers do the other way round"
READS = ("event", "customer", "journey_event", "journey", "touch")

_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "switches.sql"
_CHANCE = """create or replace temporary table chance as
    select step as place, journey_id, count(*)::integer as n, (count(*) filter (is_after))::integer as hits,
        (count(*) filter (is_before))::integer as before
    from switch_call group by step, journey_id order by place, journey_id"""
_FACTS = """
    select step, max(n_visits)::bigint as n_visits, count(*) filter (is_after <> is_before) as n_one_sided,
        count(*) filter (topic_kind = 'stage') as n_weak,
        count(*) filter (is_over) - count(*) filter (is_unbegun) as n_more_over,
        case when 2 * n_weak >= count(*) then 'stage' else min(topic_kind) filter (topic_kind <> 'stage') end as matter
    from switch_call group by step order by step"""
_LAST_PAGES = """
    select page_step, count(*) from switch_call where step = $step and is_after
    group by page_step having count(distinct customer_id) >= $few order by count(*) desc, page_step limit 3"""
EFFECT = mark("calls after a visit beyond those before one")
_MAY_WORSEN = mark(
    "A call can be the better way: it may sell, calm or settle what a page can't. Fewer calls are a gain only if the "
    "page answers the question."
)
_CAUTION = mark(
    "The call goes with the visit, after accounting for how much these customers call and browse; whether the page "
    "sent them to the phone, the log does not tell."
)
_WEAK = mark(
    "The calls name no product or order, so a page of their stage is taken for the same matter. Stages that end soon "
    "after a call would explain {share} % at most."
)
_TITLES = {
    "product": mark(
        "Of the calls {step}, {share} more come within a day after a web visit on the same product than within a day "
        "before one"
    ),
    "order": mark(
        "Of the calls {step}, {share} more come within a day after a web visit on the same order than within a day "
        "before one"
    ),
    "intent": mark(
        "Of the calls {step}, {share} more come within a day after a web visit on the same intent than within a day "
        "before one"
    ),
    "stage": mark(
        "Of the calls {step}, {share} more come within a day after a web visit on the same matter than within a day "
        "before one"
    ),
}
"""What the calls and visits have in common -> the sentence."""
_COUNTED = {
    "all": mark(
        "In all closed journeys, {hits} of {n} calls had such a page in the 24 hours before, {before} in the 24 hours "
        "after."
    ),
    "confirm": mark(
        "Among customers kept apart for checking, {hits} of {n} calls had such a page in the 24 hours before, {before} "
        "in the 24 hours after."
    ),
}


@dataclass(frozen=True)
class Switch:
    """One kind of call: sums by split, and what its calls say."""

    step: str
    tally: dict[str, Tally]
    facts: dict[str, Any]
    kind: str = "channel_switch"

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return self.step

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return {"step": self.step, "channel": "web"}

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    @property
    def is_weak(self) -> bool:
        """Whether the calls name nothing, so that the stage has to do."""
        return bool(self.facts["matter"] == "stage")

    @property
    def bias_max(self) -> float:
        """The excess that comes of stages that are over soon after a call, more of them than begin soon before one: at
        most as many pages as all calls have before them. 0 where the calls name their matter."""
        every = self.tally["all"]
        return max(0.0, self.facts["n_more_over"] / every.n * every.hits / every.n) if every.n else 0.0

    def p_value(self, split: str) -> float:
        """One-sided p of "no excess"."""
        tally = self.tally[split]
        if not 0 < tally.error < float("inf"):
            return 1.0
        return normal_above(tally.excess / tally.error)


def find(store: Store, context: Context) -> list[Finding]:
    """Kinds of call that follow web visits, as findings."""
    method = context.method
    day = dt.timedelta(days=1)
    start = dt.datetime.combine(context.window_from, dt.time())
    params = {
        "within_ms": method.switch_within_ms,
        "data_from": start,
        "data_to": max(start + day, dt.datetime.combine(context.window_to, dt.time())),
    }
    store.run(_SQL.read_text(encoding="utf-8"), params, name="switches")
    store.run(_CHANCE, name="chance")
    facts = {row["step"]: row for row in store.records(_FACTS)}
    found = [Switch(step, tally, facts[step]) for step, tally in marked.tallies(store, _SCOPE).items()]
    family = {one.step: one for one in found if _needed(context, one) is None}
    proposed = [one for one in found if one.tally["all"].interval(method.confidence)[0] > 0]
    decisions = decide(
        method,
        {step: one.p_value("discovery") for step, one in family.items()},
        [one.step for one in proposed if one.step in family],
        lambda step: family[step].p_value("confirm"),
    )
    shown = marked.publishable(store, context, _SCOPE, KINDS, proposed)
    return [_finding(store, context, one, reach, decisions.get(one.step), len(family)) for one, reach in shown]


def _needed(context: Context, one: Switch) -> int | None:
    """None when the floors hold, else how many calls would be needed."""
    method, n = context.method, one.tally["all"].n
    needed = []
    for seen, floor in (
        (one.facts["n_visits"] or 0, method.switch_visits_min),
        (one.facts["n_one_sided"], method.switch_pairs_min),
    ):
        if seen < floor:
            needed.append(needed_for_floor(seen, floor, n))
    return max(needed) if needed else None


def _finding(store: Store, context: Context, one: Switch, reach: Reach, decision: Decision | None, m: int) -> Finding:
    method = context.method
    decided = decision or Decision("not_enough_data", None, None)
    robust = _robust(one.tally["light"], one.tally["strict"], method.confidence)
    is_explained = 0 < one.bias_max >= one.tally["confirm"].interval(method.confidence)[0]
    tested = "cannot_tell" if is_explained and decided.status == "confirmed" else decided.status
    status = context.status(one.finding_id, tested, robust)
    sample = "confirm" if status == "confirmed" else "all"
    tally = one.tally[sample]
    low, high = tally.interval(method.confidence)
    cost = _cost(store, context, one)
    pages = store.rows(_LAST_PAGES, {"step": one.step, "few": method.small_cell_customers})
    needed = None if decision else _needed(context, one)
    return marked.finding(
        store,
        context,
        one,
        decided,
        status=status,
        grade="C",
        n=n_part(marked.rate_of(one.tally), reach, sample, events=tally.n, n_needed=needed) | {"unit": mark("calls")},
        effect={
            "name": EFFECT,
            "value": round(tally.excess, 6),
            "unit": mark("share"),
            "baseline": 0.0,
            "direction": "up",
        },
        ci={
            "low": round(low, 6),
            "high": round(high, 6),
            "level": method.confidence,
            "method": say("difference of paired shares, normal, customers as clusters"),
        },
        cost=cost,
        robustness=robust,
        title=say(
            _TITLES[one.facts["matter"]],
            step=context.label(one.step),
            share=percent_text(tally.excess, low, high),
        ),
        text_evidence=paragraph(_evidence(context, tally, sample, pages), savings.sentence(cost, context)),
        text_caution=paragraph(
            say(_CAUTION),
            say(_MAY_WORSEN),
            say(_WEAK, share=f"{100 * one.bias_max:.1f}") if one.is_weak else "",
        ),
        family="channel_switch:excess",
        m=m,
        extra={
            "last_pages": [list(row) for row in pages],
            "match_quality": "weak" if one.is_weak else "strong",
            "n_weak_matches": one.facts["n_weak"],
            "bias_max": round(one.bias_max, 6),
            "n_visit_days": one.facts["n_visits"],
            "may_worsen": say(_MAY_WORSEN),
        },
    )


def _evidence(context: Context, tally: Tally, sample: str, pages: list[tuple[str, int]]) -> str:
    few = context.method.small_cell_customers
    last = ", ".join(f"{context.label(page)} ({n:,})" for page, n in pages)
    return paragraph(
        say(
            _COUNTED[sample],
            hits=not_few(tally.hits, few),
            n=f"{tally.n:,}",
            before=not_few(tally.before, few),
        ),
        say("Last page before the call, in all journeys: {pages}.", pages=last) if last else "",
    )


def _robust(light: Tally, strict: Tally, confidence: float) -> dict[str, Any]:
    """As rates.robustness_part, for a difference: the sign without the heaviest, and strict beyond chance."""
    parts: dict[str, Any] = {}
    signs = []
    for name, tally in (("without_top_1pct_customers", light), ("strict_identity", strict)):
        if tally.n < 30:
            parts[name] = {"reason": say_n("only {n} call is left", "only {n} calls are left", tally.n, n=tally.n)}
        else:
            parts[name] = {"value": round(tally.excess, 6), "n": tally.n}
            signs.append((tally.interval(confidence)[1] if name == "strict_identity" else tally.excess) > 0)
    parts |= {name: {"reason": say(evidence.NOT_CUT)} for name in ("half_gap", "double_gap")}
    return {**parts, "sign_stable": all(signs) if signs else None}


def _cost(store: Store, context: Context, one: Switch) -> dict[str, Any]:
    """Minutes of the calls after a visit less those of the calls before one; claims that part of the former."""
    rows = store.rows(
        """select customer_id, sum(engaged_ms * (is_after::integer - is_before::integer))::bigint,
            sum(handle_ms * (is_after::integer - is_before::integer))::bigint
        from switch_call where step = $step group by customer_id order by customer_id""",
        {"step": one.step},
    )
    tally = one.tally["all"]
    part = max(0.0, 1 - tally.before / tally.hits) if tally.hits else 0.0
    savings.claim(
        store,
        one.finding_id,
        f"select pos, round(engaged_ms * {part!r}), 0 from switch_call where step = $step and is_after",
        {"step": one.step},
    )
    saved = savings.Saved([row[1] for row in rows], [row[2] for row in rows])
    return savings.cost(context, one.finding_id, saved, unknown=say("the logs tell no length of these calls"))
