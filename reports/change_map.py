"""The difference map of a change: which paths it truly changed, on the swimlanes and by the engine of the process map.

Boxes are the steps of the affected contacts, between their begin and their end in the customer's band; paths are the
ways on that were looked at (mining/changes/moves.py). Only a way whose change stands the test is coloured: more or
fewer of those who leave a step go it, beyond what the unaffected group did. All others are grey, without a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.language import say
from mining.context import quoted
from reports import formats
from reports.diagrams import Diagram, draw
from reports.figures import Figures
from reports.figures_map import Touch, touches
from reports.layout import Sizes
from reports.map_building import lanes_of
from reports.map_marks import Marks
from reports.maps import LESS, MORE, SAME, MapEdge, MapStep, ProcessMap
from reports.view import Report
from reports.view_maps import TEXT_WIDTH

MOST_STEPS, MOST_WAYS = 24, 45
"""What is drawn at most; a way that truly changed is always drawn, up to MOST_WAYS of them, the largest first."""
START, END = "<begin>", "<end>"
"""Boxes for the begin and the end of a contact; in the rows '' stands for both, as a source and as a target."""
_SIZES = Sizes(pitch=18.0, gutter=116.0, labels_beside=True)
"""Tracks and gutters that leave room for labels of two shares."""
_KINDS = {"more": MORE, "new": MORE, "less": LESS, "gone": LESS, "same": SAME}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeMap:
    """The drawing, and what of it is left out, in words."""

    diagram: Diagram
    note: str


@dataclass(frozen=True, slots=True)
class Known:
    """What all maps of a night share: declared steps, departments, the numbers of steps on the process map, and the
    least number that is told."""

    touches: Sequence[Touch]
    departments: Sequence[tuple[str, str]]
    encounters: Mapping[str, int]
    k: int

    @classmethod
    def of(cls, figures: Figures, report: Report) -> Known:
        """Of a night."""
        drawn = report.maps.department.process.steps if report.maps else ()
        numbers = {step.key: step.marks.encounter for step in drawn if step.marks.encounter}
        return cls(touches(figures.store), figures.departments(), numbers, figures.k)


def change_map(figures: Figures, change: Row, known: Known, anchor: str) -> ChangeMap | None:
    """The difference map of a declared change (a row of declared_change); None where no path could be looked at."""
    store, params = figures.store, {"change": change["change_id"]}
    if not store.has_table("change_way") or not store.has_table("change_stop"):
        return None
    rows = store.records("select * from change_way where change_id = $change order by source, target", params)
    stops = {
        step: (before, after)
        for step, before, after in store.rows(
            "select step, before, after from change_stop where change_id = $change", params
        )
    }
    title = say("Which paths {change} changed", change=quoted(change["label"]))
    return difference_map(rows, stops, known, title, anchor)


def difference_map(
    rows: Sequence[Row],
    stops: Mapping[str, tuple[float, float]],
    known: Known,
    title: str,
    anchor: str,
) -> ChangeMap | None:
    """Draw the ways on of a change. None where no step of them is declared.

    `rows`: of change_way, `stops`: step -> times a week before and after (change_stop); `anchor`: the id of the table
    that tells the same.
    """
    by_step = {touch.step: touch for touch in known.touches}
    told = [row for row in rows if all(not row[end] or row[end] in by_step for end in ("source", "target"))]
    drawn = _drawn(told, stops)
    keys = list(dict.fromkeys(key for row in drawn for key in _ends(row)))
    if not set(keys) - {START, END}:
        return None
    lanes, lane_of = lanes_of([touch for touch in known.touches if touch.step in keys], known.departments)
    steps = [_box(key, by_step, lane_of, stops, known, anchor) for key in keys]
    labels = {step.key: step.label for step in steps}
    edges = tuple(_edge(row, stops, labels) for row in drawn)
    inner = sorted((key for key in keys if key in known.encounters), key=lambda key: known.encounters[key])
    order = (*([START] if START in keys else []), *inner, *([END] if END in keys else []))
    process = ProcessMap(lanes, tuple(steps), edges, order if len(order) == len(keys) else ())
    diagram = draw(
        process, title=title, k=1, ruler=False, has_departments=False, step_href="#{}", fill=TEXT_WIDTH, sizes=_SIZES
    )
    return ChangeMap(diagram, _note(diagram, drawn, rows))


def _ends(row: Row) -> tuple[str, str]:
    return row["source"] or START, row["target"] or END


def _weekly(row: Row, stops: Mapping[str, tuple[float, float]]) -> float:
    """Times a week that a way is gone, on the side where it is gone more."""
    before, after = stops.get(row["source"], (0.0, 0.0))
    return float(max(before * row["before"], after * row["after"]))


def _drawn(rows: Sequence[Row], stops: Mapping[str, tuple[float, float]]) -> list[Row]:
    """All ways that truly changed, then the busiest others, among few enough steps."""
    changed = sorted((row for row in rows if row["what"] != "same"), key=lambda row: (-abs(row["points"]), *_ends(row)))
    others = sorted((row for row in rows if row["what"] == "same"), key=lambda row: (-_weekly(row, stops), *_ends(row)))
    kept = changed[:MOST_WAYS]
    keys = {key for row in kept for key in _ends(row)}
    for row in others:
        if len(kept) >= MOST_WAYS:
            break
        if len(keys | set(_ends(row))) <= max(MOST_STEPS, len(keys)):
            kept.append(row)
            keys |= set(_ends(row))
    return kept


def _box(
    key: str,
    by_step: Mapping[str, Touch],
    lane_of: Mapping[str, int],
    stops: Mapping[str, tuple[float, float]],
    known: Known,
    anchor: str,
) -> MapStep:
    before, after = stops.get("" if key in (START, END) else key, (0.0, 0.0))
    told = f"{formats.number(before, 0)} → {formats.number(after, 0)}"
    if max(before, after) < known.k:
        told = formats.small_count(1, known.k)
    n = max(1, round(max(before, after)))  # a box of 0 would be one that nobody meets
    if key in (START, END):
        label = say("(the contact begins)") if key == START else say("(the contact ends)")
        return MapStep(key, label, 0, n, anchor=anchor, told=told)
    return MapStep(
        key, by_step[key].label, lane_of[key], n, anchor=anchor, told=told, marks=Marks(known.encounters.get(key, 0))
    )


def _edge(row: Row, stops: Mapping[str, tuple[float, float]], labels: Mapping[str, str]) -> MapEdge:
    source, target = _ends(row)
    kind = _KINDS[row["what"]]
    went = _short(row["before"], row["after"])
    return MapEdge(
        source,
        target,
        max(1, round(_weekly(row, stops))),
        kind,
        change=went if kind != SAME else "",
        size=abs(row["points"]),
        title=say("{source} to {target}: {shares}", source=labels[source], target=labels[target], shares=went),
    )


def _short(before: float, after: float) -> str:
    """Two shares, short enough for a pill: '35 → 98 %', whole per cents from 10 on."""
    told = [formats.number(100 * share, 0 if share >= 0.0995 or share == 0 else 1) for share in (before, after)]
    return f"{told[0]} → {told[1]}{formats.THIN}%"


def _note(diagram: Diagram, drawn: Sequence[Row], rows: Sequence[Row]) -> str:
    """What is drawn, how much of it is coloured, and how many paths had no room for their shares."""
    changed = sum(row["what"] != "same" for row in rows)
    shown = sum(row["what"] != "same" for row in drawn)
    sentences = [say("Drawn: {n} of {of_n} ways on.", n=formats.count(len(drawn)), of_n=formats.count(len(rows)))]
    if not changed:
        return f"{sentences[0]} {say('None of them was truly changed, so none is coloured.')}"
    sentences.append(
        formats.plural(
            shown,
            "{n} of {of_n} that truly changed is coloured.",
            "{n} of {of_n} that truly changed are coloured.",
            of_n=formats.count(changed),
        )
    )
    bare = sum(one.label_px < one.edge.label_px for one in diagram.layout.edges)
    if bare:
        sentences.append(
            formats.plural(
                bare,
                "{n} of them has no room for its shares: they stand in the table.",
                "{n} of them have no room for their shares: they stand in the table.",
            )
        )
    return " ".join(sentences)
