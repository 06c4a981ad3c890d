"""What a process map shows, before anything is drawn: lanes, steps, paths, their classes, and what is left out.

All numbers are sums of the same directly-follows counts: the simple view is the departmental one with departments
merged, path by path, and what a reduction hides is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.language import say
from reports import formats
from reports.map_marks import NO_MARKS, Marks

INTENDED, ALLOWED, DEVIATION = "intended", "allowed", "deviation"
MORE, LESS, SAME = "more", "less", "same"
"""Classes of the paths of a difference map: gone more often, less often, not truly changed."""
CONTROL, INFORMATION, MATERIAL = "control", "information", "material"
"""What flows along a path (LOVEM): the customer goes on, a message comes, goods come."""

MOST_STEPS, MOST_EDGES, ALL_BELOW, FLOW_SHARE = 25, 60, 45, 0.8
"""Reduction (reports.md 2d): at most so many boxes and paths; with no more than ALL_BELOW paths all are drawn."""


@dataclass(frozen=True, slots=True)
class MapLane:
    """A band. The first is the customer's."""

    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MapStep:
    """A box: a step, a department (simple view) or a fold of the steps `members`.

    `n`: events; `n_people`: customers behind them (None: not known, sums); `wait_ms`: median wait; `since_start_ms`:
    median time since the journey's start; `findings`: numbers of the findings at this very step; `told`: what stands
    in the box in place of `n`.
    """

    key: str
    label: str
    lane: int
    n: int
    n_people: int | None = None
    wait_ms: int | None = None
    since_start_ms: int | None = None
    n_starts: int = 0
    n_ends: int = 0
    anchor: str | None = None
    findings: tuple[int, ...] = ()
    is_failure: bool = False
    members: tuple[str, ...] = ()
    marks: Marks = NO_MARKS
    told: str = ""

    @property
    def n_folded(self) -> int:
        """Steps folded into this box; 0 for a box that is one step."""
        return len(self.members)


@dataclass(frozen=True, slots=True)
class MapEdge:
    """A path from step to step: `n` moves, its class, the numbers of the findings it belongs to, what flows.

    On a difference map `change` is what its label says in place of the count, '' for none, `size` (0 to 1) its width in
    place of `n`, `title` what pointing at it tells.
    """

    source: str
    target: str
    n: int
    kind: str = ALLOWED
    n_people: int | None = None
    gap_ms: int | None = None
    findings: tuple[int, ...] = ()
    flow: str = CONTROL
    change: str = ""
    size: float = 0.0
    title: str = ""

    @property
    def is_told(self) -> bool:
        """Whether it is drawn above others: it belongs to a finding, or truly changed."""
        return bool(self.findings) or self.kind in (MORE, LESS)


