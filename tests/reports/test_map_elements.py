"""What method.md 1.2 asks of a map: its elements, its invariants (i) to (iv), its tests T1.1 to T1.3."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter

import pytest
from logs import SHOP, Log, finding, planted, random_log

from ingest.store import Store
from reports.diagram_bands import BLUEPRINT, LOVEM, Strip
from reports.diagrams import Diagram, draw, loose_discs
from reports.figures_map import Touch, n_journeys_whole, off_map
from reports.layout import Edge, Layout, PlacedBox, PlacedEdge, PlacedLane
from reports.layout_labels import Rect
from reports.maps import MapEdge, ProcessMap, fold_steps, reduce_edges, simple_view

STRIPS = (
    Strip("Backstage", "12 events", ((BLUEPRINT, "line of visibility"),)),
    Strip(
        "Systems", "7 events", ((LOVEM, "manual and automation interface"), (BLUEPRINT, "line of internal interaction"))
    ),
    Strip("Unmapped", "3 events"),
)


def drawn(process: ProcessMap, **options: object) -> Diagram:
    return draw(process, title="t", k=5, **options)  # type: ignore[arg-type]


def marks_of(process: ProcessMap) -> dict[str, object]:
    return {step.key: step.marks for step in process.steps}


def test_the_planted_process_is_told_as_it_was_planted() -> None:
    """T1.1."""
    skipped = finding("deviation.skipped", {"step": "pay", "prev": "order"}, 0.05)
    process = planted().map([skipped], ("visit", "order", "pay", "ship", "deliver"))
    body = str(drawn(process).body)
    assert body.count('class="box"') == 6
    assert "in 30.0" in re.sub(r"\s", " ", next(s.marks.detail for s in process.steps if s.key == "call"))
    assert sorted(s.marks.encounter for s in process.steps) == [1, 2, 3, 4, 5, 6]
    assert sorted(map(int, re.findall(r'class="enc"><rect[^>]*/><text[^>]*>(\d+)<', body))) == [1, 2, 3, 4, 5, 6]
    assert [re.sub(r"\s", " ", text) for text in re.findall(r'class="skipped"[^>]*>([^<]*)<', body)] == [
        "skipped 5.0 %"
    ]
    assert body.count('class="skip-tag"') == 1


@pytest.mark.parametrize("seed", range(50))
def test_invariants_hold_on_a_random_log(seed: int) -> None:
    """T1.2, (i) to (iii), on each of the three views of a map."""
    log = random_log(seed)
    full = log.map()
    for process in (full, fold_steps(full, 12), simple_view(full)):
        into, out = Counter[str](), Counter[str]()
        for edge in process.edges:
            out[edge.source] += edge.n
            into[edge.target] += edge.n
        for step in process.steps:
            assert into[step.key] + step.n_starts == step.n == out[step.key] + step.n_ends, (seed, step)
        assert sum(step.n_starts for step in process.steps) == len(log.journeys)
        assert sum(step.n for step in process.steps) == log.events.total()
    shown, coverage = reduce_edges(fold_steps(full, 12), k=5)
    assert coverage.n_moves + sum(edge.n for edge in shown.unseen) == log.moves.total()
    assert {member for step in shown.steps for member in step.members or (step.key,)} == set(log.events)


def test_a_second_drawing_is_the_same_to_the_byte() -> None:
    """T1.2 (iv): whatever the order of the input."""
    for seed in (2, 11, 23):
        log = random_log(seed)
        again = Log(random.Random(seed).sample(log.journeys, len(log.journeys)), log.touches)
        first, second = (drawn(reduce_edges(fold_steps(x.map()), 5)[0], fill=1390) for x in (log, again))
        assert first.body == second.body and first.heads == second.heads


def test_encounters_are_numbered_from_left_to_right_and_a_fold_does_not_turn_them_round() -> None:
    log = random_log(7)
    keys = [touch.step for touch in log.touches]
    chain = Log([keys] * 60 + list(log.journeys)[:20], log.touches)
    folded = fold_steps(chain.map(), 12)
    layout = drawn(reduce_edges(folded, 5)[0]).layout
    number = {step.key: step.marks.encounter for step in folded.steps if step.marks.encounter}
    column = {key: layout.pins[key][0] for key in number}
    ranked = sorted(number, key=lambda key: number[key])
    assert len(ranked) > 4 and [column[key] for key in ranked] == sorted(column[key] for key in ranked)


def test_the_styles_differ_in_their_lines_only() -> None:
    """T1.3: boxes, paths and numbers are the same, to the byte."""
    lovem, blueprint = (str(drawn(planted().map(), strips=STRIPS, styles=[s]).body) for s in (LOVEM, BLUEPRINT))

    def split(body: str) -> tuple[str, str]:
        lines = re.compile(r'<line class="l[^>]*>|<g class="lov-name">.*?</g>')
        return "".join(lines.findall(body)), lines.sub("", body)

    assert split(lovem)[1] == split(blueprint)[1]
    names = [re.findall(r">([a-z ]+)</text></g>", split(body)[0]) for body in (lovem, blueprint)]
    assert names == [
        ["line of visibility", "manual and automation interface"],
        ["line of interaction", "line of visibility", "line of internal interaction"],
    ]
    both = str(drawn(planted().map(), strips=STRIPS, styles=[LOVEM, BLUEPRINT]).body)
    assert both.count("in-lovem") == 2 and both.count("in-blueprint") == 3


def test_waits_failures_and_unexpected_steps_are_marked() -> None:
    findings = [
        finding("deviation.rule", {"step": "deliver", "prev": "ship"}, 0.2, form="within"),
        finding("deviation.unexpected", {"step": "call"}, status="candidate"),
        finding("failure_point", {"step": "ship"}),
    ]
    process = planted().map(findings, waits={"call": 900_000, "pay": 5_000, "visit": 5_000})
    found = {
        s.key: (s.marks.is_wait, s.marks.is_failing, s.marks.is_moment, s.marks.is_unexpected) for s in process.steps
    }
    assert found == {
        "visit": (False, False, False, False),
        "order": (False, False, False, False),
        "call": (True, False, False, True),  # the top decile by minutes waited; a candidate is no failure yet
        "pay": (False, False, False, False),
        "ship": (False, True, True, False),
        "deliver": (True, True, False, False),  # more than one in ten come later than promised
    }
    body = str(drawn(process).body)
    assert [body.count(f'class="{name}"') for name in ("unx", "enc mot", "tri", "fm")] == [1, 1, 2, 2]
    assert body.count('<rect class="wm"') == 2
    assert process.signs == {"encounter", "moment", "wait", "failing", "unexpected", "hand_over", "material"}


def test_a_step_that_all_skip_is_a_box_without_events() -> None:
    touches = [*SHOP, Touch("check", "Is checked", "order", "system", "Web shop", "company")]
    log = Log(planted().journeys, touches)
    process = log.map(
        [finding("deviation.skipped", {"step": "check", "prev": "pay"}, 1.0)], ("order", "pay", "check", "ship")
    )
    layout = drawn(reduce_edges(process, 5)[0]).layout
    ghost = next(step for step in process.steps if step.key == "check")
    assert ghost.n == 0 and ghost.marks.skipped
    assert layout.pins["check"][0] > layout.pins["order"][0], "it stands after the step before it"
    assert sum(step.n for step in process.steps) == log.events.total()


def test_a_hand_over_has_a_tick_where_it_leaves_its_band() -> None:
    diagram = drawn(planted().map())
    body = str(diagram.body)
    told = re.findall(r"<title>Hand-over from ([^<]*) to ([^<]*), median wait", body)
    assert set(told) == {
        ("Web shop", "Call centre"),
        ("Call centre", "Web shop"),
        ("Web shop", "Delivery"),
    }
    borders = {lane.top for lane in diagram.layout.lanes[1:]}
    assert {float(y) for y in re.findall(r'class="ho" d="M[\d.-]+ ([\d.]+)h', body)} <= {round(y, 1) for y in borders}


def test_what_the_company_does_without_a_department_is_a_band_of_its_channel() -> None:
    touches = [
        Touch("a", "A", "order", "web", None, "company"),
        Touch("b", "B", "order", "agent", None, "company"),
        Touch("c", "C", "order", "web", "Web", "company"),
        Touch("d", "D", "order", "web", None, "customer"),
    ]
    process = Log([["d", "a", "b", "c"]] * 9, touches).map()
    assert [lane.name for lane in process.lanes] == ["Customer", "Web", "Phone agents", "Web"]
    assert {step.key: step.lane for step in process.steps} == {"a": 1, "b": 2, "c": 3, "d": 0}


def test_the_disc_of_a_finding_hides_no_count() -> None:
    """Two paths side by side, 10 px apart: the count of one is in the middle, so the other's disc is not."""
    counted = PlacedEdge(Edge("a", "b", 9, 40.0), ((122.0, 40.0), (522.0, 40.0)), False, (322.0, 40.0), 40.0)
    bare = PlacedEdge(Edge("b", "a", 8), ((522.0, 30.0), (122.0, 30.0)), True, None)
    ends = tuple(PlacedBox(key, 0, n, 0, 522.0 * n, 0.0, 122.0, 56.0) for n, key in enumerate("ab"))
    layout = Layout(700, 80, (PlacedLane(0, 0, 80),), ends, (counted, bare), (), (61.0, 583.0), ("a", "b"))
    edges = {("a", "b"): MapEdge("a", "b", 9), ("b", "a"): MapEdge("b", "a", 8, findings=(4, 7))}
    [(place, findings)] = loose_discs(layout, edges)
    assert findings == (4, 7) and place.right - place.left == 38
    assert not place.meets(Rect(302, 32, 342, 48)) and not any(place.meets(box.rect) for box in ends)


