"""The numbers that only the map needs: waits and times per step, what lies behind the line, journeys drawn whole.

Like `figures`, the only SQL of its part; everything is an integer or text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.store import Store


@dataclass(frozen=True, slots=True)
class Touch:
    """A declared, visible step, whether it occurs or not. `actor`: customer or company."""

    step: str
    label: str
    stage: str
    channel: str
    department: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class StepTimes:
    """How long a step holds its customers. Waits are those in a queue; all in ms, sums over all events."""

    engaged_p90_ms: int | None
    engaged_sum_ms: int | None
    wait_median_ms: int | None
    wait_p90_ms: int | None
    wait_sum_ms: int


@dataclass(frozen=True, slots=True)
class OffMap:
    """What is no step of the map: hidden steps and their events by who does them, codes that nobody declared."""

    n_backstage_steps: int
    n_backstage: int
    n_system_steps: int
    n_system: int
    n_undeclared_codes: int
    n_undeclared: int


def touches(store: Store) -> list[Touch]:
    """The visible part of the step dictionary, in its order."""
    rows = store.rows(
        """select step, label, stage::varchar, channel::varchar, department::varchar, actor::varchar
           from touch where visible order by step_no"""
    )
    return [Touch(*row) for row in rows]


def step_times(store: Store) -> dict[str, StepTimes]:
    """Times of each step that occurs."""
    rows = store.rows(
        """select steps.step::varchar, steps.engaged_p90_ms, steps.engaged_sum_ms, waiting.wait_median_ms,
                  waiting.wait_p90_ms, coalesce(waiting.wait_sum_ms, 0)
           from steps left join waiting_times as waiting on waiting.step = steps.step order by 1"""
    )
    return {step: StepTimes(*rest) for step, *rest in rows}


def off_map(store: Store) -> OffMap:
    """Events that no map shows, counted."""
    hidden = store.rows(
        """select count(distinct step) filter (channel <> 'system'), count(*) filter (channel <> 'system'),
                  count(distinct step) filter (channel = 'system'), count(*) filter (channel = 'system')
           from event where not visible"""
    )[0]
    undeclared = store.rows("select count(distinct (source_id, raw_code)), count(*) from event where visible is null")[
        0
    ]
    return OffMap(*hidden, *undeclared)


def n_journeys_whole(store: Store, pairs: Iterable[tuple[str, str]]) -> int:
    """Journeys all of whose moves are among `pairs` (step, next step). Leans on the stored order, as mining does."""
    known = sorted(set(pairs))
    return int(
        store.value(
            """with pair as (select unnest($sources) as source, unnest($targets) as target),
                drawn as (  -- in the type of the steps, so that events are joined by number, not by name
                    select before.step as source, after.step as target from pair
                    inner join steps as before on before.step::varchar = pair.source
                    inner join steps as after on after.step::varchar = pair.target),
                moved as (
                    select journey_id, step, lag(step) over () as step_before,
                           lag(journey_id) over () as journey_before
                    from journey_event),
                missed as (
                    select count(distinct moved.journey_id) as n from moved
                    anti join drawn on drawn.source = moved.step_before and drawn.target = moved.step
                    where moved.journey_id = moved.journey_before)
               select (select count(distinct journey_id) from journey_event) - n from missed""",
            {"sources": [a for a, _ in known] or [""], "targets": [b for _, b in known] or [""]},
        )
    )
