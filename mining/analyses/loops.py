"""Loops: journeys that come back to a step they have been at (method note 4).

A loop is found by chronological loop erasure on each variant. Browsing and steps that may be repeated at will are
looked through; the legitimate repeats of the step dictionary are taken off (the smallest allowance in the cycle).
`rate` = closed journeys with at least one pass beyond the allowance / closed journeys that reached the step where the
loop closes most often. Minutes are the engaged minutes of the erased events, each of which lies in one cycle only.

Status. "It happens" is a count, not a hypothesis, so there is no p value (0.6 applies to tests; 4.3 asks for none) and
the grade is D. What can still go wrong is that the loop was picked for being large in these very journeys. So:
- not_enough_data: a floor fails (journeys at the step, journeys with a pass, customers); n_needed says what is lacking.
- candidate: the floors hold over all closed journeys.
- confirmed: the loop, proposed by the customers of the discovery parts (floors in proportion hold there too), is seen
  again in the customers kept apart, with floors in proportion, and stays without the heaviest customers. The published
  share and interval are those of the customers kept apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ingest.store import Store
from mining import evidence
from mining.context import Context
from mining.erasure import Cycle, Passes, department_sequence, erase
from mining.evidence import Reach
from mining.findings import Finding, identity
from mining.population import Scope, Variant, by_place, variants
from mining.rates import (
    Rate,
    ci_part,
    count_text,
    floor_needed,
    n_part,
    rate_of,
    sample_sentence,
    share_text,
)

NAME = "loops"
KINDS = ("loop.self", "loop.pingpong", "loop.cycle")
SUMMARY = "journeys that come back to a step or department they have been at, how often, and the minutes spent there"
READS = ("variants", "journey_metrics", "journey", "journey_event", "touch")

EFFECT = "share of journeys with a pass"
_SCOPE = Scope()
_MINUTES = """
    select m.finding_id, p.customer_id, sum(cast(round(e.engaged_ms * e.weight) as bigint)),
        sum(cast(round(e.handle_ms * e.weight) as bigint))
    from loop_marks as m
    inner join population as p on p.variant_id = m.variant_id
    inner join journey_event as e on e.pos = p.first_pos + m.place
    group by m.finding_id, p.customer_id order by m.finding_id, p.customer_id"""


@dataclass
class Loop:
    """A cycle with the variants that go round it: passes beyond the allowance, and the places of their events."""

    kind: str
    where: dict[str, Any]
    steps: tuple[str, ...]
    entries: Counter[str] = field(default_factory=Counter)
    passes: dict[int, int] = field(default_factory=dict)
    places: dict[int, list[int]] = field(default_factory=dict)
    ends_inside: set[int] = field(default_factory=set)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this loop becomes."""
        return identity(self.kind, self.where)

    @property
    def hits(self) -> dict[int, float]:
        """Passes per journey of each variant."""
        return {variant_id: float(n) for variant_id, n in self.passes.items()}

    @property
    def entry(self) -> str:
        """The step (or department) at which the loop closes most often."""
        return min(self.entries, key=lambda name: (-self.entries[name], name))


def find(store: Store, context: Context) -> list[Finding]:
    """All loops as findings, the frequent ones of each kind first."""
    ways = variants(store, _SCOPE)
    loops = evidence.publishable(store, context, _SCOPE, KINDS, collect(ways, context))
    minutes = _minutes(store, [loop for loop, _ in loops])
    department = _sought(context)
    frame = Frame({way.variant_id: way for way in ways}, by_place(ways), by_place(ways, department.get))
    return [
        _finding(store, context, loop, frame, reach, minutes.get(loop.finding_id, ([], []))) for loop, reach in loops
    ]


def _sought(context: Context) -> dict[str, str | None]:
    """The department that the customer turns to in each step; None where they browse or the company acts by itself.

    A parcel scan between two calls sends nobody back and forth.
    """
    return {
        step: touch.department if touch.actor == "customer" and not touch.is_free else None
        for step, touch in context.touch.items()
    }


