"""The data page's own numbers: customers seen by more than one source, days on which a source fell short, decisions."""

from __future__ import annotations

from dataclasses import dataclass

from reports import formats
from reports.figures import Figures
from reports.view import Report

MOST_DAYS = 40
MOST_DECISIONS = 26

_JOINED = """with person as (select customer_id, source_id from event where customer_id is not null group by all),
many as (select customer_id, count(*) > 1 as is_joined from person group by customer_id)
select source.name, count(*) as n, count(*) filter (many.is_joined) as n_joined
from person inner join many using (customer_id) inner join source using (source_id)
group by source.name, source.rank order by source.rank, source.name"""

_SHORT_DAYS = """select source.name, source_day.day, source_day.n_events, source_day.n_usual, count(*) over () as n_all
from source_day inner join source using (source_id)
where not source_day.is_complete order by source_day.day desc, source.rank, source.name limit $most"""

_DECISIONS = """select held.decided_for, held.window_from, held.window_to, count(decision.finding_id) as n_findings,
    count(*) filter (decision.status = 'confirmed') as n_confirmed
from decision_date as held left join decision using (decided_for)
where held.decided_for <= $night + interval 1 day
group by held.decided_for, held.window_from, held.window_to order by held.decided_for desc limit $most"""


@dataclass(frozen=True, slots=True)
class DataPage:
    """Tables as tuples of cells."""

    joined: tuple[tuple[str, ...], ...]
    short_days: tuple[tuple[str, ...], ...]
    short_more: str
    decisions: tuple[tuple[str, ...], ...]


def build(figures: Figures, _report: Report) -> DataPage:
    """Read and format them. Tables that an earlier release did not leave count as empty."""
    store, k = figures.store, figures.k
    joined = tuple(
        (source, formats.small_count(n, k), formats.small_count(n_joined, k), _share(n_joined, n, k))
        for source, n, n_joined in store.rows(_JOINED)
    )
    days = store.rows(_SHORT_DAYS, {"most": MOST_DAYS}) if store.has_table("source_day") else []
    n_left = days[0][4] - len(days) if days else 0
    return DataPage(
        joined=joined,
        short_days=tuple(
            (source, formats.date_long(day), formats.count(n), formats.count(usual))
            for source, day, n, usual, _ in days
        ),
        short_more=formats.plural(n_left, "Not listed: {n} earlier day.", "Not listed: {n} earlier days.")
        if n_left
        else "",
        decisions=tuple(
            (
                formats.date_long(day),
                formats.interval(formats.date_long(first), formats.date_long(last)),
                formats.count(n),
                formats.count(n_confirmed),
            )
            for day, first, last, n, n_confirmed in store.rows(
                _DECISIONS, {"night": figures.as_of, "most": MOST_DECISIONS}
            )
        ),
    )


def _share(n: int, of_n: int, k: int) -> str:
    return formats.NONE if 0 < n < k or of_n < k else formats.ratio(n, of_n)
