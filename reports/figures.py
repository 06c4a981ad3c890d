"""The numbers of a night, read from the warehouse into typed rows. The only module of reports that holds SQL.

Reads aggregates and the finding table; the few per-event reads (waits before a step, example journeys) lean on the stored
order of journey_event and are bounded. Everything is an integer, a share of integers or text of the finding record, so
that two readings of one warehouse are equal to the last digit.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from typing import Any

from ingest.store import Store

Z95 = 1.959963984540054
"""Quantile of the normal distribution for a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Night:
    """Size and window of the data. `facts` is the table run_fact as it stands."""

    as_of: dt.date
    data_from: dt.datetime | None
    data_to: dt.datetime | None
    n_events: int
    n_visible: int
    n_customers: int
    n_journeys: int
    n_order_journeys: int
    n_closed_journeys: int
    n_journey_events: int
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class StepFigure:
    """One declared, visible step that occurs. `gap_ms`: median ms since the step before, in the same journey."""

    step: str
    label: str
    stage: str
    channel: str
    department: str | None
    kind: str
    n_events: int
    n_raw: int
    n_journeys: int
    n_customers: int
    n_starts: int
    n_ends: int
    since_start_ms: int | None
    gap_ms: int | None
    wait_ms: int | None
    engaged_ms: int | None


@dataclass(frozen=True, slots=True)
class MoveFigure:
    """One directly-follows pair: `n` moves, with the median and 90th percentile of the time between."""

    source: str
    target: str
    n: int
    n_journeys: int
    n_customers: int
    gap_ms: int | None
    gap_p90_ms: int | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None when there is none, `n` the size of the sample."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class FindingFigure:
    """A row of the finding table, its JSON read. Field meanings: method.md 0.4."""

    finding_id: str
    label: str
    kind: str
    status: str
    grade: str
    rank: int
    title: str
    evidence_text: str
    caution: str
    where: dict[str, Any]
    window: dict[str, Any]
    n: dict[str, Any]
    effect: dict[str, Any]
    ci: dict[str, Any]
    p: float | None
    q: float | None
    family: str | None
    m: int | None
    cost: dict[str, Any]
    evidence: dict[str, Any]
    robustness: dict[str, Any]
    extra: dict[str, Any]
    first_seen: dt.date | None
    last_seen: dt.date | None
    definition_version: str
    config_hash: str
    input_hash: str
    seed: str
    n_nights: int
    of_nights: int

    @property
    def number(self) -> int:
        """The number on the map: F-07 is 7."""
        digits = "".join(c for c in self.label if c.isdigit())
        return int(digits) if digits else self.rank


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of an example journey: ms since the journey's start, and since the event before (None: the first)."""

    step: str
    at_ms: int
    gap_ms: int | None
    n_raw: int


@dataclass(frozen=True, slots=True)
class Example:
    """An example journey, by pseudonym."""

    key: str
    is_complete: bool
    n_events: int
    duration_ms: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """A way through the process that journeys share exactly."""

    variant_id: int
    steps: tuple[str, ...]
    n_steps: int
    n_journeys: int
    n_customers: int
    median_duration_ms: int | None


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """The most frequent variants, and how many more there are and what they cover."""

    top: tuple[Variant, ...]
    n_variants: int
    n_journeys: int
    n_small_variants: int
    n_small_journeys: int