def collect(ways: Iterable[Variant], context: Context) -> list[Loop]:
    """Every cycle of every variant, gathered by kind and place."""
    free = {step for step, touch in context.touch.items() if touch.is_free}
    department = _sought(context)
    found: dict[tuple[str, tuple[str, ...]], Loop] = {}
    for way in ways:
        _add(found, way, "step", erase(way.steps, free), context, list(range(len(way.steps))))
        names, starts = department_sequence(way.steps, department)
        between = [cycle for cycle in erase(names) if cycle.length == 2]
        _add(found, way, "department", between, context, starts)
    return [found[key] for key in sorted(found)]


def _add(
    found: dict[tuple[str, tuple[str, ...]], Loop],
    way: Variant,
    level: str,
    cycles: list[Cycle],
    context: Context,
    place: list[int],
) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for cycle in cycles:
        seen[cycle.steps] += 1
        if level == "step" and seen[cycle.steps] <= min(
            (context.touch[s].repeats or 0) for s in cycle.steps if s in context.touch
        ):
            continue  # a repeat the business calls legitimate
        loop = found.setdefault((level, cycle.steps), _new_loop(level, cycle.steps))
        loop.entries[cycle.entry] += way.counts["all"]
        loop.passes[way.variant_id] = loop.passes.get(way.variant_id, 0) + 1
        if level == "step":  # what a department's run holds is already counted by the steps
            loop.places.setdefault(way.variant_id, []).extend(cycle.erased)
        if place and place[cycle.erased[-1]] == place[-1]:
            loop.ends_inside.add(way.variant_id)


def _new_loop(level: str, names: tuple[str, ...]) -> Loop:
    if level == "department":
        return Loop("loop.pingpong", {"departments": list(names)}, names)
    kind = {1: "loop.self", 2: "loop.pingpong"}.get(len(names), "loop.cycle")
    return Loop(kind, {"cycle": list(names)}, names)


def _minutes(store: Store, loops: list[Loop]) -> dict[str, tuple[list[int], list[int]]]:
    """Engaged and handling ms per customer inside each loop: (customer ms, company ms) lists."""
    rows = [(loop.finding_id, v, place) for loop in loops for v in sorted(loop.places) for place in loop.places[v]]
    if not rows:
        return {}
    columns = list(zip(*rows, strict=True))
    store.put(
        "loop_marks",
        pa.table(
            {
                "finding_id": pa.array(columns[0]),
                "variant_id": pa.array(columns[1], pa.uint32()),
                "place": pa.array(columns[2], pa.uint32()),
            }
        ),
    )
    out: dict[str, tuple[list[int], list[int]]] = {}
    for finding_id, _, customer_ms, company_ms in store.rows(_MINUTES):
        pair = out.setdefault(finding_id, ([], []))
        if customer_ms is not None:
            pair[0].append(int(customer_ms))
        pair[1].append(int(company_ms or 0))
    store.drop("loop_marks")
    return out


@dataclass(frozen=True)
class Frame:
    """The variants, ready to be looked up."""

    by_id: dict[int, Variant]
    by_step: dict[str, list[Variant]]
    by_department: dict[str, list[Variant]]


def _finding(
    store: Store, context: Context, loop: Loop, frame: Frame, reach: Reach, minutes: tuple[list[int], list[int]]
) -> Finding:
    by_department = "departments" in loop.where
    rate = rate_of(
        [(frame.by_id[v], 1.0) for v in sorted(loop.passes)],
        (frame.by_department if by_department else frame.by_step)[loop.entry],
    )
    method = context.method
    needed = floor_needed(rate, reach, method.loop_journeys_min, method.loop_hits_min, method.loop_customers_min)
    robust = evidence.robustness((rate.hits["light"], rate.n["light"]), (rate.hits["strict"], rate.n["strict"]), 0.0)
    status = context.status(loop.finding_id, _status(context, rate, reach, needed, robust))
    sample = "confirm" if status == "confirmed" else "all"
    passes = _passes(loop, frame.by_id)
    cost = (
        evidence.no_cost("the minutes of a loop between departments are counted with the loops of its steps")
        if by_department
        else evidence.cost_of_minutes(context, *minutes, int(loop.finding_id[:8], 16))
    )
    ci = ci_part(rate, sample, method.confidence)
    return Finding(
        kind=loop.kind,
        status=status,
        grade="D",
        where=loop.where,
        window=context.window,
        n=n_part(rate, reach, sample, events=passes.total, n_needed=needed),
        effect={
            "name": EFFECT,
            "value": round(rate.share(sample), 6),
            "unit": "share",
            "baseline": 0.0,
            "direction": "up",
        },
        ci=ci,
        cost=cost,
        evidence=evidence.journeys(store, context, _SCOPE, loop.finding_id, None if by_department else loop.entry),
        robustness=robust,
        title=_title(context, loop, rate, sample, ci, passes),
        text_evidence=_evidence_text(context, rate, sample, reach, passes, cost),
        text_caution=_caution(status, needed),
        family=f"{loop.kind}:passes",
        m=0,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        extra={
            "cycle": list(loop.steps),
            "k": len(loop.steps),
            "entry": loop.entry,
            "entries": dict(sorted(loop.entries.items())),
            "passes_mean": passes.mean,
            "passes_p90": passes.percentile(0.9),
            "allowed": _allowed(context, loop),
            "journeys_ending_in_loop": sum(frame.by_id[v].counts["all"] for v in sorted(loop.ends_inside)),
        },
    )


