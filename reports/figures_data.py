"""The numbers of the data page: what became of each delivered line. The second half of `figures`, which inherits it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ingest.scrub import scrub
from ingest.store import Store
from reports.records import ClockFigure, Counted, FileAccount


class DataFigures:
    """Accounting, quarantine, undeclared codes, hidden steps, quality and gaps."""

    store: Store
    k: int

    def files(self) -> list[FileAccount]:
        """The accounting of every delivered file, by source and name."""
        rows = self.store.records(
            """select source.name as source, ledger.* from ledger left join source using (source_id)
               order by source.rank, source.name, ledger.first_at nulls last, ledger.path, ledger.file_id"""
        )
        return [_file(row) for row in rows]

    def dropped(self) -> list[Counted]:
        """Lines read, understood and not wanted, per source and reason."""
        rows = self.store.rows(
            """select source.name as source, dropped.reason, sum(dropped.n_lines)::bigint as n from dropped
               inner join ledger using (file_id) left join source using (source_id)
               group by source.name, dropped.reason, source.rank order by source.rank, n desc, dropped.reason"""
        )
        return [Counted(source or "?", reason, n) for source, reason, n in rows]

    def quarantined(self, most: int = 50) -> list[Counted]:
        """Quarantined lines per source, field ('' = the whole line) and expectation; never a value."""
        rows = self.store.rows(
            """select source.name as source, quarantine.field, quarantine.expectation, count(*) as n from quarantine
               inner join ledger using (file_id) left join source using (source_id)
               group by source.name, quarantine.field, quarantine.expectation, source.rank
               order by n desc, source.rank, quarantine.field, quarantine.expectation limit $most""",
            {"most": most},
        )
        return [Counted(source or "?", field or "", n, note=expectation) for source, field, expectation, n in rows]

    def undeclared(self, most: int = 50) -> tuple[int, list[Counted]]:
        """Events whose code the step dictionary does not know: how many, and the most frequent codes.

        A code that few customers have may hold a name (`/konto/mia-wolf`): such codes are one row of each source,
        without a name.
        """
        total = int(self.store.value("select count(*) from event where visible is null"))
        rows = self.store.rows(
            """with counted as (
                   select source.name as source, source.rank as rank, event.raw_code as code, count(*) as n,
                       count(distinct event.customer_id) as people
                   from event left join source using (source_id) where event.visible is null
                   group by source.name, source.rank, event.raw_code),
               folded as (
                   select source, rank, code, n, people, 1 as n_codes, false as is_rare from counted
                   where people not between 1 and $k - 1
                   union all
                   select source, rank, '', sum(n)::bigint, $k, count(*), true
                   from counted where people between 1 and $k - 1 group by source, rank)
               select source, code, n, people, n_codes from folded order by is_rare, n desc, rank, code limit $most""",
            {"most": most, "k": self.k},
        )
        return total, [
            Counted(source or "?", code, n, people, n_names=n_codes) for source, code, n, people, n_codes in rows
        ]

    def hidden(self) -> list[Counted]:
        """Events behind the line of visibility, per department ('' = the customer) and step: counted, never drawn."""
        rows = self.store.rows(
            """with counted as (select step::varchar as step, count(*) as n from event where not visible group by step)
               select coalesce(touch.department::varchar, ''), touch.label, counted.n, touch.step
               from counted inner join touch using (step) order by counted.n desc, touch.step_no"""
        )
        return [Counted(department, label, n, note=step) for department, label, n, step in rows]

    def quality(self) -> list[Counted]:
        """The measures of identity and data quality that ingest left, in its order of names."""
        rows = self.store.rows(
            """select measure, source, n, of_n, note from data_quality
            where not starts_with(measure, 'hidden step') and not starts_with(measure, 'undeclared') order by rowid"""
        )
        return [Counted(source or "", measure, n, of_n, note) for measure, source, n, of_n, note in rows]

    def audits(self) -> list[tuple[str, str, bool, str]]:
        """What the audits of ingest found in the night's data: (audit, severity, whether it may be published,
        message for readers). The worst first."""
        if not self.store.has_table("audit"):
            return []
        found = self.store.records("from audit order by publishes, severity, audit, message")
        return [
            # a warehouse that an earlier version left has the operators' message alone
            (row["audit"], row["severity"], row["publishes"], row.get("local_message") or row["message"])
            for row in found
        ]

    def clocks(self) -> list[ClockFigure]:
        """The sources' clocks against one another, pair by pair, as ingest measured them."""
        if not self.store.has_table("clock_skew"):  # a warehouse that an earlier version left
            return []
        rows = self.store.records(
            """select a.name as source, b.name as other, k.moment, k.n, k.ahead_ms, k.spread_ms, k.low_ms, k.high_ms,
                k.is_best, k.is_apart, k.verdict, t.n_moves, t.n_turned,
                (
                    select list(row(d.day, d.n, d.ahead_ms) order by d.day) from clock_skew_day as d
                    where d.id_a = k.id_a and d.id_b = k.id_b and d.moment = k.moment
                ) as days
            from clock_skew as k
            inner join source as a on a.source_id = k.id_a
            inner join source as b on b.source_id = k.id_b
            left join clock_turned as t on t.id_a = k.id_a and t.id_b = k.id_b and k.is_best
            order by a.rank, a.name, b.rank, b.name, k.is_best desc, k.moment"""
        )
        return [ClockFigure(**row | {"days": tuple(row["days"] or ())}) for row in rows]

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


def _file(row: dict[str, Any]) -> FileAccount:
    def n(name: str) -> int:
        return int(row.get(name) or 0)

    return FileAccount(
        source=row["source"] or "?",
        path=scrub(str(row["path"]).rsplit("/", 1)[-1]),
        n_lines=n("n_lines"),
        n_accepted=n("n_accepted"),
        n_duplicate=n("n_duplicate"),
        n_quarantined=n("n_quarantined"),
        n_blank=n("n_blank"),
        n_held_back=n("n_held_back"),
        n_dropped=n("n_dropped"),
        n_raw_events=n("n_raw_events"),
        first_at=row["first_at"],
        last_at=row["last_at"],
        status=row["status"],
        reason=row["reason"],
    )
