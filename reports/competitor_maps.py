"""Our shops and theirs as two swimlane maps that are alike: the same boxes at the same places, the customer on top.

A shop begins and ends with the customer, so those boxes stand above the line of visibility; between them are the
steps, in a band per channel. Numbers on the maps are shops, not shares: every stop is come to once and left once, so
what comes into a box goes out of it. A box that a side has no shop in is dashed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.language import mark, say
from mining.competitors.step_by_step import ENDS, REST, START
from reports import formats
from reports.diagrams import Diagram, draw
from reports.map_marks import Marks, channel_word
from reports.maps import MapEdge, MapLane, MapStep, ProcessMap, reduce_edges
from reports.view_maps import TEXT_WIDTH

Row = Mapping[str, Any]
_ENDS = {
    START: mark("Begins the errand"),
    ENDS["y"]: mark("Settled at once"),
    ENDS["later"]: mark("Settled later"),
    ENDS["n"]: mark("Not settled"),
    ENDS[""]: mark("End not noted"),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Both maps, and how many of the paths are drawn, in words."""

    ours: Diagram
    theirs: Diagram
    note: str


def step_label(row: Row, labels: Mapping[str, str]) -> str:
    """A step in our words; one without a counterpart by its own name."""
    if row["step"]:
        return labels.get(row["step"], row["step"])
    return str(row["name"]) or say("All other steps")


def pair_of(
    company: str,
    anchor: str,
    steps: Sequence[Row],
    moves: Sequence[Row],
    labels: Mapping[str, str],
    own: frozenset[str],
) -> Pair:
    """Draw both maps of a company. `steps`, `moves`: its rows of competitor_step and competitor_move; `own`: steps of
    our dictionary that are the customer's own and belong to no channel; `anchor`: begins the ids of its step table."""
    sides = {is_ours: [move for move in moves if move["is_ours"] == is_ours] for is_ours in (True, False)}
    lanes, lane_of = _lanes(steps, own)
    ends = [key for key in ENDS.values() if any(move["target"] == key for move in moves)]
    frame = lanes, lane_of, labels, anchor, ends
    whole = _process(frame, steps, _added(moves), "")
    pins = draw(whole, title="", k=1, ruler=False, has_departments=False, fill=TEXT_WIDTH).layout.pins
    drawn = []
    for is_ours, title in (
        (True, say("Our process, by mystery shops")),
        (False, say("The process of {company}, by mystery shops", company=company)),
    ):
        process, coverage = reduce_edges(_process(frame, steps, _added(sides[is_ours]), _name(is_ours)), 1)
        process = replace(process, unseen=whole.edges)
        drawn.append(
            draw(
                process,
                title=title,
                k=1,
                pins=pins,
                ruler=False,
                coverage=coverage,
                scale_to=max((n for (source, _), n in _added(sides[is_ours]).items() if source == START), default=1),
                focus=frozenset(row["key"] for row in steps if row["asks_more"] == _name(is_ours)),
                grey=frozenset(row["key"] for row in steps if not row["step"]),
                has_departments=False,
                fill=TEXT_WIDTH,
            )
        )
    return Pair(drawn[0], drawn[1], _coverage(drawn))


def _name(is_ours: bool) -> str:
    return "ours" if is_ours else "theirs"


def _lanes(steps: Sequence[Row], own: frozenset[str]) -> tuple[tuple[MapLane, ...], dict[str, int]]:
    """The customer's band, then one per channel in the order in which they are met; the band of each key."""
    channels = list(dict.fromkeys(row["channel"] for row in steps if row["key"] not in own))
    number = {channel: n for n, channel in enumerate(channels, 1)}
    lanes = MapLane(say("Customer"), say("what they do")), *(MapLane(channel_word(one)) for one in channels)
    return lanes, {row["key"]: 0 if row["key"] in own else number[row["channel"]] for row in steps}


def _added(moves: Iterable[Row]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for move in moves:
        counts[move["source"], move["target"]] += int(move["n"])
    return counts


def _process(
    frame: tuple[tuple[MapLane, ...], Mapping[str, int], Mapping[str, str], str, Sequence[str]],
    steps: Sequence[Row],
    counts: Mapping[tuple[str, str], int],
    side: str,
) -> ProcessMap:
    """One map. `side`: ours, theirs, or '' for both together, which only lays out."""
    lanes, lane_of, labels, anchor, ends = frame
    into: dict[str, int] = defaultdict(int)
    for (_, target), n in counts.items():
        into[target] += n
    n_begun = sum(n for (source, _), n in counts.items() if source == START)
    boxes = [MapStep(START, say(_ENDS[START]), 0, n_begun, anchor=f"{anchor}-steps", n_starts=n_begun)]
    for row in steps:
        wait_s = row[f"wait_{side}"] if side else None
        boxes.append(
            MapStep(
                row["key"],
                step_label(row, labels),
                lane_of[row["key"]],
                into[row["key"]],
                wait_ms=round(1000 * wait_s) if wait_s else None,
                anchor=f"{anchor}-step-{row['place'] + 1}",
                marks=Marks(row["place"] + 1, _detail(row, side)),
            )
        )
    boxes += [MapStep(key, say(_ENDS[key]), 0, into[key], anchor=f"{anchor}-steps", n_ends=into[key]) for key in ends]
    edges = tuple(MapEdge(source, target, n) for (source, target), n in sorted(counts.items()))
    order = (START, *(row["key"] for row in steps), *ends)
    return ProcessMap(lanes, tuple(boxes), edges, order)


def _detail(row: Row, side: str) -> str:
    """What a box has no room for: what the side calls the step, how long it takes."""
    if not side or not row[f"n_{side}"]:
        return ""
    minutes = row[f"minutes_{side}"]
    called = ", ".join(f"“{name}”" for name in row[f"names_{side}"])
    if minutes is None or row["key"] == REST:
        return called
    return say("{called}, {minutes} (median).", called=called, minutes=formats.minutes(minutes))


def _coverage(drawn: Sequence[Diagram]) -> str:
    shown, of_all = (
        sum(getattr(one.coverage, name) for one in drawn if one.coverage) for name in ("n_edges", "of_edges")
    )
    if shown == of_all:
        return say("Both maps show all paths of the shops.")
    return say(
        "Both maps together show {n} of {of_n} paths, the most frequent ones.",
        n=formats.count(shown),
        of_n=formats.count(of_all),
    )
