"""The difference map of a change: only paths that truly changed are coloured, and what they say is what was counted."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "mining"))

import change_world
from change_world import START, World

from ingest.store import Store
from mining.analyses import change_effects
from reports import formats
from reports.change_map import END, MOST_WAYS, ChangeMap, Known, difference_map
from reports.change_map import START as BEGIN
from reports.figures_map import Touch, touches
from reports.maps import LESS, MORE, SAME

DEPARTMENTS = [("Call centre", "")]
Way = tuple[str, str]


def night_of(world: World) -> tuple[ChangeMap, list[dict[str, Any]], dict[str, tuple[float, float]], dict[Way, Any]]:
    """(the map of a world's declared change, change_way, change_stop, moves of the treated counted anew)."""
    with Store.open(None, threads=1) as store:
        change_world.build(store, world)
        night = change_world.frame(store, world, (change_world.change(world),))
        change_effects.find(store, change_world.replace(night, confirmed=frozenset()))
        rows = store.records("select * from change_way order by source, target")
        stops = {step: (a, b) for step, a, b in store.rows("select step, before, after from change_stop")}
        known = Known(touches(store), DEPARTMENTS, {}, 5)
        plain = """with own as (
                select occurred_at::date as day, call_id, event_no, step::varchar as source,
                    lead(step::varchar, 1, '') over (partition by call_id order by event_no) as target
                from event where call_id in (select call_id from event where raw_code like 'service-line%'))
            select source, target, count(*) filter (day < $day), count(*) filter (day >= $day) from own group by all"""
        day = START + dt.timedelta(days=world.change_day)
        counted = {(a, b): (before, after) for a, b, before, after in store.rows(plain, {"day": day})}
    drawn = difference_map(rows, stops, known, "Which paths it changed", "ways-change-1")
    assert drawn is not None
    return drawn, rows, stops, counted


def coloured(drawn: ChangeMap) -> dict[Way, str]:
    """What is not grey."""
    return {(e.source, e.target): e.kind for e in drawn.diagram.process.edges if e.kind != SAME}


@pytest.fixture(scope="module")
def fewer_transfers() -> Any:
    return night_of(World(3, times={"transfers": 0.3}, weeks=18))


def test_only_the_planted_path_and_the_one_that_takes_its_place_are_coloured(fewer_transfers: Any) -> None:
    """Callers who are no longer handed on reach the person at once: both ways leave the same step."""
    drawn, *_ = fewer_transfers
    assert coloured(drawn) == {("menu", "handed_on"): LESS, ("menu", "talk"): MORE}
    body = str(drawn.diagram.body)
    assert len(re.findall(r'class="ed k-[lm] [^"]*"><title>', body)) == 2


def test_a_world_in_which_nothing_changed_has_no_colour() -> None:
    """All ways of a change are one family: of such worlds one in twenty may have a coloured path."""
    seeds = range(21, 41 if os.environ.get("FRONTSTAGE_TRUTH") == "1" else 22)
    marked = []
    for seed in seeds:
        drawn, *_ = night_of(World(seed, weeks=18))
        grey = coloured(drawn) == {} and "none is coloured" in drawn.note
        marked.append(not grey)
        assert grey == (not re.search(r'class="ed k-[mlida]', str(drawn.diagram.body)))
    assert sum(marked) <= (0 if len(seeds) == 1 else 3)


def test_what_stands_on_a_path_and_in_a_box_is_what_was_counted(fewer_transfers: Any) -> None:
    """Shares and times a week against a plain count of moves (the weeks are those before and after the change)."""
    drawn, rows, stops, counted = fewer_transfers
    before = [sum(n[side] for (source, _), n in counted.items() if source == "menu") for side in (0, 1)]
    assert stops["menu"] == pytest.approx((before[0] / 12, before[1] / 6), rel=0.02)
    row = next(row for row in rows if (row["source"], row["target"]) == ("menu", "handed_on"))
    n = counted["menu", "handed_on"]
    assert (row["before"], row["after"]) == pytest.approx((n[0] / before[0], n[1] / before[1]), rel=0.02)
    (edge,) = [edge for edge in drawn.diagram.process.edges if edge.kind == LESS]
    told = [formats.number(100 * row[side], 0 if row[side] >= 0.0995 else 1) for side in ("before", "after")]
    assert edge.change == f"{told[0]} → {told[1]}{formats.THIN}%" and edge.size == abs(row["points"])
    (box,) = [step for step in drawn.diagram.process.steps if step.key == "menu"]
    assert box.told == " → ".join(formats.number(value, 0) for value in stops["menu"])


def rows_of(n: int, what: str) -> list[dict[str, Any]]:
    usual = {"before": 0.4, "after": 0.6, "points": 0.2}
    return [{"source": f"s{a}", "target": f"s{a + 1 + a % 3}", "what": what, **usual} for a in range(n)]


def known_of(n: int) -> Known:
    return Known([Touch(f"s{a}", f"Step {a}", "help", "web", None, "company") for a in range(n + 4)], [], {}, 5)


def test_what_changed_is_drawn_before_what_did_not_and_the_rest_is_counted() -> None:
    changed, same = rows_of(6, "more"), [row | {"target": ""} for row in rows_of(60, "same")]
    stops = {f"s{a}": (100.0 - a, 100.0 - a) for a in range(60)}
    drawn = difference_map([*same, *changed], stops, known_of(60), "t", "a")
    assert drawn is not None and len(drawn.diagram.process.edges) <= MOST_WAYS
    assert set(coloured(drawn).values()) == {MORE} and len(coloured(drawn)) == 6
    assert f"of {len(same) + 6} ways on" in drawn.note
    assert END in {step.key for step in drawn.diagram.process.steps}
    assert BEGIN not in {step.key for step in drawn.diagram.process.steps}


def test_a_path_says_more_or_less_without_colour() -> None:
    """By a sign on its label, a dash, and in words where it is pointed at; a dash never means going back here."""
    rows = [
        {"source": "s0", "target": "s1", "before": 0.2, "after": 0.9, "points": 0.7, "what": "more"},
        {"source": "s0", "target": "s2", "before": 0.8, "after": 0.0, "points": -0.8, "what": "gone"},
        {"source": "s1", "target": "s0", "before": 0.5, "after": 0.5, "points": 0.0, "what": "same"},
    ]
    drawn = difference_map(rows, {f"s{a}": (50.0, 50.0) for a in range(3)}, known_of(3), "t", "a")
    assert drawn is not None
    body = str(drawn.diagram.body)
    assert "▲ 20 → 90\u202f%" in body and "▼ 80 → 0\u202f%" in body and "Step 0 to Step 2: 80 → 0\u202f%" in body
    assert " bk" not in body and body.count("<title>Step") == 3 + 3  # paths and boxes
    few = difference_map(rows, {"s0": (50.0, 40.0), "s1": (0.4, 2.0), "s2": (0.0, 5.0)}, known_of(3), "t", "a")
    assert few is not None
    told = {box.key: box.told for box in few.diagram.process.steps}
    assert told == {"s0": "50 → 40", "s1": "<\u202f5", "s2": "0 → 5"}, "few are not told"
    assert "data-n" not in str(few.diagram.body)
    assert difference_map(rows, {}, Known([], [], {}, 5), "t", "a") is None
