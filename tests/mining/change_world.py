"""A world of calls, as tables of events: two lines with a phone menu, agents and transfers; one line changes on a day.

Each week has its own weather, shared by both lines and of each line alone, on every chance and duration (normal on the
log scale). Customers call again within days when they were not helped. What the change does is planted as factors.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.store import Store
from mining import context, population, register
from mining.changes.declared import Change
from mining.method import Method

START = dt.date(2026, 1, 5)
DAY_S = 86_400
Numbers = npt.NDArray[np.int64]


@dataclass
class World:
    """`change_day`: days from START to the change of the service line. `times`: what it multiplies from then on."""

    seed: int
    weeks: int = 20
    change_day: int = 12 * 7
    calls_a_week: int = 400
    lines: tuple[str, ...] = ("service", "orders")
    treated: tuple[str, ...] = ("service",)
    weather_sd: float = 0.05
    shared_sd: float = 0.10
    menus: float = 3.0
    transfers: float = 0.30
    given_up: float = 0.15
    left_in_menu: float = 0.20
    again: float = 0.25
    menu_s: float = 12.0
    times: dict[str, float] = field(default_factory=dict)
    growth: float = 0.0
    """Of the number of menus a week, in both lines alike: a trend."""
    visits_a_week: int = 0
    """Visits of the website: each of PAGES pages by a chance with the week's weather; `times["page"]` is of PAGE_0."""


PAGES = 6
STEPS = ("menu", "hang_up", "give_up", "handed_on", "talk")


def draw(world: World) -> pa.Table:
    """One row per event: customer, call, at_s, ended_s, wait_ms, handle_ms, line, step."""
    rng = np.random.default_rng(world.seed)
    shared = rng.normal(0, world.shared_sd, world.weeks)
    rows: list[dict[str, object]] = []
    number = 0
    for line in world.lines:
        own = rng.normal(0, world.weather_sd, world.weeks)
        n = rng.poisson(world.calls_a_week * np.exp(shared))
        at = np.sort(np.concatenate([
            week * 7 * DAY_S + rng.integers(0, 6, size) * DAY_S + rng.integers(8 * 3600, 19 * 3600, size)
            for week, size in enumerate(n)
        ]))  # fmt: skip
        queue = [(int(one), f"{line}-{k}") for k, one in enumerate(at)]
        while queue:
            at_s, customer = queue.pop()
            if at_s >= world.weeks * 7 * DAY_S:
                continue
            week = at_s // (7 * DAY_S)
            is_new = line in world.treated and at_s >= world.change_day * DAY_S
            number += 1
            events, is_helped = _call(rng, world, line, at_s, float(own[week]) + world.growth * week, is_new)
            rows += [{"customer": customer, "call": f"c{number}", "line": line, **one} for one in events]
            again = world.again * (world.times.get("again", 1.0) if is_new else 1.0)
            if not is_helped and rng.random() < again:
                queue.append((at_s + int(rng.uniform(0.1, 5) * DAY_S), customer))
    return pa.Table.from_pylist(rows)


