"""The population that rates are counted over: closed journeys of the window, by variant and split.

Python sees variants with their counts, never journeys one at a time; what needs rows is asked of the warehouse.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from ingest.store import Store
from mining import recording
from mining.context import Context

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
_COUNTS = ", ".join(f"count(*) filter ({chosen})" for chosen in CHOSEN.values())


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


def variants(store: Store, scope: Scope) -> list[Variant]:
    """All variants of the scope with their counts, most frequent first."""
    rows = store.rows(f"""
        select v.variant_id, v.steps, {_COUNTS}
        from population inner join variants as v using (variant_id)
        where {scope.condition} group by v.variant_id, v.steps order by v.variant_id""")
    return [Variant(row[0], tuple(row[1].split(" > ")), dict(zip(SPLITS, row[2:], strict=True))) for row in rows]


def ways(store: Store, scope: Scope) -> list[Variant]:
    """Like `variants`, but a variant is told apart by which of its steps have no order (`pattern`); ids are way ids."""
    rows = store.rows(f"""
        select p.way_id, v.steps, coalesce(p.pattern, ''), {_COUNTS}
        from population as p inner join variants as v using (variant_id)
        where {scope.condition} group by p.way_id, v.steps, p.pattern order by count(*) desc, p.way_id""")
    return [
        Variant(row[0], tuple(row[1].split(" > ")), dict(zip(SPLITS, row[3:], strict=True)), row[2]) for row in rows
    ]


def left_out(store: Store, scope: Scope) -> dict[str, int]:
    """Journeys that a scope leaves out because a source did not tell of them, by reason (recording.UNRECORDED)."""
    condition = replace(scope, recorded=False).condition
    told = store.rows(f"select unrecorded, count(*) from population where is_unrecorded and {condition} group by all")
    return dict.fromkeys(recording.UNRECORDED, 0) | dict(told)


def running_ways(store: Store, context: Context, scope: Scope) -> list[Variant]:
    """The ways of journeys of the window that still run, counted under "all" only."""
    rows = store.rows(
        f"""
        with running as (
            select journey.*, unrecorded_journey.journey_id is not null as is_unrecorded
            from journey left join unrecorded_journey on journey.journey_id = unrecorded_journey.journey_id
        )
        select coalesce(c.way_id, m.variant_id), v.steps, coalesce(c.pattern, ''), count(*)
        from running as r
        inner join journey_metrics as m on r.journey_id = m.journey_id
        inner join variants as v on m.variant_id = v.variant_id
        left join coarse_journey as c on r.journey_id = c.journey_id
        where not r.is_complete and r.started_at >= $window_from and r.started_at < $window_to and {scope.condition}
        group by 1, 2, 3 order by count(*) desc, 1""",
        {
            "window_from": dt.datetime.combine(context.window_from, dt.time()),
            "window_to": dt.datetime.combine(context.window_to, dt.time()),
        },
    )
    return [Variant(row[0], tuple(row[1].split(" > ")), {"all": row[3]}, row[2]) for row in rows]


def by_place(
    ways: Iterable[Variant], place: Callable[[str], str | None] = lambda step: step
) -> dict[str, list[Variant]]:
    """The variants that reach each step, or each `place(step)` such as its department; None is left out."""
    out: dict[str, list[Variant]] = defaultdict(list)
    for way in ways:
        for name in sorted({name for name in map(place, way.steps) if name is not None}):
            out[name].append(way)
    return dict(out)
