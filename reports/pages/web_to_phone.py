"""The web-to-phone page: pages and products seen before a call, against all other visits. An association, no cause.

A visit counts as followed by a call when its customer calls within 24 hours: of the first sight of the page, or, for
the visits it is held against, of their start. Calls that come before the page are not its calls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ingest.language import say
from mining.night_figures import Z95
from reports import formats
from reports.charts import Axis
from reports.figures import Figures
from reports.plots import interval_dot
from reports.view import Report
from reports.view_findings import KIND_WORDS

ENOUGH_VISITS = 100
_KINDS = (
    "page_calls",
    "empty_search",
    "help_before_call",
    "back_and_forth",
    "form_given_up",
    "status_again",
    "channel_switch",
)
"""Findings on the same question, with peers, controls and a check."""
SHOWN = 15

_CALLS = """create or replace temporary table made_call as
select event.customer_id, min(event.occurred_at) as called_at
from event inner join touch on touch.step = event.step::varchar
where event.visible and event.call_id is not null and touch.class::varchar = 'contact'
group by event.customer_id, event.call_id"""
"""Grain: one row per call that a customer makes."""

_SEEN = """create or replace temporary table web_seen as
select event.step, event.customer_id, event.session_id, min(event.occurred_at) as seen_at
from event
where event.visible and event.session_id is not null
    and event.step::varchar in (select step from touch where channel::varchar = 'web')
group by event.step, event.customer_id, event.session_id"""
"""Grain: one row per visit and page of it."""

_VISITS = """create or replace temporary table web_visit as
select customer_id, session_id, min(seen_at) as seen_at from web_seen group by customer_id, session_id"""
"""Grain: one row per visit to the website."""

_PRODUCTS = """create or replace temporary table web_product as
select event.product_id, event.customer_id, event.session_id, min(event.occurred_at) as seen_at
from event
where event.visible and event.session_id is not null and event.product_id is not null
    and event.step::varchar in (select step from touch where channel::varchar = 'web')
group by event.product_id, event.customer_id, event.session_id"""
"""Grain: one row per visit and product seen in it."""

_READ = """with visit_called as materialized (
    select distinct visit.customer_id, visit.session_id from web_visit as visit
    inner join made_call as call on visit.customer_id = call.customer_id
        and call.called_at between visit.seen_at and visit.seen_at + interval 24 hour),
seen_called as (
    select distinct seen.{key}, seen.customer_id, seen.session_id from {table} as seen
    inner join made_call as call on seen.customer_id = call.customer_id
        and call.called_at between seen.seen_at and seen.seen_at + interval 24 hour),
customer as materialized (
    select visits.customer_id, visits.n as vt, coalesce(calls.n, 0) as ct
    from (select customer_id, count(*) as n from web_visit group by customer_id) as visits
    left join (select customer_id, count(*) as n from visit_called group by customer_id) as calls using (customer_id)),
mine as (select {key}, customer_id, count(*) as v1 from {table} group by {key}, customer_id),
followed as (select {key}, customer_id, count(*) as c1 from seen_called group by {key}, customer_id),
started as (
    select seen.{key}, seen.customer_id, count(*) as s1
    from {table} as seen inner join visit_called using (customer_id, session_id) group by seen.{key}, seen.customer_id),
held as (
    select mine.{key}, mine.v1, coalesce(followed.c1, 0) as c1, coalesce(started.s1, 0) as s1, customer.vt, customer.ct,
        customer.vt - mine.v1 as v0, customer.ct - coalesce(started.s1, 0) as c0
    from mine inner join customer using (customer_id)
    left join followed on followed.{key} = mine.{key} and followed.customer_id = mine.customer_id
    left join started on started.{key} = mine.{key} and started.customer_id = mine.customer_id),
total as (
    select count(*) as n, sum(vt) as vt, sum(ct) as ct, sum(vt * vt) as vv, sum(vt * ct) as cv, sum(ct * ct) as cc
    from customer)
