"""A world of web pages and calls, as tables of events: pages differ, customers differ, and some pages make people call.

Each customer has an activity (log-normal, sd 0.6) that raises visits, calls out of the blue and calls on other topics
alike. A visit sees some pages of one category, of which busy customers like some more than others. Each view is
followed by a call with a chance of the page's own (spread 25 %), after some 40 minutes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining import context, population
from mining.method import Method

START = dt.datetime(2026, 1, 5)
NIGHT = dt.date(2026, 3, 2)
DAYS = 56
DAY_S = 86_400
BLUE = 0.0065
"""Of the views of the standard world, followed by a call out of the blue as the last page before it."""
Numbers = npt.NDArray[np.int64]


@dataclass
class World:
    """What the world is. `times`: page -> how many times as often its views are followed by any call."""

    seed: int
    n_customers: int = 15_000
    n_pages: int = 500
    n_categories: int = 20
    visits: float = 4.0
    page_call: float = 0.02
    out_of_the_blue: float = 0.25
    other_calls: float = 0.4
    lean_sd: float = 0.5
    page_spread: float = 0.25
    times: dict[int, float] = field(default_factory=dict)
    campaign: int | None = None
    """A page that is only seen in the fifth and sixth week, in which all calls double."""
    is_named: bool = False
    """Whether calls name their product."""
    sent: int | None = None
    """A page that agents send callers to."""


@dataclass(frozen=True)
class Drawn:
    """Columns of the views and of the calls, and the chance of a call after each page."""

    view: dict[str, Numbers]
    call: dict[str, Numbers]
    chance: npt.NDArray[np.float64]


def draw(world: World) -> Drawn:
    """All that happens, in seconds since START."""
    rng = np.random.default_rng(world.seed)
    activity = np.exp(rng.normal(0, 0.6, world.n_customers))
    lean = rng.normal(0, world.lean_sd, world.n_pages)
    chance = world.page_call * np.exp(rng.normal(0, world.page_spread, world.n_pages))
    for page, times in world.times.items():
        chance[page] = world.page_call * times + (times - 1) * BLUE
    who = np.repeat(np.arange(world.n_customers), rng.poisson(world.visits * activity))
    visit_s = _moments(rng, len(who))
    n_seen = 1 + rng.geometric(0.4, len(who))
    popular = 1 / np.arange(1, world.n_pages // world.n_categories + 1) ** 0.6
    at = np.repeat(np.arange(len(who)), n_seen)
    category = rng.integers(world.n_categories, size=len(who))[at]
    page = category + world.n_categories * rng.choice(len(popular), size=len(at), p=popular / popular.sum())
    keep = rng.random(len(at)) < np.minimum(1, 0.5 * activity[who[at]] ** lean[page])
    nth = np.arange(len(at)) - np.repeat(np.cumsum(n_seen) - n_seen, n_seen)
    seen_s = visit_s[at] + 60 * nth + rng.integers(0, 50, len(at))
    if world.campaign is not None:
        keep &= (page != world.campaign) | _in_campaign(seen_s)
    view = {"customer": who[at][keep], "at_s": seen_s[keep], "page": page[keep]}
    many = 2 if world.campaign is not None else 1
    asks = rng.random(len(view["page"])) < chance[view["page"]] * np.where(_in_campaign(view["at_s"]), many, 1)
    calls = [
        _calls(view["customer"][asks], view["at_s"][asks] + 600 + _waits(rng, int(asks.sum())), 0, view["page"][asks])
    ]
    for topic, rate in ((0, world.out_of_the_blue), (1, world.other_calls)):
        caller = np.repeat(np.arange(world.n_customers), rng.poisson(rate * activity))
        calls.append(_calls(caller, _moments(rng, len(caller)), topic, np.full(len(caller), -1)))
        if world.campaign is not None:
            caller = np.repeat(np.arange(world.n_customers), rng.poisson(rate * activity * 2 / 8))
            calls.append(_calls(caller, _moments(rng, len(caller), 28, 42), topic, np.full(len(caller), -1)))
    call = {name: np.concatenate([part[name] for part in calls]) for name in calls[0]}
    if world.sent is not None:
        sent = (call["topic"] == 0) & (rng.random(len(call["topic"])) < 0.1)
        page_sent = np.full(int(sent.sum()), world.sent)
        extra = {"customer": call["customer"][sent], "at_s": call["at_s"][sent] + 300, "page": page_sent}
        view = {name: np.concatenate([values, extra[name]]) for name, values in view.items()}
    return Drawn(view, call, chance)


def _in_campaign(at_s: Numbers) -> npt.NDArray[np.bool_]:
    return (at_s >= 28 * DAY_S) & (at_s < 42 * DAY_S)


def _moments(rng: np.random.Generator, n: int, first: int = 0, last: int = DAYS) -> Numbers:
    return rng.integers(first, last, n) * DAY_S + rng.integers(8 * 3600, 22 * 3600, n)


def _waits(rng: np.random.Generator, n: int) -> Numbers:
    return rng.exponential(2400, n).astype(np.int64)


def _calls(customer: Numbers, at_s: Numbers, topic: int, page: Numbers) -> dict[str, Numbers]:
    return {"customer": customer, "at_s": at_s, "topic": np.full(len(customer), topic), "page": page}


def build(store: Store, world: World) -> Drawn:
    """Write the tables of the contract that the analysis reads, with one journey per customer."""
    drawn = draw(world)
    for name, values in (
        ("step_t", "'view_product', 'call_product', 'call_bill'"),
        ("stage_t", "'research', 'order', 'help'"),
        ("channel_t", "'web', 'agent'"),
        ("class_t", "'browse', 'contact'"),
        ("strength_t", "'none', 'weak', 'medium', 'strong'"),
        ("department_t", "'Shop'"),
    ):
        store.run(f"create type {name} as enum ({values})")
    view, call = drawn.view, drawn.call
    n_views = len(view["page"])
    is_view = np.arange(n_views + len(call["page"])) < n_views
    table = {
        "customer_id": np.concatenate([view["customer"], call["customer"]]),
        "at_s": np.concatenate([view["at_s"], call["at_s"]]),
        "page": np.concatenate([view["page"], call["page"]]),
        "topic": np.concatenate([np.zeros(n_views, np.int64), call["topic"]]),
        "is_view": is_view,
    }
    store.put("incoming", pa.table({name: pa.array(values) for name, values in table.items()}))
    store.run(_EVENTS, {"start": START, "n_categories": world.n_categories, "is_named": world.is_named})
    store.drop("incoming")
    for text in _REST.split(";"):
        store.run(text)
    store.run(
        "insert into run_fact values ('as_of', $night), ('data_from', $first)",
        {"night": str(NIGHT), "first": str(START.date())},
    )
    return drawn


def frame(store: Store) -> context.Context:
    """The night's frame, with the population."""
    made = context.Context(
        Method(), START.date(), NIGHT, context.read_touch(store), 30.0, "EUR", None, "config", "input"
    )
    population.prepare(store, made)
    return made


