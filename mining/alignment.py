"""Exact optimal alignment of one sequence with an automaton, and all its optimal alignments (method note 3.3).

Shortest path from (0, start) to (n, accepting) over nodes (position, state): a synchronous move costs nothing, a log
move `log_weight`, a model move the weight of its step. Weights are whole numbers, so a bucket queue (Dial 1969) does
for Dijkstra, and for 0-1 search when all weights are 1. Every quantity is an integer: nothing depends on
rounding or order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mining.automaton import Automaton

SYNC, LOG, MODEL = "sync", "log", "model"


class Move(NamedTuple):
    """`position` = events read before the move (the event's own index for sync and log moves)."""

    kind: str
    step: str
    position: int


@dataclass(frozen=True)
class Alignment:
    """Result for one sequence. When `decided`, cost_low = cost_high = the optimum and the optimal moves are there.

    `edges[node]` lists (move, next node); node 0 is the start. `paths` counts optimal alignments.
    """

    cost_low: int
    cost_high: int
    decided: bool
    pops: int
    edges: tuple[tuple[tuple[Move, int], ...], ...] = ()
    ways: tuple[int, ...] = ()

    @property
    def paths(self) -> int:
        """Number of optimal alignments."""
        return self.ways[0] if self.ways else 0

    def path(self, rank: int) -> list[Move]:
        """The optimal alignment of that rank, 0 <= rank < paths, in a fixed order."""
        node, out = 0, []
        while self.edges[node]:
            for move, target in self.edges[node]:
                if rank < self.ways[target]:
                    out.append(move)
                    node = target
                    break
                rank -= self.ways[target]
        return out

    def sample(self, at_most: int) -> list[list[Move]]:
        """All optimal alignments, or `at_most` of them spread evenly over their ranks."""
        count = min(self.paths, at_most)
        return [self.path((2 * i + 1) * self.paths // (2 * count)) for i in range(count)]

    def blame(self) -> dict[Move, float]:
        """Share of the optimal alignments that make each costly move, by forward and backward path counts.

        Shares times weights sum to the cost.
        """
        forward = [0] * len(self.edges)
        if not self.edges:
            return {}
        forward[0] = 1
        out: dict[Move, float] = {}
        for node, leaving in enumerate(self.edges):  # nodes are in topological order
            for move, target in leaving:
                forward[target] += forward[node]
                if move.kind != SYNC:
                    out[move] = out.get(move, 0.0) + forward[node] * self.ways[target] / self.paths
        return out


def _conforming(sequence: Sequence[str]) -> Alignment:
    """The one alignment of an allowed sequence: the automaton is deterministic, and every other move costs."""
    edges = [((Move(SYNC, step, position), position + 1),) for position, step in enumerate(sequence)]
    return Alignment(0, 0, True, len(sequence) + 1, (*edges, ()), (1,) * (len(sequence) + 1))


class Aligner:
    """Aligns sequences with one automaton. `weights` = cost of skipping a step (default 1), whole numbers from 1.

    The search is guided by what any alignment must still pay (A*, Hart, Nilsson and Raphael 1968): each event left
    whose step can't come any more, and each step that every way to the end has and no event left is. Neither ever
    overrates what one move pays, so a node is done when it is first taken up.
    """

    def __init__(
        self,
        automaton: Automaton,
        weights: Mapping[str, int] | None = None,
        log_weight: int = 1,
        max_pops: int = 200_000,
    ) -> None:
        self.automaton = automaton
        self.log_weight = log_weight
        self.max_pops = max_pops
        weight = weights or {}
        self._out = [
            [("+" + label, target, weight.get(label, 1)) for label, target in sorted(edges.items())]
            for edges in automaton.moves
        ]
        self._shortest = self._to_accepting()
        labels = sorted(automaton.labels)
        self._bit = {label: 1 << place for place, label in enumerate(labels)}
        self._foreign = 1 << len(labels)
        self._bit_weight = {1 << place: weight.get(label, 1) for place, label in enumerate(labels)}
        reach, self._must = self._ahead()
        self._never = [~steps for steps in reach]
        self._owed: dict[int, int] = {}

    def _to_accepting(self) -> list[int]:
        """Cheapest way from each state to acceptance by model moves alone (Bellman-Ford; the automaton is small)."""
        infinite = 1 << 60
        best = [0 if s in self.automaton.accepting else infinite for s in range(len(self._out))]
        changed = True
        while changed:
            changed = False
            for state, edges in enumerate(self._out):
                for _, target, cost in edges:
                    if best[target] + cost < best[state]:
                        best[state], changed = best[target] + cost, True
        return best

    def _ahead(self) -> tuple[list[int], list[int]]:
        """Of each state, as sets of bits: the steps that can still come, and those that every way to the end has."""
        n, every = len(self._out), self._foreign - 1
        reach, must = [0] * n, [0 if s in self.automaton.accepting else every for s in range(n)]
        changed = True
        while changed:
            changed = False
            for state in range(n - 1, -1, -1):
                can, has = 0, must[state]
                for label, target in self.automaton.moves[state].items():
                    can |= self._bit[label] | reach[target]
                    has &= self._bit[label] | must[target]
                if (can, has) != (reach[state], must[state]):
                    reach[state], must[state], changed = can, has, True
        return reach, must

    def align(self, sequence: Sequence[str], *, prefix: bool = False, max_pops: int | None = None) -> Alignment:
        """The optimum for a sequence; with `prefix` a journey that still runs: any state may be the last one.

        At the limit of expansions: cost_low is what the node just reached must cost in all (all cheaper ones are done,
        so it is a true lower bound), cost_high drops all that is left of the cheapest node in hand and completes by
        skipping.
        """
        n, size, limit = len(sequence), len(self._out), self.max_pops if max_pops is None else max_pops
        if n < limit and self.automaton.accepts(sequence, prefix=prefix):
            return _conforming(sequence)
        ahead = self._still_to_pay(sequence, prefix)
        log_weight, out, moves = self.log_weight, self._out, self.automaton.moves
        final = range(size) if prefix else self.automaton.accepting
        goals = {n * size + state for state in final}
        distance: dict[int, int] = {0: 0}
        back: dict[int, list[tuple[int, str]]] = {0: []}
        cost, pops, best = ahead(0, 0), 0, -1
        buckets: dict[int, list[int]] = {cost: [0]}
        done: set[int] = set()
        while True:
            queue = buckets.get(cost)
            if not queue:
                if best >= 0:
                    break
                cost += 1
                continue
            node = queue.pop()
            if node in done:
                continue
            if pops >= limit:
                return self._undecided(n, size, cost, distance, prefix, pops)
            pops += 1
            done.add(node)
            if node in goals:
                best = cost
            position, state = divmod(node, size)
            paid = distance[node]
            leaving = [(position, after, step_cost, how) for how, after, step_cost in out[state]]
            if position < n:
                leaving.append((position + 1, state, log_weight, LOG))
                synchronous = moves[state].get(sequence[position])
                if synchronous is not None:
                    leaving.append((position + 1, synchronous, 0, SYNC))
            for at, after, step_cost, how in leaving:
                target, reached = at * size + after, paid + step_cost
                known = distance.get(target)
                if known is None or reached < known:
                    in_all = reached + ahead(at, after)
                    if best >= 0 and in_all > best:
                        continue
                    distance[target] = reached
                    back[target] = [(node, how)]
                    if in_all in buckets:
                        buckets[in_all].append(target)
                    else:
                        buckets[in_all] = [target]
                elif known == reached:
                    back[target].append((node, how))
        edges, ways = self._optimal_graph(sequence, size, goals, distance, back, best)
        return Alignment(best, best, True, pops, edges, ways)

    def _still_to_pay(self, sequence: Sequence[str], prefix: bool) -> Callable[[int, int], int]:
        """What an alignment must at least pay from (position, state) on."""
        bits = [self._bit.get(step, self._foreign) for step in sequence]
        left = [0]
        for bit in reversed(bits):
            left.append(left[-1] | bit)
        left.reverse()
        gone = [~ones for ones in left]
        must = [0] * len(self._must) if prefix else self._must
        never, owed, log_weight = self._never, self._owed, self.log_weight

        def ahead(position: int, state: int) -> int:
            lost, missing = left[position] & never[state], must[state] & gone[position]
            pays = 0
            if missing:
                pays = owed.get(missing) or self._weigh(missing)
            if lost:
                for bit in bits[position:]:
                    if bit & lost:
                        pays += log_weight
            return pays

        return ahead

    def _weigh(self, steps: int) -> int:
        """Cost of skipping each step of a set of bits once; remembered."""
        self._owed[steps] = sum(weight for bit, weight in self._bit_weight.items() if bit & steps)
        return self._owed[steps]

    def _undecided(
        self, n: int, size: int, cost: int, distance: Mapping[int, int], prefix: bool, pops: int
    ) -> Alignment:
        high = min(
            known + (n - node // size) * self.log_weight + (0 if prefix else self._shortest[node % size])
            for node, known in distance.items()
        )
        return Alignment(cost, max(cost, high), False, pops)

    @staticmethod
    def _optimal_graph(
        sequence: Sequence[str],
        size: int,
        goals: set[int],
        distance: Mapping[int, int],
        back: Mapping[int, list[tuple[int, str]]],
        best: int,
    ) -> tuple[tuple[tuple[tuple[Move, int], ...], ...], tuple[int, ...]]:
        """Nodes on optimal paths in topological order (cost, then position), edges in a fixed order, path counts.

        All reached goals are joined in one last node, so that the counts are of whole alignments.
        """
        ends = [node for node in goals if distance.get(node) == best]
        useful, stack = set(ends), list(ends)
        while stack:
            for source, _ in back[stack.pop()]:
                if source not in useful:
                    useful.add(source)
                    stack.append(source)
        # Moves that cost nothing raise the position, all others the cost: node numbers grow with the position.
        order = sorted(useful, key=lambda node: (distance[node], node))
        place = {node: i for i, node in enumerate(order)}
        edges: list[list[tuple[Move, int]]] = [[] for _ in order]
        for node in order:
            for source, how in back[node]:
                position = source // size
                move = Move(MODEL, how[1:], position) if how[0] == "+" else Move(how, sequence[position], position)
                edges[place[source]].append((move, place[node]))
        for leaving in edges:
            leaving.sort(key=lambda edge: (edge[0].kind, edge[0].step, edge[1]))
        ways = [0] * len(order)
        for i in range(len(order) - 1, -1, -1):
            ways[i] = (order[i] in ends) + sum(ways[target] for _, target in edges[i])
        return tuple(tuple(leaving) for leaving in edges), tuple(ways)