@dataclass(frozen=True, slots=True)
class FileAccount:
    """The identity of one delivered file: n_lines = n_accepted + n_duplicate + n_quarantined + n_blank (+ n_held_back)."""

    source: str
    path: str
    n_lines: int
    n_accepted: int
    n_duplicate: int
    n_quarantined: int
    n_blank: int
    n_held_back: int
    n_dropped: int
    n_raw_events: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A named count, with what it belongs to."""

    group: str
    name: str
    n: int
    of_n: int | None = None
    note: str | None = None


class Figures:
    """Reads a warehouse; each method is one question. `k` is the least cell size (design rule 7)."""

    def __init__(self, store: Store, as_of: dt.date, k: int = 5) -> None:
        self.store = store
        self.as_of = as_of
        self.k = k

    def night(self) -> Night:
        """Sizes and window."""
        facts = dict(self.store.rows("select name, value from run_fact order by name, value"))
        events = self.store.rows("select count(*), count(*) filter (visible), min(occurred_at), max(occurred_at) from event")[0]
        journeys = self.store.rows(
            """select count(*), count(*) filter (anchor = 'order'), count(*) filter (is_complete), count(distinct customer_id)
               from journey"""
        )[0]
        moments = int(self.store.value("select count(*) from journey_event"))
        return Night(
            self.as_of, events[2], events[3], events[0], events[1], journeys[3], journeys[0], journeys[1], journeys[2], moments, facts
        )

    def departments(self) -> list[tuple[str, str]]:
        """(name, note) in the order of the lanes below the line of visibility."""
        return [(name, note or "") for name, note in self.store.rows("select department, note from department order by department_no")]

    def steps(self) -> list[StepFigure]:
        """Visible steps that occur, in the order of the step dictionary."""
        rows = self.store.rows(
            """with gap as (
                   select later.step, quantile_disc(greatest(0, date_diff('millisecond',
                              coalesce(earlier.ended_at, earlier.occurred_at), later.occurred_at)), 0.5) as gap_ms
                   from journey_event as later
                   inner join journey_event as earlier on earlier.pos = later.pos - 1 and earlier.journey_id = later.journey_id
                   group by later.step)
               select steps.step::varchar, touch.label, touch.stage::varchar, touch.channel::varchar, touch.department::varchar,
                      touch.class::varchar, steps.n_events, steps.n_raw, steps.n_journeys, steps.n_customers,
                      coalesce(starts.n_journeys, 0), coalesce(ends.n_journeys, 0), steps.since_start_median_ms, gap.gap_ms,
                      waiting.wait_median_ms, steps.engaged_median_ms
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
            """select step_from::varchar as source, step_to::varchar as target, n, n_journeys, n_customers, gap_median_ms, gap_p90_ms
               from dfg order by n desc, source, target"""
        )
        return [MoveFigure(*row) for row in rows]

    def department_gaps(self) -> dict[str, int]:
        """Median ms between the step before and a step of each department."""
        return dict(
            self.store.rows(
                """select later.department::varchar as department, quantile_disc(greatest(0, date_diff('millisecond',
                              coalesce(earlier.ended_at, earlier.occurred_at), later.occurred_at)), 0.5)
                   from journey_event as later
                   inner join journey_event as earlier on earlier.pos = later.pos - 1 and earlier.journey_id = later.journey_id
                   where later.department is not null
                   group by 1 order by 1"""
            )
        )

    def findings(self) -> list[FindingFigure]:
        """All findings that are shown (candidates and confirmed), in rank order."""
        history = {
            row[0]: row[1]
            for row in self.store.rows(
                "select finding_id, count(distinct night) from finding_history where night <= $night group by finding_id",
                {"night": self.as_of},
            )
        }
        of_nights = int(
            self.store.value("select count(distinct night) from finding_history where night <= $night", {"night": self.as_of}) or 0
        )
        rows = self.store.records(
            """select * from finding where status in ('candidate', 'confirmed') order by rank_no, no_label, finding_id"""
        )
        return [_finding(row, history.get(row["finding_id"], 1), max(of_nights, 1)) for row in rows]

    def finding_statuses(self) -> dict[str, int]:
        """How many findings there are per status, also those not shown."""
        return dict(self.store.rows("select status, count(*) from finding group by status order by status"))

    def history(self, finding_id: str, most: int = 60) -> list[tuple[dt.date, float, float | None, float | None]]:
        """(night, value, low, high) of the last nights up to this one, oldest first."""
        rows = self.store.rows(
            """select night, value, low, high from finding_history where finding_id = $id and night <= $night and value is not null
               order by night desc limit $most""",
            {"id": finding_id, "night": self.as_of, "most": most},
        )
        return [(night, float(v), low, high) for night, v, low, high in reversed(rows)]

    def examples(self, keys: list[str], most_moments: int = 24) -> list[Example]:
        """The journeys with these pseudonyms, in the order given; at most `most_moments` events each."""
        if not keys:
            return []
        rows = self.store.rows(
            """select journey.journey_key, journey.is_complete, moment.step::varchar, moment.n_raw,
                      epoch_ms(moment.occurred_at) - min(epoch_ms(moment.occurred_at)) over (partition by moment.journey_id) as at_ms,
                      epoch_ms(coalesce(moment.ended_at, moment.occurred_at)) as end_ms, epoch_ms(moment.occurred_at) as start_ms
               from journey inner join journey_event as moment on moment.journey_id = journey.journey_id
               where list_contains($keys, journey.journey_key) order by journey.journey_key, moment.pos""",
            {"keys": keys},
        )
        by_key: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            by_key.setdefault(row[0], []).append(row)
        return [_example(key, by_key[key], most_moments) for key in keys if key in by_key]

    def variants(self, most: int = 5) -> VariantSummary:
        """The most frequent variants of at least `k` customers."""
        rows = self.store.rows(
            """select variant_id, steps, n_steps, n_journeys, n_customers, median_duration_ms from variants
               where n_customers >= $k order by n_journeys desc, steps limit $most""",
            {"k": self.k, "most": most},
        )
        totals = self.store.rows(
            """select count(*), coalesce(sum(n_journeys), 0)::bigint, count(*) filter (n_customers < $k),
                      coalesce(sum(n_journeys) filter (n_customers < $k), 0)::bigint from variants""",
            {"k": self.k},
        )[0]
        top = tuple(Variant(row[0], tuple(row[1].split(" > ")), *row[2:]) for row in rows)
        return VariantSummary(top, *totals)

    def calls_per_100(self) -> tuple[Estimate | None, str]:
        """Calls per 100 journeys with an order (per 100 journeys when there are no orders), and that unit's name."""
        has_orders = bool(self.store.value("select count(*) > 0 from journey where anchor = 'order'"))
        estimate = self._ratio("metrics.n_calls", "journey.anchor = 'order'" if has_orders else "true", 100)
        return estimate, "orders" if has_orders else "journeys"

    def departments_met(self) -> Estimate | None:
        """Departments that a journey touches, mean."""
        return self._ratio("metrics.n_departments", "true", 1)

    def _ratio(self, measure: str, where: str, per: int) -> Estimate | None:
        """`per` times sum(measure) / journeys, with an interval by linearisation; clusters are customers.

        se^2 = sum over customers of (y - R x)^2 / (sum x)^2, times c / (c - 1); sums are integers, hence exact.
        `measure` and `where` are constants of this module.
        """
        row = self.store.rows(
            f"""with customer as (
                    select journey.customer_id, count(*)::hugeint as x, sum({measure})::hugeint as y
                    from journey inner join journey_metrics as metrics on metrics.journey_id = journey.journey_id
                    where {where} group by journey.customer_id)
                select count(*), coalesce(sum(x), 0)::hugeint, coalesce(sum(y), 0)::hugeint, coalesce(sum(y * y), 0)::hugeint,
                       coalesce(sum(x * y), 0)::hugeint, coalesce(sum(x * x), 0)::hugeint from customer"""
        )[0]
        clusters, x, y, yy, xy, xx = (int(value) for value in row)
        if not x:
            return None
        r = y / x
        if clusters < 2:
            return Estimate(per * r, None, None, x)
        spread = max(0.0, yy - 2 * r * xy + r * r * xx) * clusters / (clusters - 1)
        half = Z95 * math.sqrt(spread) / x
        return Estimate(per * r, per * max(0.0, r - half), per * (r + half), x)

    def duration(self) -> Estimate | None:
        """Median ms of closed journeys with an order (of all closed ones without orders); interval by order statistics."""
        where = "journey.is_complete and (journey.anchor = 'order' or not exists (select 1 from journey where anchor = 'order'))"
        n = int(
            self.store.value(
                f"select count(*) from journey inner join journey_metrics using (journey_id) where {where}"
            )
        )
        if not n:
            return None
        half = Z95 * math.sqrt(n) / 2
        ranks = [math.ceil(n / 2), max(1, math.floor(n / 2 - half)), min(n, math.ceil(n / 2 + half) + 1)]
        rows = self.store.rows(
            f"""select duration_ms from (
                    select metrics.duration_ms, row_number() over (order by metrics.duration_ms, metrics.journey_id) as place
                    from journey inner join journey_metrics as metrics using (journey_id) where {where})
                where list_contains($ranks, place) order by place""",
            {"ranks": ranks},
        )
        values = sorted(float(row[0]) for row in rows)
        if len(set(ranks)) < 3:
            return Estimate(values[len(values) // 2], None, None, n)
        return Estimate(values[1], values[0], values[2], n)

    def weekly(self) -> list[tuple[dt.date, int, int]]:
        """(Monday, journeys with an order that started in that week or all without orders, their calls); full weeks only."""
        return self.store.rows(
            """with limits as (select min(started_at) as first_at, max(started_at) as last_at from journey),
                    orders as (select count(*) > 0 as any_order from journey where anchor = 'order')
               select date_trunc('week', journey.started_at)::date as week, count(*), sum(metrics.n_calls)::bigint
               from journey inner join journey_metrics as metrics using (journey_id), limits, orders
               where (journey.anchor = 'order' or not any_order)
                 and date_trunc('week', journey.started_at) >= first_at
                 and date_trunc('week', journey.started_at) + interval 7 day <= last_at
               group by week order by week"""
        )

    def files(self) -> list[FileAccount]:
        """The accounting of every delivered file, by source and name."""
        rows = self.store.records(
            """select source.name as source, ledger.* from ledger left join source using (source_id)
               order by source.rank, source.name, ledger.first_at nulls last, ledger.path, ledger.file_id"""
        )
        return [
            FileAccount(
                row["source"] or "?", str(row["path"]).rsplit("/", 1)[-1],
                *(int(row.get(name) or 0) for name in ("n_lines", "n_accepted", "n_duplicate", "n_quarantined", "n_blank", "n_held_back", "n_dropped", "n_raw_events")),
                row["first_at"], row["last_at"], row["status"], row["reason"],
            )
            for row in rows
        ]  # fmt: skip

    def dropped(self) -> list[Counted]:
        """Lines read, understood and not wanted, per source and reason."""
        rows = self.store.rows(
            """select source.name as source, dropped.reason, sum(dropped.n_lines)::bigint as n from dropped
               inner join ledger using (file_id) left join source using (source_id)
               group by source.name, dropped.reason, source.rank order by source.rank, n desc, dropped.reason"""
        )
        return [Counted(source or "?", reason, n) for source, reason, n in rows]

    def quarantined(self, most: int = 50) -> list[Counted]:
        """Quarantined lines per source, field and expectation; never a value."""
        rows = self.store.rows(
            """select source.name as source, quarantine.field, quarantine.expectation, count(*) as n from quarantine
               inner join ledger using (file_id) left join source using (source_id)
               group by source.name, quarantine.field, quarantine.expectation, source.rank
               order by n desc, source.rank, quarantine.field, quarantine.expectation limit $most""",
            {"most": most},
        )
        return [Counted(source or "?", field or "line", n, note=expectation) for source, field, expectation, n in rows]

    def undeclared(self, most: int = 50) -> tuple[int, list[Counted]]:
        """Events whose code the step dictionary does not know: how many, and the most frequent codes."""
        total = int(self.store.value("select count(*) from event where visible is null"))
        rows = self.store.rows(
            """select source.name as source, event.raw_code, count(*) as n, count(distinct event.customer_id) as people from event
               left join source using (source_id) where event.visible is null
               group by source.name, event.raw_code, source.rank order by n desc, source.rank, event.raw_code limit $most""",
            {"most": most},
        )
        return total, [Counted(source or "?", code, n, people) for source, code, n, people in rows]

    def hidden(self) -> list[Counted]:
        """Events behind the line of visibility, per step: counted, never drawn."""
        rows = self.store.rows(
            """select coalesce(touch.department::varchar, 'Customer'), touch.label, count(*) as n, touch.step from event
               inner join touch on touch.step = event.step::varchar where not event.visible
               group by 1, 2, touch.step, touch.step_no order by n desc, touch.step_no"""
        )
        return [Counted(department, label, n, note=step) for department, label, n, step in rows]

    def quality(self) -> list[Counted]:
        """The measures of identity and data quality that ingest left, in its order of names."""
        rows = self.store.rows("select measure, source, n, of_n, note from data_quality order by measure, source nulls first, note, n desc")
        return [Counted(source or "", measure, n, of_n, note) for measure, source, n, of_n, note in rows]

    def gaps(self, most: int = 50) -> list[tuple[str, dt.date, dt.date]]:
        """Days without any event of a source, between its first and last day: (source, first day, last day)."""
        return self.store.rows(
            """with day as (
                   select distinct source_id, occurred_at::date as day from event),
               step as (
                   select source_id, day, lead(day) over (partition by source_id order by day) as next_day from day)
               select source.name, (step.day + interval 1 day)::date, (step.next_day - interval 1 day)::date
               from step inner join source using (source_id) where step.next_day > step.day + interval 1 day
               order by source.rank, source.name, step.day limit $most""",
            {"most": most},
        )

    def models(self) -> list[dict[str, Any]]:
        """Quality of the discovered and intended models."""
        return self.store.records("select * from model_quality order by model")


def _json(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {"value": found}


def _finding(row: dict[str, Any], n_nights: int, of_nights: int) -> FindingFigure:
    return FindingFigure(
        row["finding_id"], row["no_label"], row["kind"], row["status"], row["grade"], int(row["rank_no"] or 0), row["title"],
        row["text_evidence"] or "", row["text_caution"] or "", _json(row["where_json"]), _json(row["window_json"]),
        _json(row["n_json"]), _json(row["effect_json"]), _json(row["ci_json"]), row["p"], row["q"], row["family"], row["m"],
        _json(row["cost_json"]), _json(row["evidence_json"]), _json(row["robustness_json"]), _json(row["extra_json"]),
        row["first_seen"], row["last_seen"], str(row["definition_version"] or ""), str(row["config_hash"] or ""),
        str(row["input_hash"] or ""), str(row["seed"] if row["seed"] is not None else ""), n_nights, of_nights,
    )  # fmt: skip


def _example(key: str, rows: list[tuple[Any, ...]], most: int) -> Example:
    moments, last_end = [], None
    for _, _, step, n_raw, at_ms, end_ms, start_ms in rows:
        gap = None if last_end is None else max(0, start_ms - last_end)
        moments.append(Moment(step, int(at_ms), gap, int(n_raw or 1)))
        last_end = end_ms
    return Example(key, bool(rows[0][1]), len(rows), max(moment.at_ms for moment in moments), tuple(moments[:most]))
