"""Findings that are shown by single journeys, where the way through the process does not tell (a wait, a day, a visit).

An analysis leaves the temporary table `chance`: one row per place and journey that had the chance to show it, with
n = opportunities, hits = how many show it, before = how many show the opposite (0 where there is none). Everything is
counted from there: rates with customers as clusters, who shows it, example journeys. What is told stays in the table
`finding_journey`, by which the finding's SQL finds all its journeys again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import pyarrow as pa

from ingest.language import mark
from ingest.store import Store
from mining.context import Context
from mining.deciding import Decision
from mining.evidence import Reach, Told, bounded
from mining.findings import Finding, seed_of, shuffle_of
from mining.population import CHOSEN, SPLITS, Scope
from mining.rates import Rate
from mining.statistics import binomial_above, normal_quantile, wilson

_PERSONS = """
    with person as (
        select c.place, p.customer_id, p.is_discovery, p.is_heavy, sum(c.n)::bigint as n, sum(c.hits)::bigint as hits,
            sum(c.before)::bigint as before, coalesce(sum(c.n) filter (p.is_strict), 0)::bigint as strict_n,
            coalesce(sum(c.hits) filter (p.is_strict), 0)::bigint as strict_hits,
            coalesce(sum(c.before) filter (p.is_strict), 0)::bigint as strict_before
        from chance as c inner join population as p using (journey_id) where {condition}
        group by c.place, p.customer_id, p.is_discovery, p.is_heavy)"""
_SUMS = """
    select place, '{split}' as split, count(*), sum({n}), sum({hits}), sum({before}), sum({n} * {n}),
        sum({n} * ({hits} - {before})), sum(({hits} - {before}) * ({hits} - {before}))
    from person where {chosen} group by place"""
_EXAMPLES = """
    create or replace temporary table example as
    select i.finding_id,
        min_by(p.journey_key, xor(p.draw, i.shuffle), {n.n_typical}) filter (c.hits > 0) as typical,
        min_by(p.journey_key, row(-c.hits, -p.engaged_ms, p.journey_key), {n.n_typical} + {n.n_extreme})
            filter (c.hits > 0) as extreme,
        min_by(p.journey_key, xor(p.draw, i.shuffle), {n.n_counter}) filter (c.hits = 0) as counter
    from chance as c inner join incoming_names as i using (place) inner join population as p using (journey_id)
    where {condition} group by i.finding_id"""
_MINUTES = """
    select c.place, sum(p.engaged_ms)::bigint, sum(p.handle_ms)::bigint
    from chance as c inner join population as p using (journey_id)
    where c.hits > 0 and list_contains($places, c.place)
    group by c.place, p.customer_id order by c.place, p.customer_id"""
_CHOSEN = CHOSEN | {"strict": "strict_n > 0"}
"""Which customers a split holds; strict is a matter of single journeys and has its own columns."""


class Marked(Told, Protocol):
    """Something seen at a place of `chance`."""

    @property
    def place(self) -> str:
        """Its name in `chance`."""

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place."""


M = TypeVar("M", bound=Marked)
Minutes = tuple[list[int], list[int]]
"""By customer: engaged ms, and the company's."""


@dataclass(frozen=True)
class ClusteredRate(Rate):
    """A share whose units come in customers: `effective` = as many independent units as they are worth."""

    METHOD: ClassVar[str] = mark("Wilson score, customers as clusters")

    effective: dict[str, float]

    def interval(self, split: str, confidence: float) -> tuple[float, float]:
        """Wilson interval of the share, at the effective size."""
        size = self.effective[split]
        return wilson(self.share(split) * size, size, confidence)

    def p_above(self, split: str, share: float) -> float:
        """One-sided p of "the true share is at most `share`"."""
        size = math.floor(self.effective[split])
        return binomial_above(self.share(split) * size, size, share)


@dataclass(frozen=True)
class Tally:
    """Sums over customers of one place and split: units, hits, the opposite, and their products."""

    customers: int = 0
    n: int = 0
    hits: int = 0
    before: int = 0
    n_n: int = 0
    n_excess: int = 0
    excess_excess: int = 0

    @property
    def excess(self) -> float:
        """(hits - before) / n."""
        return (self.hits - self.before) / self.n if self.n else 0.0

    @property
    def error(self) -> float:
        """Standard error of `excess`, by linearisation, customers as clusters; infinite for fewer than two."""
        if self.customers < 2 or not self.n:
            return math.inf
        r = self.excess
        spread = max(0.0, self.excess_excess - 2 * r * self.n_excess + r * r * self.n_n)
        return math.sqrt(spread * self.customers / (self.customers - 1)) / self.n

    def interval(self, confidence: float) -> tuple[float, float]:
        """Normal interval of the excess."""
        half = normal_quantile(0.5 + confidence / 2) * self.error
        return max(-1.0, self.excess - half), min(1.0, self.excess + half)

    @property
    def effective(self) -> float:
        """Independent units that would tell a share as exactly; at most n."""
        share, error = self.hits / self.n if self.n else 0.0, self.error
        if not 0 < share < 1 or error == 0:
            return float(min(self.n, self.customers))
        return min(float(self.n), share * (1 - share) / error**2) if error < math.inf else float(min(self.n, 1))


