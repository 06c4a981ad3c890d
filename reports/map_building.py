"""From figures to process maps: lanes, steps with their marks, paths with their classes and findings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.language import say
from reports import formats
from reports.figures_map import Touch
from reports.map_marks import Marks, channel_word
from reports.maps import CONTROL, INFORMATION, MATERIAL, MapEdge, MapLane, MapStep, ProcessMap, simple_view
from reports.places import COSTLY, Place, edge_class, place_of
from reports.records import FindingFigure, MoveFigure, StepFigure

_FLOWS = {"mail": INFORMATION, "parcel": MATERIAL}
"""What a path brings, by the channel of the step it leads to; any other brings the customer."""

MOST_DISCS = 9
"""Findings whose number is on the map: the first nine, and no more."""


def process_map(
    steps: Sequence[StepFigure],
    moves: Sequence[MoveFigure],
    departments: Sequence[tuple[str, str]],
    findings: Sequence[FindingFigure],
    intended: tuple[str, ...],
    successors: frozenset[tuple[str, str]],
    marks: Mapping[str, Marks],
    declared: Sequence[Touch],
    k: int,
) -> ProcessMap:
    """All steps and paths. Departments without a visible step get no lane. Findings beyond the first 9 keep off the
    map.

    Times of fewer than `k` customers are not told. A step that journeys skip and none ever takes is a box without
    events, placed after the step before it.
    """
    occurring = frozenset(step.step for step in steps)
    flow = {step.step: _FLOWS.get(step.channel, CONTROL) for step in steps}
    missing = _never_taken(declared, occurring, findings)
    shown = [touch for touch in declared if touch.step in occurring or touch.step in missing]
    lanes, lane_of = lanes_of(shown, departments)
    known = occurring | set(missing)
    at_step: dict[str, list[int]] = {}
    at_path: dict[tuple[str, str], list[int]] = {}
    deviating: set[tuple[str, str]] = set()
    failures: set[str] = set()
    real = {(move.source, move.target) for move in moves}
    for finding in findings:
        place = place_of(finding.kind, finding.place, known)
        paths = [pair for pair in place.paths if pair in real]
        if finding.kind.startswith(COSTLY):
            deviating |= set(paths)
        if finding.kind == "failure_point":
            failures |= set(place.steps[-1:])
        if finding.rank > MOST_DISCS:
            continue
        if paths:
            at_path.setdefault(paths[0], []).append(finding.number)
        elif place.steps:
            at_step.setdefault(place.steps[-1], []).append(finding.number)
    boxes = tuple(
        MapStep(
            s.step,
            s.label,
            lane_of[s.step],
            s.n_events,
            s.n_customers,
            s.gap_ms if s.n_customers >= k else None,
            s.since_start_ms if s.n_customers >= k else None,
            s.n_starts,
            s.n_ends,
            f"step-{s.step}",
            tuple(sorted(at_step.get(s.step, []))),
            s.step in failures,
            marks=marks.get(s.step, Marks()),
        )
        for s in steps
    )
    boxes += tuple(
        MapStep(t.step, t.label, lane_of[t.step], 0, marks=Marks(skipped=missing[t.step]))
        for t in shown
        if t.step in missing
    )
    edges = tuple(
        MapEdge(
            m.source,
            m.target,
            m.n,
            edge_class((m.source, m.target), deviating, successors),
            m.n_customers,
            m.gap_ms,
            tuple(sorted(at_path.get((m.source, m.target), []))),
            flow.get(m.target, CONTROL),
        )
        for m in moves
        if m.source in known and m.target in known
    )
    before = {str(f.where.get("step")): str(f.where.get("prev")) for f in findings if f.kind == "deviation.skipped"}
    guides = tuple(MapEdge(before[step], step, 1) for step in sorted(missing) if before[step] in known)
    return ProcessMap(lanes, boxes, edges, tuple(key for key in intended if key in known), guides)


def lanes_of(
    shown: Sequence[Touch], departments: Sequence[tuple[str, str]]
) -> tuple[tuple[MapLane, ...], dict[str, int]]:
    """The bands and the band of each step.

    The customer's own steps are on top. Then what the company does without a department: one band per channel face.
    Then the departments; where all of a site's steps have one, its departments are the faces.
    """
    face_of = {t.step: channel_word(t.channel) for t in shown if t.department is None and t.actor == "company"}
    used = {touch.department for touch in shown}
    lanes = [MapLane(say("Customer"), say("what they do"))]
    lanes += [MapLane(face, say("no department declared")) for face in dict.fromkeys(face_of.values())]
    lanes += [MapLane(name, note) for name, note in departments if name in used]
    faces = {face: n for n, face in enumerate(dict.fromkeys(face_of.values()), 1)}
    rooms = {lane.name: n for n, lane in enumerate(lanes) if n > len(faces)}

    def lane(touch: Touch) -> int:
        if touch.department is not None:
            return rooms[touch.department]
        return faces[face_of[touch.step]] if touch.step in face_of else 0

    lane_of = {touch.step: lane(touch) for touch in shown}
    return tuple(lanes), lane_of


def _never_taken(
    declared: Sequence[Touch], occurring: frozenset[str], findings: Sequence[FindingFigure]
) -> dict[str, str]:
    """Declared steps that a finding calls skipped and that no journey has, with the share that skips them."""
    known = {touch.step for touch in declared} - occurring
    found = {str(f.where.get("step")): f for f in findings if f.kind == "deviation.skipped"}
    return {step: formats.share(found[step].effect.get("value")) for step in sorted(known & set(found))}


def company_map(full: ProcessMap, waits: Mapping[str, int], findings: Sequence[FindingFigure]) -> ProcessMap:
    """The simple view, with the numbers of the findings that speak of departments."""
    merged = simple_view(full, waits)
    at: dict[tuple[str, str], set[int]] = {}
    for finding in findings:
        pairs = department_place(finding, merged).paths
        if pairs and finding.rank <= MOST_DISCS:
            at.setdefault(pairs[0], set()).add(finding.number)
    edges = tuple(
        replace(e, findings=tuple(sorted({*e.findings, *at.get((e.source, e.target), ())}))) for e in merged.edges
    )
    return replace(merged, edges=edges)


def department_place(finding: FindingFigure, merged: ProcessMap) -> Place:
    """Where on the simple map a finding about departments sits; nowhere for all others."""
    key_of = {step.label: step.key for step in merged.steps if step.lane}
    keys = [key_of[name] for name in finding.where.get("departments", []) if name in key_of]
    real = {(edge.source, edge.target) for edge in merged.edges}
    around = [*itertools.pairwise(keys), *([(keys[-1], keys[0])] if len(keys) > 1 else [])]
    return Place(tuple(keys), tuple(pair for pair in around if pair in real))
