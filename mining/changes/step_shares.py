"""Weekly shares of visits that see a page, and of calls that have a step: watched for steps that nobody declared.

A page is what the step dictionary makes of its address, so that all products are one page. Only what customers see is
watched, and only a step whose share can be told in a usual week: MOVED_MIN units with it and without it. Of each kind
of unit the MOST_STEPS that are most often there, so that a large dictionary does not raise the bar for all others.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path

import numpy as np

from ingest.store import Store
from mining.changes.series import Table, Week

MOVED_MIN = 30
"""Units a week, on average, that have the step; and as many that do not."""
MOST_STEPS = 40
_SQL = Path(__file__).parent / "step_shares.sql"
_READ = "select is_visit, day, step, n from change_step_day order by all"

Days = dict[dt.date, float]


def read(store: Store, table: Table) -> list[tuple[bool, str, list[Week]]]:
    """(whether of visits, step, its weeks: hits = units with the step, n = all units) of all steps that are watched."""
    store.run(_SQL.read_text(encoding="utf-8"), name="change_step_day")
    counts: defaultdict[tuple[bool, str], Days] = defaultdict(dict)
    for is_visit, day, step, n in store.rows(_READ):
        counts[is_visit, step][day] = float(n)
    found = []
    for is_visit in (False, True):
        base = counts.pop((is_visit, ""), {})
        told = [
            (step, _weeks(table, days, base)) for (of_visits, step), days in counts.items() if of_visits == is_visit
        ]
        watched = [(step, weeks) for step, weeks in told if _is_watched(table, weeks)]
        watched.sort(key=lambda one: (-sum(week.hits for week in one[1]), one[0]))
        found += [(is_visit, step, weeks) for step, weeks in watched[:MOST_STEPS]]
    return found


def _weeks(table: Table, days: Days, base: Days) -> list[Week]:
    last, lost = table.frame.until, table.frame.lost
    kept = {day: (days.get(day, 0.0), n, n) for day, n in base.items() if day < last and day not in lost}
    return [week for week in table.full_weeks(kept, last) if week.n > 0]


def _is_watched(table: Table, weeks: list[Week]) -> bool:
    method = table.method
    if len(weeks) < method.change_pre_weeks_min + method.change_post_weeks_min:
        return False
    hits, n = (np.array([getattr(week, name) for week in weeks]) for name in ("hits", "n"))
    is_told = float(np.median(n)) >= method.change_contacts_min
    return is_told and min(float(hits.mean()), float((n - hits).mean())) >= MOVED_MIN