def tallies(store: Store, scope: Scope) -> dict[str, dict[str, Tally]]:
    """place -> split -> sums over closed journeys; each place has every split."""
    out: dict[str, dict[str, Tally]] = {}
    parts = []
    for name, chosen in _CHOSEN.items():
        prefix = "strict_" if name == "strict" else ""
        columns = {column: f"{prefix}{column}" for column in ("n", "hits", "before")}
        parts.append(_SUMS.format(split=name, chosen=chosen, **columns))
    query = _PERSONS.format(condition=scope.condition) + " union all ".join(parts) + " order by place, split"
    for place, split, *sums in store.rows(query):
        out.setdefault(place, {name: Tally() for name in SPLITS})[split] = Tally(*(int(value) for value in sums))
    return out


def rate_of(tally: dict[str, Tally]) -> ClusteredRate:
    """The share of units that show it."""
    return ClusteredRate(
        {split: float(t.hits) for split, t in tally.items()},
        {split: t.n for split, t in tally.items()},
        {split: t.effective for split, t in tally.items()},
    )


def publishable(
    store: Store, context: Context, scope: Scope, kinds: Sequence[str], places: Sequence[M]
) -> list[tuple[M, Reach]]:
    """The places that become findings, each with who shows it; their journeys are left in `finding_journey`, examples
    of them in the temporary table `example`.
    """
    found = {
        row[0]: Reach(*row[1:])
        for row in store.rows(f"""
            select c.place, count(*), count(distinct p.customer_id),
                count(distinct p.customer_id) filter (not p.is_discovery)
            from chance as c inner join population as p using (journey_id)
            where c.hits > 0 and {scope.condition} group by c.place""")
    }
    kept = bounded(store, context, kinds, [(place, found.get(place.place, Reach(0, 0, 0))) for place in places])
    if kept:
        names = {
            "place": pa.array([one.place for one, _ in kept]),
            "finding_id": pa.array([one.finding_id for one, _ in kept]),
            "shuffle": pa.array([shuffle_of(seed_of(one.finding_id)) for one, _ in kept], pa.uint64()),
        }
        store.put("incoming_names", pa.table(names))
        store.run("delete from finding_journey where finding_id in (select finding_id from incoming_names)")
        store.run(
            f"""insert into finding_journey
            select n.finding_id, c.journey_id, c.hits
            from chance as c inner join incoming_names as n using (place) inner join population using (journey_id)
            where c.hits > 0 and {scope.condition} order by n.finding_id, c.journey_id""",
            name="finding_journey",
        )
        store.run(_EXAMPLES.format(n=context.method, condition=scope.condition), name="example")
        store.drop("incoming_names")
    return kept


def minutes(store: Store, places: Sequence[Marked]) -> dict[str, Minutes]:
    """place -> what the journeys that show it cost, by customer."""
    out: dict[str, Minutes] = {one.place: ([], []) for one in places}
    for place, engaged_ms, handle_ms in store.rows(_MINUTES, {"places": list(out)}):
        out[place][0].append(engaged_ms)
        out[place][1].append(handle_ms)
    return out


def finding(store: Store, context: Context, one: Marked, decision: Decision, **told: Any) -> Finding:
    """The finding of a place: what all have in common, and what is `told` of this one."""
    return Finding(
        kind=one.kind,
        where=one.where,
        window=context.window,
        evidence=journeys(store, context, one.finding_id),
        p=decision.p,
        q=decision.q,
        config_hash=context.config_hash,
        input_hash=context.input_hash,
        **told,
    )


def journeys(store: Store, context: Context, finding_id: str) -> dict[str, Any]:
    """The record's `evidence` of a finding that `publishable` gave.

    typical = drawn by the stored seed from all that show it, extreme = most hits, then most engaged minutes, of the
    others; counter = drawn from those that had the chance and do not show it.
    """
    found = store.rows("select typical, extreme, counter from example where finding_id = $id", {"id": finding_id})
    typical, most, counter = ([*(keys or ())] for keys in (found[0] if found else (None,) * 3))
    return {
        "typical": typical,
        "extreme": [key for key in most if key not in typical][: context.method.n_extreme],
        "counter": counter,
        "sql": "select j.journey_key from finding_journey as f inner join journey as j using (journey_id) "
        f"where f.finding_id = '{finding_id}' order by j.journey_key",
        "seed": seed_of(finding_id),
    }
