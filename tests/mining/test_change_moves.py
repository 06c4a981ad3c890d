"""Ways that a change changed (method note 8.4, T8.4), and steps in weekly figures that nobody declared (8.3)."""

from __future__ import annotations

import datetime as dt
import os

import change_world
import numpy as np
import pytest
from change_world import START, World

from ingest.store import Store
from mining.analyses import change_effects
from mining.changes import moves, shifts
from mining.changes.estimate import Numbers, step_of_means
from mining.changes.moderated import FREEDOM_MOST, p_of, prior_of

IS_WHOLE = os.environ.get("FRONTSTAGE_TRUTH") == "1"
MONDAYS = [START + dt.timedelta(weeks=n) for n in range(17)]
BEFORE, AFTER = MONDAYS[:12], MONDAYS[12:]
N_SOURCES, N_TARGETS = 15, 4


def drawn(seed: int, noise: float, lift: float = 0.0, times: int = 300, after: float = 1.0) -> moves.Counts:
    """60 edges, 15 steps of 4 ways on, each week with noise of its own on the logit, `after` times as much after the
    change; the first edge lifted then."""
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, str], dict[dt.date, int]] = {}
    for source in range(N_SOURCES):
        base = rng.normal(0, 0.7, N_TARGETS) if source else np.zeros(N_TARGETS)
        for week, monday in enumerate(MONDAYS):
            weight = np.exp(base + rng.normal(0, noise * (after if week >= len(BEFORE) else 1.0), N_TARGETS))
            if source == 0 and week >= len(BEFORE):
                weight[0] *= np.exp(lift)
            for target, n in enumerate(rng.multinomial(rng.poisson(times), weight / weight.sum())):
                found.setdefault((f"s{source}", f"t{target}"), {})[monday] = int(n)
    return found


def test_null_maps_have_hardly_a_flagged_edge() -> None:
    """T8.4: 60 edges, week noise of 0.2 logit, nothing planted: at most 0.5 flagged on average."""
    worlds = 100 if IS_WHOLE else 20
    n = sum(one.what != "same" for seed in range(worlds) for one in moves.ways(drawn(seed, 0.2), {}, BEFORE, AFTER))
    assert n <= 0.5 * worlds


def test_weeks_that_become_livelier_change_no_way() -> None:
    """Noise that doubles with the change, few and many calls: the spread of all ways is lent side by side."""
    worlds, n = 60 if IS_WHOLE else 10, 0
    for seed in range(worlds):
        counts = drawn(seed, 0.15, after=2.0, times=300 if seed % 2 else 5_000)
        n += sum(one.what != "same" for one in moves.ways(counts, {}, BEFORE, AFTER))
    assert n <= 0.3 * worlds


def test_a_prior_has_the_spread_of_the_figures_it_was_fitted_to() -> None:
    """Variances all alike lend as much as may be; few figures lend nothing, and p is Welch's then."""
    rng = np.random.default_rng(5)
    alike = prior_of([rng.normal(0, 0.2, 9) for _ in range(400)])
    assert alike.freedom == FREEDOM_MOST and abs(alike.variance / 0.04 - 1) < 0.1
    unlike = prior_of([rng.normal(0, 0.2 * np.sqrt(10 / rng.chisquare(10)), 9) for _ in range(4_000)])
    assert 8 < unlike.freedom < 12.5 and abs(unlike.variance / 0.04 - 1) < 0.1
    few = prior_of([rng.normal(0, 1, 9) for _ in range(7)])
    a, b = rng.normal(0, 1, 12), rng.normal(1, 2, 5)
    assert few.freedom == 0 and p_of(a, b, (few, few)) == pytest.approx(step_of_means(a, b, 0.95).p)


def test_a_lifted_edge_is_found() -> None:
    """T8.4: +0.5 logit with a noise of 0.1 is found in at least 95 of 100. Weights of four ways with a noise of
    0.085 each give their logits one of 0.1."""
    worlds, found = 100 if IS_WHOLE else 20, 0
    for seed in range(worlds):
        by_way = {
            (one.source, one.target): one for one in moves.ways(drawn(seed, 0.085, 0.5, 3_000), {}, BEFORE, AFTER)
        }
        found += by_way["s0", "t0"].what == "more"
    assert found >= 0.95 * worlds


def test_what_the_control_has_too_is_no_change() -> None:
    treated, control = drawn(1, 0.1, 0.8, 3_000), drawn(1, 0.1, 0.8, 3_000)
    assert moves.ways(treated, {}, BEFORE, AFTER)[0].what == "more"
    assert {one.what for one in moves.ways(treated, control, BEFORE, AFTER)} == {"same"}


def test_a_new_way_and_one_that_is_gone() -> None:
    rng = np.random.default_rng(2)
    counts: dict[tuple[str, str], dict[dt.date, int]] = {}
    for monday in MONDAYS:
        way = "old" if monday in BEFORE else "new"
        counts.setdefault(("a", way), {})[monday] = int(rng.poisson(40))
        counts.setdefault(("a", "b"), {})[monday] = int(rng.poisson(100))
    told = {one.target: one for one in moves.ways(counts, {}, BEFORE, AFTER)}
    assert (told["old"].what, told["new"].what, told["b"].what) == ("gone", "new", "same")
    assert told["old"].points < -0.2 and told["new"].points > 0.2
    seldom = {("a", "b"): counts["a", "b"], ("a", "new"): {AFTER[0]: 9}}
    assert {one.what for one in moves.ways(seldom, {}, BEFORE, AFTER)} == {"same"}  # one week proves nothing


