"""What customers meet on the web and the calls after it, per place and split: the numbers behind `page_calls` (method
note 7) and the other failings of a website (mining/analyses/web_failings.py).

A place is held against its peers, or where two groups of visits differ in one thing (the form was sent, or given up),
against the other group.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ingest.store import Store
from mining import exposure_rows
from mining.context import Context
from mining.findings import identity
from mining.population import CHOSEN, SPLITS
from mining.shrinkage import Counts, Flags, Floats, Shrunk, hold_against, shrink, standing_out

_FOLDER = Path(__file__).parent
_TYPE = """create or replace temporary type {name}_t as enum (
    select {name} from (select distinct {name} from sight union select '') order by {name})"""
"""Of the names that are there tonight; a type of none at all can't be."""
NUMBERS = ("v", "w", "y", "y_2h", "y_72h", "y_elsewhere", "y_named", "y_own", "n_after", "n_before")
Places = npt.NDArray[np.int64]
_USUAL_CALLS = 60
"""Calls on both sides of a page's views from which its balance counts for what is usual (7.3)."""
_USUAL_PAGES = 8
_USUAL_MAX = 2 / 3
"""When more of the calls than this come after a view anyway, those before it are too few to tell who calls a lot."""
_CONTROL_CALLS = 1.0
"""Calls on other topics to expect after a place: with fewer, nothing is controlled for."""


@dataclass(frozen=True)
class Subject:
    """What may make customers call: its number in the arrays of its family, and what it is."""

    number: int
    place: str
    kind: str
    where: dict[str, Any]

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


@dataclass(frozen=True)
class Family:
    """All that is tested together. `numbers`: NUMBERS by split, one value per place; `subjects`: the places that can be
    told; `against`: of each place the one it is held against, or None where its peers are the others of its `category`.
    """

    name: str
    subjects: tuple[Subject, ...]
    category: Places
    numbers: Mapping[str, Mapping[str, Floats]]
    views_min: int
    calls_min: int
    times: float
    sure: float
    against: Places | None = None

    def counts(self, split: str, calls: str = "y") -> Counts:
        """The counts of a split, with calls of another kind or time where wanted."""
        told = self.numbers[split]
        return Counts(told[calls], told["v"], told["w"], self.category)

    def _shrunk(self, split: str, calls: str = "y") -> Shrunk:
        counts = self.counts(split, calls)
        return shrink(counts, self.flagged) if self.against is None else hold_against(counts, self.against)

    @cached_property
    def flagged(self) -> Flags:
        """Places that stand out against their peers, whether with enough data or not."""
        if self.against is not None:
            return np.zeros(len(self.category), dtype=bool)
        return standing_out(self.counts("all"), self.times, self.sure)

    @cached_property
    def by_split(self) -> dict[str, Shrunk]:
        """Each split shrunk by itself; what stands out over all is nobody's peer."""
        return {split: self._shrunk(split) for split in SPLITS}

    @cached_property
    def by_calls(self) -> dict[str, Shrunk]:
        """Over all, with calls within 2 hours, within 72 hours, and on other topics."""
        return {calls: self._shrunk("all", calls) for calls in ("y_2h", "y_72h", "y_elsewhere")}

    @cached_property
    def has_floor(self) -> Flags:
        """Places with enough views and calls."""
        told = self.numbers["all"]
        return np.asarray((told["v"] >= self.views_min) & (told["y"] >= self.calls_min))

    @property
    def tested(self) -> tuple[Subject, ...]:
        """Subjects with enough views and calls."""
        return tuple(one for one in self.subjects if self.has_floor[one.number])

    @cached_property
    def _balanced(self) -> Flags:
        """Places with enough calls around them to tell how many come after, without those that stand out."""
        told = self.numbers["all"]
        return np.asarray((told["n_after"] + told["n_before"]) * ~self.flagged >= _USUAL_CALLS)

    @cached_property
    def usual_after(self) -> float:
        """Share of calls after a view, of those after or before one, that is usual: the median over pages with many,
        else over all pages together; at least a half. Pages that stand out are left out.
        """
        after, before = self.numbers["all"]["n_after"], self.numbers["all"]["n_before"]
        if self._balanced.sum() >= _USUAL_PAGES:
            many = self._balanced
            return max(0.5, float(np.median(after[many] / (after + before)[many])))
        both = ((after + before) * ~self.flagged).sum()
        return max(0.5, float((after * ~self.flagged).sum() / both)) if both >= _USUAL_CALLS else 0.5

    @property
    def is_by_other_views(self) -> bool:
        """Whether customers are compared with themselves after other pages, not only before the view."""
        return self.against is None and self.usual_after > _USUAL_MAX

    def sides(self, number: int, split: str) -> tuple[int, int]:
        """(calls after, calls before) what a place is held against."""
        after, before = self.numbers[split]["n_after"], self.numbers[split]["n_before"]
        if self.against is not None:
            at = self.against[number]
            return int(after[at]), int(before[at])
        rest = ~self.flagged & (np.arange(len(after)) != number)
        return int(after[rest].sum()), int(before[rest].sum())

    def usual_share(self, number: int) -> float:
        """Share of the calls around a place that is usual after it: that of the other group, or `usual_after`."""
        if self.against is None:
            return self.usual_after
        after, before = self.sides(number, "all")
        return after / (after + before) if after + before else 0.5

    def p_self(self, one: Subject, split: str) -> float:
        """One-sided p of stage 2, the same customers: "no more calls after the view than before it, and than is usual".

        Usual is the balance of many pages; of few, or of the other group, it is itself uncertain (Fisher's exact test).
        Where nearly all calls come after some view that has no power: there it is "no more than after their views of
        other pages".
        """
        told = self.numbers[split]
        after, before = (int(told[name][one.number]) for name in ("n_after", "n_before"))
        p_before = float(stats.binom.sf(after - 1, after + before, 0.5))
        if self.is_by_other_views:
            return max(p_before, float(stats.poisson.sf(int(told["y"][one.number]) - 1, told["y_own"][one.number])))
        if self.against is None and self._balanced.sum() >= _USUAL_PAGES:
            return float(stats.binom.sf(after - 1, after + before, self.usual_after))
        table = np.array([(after, before), self.sides(one.number, split)])
        return max(p_before, float(stats.fisher_exact(table, alternative="greater")[1]))

    def p_value(self, one: Subject, split: str) -> float:
        """p of both stages: the larger one, of "no more calls than after its peers" and `p_self`."""
        return max(1 - self.by_split[split].page_above(one.number, 1.0), self.p_self(one, split))

    def has_control(self, one: Subject) -> bool:
        """Whether there are calls on other topics to control with."""
        return float(self.by_calls["y_elsewhere"].expected[one.number]) >= _CONTROL_CALLS

    def control(self, one: Subject, confidence: float) -> tuple[float, float, float]:
        """Calls on other topics against the peers (7.4), not shrunk: (ratio, low, high). The page should not matter."""
        elsewhere = self.by_calls["y_elsewhere"]
        seen = float(self.numbers["all"]["y_elsewhere"][one.number]) + 0.5
        ratio = seen / (float(elsewhere.expected[one.number]) + 0.5)
        spread = 0.0 if self.against is not None else float(elsewhere.tau[one.number])
        error = math.sqrt(1 / seen + spread**2 + float(elsewhere.noise[one.number]) ** 2)
        half = float(stats.norm.ppf(0.5 + confidence / 2)) * error
        return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))


