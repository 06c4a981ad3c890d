"""The fixed-lane layout: what must hold on every graph, and bounds on a realistic one."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.layout import Box, Edge, Layout, lay_out
from reports.layout_labels import Rect, segment_rects
from reports.layout_order import sequence

_BY_LANE = (
    "need receives sends_back", "browses delivery_page checks_out tracks", "asks changes where complains",
    "entered checked corrected", "shipped fails", "returned refunded",
)  # fmt: skip
LANES = {key: lane for lane, keys in enumerate(_BY_LANE) for key in keys.split()}
REALISTIC = """need browses 11200, entered checked 8600, checked shipped 7700, shipped receives 7700, checks_out
               entered 7420,
browses checks_out 6900, shipped tracks 4300, browses delivery_page 3900, tracks receives 2600, tracks where 2240,
delivery_page checks_out 2100, need asks 1280, delivery_page asks 1190, entered tracks 1100, sends_back returned 1090,
asks entered 1040, tracks tracks 980, receives sends_back 980, returned refunded 980, asks browses 910, shipped fails
870,
checks_out browses 860, checked corrected 820, where receives 820, changes corrected 820, corrected shipped 760,
where tracks 720, corrected checked 690, browses asks 640, entered changes 640, receives complains 640, where where 610,
fails shipped 560, checked where 510, entered where 480, fails where 420, where complains 330, checks_out asks 310,
complains entered 260, complains sends_back 240, fails complains 210, refunded complains 190, complains refunded 160,
returned complains 140, changes changes 120"""


def realistic() -> tuple[list[Box], list[Edge]]:
    """18 steps in 6 lanes, 45 paths, of the technical spike."""
    paths = (part.split() for part in REALISTIC.replace("\n", " ").split(","))
    return [Box(key, lane) for key, lane in LANES.items()], [Edge(a, b, int(n), 30.0) for a, b, n in paths]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Edge], int]:
    n_lanes = draw(st.integers(1, 6))
    n = draw(st.integers(1, 22))
    tags = st.sampled_from([0.0, 0.0, 0.0, 88.0])
    boxes = [Box(f"s{i}", draw(st.integers(0, n_lanes - 1)), draw(tags)) for i in range(n)]
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60, unique=True))
    edges = [Edge(f"s{a}", f"s{b}", draw(st.integers(1, 5000)), 34.0, 3.0) for a, b in pairs]
    return boxes, edges, n_lanes


def check(layout: Layout, boxes: list[Box], edges: list[Edge], n_lanes: int) -> None:
    """Everything that every drawing owes its reader."""
    assert [lane.index for lane in layout.lanes] == list(range(n_lanes))
    for above, below in zip(layout.lanes, layout.lanes[1:], strict=False):
        assert above.top + above.height == pytest.approx(below.top)
    band = {lane.index: lane for lane in layout.lanes}
    assert sorted(box.key for box in layout.boxes) == sorted(box.key for box in boxes)
    for box in layout.boxes:
        lane = band[box.lane]
        assert lane.top <= box.y and box.y + box.height <= lane.top + lane.height
        assert box.x >= 0 and box.x + box.width <= layout.width
    for i, box in enumerate(layout.boxes):
        for other in layout.boxes[i + 1 :]:
            assert not box.rect.meets(other.rect), (box, other)
    drawn = [(edge.edge.source, edge.edge.target) for edge in layout.edges]
    hidden = [(edge.source, edge.target) for edge in layout.hidden]
    assert sorted(drawn + hidden) == sorted((edge.source, edge.target) for edge in edges)
    for edge in layout.edges:
        lanes = {box.lane for box in layout.boxes if box.key in (edge.edge.source, edge.edge.target)}
        line = band[0].top + band[0].height
        if 0 not in lanes:
            assert min(y for _, y in edge.points) >= line, "only a contact with the customer crosses the line"
        if lanes == {0}:
            assert max(y for _, y in edge.points) <= line
        for piece in segment_rects(edge.points, 0.0):
            assert piece.left == pytest.approx(piece.right) or piece.top == pytest.approx(piece.bottom), "orthogonal"
            for box in layout.boxes:
                if box.key not in (edge.edge.source, edge.edge.target):
                    assert not piece.meets(box.rect, 0.5), (edge, box)
                assert box.tag_rect is None or not piece.meets(box.tag_rect), (edge, box)
    check_shared(layout)
    check_labels(layout)


def check_shared(layout: Layout) -> None:
    """No two edges lie on one another for more than a rounding error."""
    pieces = [
        (n, rect)
        for n, edge in enumerate(layout.edges)
        if edge.edge.source != edge.edge.target
        for rect in segment_rects(edge.points, 0.0)
    ]
    for i, (n, a) in enumerate(pieces):
        for m, b in pieces[i + 1 :]:
            if n == m:
                continue
            if a.top == a.bottom == b.top == b.bottom:
                assert min(a.right, b.right) - max(a.left, b.left) < 0.3, (layout.edges[n], layout.edges[m])
            if a.left == a.right == b.left == b.right:
                assert min(a.bottom, b.bottom) - max(a.top, b.top) < 0.3, (layout.edges[n], layout.edges[m])


def check_labels(layout: Layout) -> None:
    """Labels stand free of boxes and of each other."""
    rects = []
    for edge in layout.edges:
        if edge.label:
            (x, y), half = edge.label, edge.label_px / 2
            rects.append(Rect(x - half, y - 7, x + half, y + 7))
    for i, rect in enumerate(rects):
        assert not any(rect.meets(box.rect) for box in layout.boxes)
        assert not any(rect.meets(other) for other in rects[i + 1 :])


@settings(max_examples=120, deadline=None)
@given(graphs())
def test_every_graph_keeps_the_rules(graph: tuple[list[Box], list[Edge], int]) -> None:
    boxes, edges, n_lanes = graph
    check(lay_out(boxes, edges, n_lanes), boxes, edges, n_lanes)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_map_made_narrow_keeps_the_rules_and_time_runs_down_its_cells(
    graph: tuple[list[Box], list[Edge], int],
) -> None:
    boxes, edges, n_lanes = graph
    free, narrow = lay_out(boxes, edges, n_lanes), lay_out(boxes, edges, n_lanes, widest=700)
    check(narrow, boxes, edges, n_lanes)
    assert len(narrow.column_x) <= len(free.column_x)
    crowd = Counter((box.lane, box.column) for box in narrow.boxes)
    assert max(crowd.values()) <= 3
    again = lay_out(boxes, edges, n_lanes, widest=700, pins=narrow.pins)
    assert {box.key: box.column for box in again.boxes} == {box.key: box.column for box in narrow.boxes}


def test_a_long_chain_is_folded_into_its_frame() -> None:
    """Ten steps in one lane: two or three to a column, downwards and then to the right."""
    boxes = [Box("me", 0), *(Box(f"s{n}", 1) for n in range(10))]
    edges = [Edge(f"s{n}", f"s{n + 1}", 100, 30.0) for n in range(9)]
    layout = lay_out(boxes, edges, 2, widest=1_000)
    check(layout, boxes, edges, 2)
    assert layout.width <= 1_000 < lay_out(boxes, edges, 2).width
    places = [(layout.pins[f"s{n}"][0], layout.pins[f"s{n}"][1]) for n in range(10)]
    assert places == sorted(places)
    assert not any(edge.is_back for edge in layout.edges)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_means_nothing(graph: tuple[list[Box], list[Edge], int], chance: random.Random) -> None:
    boxes, edges, n_lanes = graph
    first = lay_out(boxes, edges, n_lanes)
    chance.shuffle(boxes)
    chance.shuffle(edges)
    again = lay_out(boxes, edges, n_lanes)
    assert sorted(map(str, first.boxes)) == sorted(map(str, again.boxes))
    assert sorted(map(str, first.edges)) == sorted(map(str, again.edges))


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_pinned_boxes_stay(graph: tuple[list[Box], list[Edge], int], data: st.DataObject) -> None:
    boxes, edges, n_lanes = graph
    before = lay_out(boxes, edges, n_lanes)
    kept = data.draw(st.lists(st.sampled_from(boxes), unique=True))
    noisy = [Edge(e.source, e.target, max(1, int(e.weight * data.draw(st.floats(0.8, 1.2)))), 34.0) for e in edges]
    names = {box.key for box in kept}
    remaining = [e for e in noisy if {e.source, e.target} <= names]
    after = lay_out(kept, remaining, n_lanes, pins=before.pins)
    assert {key: cell[0] for key, cell in after.pins.items()} == {box.key: before.pins[box.key][0] for box in kept}
    check(after, kept, remaining, n_lanes)


def test_the_realistic_map_is_narrow_and_quick() -> None:
    boxes, edges = realistic()
    layout = lay_out(boxes, edges, 6)
    check(layout, boxes, edges, 6)
    assert layout.width <= 1500
    assert sum(edge.label is not None for edge in layout.edges) >= 32
    crossings = count_crossings(layout)
    assert crossings <= 40, crossings
    started = time.perf_counter()
    lay_out(boxes, edges, 6)
    print(
        f"18 steps, 45 paths: {1000 * (time.perf_counter() - started):.0f} ms, {layout.width:.0f} x {layout.height:.0f}"
    )


def count_crossings(layout: Layout) -> int:
    """Pairs of pieces of different edges that cross at a right angle."""
    pieces = [(n, rect) for n, edge in enumerate(layout.edges) for rect in segment_rects(edge.points, 0.0)]
    flat = [(n, r) for n, r in pieces if r.top == r.bottom]
    steep = [(n, r) for n, r in pieces if r.left == r.right]
    return sum(n != m and a.left < b.left < a.right and b.top < a.top < b.bottom for n, a in flat for m, b in steep)


def test_yesterdays_positions_survive_noise() -> None:
    boxes, edges = realistic()
    pins = lay_out(boxes, edges, 6).pins
    chance = random.Random(3)
    for _ in range(10):
        noisy = [Edge(e.source, e.target, max(1, round(e.weight * chance.gauss(1, 0.12))), 30.0) for e in edges]
        assert lay_out(boxes, noisy, 6, pins=pins).pins == pins


def test_a_large_random_graph_is_bounded_and_counted() -> None:
    chance = random.Random(1)
    keys = [f"s{i}" for i in range(60)]
    boxes = [Box(key, chance.randrange(6)) for key in keys]
    pairs = {(chance.choice(keys), chance.choice(keys)): int(100 * chance.paretovariate(1)) for _ in range(200)}
    edges = [Edge(a, b, n, 30.0) for (a, b), n in pairs.items()]
    started = time.perf_counter()
    layout = lay_out(boxes, edges, 6)
    print(f"60 steps, 200 paths: {1000 * (time.perf_counter() - started):.0f} ms")
    check(layout, boxes, edges, 6)
    assert len([e for e in layout.edges if e.edge.source != e.edge.target]) == 120
    assert layout.hidden
    assert layout.width <= 2_800 and count_crossings(layout) <= 800


def test_the_order_follows_the_flow_and_the_intended_process() -> None:
    weights = {("a", "b"): 10, ("b", "c"): 10, ("c", "a"): 2, ("b", "x"): 5, ("x", "b"): 5}
    order = sequence(["c", "x", "b", "a"], weights)
    assert order[:2] == ["a", "b"], "what leads to a step comes before it; a refusal comes after the attempt"
    assert sequence(["c", "x", "b", "a"], weights, intended=["c", "a"])[0] == "c"


def test_a_guide_places_a_box_and_is_not_drawn() -> None:
    boxes = [Box("a", 0), Box("b", 0), Box("rare", 0)]
    layout = lay_out(boxes, [Edge("a", "b", 9)], 1, guides=[Edge("b", "rare", 1)])
    assert layout.pins["rare"][0] == 2
    assert len(layout.edges) == 1 and not layout.hidden


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="no box"):
        lay_out([Box("a", 0)], [Edge("a", "b", 1)], 1)
    with pytest.raises(ValueError, match="no lane"):
        lay_out([Box("a", 3)], [], 2)
    with pytest.raises(ValueError, match="twice"):
        lay_out([Box("a", 0), Box("a", 0)], [], 1)
    assert lay_out([], [], 2).boxes == ()
