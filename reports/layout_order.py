"""Order the steps in time: the first stage of the fixed-lane layout.

A weighted feedback arc set: find the sequence of boxes for which the edges that point backwards weigh least, so that
these (and only these) are drawn as loops. Greedy start by Eades, Lin and Smyth (1993), "A fast and effective heuristic
for the feedback arc set problem", then sifting. Steps of a declared intended process keep their declared order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Weights = Mapping[tuple[str, str], int]
"""Weight of an edge by (source, target). Self-loops are allowed and have no influence."""

_SIFTING_PASSES = 4


def sequence(keys: Sequence[str], weights: Weights, intended: Sequence[str] = ()) -> list[str]:
    """Return all `keys` in an order with few and light backward edges; those in `intended` keep that order."""
    known = set(keys)
    order = [key for key in dict.fromkeys(intended) if key in known]
    fixed = set(order)
    free = [key for key in _greedy(sorted(known), weights) if key not in fixed]
    flows = _flows(sorted(known), weights)
    waiting = list(free)
    while waiting:  # the one most tied to what stands already: a chain of new steps is laid from its known end
        tied = max(
            waiting,
            key=lambda key: (sum(flow.get(other, 0) for flow in flows[key] for other in order), -free.index(key)),
        )
        waiting.remove(tied)
        order.insert(_best_position(tied, order, flows), tied)
    for _ in range(_SIFTING_PASSES):
        before = list(order)
        for key in free:
            order.remove(key)
            order.insert(_best_position(key, order, flows), key)
        if order == before:
            break
    return order


def _flows(keys: Sequence[str], weights: Weights) -> dict[str, tuple[dict[str, int], dict[str, int]]]:
    """Per key: ({target: weight}, {source: weight}), without self-loops."""
    flows: dict[str, tuple[dict[str, int], dict[str, int]]] = {key: ({}, {}) for key in keys}
    for (source, target), weight in sorted(weights.items()):
        if source != target:
            flows[source][0][target] = weight
            flows[target][1][source] = weight
    return flows


def _best_position(key: str, order: Sequence[str], flows: Mapping[str, tuple[dict[str, int], dict[str, int]]]) -> int:
    """Index at which inserting `key` makes the backward edges lightest.

    Among equals the first one after the step that leads to `key` most often (a refusal comes after the attempt), and
    for a step that nothing leads to the last one, just before what follows it.
    """
    outgoing, incoming = flows[key]
    cost = sum(incoming.get(other, 0) for other in order)  # at index 0 all incoming edges point backwards
    costs = [cost]
    for other in order:
        cost += outgoing.get(other, 0) - incoming.get(other, 0)
        costs.append(cost)
    ties = [index for index, value in enumerate(costs) if value == min(costs)]
    cause = max(
        (other for other in order if other in incoming), key=lambda other: (incoming[other], other), default=None
    )
    if cause is None:
        return ties[-1]
    return next((index for index in ties if index > order.index(cause)), ties[-1])


def _greedy(keys: Sequence[str], weights: Weights) -> list[str]:
    """Eades-Lin-Smyth: peel off sinks to the right, sources to the left, else the key with the largest net outflow."""
    flows = _flows(keys, weights)
    out_sum = {key: sum(flows[key][0].values()) for key in keys}
    in_sum = {key: sum(flows[key][1].values()) for key in keys}
    left: list[str] = []
    right: list[str] = []
    rest = list(keys)
    while rest:
        sinks = [key for key in rest if out_sum[key] == 0 and in_sum[key] > 0]
        sources = [key for key in rest if in_sum[key] == 0]
        if sinks:
            chosen, side = sinks[-1], right
        elif sources:
            chosen, side = sources[0], left
        else:
            chosen, side = max(rest, key=lambda key: (out_sum[key] - in_sum[key], key)), left
        side.append(chosen)
        rest.remove(chosen)
        for other, weight in flows[chosen][0].items():
            in_sum[other] -= weight
        for other, weight in flows[chosen][1].items():
            out_sum[other] -= weight
    return left + right[::-1]
