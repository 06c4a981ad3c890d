"""The page of scenarios (`what_if`), from a call centre with known behaviour; results are kept from night to night."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy
from test_drill_downs import table

sys.path.append(str(Path(__file__).parents[1] / "mining"))
import whatif_world as world

from ingest.site import Site
from ingest.store import Store
from mining import register
from mining.analyses import what_if
from mining.context import Context
from mining.method import Method
from mining.whatif import comparing, forecast, words
from mining.whatif.building import Today
from mining.whatif.reading import Logins, Reading
from mining.whatif.scenarios import Loaded, Scenario
from reports import formats
from reports.figures import Figures
from reports.render import render
from reports.stage import assemble
from reports.view_findings import status_of

NOBODY = {"low": 0.5, "mid": 0.8, "high": 1.0, "source": "none"}


def reading(weeks: int = 12, seed: int = 3) -> Reading:
    """A log of so many weeks: about 470 calls a week at one queue with four agents."""
    truth = world.behaviour(needs_per_week=420, customers=1_500, patience_s=120)
    calls = world.calls_of(truth, Today(("calls",), world.staffing(4)), weeks, seed)
    days = np.arange(weeks * 7) * 86_400.0
    at = np.concatenate([days + 8 * 3_600, days + 18 * 3_600])
    n = np.repeat([4, -4], len(days))
    order = np.argsort(at, kind="stable")
    logins = Logins(np.zeros(len(at), np.int64), at[order], n[order])
    return Reading(calls, logins, dt.date(2025, 12, 8), calls.n_calls, (), 0.0, f"digest {weeks} {seed}")


def asked() -> tuple[Loaded, ...]:
    missing = Scenario.model_validate({"scenario": "more", "label": "More", "change": {"agents": {"letters": 1}}})
    given = [
        world.executives(4, True, 5, inbound_factor=NOBODY),
        world.more_agents(1, 5).model_copy(update={"label": '<b>One & "more"</b>'}),
        missing,
    ]
    return tuple(Loaded(Path(f"{one.scenario}.toml"), one) for one in given)


def frame(scenarios: tuple[Loaded, ...]) -> Context:
    day = dt.date(2026, 3, 2)
    return Context(
        Method(), day - dt.timedelta(weeks=12), day, {}, 38.0, "EUR", None, "config", "input", confirmed=frozenset(),
        scenarios=scenarios,
    )  # fmt: skip


@pytest.fixture(scope="module")
def quick() -> Iterator[pytest.MonkeyPatch]:
    """Fewer runs than a night does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecast, "BACK_TESTS", 8)
        patch.setattr(comparing, "GRID_REPLICATIONS", 1)
        yield patch


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(toy.make_site(tmp_path_factory.mktemp("whatif") / "shop", n_journeys=60))


@pytest.fixture(scope="module")
def html(quick: pytest.MonkeyPatch, site: Site) -> str:
    quick.setattr(forecast, "read", lambda *_: reading())
    with Store.open(site.warehouse) as store:
        register.save(store, what_if.find(store, frame(asked())), toy.NIGHT)
    return page(site)


def page(site: Site) -> str:
    with Store.open(site.warehouse) as store:
        figures = Figures(store, toy.NIGHT)
        pages = {one.path: one.content.decode() for one in render(assemble(site, figures), figures)}
    return pages["what_if.html"]


def records(site: Site) -> dict[str, dict[str, Any]]:
    with Store.open(site.warehouse) as store:
        return {one["where"]["scenario"]: one for one in register.read(store)}


