"""What consolidation could give back to customers: once per finding, and together without counting a minute twice.

Weekly saving = what falls away per week x the part of it that can be had (assumed: 0.3, 0.6, 0.9; method note 5). The
interval joins the bootstrap over customers with that range: low = low x 0.3, high = high x 0.9.

Candidates may claim the same minutes: a request that is made twice, on a page that could be merged. Each analysis says
which event's minutes it claims (`saving_claim`: finding, position of the event, ms, and the ms that the event is taken
to last where no log tells). Every event has no more minutes than customers were engaged in it; the candidate of the
highest rank is served first. What a candidate gets of its claim is its `own` part, and the own parts add up to at most
all engaged minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from ingest.language import say
from ingest.store import Store
from mining.context import Context
from mining.evidence import cost_of_minutes, with_money
from mining.findings import Finding, seed_of
from mining.register import ranked
from mining.sentences import range_text

KINDS = ("merge", "eliminate", "handoff", "duplicate_request", "channel_switch", "batch_contact")
OPEN = ("confirmed", "candidate")
_PARTS = ("low", "mid", "high")
_OWN = """
    with claimed as (
        select c.finding_id, c.pos, sum(c.ms)::bigint as ms, max(c.assumed_ms) as assumed_ms,
            any_value(r.rank_no) as rank_no
        from saving_claim as c inner join incoming_ranks as r using (finding_id) group by c.finding_id, c.pos),
    there as (
        select c.*, coalesce(sum(c.ms) over (
                partition by c.pos order by c.rank_no rows between unbounded preceding and 1 preceding), 0) as taken_ms,
            greatest(round(e.engaged_ms * e.weight)::bigint, max(c.assumed_ms) over (partition by c.pos)) as has_ms
        from claimed as c inner join journey_event as e using (pos))
    select finding_id, sum(ms)::bigint, sum(greatest(0, least(ms, has_ms - taken_ms)))::bigint
    from there group by finding_id order by finding_id"""


@dataclass(frozen=True)
class Saved:
    """Minutes of the window that would fall away if all of it could be had, ms per customer; company ms likewise."""

    customer_ms: Sequence[int]
    company_ms: Sequence[int] = ()
    assumed: tuple[str, ...] = ()
    """Keys of the configuration that the minutes rest on, besides the part that can be had."""


def claim(store: Store, finding_id: str, query: str, params: Mapping[str, Any] | None = None) -> None:
    """Claim minutes of events: `query` gives (pos, ms, assumed_ms); assumed_ms = 0 where logs tell the event's time."""
    store.run(
        f"""insert into saving_claim
        select '{finding_id}', c.pos, c.ms::bigint, c.assumed_ms::bigint from ({query}) as c (pos, ms, assumed_ms)""",
        params,
        name="saving_claim",
    )


def cost(context: Context, finding_id: str, saved: Saved, *, unknown: str) -> dict[str, Any]:
    """The record's `cost`: what could fall away a week. `unknown` = why, when no minutes are known."""
    method = context.method
    made = cost_of_minutes(context, saved.customer_ms, saved.company_ms, seed_of(finding_id))
    realisable = dict(zip(_PARTS, (method.realisable_low, method.realisable_mid, method.realisable_high), strict=True))
    basis = "assumed:" + ",".join((*saved.assumed, "method.realisable"))
    for key in ("customer_min_per_week", "company_min_per_week"):
        if made[key] is None:
            continue
        if made[key]["high"] <= 0:
            made[key], made["basis"][key], made["reason"][key] = None, None, unknown
            continue
        made[key] = {part: round(max(0.0, made[key][part]) * realisable[part], 2) for part in _PARTS} | {
            "unit": "min/week"
        }
        made["basis"][key] = basis
    if made["customer_min_per_week"] is None:
        made["reason"]["customer_min_per_week"] = unknown
    made["money_per_week"] = made["basis"]["money_per_week"] = None
    return with_money(made, context)


def settle(store: Store, findings: Sequence[Finding]) -> list[Finding]:
    """The findings; each open candidate with `cost.own`: its minutes that none of higher rank claims."""
    open_ones = [f for f in ranked(list(findings)) if f.kind in KINDS and f.status in OPEN]
    if not open_ones:
        return list(findings)
    ranks = {"finding_id": [f.finding_id for f in open_ones], "rank_no": pa.array(range(len(open_ones)), pa.int32())}
    store.put("incoming_ranks", pa.table(ranks))
    part = {row[0]: (row[2] / row[1] if row[1] else 0.0) for row in store.rows(_OWN)}
    store.drop("incoming_ranks")
    chosen = {f.finding_id for f in open_ones}
    return [_with_own(f, part.get(f.finding_id, 0.0)) if f.finding_id in chosen else f for f in findings]


def _with_own(finding: Finding, part: float) -> Finding:
    minutes = finding.cost["customer_min_per_week"]
    if minutes is None:
        return finding
    own = {name: round(minutes[name] * part, 2) for name in _PARTS}
    return replace(finding, cost={**finding.cost, "own": {**own, "unit": "min/week", "part": round(part, 6)}})


def sentence(cost_: Mapping[str, Any], context: Context) -> str:
    """'40 [10 to 90] customer minutes and 12 [3 to 20] EUR a week could fall away ...' or nothing."""
    minutes, money = cost_["customer_min_per_week"], cost_["money_per_week"]
    if not minutes or minutes["high"] <= 0:
        return ""
    if not money:
        return say(
            "{minutes} customer minutes a week could fall away, if the assumed part of it can be had.",
            minutes=_range(minutes),
        )
    return say(
        "{minutes} customer minutes and {money} {currency} a week could fall away, if the assumed part of it can be "
        "had.",
        minutes=_range(minutes),
        money=_range(money),
        currency=context.currency,
    )


def _range(triple: Mapping[str, Any]) -> str:
    return range_text(triple, 0 if triple["high"] >= 20 else 1)
