"""From a Petri net to the automaton of what it allows, or the reason why it is no process (method note 3.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.errors import ConfigError
from mining.automaton import MAX_STATES, Automaton, Builder

Marking = tuple[int, ...]
"""Tokens on each place."""


@dataclass(frozen=True)
class Transition:
    """`label` is a step, empty for a silent one; `takes` and `puts` are places, a place as often as tokens move."""

    label: str
    takes: tuple[int, ...]
    puts: tuple[int, ...]


@dataclass(frozen=True)
class Net:
    """A net with one token at the start that ends with one token at the end."""

    n_places: int
    transitions: tuple[Transition, ...]
    start: int
    end: int


def automaton_of(net: Net, parallel: Sequence[str]) -> Automaton:
    """The automaton of a sound net. `parallel` = how messages name the gateways where branches run side by side.

    Raises ConfigError: a net with more than MAX_STATES states, one in which tokens pile up, one that can get stuck or
    end with branches left over.
    """
    gateways = f"see {', '.join(parallel[:5])}" if parallel else "there is no parallel gateway to look at"
    start, end = (tuple(int(place == one) for place in range(net.n_places)) for one in (net.start, net.end))
    number: dict[Marking, int] = {start: 0}
    parent: dict[Marking, Marking | None] = {start: None}
    moves: list[tuple[int, str, int]] = []
    queue = deque([start])
    while queue:
        marking = queue.popleft()
        if marking != end and marking[net.end]:
            raise ConfigError(f"it can end while branches are still under way: they are not joined; {gateways}")
        for transition in net.transitions:
            reached = _fire(marking, transition)
            if reached is None:
                continue
            if reached not in number:
                if _grows(reached, marking, parent):
                    raise ConfigError(f"branches pile up without end: more begin than are joined; {gateways}")
                if len(number) >= MAX_STATES:
                    raise ConfigError(
                        f"it has more than {MAX_STATES} states; expected fewer parallel branches; {gateways}"
                    )
                number[reached] = len(number)
                parent[reached] = marking
                queue.append(reached)
            moves.append((number[marking], transition.label, number[reached]))
    _check_ends(number.get(end), moves, len(number), gateways)
    builder = Builder()
    for _ in range(len(number) - 1):
        builder.new()
    for source, label, target in moves:
        builder.edge(source, label, target)
    return builder.build(number[end])


def _fire(marking: Marking, transition: Transition) -> Marking | None:
    """The marking after a transition; None where it lacks a token."""
    tokens = list(marking)
    for place in transition.takes:
        tokens[place] -= 1
        if tokens[place] < 0:
            return None
    for place in transition.puts:
        tokens[place] += 1
    return tuple(tokens)


def _grows(reached: Marking, marking: Marking, parent: dict[Marking, Marking | None]) -> bool:
    """Whether a marking holds all tokens of one on the way to it, and more: then they grow without bound."""
    before: Marking | None = marking
    while before is not None:
        if all(old <= new for old, new in zip(before, reached, strict=True)):
            return True
        before = parent[before]
    return False


def _check_ends(end: int | None, moves: list[tuple[int, str, int]], n_states: int, gateways: str) -> None:
    """From every state the end can be reached."""
    into: list[list[int]] = [[] for _ in range(n_states)]
    for source, _, target in moves:
        into[target].append(source)
    seen = set() if end is None else {end}
    stack = list(seen)
    while stack:
        for source in into[stack.pop()]:
            if source not in seen:
                seen.add(source)
                stack.append(source)
    if len(seen) < n_states:
        raise ConfigError(f"it can get stuck before the end: a join waits for a branch that does not come; {gateways}")
