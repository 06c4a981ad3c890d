"""Journeys that a source could not be joined to (method notes 2.4, 3.4): that is no skipping.

An order placed on the web needs the pages of the checkout. Where they belong to a visitor whom nothing links to the
customer, the journey has the order alone, and the cheapest alignment makes it an order by telephone whose call was
skipped. So a journey leaves the denominator when it has a step that the process allows only together with several steps
of a source, when it has no step of that source at all, and when that source often knows customers by weak identifiers
only. A source that always knows them surely stays: there, several steps that are missing are several steps skipped.
"""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from ingest.store import Store
from mining.automaton import Automaton
from mining.context import Context

_TOLD = """
    select cast(step as varchar) as step, source_id, count(*) as n_events,
        count(*) filter (identity_strength is distinct from 'strong') as n_unsure
    from event where visible and list_contains($steps, cast(step as varchar)) group by all order by all"""
_FIND = """
    with way as (select variant_id, string_split(steps, ' > ') as steps from variants),
    unlinked as (
        select distinct variant_id from way inner join unlinked_pattern as p
            on list_contains(way.steps, p.step) and not list_has_any(way.steps, p.lacks)
    )
    insert into unrecorded_journey
    select journey_id, 'unlinked'
    from journey_metrics semi join unlinked using (variant_id) anti join unrecorded_journey using (journey_id)
    order by journey_id"""
_SOLE_SHARE = 0.9
"""A step belongs to the source that tells this share of its events."""


def find(store: Store, context: Context) -> None:
    """Add the journeys to `unrecorded_journey`, with the reason 'unlinked'."""
    if context.intended is None:
        return
    patterns = _patterns(store, context)
    store.put(
        "unlinked_pattern",
        pa.table(
            {
                "step": pa.array([step for step, _ in patterns], pa.string()),
                "lacks": pa.array([sorted(lacks) for _, lacks in patterns], pa.list_(pa.string())),
            }
        ),
    )
    store.run(_FIND, name="unlinked journeys")
    store.drop("unlinked_pattern")


def _patterns(store: Store, context: Context) -> list[tuple[str, frozenset[str]]]:
    """(a step that a journey has, all steps of a source of which it has none)."""
    intended, method = context.intended, context.method
    assert intended is not None
    needed = needed_by(intended.automaton)
    return [
        (step, own)
        for own in _loosely_known(store, intended.labels, method.unlinked_unsure_share_min)
        for step in sorted(intended.labels - own)
        if len(needed[step] & own) >= method.unlinked_steps_min
    ]


def _loosely_known(store: Store, labels: frozenset[str], unsure_share_min: float) -> list[frozenset[str]]:
    """The steps of each source that often knows customers by weak identifiers only."""
    by_step: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for step, source_id, n_events, n_unsure in store.rows(_TOLD, {"steps": sorted(labels)}):
        by_step[step][source_id] = (n_events, n_unsure)
    own: dict[int, set[str]] = defaultdict(set)
    events: dict[int, int] = defaultdict(int)
    unsure: dict[int, int] = defaultdict(int)
    for step, told in by_step.items():
        source_id = max(told, key=lambda source: (told[source][0], -source))
        n_events, n_unsure = told[source_id]
        if n_events >= _SOLE_SHARE * sum(n for n, _ in told.values()):
            own[source_id].add(step)
            events[source_id] += n_events
            unsure[source_id] += n_unsure
    return [frozenset(own[s]) for s in sorted(own) if unsure[s] >= unsure_share_min * events[s]]


def needed_by(automaton: Automaton) -> dict[str, frozenset[str]]:
    """Of each step the other steps that every allowed sequence with it has."""
    needed: dict[str, set[str]] = {step: set() for step in automaton.labels}
    for other in automaton.labels:
        possible = _possible_without(automaton, other)
        for step in automaton.labels - possible - {other}:
            needed[step].add(other)
    return {step: frozenset(others) for step, others in needed.items()}


def _possible_without(automaton: Automaton, other: str) -> set[str]:
    """The steps of all allowed sequences that do not have `other`."""
    forward: dict[int, list[int]] = defaultdict(list)
    backward: dict[int, list[int]] = defaultdict(list)
    kept = [
        (state, step, target)
        for state, edges in enumerate(automaton.moves)
        for step, target in edges.items()
        if step != other
    ]
    for state, _, target in kept:
        forward[state].append(target)
        backward[target].append(state)
    before, after = _reached({0}, forward), _reached(set(automaton.accepting), backward)
    return {step for state, step, target in kept if state in before and target in after}


def _reached(start: set[int], edges: dict[int, list[int]]) -> set[int]:
    seen, stack = set(start), list(start)
    while stack:
        for state in edges[stack.pop()]:
            if state not in seen:
                seen.add(state)
                stack.append(state)
    return seen
