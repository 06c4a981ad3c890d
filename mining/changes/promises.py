"""Whether what a finding promised came true, once somebody did something about it (method note 8, the closed loop).

`process/accepted.toml` says of an accepted finding the day from which customers met what was done about it
(`carried_out`). From then on the share of journeys that show the finding is followed by full weeks, among those that
reach its steps; weeks of which too many journeys still go on are left out. Nothing was left as it was, so this is an
interrupted series with a slope (8.2): grade D, never more than "after it". The fall of the share, of the minutes that
the finding took before, is held against what the last decision before that day promised.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.store import Store
from mining import savings
from mining.accepted import Acceptance
from mining.changes import estimate
from mining.changes.estimate import Estimate
from mining.changes.series import WEEK
from mining.context import Context
from mining.findings import Finding

CLOSED_SHARE = 0.9
"""Of a week's journeys that must be over."""
_TABLE = """create or replace table change_promise (
    finding_id varchar, title varchar, day date, verdict varchar, n_pre integer, n_post integer, promised_low double,
    promised double, promised_high double, before double, after double, given_low double, given double,
    given_high double
)"""
_ENTRY = """insert into declared_change
    select 'finding ' || finding_id, title, day, [day], 'promise', '', '', '' from change_promise"""
_WEEKS = """with shown as ({sql}),
    reached as (
        select distinct journey_id from journey_event
        where len($steps) = 0 or list_contains($steps, cast(step as varchar))
    )
    select cast(date_trunc('week', journey.started_at) as date) as monday,
        count(*) filter (journey.is_complete and shown.journey_key is not null),
        count(*) filter (journey.is_complete), count(*)
    from journey inner join reached using (journey_id) left join shown using (journey_key)
    where journey.started_at >= $since and journey.started_at < $until
    group by monday order by monday"""
_PROMISE = """select record_json from decision
    where finding_id = $id and decided_for <= $day and status in ('confirmed', 'candidate')
    order by decided_for desc limit 1"""
Range = tuple[float, float, float]


@dataclass(frozen=True)
class Promise:
    """What became of one finding. Minutes a week as (low, mid, high).

    verdict: early | true | part | none | worse | unpromised (nothing was written down before) | untold (not found in
    tonight's data, or no journey reaches it any more). `needed` = full weeks before and after.
    """

    finding_id: str
    title: str
    day: dt.date
    verdict: str
    n_pre: int
    n_post: int
    promised: Range | None = None
    shares: tuple[float, float] | None = None
    given: Range | None = None

    def record(self) -> dict[str, Any]:
        """As it stands with its finding."""
        return {
            "carried_out": self.day.isoformat(),
            "verdict": self.verdict,
            "n_pre": self.n_pre,
            "n_post": self.n_post,
            "promised_min_per_week": _rounded(self.promised),
            "given_min_per_week": _rounded(self.given),
            "shares": _rounded(self.shares),
        }


def follow(
    store: Store, context: Context, findings: Sequence[Finding], accepted: Mapping[str, Acceptance]
) -> list[Finding]:
    """The findings, those that somebody did something about with `extra.promise`; all promises go to `change_promise`,
    and into the register of changes."""
    store.run(_TABLE, name="change_promise")
    done = {
        one: entry for one, entry in accepted.items() if entry.carried_out and entry.carried_out < context.window_to
    }
    by_id = {one.finding_id: one for one in findings}
    told = {one: _promise(store, context, by_id.get(one), one, entry) for one, entry in done.items()}
    _remember(store, [one for one in told.values() if one])
    out = []
    for one in findings:
        promise = told.get(one.finding_id)
        out.append(replace(one, extra={**one.extra, "promise": promise.record()}) if promise else one)
    return out