select held.{key}::varchar as name, count(*) as n_customers, count(*) filter (c1 > 0) as n_callers,
    sum(v1) as v1, sum(c1) as c1, any_value(total.vt) - sum(v1) as v0, any_value(total.ct) - sum(s1) as c0,
    sum(c1 * c1) as c1c1, sum(c1 * v1) as c1v1, sum(v1 * v1) as v1v1,
    sum(c0 * c0) as c0c0, sum(c0 * v0) as c0v0, sum(v0 * v0) as v0v0,
    sum(c1 * c0) as c1c0, sum(c1 * v0) as c1v0, sum(v1 * c0) as v1c0, sum(v1 * v0) as v1v0,
    any_value(total.cc) - sum(held.ct * held.ct) as cc, any_value(total.cv) - sum(held.vt * held.ct) as cv,
    any_value(total.vv) - sum(held.vt * held.vt) as vv, any_value(total.n) as n
from held, total group by held.{key} order by name"""
"""Sums of whole numbers only, so that the answer does not depend on the order of adding up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A page or product: visits with it, those followed by a call, rates, their difference and its 95 % interval."""

    kind: str
    name: str
    n_visits: int
    n_calls: int
    n_callers: int
    rate: float
    others: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Calls per visit above those of all other visits."""
        return self.rate - self.others


@dataclass(frozen=True, slots=True)
class Table:
    """The ranking of pages or of products. `rows`: (cells, drawing)."""

    id: str
    title: str
    head: str
    rows: tuple[tuple[tuple[str, ...], Markup], ...]
    note: str


@dataclass(frozen=True, slots=True)
class WebToPhoneView:
    """What the page shows. `told`: (title, link) of findings about pages that are followed by calls."""

    headline: str
    lede: str
    missing: tuple[str, ...]
    tables: tuple[Table, ...]
    told: tuple[tuple[str, str], ...] = ()


def build(figures: Figures, report: Report) -> WebToPhoneView:
    """Read, compare and word."""
    missing = _missing(figures)
    if missing:
        return WebToPhoneView(say("Which pages are seen before a call can't be told"), "", missing, ())
    rows = _rows(figures)
    seen = [one for row in rows if (one := compared(row)) and row["n_customers"] >= figures.k]
    enough = [one for one in seen if one.n_visits >= ENOUGH_VISITS]
    tables = tuple(
        _table(kind, enough, sum(row["kind"] == kind for row in rows), figures.k)
        for kind in ("page", "product")
        if any(row["kind"] == kind for row in rows)
    )
    words = {say(KIND_WORDS[kind]) for kind in _KINDS}
    told = tuple((finding.title, finding.href) for finding in report.findings if finding.word in words)
    return WebToPhoneView(*_words(enough, figures.k), (), tables, told)


def _rows(figures: Figures) -> list[dict[str, Any]]:
    """The sums of each page and each product, with its `kind`."""
    for name, sql in (("made_call", _CALLS), ("web_seen", _SEEN), ("web_visit", _VISITS), ("web_product", _PRODUCTS)):
        figures.store.run(sql, name=name)
    labels = dict(figures.store.rows("select step, label from touch"))
    pages = figures.store.records(_READ.format(key="step", table="web_seen"))
    products = figures.store.records(_READ.format(key="product_id", table="web_product"))
    named = [row | {"kind": "page", "name": labels.get(row["name"], row["name"])} for row in pages]
    return named + [row | {"kind": "product"} for row in products]


def _missing(figures: Figures) -> tuple[str, ...]:
    has_visits, has_calls = figures.store.rows(
        """select coalesce(bool_or(event.session_id is not null and touch.channel::varchar = 'web'), false),
            coalesce(bool_or(event.call_id is not null and touch.class::varchar = 'contact'), false)
        from event inner join touch on touch.step = event.step::varchar where event.visible"""
    )[0]
    missing = []
    if not has_visits:
        missing.append(
            say("No source tells of visits to a website: deliver a web log, and declare its pages with channel web.")
        )
    if not has_calls:
        missing.append(say("No source tells of calls: deliver a call log, and declare its steps with class contact."))
    return tuple(missing)


