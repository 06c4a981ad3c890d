"""Paths to bad outcomes (`outcome_paths`): against plain Python, planted paths, nothing planted, immortal time.

`FRONTSTAGE_TRUTH=1` runs the whole numbers of seeds (200 for nothing planted, 100 else)."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from mining_log import EPOCH, Ev, Log, St, build, key
from path_world import Plan, world
from planted import frame, mined
from planted import world as small

from ingest.store import Store
from mining import aggregate, population, register
from mining.analyses import outcome_paths
from mining.findings import Finding
from mining.hazard_counts import GIVING_UP, Outcome
from mining.method import Method
from mining.path_search import Search, search
from mining.path_shares import BANDS, FAR, Share, completed, moments, shares
from mining.population import SPLITS
from mining.route_ways import NOTHING, T_MAX, read_ways
from mining.routes import Routes, bad_outcomes, read
from mining.statistics import holm

WHOLE = bool(os.environ.get("FRONTSTAGE_TRUTH"))
METHOD = Method()
DAY = dt.timedelta(days=1)
PATHS = [(2, 5), (1, 1, 3), (0,)]


# ---- the shares --------------------------------------------------------------------------------------------------


def done(routes: Routes, paths: list[tuple[int, ...]]) -> np.ndarray:
    """By fate, when it has gone each path."""
    return completed(routes.codes, paths)[routes.way]


def goes(way: list[int], path: tuple[int, ...]) -> bool:
    """Whether the path is a subsequence of the way."""
    rest = iter(way)
    return all(step in rest for step in path)


def credit(way: list[int], paths: list[tuple[int, ...]]) -> int:
    """The first of the paths that it goes; their number where it goes none."""
    return next((n for n, path in enumerate(paths) if goes(way, path)), len(paths))


def by_hand(routes: Routes, paths: list[tuple[int, ...]], split: str, floor: int) -> list[tuple[int, int, float, int]]:
    """(hits, n, share of the others, others that went it) of each path and the rest, journey by journey."""
    ways = [[int(c) for c in routes.codes[routes.way[f]] if c != NOTHING] for f in routes.fate]
    bad = [bool(routes.is_bad[f]) for f in routes.fate]
    low, high = (values[routes.fate].tolist() for values in (routes.low, routes.high))
    everyone = range(len(ways))

    def point(i: int, t: int) -> tuple[int, int]:
        return ways[i][t - 1], sum(t >= first for first in BANDS)

    beside: dict[str, dict[tuple[int, int], list[tuple[int, int]]]] = {}
    for part in {"discovery", "confirm", split}:
        beside[part] = defaultdict(list)
        for i in everyone:
            if not bad[i] and routes.in_split[part][i]:
                for t in range(low[i], high[i] + 1):
                    beside[part][point(i, t)].append((i, t))
    compared = [
        i
        for i in everyone
        if bad[i] and high[i] and routes.in_split[split][i]
        and min(len(beside[part][point(i, high[i])]) for part in ("discovery", "confirm")) >= floor
        and beside[split][point(i, high[i])]
    ]  # fmt: skip
    hits, others = [0] * (len(paths) + 1), [0.0] * (len(paths) + 1)
    for i in compared:
        hits[credit(ways[i][: high[i]], paths)] += 1
        same = beside[split][point(i, high[i])]
        for j, t in same:
            others[credit(ways[j][:t], paths)] += 1 / len(same) / len(compared)
    went: list[set[int]] = [set() for _ in range(len(paths) + 1)]
    for rows in beside[split].values():
        for j, t in rows:
            went[credit(ways[j][:t], paths)].add(j)
    return [(hits[k], len(compared), others[k], len(went[k])) for k in range(len(paths) + 1)]


@pytest.mark.parametrize("seed", range(4))
def test_shares_as_counted_by_hand(seed: int) -> None:
    routes = world(Plan(n=220, times=2.0), seed)
    seen = moments(routes, 8)
    for split in ("all", "confirm"):
        told = shares(routes, seen, done(routes, PATHS), split)
        for one, (hits, n, others, went) in zip(told, by_hand(routes, PATHS, split, 8), strict=True):
            assert (one.hits, one.n, one.n_went) == (hits, n, went)
            assert one.others == pytest.approx(others)
        assert sum(one.hits for one in told) == told[0].n, "each bad journey is credited to one path"
        assert sum(one.difference for one in told) == pytest.approx(0, abs=1e-9)


def test_nobody_is_compared_where_no_others_stand() -> None:
    routes = world(Plan(n=60), 1)
    routes = replace(routes, is_bad=np.ones(60, dtype=bool), low=routes.high)
    told = shares(routes, moments(routes, 1), done(routes, PATHS), "all")
    assert [(one.hits, one.n, one.others, one.n_went) for one in told] == [(0, 0, 0.0, 0)] * (len(PATHS) + 1)
    assert search(routes, METHOD, lambda _: False) == []


def test_a_path_is_complete_at_its_earliest() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, (300, T_MAX)).astype(np.uint8)
    codes[np.arange(T_MAX)[None] >= rng.integers(0, 12, 300)[:, None]] = NOTHING
    paths = [(1,), (0, 1), (2, 2, 3), (3, 0, 1, 2)]
    at = completed(codes, paths)
    for row, way in enumerate(codes.tolist()):
        for column, path in enumerate(paths):
            first = next((t for t in range(T_MAX + 1) if goes(way[:t], path)), T_MAX + 1)
            assert at[row, column] == first


def test_equal_ways_counted_together_give_the_same() -> None:
    routes = world(Plan(n=400, times=3.0), 2)
    short = replace(routes, codes=np.where(np.arange(T_MAX) < 3, routes.codes, NOTHING).astype(np.uint8))
    short = replace(short, low=np.minimum(short.low, 3), high=np.minimum(short.high, 3))
    keys = [
        (tuple(short.codes[w]), b, lo, hi)
        for w, b, lo, hi in zip(short.way, short.is_bad, short.low, short.high, strict=True)
    ]
    number = {one: n for n, one in enumerate(dict.fromkeys(keys))}
    fate = np.array([number[one] for one in keys])
    first = np.array([keys.index(one) for one in number])
    together = replace(
        short,
        codes=short.codes[first],
        way=np.arange(len(first)),
        is_bad=short.is_bad[first],
        low=short.low[first],
        high=short.high[first],
        n={split: np.bincount(fate, short.n[split]).astype(np.int64) for split in short.n},
        fate=fate,
    )
    alike = replace(short, way=short.way[first[fate]]).together()
    assert len(alike.way) == len(first) < len(short.way)
    one, *others = (shares(r, moments(r, 10), done(r, PATHS), "all") for r in (short, together, alike))
    for a, b in zip(one * 2, [*others[0], *others[1]], strict=True):
        assert (a.hits, a.n, a.n_went) == (b.hits, b.n, b.n_went)
        assert (a.others, a.error, a.share_error) == pytest.approx((b.others, b.error, b.share_error))


def alone(routes: Routes, path: tuple[int, ...], split: str = "all") -> Share:
    return shares(routes, moments(routes, 10), done(routes, [path]), split)[0]


@pytest.mark.parametrize(("times", "frailty"), [(1.0, 1.0), (4.0, 0.5)])
def test_the_interval_of_the_difference_covers(times: float, frailty: float) -> None:
    """Of what the same path shows in a world a hundred times as large; with nothing planted that is none."""
    true = alone(world(Plan(n=300_000, times=times, frailty=frailty), 9_999), (2, 5)).difference
    if times == 1.0:
        assert abs(true) < 0.006, "who lives longer meets more steps: compared at the same point, that tells nothing"
    seeds = 300 if WHOLE else 120
    told = [
        alone(world(Plan(n=3000, times=times, frailty=frailty), seed), (2, 5)).interval(0.95) for seed in range(seeds)
    ]
    covered = sum(low <= true <= high for low, high in told)
    assert 0.90 * seeds <= covered <= 0.99 * seeds, covered


def test_whole_journeys_would_call_a_path_a_protection() -> None:
    """The mistake that the comparison at the same point avoids: in a world with nothing planted, journeys that ended
    well are longer, and so more of them went any path."""
    routes = world(Plan(n=20_000, hazard=0.15), 3)
    at = completed(routes.codes, [(2, 5)])[:, 0]
    bad, others = (float((at <= routes.high)[chosen].mean()) for chosen in (routes.is_bad, ~routes.is_bad))
    told = alone(routes, (2, 5))
    assert bad < others - 0.02 and told.interval(0.99)[0] < 0 < told.interval(0.99)[1]


# ---- the search ---------------------------------------------------------------------------------------------------


def proposed(routes: Routes) -> tuple[list[tuple[int, ...]], list[bool]]:
    """(paths of the discovery parts, whether the customers kept apart confirm each)."""
    paths = search(routes, METHOD, lambda _: False)
    told = shares(routes, moments(routes, METHOD.path_at_risk_min), done(routes, paths), "confirm")[:-1]
    adjusted = holm([one.p_value for one in told])
    return paths, [
        p <= METHOD.confirm_alpha and one.difference >= METHOD.path_difference_min and one.interval(0.95)[0] > 0
        for one, p in zip(told, adjusted, strict=True)
    ]


def test_nothing_is_confirmed_where_customers_merely_differ() -> None:
    seeds = range(200 if WHOLE else 25)
    false = sum(any(proposed(world(Plan(frailty=1.0), seed))[1]) for seed in seeds)
    assert false <= (12 if WHOLE else 2), false


def test_a_planted_path_is_found_and_confirmed() -> None:
    seeds = range(100 if WHOLE else 12)
    found = 0
    for seed in seeds:
        paths, confirmed = proposed(world(Plan(times=5.0), seed))
        found += any(ok and path[:2] == (2, 5) for path, ok in zip(paths, confirmed, strict=True))
    assert found >= 0.9 * len(seeds), found


def test_a_known_path_is_kept_where_another_adds_little_more() -> None:
    routes = world(Plan(n=6000, times=5.0), 1)
    first = search(routes, METHOD, lambda _: False)[0]
    looking = Search(routes, METHOD)
    pool = looking.pool()
    _, added = looking.added(completed(looking.routes.codes, pool)[looking.routes.way], np.full(len(looking.n), FAR))
    near = [path for path, value in zip(pool, added, strict=True) if 0.6 * added.max() < value < 0.85 * added.max()]
    assert near and first not in near
    assert search(routes, METHOD, lambda path: path == near[0])[0] == near[0]


def two_ways(bad: tuple[int, int], others: tuple[int, int]) -> Share:
    """The share of those who took a and then b: of bad journeys and of others so many did, and so many c and then b."""
    n = np.array([*bad, *others])
    codes = np.full((2, T_MAX), NOTHING, dtype=np.uint8)
    codes[:, :2] = [[0, 1], [2, 1]]
    two = np.full(4, 2)
    fate = np.repeat(np.arange(4), n)
    routes = Routes(
        ("a", "b", "c"), codes, np.array([0, 1, 0, 1]), np.array([True, True, False, False]), two, two,
        dict.fromkeys(SPLITS, n), fate, np.arange(len(fate)), np.arange(len(fate)),
        dict.fromkeys(SPLITS, np.ones(len(fate), dtype=bool)),
    )  # fmt: skip
    return shares(routes, moments(routes, 1), completed(codes, [(0,)])[routes.way], "confirm")[0]


def test_a_few_who_all_went_the_usual_way_show_nothing() -> None:
    """Of the others seven in eight went it: eight bad ones of eight are no wonder, though they differ in nothing."""
    few = two_ways((8, 0), (700, 100))
    assert (few.difference, few.hits, few.n) == (0.125, 8, 8)
    assert few.null_error == pytest.approx((7 / 8 * 1 / 8 / 8) ** 0.5)
    low, high = few.interval(0.95)
    assert few.p_value > 0.1 and low < 0 < high < 0.5
    all_of_all = two_ways((8, 0), (800, 0))
    assert (all_of_all.difference, all_of_all.error, all_of_all.share_error, all_of_all.p_value) == (0, 0, 0, 1)
    many = two_ways((200, 0), (700, 100))
    assert many.p_value < 1e-6 and 0.08 < many.interval(0.95)[0] < 0.125
    assert two_ways((100, 100), (300, 500)).error == pytest.approx((0.25 / 200 + 0.375 * 0.625 / 800) ** 0.5, rel=0.01)


def test_where_all_others_went_it_strict_identity_says_nothing() -> None:
    """Who is known strictly has logged in, and so have all others who are: no reason to doubt a path by the login."""
    told = dict.fromkeys(SPLITS, two_ways((60, 40), (300, 500)))
    path = outcome_paths.OutcomePath(Outcome(GIVING_UP, GIVING_UP), 1, ("a", "b"), told, 100)
    assert outcome_paths._robust(path)["sign_stable"] is True
    same = replace(path, told=told | {"strict": two_ways((40, 0), (300, 0))})
    assert outcome_paths._robust(same)["sign_stable"] is True
    turned = replace(path, told=told | {"strict": two_ways((5, 95), (300, 500))})
    assert outcome_paths._robust(turned)["sign_stable"] is False


def test_of_chance_alone_a_path_is_rarely_sure_however_usual_it_is() -> None:
    """Bad journeys that go it as others do, 8 to 40 of them: p below 5 % in about 5 of 100; 95 % intervals cover."""
    rng = np.random.default_rng(8)
    for usual, n in ((0.5, 40), (0.875, 8), (0.875, 40), (0.97, 30)):
        told = [two_ways((hits, n - hits), (round(800 * usual), 800 - round(800 * usual)))
                for hits in rng.binomial(n, usual, 400).tolist()]  # fmt: skip
        assert sum(one.p_value < 0.05 for one in told) <= 32, (usual, n)
        assert sum(one.interval(0.95)[0] <= 0 <= one.interval(0.95)[1] for one in told) >= 370, (usual, n)


# ---- the ways, from tables -------------------------------------------------------------------------------------

STEPS = [
    St("look", stage="research", step_class="browse", repeats=None),
    St("cart", stage="order", repeats=None),
    St("address", stage="order", step_class="info_request"),
    St("refused", stage="order", actor="company", reactive=True),
    St("pay", stage="order"),
    St("placed", stage="order", channel="order", step_class="outcome"),
    St("call", stage="help", channel="agent", step_class="contact"),
    St("complain", stage="help", channel="agent", step_class="contact", bad=True),
    St("cancel_page", stage="change"),
    St("cancelled", stage="change", channel="order", step_class="outcome", bad=True),
    St("goods", stage="receive", channel="parcel", step_class="outcome"),
]


def random_log(seed: int) -> Log:
    """Journeys of any steps in any order; a complaint may stand in the call before it; a cancelling has its door, and
    may carry the number of a call that is over, as what was ordered in it does."""
    rng = random.Random(seed)
    log = Log([], STEPS, as_of=EPOCH.date() + 60 * DAY)
    for number in range(150):
        at = EPOCH + rng.randrange(30) * DAY
        order, calls = 0, list[str]()
        for _ in range(rng.randint(1, 7)):
            step = rng.choice([s.step for s in STEPS])
            rows = [step]
            if step == "cancelled" and rng.random() < 0.9:
                rows = ["cancel_page", "cancelled"]
            if step == "complain" and rng.random() < 0.7:
                rows = ["call", "complain"]
            call = f"c{number}.{order}" if "complain" in rows or step == "call" else None
            end = at + dt.timedelta(seconds=rng.choice([0, 50])) if call else None
            ordered = rng.choice(calls) if calls and step == "cancelled" else None
            calls += [call] if call else []
            for name in rows:
                own = ordered if name == "cancelled" else call
                log.events.append(
                    Ev(f"j{number:03d}", name, at, end=end, customer=f"k{number % 90}", order=order, call=own)
                )
                order += 1
            at += rng.randint(1, 90) * DAY / 1440
    return log


def by_case(log: Log, outcome: str, ends: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], bool, int, int]]:
    """journey -> (steps of its way up to where it is over, ended so, low, high), by the words of the module."""
    touch = {step.step: step for step in STEPS}
    events: dict[str, list[Ev]] = defaultdict(list)
    for event in sorted(log.events, key=lambda e: (e.at, e.order)):
        events[event.case].append(event)
    fates = {}
    for case, rows in events.items():
        names = [e.step for e in rows]
        begun = [n for n, name in enumerate(names) if name in ("address", "pay")]
        over = [n for n, name in enumerate(names) if name in ends]
        if outcome == GIVING_UP:
            if not begun:
                continue
            start, end, is_bad = begun[0], over[0] if over else len(names), not over
        else:
            bad = [n for n, name in enumerate(names) if name == outcome]
            start, end = 0, min([*over, *bad, len(names)])
            is_bad = bool(bad) and bad[0] == end
        fates[case] = (rows, names, start, end, is_bad)
    before = [names[end - 1] for _, names, _, end, is_bad in fates.values() if is_bad and end]
    n_bad = sum(one[4] for one in fates.values())
    doors = (
        {name for name in before if touch[outcome].step_class == "outcome" and before.count(name) >= 0.5 * n_bad}
        if outcome in touch
        else set()
    )
    out = {}
    for case, (rows, names, start, end, is_bad) in fates.items():
        if is_bad and outcome != GIVING_UP and rows[end].call:
            call = [event for event in rows if event.call == rows[end].call]
            if rows[end].at <= max(event.end or event.at for event in call if event.step in ("call", "complain")):
                end = rows.index(call[0])
        told: list[tuple[int, str]] = []
        kept_before = None
        for place, name in enumerate(names):
            step = touch[name]
            if step.step_class == "browse" or step.bad or step.reactive or name in doors:
                continue
            if not (name == kept_before and step.repeats is None):
                told.append((place, name))
            kept_before = name
        high = sum(place < end for place, _ in told)
        low = high if is_bad else 1 + sum(place < start for place, _ in told)
        out[case] = (tuple(name for place, name in told[:high]), is_bad, low, high)
    return out


@pytest.mark.parametrize("seed", range(3))
def test_ways_as_read_by_hand(store: Store, seed: int) -> None:
    log = random_log(seed)
    build(store, log)
    register.prepare(store)
    aggregate.build(store)
    context = frame(store)
    population.prepare(store, context)
    names = {number: row for row, number in store.rows("select journey_key, journey_id from journey")}
    forms = set()
    ways = read_ways(store, context)
    for outcome in bad_outcomes(ways):
        forms.add(outcome.form)
        routes = read(ways, outcome)
        expected = {key("journey " + case, 12): one for case, one in by_case(log, outcome.name, outcome.ends).items()}
        assert (routes is None) == (not any(one[1] for one in expected.values()))
        if routes is None:
            continue
        assert {names[i] for i in routes.journey_id.tolist()} == set(expected)
        for journey_id, fate in zip(routes.journey_id.tolist(), routes.fate.tolist(), strict=True):
            way, is_bad, low, high = expected[names[journey_id]]
            codes = routes.codes[routes.way[fate]][: routes.high[fate]]
            assert tuple(routes.steps[code] for code in codes) == way
            assert (bool(routes.is_bad[fate]), routes.low[fate], routes.high[fate]) == (is_bad, low, high)
        assert routes.n["all"].sum() == len(routes.fate)
    assert forms == {"terminal", "delayed", "giving up"}


# ---- the findings -------------------------------------------------------------------------------------------------

SHOP = [
    St("look", stage="research", step_class="browse", repeats=None),
    St("cart", "Fills the cart", "order", repeats=None),
    St("voucher", "Enters a voucher", "order"),
    St("address", "Enters the address", "order", step_class="info_request"),
    St("pay", "Pays", "order"),
    St("placed", "Places the order", "order", "order", step_class="outcome"),
]


def shop(n: int, seed: int, after_voucher: float) -> list[Finding]:
    """Three in ten enter a voucher after the cart, and then leave with another chance than the 10 % of the others."""

    def play(rng: random.Random) -> list[tuple[str, float]]:
        way = [("look", 0.0), ("cart", 1.0)]
        has = rng.random() < 0.3
        if has:
            way.append(("voucher", 1.0))
        for step in ("address", "pay"):
            way.append((step, 2.0))
            if rng.random() < (after_voucher if has else 0.1):
                return way
        return [*way, ("placed", 1.0)]

    with Store.open() as store:
        return mined(store, small(play, n, SHOP, seed=seed), only="outcome_paths")


def test_who_gives_up_after_a_voucher_is_told_with_the_right_shares() -> None:
    findings = shop(3000, 4, 0.4)
    first = max(findings, key=lambda f: f.effect["value"])
    assert first.status == "confirmed" and first.grade == "C"
    assert first.where["outcome"] == GIVING_UP and "voucher" in first.where["path"]
    # of 100: 30 with a voucher give up at 0.4 + 0.6 * 0.4 = 64 %, 70 without at 19 %: 19.2 of 32.5 went it
    assert abs(first.extra["share"] - 19.2 / 32.5) < 0.06
    low, high = first.extra["share_interval"]
    assert low < 19.2 / 32.5 < high
    assert first.extra["share_others"] < 0.30
    assert first.n["hits_all"] == len(set(first.evidence["typical"])) or first.n["journeys"] >= 200
    assert set(first.evidence["typical"]).isdisjoint(first.evidence["counter"])


def test_without_a_plant_no_path_of_the_shop_is_told() -> None:
    assert [f for seed in range(3) for f in shop(2000, seed, 0.1) if f.status == "confirmed"] == []


def test_shares_of_an_outcome_add_up_and_few_customers_are_not_told(store: Store) -> None:
    def play(rng: random.Random) -> list[tuple[str, float]]:
        way = [("cart", 1.0), *([("voucher", 1.0)] if rng.random() < 0.4 else []), ("address", 1.0)]
        return way if rng.random() < (0.5 if len(way) == 3 else 0.1) else [*way, ("placed", 1.0)]

    findings = mined(store, small(play, 1500, SHOP, seed=3), only="outcome_paths")
    rows = store.records("select * from outcome_path order by path_no")
    assert findings and sum(row["share"] for row in rows) == pytest.approx(1)
    assert sum(row["hits"] for row in rows) == rows[0]["n_bad"] and rows[0]["path_no"] == 0
    assert sum(row["others"] for row in rows) == pytest.approx(1)
    strict = Method(small_cell_customers=10_000)
    with Store.open() as other:
        assert mined(other, small(play, 1500, SHOP, seed=3), method=strict, only="outcome_paths") == []
        assert [row["path_no"] for row in other.records("select * from outcome_path")] == [0]
