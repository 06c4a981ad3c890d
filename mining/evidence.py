"""From variants that show something to a finding's evidence, customers and cost. Shared by the analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining.context import Context
from mining.findings import drawn_by, seed_of, shuffle_of
from mining.population import Scope
from mining.statistics import bootstrap_sum

NOT_CUT = mark("counted when it is up for decision, by cutting the journeys anew")
MEASURED = mark("measured")
Minutes = npt.NDArray[np.int64]
_POOL = 4096
"""Journeys, drawn once for all findings, among which counter-examples are looked for first."""
_SHOWN = """
    select asked.finding_id, min_by(p.journey_key, xor(p.draw, asked.shuffle), {n.n_typical}),
        max_by(p.journey_key, row(p.engaged_ms, p.duration_ms, p.draw), {n.n_typical} + {n.n_extreme})
    from asked
    inner join {scope.marks} as f using (finding_id)
    inner join {scope.table} as p using ({scope.marked_by})
    where {scope.condition} group by asked.finding_id"""
_COUNTER = """
    with pool as (
        select p.journey_key, p.draw, p.{scope.marked_by}, ' > ' || v.steps || ' > ' as steps
        from {scope.table} as p inner join variants as v using (variant_id)
        where {scope.condition} order by p.draw, p.journey_key limit {pool}
    ),

    shows as (
        select f.finding_id, f.{scope.marked_by} from {scope.marks} as f
        semi join asked using (finding_id) semi join pool using ({scope.marked_by})
    )

    select asked.finding_id, min_by(pool.journey_key, xor(pool.draw, asked.shuffle), {n.n_counter})
    from asked
    inner join pool on asked.step is null or contains(pool.steps, ' > ' || asked.step || ' > ')
    anti join shows on asked.finding_id = shows.finding_id and pool.{scope.marked_by} = shows.{scope.marked_by}
    group by asked.finding_id"""


@dataclass(frozen=True)
class Reach:
    """Who shows a finding: journeys and distinct customers in all closed journeys, customers in the confirm part."""

    journeys: int
    customers: int
    customers_confirm: int


class Told(Protocol):
    """Something that becomes a finding."""

    @property
    def kind(self) -> str:
        """Kind of the finding it becomes."""

    @property
    def finding_id(self) -> str:
        """Identity of the finding it becomes."""


class Place(Told, Protocol):
    """Something seen in variants."""

    @property
    def hits(self) -> Mapping[int, float]:
        """Id of a way, as it was read -> how much of it a journey shows. Empty where marks are made in SQL."""


P = TypeVar("P", bound=Place)
T = TypeVar("T", bound=Told)


def publishable(
    store: Store, context: Context, scope: Scope, kinds: Sequence[str], places: Sequence[P]
) -> list[tuple[P, Reach]]:
    """The places that become findings, each with who shows it; their marks are left in `scope.marks`.

    Places of too few customers are folded (never told one by one), and each kind is bounded, the most frequent first;
    `data_quality` says how many of each there are. `kinds` = all kinds the analysis can find.
    """
    write_marks(store, scope, {place.finding_id: place.hits for place in places})
    reaches = reach(store, scope)
    kept = bounded(store, context, kinds, [(place, reaches[place.finding_id]) for place in places])
    _unmark(store, scope, [place.finding_id for place in places], [place.finding_id for place, _ in kept])
    return kept


def bounded(
    store: Store, context: Context, kinds: Sequence[str], places: Sequence[tuple[T, Reach]]
) -> list[tuple[T, Reach]]:
    """Of each kind the most frequent places of enough customers; `data_quality` says how many are left out."""
    kept: list[tuple[T, Reach]] = []
    for kind in kinds:
        own = [one for one in places if one[0].kind == kind]
        shown = [one for one in own if one[1].customers >= context.method.small_cell_customers]
        shown.sort(key=lambda one: (one[0].finding_id not in context.known, -one[1].journeys, one[0].finding_id))
        bound = context.method.stored_per_kind_max
        kept += [one for one in shown[:bound] if context.wanted is None or one[0].finding_id in context.wanted]
        fold(store, kind, len(own), len(own) - len(shown), max(0, len(shown) - bound))
    return kept


def fold(store: Store, kind: str, n_places: int, n_small: int, n_beyond: int) -> None:
    """Say in `data_quality` what is not told one by one."""
    for measure, n, note in (
        (
            mark("findings small cell"),
            n_small,
            say("{kind}: seen in too few customers to publish; folded to protect them", kind=kind),
        ),
        (mark("findings beyond bound"), n_beyond, say("{kind}: less frequent than those told one by one", kind=kind)),
    ):
        store.run(  # whatever language an earlier run of this night spoke
            "delete from data_quality where measure = $measure and starts_with(note, $kind || ':')",
            {"measure": measure, "kind": kind},
        )
        if n:
            store.run(
                "insert into data_quality by name select $measure as measure, $n as n, $of_n as of_n, $note as note",
                {"measure": measure, "note": note, "n": n, "of_n": n_places},
            )


def _unmark(store: Store, scope: Scope, marked: Sequence[str], kept: Sequence[str]) -> None:
    gone = sorted(set(marked) - set(kept))
    if gone:
        store.run(f"delete from {scope.marks} where list_contains($gone, finding_id)", {"gone": gone})


def write_marks(store: Store, scope: Scope, hits: Mapping[str, Mapping[int, float]]) -> None:
    """Write which variants show which finding (finding_id -> told_id -> amount per journey), in place of earlier.

    Ids are those of the ways read last (`told_way`). Where the scope marks journeys, every journey of the scope on such
    a way is marked.
    """
    rows = [
        (finding_id, variant_id, float(amount))
        for finding_id, by_variant in sorted(hits.items())
        for variant_id, amount in sorted(by_variant.items())
    ]
    if not rows:
        return
    _unmark(store, scope, list(hits), [])
    names, ids, amounts = zip(*rows, strict=True)
    table = {"finding_id": pa.array(names), "told_id": pa.array(ids, pa.uint32()), "amount": pa.array(amounts)}
    store.put("incoming_marks", pa.table(table))
    marks = "select finding_id, way_id, amount from incoming_marks inner join told_way using (told_id)"
    if scope.by_journey:
        marks = f"""select m.finding_id, p.journey_id, m.amount from ({marks}) as m
            inner join population as p on p.way_id = m.way_id where {scope.condition}"""
    store.run(f"insert into {scope.marks} {marks} order by all", name=scope.marks)
    store.drop("incoming_marks")


def reach(store: Store, scope: Scope) -> dict[str, Reach]:
    """Journeys and customers per marked finding."""
    rows = store.rows(f"""
        select f.finding_id, count(*), count(distinct customer_id),
            count(distinct customer_id) filter (not is_discovery)
        from {scope.marks} as f inner join {scope.table} using ({scope.marked_by})
        where {scope.condition} group by 1""")
    return {row[0]: Reach(*row[1:]) for row in rows}


def journeys(
    store: Store, context: Context, scope: Scope, chances: Mapping[str, str | None]
) -> dict[str, dict[str, Any]]:
    """The record's `evidence` of each finding of `chances`: finding_id -> the step that gives a journey the chance to
    show it, None = any.

    typical = drawn by the stored seed from all that show it, extreme = most engaged minutes of the others, counter =
    drawn from those that had the chance and do not show it.
    """
    if not chances:
        return {}
    method = context.method
    asked = {
        "finding_id": pa.array(chances),
        "shuffle": pa.array([shuffle_of(seed_of(finding_id)) for finding_id in chances], pa.uint64()),
        "step": pa.array(chances.values(), pa.string()),
    }
    store.put("asked", pa.table(asked))
    shown = {row[0]: row[1:] for row in store.rows(_SHOWN.format(scope=scope, n=method))}
    counter = dict(store.rows(_COUNTER.format(scope=scope, n=method, pool=_POOL)))
    store.drop("asked")
    out = {}
    for finding_id, step in chances.items():
        typical, engaged = shown.get(finding_id, ([], []))
        others = counter.get(finding_id, [])
        if len(others) < method.n_counter:
            others = _rare_counter(store, scope, finding_id, step, method.n_counter)
        out[finding_id] = {
            "typical": typical,
            "extreme": [key for key in engaged if key not in typical][: method.n_extreme],
            "counter": others,
            "sql": scope.evidence_sql(finding_id, context),
            "seed": seed_of(finding_id),
        }
    return out


def _rare_counter(store: Store, scope: Scope, finding_id: str, step: str | None, n: int) -> list[str]:
    """Counter-examples of a finding of which a sample of journeys holds too few: drawn from all."""
    # A counter-example must have had the chance: it reached the same step, which its variant tells.
    chance = (
        ""
        if step is None
        else """ and p.variant_id in (
            select v.variant_id from variants as v
            where contains(' > ' || v.steps || ' > ', ' > ' || $step || ' > '))"""
    )
    rows = store.rows(
        f"""select p.journey_key from {scope.table} as p
        where {scope.condition} and {scope.marked_by} not in (
            select {scope.marked_by} from {scope.marks} where finding_id = $id
        ){chance} order by {drawn_by(seed_of(finding_id))} limit {n}""",
        {"id": finding_id} if step is None else {"id": finding_id, "step": step},
    )
    return [row[0] for row in rows]


def no_cost(reason: str) -> dict[str, Any]:
    """A cost that is not known, with the reason."""
    keys = ("customer_min_per_week", "company_min_per_week", "money_per_week")
    return {**dict.fromkeys(keys), "basis": dict.fromkeys(keys), "reason": dict.fromkeys(keys, reason)}


def cost_of_minutes(
    context: Context, customer_ms: Sequence[int], company_ms: Sequence[int], seed: int
) -> dict[str, Any]:
    """Cost from measured ms per customer over the window: minutes a week, bootstrap over customers (0.5).

    `company_ms` empty = the logs tell no handling time. Money needs a rate from site.toml; without it null, never 0.
    """
    method = context.method

    def interval(values: Sequence[int]) -> dict[str, Any]:
        array = np.array(values, dtype=np.int64)
        low, high = bootstrap_sum(
            array, seed, method.bootstrap_draws, method.bootstrap_customers_max, method.confidence
        )
        middle = float(array.sum())
        return _triple(min(low, middle), middle, max(high, middle), 60_000 * context.weeks)

    cost = no_cost("")
    if customer_ms:
        _set(cost, "customer_min_per_week", interval(customer_ms), MEASURED)
    else:
        cost["reason"]["customer_min_per_week"] = say("no engaged time is known for these steps")
    if any(company_ms):
        _set(cost, "company_min_per_week", interval(company_ms), MEASURED)
    else:
        cost["reason"]["company_min_per_week"] = say("the logs tell no handling time for these steps")
    return with_money(cost, context)


def with_money(cost: dict[str, Any], context: Context) -> dict[str, Any]:
    """Add money to a cost that has company minutes, where the site states an agent's rate."""
    company = cost["company_min_per_week"]
    if company is None:
        cost["reason"]["money_per_week"] = say("no company minutes to price")
    elif context.agent_hour is None:
        cost["reason"]["money_per_week"] = say("site.toml states no rate ([costs] agent_hour)")
    else:
        rate = context.agent_hour / 60
        money = {key: round(company[key] * rate, 2) for key in ("low", "mid", "high")}
        _set(cost, "money_per_week", {**money, "unit": f"{context.currency}/week"}, "assumed:costs.agent_hour")
    return cost


def _triple(low: float, mid: float, high: float, divisor: float) -> dict[str, Any]:
    return {
        "low": round(low / divisor, 2),
        "mid": round(mid / divisor, 2),
        "high": round(high / divisor, 2),
        "unit": "min/week",
    }


def _set(cost: dict[str, Any], key: str, value: dict[str, Any], basis: str) -> None:
    cost[key], cost["basis"][key], cost["reason"][key] = value, basis, None