def _promise(
    store: Store, context: Context, finding: Finding | None, finding_id: str, entry: Acceptance
) -> Promise | None:
    day = entry.carried_out
    row = store.rows(_PROMISE, {"id": finding_id, "day": day})
    record = json.loads(row[0][0]) if row else None
    title = finding.title if finding else str(record["title"]) if record else ""
    if day is None or not title:
        return None
    cost = (record or {}).get("cost", {}).get("customer_min_per_week")
    promised = (cost["low"], cost["mid"], cost["high"]) if cost else None
    blank = Promise(finding_id, title, day, "untold", 0, 0, promised)
    if finding is None:
        return blank
    weeks = _weeks(store, context, finding)
    before = [week for week in weeks if week[0] + WEEK <= day]
    after = [week for week in weeks if week[0] >= day + entry.washout_weeks * WEEK]
    blank = replace(blank, n_pre=len(before), n_post=len(after))
    if not sum(hits for _, hits, _ in before):
        return blank
    if len(before) < context.method.change_pre_weeks_min or len(after) < context.method.change_post_weeks_min:
        return replace(blank, verdict="early")
    found = fall(before, after, context.method.confidence)
    shares = _share(before), _share(after)
    if promised is None:
        return replace(blank, verdict="unpromised", shares=shares)
    taken = promised[1] / (context.method.realisable_mid if finding.kind in savings.KINDS else 1.0)
    low, mid, high = sorted(-taken * estimate.as_change(one, shares[0], is_share=True) for one in _ends(found))
    return replace(blank, verdict=verdict_of((low, mid, high), promised), shares=shares, given=(low, mid, high))


def fall(
    before: Sequence[tuple[dt.date, int, int]], after: Sequence[tuple[dt.date, int, int]], confidence: float
) -> Estimate:
    """The step of the logit of a weekly share over a slope of all weeks; weeks as (monday, hits, n)."""
    weeks = [*before, *after]
    hits, n = (np.array([week[part] for week in weeks], dtype=np.float64) for part in (1, 2))
    number = np.array([week[0].toordinal() // 7 for week in weeks], dtype=np.int64)
    is_after = np.arange(len(weeks)) >= len(before)
    return estimate.step_with_slope(number, estimate.logs(hits, n, is_share=True), is_after, confidence)


def verdict_of(given: Range, promised: Range) -> str:
    """true: a fall, and not surely less than promised; part: a fall, surely less; none: no fall is shown; worse: a
    rise."""
    low, _, high = given
    if low > 0:
        return "true" if high >= promised[1] else "part"
    return "worse" if high < 0 else "none"


def _ends(found: Estimate) -> Range:
    return found.low, found.effect, found.high


def _share(weeks: Sequence[tuple[dt.date, int, int]]) -> float:
    return sum(hits for _, hits, _ in weeks) / max(1, sum(n for *_, n in weeks))


def _weeks(store: Store, context: Context, finding: Finding) -> list[tuple[dt.date, int, int]]:
    """(monday, journeys that show it, closed journeys that reach its steps) of full weeks that are mostly over."""
    steps = _steps(store, finding)
    first = context.window_from + dt.timedelta(days=-context.window_from.weekday() % 7)
    params = {"steps": steps, "since": first, "until": context.window_to}
    rows = store.rows(_WEEKS.format(sql=finding.evidence["sql"].split(" order by ")[0]), params)
    return [
        (monday, int(hits), int(n))
        for monday, hits, n, of_n in rows
        if n and n >= CLOSED_SHARE * of_n and monday + WEEK <= context.window_to
    ]


def _steps(store: Store, finding: Finding) -> list[str]:
    """The steps that the finding's place names."""
    named: set[str] = set()
    for value in finding.where.values():
        named |= set(value) if isinstance(value, list) else {str(value)}
    return sorted(named & {row[0] for row in store.rows("select cast(step as varchar) from touch")})


def _remember(store: Store, promises: Sequence[Promise]) -> None:
    rows = []
    for one in promises:
        promised, given, shares = one.promised or (None,) * 3, one.given or (None,) * 3, one.shares or (None,) * 2
        rows.append(
            {
                "finding_id": one.finding_id, "title": one.title, "day": one.day, "verdict": one.verdict,
                "n_pre": one.n_pre, "n_post": one.n_post,
                "promised_low": promised[0], "promised": promised[1], "promised_high": promised[2],
                "before": shares[0], "after": shares[1],
                "given_low": given[0], "given": given[1], "given_high": given[2],
            }
        )  # fmt: skip
    if rows:
        store.put("incoming_promises", pa.Table.from_pylist(rows))
        store.run("insert into change_promise by name from incoming_promises", name="change_promise")
        store.drop("incoming_promises")
        store.run(_ENTRY, name="declared_change")


def _rounded(values: Sequence[float] | None) -> list[float] | None:
    return None if values is None else [round(value, 4) for value in values]
