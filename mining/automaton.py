"""A small automaton over steps: built with empty moves, handed out without them and deterministic.

The builder makes an NFA with empty moves; `build` makes it deterministic by the subset construction and merges equal
states, so that every allowed sequence has exactly one path. Paths can then be counted without counting one twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.errors import ConfigError

MAX_STATES = 5000


@dataclass(frozen=True)
class Automaton:
    """States 0..n-1, start 0. `moves[s]` maps a step to the next state. All states reach an accepting one."""

    moves: tuple[dict[str, int], ...] = field(hash=False)
    accepting: frozenset[int]

    @property
    def labels(self) -> frozenset[str]:
        """All steps on the edges."""
        return frozenset(label for edges in self.moves for label in edges)

    def accepts(self, sequence: Sequence[str], *, prefix: bool = False) -> bool:
        """Whether the sequence is allowed; with `prefix`, whether it can still become allowed."""
        state = 0
        for step in sequence:
            if step not in self.moves[state]:
                return False
            state = self.moves[state][step]
        return prefix or state in self.accepting


class Builder:
    """Collects states and edges; the empty step "" is an empty move."""

    def __init__(self) -> None:
        self._edges: list[list[tuple[str, int]]] = [[]]
        self.start = 0

    def new(self) -> int:
        """A fresh state."""
        self._edges.append([])
        return len(self._edges) - 1

    def edge(self, source: int, label: str, target: int | None = None) -> int:
        """An edge; to a fresh state when no target is given. Returns the target."""
        reached = self.new() if target is None else target
        self._edges[source].append((label, reached))
        return reached

    def branch(self, state: int) -> int:
        """A fresh state reached from `state` without a step."""
        return self.edge(state, "")

    def join(self, states: Iterable[int]) -> int:
        """A fresh state that all of `states` reach without a step."""
        end = self.new()
        for state in states:
            self._edges[state].append(("", end))
        return end

    def build(self, end: int) -> Automaton:
        """The deterministic automaton that accepts at `end`. Raises ConfigError above MAX_STATES states."""
        first = self._closure([self.start])
        number: dict[frozenset[int], int] = {first: 0}
        queue = deque([first])
        moves: list[dict[str, int]] = [{}]
        while queue:
            subset = queue.popleft()
            targets: dict[str, set[int]] = {}
            for state in subset:
                for label, target in self._edges[state]:
                    if label:
                        targets.setdefault(label, set()).add(target)
            for label in sorted(targets):
                reached = self._closure(targets[label])
                if reached not in number:
                    if len(number) >= MAX_STATES:
                        raise ConfigError(
                            f"steps: the process has more than {MAX_STATES} states; "
                            "expected smaller any_order groups or repeats"
                        )
                    number[reached] = len(number)
                    moves.append({})
                    queue.append(reached)
                moves[number[subset]][label] = number[reached]
        return minimise(moves, {n for subset, n in number.items() if end in subset})

    def _closure(self, states: Iterable[int]) -> frozenset[int]:
        seen, stack = set(states), list(states)
        while stack:
            for label, target in self._edges[stack.pop()]:
                if not label and target not in seen:
                    seen.add(target)
                    stack.append(target)
        return frozenset(seen)


def minimise(moves: Sequence[dict[str, int]], accepting: Iterable[int]) -> Automaton:
    """Merge states that accept the same continuations (Moore's refinement); states are numbered breadth first."""
    final = set(accepting)
    block = [int(state in final) for state in range(len(moves))]
    while True:
        signature = [
            (block[s], tuple(sorted((label, block[t]) for label, t in moves[s].items()))) for s in range(len(moves))
        ]
        names: dict[object, int] = {}
        refined = [names.setdefault(one, len(names)) for one in signature]
        if len(names) == len(set(block)):
            break
        block = refined
    order = {refined[0]: 0}
    queue, out = deque([0]), [dict[str, int]()]
    while queue:
        state = queue.popleft()
        for label, target in sorted(moves[state].items()):
            if refined[target] not in order:
                order[refined[target]] = len(order)
                out.append({})
                queue.append(target)
            out[order[refined[state]]][label] = order[refined[target]]
    return Automaton(tuple(out), frozenset(order[refined[s]] for s in final if refined[s] in order))
