"""Failings of a website (`web_failings`), through raw files: a search that finds nothing, a poor help page, back and
forth between two pages, a form given up, a status looked at again; each beside a decoy that only hurried customers meet
more.

`make truth WORLDS=WF,WF0` judges many such worlds; every commit looks at a few.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "worldgen"))

from world_web import DAY_S, FAILINGS, NIGHT, PLACES, START, Made, WebWorld, make, true_times, write_site

from ingest.derive import derive
from ingest.load import load
from ingest.site import Site
from ingest.store import Store
from mining import aggregate, exposure_findings, failing_reading, population, register, stage
from mining.analyses import web_failings
from mining.context import Context
from mining.deciding import Decision
from mining.exposures import Family, Subject

IS_WHOLE = bool(os.environ.get("FRONTSTAGE_TRUTH"))
Row = tuple[Any, ...]
PLANTED = dict.fromkeys(FAILINGS, 0.15)
SEEDS = range(1, 11 if IS_WHOLE else 3)
NULL_SEEDS = range(101, 121 if IS_WHOLE else 102)


@dataclass(frozen=True)
class Judged:
    """A subject with what is said of it."""

    family: Family
    subject: Subject
    grade: str | None
    decision: Decision | None

    @property
    def is_planted(self) -> bool:
        return frozenset(self.subject.where.values()) == PLACES[self.subject.kind]

    @property
    def is_confirmed(self) -> bool:
        return self.decision is not None and self.decision.status == "confirmed"


@contextmanager
def night(folder: Path, made: Made, n_customers: int) -> Iterator[tuple[Store, Context]]:
    """The world ingested, in memory, with the population."""
    write_site(folder, made, n_customers)
    site = Site(folder)
    site.prepare()
    with Store.open(None) as store:
        load(site, store)
        derive(site, store, None)
        aggregate.build(store)
        register.prepare(store)
        context = stage.make_context(site, store, NIGHT)
        population.prepare(store, context)
        yield store, context


def judged(store: Store, context: Context) -> list[Judged]:
    """All subjects of all kinds."""
    out = []
    for family in failing_reading.read_families(store, context):
        grades = exposure_findings.grades(context, family)
        decisions = exposure_findings.decide_all(context, family, grades)
        out += [Judged(family, one, grades.get(one.place), decisions.get(one.place)) for one in family.subjects]
    return out


def test_what_is_planted_is_found_and_a_decoy_is_not(tmp_path: Path) -> None:
    found = n_covered = n = 0
    for seed in SEEDS:
        world = WebWorld(seed, calls=PLANTED)
        with night(tmp_path / str(seed), make(world), world.n_customers) as (store, context):
            seen = judged(store, context)
            if seed == SEEDS[0]:
                check_findings(store, context, seen)
        planted = [one for one in seen if one.is_planted]
        assert {one.subject.kind for one in planted} == set(FAILINGS)
        assert not [one.subject.where for one in seen if one.is_confirmed and not one.is_planted]
        for one in planted:
            low, high = one.family.by_split["all"].interval(one.subject.number, 0.95)
            assert low > 1, "the sign is right"
            n_covered += low <= true_times(world, one.subject.kind) <= high
            found += one.is_confirmed
            n += 1
    print(f"{found} of {n} confirmed, {n_covered} intervals cover")
    assert found >= 0.8 * n and n_covered >= 0.9 * n


def check_findings(store: Store, context: Context, seen: list[Judged]) -> None:
    """What is told is what was counted, in the words of its grade, with its journeys."""
    found = {one.finding_id: one for one in web_failings.find(store, context)}
    assert {one.kind for one in found.values()} == set(FAILINGS)
    for one in (one for one in seen if one.is_confirmed):
        finding, numbers = found[one.subject.finding_id], one.family.numbers["confirm"]
        assert finding.grade == "B" and finding.n["sample"] == "confirm" and finding.extra["ya"] > finding.extra["yb"]
        assert finding.n["units"] == numbers["v"][one.subject.number] >= 80
        assert (
            finding.ci["low"] <= finding.effect["value"] <= finding.ci["high"] and "more after it than" in finding.title
        )
        assert f"{finding.n['units']:,} days" in finding.text_evidence and "most likely" in finding.text_caution
        excess = finding.extra["E"] * (finding.extra["theta"] - 1) / context.weeks
        assert finding.cost["customer_min_per_week"]["mid"] == pytest.approx(260 / 60 * excess, rel=0.02), (
            "20 s of waiting and four minutes of talk a call"
        )
        keys = [row[0] for row in store.rows(finding.evidence["sql"])]
        assert len(keys) == finding.n["journeys"] and set(finding.evidence["typical"]) <= set(keys)
    turn = next(one for one in found.values() if one.kind == "back_and_forth")
    assert '"Looks at the rates" and "Looks at the fees"' in turn.title
    assert turn.extra["against"]["v"] > 2 * turn.extra["v"]


def test_nothing_is_confirmed_where_only_hurried_customers_call_more(tmp_path: Path) -> None:
    for seed in NULL_SEEDS:
        world = WebWorld(seed) if IS_WHOLE else WebWorld(seed, n_customers=1_500)
        with night(tmp_path / str(seed), make(world), world.n_customers) as (store, context):
            seen = judged(store, context)
        assert {one.subject.kind for one in seen} == set(FAILINGS)
        assert not [one.subject.where for one in seen if one.is_confirmed or one.grade == "B"]


DAY_MIN = 24 * 60
TURN, STATUS = "back_and_forth:view_rates view_fees", "status_again:track"
Pages = list[tuple[int, int, str]]
Seen = set[tuple[str, int]]


def visit(*paths: str, start: int = 0) -> Pages:
    """Pages a minute apart."""
    at_s = int(START.timestamp()) + 60 * start
    return [(at_s + 60 * n, 0, path) for n, path in enumerate(paths)]


def looks(*starts: int) -> Pages:
    """Looks at the status of an order, on which there is news at minute 1,400 of a case."""
    return [page for start in starts for page in visit("/orders/10000/track", start=start)]


CASES: dict[str, tuple[Pages, Seen]] = {
    "in turn": (visit("/rates", "/fees", "/rates", "/fees", "/rates"), {(TURN, 3)}),
    "a reload is no move": (visit("/rates", "/rates", "/fees", "/rates", "/rates", "/fees"), {(TURN, 5)}),
    "over both once": (visit("/rates", "/fees", "/"), {(f"{TURN}:once", 1)}),
    "back once is in neither group": (visit("/rates", "/fees", "/rates"), set()),
    "another page between": (visit("/rates", "/fees", "/rates", "/hours", "/fees"), set()),
    "two visits": (
        visit("/rates", "/fees") + visit("/rates", "/fees", start=60),
        {(f"{TURN}:once", n) for n in (1, 61)},
    ),
    "a search visit counts once": (visit("/search", "/search/none", "/search"), {("empty_search:search_none", 1)}),
    "all found": (visit("/search", "/search"), {("empty_search:", 1)}),
    "the last that found nothing": (visit("/search/none", "/filter/none"), {("empty_search:filter_none", 1)}),
    "given up": (visit("/claim", "/claim/more", "/"), {("form_given_up:claim", 1)}),
    "sent": (visit("/claim", "/claim/more", "POST /claim", "/claim"), {("form_given_up:claim:sent", 2)}),
    "sent, not begun": (visit("POST /profile"), set()),
    "another form is sent": (visit("/claim", "POST /profile"), {("form_given_up:claim", 0)}),
    "looks, then news": (
        looks(0, 30, 60, 300, 500, 700, 1410, 1800),
        {(f"{STATUS}:first", 0), (STATUS, 500), (STATUS, 700), (f"{STATUS}:first", 1410)},
    ),
    "looks a week apart": (looks(0, 8 * DAY_MIN), {(f"{STATUS}:first", 0), (f"{STATUS}:first", 8 * DAY_MIN)}),
}
"""What one customer does, and the sights (place, minute) that it makes; looks within half an hour are one visit."""


@pytest.fixture(scope="module")
def by_case(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """The sights of each case; every case is a customer, in a week of its own."""
    weeks = 9 * DAY_MIN
    pages, shipped = [], []
    for who, (done, _) in enumerate(CASES.values()):
        order = f"/orders/{10_000 + who}"
        begin = 60 * (DAY_MIN + who * weeks)
        pages += [(at_s + begin, who, path.replace("/orders/10000", order)) for at_s, _, path in done]
        shipped.append((int(START.timestamp()) + begin + 60 * 1_400, who, 10_000 + who))
    talks = [(int(START.timestamp()) + DAY_S, who, "order") for who in range(len(CASES))]
    with night(tmp_path_factory.mktemp("cases"), Made(sorted(pages), talks, shipped), len(CASES)) as (store, context):
        failing_reading.read_families(store, replace(context, method=replace(context.method, page_views_min=1)))
        rows = store.rows("select place, occurred_at from sight where not starts_with(place, 'help')")
    out: dict[str, Seen] = defaultdict(set)
    names = list(CASES)
    for place, at in rows:
        minute = int((at.replace(tzinfo=dt.UTC) - START).total_seconds() // 60) - DAY_MIN
        out[names[minute // weeks]].add((place, minute % weeks))
    return out


@pytest.mark.parametrize("case", CASES)
def test_what_meets_a_failing_and_what_it_is_held_against(by_case: dict[str, Seen], case: str) -> None:
    assert by_case[case] == CASES[case][1]


def test_counts_are_those_by_hand(tmp_path: Path) -> None:
    """A call is given to the nearest sight of its topic, of all that are tested together; sights of a day are one."""
    world = WebWorld(5, n_customers=200, calls=PLANTED, out_of_the_blue=2.0)
    with night(tmp_path, make(world), world.n_customers) as (store, context):
        failing_reading.read_families(store, context)
        sight = store.rows(
            "select family, customer_id, occurred_at, place, topic from sight order by occurred_at, place"
        )
        calls = store.rows("select customer_id, called_at, until_at, stage::varchar from known_call")
        told = {
            row[0]: row[1:]
            for row in store.rows(
                """select place, sum(v), sum(y), sum(y_elsewhere), sum(n_after), sum(n_before)
                from exposure_count group by place"""
            )
        }
    counted = by_hand(sight, calls, dt.datetime.combine(context.window_from, dt.time()))
    assert {place: counted[place] for place in told} == told and len(told) > 20


def by_hand(sight: list[Row], calls: list[Row], start: dt.datetime) -> dict[str, tuple[int, ...]]:
    """place -> (v, y, y_elsewhere, n_after, n_before)."""
    day, end = dt.timedelta(days=1), dt.datetime.combine(NIGHT, dt.time())
    out: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for who in {row[1] for row in sight}:
        own = [row for row in sight if row[1] == who]
        talks = sorted(row[1:] for row in calls if row[0] == who)
        topic = {place: name for *_, place, name in own}
        exposed: dict[tuple[str, dt.date], dt.datetime] = {}
        for _, _, at, place, _ in own:
            until = [call[1] for call in talks if call[0] <= at]
            if not until or until[-1] <= at - dt.timedelta(minutes=15):
                exposed.setdefault((place, at.date()), at)
        called: dict[tuple[str, dt.datetime], dt.datetime] = {}
        is_known = any(at < end - day for at in exposed.values())
        for at, _, stage_of in talks:
            inside = is_known and start + day <= at < end - day
            for family in {row[0] for row in own}:
                moments = [(row[2], row[3]) for row in own if row[0] == family and row[4] == stage_of]
                last = max((one for one in moments if one[0] < at), default=None)
                after = min((one for one in moments if one[0] > at), default=None)
                if last:
                    earlier = [seen for (place, _), seen in exposed.items() if place == last[1] and seen < at]
                    if earlier:
                        called.setdefault((last[1], max(earlier)), at)
                    out[last[1]][3] += inside and last[0] >= at - day
                if after:
                    out[after[1]][4] += inside and after[0] <= at + day
        for (place, _), at in exposed.items():
            if at < end - day:
                out[place][0] += 1
                out[place][1] += called.get((place, at), end) <= at + day
                out[place][2] += any(at < call[0] <= at + day and call[2] != topic[place] for call in talks)
    return {place: tuple(found) for place, found in out.items()}
