"""When a finding counts: decisions on closed windows, and what became of each finding (method 0.6).

Every night describes; only a decision confirms. Decisions fall on every fourth Monday, counted from Monday,
5 January 2026, and look at the closed window of `[decisions] window_days` that ends there. A confirmed finding is
withdrawn when two decisions in a row do not show it any more; one that a decision can't judge stays as it is. A
decision once held stands, unless the method or the configuration changed: then it is held anew.

Kept for good are numbers and words, no journeys: who is forgotten must not live on in an old decision.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from ingest.language import mark, say
from ingest.store import Store
from mining.accepted import Acceptance
from mining.context import Context
from mining.findings import Finding, canonical
from mining.gaps import FACTORS
from mining.sentences import paragraph

FIRST = dt.date(2026, 1, 5)
EVERY = dt.timedelta(weeks=4)
LEAST = dt.timedelta(days=28)
"""A window that holds less of the data decides nothing."""
MISSES = 2
_AGAIN, _UP, _DOWN = mark("again"), mark("up"), mark("down")
_NOT_SHOWN = mark("not shown by 2 decisions in a row")
_SHOWN, _GONE = ("confirmed", "candidate"), ("below_tolerance", None)


def date_for(night: dt.date) -> dt.date:
    """The last decision date up to the morning after `night`, the last day that counts."""
    return FIRST + (night + dt.timedelta(days=1) - FIRST) // EVERY * EVERY


def window_of(decided_for: dt.date, data_from: dt.date, days: int) -> tuple[dt.date, dt.date] | None:
    """[from, to) of a decision; None when the data hold less than four weeks of it."""
    start = max(data_from, decided_for - dt.timedelta(days=days))
    return (start, decided_for) if decided_for - start >= LEAST else None


@dataclass(frozen=True)
class Decision:
    """What one decision said of one finding; `status` None = not found."""

    decided_for: dt.date
    status: str | None
    record: dict[str, Any] | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval that was published."""
        ci = (self.record or {}).get("ci", {})
        return (ci["low"], ci["high"]) if "low" in ci else None


@dataclass
class Standing:
    """What became of one finding. `events` = (day, what, note), oldest first."""

    is_confirmed: bool = False
    since: dt.date | None = None
    withdrawn_on: dt.date | None = None
    last: dict[str, Any] | None = None
    events: list[tuple[dt.date, str, str]] = field(default_factory=list)


def standing(decisions: Iterable[Decision]) -> Standing:
    """Go through the decisions on one finding, in order of their dates."""
    now, misses = Standing(), 0
    before: tuple[float, float] | None = None
    for one in decisions:
        if one.status == "confirmed":
            misses = 0
            if not now.is_confirmed:
                now.events.append((one.decided_for, "confirmed", _AGAIN if now.withdrawn_on else ""))
                now.is_confirmed, now.since, now.withdrawn_on = True, one.decided_for, None
            elif before and one.interval and (before[1] < one.interval[0] or one.interval[1] < before[0]):
                note = _UP if before[1] < one.interval[0] else _DOWN
                now.events.append((one.decided_for, "changed", note))
            before, now.last = one.interval, one.record
        elif now.is_confirmed:
            misses = misses + 1 if one.status in _GONE else 0 if one.status in _SHOWN else misses
            if misses >= MISSES:
                now.events.append((one.decided_for, "withdrawn", _NOT_SHOWN))
                now.is_confirmed, now.since, now.withdrawn_on = False, None, one.decided_for
    return now


def is_held(store: Store, decided_for: dt.date, night: dt.date, config_hash: str) -> bool:
    """Whether an earlier night held this decision under the same rules. Tonight's own is held again: same answer."""
    return bool(
        store.value(
            """select count(*) > 0 from decision_date
            where decided_for = $decided_for and decided_on < $night and config_hash = $config_hash""",
            {"decided_for": decided_for, "night": night, "config_hash": config_hash},
        )
    )


def write(store: Store, context: Context, night: dt.date, findings: list[Finding]) -> None:
    """Write down the decision of a context's window."""
    held = {
        "decided_for": context.window_to, "decided_on": night, "window_from": context.window_from,
        "window_to": context.window_to, "config_hash": context.config_hash,
    }  # fmt: skip
    with store.transaction():
        for table in ("decision", "decision_date"):
            params = {"decided_for": context.window_to}
            store.run(f"delete from {table} where decided_for = $decided_for", params, name=f"clear {table}")
        columns = ", ".join(f"${name} as {name}" for name in held)
        store.run(f"insert into decision_date by name select {columns}", held, name="decision_date")
        rows = pa.table(
            {
                "finding_id": pa.array([one.finding_id for one in findings], pa.string()),
                "status": pa.array([one.status for one in findings], pa.string()),
                "record_json": pa.array([canonical(_kept(one)) for one in findings], pa.string()),
            }
        )
        store.put("decided", rows)
        store.run(
            "insert into decision by name select $decided_for::date as decided_for, * from decided",
            {"decided_for": context.window_to},
            name="decision",
        )
        store.drop("decided")