def test_each_scenario_shows_today_beside_it(html: str, site: Site) -> None:
    rows = {row[0]: row[1:] for row in table(html, "table-scenario-account_executives")}
    told = records(site)["account_executives"]["extra"]["forecast"]["comparison"]
    shown = [formats.number(told["measures"][point]["min_per_need"], 2) for point in comparing_points(told)]
    assert rows["Minutes of a customer's time for a need"] == shown and len(shown) == 5
    for name in ("Calls given up, %", "Nine of ten calls wait at most, seconds", "Orders a week"):
        assert len(rows[name]) == 5
    hours = told["measures"]["today"]["staffed_hours"]
    assert rows["Cost of agents' hours a week, EUR"][0] == formats.number(38 * hours, 0)
    differences = table(html, "difference-scenario-account_executives")
    assert [row[0] for row in differences] == [
        "Behaviour as today", "Middle of what is assumed", "Kindest to customers", "Least kind",
    ]  # fmt: skip
    neutral = told["differences"]["neutral"]["min_per_need"]
    assert differences[0][1].startswith(formats.signed(neutral["value"], 2))


def test_scenarios_beside_each_other_show_what_rests_on_assumptions_alone(html: str, site: Site) -> None:
    """Of each the difference with behaviour as today and with that assumed; nothing where nothing is told."""
    rows = table(html, "all-scenarios")
    found = records(site)
    for row, one in zip(rows, (found[name] for name in sorted(found)), strict=True):
        comparison = (one["extra"]["forecast"] or {}).get("comparison") if one["status"] == "candidate" else None
        for cell, point in zip(row[1:3], ("neutral", "mid"), strict=True):
            told = (comparison or {"differences": {}})["differences"].get(point)
            wanted = formats.signed(told["min_per_need"]["value"], 2) if told else "–"
            assert cell.startswith(wanted), (row, point)
    assert any(cell != "–" for row in rows for cell in row[1:3])


@pytest.mark.parametrize(
    ("neutral", "other"),
    [((0.5, 0.6, 0.7), 0.6), ((-0.1, 0.1, 0.3), None), ((-0.9, -0.6, -0.4), None), (None, None)],
)
def test_a_sign_that_turns_with_what_is_assumed_is_told_in_the_title(
    neutral: tuple[float, float, float] | None, other: float | None
) -> None:
    """Executives who cost minutes as customers behave today, and save them as it is hoped."""
    points = {"mid": (-2.1, -1.8, -1.6)} | ({"neutral": neutral} if neutral else {})
    estimates = {name: dict(zip(("low", "value", "high"), one, strict=True)) for name, one in points.items()}
    differences = {name: {"min_per_need": one} for name, one in estimates.items()}
    comparison = {"measures": {"today": {"min_per_need": 10.0}}, "differences": differences}
    result = {"told": estimates["mid"], "comparison": comparison}
    scenario = SimpleNamespace(label="Executives", smallest_useful_min=0.05)
    title = words.title(SimpleNamespace(scenario=scenario, result=result), "candidate")  # type: ignore[arg-type]
    assert words.turned(result) == other
    assert ("as today, 0.60 more" in title) == (other is not None) and "1.80 [1.60 to 2.10] minutes less" in title


def comparing_points(told: dict[str, Any]) -> list[str]:
    return [name for name in ("today", "neutral", "mid", "best", "worst") if name in told["measures"]]


def test_an_agent_more_costs_its_hours(html: str) -> None:
    """An agent who is there costs money, with customers or without: 10 hours on 7 days."""
    rows = {row[0]: row[1:] for row in table(html, "table-scenario-agents")}
    today, then = (float(cell.replace(formats.THIN, "")) for cell in rows["Agents' hours on duty a week"])
    assert then - today == 70
    money = [float(cell.replace(formats.THIN, "")) for cell in rows["Cost of agents' hours a week, EUR"]]
    assert money[1] - money[0] == 70 * 38
    assert "<b>One" not in html and "&lt;b&gt;One &amp;" in html


def test_what_nobody_stands_for_and_what_would_settle_it_are_told(html: str, site: Site) -> None:
    found = records(site)["account_executives"]
    part = html.split('id="scenario-account_executives-title"', 1)[1].split("</section>", 1)[0]
    assert "nobody" in part and "A trial would settle it" in part
    grid = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r'<span class="tag \w*">(.*?)</span>', part)]
    assert len(grid) == 5
    assert found["status"] in ("candidate", "cannot_tell")
    if found["status"] == "cannot_tell":
        assert "can&#39;t be told" in part or "can't be told" in part or "can’t be told" in part


