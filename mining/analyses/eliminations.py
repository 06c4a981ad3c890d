"""Steps that could be dropped, only where it is shown that nothing changes without them (method note 5, `eliminate`).

"No effect found" proposes nothing. A step X is proposed when all of this is shown over closed journeys that reached the
step which most often comes before X (browsing is looked through):
- the share that ends badly (a later step with `bad = true`) with X directly after it, and with no X at all, is alike:
  the 90 % interval of the difference lies within 1 point, else 2 points (two one-sided tests), and that margin is at
  most 0.4 of the share that ends badly: where 1 % does, 2 points would hide its tripling. The difference is adjusted
  for how the journey began, how far it was, whether the customer was here before; customers are clusters;
- what comes next is alike: the upper end of the distance (total variation) of the two distributions is at most 0.05;
- the same holds in the 5 % of journeys with the highest order values, where `[costs] order_value` names them;
- there are enough journeys with and without X to show it 8 times in 10 (3,850 each at 10 % bad and 2 points).
Never proposed: steps that are `mandatory` or `reactive` (those who meet trouble are worse off before), browsing,
contacts that customers seek, and outcomes. Without any `bad = true` in steps.toml nothing is looked for, and
`data_quality` says so.

Family = all such steps with both groups; p = the larger of the two one-sided p values at the widest margin; candidate
by BH in the discovery parts, confirmed by Holm in the customers kept apart, where what comes next must be alike too.
Grade C.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.language import mark, say, say_n
from ingest.store import Store
from mining import elimination_words as words
from mining import evidence, marked, savings
from mining.context import Context
from mining.deciding import Decision, decide
from mining.equivalence import Difference, Flags, Journeys, difference, distance
from mining.evidence import Reach
from mining.findings import Finding, identity, seed_of
from mining.population import SPLITS, Scope
from mining.rates import Rate, n_part
from mining.sentences import paragraph, percent_text

NAME = "eliminations"
KINDS = ("eliminate",)
SUMMARY = "steps without which journeys end no worse and go on alike, shown by tests of likeness"
READS = ("journey_event", "event", "journey", "touch")

EFFECT = mark("more journeys that end badly with the step than without")
NOT_LOOKED_FOR = mark("steps to drop are not looked for")
_SCOPE = Scope()
_SQL = Path(__file__).parent.parent / "arms.sql"
_COLUMNS = """
    select customer_id::bigint as customer, is_with::utinyint as has_step, is_bad::utinyint as is_bad, stratum,
        next_name, is_top::utinyint as is_top, is_discovery::utinyint as is_discovery, is_heavy::utinyint as is_heavy,
        is_strict::utinyint as is_strict
    from arm where x = $x order by journey_id"""
_CHANCE = """create or replace temporary table chance as
    select x as place, journey_id, 1 as n, cast(not is_with as integer) as hits, 0 as before
    from arm order by x, journey_id"""


@dataclass(frozen=True)
class Step:
    """A step that might go: the comparison by split, how what comes next differs, the dear orders apart, and the
    margins of likeness that mean something at its share of bad ends, narrow first."""

    step: str
    before: str
    by_split: dict[str, Difference]
    distances: dict[str, tuple[float, float]]
    top: Difference | None
    margins: tuple[float, ...]
    kind: str = "eliminate"

    @property
    def place(self) -> str:
        """Its name in `chance`."""
        return self.step

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""
        return _where(self.step)

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


def find(store: Store, context: Context) -> list[Finding]:
    """Steps that could be dropped, as findings."""
    store.run("delete from data_quality where measure = $measure", {"measure": NOT_LOOKED_FOR})
    if not any(touch.bad for touch in context.touch.values()):
        note = say("no step of steps.toml is declared bad = true, so that nobody can say how a journey ends badly")
        store.run(
            "insert into data_quality by name select $measure as measure, 1 as n, $note as note",
            {"measure": NOT_LOOKED_FOR, "note": note},
        )
        return []
    params = {"value": context.order_value, "top_share": context.method.top_value_share}
    store.run(_SQL.read_text(encoding="utf-8"), params, name="arms")
    store.run(_CHANCE, name="chance")
    steps = _steps(store, context)
    family = {
        one.step: one for one in steps if one.by_split["all"].smaller >= one.by_split["all"].n_needed(one.margins[-1])
    }
    proposed = [one for one in steps if _fulfils(context, one, "all") or (one.step not in family and _might(one))]
    decisions = decide(
        context.method,
        {step: one.by_split["discovery"].p_apart(one.margins[-1]) for step, one in family.items()},
        [one.step for one in proposed if one.step in family],
        lambda step: family[step].by_split["confirm"].p_apart(family[step].margins[-1]),
    )
    shown = marked.publishable(store, context, _SCOPE, KINDS, proposed)
    rates = {place: marked.rate_of(tally) for place, tally in marked.tallies(store, _SCOPE).items()} if shown else {}
    return [
        _finding(store, context, one, reach, rates[one.place], decisions.get(one.step), len(family))
        for one, reach in shown
    ]


def _where(step: str) -> dict[str, Any]:
    return {"step": step}


def _steps(store: Store, context: Context) -> list[Step]:
    """Every step with enough journeys on both sides to look at it at all."""
    sizes = store.rows(
        """select x, any_value(step_before), count(*) filter (is_with), count(*) filter (not is_with)
        from arm group by x order by x"""
    )
    floor = context.method.arm_min
    looked = [_step(store, context, x, before) for x, before, *sides in sizes if min(sides) >= floor]
    return [one for one in looked if one.margins]


def _step(store: Store, context: Context, x: str, before: str) -> Step:
    table = store.arrow(_COLUMNS, {"x": x})
    flag = {name: _numbers(table[name]).astype(bool) for name in table.column_names if name.startswith(("is_", "has_"))}
    codes = {name: _codes(table[name]) for name in ("stratum", "next_name")}
    journeys = Journeys(
        flag["has_step"], flag["is_bad"], codes["stratum"], _numbers(table["customer"]), codes["next_name"]
    )
    chosen: dict[str, Flags] = {
        "all": np.ones(len(flag["has_step"]), dtype=bool),
        "discovery": flag["is_discovery"],
        "confirm": ~flag["is_discovery"],
        "light": ~flag["is_heavy"],
        "strict": flag["is_strict"],
    }
    seed = seed_of(identity("eliminate", _where(x)))
    draws = context.method.next_step_draws
    top = flag["is_top"]
    by_split = {split: difference(journeys.only(chosen[split])) for split in SPLITS}
    widest = context.method.equivalence_margin_of_base * by_split["all"].base
    return Step(
        x,
        before,
        by_split,
        {split: distance(journeys.only(chosen[split]), draws, seed) for split in ("all", "confirm")},
        difference(journeys.only(top)) if top.any() else None,
        tuple(margin for margin in sorted(context.method.equivalence_margins) if margin <= widest),
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return np.from_dlpack(column.combine_chunks())


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return _numbers(pa.chunked_array([column.combine_chunks().dictionary_encode().indices])).astype(np.int64)


def _margin(context: Context, step: Step, one: Difference) -> float | None:
    """The smallest margin that the 90 % interval lies within."""
    low, high = one.interval(context.method.equivalence_confidence)
    return next((margin for margin in step.margins if -margin < low and high < margin), None)


def _fulfils(context: Context, one: Step, split: str) -> bool:
    """Ends alike and goes on alike."""
    far = one.distances[split][1] > context.method.next_step_distance_max
    return _margin(context, one, one.by_split[split]) is not None and not far


def _might(one: Step) -> bool:
    """Looks alike, on too few journeys to show it."""
    return abs(one.by_split["all"].value) < one.margins[-1] and one.distances["all"][0] <= 2 * one.margins[-1]


def _judge(context: Context, one: Step, decision: Decision | None, stable: bool | None) -> tuple[str, int | None]:
    """(status, journeys per group that would be needed: to be confirmed, in the smaller part of the customers)."""
    margin = one.margins[-1]
    if decision is None:
        discovery = context.method.discovery_parts / 10
        return "not_enough_data", one.by_split["all"].n_to_confirm(margin, min(discovery, 1 - discovery))
    if one.top is not None and _margin(context, one, one.top) is None:
        return "cannot_tell", one.top.n_needed(margin)
    if decision.status == "confirmed" and (stable is False or not _fulfils(context, one, "confirm")):
        return "candidate", None
    return decision.status, None


def _finding(
    store: Store, context: Context, one: Step, reach: Reach, rate: Rate, decision: Decision | None, m: int
) -> Finding:
    method = context.method
    robust = _robust(context, one)
    tested, needed = _judge(context, one, decision, robust["sign_stable"])
    status = context.status(one.finding_id, tested)
    sample = "confirm" if status == "confirmed" else "all"
    shown = one.by_split[sample]
    low, high = shown.interval(method.equivalence_confidence)
    margin = _margin(context, one, shown)
    cost = _cost(store, context, one)
    points = percent_text(shown.value, low, high, "+")
    return marked.finding(
        store,
        context,
        one,
        decision or Decision("not_enough_data", None, None),
        status=status,
        grade="C",
        n=n_part(rate, reach, sample, events=None, n_needed=needed)
        | {"unit": mark("journeys that could have had it"), "n_with": shown.n_with, "n_without": shown.n_without},
        effect={
            "name": EFFECT,
            "value": round(shown.value, 6),
            "unit": mark("share"),
            "baseline": one.margins[-1],
            "direction": "within",
        },
        ci={
            "low": round(low, 6),
            "high": round(high, 6),
            "level": method.equivalence_confidence,
            "method": say("adjusted difference of shares, customers as clusters; for two one-sided tests"),
        },
        cost=cost,
        robustness=robust,
        title=words.title(context, one.step, points, is_shown=status in ("confirmed", "candidate")),
        text_evidence=paragraph(
            words.ends(context, one.step, one.before, shown),
            words.alike(points, margin, one.distances[sample][1]),
            savings.sentence(cost, context),
        ),
        text_caution=words.caution(context, one.top, needed, is_of_dear=tested == "cannot_tell"),
        family="eliminate:bad outcome",
        m=m,
        extra={
            "equivalence_margin": margin,
            "next_step_distance": [round(value, 6) for value in one.distances[sample]],
            "bad_steps": sorted(step for step, touch in context.touch.items() if touch.bad),
            "adjusted_for": ["how it began", "how far it was", "whether the customer was here before"],
            "mandatory": False,
            "may_worsen": say(words.MAY_WORSEN),
            "top_value": None if one.top is None else {"value": round(one.top.value, 6), "n": one.top.smaller},
        },
    )


def _robust(context: Context, one: Step) -> dict[str, Any]:
    """The difference without the heaviest customers and with strict identity; stable = it stays within the margin."""
    parts: dict[str, Any] = {}
    signs, margin = [], one.margins[-1]
    for name, split in (("without_top_1pct_customers", "light"), ("strict_identity", "strict")):
        shown = one.by_split[split]
        if shown.smaller < context.method.arm_min:
            parts[name] = {
                "reason": say_n(
                    "only {n} journey is left on one side",
                    "only {n} journeys are left on one side",
                    shown.smaller,
                    n=shown.smaller,
                )
            }
        else:
            parts[name] = {"value": round(shown.value, 6), "n": shown.n_with + shown.n_without}
            low, high = shown.interval(context.method.equivalence_confidence)
            signs.append(low < margin and high > -margin if split == "strict" else abs(shown.value) < margin)
    parts |= {name: {"reason": say(evidence.NOT_CUT)} for name in ("half_gap", "double_gap")}
    return {**parts, "sign_stable": all(signs) if signs else None}


def _cost(store: Store, context: Context, one: Step) -> dict[str, Any]:
    """The minutes of the step; `typical_minutes` where no log tells them."""
    typical = context.touch[one.step].typical_minutes
    typical_ms = 0 if typical is None else round(60_000 * typical)
    minutes = f"""
        select e.pos, e.customer_id, coalesce(e.handle_ms, 0) as handle_ms, e.engaged_ms > 0 as is_told,
            case when e.engaged_ms > 0 then cast(round(e.engaged_ms * e.weight) as bigint) else {typical_ms} end as ms
        from journey_event as e inner join population using (journey_id) where e.step = $step::varchar::step_t"""
    params = {"step": one.step}
    rows = store.rows(
        f"""select customer_id, sum(ms)::bigint, sum(handle_ms)::bigint, bool_and(is_told) from ({minutes})
        group by customer_id order by customer_id""",
        params,
    )
    savings.claim(store, one.finding_id, f"select pos, ms, {typical_ms} from ({minutes})", params)
    assumed = () if all(row[3] for row in rows) else (f"steps.typical_minutes.{one.step}",)
    return savings.cost(
        context,
        one.finding_id,
        savings.Saved([row[1] for row in rows], [row[2] for row in rows], assumed),
        unknown=say("no log tells how long the step takes, and steps.toml states no typical_minutes"),
    )
