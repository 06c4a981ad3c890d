"""What a run brought: the files it read, line by line accounted for, and the days they touched."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ingest.record import Record
from ingest.store import Store


class FileCount(Record):
    """One file: n_lines = n_accepted + n_duplicate + n_quarantined + n_blank."""

    source: str
    path: str
    status: str
    reason: str | None
    n_lines: int
    n_accepted: int
    n_duplicate: int
    n_quarantined: int
    n_blank: int
    n_held_back: int


class Arrival(Record):
    """Files in the order they were read; days on the site's clock. `restated` days had been reported before, and
    other events are on them now: late lines, records told again, a clock that is corrected otherwise."""

    files: list[FileCount]
    days: list[dt.date]
    restated: list[dt.date]

    def lines(self) -> dict[str, dict[str, int]]:
        """Lines by source and by what became of them."""
        found: dict[str, dict[str, int]] = {}
        for file in self.files:
            counts = found.setdefault(file.source, dict.fromkeys(("files", "refused", *_LINES), 0))
            counts["files"] += 1
            counts["refused"] += file.status == "refused"
            for name in _LINES:
                counts[name] += getattr(file, f"n_{name}")
        return found


_LINES = ("lines", "accepted", "duplicate", "quarantined", "blank")


@dataclass(frozen=True)
class Mark:
    """How far the warehouse was before a run: its last file, and the end of the night it stood at. What it told of
    each quarter hour stays in the table `told_before`."""

    file_id: int
    night_end: str | None

    @classmethod
    def of(cls, store: Store) -> Mark:
        """The mark of a warehouse, also of one that is still empty."""
        if not store.has_table("ledger"):
            return cls(0, None)
        night_end = None
        if store.has_table("run_fact") and store.has_table("event"):
            night_end = store.value("select value from run_fact where name = 'night_end'")
            store.run(f"create or replace temp table told_before as {_TOLD}", name="told_before")
        return cls(int(store.value("select coalesce(max(file_id), 0) from ledger")), night_end)


def arrival(store: Store, mark: Mark, zone: str) -> Arrival:
    """What came after `mark`."""
    files = store.records(
        """select
            s.name as source, path, status, reason, n_lines, n_accepted, n_duplicate, n_quarantined, n_blank,
            n_held_back
        from ledger inner join source as s using (source_id) where file_id > $mark order by file_id""",
        {"mark": mark.file_id},
    )
    return Arrival(
        files=[FileCount(**file) for file in files],
        days=_days(store, zone, _NEW, {"mark": mark.file_id}),
        restated=restated(store, mark, zone),
    )


def restated(store: Store, mark: Mark, zone: str) -> list[dt.date]:
    """The days that were over when `mark` was taken and on which other events are told now."""
    if mark.night_end is None:
        return []
    return _days(store, zone, _CHANGED, {"night_end": mark.night_end})


_NEW = "select distinct time_bucket(interval 15 minutes, occurred_at) as quarter from raw_event where file_id > $mark"
# of each source and quarter hour, what was said in it; whose it is and how it is called do not count
_TOLD = """select
    source_id, time_bucket(interval 15 minutes, occurred_at) as quarter,
    bit_xor(hash(event_id, occurred_at, ended_at, raw_code, wait_ms, handle_ms)) as said
from event
group by all"""
_CHANGED = f"""select distinct quarter
from told_before full join ({_TOLD}) as now using (source_id, quarter)
where
    told_before.said is distinct from now.said
    and quarter < least(cast($night_end as timestamp), getvariable('night_end'))
    and quarter >= coalesce(getvariable('horizon'), quarter)"""


def _days(store: Store, zone: str, quarters: str, values: dict[str, object]) -> list[dt.date]:
    """The days, on the clock of `zone`, of the quarter hours that a query gives."""
    rows = store.rows(
        f"""select distinct cast(timezone($zone, timezone('UTC', quarter)) as date) as day
        from ({quarters}) order by day""",
        values | {"zone": zone},
    )
    return [day for (day,) in rows]
