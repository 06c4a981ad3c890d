"""Adapter for event logs in XES (IEEE 1849): a case is a record, its events are those of the trace.

A case that is delivered again with more events replaces its earlier state: its name is the key, the number of its
events the version. `case` of the source says what a case is (an order unless said), `objects` which attributes of a
case or an event are identifiers. A start and the next completion of the same activity (and instance) are one event with
its end. Who did something (org:resource) is read by nobody. Python cuts the file into cases (ingest/xml_records.py),
SQL reads them. Measured on 262,200 events of 13,087 cases: 13,000 events a second of one core, a third of it for the
cutting. A case without a name is quarantined: nobody could say whose it is, or that it came again.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from ingest.adapters import FileContext
from ingest.sniffing.columns import identifiers_of
from ingest.store import literal

if TYPE_CHECKING:
    from ingest.sniffing.head import Head

SUMMARY = "event logs in XES, plain or packed: a case is a record, starts and completions of an activity are one event"
RECORDS = "xml"
ELEMENTS = ("trace",)
CODES = "<activity>, with ' <lifecycle>' where it is no completion: 'A_SUBMITTED', 'W_Call customer schedule'"

_KINDS = "(?:string|date|int|float|boolean|id)"
_FORMATS = ["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S",
            "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S"]  # fmt: skip


def trials(head: Head) -> list[dict[str, Any]]:
    """Options of a source: the attributes that identify, by their names. What a case is no name tells."""
    told: dict[str, list[str]] = {}
    for key, value in re.findall(r'<(?:string|int|id) key="([^":]+)" value="([^"]*)"', head.begin):
        told.setdefault(html.unescape(key), []).append(html.unescape(value))
    found = identifiers_of(list(told), {}, {key: [value for value in values if value] for key, values in told.items()})
    objects = {key: kind for kind, key in found.items() if kind not in ("order_no", "reference")}
    return [{"objects": objects}] if objects else [{}]


def query(context: FileContext) -> str:
    """The SELECT for one file."""
    case, objects = context.source.case, context.source.objects
    named: dict[str, str] = {case: "case_name"}
    for attribute, kind in sorted(objects.items()):
        column = "product_id" if kind == "product" else kind
        named[column] = f"coalesce(nullif({_value('event', attribute)}, ''), {_value('head', attribute)})"
    identifiers = "".join(f",\n    nullif({value}, '') as {kind}" for kind, value in sorted(named.items()))
    key = "cast(null as varchar)" if case == "call_no" else "case_name"
    return f"""
with cut as (
    -- in canonical XML no < stands in a value, so that a tag is what looks like one
    select
        line_no,
        string_split(
            case when raw like '<trace%' then raw else regexp_replace(raw, '<(/?)[^<>: ]+:', '<\\1', 'g') end, '<event>'
        ) as pieces
    from line
),
trace as (
    select
        line_no, list_transform(pieces[2:], lambda x: split_part(x, '</event>', 1)) as events,
        pieces[1] || array_to_string(list_transform(pieces[2:], lambda x: split_part(x, '</event>', 2)), '') as head
    from cut
),
named as (
    select *, nullif({_value("head", "concept:name")}, '') as case_name from trace
),
told as (
    select *, unnest(events) as event, generate_subscripts(events, 1) as n from named
),
part as (
    select
        *, {_value("event", "concept:name")} as activity, {_value("event", "time:timestamp")} as clock,
        lower(coalesce(nullif({_value("event", "lifecycle:transition")}, ''), 'complete')) as lifecycle,
        {_value("event", "concept:instance")} as instance
    from told
),
timed as (
    select
        *, cast(iso_moment(clock) as timestamp) as at_utc,
        case when clock not like '%+%' and clock not like '%Z' then try_strptime(clock, {_FORMATS}) end as at_local
    from part
),
paired as (
    select
        *, lead(lifecycle) over work as next_lifecycle, lead(at_utc) over work as next_utc,
        lead(at_local) over work as next_local, lag(lifecycle) over work as lifecycle_before,
        min(case
            when activity = '' then 'concept:name' when at_utc is null and at_local is null then 'time:timestamp'
        end) over (partition by line_no) as flaw,
        min(clock) filter (at_utc is null and at_local is null) over (partition by line_no) as bad_clock
    from timed
    window work as (partition by line_no, activity, instance order by n)
),
answered as (
    select
        line_no, case when case_name is null then 'case' else flaw end as problem_field,
        case when case_name is not null and flaw = 'time:timestamp' then bad_clock end as problem_value,
        case
            when case_name is null then 'a name of the case' when flaw = 'concept:name' then 'the name of an event'
            when flaw is not null then {literal("a time such as %Y-%m-%dT%H:%M:%S%z")}
        end as problem_expectation,
        at_utc as occurred_at, at_local as local_at,
        case when is_begun and next_utc >= at_utc then next_utc end as ended_at,
        case when is_begun and next_local >= at_local then next_local end as local_ended_at,
        activity || case when lifecycle = 'complete' or is_begun then '' else ' ' || lifecycle end as code,
        'event ' || n as part_key, cast(least(n, 65000) as usmallint) as part, {key} as record_key,
        case when {key} is not null then len(events) end as record_version{identifiers}
    from (select *, lifecycle = 'start' and coalesce(next_lifecycle, '') = 'complete' as is_begun from paired)
    where flaw is not null or case_name is null or lifecycle <> 'complete' or coalesce(lifecycle_before, '') <> 'start'
)
select * from answered
union all by name
select line_no, 'no event' as drop_reason from named where len(events) = 0
"""


def _value(text: str, key: str) -> str:
    """SQL of an attribute's value in canonical XML; empty where there is none."""
    escaped = key.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    pattern = f'<{_KINDS} key="{_literal_pattern(escaped)}" value="([^"]*)"'
    return f"xml_text(regexp_extract({text}, {literal(pattern)}, 1))"


def _literal_pattern(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in ":_ " else "\\" + letter for letter in text)