def _kept(finding: Finding) -> dict[str, Any]:
    """The record without its journeys."""
    return asdict(finding) | {"evidence": {**finding.evidence, "typical": [], "extreme": [], "counter": []}}


def read(store: Store, night: dt.date) -> dict[str, Standing]:
    """The standing of every finding that a decision up to tonight confirmed."""
    upto = {"last": date_for(night)}
    held = [
        row[0]
        for row in store.rows(
            "select decided_for from decision_date where decided_for <= $last order by decided_for", upto
        )
    ]
    said: dict[str, dict[dt.date, tuple[str, str]]] = {}
    for finding_id, day, status, record in store.rows(
        """select finding_id, decided_for, status, record_json from decision where decided_for <= $last
        and finding_id in (select finding_id from decision where status = 'confirmed' and decided_for <= $last)""",
        upto,
    ):
        said.setdefault(finding_id, {})[day] = (status, record)
    return {finding_id: standing(_decisions(held, by_day)) for finding_id, by_day in sorted(said.items())}


def _decisions(held: list[dt.date], by_day: dict[dt.date, tuple[str, str]]) -> list[Decision]:
    return [
        Decision(day, by_day[day][0], json.loads(by_day[day][1])) if day in by_day else Decision(day, None, None)
        for day in held
    ]


def carried(
    found: list[Finding],
    standings: dict[str, Standing],
    decided_for: dt.date,
    accepted: dict[str, Acceptance] | None = None,
) -> list[Finding]:
    """Tonight's findings with their standing, and with those that stand or were just withdrawn but are not found."""
    seen = {one.finding_id for one in found}
    lost = [
        _lost(one)
        for finding_id, one in standings.items()
        if finding_id not in seen and one.last and (one.is_confirmed or one.withdrawn_on == decided_for)
    ]
    known = accepted or {}
    return [
        _told(one, standings.get(one.finding_id), decided_for, known.get(one.finding_id)) for one in (*found, *lost)
    ]


def _lost(one: Standing) -> Finding:
    """What a decision confirmed and the night does not find: told with the numbers of then, as what can't be told."""
    record = dict(one.last or {})
    lost = say("Not found tonight: the numbers are those of the last decision that showed it.")
    caution = paragraph(lost, record["text_caution"])
    return Finding(**record | {"status": "cannot_tell", "text_caution": caution})


def _told(finding: Finding, one: Standing | None, decided_for: dt.date, accepted: Acceptance | None) -> Finding:
    """The finding with `extra.standing`; withdrawn when a decision withdrew it and nothing has shown it since."""
    told = {
        "decided_for": decided_for.isoformat(),
        "next_decision": (decided_for + EVERY).isoformat(),
        "confirmed_since": one.since.isoformat() if one and one.since else None,
        "accepted": {"since": accepted.since.isoformat(), "reason": accepted.reason} if accepted else None,
        "events": [[day.isoformat(), what, note] for day, what, note in one.events] if one else [],
    }
    status = "withdrawn" if one and one.withdrawn_on == decided_for else finding.status
    robustness = finding.robustness
    if one and one.is_confirmed and one.last:
        cut = {key: one.last["robustness"][key] for key in FACTORS if key in one.last["robustness"]}
        robustness = {**robustness, **cut}
    return replace(finding, status=status, extra={**finding.extra, "standing": told}, robustness=robustness)


def write_ledger(store: Store, standings: dict[str, Standing], accepted: dict[str, Acceptance]) -> None:
    """Make `finding_ledger`: what happened to each finding, and which ones the business accepts."""
    rows = [
        {"finding_id": finding_id, "happened_on": day, "what": what, "note": note}
        for finding_id, one in standings.items()
        for day, what, note in one.events
    ]
    rows += [
        {"finding_id": finding_id, "happened_on": one.since, "what": "accepted", "note": one.reason}
        for finding_id, one in accepted.items()
    ]
    schema = pa.schema(
        {"finding_id": pa.string(), "happened_on": pa.date32(), "what": pa.string(), "note": pa.string()}
    )
    store.put("happened", pa.Table.from_pylist(rows, schema=schema))
    store.run(
        "insert into finding_ledger by name from happened order by happened_on, finding_id, what", name="finding_ledger"
    )
    store.drop("happened")


def alerts(
    standings: dict[str, Standing], decided_for: dt.date, accepted: Collection[str] = ()
) -> list[tuple[str, str, str]]:
    """(finding_id, what, note) of a decision: all that a night may wake somebody for. What is accepted wakes nobody."""
    return [
        (finding_id, what, note)
        for finding_id, one in standings.items()
        if finding_id not in accepted
        for day, what, note in one.events
        if day == decided_for
    ]
