"""What a declared change did (analysis `change_effects`; method note 8, T8.1 to T8.3): the register, the estimate over
simulated worlds, the guards, and findings over a warehouse of calls in which the change is known."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import change_world
import numpy as np
import pytest
from change_world import START, World

from ingest.errors import ConfigError
from ingest.store import Store
from mining.analyses import change_effects
from mining.changes import declared, estimate
from mining.changes.declared import Group, unknown_names
from mining.changes.groups import condition, like
from mining.findings import Finding
from mining.words import lint

IS_WHOLE = os.environ.get("FRONTSTAGE_TRUTH") == "1"
N_WORLDS = 200 if IS_WHOLE else 40
WEEKS_BEFORE, WEEKS_AFTER = 12, 4


def weekly(seed: int, effect: float, *, shared_drift: float = 0.01, own_drift: float = 0.0) -> np.ndarray:
    """z of 16 weeks: two groups of days, AR(1) of 0.5 each (z of a week: sd 0.06), a random walk in common."""
    rng = np.random.default_rng(seed)
    days = 7 * (WEEKS_BEFORE + WEEKS_AFTER)
    logs = []
    walk = np.cumsum(rng.normal(0, shared_drift, days))
    for is_treated in (True, False):
        noise, series = 0.0, []
        for _ in range(days):
            noise = 0.5 * noise + rng.normal(0, 0.055)
            series.append(noise)
        own = np.array(series) + walk + (own_drift * np.arange(days) if is_treated else 0)
        own += effect * (np.arange(days) >= 7 * WEEKS_BEFORE) if is_treated else 0
        logs.append(np.log(np.exp(own).reshape(-1, 7).mean(axis=1)))
    return np.asarray(logs[0] - logs[1])


def judged(seed: int, effect: float) -> estimate.Estimate:
    z = weekly(seed, effect)
    return estimate.step_of_means(z[:WEEKS_BEFORE], z[WEEKS_BEFORE:], 0.95)


def least_covering(n: int) -> int:
    """The lower end of the 99 % band of the binomial of 95 % intervals: 181 of 200."""
    from scipy import stats

    return int(stats.binom.ppf(0.005, n, 0.95))


def test_intervals_cover_in_null_worlds_and_planted_ones() -> None:
    """T8.1 and T8.2: 95 % intervals of no effect and of -10 % cover; -10 % is found in 70 % or more."""
    planted = float(np.log(0.9))
    null = [judged(seed, 0.0) for seed in range(N_WORLDS)]
    real = [judged(1_000 + seed, planted) for seed in range(N_WORLDS)]
    covering = sum(one.low <= 0 <= one.high for one in null), sum(one.low <= planted <= one.high for one in real)
    found = sum(one.high < 0 for one in real)
    print(f"of {N_WORLDS}: null covered {covering[0]}, planted covered {covering[1]}, found {found}")
    assert min(covering) >= least_covering(N_WORLDS)
    assert found >= 0.7 * N_WORLDS


def test_a_drift_of_one_group_takes_the_grade() -> None:
    z = weekly(1, 0.0, own_drift=0.01)
    slope, error = estimate.slope_before(z[:WEEKS_BEFORE])
    assert slope > 0.05 and estimate.ran_apart(slope, error, len(z), float(z[12:].mean() - z[:12].mean()))
    assert not estimate.ran_apart(0.001, 0.01, 16, 0.10)


def test_two_opinions_contradict_only_where_one_is_sure() -> None:
    sure = estimate.Estimate(-0.2, -0.3, -0.1, 0.001, 12, 4, 0.05, 0.08)
    unsure = estimate.Estimate(-0.01, -0.1, 0.08, 0.8, 12, 4, 0.05, 0.08)
    assert estimate.disagree(sure, (0.1, 0.02, 0.2)) and estimate.disagree(sure, (0.05, -0.05, 0.15))
    assert not estimate.disagree(sure, (-0.1, -0.3, 0.1)) and not estimate.disagree(unsure, (0.01, -0.1, 0.1))


def test_made_up_dates_give_an_interval_as_wide_as_their_spread() -> None:
    before = np.random.default_rng(3).normal(0, 0.05, 30)
    found = estimate.placebos(before, 4, 8, with_slope=False)
    low, high = estimate.placebo_interval(-0.1, found, 0.95)
    assert (
        len(found) == 19
        and low < -0.1 < high
        and high - low == pytest.approx(2 * 2.09 * float((found**2).mean()) ** 0.5, rel=0.01)
    )


def test_a_logit_step_becomes_a_part_of_the_level() -> None:
    assert estimate.as_change(float(np.log(0.9)), 5.0, is_share=False) == pytest.approx(-0.1)
    odds = 0.2 / 0.8
    assert estimate.as_change(float(np.log(0.5)), 0.2, is_share=True) == pytest.approx(
        odds / 2 / (1 + odds / 2) / 0.2 - 1
    )


# ---- the register --------------------------------------------------------------------------------------------

GOOD = '[[change]]\nchange = "a"\nlabel = "A"\ndate = 2026-03-02\naffected = { queue = ["x"] }\n'


def written(folder: Path, text: str) -> Path:
    (folder / declared.FILE).write_text(text, encoding="utf-8")
    return folder


def test_a_register_is_read_in_order_of_days(tmp_path: Path) -> None:
    later = GOOD.replace('"a"', '"b"').replace("2026-03-02", "2026-01-02")
    found = declared.load(written(tmp_path, GOOD + later))
    assert [one.change for one in found] == ["b", "a"] and len(found[0].chosen) == 8
    assert declared.load(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + 'metrics = ["containment"]\n', "true_containment"),
        (GOOD + 'metrics = ["transfer_per_call"]\n', "did you mean 'transfers_per_call'"),
        (GOOD + 'metrics = ["calls_after_visit"]\n', "expected transfers_per_call"),
        (GOOD + 'expected = { menus_per_cal = "down" }\n', "did you mean 'menus_per_call'"),
        (GOOD + "wash_out_weeks = 1\n", "washout_weeks"),
        (GOOD + "control = {}\n", "at least one of"),
        (GOOD + "random_share = 0.5\n", "expected a control group"),
        (GOOD + '[[change.wave]]\ndate = 2026-03-09\naffected = { queue = ["y"] }\n', "one of the two"),
        (GOOD + 'control = { page = ["/a"] }\n', "visits can't be held against calls"),
        (GOOD.replace("date = 2026-03-02\n", ""), "no date or no affected group"),
        (GOOD + GOOD, "two changes are called 'a'"),
    ],
)
def test_a_wrong_register_is_refused_with_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=declared.FILE) as error:
        declared.load(written(tmp_path, text))
    assert told in str(error.value)


def test_names_that_the_dictionary_does_not_have(tmp_path: Path) -> None:
    text = GOOD.replace("affected = {", 'affected = { step = ["tlak"], department = ["Call centre"],')
    found = unknown_names(declared.load(written(tmp_path, text)), ["talk"], ["Call centre"])
    assert [key for key, _ in found] == ["change.0.affected.step"] and "did you mean 'talk'" in found[0][1]


def test_patterns_never_become_sql() -> None:
    params: dict[str, str] = {}
    told = condition(Group(line=["a%_*"], queue=["x'; drop table event", "y"]), params)
    assert "drop" not in told and list(params.values()) == ["x'; drop table event", "y", "a\\%\\_%"]
    assert like("plain") == "plain"


# ---- findings over a warehouse ---------------------------------------------------------------------------------

BETTER = World(3, times={"menus": 0.6, "transfers": 0.5}, weeks=18)


def found(world: World, **values: object) -> dict[str, Finding]:
    with Store.open(None, threads=1) as store:
        change_world.build(store, world)
        context = change_world.frame(store, world, (change_world.change(world, **values),))
        return {one.where["metric"]: one for one in change_effects.find(store, context)}


@pytest.fixture(scope="module")
def better() -> dict[str, Finding]:
    return found(BETTER, expected={"menus_per_call": "down"})


def test_a_better_menu_is_found_with_its_size(better: dict[str, Finding]) -> None:
    menus, transfers, given_up = (better[name] for name in ("menus_per_call", "transfers_per_call", "abandon_share"))
    assert (menus.status, menus.grade, transfers.status) == ("confirmed", "B", "confirmed")
    assert menus.ci["low"] <= -0.4 <= menus.ci["high"] and transfers.ci["low"] <= -0.5 <= transfers.ci["high"]
    assert given_up.status == "below_tolerance" and given_up.ci["low"] < 0 < given_up.ci["high"]
    assert "most likely caused" in menus.text_evidence and "This is what was expected" in menus.text_evidence
    assert (
        menus.extra["n_pre"] == 12 and menus.extra["n_post"] == 6 and better["repeat_contact_7d"].extra["n_post"] == 5
    )
    assert menus.cost["customer_min_per_week"] is None  # its minutes are those of the needs, told once
    assert better["customer_min_per_need"].cost["customer_min_per_week"]["mid"] < 0


def test_levels_are_those_of_a_plain_count(better: dict[str, Finding]) -> None:
    """Menus per call after the change, counted from the events by hand."""
    rows = change_world.draw(BETTER).to_pylist()
    calls: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        calls.setdefault(str(row["call"]), []).append(row)
    after = [
        events for events in calls.values()
        if events[0]["line"] == "service" and int(str(events[0]["at_s"])) >= BETTER.change_day * 86_400
    ]  # fmt: skip
    menus = sum(row["step"] == "menu" for events in after for row in events)
    assert better["menus_per_call"].extra["after"] == pytest.approx(menus / len(after))


def test_without_a_control_the_sentence_stands_and_the_grade_is_d() -> None:
    """T8.3: a drift and no control: never above D, never confirmed, the no-control sentence."""
    for seed in range(1, 7 if IS_WHOLE else 3):
        told = found(World(seed, growth=0.01, weeks=18), control=None, metrics=["menus_per_call", "transfers_per_call"])
        for one in told.values():
            assert one.grade == "D" and one.status != "confirmed"
            assert "There is no unaffected group, so other causes" in one.text_caution
            assert lint(one.title, "D") == []


def test_too_few_weeks_or_contacts_are_not_enough_data() -> None:
    short = found(World(2, weeks=10, change_day=7 * 8, calls_a_week=220), metrics=["menus_per_call"])["menus_per_call"]
    assert (short.status, short.n["n_needed"]) == ("not_enough_data", 12)
    few = found(World(2, weeks=14, change_day=7 * 9, calls_a_week=90), metrics=["menus_per_call"])["menus_per_call"]
    assert few.status == "not_enough_data" and few.n["n_needed"] == 200 and few.n["units"] < 200
    alone = found(World(2, weeks=10, change_day=7 * 8), metrics=["menus_per_call"], control=None)["menus_per_call"]
    assert (alone.status, alone.n["n_needed"]) == ("cannot_tell", 12)


def test_two_changes_within_four_weeks_cannot_be_told_apart() -> None:
    world = World(3, weeks=18, times={"menus": 0.5})
    one = change_world.change(world, metrics=["menus_per_call"])
    other = change_world.change(
        world, change="hours", label="Longer hours", date=START + dt.timedelta(days=world.change_day + 14),
        metrics=["menus_per_call"],
    )  # fmt: skip
    with Store.open(None, threads=1) as store:
        change_world.build(store, world)
        told = change_effects.find(store, change_world.frame(store, world, (one, other)))
    assert [finding.status for finding in told] == ["cannot_tell", "cannot_tell"]
    assert any('"Longer hours"' in finding.text_caution for finding in told)


def test_codes_of_one_side_ask_for_a_note() -> None:
    world = World(4, weeks=16)
    with Store.open(None, threads=1) as store:
        change_world.build(store, world)
        store.run(
            "update event set raw_code = 'service-line MENU_NEW NONE' where step = 'menu' and line = 'service' "
            "and occurred_at >= $day",
            {"day": dt.datetime.combine(START, dt.time()) + dt.timedelta(days=world.change_day)},
        )
        frames = [
            change_world.frame(store, world, (change_world.change(world, metrics=["menus_per_call"], **more),))
            for more in ({}, {"definition_check": "both were counted side by side for a week"})
        ]
        silent, stated = (change_effects.find(store, frame)[0] for frame in frames)
    assert silent.status == "cannot_tell" and "MENU_NEW" in silent.text_caution
    assert stated.status != "cannot_tell" and "side by side" in stated.text_caution


def test_waves_are_held_against_those_who_wait() -> None:
    world = World(5, weeks=26, lines=("service", "orders", "trade"), treated=("service",), times={"menus": 0.6})
    waves = [
        {"date": START + dt.timedelta(days=world.change_day), "affected": {"line": ["service-line"]}},
        {"date": START + dt.timedelta(weeks=22), "affected": {"line": ["orders-line"]}},
    ]
    told = found(world, date=None, affected=None, control=None, wave=waves, metrics=["menus_per_call"])[
        "menus_per_call"
    ]
    assert told.extra["design"] == "staggered" and told.grade == "B" and told.ci["low"] <= -0.4 <= told.ci["high"]
    assert told.extra["detail"] == {"n_waves": 1.0, "of_n_waves": 2.0}


def test_by_lot_it_is_grade_a_and_a_wrong_lot_is_none() -> None:
    world = World(6, weeks=10, change_day=0, times={"transfers": 0.5, "menus": 1.0})
    lot = {"metrics": ["transfers_per_call", "abandon_share"], "random_share": 0.5}
    told = found(world, **lot)
    transfers = told["transfers_per_call"]
    assert (transfers.status, transfers.grade) == ("confirmed", "A") and transfers.ci["low"] <= -0.5 <= transfers.ci[
        "high"
    ]
    assert "The change caused it." in transfers.text_evidence
    assert told["abandon_share"].status == "below_tolerance"
    wrong = found(world, **lot | {"random_share": 0.8})["transfers_per_call"]
    assert wrong.status == "cannot_tell" and "not the part that was declared" in wrong.text_caution


def arm(hits: np.ndarray, n: np.ndarray) -> estimate.Arm:
    """The sums over customers of one arm."""
    return estimate.Arm(len(n), *map(float, (hits.sum(), n.sum(), hits @ hits, hits @ n, n @ n)))


def test_an_arm_without_a_hit_is_not_sure_of_it() -> None:
    """3 of 2,000 against 0 of 2,000 is what chance does (Fisher: p = 0.25); 30 against 0 is not."""
    n = np.ones(2_000)
    few, many, none = (arm((np.arange(2_000) < hits).astype(float), n) for hits in (3, 30, 0))
    for is_share in (True, False):
        assert estimate.by_customer(few, none, is_share, 0.95).p > 0.1
        assert estimate.by_customer(none, few, is_share, 0.95).p > 0.1
        assert estimate.by_customer(many, none, is_share, 0.95).p < 0.01


def test_arms_of_rare_hits_cover_their_true_ratio() -> None:
    """Customers who come 1 to 3 times, a hit in 200 in both arms: none is told in at most one of twenty worlds."""
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(400):
        arms = []
        for _ in range(2):
            n = rng.integers(1, 4, 600)
            arms.append(arm(rng.binomial(n, 0.005).astype(float), n.astype(float)))
        wrong += estimate.by_customer(arms[0], arms[1], True, 0.95).excludes_none()
    assert wrong <= 0.05 * 400 + 2 * (0.05 * 0.95 * 400) ** 0.5
