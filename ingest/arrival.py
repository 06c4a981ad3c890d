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
    events that nobody knew of are on them now."""

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
    """How far the warehouse was before a run: its last file, and the end of the night it stood at."""

    file_id: int
    night_end: str | None

    @classmethod
    def of(cls, store: Store) -> Mark:
        """The mark of a warehouse, also of one that is still empty."""
        if not store.has_table("ledger"):
            return cls(0, None)
        night_end = None
        if store.has_table("run_fact"):
            night_end = store.value("select value from run_fact where name = 'night_end'")
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
    values: dict[str, object] = {"mark": mark.file_id, "zone": zone}
    late: list[dt.date] = []
    if mark.night_end:
        late = _days(store, _LATE, values | {"night_end": mark.night_end})
    return Arrival(files=[FileCount(**file) for file in files], days=_days(store, _NEW, values), restated=late)


_NEW = "select occurred_at from raw_event where file_id > $mark"
_LATE = """select n.occurred_at
from (from raw_event where file_id > $mark and occurred_at < cast($night_end as timestamp)) as n
anti join (select event_id from raw_event where file_id <= $mark) as o using (event_id)"""


def _days(store: Store, moments: str, values: dict[str, object]) -> list[dt.date]:
    """The days, on the clock of `$zone`, of the moments that a query gives."""
    rows = store.rows(
        f"""with touched as (select distinct time_bucket(interval 15 minutes, occurred_at) as quarter from ({moments}))
        select distinct cast(timezone($zone, timezone('UTC', quarter)) as date) as day from touched order by day""",
        values,
    )
    return [day for (day,) in rows]