def _call(
    rng: np.random.Generator, world: World, line: str, at_s: int, weather: float, is_new: bool
) -> tuple[list[dict[str, object]], bool]:
    times = world.times if is_new else {}
    lift = float(np.exp(weather))
    menus = 1 + rng.poisson(max(0.0, world.menus * times.get("menus", 1.0) * lift - 1))
    events = []
    now = at_s
    for node in range(menus):
        events.append(_event("menu", now, line, code=f"MENU_{min(node, 2)} NONE"))
        now += max(2, round(rng.exponential(world.menu_s)))
    if rng.random() < min(0.9, world.left_in_menu * times.get("left_in_menu", 1.0) * lift):
        events.append(_event("hang_up", now, line, code=f"{line}-line BackGround ANSWERED"))
        return events, bool(rng.random() < 0.4)
    wait_s = max(1, round(rng.exponential(90) * lift * times.get("wait", 1.0)))
    if rng.random() < min(0.9, world.given_up * times.get("given_up", 1.0) * lift):
        events.append(_event("give_up", now + wait_s, line, wait_ms=1000 * wait_s, code=f"ABANDON {line}"))
        return events, False
    now += wait_s
    talk_s = max(20, round(rng.exponential(180)))
    if rng.random() < min(0.95, world.transfers * times.get("transfers", 1.0) * lift):
        first = max(10, talk_s // 3)
        handed = {"wait_ms": 1000 * wait_s, "handle_ms": 1000 * first, "ended_s": now + first}
        events.append(_event("handed_on", now, line, code=f"BLINDTRANSFER {line}", **handed))
        now, wait_s = now + first + 30, 30
    told = {"wait_ms": 1000 * wait_s, "handle_ms": 1000 * talk_s, "ended_s": now + talk_s}
    events.append(_event("talk", now, line, code=f"COMPLETECALLER {line}", **told))
    return events, bool(rng.random() < 0.8)


def visits(world: World) -> pa.Table:
    """One row per visit and page: session, at_s, step."""
    rng = np.random.default_rng([world.seed, 9])
    chances = rng.uniform(0.1, 0.7, PAGES)
    n = rng.poisson(world.visits_a_week, world.weeks)
    weather = rng.normal(0, world.weather_sd, (world.weeks, PAGES))
    week = np.repeat(np.arange(world.weeks), n)
    at_s = week * 7 * DAY_S + rng.integers(0, 7, len(week)) * DAY_S + rng.integers(8 * 3600, 19 * 3600, len(week))
    chance = chances * np.exp(weather)[week]
    chance[:, 0] *= np.where(at_s >= world.change_day * DAY_S, world.times.get("page", 1.0), 1.0)
    session, page = np.nonzero(rng.random((len(week), PAGES)) < np.minimum(chance, 0.95))
    return pa.table({"session": session, "at_s": at_s[session] + page, "step": [f"page_{one}" for one in page]})


def _event(step: str, at_s: int, line: str, **more: object) -> dict[str, object]:
    usual = {"ended_s": None, "wait_ms": None, "handle_ms": None}
    return {"step": step, "at_s": at_s, "intent": None if step in ("menu", "hang_up") else line, **usual, **more}


def build(store: Store, world: World) -> None:
    """Write the tables of the contract that the analysis reads."""
    for name, values in (
        ("step_t", ", ".join(f"'{step}'" for step in (*STEPS, *(f"page_{page}" for page in range(PAGES))))),
        ("stage_t", "'help'"),
        ("channel_t", "'ivr', 'agent', 'web'"),
        ("class_t", "'work', 'contact', 'handoff'"),
        ("strength_t", "'none', 'weak', 'medium', 'strong'"),
        ("department_t", "'Call centre'"),
    ):
        store.run(f"create type {name} as enum ({values})")
    store.put("incoming", draw(world))
    store.run(_EVENTS, {"start": dt.datetime.combine(START, dt.time())})
    store.drop("incoming")
    for text in _REST.split(";"):
        store.run(text)
    if world.visits_a_week:
        store.put("incoming", visits(world))
        store.run(_VISITS, {"start": dt.datetime.combine(START, dt.time())})
        store.drop("incoming")
    night = START + dt.timedelta(weeks=world.weeks)
    store.run(
        "insert into run_fact values ('as_of', $night), ('data_from', $first)",
        {"night": str(night), "first": str(START)},
    )


def frame(store: Store, world: World, changes: tuple[Change, ...], method: Method | None = None) -> context.Context:
    """The night's frame, with the population."""
    night = START + dt.timedelta(weeks=world.weeks)
    made = context.Context(
        method or Method(), START, night, context.read_touch(store), 30.0, "EUR", None, "config", "input"
    )
    made = replace(made, changes=changes)
    register.prepare(store)
    population.prepare(store, made)
    return made


def change(world: World, **values: object) -> Change:
    """The declared change of the world; `values` over its usual keys."""
    usual: dict[str, object] = {
        "change": "menu_v2",
        "label": "New phone menu",
        "date": START + dt.timedelta(days=world.change_day),
        "affected": {"line": [f"{line}-line" for line in world.treated], "queue": []},
        "control": {"line": ["orders-line"]},
        "washout_weeks": 0,
    }
    return Change.model_validate({key: value for key, value in (usual | values).items() if value is not None})


_EVENTS = """
create table event as
with told as (
    select *, row_number() over (order by customer, at_s, call, step = 'talk') as no,
        dense_rank() over (order by customer) as customer_no
    from incoming
)
select no::uinteger as event_no, customer_no::uinteger as customer_id,
    $start::timestamp + to_seconds(at_s) as occurred_at, $start::timestamp + to_seconds(ended_s) as ended_at,
    'strong'::strength_t as identity_strength, if(step in ('talk', 'handed_on'), 'agent', 'ivr')::channel_t as channel,
    step::step_t as step, code as raw_code, 'help'::stage_t as stage, 'Call centre'::department_t as department,
    'customer' as actor, true as visible, null::varchar as product_id, null::varchar as order_id,
    null::bigint as session_id, wait_ms::bigint as wait_ms, call as call_id, intent, handle_ms::bigint as handle_ms,
    coalesce(handle_ms, 5000)::bigint as engaged_ms, 1::utinyint as source_id, null::varchar as time_rule, line
from told order by event_no"""
_VISITS = """insert into event by name
select (1_000_000 + row_number() over (order by session, at_s))::uinteger as event_no,
    $start::timestamp + to_seconds(at_s) as occurred_at, 'web'::channel_t as channel, step::step_t as step,
    'GET /' || step as raw_code, 'help'::stage_t as stage, 'customer' as actor, true as visible,
    session::bigint as session_id, 1::utinyint as source_id
from incoming"""
_REST = """
create table customer as select customer_id, 'k' || customer_id as customer_key,
    'strong'::strength_t as identity_strength, count(*)::ubigint as n_events from event group by customer_id;
create table journey as select customer_id as journey_id, 'j' || customer_id as journey_key, customer_id,
    'visit' as anchor, min(occurred_at) as started_at, max(occurred_at) as ended_at, true as is_complete,
    false as is_truncated, 'strong'::strength_t as identity_strength,
    (hash(customer_id) % 10)::utinyint as part from event group by customer_id;
create table journey_event as select row_number() over (order by event_no)::uinteger as pos, customer_id as journey_id,
    1.0::double as weight, * from event;
create table journey_metrics as select journey_id, 1::uinteger as variant_id, min(pos) as first_pos,
    sum(engaged_ms)::bigint as engaged_ms, 0::bigint as duration_ms from journey_event group by journey_id;
create table variants as select 1::uinteger as variant_id, 'menu > talk' as steps;
create table touch as
    select *, 'customer' as actor, true as visible, null::integer as repeats, []::varchar[] as asks, false as mandatory,
        false as reactive, step = 'give_up' as bad, null::double as typical_minutes, 'Call centre' as department,
        null::varchar as purpose, null::varchar as form, 'help' as stage
    from (values ('menu', 'Hears the menu', 'ivr', 'work', 1), ('hang_up', 'Hangs up', 'ivr', 'contact', 2),
        ('give_up', 'Gives up', 'ivr', 'contact', 3), ('handed_on', 'Is handed on', 'agent', 'handoff', 4),
        ('talk', 'Talks to us', 'agent', 'contact', 5)) as t (step, label, channel, class, step_no);
create table run_fact (name varchar, value varchar);
create table data_quality (measure varchar, source varchar, n bigint, of_n bigint, note varchar);
update event set raw_code = line || '-line ' || raw_code where step in ('menu', 'hang_up')"""
