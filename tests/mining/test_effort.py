"""Customer effort: reckoned again journey by journey in plain Python; what adds up; the minutes that findings use."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from brute import half_up
from mining_log import EPOCH, Ev, Log, St, build, key
from planted import frame

from ingest.store import Store
from mining import aggregate, effort, night_figures, population, register
from mining.analyses import requests
from mining.context import Context
from mining.effort import PARTS

STEPS = [
    St("page", "", "research", "web", step_class="browse", repeats=None),
    St("form", "", "order", "web", step_class="info_request", asks=("address", "size"), repeats=1),
    St("login", "", "order", "web", step_class="info_request", asks=("identity",)),
    St("queue", "", "help", "ivr", step_class="handoff", actor="company"),
    St("talk", "", "help", "agent", step_class="contact", asks=("identity", "address")),
    St("move", "", "change", "order", changes=("address",)),
    St("chat", "", "help", "chat", step_class="contact"),
    St("mail", "", "receive", "mail", actor="company", typical_minutes=0.7),
    St("note", "", "receive", "mail", actor="company"),
    St("pack", "", "return", "parcel", typical_minutes=12.0, asks=("identity",)),
    St("van", "", "receive", "parcel", actor="company"),
]
ASK = {"address": 1.0, "identity": 0.4}
SWITCH, READING = 1.0, 0.5


def prepared(store: Store, log: Log) -> Context:
    """The log's effort, as a night reckons it."""
    build(store, log)
    register.prepare(store)
    aggregate.build(store)
    context = replace(frame(store), ask_min=ASK)
    population.prepare(store, context)
    effort.build(store, context)
    return context


def minutes(n: float) -> dt.timedelta:
    return dt.timedelta(minutes=n)


def random_log(seed: int, n: int = 60) -> Log:
    """Journeys with calls of several legs that waited all, part or nothing of their time; all else at random."""
    rng = random.Random(seed)
    log = Log([], STEPS, as_of=EPOCH.date() + dt.timedelta(days=60))
    for number in range(n):
        at = EPOCH + dt.timedelta(seconds=rng.randrange(20 * 86400))
        weight = rng.choice([1.0, 1.0, 0.5])
        call = ""
        for order in range(rng.randint(1, 9)):
            step = rng.choice(STEPS)
            on_call = step.channel in ("ivr", "agent")
            call = (call if call and rng.random() < 0.6 else f"c{number}.{order}") if on_call else call
            engaged = rng.randrange(0, 400_000, 1000) if step.channel in ("web", "ivr", "agent", "chat") else 0
            if rng.random() < 0.2:
                engaged = 0
            waited = rng.choice([0, engaged, rng.randrange(0, engaged + 1)]) if on_call else 0
            usual = step.step == "page" and rng.random() < 0.5
            log.events.append(
                Ev(
                    f"j{number:03d}", step.step, at, at + dt.timedelta(milliseconds=engaged), f"k{number % 40:03d}",
                    None, None, 90_000 if usual else engaged, weight, order=order, call=call if on_call else None,
                    usual=usual, waited_ms=waited,
                )
            )  # fmt: skip
            at += rng.choice([minutes(0), minutes(rng.random() * 9), minutes(300), minutes(3000)])
    return log


def brute(log: Log) -> dict[str, dict[str, int]]:
    """journey -> part -> ms, by the words of the decision and nothing else."""
    touch = {step.step: step for step in STEPS}
    journeys: dict[str, list[Ev]] = defaultdict(list)
    for event in sorted(log.events, key=lambda e: (e.at, e.order)):
        journeys[event.case].append(event)
    return {case: _one(events, touch) for case, events in journeys.items()}


def _again(events: list[Ev], touch: dict[str, St]) -> dict[int, int]:
    """ms of giving what was given before, by place."""
    out: dict[int, int] = defaultdict(int)
    asked: dict[str, list[str]] = defaultdict(list)
    for place, event in enumerate(events):
        step = touch[event.step]
        for item in step.asks:
            same = asked[item].count(event.step)
            if len(asked[item]) > same or (step.repeats is not None and same > step.repeats):
                if item in ASK:
                    out[place] += half_up(60_000 * ASK[item])
                elif step.step_class == "info_request" and event.engaged_ms > event.waited_ms:
                    out[place] += half_up((event.engaged_ms - event.waited_ms) * event.weight / len(step.asks))
            asked[item].append(event.step)
        for item in step.changes:
            asked[item].clear()
    return out


