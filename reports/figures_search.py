"""The numbers of what was looked for: units by split, records that are not shown, sizes of families."""

from __future__ import annotations

import datetime as dt
import json

from ingest.store import Store
from reports.records import NotTold, SearchedUnits, SearchFigure

_SHOWN = ("candidate", "confirmed")


def search_figure(store: Store, parts: int, case: str | None, valid_from: dt.date | None) -> SearchFigure:
    """Count what findings were looked for in. `parts` of ten customers propose; `case` and `valid_from` are those of
    the intended process."""
    told: dict[str, int] = {}
    not_told: list[NotTold] = []
    sizes: dict[str, int] = {}
    for kind, status, family, m, n_json, extra_json in store.rows(
        "select kind, status, family, m, n_json, extra_json from finding order by finding_id"
    ):
        sizes[family] = max(int(m or 0), sizes.get(family, 0))
        if status in _SHOWN:
            told[kind] = told.get(kind, 0) + 1
            continue
        n, extra = json.loads(n_json), json.loads(extra_json)
        not_told.append(
            NotTold(
                kind,
                status,
                int(n.get("units") or 0),
                int(n.get("n_discovery") or 0),
                int(n.get("n_confirm") or 0),
                extra.get("mde"),
            )
        )
    asked = store.value(
        """select max(n) from (
               select count(distinct moment.journey_id) as n from journey_event as moment
               inner join journey on journey.journey_id = moment.journey_id and journey.is_complete
               where moment.step::varchar in (
                   select step from touch where len(list_filter(asks, lambda item: item != '')) > 0)
               group by moment.step)"""
    )
    return SearchFigure(
        closed=_units(store, parts, None, None),
        cases=_units(store, parts, case, valid_from),
        n_asked=None if asked is None else int(asked),
        told=told,
        not_told=tuple(not_told),
        family_sizes=sizes,
    )


def _units(store: Store, parts: int, case: str | None, since: dt.date | None) -> SearchedUnits:
    """Closed journeys by split: all, or those that an intended process of this case speaks of."""
    row = store.rows(
        """select count(*) filter (part < $parts), count(*) filter (part >= $parts) from journey
           where is_complete and ($case is null or not is_truncated) and ($case is distinct from 'order'
                 or anchor = 'order') and ($since is null or started_at >= $since)""",
        {"parts": parts, "case": case, "since": since},
    )[0]
    return SearchedUnits(int(row[0]), int(row[1]))
