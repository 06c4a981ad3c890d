"""The chart kinds of method.md 1.2: the same counts in other bands; the page and what it has no room for."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from logs import Log, planted, random_log

from reports import chart_kinds, formats
from reports.chart_architecture import Volumes, architecture_svg
from reports.chart_kinds import charts_view, job_map, logical
from reports.charts import Axis
from reports.figures_map import Touch
from reports.maps import fold_steps


@pytest.mark.parametrize("seed", range(6))
def test_the_chart_of_a_department_holds_its_steps_and_their_direct_neighbours_only(seed: int) -> None:
    """T1.4, for each department of a random log."""
    full = random_log(seed).map()
    lane_of = {step.key: step.lane for step in full.steps}
    for lane in range(1, len(full.lanes)):
        part, others, n_left_out = job_map(full, lane)
        own = {key for key, at in lane_of.items() if at == lane}
        near = {e.target for e in full.edges if e.source in own} | {e.source for e in full.edges if e.target in own}
        members = {member for step in fold_steps(part, 12).steps for member in step.members or (step.key,)}
        assert own <= members <= own | near
        assert others == members - own and len(near - own) == len(others) + n_left_out
        assert all(edge.source in own or edge.target in own for edge in part.edges)


def test_the_logical_chart_has_stages_for_departments_and_the_same_counts() -> None:
    log = planted()
    full = log.map()
    chart = logical(full, log.steps())
    assert [lane.name for lane in chart.lanes] == ["Customer", "Research", "Order", "Receive", "Help"]
    assert chart.edges == full.edges
    assert [(s.key, s.n, s.marks) for s in chart.steps] == [(s.key, s.n, s.marks) for s in full.steps]
    view = charts_view(full, log.steps(), log.move_figures(), log.night(), 5, {})
    assert "Hand-over" not in view.logical.body, "going from stage to stage is no hand-over"


def test_a_neighbour_that_nothing_drawn_leads_to_keeps_its_place_in_time() -> None:
    """From neighbour to neighbour no path is drawn, but it tells which of them comes later."""
    rooms = {"a": "X", "b": "X", "c": "Y", "e": "Y", "f": "X"}
    touches = [Touch(key, key.upper(), "order", "web", room, "company") for key, room in rooms.items()]
    log = Log([list("abcef")] * 30, touches)
    view = charts_view(log.map(), log.steps(), log.move_figures(), log.night(), 5, {})
    column = {key: cell[0] for key, cell in view.jobs[0].diagram.layout.pins.items()}
    assert column["a"] < column["b"] <= column["c"] < column["e"] <= column["f"]


@pytest.mark.parametrize("seed", [1, 4])
def test_the_architecture_chart_adds_up_to_the_log(seed: int) -> None:
    log = random_log(seed)
    volumes = Volumes.of(log.steps(), log.move_figures())
    assert sum(map(volumes.total, (*volumes.stages, *volumes.buses))) == log.events.total()
    assert sum(volumes.moves.values()) == log.moves.total()
    assert set(volumes.buses) <= {"help", "change"} and "help" not in volumes.stages
    svg, _ = architecture_svg(log.steps(), log.move_figures(), log.night(), 1)
    shown = Counter(re.findall(r'class="sn"[^>]*>([^<]*)<', svg))
    assert all(shown[formats.count(volumes.total(stage))] for stage in volumes.stages)


def test_what_has_no_room_on_the_page_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    log = random_log(4)
    arguments = log.map(), log.steps(), log.move_figures(), log.night(), 5, {}
    assert not charts_view(*arguments).files
    monkeypatch.setattr(chart_kinds, "_ROOM_ON_PAGE", 0)
    view = charts_view(*arguments)
    assert [path for path, _ in view.files] == [f"charts/{job.anchor}.svg" for job in view.jobs]
    assert all(content.startswith(b"<svg xmlns=") for _, content in view.files)


def test_the_page_has_a_chart_of_each_kind(night: Path) -> None:
    html = (night / "charts.html").read_text("utf-8")
    assert html.count('class="map-body"') == 2 + 5
    assert re.findall(r'<section id="([^"]*)"', html) == ["architecture", "logical", *(f"job-{n}" for n in range(1, 6))]
    assert 'href="charts.html"' in (night / "map.html").read_text("utf-8")


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0], [1e-12], [-2.0, 0.0], [3.0]])
def test_an_axis_has_a_length_whatever_it_shows(values: list[float]) -> None:
    """A site whose visits no call ever follows has nothing but zeros to show."""
    axis = Axis.over(values, factor=100)
    assert axis.low < axis.high and axis.low <= min([*values, 0]) * 100 and max([*values, 0]) * 100 <= axis.high + 1e-6
