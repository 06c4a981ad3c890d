"""The population that rates are counted over: closed journeys of the window, by variant and split.

Python sees variants with their counts, never journeys one at a time; what needs rows is asked of the warehouse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from ingest.store import Store
from mining import recording
from mining.context import Context
from mining.folding import Through, fold, nothing
from mining.sequences import numbers

_SQL = Path(__file__).parent / "population.sql"
_CLAIMS = (
    "create or replace temporary table saving_claim (finding_id varchar, pos uinteger, ms bigint, assumed_ms bigint)"
)
"""Which finding claims how much of which event's minutes (mining/savings.py)."""
CHOSEN = {
    "all": "true",
    "discovery": "is_discovery",
    "confirm": "not is_discovery",
    "light": "not is_heavy",
    "strict": "is_strict",
}
"""Split -> its rows, in SQL on `population` and on tables that carry its flags."""
SPLITS = tuple(CHOSEN)
_FLAGS = "is_discovery, is_heavy, is_strict"


@dataclass(frozen=True)
class Variant:
    """A way through the process and how many closed journeys took it, in all and by split.

    light = without the 1 % of customers with most events; strict = identity on strong evidence only. `pattern` = which
    steps have no order (coarse.sql), empty where all have.
    """

    variant_id: int
    steps: tuple[str, ...]
    counts: dict[str, int]
    pattern: str = ""


def reached(ways: Sequence[Variant], places: Iterable[Collection[str]]) -> dict[str, dict[str, int]]:
    """Journeys on the ways that reach each place, in all and by split; `places` = where each of the ways comes by."""
    number: dict[str, int] = {}
    by_way = [[number.setdefault(place, len(number)) for place in of_way] for of_way in places]
    lengths = np.fromiter(map(len, by_way), np.int64, len(ways))
    counts = np.fromiter(chain.from_iterable(way.counts.values() for way in ways), np.int64).reshape(-1, len(SPLITS))
    column = np.fromiter(chain.from_iterable(by_way), np.int64, int(lengths.sum()))
    comes_by = csr_array(
        (np.ones(len(column), np.int64), column, np.append(0, lengths.cumsum())), (len(ways), len(number))
    )
    sums = (comes_by.T @ counts).tolist()
    return {place: dict(zip(SPLITS, sums[at], strict=True)) for place, at in number.items()}


@dataclass(frozen=True)
class Scope:
    """Which closed journeys an analysis looks at, and what its findings are marked on.

    `started_from` = only journeys that began on that day or later; `recorded` = without those that need a source on a
    day it delivered too little; `by_journey` = marks stand in `finding_journey`, else in `finding_variant`; `table` =
    where journeys are looked up, with the columns of `population` that evidence needs.
    """

    anchor: str | None = None
    keep_truncated: bool = True
    started_from: dt.date | None = None
    recorded: bool = False
    by_journey: bool = False
    table: str = "population"

    @property
    def marks(self) -> str:
        """The table of marks."""
        return "finding_journey" if self.by_journey else "finding_variant"

    @property
    def marked_by(self) -> str:
        """The column by which a mark finds its journeys in `table`."""
        return "journey_id" if self.by_journey else "variant_id"

    @property
    def condition(self) -> str:
        """On the temporary table `population`."""
        parts = ["true"]
        if self.anchor:
            parts.append(f"anchor = '{self.anchor}'")
        if not self.keep_truncated:
            parts.append("not is_truncated")
        if self.started_from:
            parts.append(f"started_at >= timestamp '{self.started_from}'")
        if self.recorded:
            parts.append("not is_unrecorded")
        return " and ".join(parts)

    def evidence_sql(self, finding_id: str, context: Context) -> str:
        """The query that returns the journey_key of every journey that shows the finding; runs on the warehouse."""
        if self.by_journey:
            return (
                "select j.journey_key from finding_journey as f inner join journey as j on j.journey_id = f.journey_id "
                f"where f.finding_id = '{finding_id}' order by j.journey_key"
            )
        parts = [
            f"f.finding_id = '{finding_id}'",
            "j.is_complete",
            f"j.started_at >= timestamp '{context.window_from}'",
            f"j.started_at < timestamp '{context.window_to}'",
        ]
        if self.anchor:
            parts.append(f"j.anchor = '{self.anchor}'")
        if not self.keep_truncated:
            parts.append("not j.is_truncated")
        return (
            "select j.journey_key from finding_variant as f "
            "inner join journey_metrics as m on m.variant_id = f.variant_id "
            "inner join journey as j on j.journey_id = m.journey_id "
            f"where {' and '.join(parts)} order by j.journey_key"
        )