def compared(row: dict[str, Any]) -> Seen | None:
    """Rates and the interval of their difference, customers as clusters; None when there is no other visit.

    Linearised: se^2 = sum over customers of (e1 / V1 - e0 / V0)^2 with residuals e = calls - rate * visits.
    """
    v1, c1, v0, c0 = (int(row[name]) for name in ("v1", "c1", "v0", "c0"))
    if not v1 or not v0:
        return None
    r1, r0, n = c1 / v1, c0 / v0, int(row["n"])
    m = {name: int(value) for name, value in row.items() if name not in ("kind", "name")}
    own = (m["c1c1"] - 2 * r1 * m["c1v1"] + r1 * r1 * m["v1v1"]) / v1**2
    other = (m["c0c0"] - 2 * r0 * m["c0v0"] + r0 * r0 * m["v0v0"]) / v0**2
    mixed = (m["c1c0"] - r0 * m["c1v0"] - r1 * m["v1c0"] + r1 * r0 * m["v1v0"]) / (v1 * v0)
    without = (m["cc"] - 2 * r0 * m["cv"] + r0 * r0 * m["vv"]) / v0**2
    half = Z95 * math.sqrt(max(0.0, own + other - 2 * mixed + without) * n / max(n - 1, 1))
    return Seen(row["kind"], row["name"], v1, c1, m["n_callers"], r1, r0, r1 - r0 - half, r1 - r0 + half)


def _words(enough: list[Seen], k: int) -> tuple[str, str]:
    lede = say(
        "Calls within 24 hours after a page was seen, against visits that did not come to it. This goes together; it "
        "does not say that the page makes people call. Who wants to call may look the page up first."
    )
    if not enough:
        return say("No page has the {n} visits that a comparison needs", n=ENOUGH_VISITS), lede
    best = min((one for one in enough if one.n_callers >= k), key=_rank, default=None)
    if best is None or best.low <= 0:
        return say("No page is followed by more calls than the others, as far as can be told"), lede
    n, others = formats.number(100 * best.rate), formats.number(100 * best.others)
    if best.kind == "page":
        text = say(
            "After “{page}”, {n} of 100 visits are followed by a call within a day; {others} of 100 other visits are",
            page=best.name,
            n=n,
            others=others,
        )
    else:
        text = say(
            "After product {product}, {n} of 100 visits are followed by a call within a day; {others} of 100 other "
            "visits are",
            product=best.name,
            n=n,
            others=others,
        )
    return text, lede


def _table(kind: str, enough: list[Seen], n_all: int, k: int) -> Table:
    mine = [one for one in enough if one.kind == kind]
    ranked = sorted((one for one in mine if not 0 < one.n_callers < k), key=_rank)
    shown = ranked[:SHOWN]
    axis = Axis.over([v for one in shown for v in (one.low, one.high)], factor=100)
    title, head = (say("Pages"), say("Page")) if kind == "page" else (say("Products"), say("Product"))
    rows = tuple((_cells(one), _dot(one, axis)) for one in shown)
    n_few_calls, n_few_visits, n_cut = len(mine) - len(ranked), n_all - len(mine), len(ranked) - len(shown)
    parts = [_by_chance(kind, len(ranked))] if ranked else []
    if n_few_calls:
        parts.append(say("Not listed, since fewer than {k} customers called: {n}.", k=k, n=formats.count(n_few_calls)))
    if n_few_visits:
        parts.append(
            say(
                "Not listed, since they have fewer than {visits} visits or {k} customers: {n}.",
                visits=ENOUGH_VISITS,
                k=k,
                n=formats.count(n_few_visits),
            )
        )
    if n_cut:
        parts.append(say("Not listed, below the first {most}: {n}.", most=SHOWN, n=formats.count(n_cut)))
    return Table(f"{kind}s", title, head, rows, " ".join(parts))


def _by_chance(kind: str, n: int) -> str:
    compared = (
        formats.plural(n, "{n} page compared.", "{n} pages compared.")
        if kind == "page"
        else formats.plural(n, "{n} product compared.", "{n} products compared.")
    )
    chance = say("With so many, about {n} would stand out to the right by chance alone.", n=formats.number(n / 40, 1))
    return f"{compared} {chance}"


def _rank(one: Seen) -> tuple[float, float, str]:
    """First by the calls that are surely more than with other visits, then by the difference."""
    return -max(0.0, one.low * one.n_visits), -one.difference, one.name


def _cells(one: Seen) -> tuple[str, ...]:
    between = formats.interval(formats.signed(100 * one.low, 1), formats.signed(100 * one.high, 1))
    return (
        one.name,
        formats.count(one.n_visits),
        formats.count(one.n_calls),
        formats.number(100 * one.rate, 1),
        formats.number(100 * one.others, 1),
        f"{formats.signed(100 * one.difference, 1)} ({between})",
    )


def _dot(one: Seen, axis: Axis) -> Markup:
    tone = "cost" if one.low > 0 else "save" if one.high < 0 else "neutral"
    return interval_dot(one.difference, one.low, one.high, axis, tone, 0.0)