def test_steps_that_are_seldom_left_are_not_looked_at() -> None:
    assert moves.ways(drawn(3, 0.1, times=20), {}, BEFORE, AFTER) == []


def test_the_distance_is_large_only_where_something_moved() -> None:
    changed, same = (moves.distance(drawn(4, 0.1, lift), BEFORE, AFTER, 5) for lift in (2.0, 0.0))
    assert changed[0] > changed[1] and changed[2] <= 0.01
    assert same[2] > 0.05


def series(rng: np.random.Generator, n: int, step: float = 0.0, at: int = 0) -> Numbers:
    z = rng.normal(0, 1, n)
    z[at:] += step
    return z


@pytest.mark.parametrize("n", [17, 30, 52])
def test_quiet_weeks_raise_no_alarm(n: int) -> None:
    """Method 8.3: a series alone in 1 to 4 of 100; a site with 40 figures in at most 5 of 100 nights."""
    rng, worlds = np.random.default_rng(n), 1000 if IS_WHOLE else 200
    assert sum(bool(shifts.steps(series(rng, n), 1)) for _ in range(worlds)) <= 0.05 * worlds
    sites = worlds // 10
    alarmed = sum(any(shifts.steps(series(rng, n), 40) for _ in range(40)) for _ in range(sites))
    assert alarmed <= max(1, 0.05 * sites)


def test_a_step_is_found_at_its_week_and_a_drift_is_none() -> None:
    rng, worlds = np.random.default_rng(7), 100
    hits = [shifts.steps(series(rng, 40, 2.5, 25), 1) for _ in range(worlds)]
    near = [any(abs(at - 25) <= 2 for _, at, _ in found) for found in hits]
    assert sum(near) >= 0.9 * worlds
    drifts = [shifts.steps(series(rng, 40) + 0.15 * np.arange(40), 1) for _ in range(worlds)]
    assert sum(map(bool, drifts)) <= 0.2 * worlds


def told_by(world: World, changes: tuple[object, ...]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """(undeclared steps, changed ways) of a world's night."""
    with Store.open(None, threads=1) as store:
        change_world.build(store, world)
        night = change_world.frame(store, world, changes)  # type: ignore[arg-type]
        change_effects.find(store, change_world.replace(night, confirmed=frozenset()))
        steps = store.rows("select place, metric, monday, change_id from change_proposed order by all")
        ways = (
            store.rows("select source, target, what from change_way where what <> 'same' order by all")
            if store.has_table("change_way")
            else []
        )
        return steps, ways


BETTER = World(3, times={"menus": 0.6, "transfers": 0.3}, weeks=18)


def test_an_undeclared_change_is_proposed_and_a_declared_one_is_named() -> None:
    day = START + dt.timedelta(days=BETTER.change_day)
    silent, _ = told_by(BETTER, ())
    named = {(place, metric): (monday, change) for place, metric, monday, change in silent}
    assert ("service", "transfers_per_call") in named and ("orders", "transfers_per_call") not in named
    assert abs(named["service", "transfers_per_call"][0] - day) <= dt.timedelta(weeks=2)
    assert {change for _, change in named.values()} == {""}
    told, ways = told_by(BETTER, (change_world.change(BETTER),))
    assert {change for *_, change in told} == {"menu_v2"}
    assert ("menu", "menu", "less") in ways and ("menu", "handed_on", "less") in ways


def test_a_world_in_which_nothing_changed_proposes_nothing() -> None:
    """Calls, queues, pages and steps together: one family of figures."""
    worlds = 40 if IS_WHOLE else 2
    found = [told_by(World(seed, weeks=18, visits_a_week=600), ())[0] for seed in range(20, 20 + worlds)]
    assert sum(map(bool, found)) <= max(1, 0.1 * worlds)


def test_a_page_that_others_see_is_proposed_and_a_declared_change_of_the_website_is_named() -> None:
    """Only the planted page; shares are those of a plain count."""
    moved = World(3, weeks=18, visits_a_week=600, times={"page": 0.6})
    day = START + dt.timedelta(days=moved.change_day)
    with Store.open(None, threads=1) as store:
        change_world.build(store, moved)
        night = change_world.frame(store, moved, ())
        change_effects.find(store, change_world.replace(night, confirmed=frozenset()))
        (found,) = store.rows("select step, of_visits, monday, before, after from change_proposed")
        plain = """select count(distinct session_id) filter (step = 'page_0') / count(distinct session_id) from event
            where session_id is not null and occurred_at {side} $monday::timestamp"""
        before, after = (store.value(plain.format(side=side), {"monday": found[2]}) for side in ("<", ">="))
    assert found[:2] == ("page_0", True) and abs(found[2] - day) <= dt.timedelta(weeks=1)
    assert found[3:] == pytest.approx((before, after)) and after < 0.75 * before
    page = {"page": ["/page_*"]}
    declared = change_world.change(moved, change="site", affected=page, control=None)
    told, _ = told_by(moved, (declared,))
    assert {change for *_, change in told} == {"site"}


def test_pages_and_steps_of_few_are_not_watched() -> None:
    quiet = World(3, weeks=18, visits_a_week=150, times={"page": 0.6})
    assert [place for place, metric, *_ in told_by(quiet, ())[0] if not metric] == []
