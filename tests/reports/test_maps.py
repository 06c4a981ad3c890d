"""What a map shows: the simple view is the same numbers added up, and nothing is left out without being counted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.diagrams import draw, hover_css
from reports.maps import MapEdge, MapLane, MapStep, ProcessMap, fold_steps, neighbourhood, reduce_edges, simple_view
from reports.places import edge_class, place_of


@st.composite
def maps(draw_value: st.DrawFn) -> ProcessMap:
    n_lanes = draw_value(st.integers(2, 5))
    n = draw_value(st.integers(2, 30))
    lanes = tuple(MapLane(f"lane {i}") for i in range(n_lanes))
    steps = tuple(
        MapStep(f"s{i}", f"Step {i}", draw_value(st.integers(0, n_lanes - 1)), draw_value(st.integers(1, 900)), 50)
        for i in range(n)
    )
    kinds = st.sampled_from(["intended", "allowed", "deviation"])
    pairs = draw_value(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), unique=True, max_size=120))
    edges = tuple(
        MapEdge(f"s{a}", f"s{b}", draw_value(st.integers(1, 500)), draw_value(kinds), draw_value(st.integers(1, 60)))
        for a, b in pairs
    )  # fmt: skip
    return ProcessMap(lanes, steps, edges, tuple(f"s{i}" for i in range(0, n, 4)))


@settings(max_examples=80, deadline=None)
@given(maps())
def test_the_simple_view_is_the_departmental_one_added_up(full: ProcessMap) -> None:
    simple = simple_view(full)
    box = {s.key: s.key if s.lane == 0 else f"department:{s.lane}" for s in full.steps}
    expected: Counter[tuple[str, str]] = Counter()
    for edge in full.edges:
        expected[box[edge.source], box[edge.target]] += edge.n
    assert {(e.source, e.target): e.n for e in simple.edges} == dict(expected)
    assert simple.n_moves == full.n_moves
    assert sum(s.n for s in simple.steps) == sum(s.n for s in full.steps)
    assert [lane.name for lane in simple.lanes] == ["lane 0", "Company"]


@settings(max_examples=80, deadline=None)
@given(maps(), st.integers(6, 30))
def test_folding_loses_no_move_and_no_event(full: ProcessMap, most: int) -> None:
    folded = fold_steps(full, most)
    assert len(folded.steps) <= max(most, len({s.lane for s in full.steps}))
    assert folded.n_moves == full.n_moves
    assert sum(s.n for s in folded.steps) == sum(s.n for s in full.steps)
    assert sum(s.n_folded or 1 for s in folded.steps) == len(full.steps)


@settings(max_examples=80, deadline=None)
@given(maps())
def test_a_reduction_counts_what_it_hides_and_tells_no_small_cell(full: ProcessMap) -> None:
    shown, coverage = reduce_edges(full, k=5)
    assert coverage.n_edges == len(shown.edges) and coverage.of_edges == len(full.edges)
    assert coverage.n_moves == shown.n_moves and coverage.of_moves == full.n_moves
    assert all((edge.n_people or 0) >= 5 for edge in shown.edges)


def test_a_reduction_keeps_findings_and_the_heaviest_ways() -> None:
    steps = tuple(MapStep(f"s{i}", f"s{i}", 0, 10) for i in range(20))
    edges = [MapEdge(f"s{i}", f"s{j}", 1000 - 20 * i - j, n_people=50) for i in range(20) for j in range(20) if i != j]
    edges[-1] = MapEdge("s19", "s18", 1, n_people=9, findings=(3,))
    full = ProcessMap((MapLane("Customer"),), steps, tuple(edges))
    shown, _ = reduce_edges(full, k=5)
    assert len(shown.edges) <= 60
    pairs = {(e.source, e.target) for e in shown.edges}
    assert ("s19", "s18") in pairs
    assert {a for a, _ in pairs} == {b for _, b in pairs} == {f"s{i}" for i in range(20)}


@settings(max_examples=25, deadline=None)
@given(maps())
def test_drawings_are_deterministic_and_hold_every_edge(full: ProcessMap) -> None:
    shown, _ = reduce_edges(full, k=5)
    drawing = draw(shown, title="t", k=5)
    assert str(drawing.body) == str(draw(shown, title="t", k=5).body)
    assert str(drawing.body).count('data-n="') == len(shown.edges)
    assert str(drawing.body).count('class="box"') == len(shown.steps)
    assert "style=" not in drawing.body


def test_the_small_map_of_a_finding_holds_its_steps_and_neighbours() -> None:
    steps = tuple(MapStep(f"s{i}", f"s{i}", i % 3, 10) for i in range(9))
    edges = tuple(MapEdge(f"s{i}", f"s{i + 1}", 100, n_people=50) for i in range(8))
    full = ProcessMap((MapLane("Customer"), MapLane("A"), MapLane("B")), steps, edges)
    part = neighbourhood(full, ["s4"], [("s4", "s5")])
    assert {step.key for step in part.steps} == {"s3", "s4", "s5", "s6"}
    assert part.lanes[0].name == "Customer"


def test_places_and_classes() -> None:
    known = frozenset("abcd")
    assert place_of("loop.pingpong", {"cycle": ["a", "b"]}, known).paths == (("a", "b"), ("b", "a"))
    assert place_of("loop.self", {"cycle": ["a"]}, known).paths == (("a", "a"),)
    assert place_of("deviation.skipped", {"step": "b", "prev": "a"}, known).steps == ("a", "b")
    assert place_of("deviation.skipped", {"step": "b", "prev": "a"}, known).paths == ()
    assert place_of("merge", {"steps": ["a", "hidden"]}, known).steps == ("a",)
    assert place_of("loop.pingpong", {"departments": ["Web", "Calls"]}, known).steps == ()
    assert edge_class(("a", "b"), {("a", "b")}, {("a", "b")}) == "deviation"
    assert edge_class(("a", "b"), set(), {("a", "b")}) == "intended"
    assert edge_class(("a", "b"), set(), set()) == "allowed"


def test_a_hover_rule_per_box() -> None:
    assert hover_css(2).count("svg:has(") == 2