def count(store: Store, context: Context, *, by_product: bool = False) -> None:
    """Count calls after sights: over the temporary tables sight and topic_stage. Leaves known_call, call_side,
    exposure and exposure_count. by_product: a call that names a product is on that product only."""
    start = dt.datetime.combine(context.window_from, dt.time())
    end = max(dt.datetime.combine(context.window_to, dt.time()), start + dt.timedelta(days=1))
    for name in ("place", "family", "topic"):
        store.run(_TYPE.format(name=name), name=name)
    if not store.has_table("known_call"):  # the calls are the same for pages and for failings
        store.run((_FOLDER / "known_calls.sql").read_text(encoding="utf-8"), name="known_calls")
    exposure_rows.make(store, context, start, end, by_product=by_product)
    store.run((_FOLDER / "exposures.sql").read_text(encoding="utf-8"), name="exposures")


def read_family(
    store: Store,
    context: Context,
    name: str,
    subjects: Sequence[Subject],
    places: Sequence[str],
    *,
    category: Sequence[int],
    against: Sequence[int] | None = None,
) -> Family:
    """A family's numbers, in the order of `places`, which hold all that were counted. Subjects carry their numbers."""
    sums = ", ".join(
        f"coalesce(sum({number}) filter ({which}), 0)::double as {number}_{split}"
        for split, which in CHOSEN.items()
        for number in NUMBERS
    )
    told = store.arrow(
        f"""with place as (select unnest($places) as place, unnest(range(len($places))) as number)
        select {sums} from place left join exposure_count on place.place = exposure_count.place
        group by number order by number""",
        {"places": list(places)},
    )
    numbers = {
        split: {number: np.asarray(told[f"{number}_{split}"].to_numpy()) for number in NUMBERS} for split in CHOSEN
    }
    method = context.method
    return Family(
        name,
        tuple(subjects),
        np.array(category, dtype=np.int64),
        numbers,
        method.page_views_min,
        method.page_calls_min,
        method.page_times_min,
        method.page_sure,
        None if against is None else np.array(against, dtype=np.int64),
    )
