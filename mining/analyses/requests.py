"""What customers are asked for twice (method note 4.2 and 5, kinds `re_ask` and `duplicate_request`).

A request is a step that asks an item (`asks` in steps.toml). It is made again when the item was given before in the
same journey, by another step, or by the same step beyond its declared repeats, with no step in between that changes the
item (`changes`).

`re_ask` tells where: per item and asking step, the share of the journeys that were asked there and had given it before.
It is a count (grade D): confirmed when it is seen again in the customers kept apart.
`duplicate_request` tells what could fall away: per item, the share of the journeys that were asked for it and were
asked again. The claim is tested: H0 "at most 5 %", customers as clusters; candidate by BH, confirmed by Holm in the
customers kept apart. An item below the floor of journeys says how many would be needed.
Minutes: `[costs.ask_min]` of site.toml, else the measured minutes of the asking step (by its number of items), where
the step does nothing but ask (class info_request); never more than the step's own engaged minutes, where logs tell
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.language import mark, say, say_n
from ingest.store import Store
from mining import evidence, marked, savings
from mining.context import Context
from mining.deciding import Decision, Floor, decide, seen_again
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.marked import ClusteredRate
from mining.population import Scope
from mining.rates import ci_part, effect_part, floor_needed, n_part, robustness_part
from mining.sentences import counted, paragraph, share_text

NAME = "requests"
KINDS = ("re_ask", "duplicate_request")
SUMMARY = "what customers have to give twice in one journey, where, and the minutes it takes"
READS = ("journey_event", "journey", "journey_metrics", "touch")

EFFECT = mark("share of journeys asked again")
_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "requests.sql"
_CHANCE = """create or replace temporary table chance as
    select item as place, journey_id, 1 as n, cast(bool_or(is_again) as integer) as hits, 0 as before
    from request group by item, journey_id
    union all
    select item || ' @ ' || step, journey_id, 1, cast(bool_or(is_again) as integer), 0
    from request group by item, step, journey_id
    order by all"""
_MINUTES = """
    select r.pos, e.customer_id, e.handle_ms is not null as is_handled,
        cast(round(case
            when $ask_ms is not null and e.engaged_ms > e.engaged_wait_ms
                then least($ask_ms, (e.engaged_ms - e.engaged_wait_ms) * e.weight)
            when $ask_ms is not null then $ask_ms
            when t.class::varchar = 'info_request' and e.engaged_ms > e.engaged_wait_ms
                then (e.engaged_ms - e.engaged_wait_ms) * e.weight / len(t.asks)
        end) as bigint) as ms
    from request as r inner join journey_event as e using (pos) inner join touch as t on t.step = r.step
    where r.is_again and r.item = $item"""
_MAY_WORSEN = mark(
    "An item that is kept instead of asked again can be out of date or another's; asking twice can be a check."
)
_CAUTION = mark("A count, no trial. What a step asks is what steps.toml declares, not what was said.")


@dataclass(frozen=True)
class Asked:
    """A place where an item is asked again."""

    kind: str
    place: str
    where: dict[str, Any]
    rate: ClusteredRate

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)

    @property
    def item(self) -> str:
        """What is asked, in words."""
        return str(self.where["item"]).replace("_", " ")


def find(store: Store, context: Context) -> list[Finding]:
    """Items asked twice, as findings; none where steps.toml says of no step what it asks."""
    if not any(touch.asks for touch in context.touch.values()):
        return []
    store.run(_SQL.read_text(encoding="utf-8"), name="requests")
    store.run(_CHANCE, name="chance")
    rates = {place: marked.rate_of(tally) for place, tally in marked.tallies(store, _SCOPE).items()}
    seen = {place: rate for place, rate in rates.items() if rate.hits["all"]}
    twice = _duplicates(context, seen)
    again = [Asked("re_ask", place, _where(place), rate) for place, rate in seen.items() if " @ " in place]
    method = context.method
    limit = {place: rate for place, rate in rates.items() if " @ " not in place and _is_large(context, rate)}
    decisions = decide(
        method,
        {place: rate.p_above("discovery", method.request_share_min) for place, rate in limit.items()},
        [one.place for one in twice if one.place in limit],
        lambda place: limit[place].p_above("confirm", method.request_share_min),
    )
    shown = marked.publishable(store, context, _SCOPE, KINDS, [*again, *twice])
    return [_finding(store, context, one, reach, decisions.get(one.place), len(limit)) for one, reach in shown]


def _where(place: str) -> dict[str, Any]:
    item, _, step = place.partition(" @ ")
    return {"item": item, "step": step} if step else {"item": item}


def _is_large(context: Context, rate: ClusteredRate) -> bool:
    return rate.n["all"] >= context.method.request_journeys_min


def _duplicates(context: Context, seen: dict[str, ClusteredRate]) -> list[Asked]:
    """Items whose share is above the limit: by its lower bound, or by itself where there are too few journeys."""
    method, found = context.method, []
    for place, rate in seen.items():
        if " @ " in place:
            continue
        low = rate.interval("all", method.confidence)[0]
        if (low if _is_large(context, rate) else rate.share("all")) >= method.request_share_min:
            found.append(Asked("duplicate_request", place, _where(place), rate))
    return found


def _finding(store: Store, context: Context, one: Asked, reach: Reach, decision: Decision | None, m: int) -> Finding:
    method, rate, is_candidate = context.method, one.rate, one.kind == "duplicate_request"
    floor = Floor(method.re_ask_journeys_min, method.re_ask_hits_min, method.re_ask_customers_min)
    if is_candidate:
        needed = None if decision else method.request_journeys_min
        decided = decision or Decision("not_enough_data", None, None)
    else:
        needed = floor_needed(rate, reach, floor.units, floor.hits, floor.customers)
        decided = Decision("not_enough_data", None, None) if needed else seen_again(method, rate, reach, floor)
    baseline = method.request_share_min if is_candidate else 0.0
    robust = robustness_part(rate, baseline)
    status = context.status(one.finding_id, decided.status, robust)
    sample = "confirm" if status == "confirmed" else "all"
    ci = ci_part(rate, sample, method.confidence)
    cost = (
        _cost(store, context, one)
        if is_candidate
        else evidence.no_cost(say("counted once, for all steps that ask for the {item}", item=one.item))
    )
    return marked.finding(
        store,
        context,
        one,
        decided,
        status=status,
        grade="D",
        n=n_part(rate, reach, sample, events=None, n_needed=needed),
        effect=effect_part(rate, sample, EFFECT, baseline),
        ci=ci,
        cost=cost,
        robustness=robust,
        title=_title(context, one, share_text(rate.share(sample), ci)),
        text_evidence=paragraph(
            counted(rate, sample, ci),
            savings.sentence(cost, context)
            if is_candidate
            else say_n(
                "It happened to {n} customer.",
                "It happened to {n} customers.",
                reach.customers,
                n=f"{reach.customers:,}",
            ),
        ),
        text_caution=paragraph(say(_CAUTION), say(_MAY_WORSEN) if is_candidate else _said(status, needed)),
        family=f"{one.kind}:share",
        m=m if is_candidate else 0,
        extra=_extra(store, one, method.small_cell_customers)
        | ({"may_worsen": say(_MAY_WORSEN)} if is_candidate else {}),
    )


def _said(status: str, needed: int | None) -> str:
    if needed is not None:
        return say(
            "Not enough data: about {n} journeys that are asked there would be needed to say more.", n=f"{needed:,}"
        )
    if status == "confirmed":
        return ""
    return say("It has not been seen often enough in the customers kept apart for checking.")


def _title(context: Context, one: Asked, share: str) -> str:
    if one.kind == "duplicate_request":
        return say(
            "Customers are asked for the {item} again in {share} of the journeys that ask for it",
            item=one.item,
            share=share,
        )
    return say(
        "{step} asks for the {item} though it was given before, in {share} of its journeys",
        step=context.label(one.where["step"]),
        item=one.item,
        share=share,
    )


def _cost(store: Store, context: Context, one: Asked) -> dict[str, Any]:
    """What the repeated requests take; claims the minutes of their events."""
    minutes = context.ask_min.get(one.where["item"])
    params = {"item": one.where["item"], "ask_ms": None if minutes is None else 60_000 * minutes}
    rows = store.rows(
        f"""select customer_id, sum(ms)::bigint, coalesce(sum(ms) filter (is_handled), 0)::bigint
        from ({_MINUTES}) where ms is not null group by customer_id order by customer_id""",
        params,
    )
    assumed_ms = 0 if minutes is None else int(60_000 * minutes)
    savings.claim(store, one.finding_id, f"select pos, ms, {assumed_ms} from ({_MINUTES}) where ms is not null", params)
    saved = savings.Saved(
        [row[1] for row in rows],
        [row[2] for row in rows],
        () if minutes is None else (f"costs.ask_min.{one.where['item']}",),
    )
    return savings.cost(
        context,
        one.finding_id,
        saved,
        unknown=say(
            "site.toml states no [costs.ask_min] {key}, and the asking steps do other things too",
            key=one.where["item"],
        ),
    )


def _extra(store: Store, one: Asked, few: int) -> dict[str, Any]:
    """Who asked before, and where it is asked again, most frequent first."""
    rows = store.rows(
        """select r.step_before, r.step, count(*) from request as r inner join population as p using (journey_id)
        where r.is_again and r.item = $item and ($step is null or r.step = $step) group by r.step_before, r.step
        having count(distinct p.customer_id) >= $few order by count(*) desc, r.step_before, r.step limit 5""",
        {"item": one.where["item"], "step": one.where.get("step"), "few": few},
    )
    return {"item": one.where["item"], "asked_before_and_again": [list(row) for row in rows]}
