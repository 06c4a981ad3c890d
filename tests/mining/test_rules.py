"""Rules of the intended process: against a brute-force evaluation of random journeys, and as findings."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mining_log import EPOCH, Ev, Log, St, build
from planted import frame, mined, pick, world

from ingest.errors import ConfigError
from ingest.store import Store
from mining import aggregate, business_time, population, register, rule_activations
from mining.analyses.deviations import scope_of
from mining.business_time import BusinessCalendar
from mining.rules import Rule

CALENDAR = business_time.parse(
    {
        "holidays": [dt.date(2026, 1, 14)],
        "working_hours": {
            "monday": ["08:00-12:00", "13:00-17:00"],
            "wednesday": ["09:00-17:00"],
            "friday": ["00:00-24:00"],
        },
    }
)
RULES = [
    "b within 90 minutes of a",
    "b within 5 hours of a",
    "b within 2 days of a",
    "c within 1 week of b",
    "b within 2 days of a unless c",
    "if a then b within 6 business hours unless c",
    "b within 2 business days of a unless x",
    "b within 2 business days of a",
    "b within 6 business hours of a",
    "if c then a within 30 business minutes",
    "if a then b within 24 hours",
    "b requires a before",
    "never c after b within 2 days",
    "never a after a within 1 business days",
    "never c after b within 3 business hours",
    "at most 1 c per journey",
    "at most 2 b per journey",
    "not both a and c",
    "starts with a",
    "ends with one of b, c",
]
PROCESS: dict[str, Any] = {"process": "p", "steps": ["a*", "b*", "c*"], "rules": RULES, "ignore": ["x"]}
NIGHT_END = dt.datetime(2026, 3, 16)
Journey = list[tuple[str, dt.datetime]]


def random_log(n: int, seed: int) -> Log:
    rng = random.Random(seed)
    log = Log([], [St(step) for step in "abcx"])
    for number in range(n):
        clock = EPOCH + dt.timedelta(minutes=rng.randrange(70 * 1440))
        for order in range(rng.randrange(1, 8)):
            clock += dt.timedelta(minutes=rng.choice([0, 1, 20, 90, 300, 1440, 2880, 3000]))
            log.events.append(Ev(f"j{number}", rng.choice("aabbccx"), clock, customer=f"k{number % 97}", order=order))
    return log


def journeys(log: Log) -> list[Journey]:
    """Each journey's events in order, all of journeys that begin before the window's end."""
    out: dict[str, Journey] = {}
    for event in sorted(log.events, key=lambda e: (e.at, e.order)):
        out.setdefault(event.case, []).append((event.step, event.at))
    return list(out.values())


def business_minutes(calendar: BusinessCalendar, start: dt.datetime, end: dt.datetime) -> float:
    """Minutes of working time between two moments, a minute at a time."""
    total, day = 0.0, start.date()
    while day <= end.date():
        midnight = dt.datetime.combine(day, dt.time())
        for first, last in calendar.of_day(day):
            low = max(start, midnight + dt.timedelta(minutes=first))
            high = min(end, midnight + dt.timedelta(minutes=last))
            total += max(0.0, (high - low).total_seconds() / 60)
        day += dt.timedelta(days=1)
    return total


def is_over(rule: Rule, start: dt.datetime, end: dt.datetime, *, at_end: bool = False) -> bool:
    """Whether the term that began at `start` has passed at `end`, or (not `at_end`) `end` lies within it."""
    assert rule.limit is not None
    if rule.limit.unit == "real":
        spent = (end - start).total_seconds() * 1000
    elif rule.limit.unit == "business_time":
        spent = business_minutes(CALENDAR, start, end) * 60_000
    else:
        last = (end - dt.timedelta(microseconds=1)).date() if at_end else end.date()
        days = (start.date() + dt.timedelta(days=n) for n in range(1, (last - start.date()).days + 1))
        spent = sum(bool(CALENDAR.of_day(day)) for day in days)
    return spent >= rule.limit.amount if at_end else spent > rule.limit.amount


def brute(rule: Rule, journey: Journey) -> tuple[int, int, int]:
    """(activations, violations, open) of one journey, by the definition."""
    steps = [step for step, _ in journey]
    if rule.limit is not None:
        x, y = rule.steps if rule.form != "if_then" else reversed(rule.steps)
        counts = Counter[str]()
        for at, (step, start) in enumerate(journey):
            if step != y:
                continue
            if not is_over(rule, start, NIGHT_END, at_end=True):
                counts["open"] += 1
                continue
            if any(s == rule.unless and not is_over(rule, start, end) for s, end in journey):
                continue
            came = any(s == x and not is_over(rule, start, end) for s, end in journey[at + 1 :])
            counts["n"] += 1
            counts["bad"] += came if rule.form == "never_after" else not came
        return counts["n"], counts["bad"], counts["open"]
    if rule.form == "requires":
        x, y = rule.steps
        return steps.count(x), sum(s == x and y not in steps[:at] for at, s in enumerate(steps)), 0
    if rule.form == "at_most":
        n = steps.count(rule.steps[0])
        return int(n > 0), int(n > rule.times), 0
    if rule.form == "not_both":
        seen = {step for step in rule.steps if step in steps}
        return int(bool(seen)), int(len(seen) == 2), 0
    counted = [step for step in steps if step != "x"]
    edge = counted[:1] if rule.form == "starts_with" else counted[-1:]
    return len(edge), int(any(step not in rule.steps for step in edge)), 0


def evaluated(store: Store, log: Log, process: dict[str, Any]) -> tuple[list[Rule], list[tuple[int, int, int]]]:
    build(store, log)
    register.prepare(store)
    aggregate.build(store)
    context = replace(frame(store, process), calendar=CALENDAR)
    population.prepare(store, context)
    assert context.intended
    n_open = rule_activations.evaluate(store, context, context.intended, scope_of(context.intended))
    counts = {
        number: (n, bad)
        for number, n, bad in store.rows(
            "select rule_no, count(*), count(*) filter (is_violation) from rule_activation group by rule_no"
        )
    }
    rules = list(context.intended.rules)
    return rules, [(*counts.get(number, (0, 0)), n_open[number]) for number in range(len(rules))]


def test_every_form_equals_the_definition(store: Store) -> None:
    """900 random journeys, some of them close to the end of the data; ties in time; a holiday; nights and lunch."""
    log = random_log(900, seed=3)
    rules, counts = evaluated(store, log, PROCESS)
    every = [journey for journey in journeys(log) if journey[0][1] < NIGHT_END]
    for rule, found in zip(rules, counts, strict=True):
        expected = tuple(map(sum, zip(*(brute(rule, journey) for journey in every), strict=True)))
        assert found == expected, rule.text
        assert 0 < found[1] < found[0], rule.text


def test_what_may_have_been_kept_is_not_broken(store: Store) -> None:
    """Of b only the day is known: before a, and within its term, for all that can be told."""
    day = dt.datetime(2026, 1, 5)
    end = dt.timedelta(hours=23, minutes=59, seconds=59)

    def case(name: str, *events: tuple[str, dt.timedelta, bool]) -> list[Ev]:
        return [Ev(name, step, day + at, order=n, coarse=free) for n, (step, at, free) in enumerate(events)]

    noon, next_day = dt.timedelta(hours=12), dt.timedelta(days=1)
    log = Log(
        [
            *case("same day", ("a", noon, False), ("b", end, True)),
            *case("next day", ("a", noon, False), ("b", next_day + end, True)),
        ],
        [St(step) for step in "abcx"],
    )
    rules = ["b within 2 hours of a", "a requires b before", "never b after a within 1 week", "starts with b"]
    _, counts = evaluated(store, log, {**PROCESS, "rules": rules})
    assert counts == [(2, 1, 0), (2, 1, 0), (2, 1, 0), (2, 1, 0)]


STEPS = [St(s, s.title()) for s in ("order", "pay", "ship")]


def shipping(late: float) -> Callable[[random.Random], list[tuple[str, float]]]:
    def play(rng: random.Random) -> list[tuple[str, float]]:
        hours = rng.uniform(50, 90) if rng.random() < late else rng.uniform(1, 47)
        return [("order", 0), ("pay", 5), ("ship", 60 * hours)]

    return play


WITH_RULES = {
    "process": "p",
    "steps": ["order", "pay", "ship"],
    "rules": ["ship within 2 days of pay", "pay requires order before", "at most 1 pay per journey"],
}


def test_a_rule_that_is_broken_is_confirmed_and_one_that_is_kept_is_told_so(store: Store) -> None:
    findings = mined(store, world(shipping(0.06), 4000, STEPS), WITH_RULES, only="rules")
    late = pick(findings, "deviation.rule", rule="ship within 2 days of pay")
    assert late.status == "confirmed" and late.where["prev"] == "pay" and late.where["step"] == "ship"
    assert late.ci["low"] <= 0.06 <= late.ci["high"] and late.n["unit"] == "cases"
    assert late.title.endswith('of cases "Pay" was not followed by "Ship" within 2 days')
    assert late.n["journeys"] == len(store.rows(late.evidence["sql"])) == late.n["hits_all"]
    kept = pick(findings, "deviation.rule", rule="pay requires order before")
    assert kept.status == "below_tolerance" and kept.text_evidence.startswith("The rule was kept in all 4,000 cases.")
    assert kept.ci["high"] < 0.002


def test_rates_within_the_tolerance_confirm_nothing() -> None:
    for seed in range(2):
        with Store.open() as store:
            findings = mined(store, world(shipping(0.018), 1500, STEPS, seed=seed), WITH_RULES, only="rules")
            assert [f.title for f in findings if f.status in ("confirmed", "candidate")] == []


def test_one_customer_with_many_cases_is_one_witness(store: Store) -> None:
    """Six customers break a rule in all of their 20 cases: 120 of 1,500 cases, and hardly more than six witnesses."""
    log = world(shipping(0.0), 1500, STEPS, per_customer=0.9)
    moved = {f"j{number:06d}": f"heavy{number % 6}" for number in range(120)}
    log.events = [
        replace(e, customer=moved[e.case], at=e.at + dt.timedelta(days=9) if e.step == "ship" else e.at)
        if e.case in moved
        else e
        for e in log.events
    ]
    late = pick(mined(store, log, WITH_RULES, only="rules"), "deviation.rule", step="ship")
    assert late.extra["design_effect"] > 10 and late.status != "confirmed"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"working_hours": {"mondy": ["09:00-17:00"]}}, "working_hours.mondy: unknown key; did you mean 'monday'?"),
        ({"working_hours": {"monday": ["9-17"]}}, "working_hours.monday: got '9-17', expected hours such as"),
        ({"working_hours": {"monday": ["17:00-09:00"]}}, "an end after the start"),
        ({"working_hours": {"monday": ["09:00-13:00", "12:00-17:00"]}}, "expected spans in order"),
        ({"working_hours": {"monday": []}}, "no weekday has hours"),
        ({"holidays": []}, "working_hours: expected a table"),
        ({"working_hours": {"monday": ["09:00-17:00"]}, "holidays": ["2026-12-25"]}, "without quotes"),
        ({"working_hours": {"monday": ["09:00-17:00"]}, "holliday": []}, "did you mean 'holidays'?"),
    ],
)
def test_a_wrong_calendar_is_refused_with_a_hint(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        business_time.parse(data)
    assert message in str(caught.value)


def test_the_clock_keeps_business_time_over_a_change_of_clocks() -> None:
    """Berlin, 29 March 2026 has 23 hours: nine o'clock is 8 UTC on the Friday before and 7 on the Monday after."""
    clock = business_time.clock(business_time.USUAL, "Europe/Berlin", dt.date(2026, 3, 27), dt.date(2026, 3, 30))
    rows = clock.to_pylist()
    assert [row["begins_at"].hour for row in rows if row["is_open"]] == [8, 7]
    assert rows[-1]["open_ms"] == 2 * 8 * 3_600_000 and rows[-1]["business_day"] == 2
    assert (rows[-4]["day"], rows[-3]["day"]) == (dt.date(2026, 3, 29), dt.date(2026, 3, 30))
