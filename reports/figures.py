"""The numbers of a night, read from the warehouse into typed rows. What more than one page shows is read here, in
figures_data and figures_ways; what one page shows alone, in that page's module (reports/pages/).

Reads aggregates and the finding table; the few per-event reads (waits before a step, example journeys) lean on the
stored order of journey_event. Everything is an integer, a share of integers or text of the finding record, so that two
readings of one warehouse are equal to the last digit.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from ingest.store import Store
from reports.figures_data import DataFigures
from reports.figures_ways import read_ways
from reports.records import (
    Estimate,
    Example,
    FindingFigure,
    Moment,
    MoveFigure,
    Night,
    StepFigure,
    WaySummary,
)

_WAITS = """with moved as (
    select step, department, journey_id, lag(journey_id) over () as journey_before,
           greatest(0, epoch_us(occurred_at) - lag(epoch_us(coalesce(ended_at, occurred_at))) over ()) // 1000 as gap_ms
    from journey_event)"""
"""Each event with the ms since the event before it. Leans on the stored order, (journey, time), as mining does."""


class Figures(DataFigures):
    """Reads a warehouse; each method is one question. `k` is the least cell size (design rule 7)."""

    def __init__(self, store: Store, as_of: dt.date, k: int = 5) -> None:
        self.store = store
        self.as_of = as_of
        self.k = k
        self.views: dict[str, Any] = {}
        """What pages made of these numbers, by page (reports/pages)."""

    def night(self) -> Night:
        """Sizes and window."""
        facts = dict(self.store.rows("select name, value from run_fact order by name, value"))
        events = self.store.rows(
            "select count(*), count(*) filter (visible), min(occurred_at), max(occurred_at) from event"
        )[0]
        journeys = self.store.rows(
            """select count(*), count(*) filter (anchor = 'order'), count(*) filter (is_complete),
                      count(distinct customer_id) from journey"""
        )[0]
        moments = int(self.store.value("select count(*) from journey_event"))
        return Night(
            self.as_of,
            events[2],
            events[3],
            events[0],
            events[1],
            journeys[3],
            journeys[0],
            journeys[1],
            journeys[2],
            moments,
            facts,
        )

    def departments(self) -> list[tuple[str, str]]:
        """(name, note) in the order of the lanes below the line of visibility."""
        return [
            (name, note or "")
            for name, note in self.store.rows("select department, note from department order by department_no")
        ]

    def steps(self) -> list[StepFigure]:
        """Visible steps that occur, in the order of the step dictionary."""
        rows = self.store.rows(
            f"""{_WAITS},
               gap as (
                   select step, quantile_disc(gap_ms, 0.5) as gap_ms from moved
                   where journey_id = journey_before group by step)
               select steps.step::varchar, touch.label, touch.stage::varchar, touch.channel::varchar,
                      touch.department::varchar, touch.class::varchar, steps.n_events, steps.n_raw, steps.n_journeys,
                      steps.n_customers, coalesce(starts.n_journeys, 0), coalesce(ends.n_journeys, 0),
                      steps.since_start_median_ms, gap.gap_ms, waiting.wait_median_ms, steps.engaged_median_ms
               from steps
               inner join touch on touch.step = steps.step::varchar
               left join starts on starts.step = steps.step
               left join ends on ends.step = steps.step
               left join waiting_times as waiting on waiting.step = steps.step
               left join gap on gap.step = steps.step
               order by touch.step_no, steps.step::varchar"""
        )
        return [StepFigure(*row) for row in rows]

    def moves(self) -> list[MoveFigure]:
        """All directly-follows pairs, most frequent first."""
        rows = self.store.rows(
            """select step_from::varchar as source, step_to::varchar as target, n, n_journeys, n_customers,
                      gap_median_ms, gap_p90_ms
               from dfg order by n desc, source, target"""
        )
        return [MoveFigure(*row) for row in rows]

    def department_gaps(self) -> dict[str, int]:
        """Median ms between the step before and a step of each department."""
        return dict(
            self.store.rows(
                f"""{_WAITS}
                    select department::varchar as department, quantile_disc(gap_ms, 0.5) from moved
                    where journey_id = journey_before and department is not null group by 1 order by 1"""
            )
        )

    def findings(self) -> list[FindingFigure]:
        """All findings that are shown (candidates and confirmed), in rank order."""
        history = {
            row[0]: row[1]
            for row in self.store.rows(
                """select finding_id, count(distinct night) from finding_history
                   where night <= $night group by finding_id""",
                {"night": self.as_of},
            )
        }
        of_nights = int(
            self.store.value(
                "select count(distinct night) from finding_history where night <= $night", {"night": self.as_of}
            )
            or 0
        )
        rows = self.store.records(
            """select * from finding where status in ('candidate', 'confirmed')
               order by rank_no, no_label, finding_id"""
        )
        return [_finding(row, history.get(row["finding_id"], 1), max(of_nights, 1)) for row in rows]

    def finding_statuses(self) -> dict[str, int]:
        """How many findings there are per status, also those not shown."""
        return dict(self.store.rows("select status, count(*) from finding group by status order by status"))

    def history(self, finding_id: str, most: int = 60) -> list[tuple[dt.date, float, float | None, float | None]]:
        """(night, value, low, high) of the last nights up to this one, oldest first."""
        rows = self.store.rows(
            """select night, value, low, high from finding_history
               where finding_id = $id and night <= $night and value is not null
               order by night desc limit $most""",
            {"id": finding_id, "night": self.as_of, "most": most},
        )
        return [(night, float(v), low, high) for night, v, low, high in reversed(rows)]

    def examples(self, keys: Iterable[str], most_moments: int = 60) -> dict[str, Example]:
        """The journeys with these pseudonyms, at most `most_moments` events of each; one pass over the events."""
        rows = self.store.rows(
            """select journey.journey_key, journey.is_complete, moment.step::varchar, moment.n_raw,
                      epoch_ms(moment.occurred_at) as start_ms,
                      epoch_ms(coalesce(moment.ended_at, moment.occurred_at)) as end_ms
               from journey inner join journey_event as moment on moment.journey_id = journey.journey_id
               where journey.journey_key in (select unnest($keys::varchar[]))
               order by journey.journey_key, moment.pos""",
            {"keys": sorted(set(keys))},
        )
        by_key: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            by_key.setdefault(row[0], []).append(row)
        return {key: _example(key, members, most_moments) for key, members in by_key.items()}

    def ways(self, most: int = 5) -> WaySummary:
        """The most frequent ways of at least `k` customers, page views left out; of orders, where there are any."""
        found = self.all_ways.get(self.has_orders) or WaySummary((), 0, 0, 0, 0, self.has_orders)
        return replace(found, top=found.top[:most])

    @cached_property
    def all_ways(self) -> dict[bool, WaySummary]:
        """By whether the journeys have an order: their ways, up to figures_ways.MOST of them."""
        return read_ways(self.store, self.k)

    @cached_property
    def has_orders(self) -> bool:
        """Whether any journey has an order; if so, figures speak of these."""
        return bool(self.store.value("select count(*) > 0 from journey where anchor = 'order'"))

    def _scope(self) -> str:
        return "journey.anchor = 'order'" if self.has_orders else "true"

    def calls_per_100(self) -> tuple[Estimate | None, str]:
        """Calls per 100 journeys with an order (per 100 journeys when there are no orders), and that unit's name.

        None where no event names a call: the logs do not tell calls apart, so none were counted, which is not none.
        """
        return self.key_figures.get("calls_per_100"), "orders" if self.has_orders else "journeys"

    def departments_met(self) -> Estimate | None:
        """Departments that a journey touches, mean."""
        return self.key_figures.get("departments_met")

    def duration(self) -> Estimate | None:
        """Median ms of closed journeys (with an order, where there are any)."""
        return self.key_figures.get("duration_ms")

    @cached_property
    def key_figures(self) -> dict[str, Estimate]:
        """The key figures that mining wrote down last up to this night, by measure (mining/night_figures.py)."""
        rows = self.store.rows(
            """select measure, value, low, high, n from night_figure
               where night = (select max(night) from night_figure where night <= $night)""",
            {"night": self.as_of},
        )
        return {measure: Estimate(*numbers) for measure, *numbers in rows}

    def weekly(self) -> list[tuple[dt.date, int, int]]:
        """(Monday, journeys that started in that week, their calls), full weeks; of orders, where there are any."""
        return self.store.rows(
            f"""with limits as (select min(started_at) as first_at, max(started_at) as last_at from journey)
               select date_trunc('week', journey.started_at)::date as week, count(*), sum(metrics.n_calls)::bigint
               from journey inner join journey_metrics as metrics using (journey_id), limits
               where {self._scope()}
                 and date_trunc('week', journey.started_at) >= first_at
                 and date_trunc('week', journey.started_at) + interval 7 day <= last_at
               group by week order by week"""
        )


def _json(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {"value": found}


def _finding(row: dict[str, Any], n_nights: int, of_nights: int) -> FindingFigure:
    return FindingFigure(
        row["finding_id"],
        row["no_label"],
        row["kind"],
        row["status"],
        row["grade"],
        int(row["rank_no"] or 0),
        row["title"],
        row["text_evidence"] or "",
        row["text_caution"] or "",
        _json(row["where_json"]),
        _json(row["window_json"]),
        _json(row["n_json"]),
        _json(row["effect_json"]),
        _json(row["ci_json"]),
        row["p"],
        row["q"],
        row["family"],
        row["m"],
        _json(row["cost_json"]),
        _json(row["evidence_json"]),
        _json(row["robustness_json"]),
        _json(row["extra_json"]),
        row["first_seen"],
        row["last_seen"],
        str(row["definition_version"] or ""),
        str(row["config_hash"] or ""),
        str(row["input_hash"] or ""),
        str(row["seed"] if row["seed"] is not None else ""),
        n_nights,
        of_nights,
    )


def _example(key: str, rows: list[tuple[Any, ...]], most: int) -> Example:
    moments: list[Moment] = []
    last_end: int | None = None
    first_ms = int(rows[0][4])
    for _, _, step, n_raw, start_ms, end_ms in rows:
        gap = None if last_end is None else max(0, start_ms - last_end)
        moments.append(Moment(step, int(start_ms) - first_ms, gap, int(n_raw or 1)))
        last_end = end_ms
    return Example(key, bool(rows[0][1]), len(rows), max(moment.at_ms for moment in moments), tuple(moments[:most]))