def prepare(store: Store, context: Context) -> None:
    """Make the temporary table `population`, and an empty one for what findings claim of its events."""
    recording.prepare(store, context)
    start = dt.datetime.combine(context.window_from, dt.time())
    end = dt.datetime.combine(context.window_to, dt.time())
    params = {"window_from": start, "window_to": end, "discovery_parts": context.method.discovery_parts}
    store.run(_SQL.read_text(encoding="utf-8"), params, name="population")
    store.run(_CLAIMS, name="saving_claim")
    store.run("drop table if exists known_call", name="known_call")  # made again by who first asks for it


def variants(store: Store, scope: Scope, is_through: Through = nothing) -> list[Variant]:
    """All variants of the scope with their counts, without the steps that are looked through; in the order of ids.

    Those that are the same without these steps are one, with the lowest of their ids; the temporary table `told_way`
    says which they are (told_id, way_id), and which events of a journey its steps are (`places`, from 0).
    """
    source = f"(select variant_id as way_id, {_FLAGS} from population where {scope.condition})"
    return _fold(store, source, CHOSEN, is_through)


def ways(store: Store, scope: Scope, is_through: Through = nothing) -> list[Variant]:
    """Like `variants`, most frequent first, but a variant is told apart by which of its steps have no order
    (`pattern`). Where some have none, nothing is looked through and no two are one. Ids are way ids.
    """
    source = f"(select way_id, variant_id, pattern, {_FLAGS} from population where {scope.condition})"
    return _with_patterns(store, source, CHOSEN, is_through)


def left_out(store: Store, scope: Scope) -> dict[str, int]:
    """Journeys that a scope leaves out because a source did not tell of them, by reason (recording.UNRECORDED)."""
    condition = replace(scope, recorded=False).condition
    told = store.rows(f"select unrecorded, count(*) from population where is_unrecorded and {condition} group by all")
    return dict.fromkeys(recording.UNRECORDED, 0) | dict(told)


def running_ways(store: Store, context: Context, scope: Scope, is_through: Through = nothing) -> list[Variant]:
    """The ways of journeys of the window that still run, as in `ways`, counted under "all" only."""
    source = f"""(
        with running as (
            select journey.*, unrecorded_journey.journey_id is not null as is_unrecorded
            from journey left join unrecorded_journey on journey.journey_id = unrecorded_journey.journey_id
        )
        select coalesce(c.way_id, m.variant_id) as way_id, m.variant_id, c.pattern
        from running as r
        inner join journey_metrics as m on r.journey_id = m.journey_id
        left join coarse_journey as c on r.journey_id = c.journey_id
        where not r.is_complete and r.started_at >= timestamp '{context.window_from}'
            and r.started_at < timestamp '{context.window_to}' and {scope.condition})"""
    return _with_patterns(store, source, {"all": "true"}, is_through)


def _with_patterns(store: Store, source: str, splits: Mapping[str, str], is_through: Through) -> list[Variant]:
    """The ways of `source` (way_id, variant_id, pattern; a row per journey), most frequent first."""
    found = _fold(store, f"(from {source} where pattern is null)", splits, is_through)
    rows = store.rows(f"""
        select way_id, v.steps, pattern, {_counts(splits)} from {source} inner join variants as v using (variant_id)
        where pattern is not null group by way_id, v.steps, pattern order by way_id""")
    found += [
        Variant(row[0], tuple(row[1].split(" > ")), dict(zip(splits, row[3:], strict=True)), row[2]) for row in rows
    ]
    store.run(f"insert into told_way select distinct way_id, way_id, null from {source} where pattern is not null")
    return sorted(found, key=lambda way: (-way.counts["all"], way.variant_id))


def _fold(store: Store, source: str, splits: Mapping[str, str], is_through: Through) -> list[Variant]:
    """The ways of `source` (way_id = a variant; a row per journey), those that are the same put together."""
    told = store.arrow(f"select way_id, {_counts(splits)} from {source} group by way_id order by way_id")
    way_id, *counts = (numbers(one.combine_chunks()) for one in told.columns)
    folded = fold(store, way_id, is_through)
    ids = way_id[folded.first]
    store.put("incoming_ways", folded.table(way_id))
    store.run("create or replace temporary table told_way as from incoming_ways", name="told_way")
    store.drop("incoming_ways")
    sums = zip(*(folded.sums(one).tolist() for one in counts), strict=True)
    return [
        Variant(number, steps, dict(zip(splits, own, strict=True)))
        for number, steps, own in zip(ids.tolist(), folded.steps, sums, strict=True)
    ]


def _counts(splits: Mapping[str, str]) -> str:
    return ", ".join(f"count(*) filter ({chosen})" for chosen in splits.values())