def _status(context: Context, rate: Rate, reach: Reach, needed: int | None, robust: dict[str, Any]) -> str:
    if needed is not None:
        return "not_enough_data"
    method = context.method
    shares = {"discovery": method.discovery_parts / 10, "confirm": 1 - method.discovery_parts / 10}
    seen_again = all(
        rate.n[split] >= math.ceil(method.loop_journeys_min * share)
        and rate.hits[split] >= math.ceil(method.loop_hits_min * share)
        for split, share in shares.items()
    )
    enough_people = reach.customers_confirm >= math.ceil(method.loop_customers_min * shares["confirm"])
    return "confirmed" if seen_again and enough_people and robust["sign_stable"] is not False else "candidate"


def _allowed(context: Context, loop: Loop) -> int:
    return min((context.touch[step].repeats or 0 for step in loop.steps if step in context.touch), default=0)


def _passes(loop: Loop, by_id: dict[int, Variant]) -> Passes:
    journeys: Counter[int] = Counter()
    for variant_id, n in loop.passes.items():
        journeys[n] += by_id[variant_id].counts["all"]
    return Passes(journeys)


def _name(context: Context, loop: Loop) -> list[str]:
    if "departments" in loop.where:
        return ['"' + name.replace('"', "'") + '"' for name in loop.steps]
    return [context.label(step) for step in loop.steps]


def _title(context: Context, loop: Loop, rate: Rate, sample: str, ci: dict[str, Any], passes: Passes) -> str:
    names, share = _name(context, loop), share_text(rate.share(sample), ci)
    journeys = f"{share} of the journeys that reached it"
    if len(names) == 1:
        return f"{names[0]} came again in {journeys}, {passes.mean:.1f} extra times each"
    entry = f'"{loop.entry}"' if "departments" in loop.where else context.label(loop.entry)
    where = f"{share} of the journeys that reached {entry}"
    if len(names) == 2:
        return f"{where} went back and forth between {names[0]} and {names[1]}, {passes.mean:.1f} times each"
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more steps"]
    return f"{where} went round {', '.join(shown[:-1])} and {shown[-1]} again, {passes.mean:.1f} times each"


def _evidence_text(
    context: Context, rate: Rate, sample: str, reach: Reach, passes: Passes, cost: dict[str, Any]
) -> str:
    text = sample_sentence(rate, sample, context.method.confidence)
    text += f"; {count_text(passes.total)} passes by {count_text(reach.customers)} customers"
    minutes = cost["customer_min_per_week"]
    if minutes and minutes["high"] > 0:
        span = f"{minutes['mid']:,.0f} [{minutes['low']:,.0f} to {minutes['high']:,.0f}]"
        text += f", {span} customer minutes a week inside the loop"
    return text + "."


def _caution(status: str, needed: int | None) -> str:
    if status == "not_enough_data":
        return f"Not enough data: about {needed:,} journeys that reach the step would be needed to say more."
    text = "This is a plain count: it shows that it happens and how often, not why, and not that it is unwanted."
    return (
        text
        if status == "confirmed"
        else text + " It has not been seen often enough in the customers kept apart for checking."
    )
