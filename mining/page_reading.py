"""Views of pages and the calls after them, per page and split: the numbers behind `page_calls` (method note 7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ingest.language import mark, say
from ingest.store import Store
from mining.context import Context
from mining.findings import identity
from mining.population import SPLITS
from mining.shrinkage import Counts, Flags, Floats, Shrunk, shrink, standing_out

_SQL = Path(__file__).parent / "page_calls.sql"
NUMBERS = ("v", "w", "y", "y_2h", "y_72h", "y_elsewhere", "y_named", "y_own", "n_after", "n_before")
_USUAL_CALLS = 60
"""Calls on both sides of a page's views from which its balance counts for what is usual (7.3)."""
_USUAL_PAGES = 8
_USUAL_MAX = 2 / 3
"""When more of the calls than this come after a view anyway, those before it are too few to tell who calls a lot."""


_COVERAGE = (
    (
        mark("page views that count"),
        """select (select count(*) from page_view)::bigint as n, count(*)::bigint as of_n
        from event inner join touch on event.step = touch.step::step_t
        where event.visible and event.channel::varchar = 'web' and touch.class::varchar = 'browse'
            and touch.actor = 'customer' and event.stage::varchar <> 'help' and event.order_id is null
            and (event.product_id is not null or touch.step in (select step from page_view))""",
        mark("pages held against similar ones: views by customers who can be known on the phone"),
    ),
    (
        mark("calls that count"),
        """select count(distinct call_id)::bigint as n, (
            select count(distinct coalesce(call_id, 'event ' || event_no)) from event
            where visible and step::varchar in (
                select step from touch where visible and class::varchar = 'contact' and actor = 'customer'
                    and channel::varchar not in ('web', 'mail')))::bigint as of_n
        from page_call where customer_id in (select customer_id from page_view)""",
        mark("calls by customers whose page views are known"),
    ),
)
"""(measure, query of n and of_n, note): what of the data the pages are judged by; customers who are known differ."""


@dataclass(frozen=True)
class Page:
    """One page: its number in the arrays of its family, and what it is."""

    number: int
    place: str
    product: str | None
    step: str
    address: str
    kind: str = "page_calls"

    @property
    def where(self) -> dict[str, Any]:
        """The finding's place: the product, else the address."""
        return {"step": self.step} | ({"product": self.product} if self.product else {"page": self.address})

    @property
    def finding_id(self) -> str:
        """Identity of the finding this becomes."""
        return identity(self.kind, self.where)


