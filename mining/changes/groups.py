"""Who belongs to which group of a change, and the sums of each group by day. SQL counts; Python sees days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.store import Store
from mining.changes.declared import Change, Group
from mining.context import Context
from mining.method import Method

WATCHED = 10_000
"""From this number on, groups belong to no declared change: they are watched for steps (shifts.py)."""
CONTROL = -1
"""The number of a control group; groups that got the change are numbered by wave."""
_FOLDER = Path(__file__).parent
_PLACES = {
    "queue": "event.intent",
    "line": "split_part(event.raw_code, ' ', 1)",
    "department": "cast(event.department as varchar)",
    "step": "cast(event.step as varchar)",
    "channel": "cast(event.channel as varchar)",
    "page": "split_part(event.raw_code, ' ', 2)",
    "code": "event.raw_code",
}
"""Where in an event a key of a group is found."""
_MEMBERS = """insert into change_member
    with told as (
        select {key} as contact_key, event_no, case {cases} end as group_no
        from event where {of_kind} and occurred_at < getvariable('change_until')
    )
    select {number}, contact_key, arg_min(group_no, event_no), min(group_no) <> max(group_no)
    from told where group_no is not null group by contact_key order by contact_key"""

_WATCH = """insert into change_member
    with often as (
        select intent, row_number() over (order by count(*) desc, intent) as no from change_contact
        where intent is not null group by intent having count(*) >= $least
    )
    select $watched, contact_key, 0, false from change_contact
    union all
    select $watched + often.no, contact_key, 0, false
    from change_contact inner join often using (intent) where often.no <= $most
    order by all"""
MOST_QUEUES = 12


@dataclass(frozen=True)
class Frame:
    """The days that may be looked at: [first, until), on the site's clock; `lost` = days of which too little was
    delivered, and holidays."""

    first: dt.date
    until: dt.date
    lost: frozenset[dt.date]


def prepare(store: Store, context: Context, changes: Sequence[Change]) -> Frame:
    """Make the temporary tables of contacts.sql and units.sql; returns the days that they speak of."""
    until = _until(store, context)
    midnight = dt.datetime.combine(until, dt.time(), ZoneInfo(context.timezone)).astimezone(dt.UTC)
    store.run(f"set variable change_until = timestamp '{midnight:%Y-%m-%d %H:%M:%S}'", name="change_until")
    penalty_ms = round(60_000 * context.method.abandon_penalty_min)
    store.run(f"set variable change_penalty_ms = {penalty_ms}", name="change_penalty_ms")
    store.run((_FOLDER / "contacts.sql").read_text(encoding="utf-8"), name="change_contact")
    for number, change in enumerate(changes):
        _select(store, number, change)
    if context.is_night:
        watch(store, context.method)
    store.run((_FOLDER / "units.sql").read_text(encoding="utf-8"), name="change_unit")
    first = store.value("select cast(min(started_at) as date) from change_contact") or until
    return Frame(first, until, _lost(store, context))


def _until(store: Store, context: Context) -> dt.date:
    """The first day that does not count. A night counts its own day; a decision ends before its date."""
    if context.confirmed is None:
        return context.window_to
    last = store.value("select max(occurred_at) from event")
    if last is None:
        return context.window_to
    day = last.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(context.timezone)).date()
    return context.window_to + dt.timedelta(days=day >= context.window_to)


def _lost(store: Store, context: Context) -> frozenset[dt.date]:
    """Holidays, and days on which a source of calls or visits brought too little."""
    rows = (
        store.rows("select distinct day from source_day where is_complete = false")
        if store.has_table("source_day")
        else []
    )
    return context.calendar.holidays | {row[0] for row in rows}


def _select(store: Store, number: int, change: Change) -> None:
    """Fill `change_member` for one change: what it got it first, then the control, so that each contact is in one."""
    groups: list[tuple[int, Group]] = [(wave, one.affected) for wave, one in enumerate(change.waves)]
    if change.control is not None:
        groups.append((CONTROL, change.control))
    params: dict[str, str] = {}
    cases = " ".join(f"when {condition(group, params)} then {group_no}" for group_no, group in groups)
    key, of_kind = (
        ("'visit ' || session_id", "session_id is not null and cast(channel as varchar) = 'web'")
        if change.is_of_visits
        else ("coalesce(call_id, 'event ' || event_no)", "session_id is null")
    )
    store.run(_MEMBERS.format(key=key, cases=cases, of_kind=of_kind, number=number), params, name="change_member")


def watch(store: Store, method: Method) -> None:
    """Select all contacts, and those of each queue with enough of them, as groups like those of a change."""
    weeks = method.change_pre_weeks_min + method.change_post_weeks_min
    params = {"watched": WATCHED, "least": weeks * method.change_contacts_min, "most": MOST_QUEUES}
    store.run(_WATCH, params, name="change_member")


def condition(group: Group, params: dict[str, str]) -> str:
    """SQL on `event`: whether an event is of the group. Patterns are added to `params`, never written into the SQL."""
    parts = []
    for key, place in _PLACES.items():
        either = []
        for pattern in getattr(group, key):
            name = f"p{len(params)}"
            params[name] = like(pattern)
            either.append(f"{place} like ${name} escape '\\'")
        if either:
            parts.append(f"({' or '.join(either)})")
    return " and ".join(parts)


def like(pattern: str) -> str:
    """A pattern in which * stands for anything, as SQL's LIKE with the escape sign \\."""
    for sign in ("\\", "%", "_"):
        pattern = pattern.replace(sign, f"\\{sign}")
    return pattern.replace("*", "%")
