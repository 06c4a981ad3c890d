"""What the recording leaves open (method notes 2.2, 3.4): days on which a source fell silent, events of a day only.

Tables: `source_day` and `unrecorded_journey` (kept); `coarse_event`, `coarse_journey` and `business_clock` (temporary).
Without them an outage would read "5,000 customers skipped payment", and a step that is told by its day only would seem
to come last on that day.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ingest.language import mark, say
from ingest.store import Store
from mining import unlinked
from mining.business_time import clock
from mining.context import Context

_FOLDER = Path(__file__).parent
INCOMPLETE = mark("source days with less than half of what is usual")
UNRECORDED = {
    "silent": (
        mark("journeys not held against the intended process: a silent source"),
        mark("a source they need delivered too little while they were under way"),
    ),
    "unlinked": (
        mark("journeys not held against the intended process: a source not joined"),
        mark("they have no step of a source that they need several of; probably nothing there names the customer"),
    ),
}
"""What `data_quality` says of each reason in `unrecorded_journey`: its measure and its note."""
_SAY = """insert into data_quality by name
    select $measure as measure, s.name as source, count(*) filter (not d.is_complete) as n, count(*) as of_n,
        replace($last, '{day}', max(d.day) filter (not d.is_complete)::varchar) as note
    from source_day as d inner join source as s using (source_id)
    group by s.name having count(*) filter (not d.is_complete) > 0 order by s.name"""


def prepare(store: Store, context: Context) -> None:
    """Make the tables; say in `data_quality` what they leave out."""
    _put_clock(store, context)
    method = context.method
    params = {
        "share": method.source_day_share_min,
        "chance": method.source_day_chance,
        "weeks": method.source_day_weeks,
    }
    store.run((_FOLDER / "recording.sql").read_text(encoding="utf-8"), params, name="source_day")
    sql = (_FOLDER / "unrecorded.sql").read_text(encoding="utf-8")
    steps = sorted(context.intended.labels) if context.intended else []
    store.run(sql, {"steps": steps}, name="unrecorded_journey")
    unlinked.find(store, context)
    first_way = int(store.value("select coalesce(max(variant_id), 0) from variants"))
    store.run(f"set variable first_way = {first_way}")
    store.run((_FOLDER / "coarse.sql").read_text(encoding="utf-8"), name="coarse_journey")
    _say(store)


def _put_clock(store: Store, context: Context) -> None:
    """`business_clock`: the calendar's clock over all data, with a month on both ends."""
    first, last = store.rows("select cast(min(occurred_at) as date), cast(max(occurred_at) as date) from event")[0]
    month = dt.timedelta(days=31)
    store.put(
        "incoming_clock",
        clock(
            context.calendar,
            context.timezone,
            min(first or context.window_from, context.window_from) - month,
            max(last or context.window_to, context.window_to) + month,
        ),
    )
    store.run("create or replace temporary table business_clock as select * from incoming_clock order by begins_at")
    store.drop("incoming_clock")


def _say(store: Store) -> None:
    """Tell in `data_quality` what was found, once however often it is prepared."""
    for measure in (INCOMPLETE, *(measure for measure, _ in UNRECORDED.values())):
        store.run("delete from data_quality where measure = $measure", {"measure": measure})
    if store.has_table("source"):
        store.run(_SAY, {"measure": INCOMPLETE, "last": say("last: {day}")}, name="incomplete source days")
    for reason, (measure, note) in UNRECORDED.items():
        store.run(
            """insert into data_quality by name
            select $measure as measure, count(*) as n, (select count(*) from journey) as of_n, $note as note
            from unrecorded_journey where reason = $reason having count(*) > 0""",
            {"measure": measure, "note": say(note), "reason": reason},
            name="unrecorded journeys",
        )