def _one(events: list[Ev], touch: dict[str, St]) -> dict[str, int]:
    parts = dict.fromkeys([*PARTS, "known", "company"], 0)
    again = _again(events, touch)
    own = None
    for place, event in enumerate(events):
        step = touch[event.step]
        engaged = half_up(event.engaged_ms * event.weight)
        waited = half_up(event.waited_ms * event.weight)
        given = min(again[place], engaged - waited) if engaged > waited else again[place]
        rest = engaged - waited - (given if engaged > waited else 0)
        last = min(rest, half_up(90_000 * event.weight)) if event.usual else 0
        name = {"web": "web", "ivr": "menu", "agent": "talk"}.get(step.channel, "visit")
        parts[name] += rest - last
        parts["last"] += last
        parts["wait"] += waited
        parts["again"] += given
        parts["known"] += engaged - last
        if not engaged:
            is_message = step.actor == "company" and step.channel == "mail"
            told = step.typical_minutes if step.typical_minutes is not None else READING if is_message else 0
            parts["reading" if is_message else "untimed"] += max(0, half_up(60_000 * told * event.weight) - given)
        if step.actor == "customer" and step.channel in ("web", "ivr", "agent", "chat"):
            medium = "phone" if step.channel in ("ivr", "agent") else step.channel
            if own and own[0] != medium and event.at - own[1] <= dt.timedelta(hours=24):
                parts["switch"] += half_up(60_000 * SWITCH)
            own = (medium, event.end or event.at)
        if place and step.actor == "company":
            gap = event.at - (events[place - 1].end or events[place - 1].at)
            parts["company"] += max(0, gap // dt.timedelta(milliseconds=1))
    return parts


@pytest.mark.parametrize("seed", range(6))
def test_each_journey_as_reckoned_by_hand(store: Store, seed: int) -> None:
    log = random_log(seed)
    prepared(store, log)
    names = [*PARTS, "known", "company"]
    columns = ", ".join(f"{name}_ms" for name in names)
    rows = store.rows(f"select journey_key, {columns}, effort_ms from journey_effort join journey using (journey_id)")
    expected = brute(log)
    by_key = {key("journey " + case, 12): parts for case, parts in expected.items()}
    assert len(rows) == len(by_key)
    for name, *values, whole in rows:
        assert dict(zip(names, values, strict=True)) == by_key[name]
        assert whole == sum(values[: len(PARTS)]), "the parts are the whole"
    assert any(parts["again"] for parts in expected.values()) and any(parts["wait"] for parts in expected.values())


@pytest.mark.parametrize("seed", range(3))
def test_the_minutes_are_those_that_findings_use(store: Store, seed: int) -> None:
    """Engaged minutes of journeys, and the minutes that the finding of a repeated request claims."""
    rng = random.Random(seed)
    steps = [
        St("form", stage="order", step_class="info_request", asks=("address",), repeats=1),
        St("talk", stage="help", channel="agent", step_class="contact", asks=("address",)),
        St("done", stage="order", channel="order", step_class="outcome"),
    ]
    log = Log([], steps, as_of=EPOCH.date() + dt.timedelta(days=56))
    for number in range(400):
        at = EPOCH + dt.timedelta(seconds=rng.randrange(40 * 86400))
        for order, step in enumerate(["form", *["talk"] * rng.choice([0, 0, 1]), "done"]):
            engaged = 0 if step == "done" else rng.randrange(20_000, 300_000)
            call = f"c{number}" if step == "talk" else None
            log.events.append(
                Ev(f"j{number:03d}", step, at, None, f"k{number % 300}", None, None, engaged, order=order, call=call)
            )
            at += minutes(3)
    context = prepared(store, log)
    assert not store.rows(
        """select * from journey_effort as e inner join journey_metrics as m using (journey_id)
        where e.known_ms + e.last_ms <> m.engaged_ms or e.effort_ms - e.switch_ms <> m.engaged_ms"""
    )
    again = store.value("select sum(again_ms) from journey_effort")
    found = [one for one in requests.find(store, context) if one.kind == "duplicate_request"]
    claimed = store.value(
        "select sum(ms) from saving_claim where finding_id = $id", {"id": found[0].finding_id} if found else {"id": ""}
    )
    assert found and again == claimed > 0


def test_drivers_add_up_to_the_difference(store: Store) -> None:
    prepared(store, random_log(11, 300))
    columns = ", ".join(f"sum({part}_ms)" for part in PARTS)
    for is_most in (True, False):
        whole = store.rows(
            f"select {columns} from journey_effort where is_counted and (tenth = 10) = $m", {"m": is_most}
        )
        steps = store.rows(f"select {columns} from effort_driver where is_most = $m", {"m": is_most})
        assert steps == whole
    assert store.rows("select min(n), max(n) from (select count(*) as n from journey_effort group by tenth)") == [
        (30, 30)
    ]
    assert store.value(
        "select max(effort_ms) filter (tenth = 9) <= min(effort_ms) filter (tenth = 10) from journey_effort"
    )


def test_what_is_not_over_or_not_seen_from_its_start_is_not_counted(store: Store) -> None:
    log = random_log(3)
    log = replace(log, open_cases={"j001"}, truncated={"j002"}, anchor={"j003": "episode"})
    prepared(store, log)
    keys = {row[0] for row in store.rows("select journey_key from journey_effort join journey using (journey_id)")}
    assert not keys & {key("journey j001", 12), key("journey j002", 12)}
    assert store.rows("select need, tenth from journey_effort where not is_counted")[0][1] is None
    assert store.value("select count(*) from journey_effort where not is_counted") == 1, "an episode beside orders"


def test_a_site_without_any_minutes_has_no_effort(store: Store) -> None:
    steps = [St("a", channel="system"), St("b", channel="system", step_class="outcome")]
    events = [
        Ev(f"j{n}", step, EPOCH + minutes(n), order=k, engaged_ms=None)
        for n in range(20)
        for k, step in enumerate("ab")
    ]
    prepared(store, Log(events, steps, as_of=EPOCH.date() + dt.timedelta(days=30)))
    assert store.value("select sum(effort_ms) from journey_effort") == 0
    assert effort.top_share(store) is None and night_figures.effort(store) is None


def population_of(rng: np.random.Generator, n_customers: int) -> tuple[np.ndarray, np.ndarray]:
    """Customers with one to five journeys each, alike within a customer: (customer, ms)."""
    n = rng.integers(1, 6, n_customers)
    customer = np.repeat(np.arange(n_customers), n)
    own = rng.normal(0, 0.6, n_customers)
    return customer, np.round(600_000 * np.exp(own[customer] + rng.normal(0, 0.4, len(customer)))).astype(np.int64)


def fill(store: Store, customer: np.ndarray, ms: np.ndarray) -> None:
    store.put("drawn", pa.table({"customer_id": customer, "effort_ms": ms}))
    store.run("""create or replace table journey_effort as select *, true as is_counted, cast(ceil(10.0 *
        row_number() over (order by effort_ms, customer_id) / count(*) over ()) as utinyint) as tenth from drawn""")


def test_intervals_cover(store: Store) -> None:
    """Mean effort and the top tenth's share, of customers whose journeys are alike."""
    _, ms = population_of(np.random.default_rng(0), 400_000)
    ordered = np.sort(ms)
    true_mean, true_share = ms.mean(), ordered[-len(ms) // 10 :].sum() / ms.sum()
    covered = np.zeros(2)
    for seed in range(1, 201):
        fill(store, *population_of(np.random.default_rng(seed), 300))
        mean, share = effort.mean(store), effort.top_share(store)
        assert mean and share
        covered += [mean.low <= true_mean <= mean.high, share.low <= true_share <= share.high]
    assert all(181 <= n <= 198 for n in covered), covered


def test_an_even_world_gives_the_top_tenth_a_tenth(store: Store) -> None:
    fill(store, np.arange(1000), np.full(1000, 60_000))
    share = effort.top_share(store)
    assert share and (share.value, share.low, share.high) == (0.1, 0.1, 0.1)
