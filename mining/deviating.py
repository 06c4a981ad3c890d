"""From alignments to deviations that can be said in a sentence, per variant (method note 3.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mining import coarse
from mining.alignment import LOG, MODEL, SYNC, Aligner, Alignment, Move
from mining.intended import Intended
from mining.method import Method
from mining.population import Variant

START = ""
"""The context of a deviation before any step of the process."""


@dataclass(frozen=True, order=True)
class Deviation:
    """What went otherwise. `context` = the step of the process last done before; for out_of_order `step` came before
    `other`.
    """

    kind: str
    step: str
    context: str = START
    other: str = ""
    known: bool = True


@dataclass
class Checked:
    """One variant against the process: its deviations (share of its optimal alignments, at most 1 a journey)."""

    variant: Variant
    is_decided: bool
    cost_high: int
    steps: tuple[str, ...]
    deviations: dict[Deviation, float] = field(default_factory=dict)

    @property
    def conforms(self) -> bool:
        """Known to be allowed."""
        return self.is_decided and self.cost_high == 0


def counts_in(intended: Intended) -> Callable[[str], bool]:
    """Which steps are checked: not the ignored ones, nor foreign ones where those are ignored."""
    labels, drop_foreign = intended.labels, intended.other_steps == "ignore"
    return lambda step: step not in intended.ignore and (step in labels or not drop_foreign)


@dataclass(frozen=True)
class _Told:
    """What is known of one sequence, after dropping the steps that don't count."""

    is_decided: bool
    cost_high: int
    steps: tuple[str, ...]
    deviations: dict[Deviation, float]


def check_all(ways: Iterable[Variant], intended: Intended, method: Method, *, prefix: bool = False) -> list[Checked]:
    """Check every way, most frequent first; equal sequences after dropping ignored steps are aligned once.

    Of a way with steps of unknown order the order that fits best counts (the stored one, where several do): a deviation
    must hold in every order. With `prefix` journeys that still run: whatever can still become allowed conforms. The
    night's budget of expansions bounds the time; what is left over is undecided and counted as such.
    """
    aligner = Aligner(intended.automaton, intended.weights, max_pops=method.align_pops_max)
    left = method.align_pops_night
    checks = counts_in(intended)
    done: dict[tuple[str, ...], _Told] = {}

    def told(steps: tuple[str, ...]) -> _Told:
        nonlocal left
        if steps not in done:
            alignment = aligner.align(steps, prefix=prefix, max_pops=min(method.align_pops_max, left))
            left = max(0, left - alignment.pops)
            deviations = _deviations(alignment, intended, method.align_paths_max)
            done[steps] = _Told(alignment.decided, alignment.cost_high, steps, deviations)
        return done[steps]

    out = []
    for way in ways:
        stored = tuple(filter(checks, way.steps))
        orders = coarse.orders(way.steps, way.pattern, method.coarse_orders_max, checks) if way.pattern else [stored]
        if orders is None:
            out.append(Checked(way, False, len(stored), stored))
            continue
        best = min((told(steps) for steps in orders), key=lambda one: (not one.is_decided, one.cost_high))
        out.append(Checked(way, best.is_decided, best.cost_high, best.steps, best.deviations))
    return out


def _deviations(alignment: Alignment, intended: Intended, paths_max: int) -> dict[Deviation, float]:
    """Share of the optimal alignments that show each deviation. Empty for conforming and for undecided sequences."""
    if not alignment.decided or alignment.cost_high == 0:
        return {}
    paths = alignment.sample(paths_max)
    seen: Counter[Deviation] = Counter()
    for path in paths:
        seen.update(set(read_path(path, intended.labels)))
    return {deviation: seen[deviation] / len(paths) for deviation in sorted(seen)}


def read_path(path: Sequence[Move], labels: frozenset[str]) -> list[Deviation]:
    """The deviations of one alignment.

    1. the same step as model move and as log move: out of order, told with the neighbour it changed places with
    2. other model moves: skipped, after the last synchronous step
    3. other log moves: unexpected; equal ones in a row are one occurrence

    Of a step that comes twice with nothing of the process in between, the first is the intended one and the second too
    many: the optimum leaves that open, and half the blame would go to each of two places.
    """
    path = _earliest_intended(path)
    swapped = _swapped(path)
    used = {index for pair in swapped for index in pair[:2]}
    out = [Deviation("out_of_order", early, START, late) for _, _, early, late in swapped]
    context, last_log = START, ""
    for index, move in enumerate(path):
        if move.kind == SYNC:
            context, last_log = move.step, ""
        elif index in used:
            continue
        elif move.kind == MODEL:
            out.append(Deviation("skipped", move.step, context))
        elif move.step != last_log:
            out.append(Deviation("unexpected", move.step, context, known=move.step in labels))
            last_log = move.step
    return out


def _earliest_intended(path: Sequence[Move]) -> list[Move]:
    """The path with each synchronous move brought forward to a log move of the same step, over log moves alone."""
    out: list[Move] = []
    for move in path:
        run = len(out)
        while run and out[run - 1].kind == LOG:
            run -= 1
        first = next((at for at in range(run, len(out)) if out[at].step == move.step), None)
        if move.kind == SYNC and first is not None:
            out[first], move = move._replace(position=out[first].position), out[first]._replace(position=move.position)
        out.append(move)
    return out


def _swapped(path: Sequence[Move]) -> list[tuple[int, int, str, str]]:
    """Pairs (index of log move, index of model move, the step that came early, the step it came before)."""
    waiting: dict[str, list[int]] = {}
    for index, move in enumerate(path):
        if move.kind == MODEL:
            waiting.setdefault(move.step, []).append(index)
    out = []
    for index, move in enumerate(path):
        if move.kind != LOG or not waiting.get(move.step):
            continue
        model = waiting[move.step].pop(0)
        # What stands next to the event in the log, on the side of the place where the process has it.
        between = [
            m.step for m in (path[index + 1 : model] if model > index else path[model + 1 : index]) if m.kind != MODEL
        ]
        if not between:
            continue  # nothing was passed by: leave it as skipped and unexpected
        early, late = (move.step, between[0]) if model > index else (between[-1], move.step)
        if early != late:
            out.append((index, model, early, late))
    return out