@dataclass(frozen=True)
class Family:
    """All pages that are tested together: products, or other pages. `numbers`: NUMBERS by split, one value per page."""

    name: str
    pages: tuple[Page, ...]
    category: npt.NDArray[np.int64]
    numbers: Mapping[str, Mapping[str, Floats]]
    views_min: int
    calls_min: int
    times: float
    sure: float

    def counts(self, split: str, calls: str = "y") -> Counts:
        """The counts of a split, with calls of another kind or time where wanted."""
        told = self.numbers[split]
        return Counts(told[calls], told["v"], told["w"], self.category)

    @cached_property
    def flagged(self) -> Flags:
        """Pages that stand out against their peers, whether with enough data or not."""
        return standing_out(self.counts("all"), self.times, self.sure)

    @cached_property
    def by_split(self) -> dict[str, Shrunk]:
        """Each split shrunk by itself; what stands out over all is nobody's peer."""
        return {split: shrink(self.counts(split), self.flagged) for split in SPLITS}

    @cached_property
    def by_calls(self) -> dict[str, Shrunk]:
        """Over all, with calls within 2 hours, within 72 hours, and on other topics."""
        return {calls: shrink(self.counts("all", calls), self.flagged) for calls in ("y_2h", "y_72h", "y_elsewhere")}

    @cached_property
    def has_floor(self) -> Flags:
        """Pages with enough views and calls."""
        told = self.numbers["all"]
        return np.asarray((told["v"] >= self.views_min) & (told["y"] >= self.calls_min))

    @cached_property
    def usual_after(self) -> float:
        """Share of calls after a view, of those after or before one, that is usual: the median over pages with many,
        else over all pages together; at least a half. Pages that stand out are left out.
        """
        after, before = self.numbers["all"]["n_after"], self.numbers["all"]["n_before"]
        both = (after + before) * ~self.flagged
        many = both >= _USUAL_CALLS
        if many.sum() >= _USUAL_PAGES:
            return max(0.5, float(np.median(after[many] / both[many])))
        return max(0.5, float((after * ~self.flagged).sum() / both.sum())) if both.sum() >= _USUAL_CALLS else 0.5

    @property
    def is_by_other_views(self) -> bool:
        """Whether customers are compared with themselves after other pages, not only before the view."""
        return self.usual_after > _USUAL_MAX

    def p_self(self, page: Page, split: str) -> float:
        """One-sided p of stage 2, the same customers: "no more calls after the view than is usual".

        Where nearly all calls come after some view, that has no power. There it is the larger p of "no more after the
        view than before it" and "no more than after their views of other pages".
        """
        after, before, calls = (int(self.numbers[split][name][page.number]) for name in ("n_after", "n_before", "y"))
        usual = 0.5 if self.is_by_other_views else self.usual_after
        p_before = float(stats.binom.sf(after - 1, after + before, usual))
        if not self.is_by_other_views:
            return p_before
        return max(p_before, float(stats.poisson.sf(calls - 1, self.numbers[split]["y_own"][page.number])))

    def p_value(self, page: Page, split: str) -> float:
        """p of both stages: the larger one, of "no more calls than after its peers" and `p_self`."""
        return max(1 - self.by_split[split].page_above(page.number, 1.0), self.p_self(page, split))

    def control(self, page: Page, confidence: float) -> tuple[float, float, float]:
        """Calls on other topics against the peers (7.4), not shrunk: (ratio, low, high). The page should not matter."""
        elsewhere = self.by_calls["y_elsewhere"]
        seen = float(self.numbers["all"]["y_elsewhere"][page.number]) + 0.5
        ratio = seen / (float(elsewhere.expected[page.number]) + 0.5)
        error = float(np.hypot(1 / np.sqrt(seen), elsewhere.tau[page.number]))
        half = float(stats.norm.ppf(0.5 + confidence / 2)) * error
        return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))


def read_families(store: Store, context: Context) -> list[Family]:
    """Products and other pages. Leaves the temporary tables of mining/page_calls.sql."""
    start = dt.datetime.combine(context.window_from, dt.time())
    end = dt.datetime.combine(context.window_to, dt.time())
    for name, value in (
        ("data_from", f"timestamp '{start}'"),
        ("data_to", f"timestamp '{max(end, start + dt.timedelta(days=1))}'"),
        ("timezone", f"'{context.timezone}'"),
        ("discovery_parts", str(context.method.discovery_parts)),
    ):
        store.run(f"set variable {name} = {value}", name=name)
    store.run(_SQL.read_text(encoding="utf-8"), name="page_calls")
    for measure, query, note in _COVERAGE:
        store.run("delete from data_quality where measure = $measure", {"measure": measure})
        store.run(
            f"insert into data_quality by name select $measure as measure, n, of_n, $note as note from ({query}) "
            "where n < of_n",
            {"measure": measure, "note": say(note)},
        )
    return [
        _family(store, context, name, condition)
        for name, condition in (("product", "is_product"), ("page", "not is_product"))
        if store.value(f"select count(*) from page_exposure where {condition}")
    ]


def _family(store: Store, context: Context, name: str, condition: str) -> Family:
    facts = store.rows(
        f"""select place, product_id, step, address, category from page_fact
        where {condition} and place in (select place from page_count) order by place"""
    )
    pages = tuple(Page(number, *fact[:4]) for number, fact in enumerate(facts))
    sums = ", ".join(f"coalesce(sum({number}) filter ({{chosen}}), 0)::double as {number}" for number in NUMBERS)
    chosen = {
        "all": "true",
        "discovery": "is_discovery",
        "confirm": "not is_discovery",
        "light": "not is_heavy",
        "strict": "is_strict",
    }
    numbers = {}
    for split, which in chosen.items():
        told = store.arrow(
            f"""select {sums.format(chosen=which)} from page_count inner join page_fact using (place)
            where {condition} group by place order by place"""
        )
        numbers[split] = {number: np.asarray(told[number].to_numpy()) for number in NUMBERS}
    method = context.method
    return Family(
        name,
        pages,
        np.array([fact[4] for fact in facts], dtype=np.int64),
        numbers,
        method.page_views_min,
        method.page_calls_min,
        method.page_times_min,
        method.page_sure,
    )