def test_the_gate_is_said_in_words_and_numbers(html: str, site: Site) -> None:
    gate = records(site)["agents"]["extra"]["forecast"]["gate"]
    believed = html.split('id="believed"', 1)[1].split("</div>", 1)[0]
    assert ("Yes, as far as" in believed) == (gate["outcome"] == "passed")
    weeks = {row[0]: row[1:] for row in table(html, "table-gate-weeks-1")}
    assert weeks["Calls a week"][0].count(",") == 3
    assert "8 weeks (2025-12-08 to 2026-02-01)" in believed and "4 weeks (2026-02-02 to 2026-03-01)" in believed


def test_a_queue_that_the_log_does_not_have_is_named(html: str, site: Site) -> None:
    found = records(site)["more"]
    assert found["status"] == "not_enough_data" and "letters" in found["text_caution"]
    assert 'data-scenario="scenario-more"' in html and 'id="table-scenario-more"' not in html


@pytest.mark.usefixtures("html")
def test_a_night_without_change_reckons_nothing_anew(site: Site) -> None:
    """The same calls and scenarios: what was kept is read. A changed number, or a changed call, is reckoned anew."""
    before = records(site)

    def refuse(*_: object) -> None:
        raise AssertionError("reckoned anew")

    with pytest.MonkeyPatch.context() as patch, Store.open(site.warehouse) as store:
        patch.setattr(forecast, "compare", refuse)
        patch.setattr(forecast, "back_test_runs", refuse)
        again = {one.where["scenario"]: one for one in what_if.find(store, frame(asked()))}
        assert {name: one.extra["forecast"] for name, one in again.items()} == {
            name: one["extra"]["forecast"] for name, one in before.items()
        }
        renamed = asked()[1]
        other = Loaded(renamed.path, renamed.scenario.model_copy(update={"label": "Another name"}))
        assert forecast.forecasts(store, frame((other,)), (other,))[0].result
        changed = Loaded(renamed.path, renamed.scenario.model_copy(update={"seed": 7}))
        with pytest.raises(AssertionError, match="reckoned anew"):
            forecast.forecasts(store, frame((changed,)), (changed,))
        patch.setattr(forecast, "read", lambda *_: reading(seed=2))
        with pytest.raises(AssertionError, match="reckoned anew"):
            forecast.forecasts(store, frame((other,)), (other,))


def test_too_few_calls_or_weeks_tell_nothing_and_say_how_many_are_needed(
    quick: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = Site(toy.make_site(tmp_path / "shop", n_journeys=60))
    quick.setattr(forecast, "read", lambda *_: reading(weeks=3))
    with Store.open(small.warehouse) as store:
        found = what_if.find(store, frame(asked()))
        assert [one.status for one in found] == ["not_enough_data"] * 3
        assert "5,000 calls in 8 full weeks" in found[0].text_evidence and found[0].n["n_needed"] == 5_000
        register.save(store, found, toy.NIGHT)
    assert "too few weeks since a change" in page(small)


def test_without_scenarios_the_page_says_so(tmp_path: Path) -> None:
    plain = Site(toy.make_site(tmp_path / "shop", n_journeys=60))
    with Store.open(plain.warehouse) as store:
        assert what_if.find(store, frame(())) == []
        store.run("delete from finding where kind = 'whatif'")
    assert "No scenario is asked for" in page(plain)


@pytest.mark.usefixtures("html")
def test_a_decision_holds_no_forecast(site: Site) -> None:
    with Store.open(site.warehouse) as store:
        assert what_if.find(store, replace(frame(asked()), confirmed=None)) == []


@pytest.mark.parametrize("status", ["candidate", "cannot_tell", "not_enough_data"])
def test_a_forecast_does_not_wait_for_other_customers(status: str) -> None:
    """What has not happened can't be confirmed on customers; its test is that of the model."""
    told = status_of(SimpleNamespace(kind="whatif", status=status))  # type: ignore[arg-type]
    assert "customers" not in told and "_" not in told
    assert ("passed its test" in told) == (status == "candidate")