@dataclass(frozen=True, slots=True)
class ProcessMap:
    """A whole map. `intended`: step keys in the declared order, as far as one is declared.

    `unseen`: paths that are not drawn; a box that only these touch still gets its place in time from them.
    """

    lanes: tuple[MapLane, ...]
    steps: tuple[MapStep, ...]
    edges: tuple[MapEdge, ...]
    intended: tuple[str, ...] = ()
    unseen: tuple[MapEdge, ...] = ()

    @property
    def n_moves(self) -> int:
        """Moves on all paths."""
        return sum(edge.n for edge in self.edges)

    @property
    def order(self) -> tuple[str, ...]:
        """Steps in the order in which they are to be drawn: by the numbers of their encounters, where they have one.

        Those numbers follow the intended process and are given before anything is folded, so that a fold, which is
        tied to everything, does not turn the order round.
        """
        numbered = sorted((step.marks.encounter, step.key) for step in self.steps if step.marks.encounter)
        if all(step.marks.encounter or step.members or not step.n for step in self.steps):
            return tuple(key for _, key in numbered)
        return self.intended

    @property
    def signs(self) -> frozenset[str]:
        """Which marks a legend has to explain: those that some box or path carries."""
        held = {
            "encounter": any(step.marks.encounter for step in self.steps),
            "moment": any(step.marks.is_moment for step in self.steps),
            "wait": any(step.marks.is_wait for step in self.steps),
            "failing": any(step.marks.is_failing or step.is_failure for step in self.steps),
            "skipped": any(step.marks.skipped for step in self.steps),
            "unexpected": any(step.marks.is_unexpected for step in self.steps),
            INFORMATION: any(edge.flow == INFORMATION for edge in self.edges),
            MATERIAL: any(edge.flow == MATERIAL for edge in self.edges),
            "hand_over": any(a and b and a != b for a, b in self._lane_pairs()),
        }
        return frozenset(sign for sign, holds in held.items() if holds)

    def _lane_pairs(self) -> list[tuple[int, int]]:
        lane_of = {step.key: step.lane for step in self.steps}
        return [(lane_of[edge.source], lane_of[edge.target]) for edge in self.edges]

    @property
    def box_of(self) -> dict[str, str]:
        """The box that stands for each step: itself, or the fold that holds it."""
        return {member: step.key for step in self.steps for member in step.members or (step.key,)}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a drawing shows: paths and moves drawn, and in all; steps folded into 'n more steps'."""

    n_edges: int
    of_edges: int
    n_moves: int
    of_moves: int
    n_folded: int = 0


def simple_view(full: ProcessMap, waits: Mapping[str, int | None] | None = None) -> ProcessMap:
    """The company as one band: the customer's own steps stay, each department becomes one box, paths are added up.

    `waits`: median wait per department name (a median can't be added up, so it is measured anew). A path inside a
    department becomes a loop at its box, so that the moves of both views are the same number.
    """
    box_of = {step.key: step.key if step.lane == 0 else f"department:{step.lane}" for step in full.steps}
    steps: dict[str, MapStep] = {}
    for step in full.steps:
        key = box_of[step.key]
        if key == step.key:
            steps[key] = step
            continue
        name = full.lanes[step.lane].name
        seen = steps.get(key) or MapStep(key, name, 1, 0, wait_ms=(waits or {}).get(name))
        steps[key] = replace(
            seen,
            n=seen.n + step.n,
            n_starts=seen.n_starts + step.n_starts,
            n_ends=seen.n_ends + step.n_ends,
            since_start_ms=_earlier(seen.since_start_ms, step.since_start_ms),
        )
    edges = _add_up(full.edges, box_of)
    intended = tuple(dict.fromkeys(box_of[key] for key in full.intended if key in box_of))
    lanes = (full.lanes[0], MapLane(say("Company"), say("one band")))
    return ProcessMap(lanes, tuple(steps.values()), edges, intended)


def fold_steps(full: ProcessMap, most: int = MOST_STEPS) -> ProcessMap:
    """Fold the less important steps of each lane into one box 'n more steps'.

    Kept first: steps with a finding or a mark and the customer's own; then what most customers meet, where a step of
    the intended process counts three times, so that its rarer branches stay visible.
    """
    if len(full.steps) <= most:
        return full
    touched = {key for edge in full.edges if edge.findings for key in (edge.source, edge.target)}
    backbone = set(full.intended)

    def rank(step: MapStep) -> tuple[int, int, str]:
        told = step.findings or step.marks.words or step.key in touched
        first = 0 if told or step.lane == 0 else 1
        people = step.n if step.n_people is None else step.n_people
        return first, -people * (3 if step.key in backbone else 1), step.key

    ranked = sorted(full.steps, key=rank)
    n_keep = most
    while True:
        kept = {step.key for step in ranked[:n_keep]}
        folded_lanes = {step.lane for step in full.steps if step.key not in kept}
        if n_keep == 0 or n_keep + len(folded_lanes) <= most:
            break
        n_keep -= 1
    per_lane: dict[int, list[MapStep]] = defaultdict(list)
    for step in full.steps:
        if step.key not in kept:
            per_lane[step.lane].append(step)
    steps = [step for step in full.steps if step.key in kept]
    box_of = {key: key for key in kept}
    for lane, members in sorted(per_lane.items()):
        if len(members) == 1:
            steps.append(members[0])
            box_of[members[0].key] = members[0].key
            continue
        key = f"rarer:{lane}"
        box_of |= {step.key: key for step in members}
        steps.append(
            MapStep(
                key,
                formats.plural(len(members), "{n} more step", "{n} more steps"),
                lane,
                sum(step.n for step in members),
                n_starts=sum(step.n_starts for step in members),
                n_ends=sum(step.n_ends for step in members),
                members=tuple(step.key for step in members),
            )
        )
    edges, unseen = _add_up(full.edges, box_of), _add_up(full.unseen, box_of)
    return ProcessMap(full.lanes, tuple(steps), edges, full.intended, unseen)


def reduce_edges(
    full: ProcessMap, k: int, most: int = MOST_EDGES, flow_share: float = FLOW_SHARE
) -> tuple[ProcessMap, Coverage]:
    """Keep each step's heaviest way in and out, the paths of findings, then the heaviest until `most` or `flow_share`.

    Paths of fewer than `k` customers are never drawn (design rule 7); they are part of what the coverage counts.
    """
    drawable = [edge for edge in full.edges if (edge.n if edge.n_people is None else edge.n_people) >= k]
    ranked = sorted(drawable, key=lambda e: (-e.n, e.source, e.target))
    keep: dict[tuple[str, str], MapEdge] = {}
    if len(ranked) <= min(ALL_BELOW, most):
        keep = {(edge.source, edge.target): edge for edge in ranked}
    else:
        seen_out: set[str] = set()
        seen_in: set[str] = set()
        for edge in ranked:
            first = edge.source != edge.target and (edge.source not in seen_out or edge.target not in seen_in)
            if edge.findings or first:
                keep[edge.source, edge.target] = edge
            if edge.source != edge.target:
                seen_out.add(edge.source)
                seen_in.add(edge.target)
        moves, goal = sum(edge.n for edge in keep.values()), flow_share * full.n_moves
        for edge in ranked:
            if len(keep) >= most or moves >= goal:
                break
            if (edge.source, edge.target) not in keep:
                keep[edge.source, edge.target] = edge
                moves += edge.n
    edges = tuple(edge for edge in full.edges if (edge.source, edge.target) in keep)
    coverage = Coverage(
        len(edges),
        len(full.edges),
        sum(edge.n for edge in edges),
        full.n_moves,
        sum(step.n_folded for step in full.steps),
    )
    unseen = tuple(edge for edge in full.edges if (edge.source, edge.target) not in keep)
    return replace(full, edges=edges, unseen=(*full.unseen, *unseen)), coverage


def neighbourhood(
    full: ProcessMap, centre: Iterable[str], paths: Iterable[tuple[str, str]], most: int = 7
) -> ProcessMap:
    """The steps of a finding, the paths between them and their heaviest `most` neighbours: the small map of a page."""
    chosen = list(dict.fromkeys([*centre, *(key for pair in paths for key in pair)]))
    known = {step.key for step in full.steps}
    chosen = [key for key in chosen if key in known]
    core = set(chosen)
    around: dict[str, int] = defaultdict(int)
    for edge in full.edges:
        if (edge.source in core) != (edge.target in core):
            around[edge.target if edge.source in core else edge.source] += edge.n
    least = max(around.values(), default=0) / 50
    extra = [key for key in sorted(around, key=lambda key: (-around[key], key))[:most] if around[key] >= least]
    members = core | set(extra)
    steps = tuple(step for step in full.steps if step.key in members)
    among = [edge for edge in full.edges if edge.source in members and edge.target in members]
    edges = tuple(edge for edge in among if edge.source in core or edge.target in core)
    unseen = tuple(edge for edge in among if edge.source not in core and edge.target not in core)
    lanes = sorted({0} | {step.lane for step in steps})
    number = {lane: index for index, lane in enumerate(lanes)}
    return ProcessMap(
        tuple(full.lanes[lane] for lane in lanes),
        tuple(replace(s, lane=number[s.lane]) for s in steps),
        edges,
        full.intended,
        unseen,
    )


def _add_up(edges: Sequence[MapEdge], box_of: Mapping[str, str]) -> tuple[MapEdge, ...]:
    """Sum paths between boxes. A sum has the class that most of its moves have; the findings are united. Where
    different things flow, control does."""
    moves: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: {DEVIATION: 0, INTENDED: 0, ALLOWED: 0})
    members: dict[tuple[str, str], list[MapEdge]] = defaultdict(list)
    for edge in edges:
        pair = box_of[edge.source], box_of[edge.target]
        moves[pair][edge.kind] += edge.n
        members[pair].append(edge)
    result = []
    for (source, target), by_kind in moves.items():
        parts = members[source, target]
        kind = max(by_kind, key=lambda name: by_kind[name])
        findings = tuple(sorted({number for part in parts for number in part.findings}))
        people = parts[0].n_people if len(parts) == 1 else None
        gap = parts[0].gap_ms if len(parts) == 1 else None
        flows = {part.flow for part in parts}
        flow = flows.pop() if len(flows) == 1 else CONTROL
        result.append(MapEdge(source, target, sum(by_kind.values()), kind, people, gap, findings, flow))
    return tuple(result)


def _earlier(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)