_EVENTS = """
create table event as
with told as (
    select *, case when is_view then 'view_product' when topic = 0 then 'call_product' else 'call_bill' end as step,
        row_number() over (order by customer_id, at_s, is_view, page, topic) as no
    from incoming
)
select no::uinteger as event_no, customer_id::uinteger as customer_id,
    $start::timestamp + to_seconds(at_s) as occurred_at,
    if(is_view, null, $start::timestamp + to_seconds(at_s + 240)) as ended_at,
    'strong'::strength_t as identity_strength, if(is_view, 'web', 'agent')::channel_t as channel,
    step::step_t as step,
    if(is_view, 'GET /c' || page % $n_categories || '/' || page || '/x', 'CALL') as raw_code,
    if(topic = 0, 'research', 'order')::stage_t as stage, 'Shop'::department_t as department, 'customer' as actor,
    true as visible, if(page >= 0 and (is_view or $is_named), page::varchar, null) as product_id,
    null::varchar as order_id, null::uinteger as session_id, null::bigint as wait_ms,
    if(is_view, null, 'c' || no) as call_id,
    case when is_view then null when topic = 0 then 'product' else 'bill' end as intent,
    if(is_view, null, 200000)::bigint as handle_ms, if(is_view, 20000, 240000)::bigint as engaged_ms,
    1::utinyint as source_id, null::varchar as time_rule
from told order by event_no"""
_REST = """
create table customer as select customer_id, 'k' || customer_id as customer_key,
    'strong'::strength_t as identity_strength,
    count(*)::ubigint as n_events from event group by customer_id;
create table journey as select customer_id as journey_id, 'j' || customer_id as journey_key, customer_id,
    'visit' as anchor, min(occurred_at) as started_at, max(occurred_at) as ended_at, true as is_complete,
    false as is_truncated, 'strong'::strength_t as identity_strength,
    (hash(customer_id) % 10)::utinyint as part from event group by customer_id;
create table journey_event as select row_number() over (order by event_no)::uinteger as pos, customer_id as journey_id,
    1.0::double as weight, * from event;
create table journey_metrics as select journey_id, 1::uinteger as variant_id, min(pos) as first_pos,
    sum(engaged_ms)::bigint as engaged_ms, 0::bigint as duration_ms from journey_event group by journey_id;
create table variants as select 1::uinteger as variant_id, 'view_product > call_product' as steps;
create table touch as
    select *, 'customer' as actor, true as visible, null::integer as repeats, []::varchar[] as asks, false as mandatory,
        false as reactive, false as bad, null::double as typical_minutes, 'Shop' as department,
        null::varchar as purpose, null::varchar as form
    from (values ('view_product', 'Looks', 'research', 'web', 'browse', 1),
        ('call_product', 'Asks', 'research', 'agent', 'contact', 2),
        ('call_bill', 'Asks about the bill', 'order', 'agent', 'contact', 3)) as t
    (step, label, stage, channel, class, step_no);
create table run_fact (name varchar, value varchar);
create table data_quality (measure varchar, source varchar, n bigint, of_n bigint, note varchar);
create table source_day (source_id utinyint, day date, n_raw bigint, is_complete boolean);
create table finding_journey (finding_id varchar, journey_id uinteger, amount double)"""