def test_no_time_of_few_customers_is_told() -> None:
    touches = [Touch(key, key.upper(), "order", "web", "Web", "customer") for key in "abc"]
    process = Log([["a", "b"]] * 9 + [["a", "c"]] * 4, touches).map()
    assert {step.key: step.since_start_ms is None for step in process.steps} == {"a": False, "b": False, "c": True}
    assert "a week" not in next(step.marks.detail for step in process.steps if step.key == "c")


def test_journeys_drawn_whole_and_unseen_events_are_counted(toy_site: object) -> None:
    with Store.open(toy_site / "var" / "warehouse.duckdb", read_only=True) as store:  # type: ignore[operator]
        pairs = store.rows("select step_from::varchar, step_to::varchar from dfg")
        n = store.value("select count(distinct journey_id) from journey_event")
        heaviest = store.rows("select step_from::varchar, step_to::varchar from dfg order by n desc, 1, 2 limit 12")
        ways = store.rows(
            """select list(step::varchar order by occurred_at, event_no) from journey_event group by journey_id"""
        )
        assert n_journeys_whole(store, pairs) == n
        known = {tuple(pair) for pair in heaviest}
        whole = sum(all(pair in known for pair in itertools.pairwise(way)) for (way,) in ways)
        assert 0 < n_journeys_whole(store, heaviest) == whole < n
        counted = off_map(store)
        hidden, undeclared = store.rows(
            "select count(*) filter (not visible), count(*) filter (visible is null) from event"
        )[0]
    assert counted.n_backstage + counted.n_system == hidden > 0
    assert counted.n_undeclared == undeclared > 0
