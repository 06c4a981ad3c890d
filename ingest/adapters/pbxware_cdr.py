"""Adapter for the CDR table of PBXware as CSV: Asterisk's call detail records in columns, with a header.

NULL is a word there, and the caller's name stands in quotes of its own inside of others, which no CSV reader can take
apart: that one field is mended before. Codes are those of `asterisk_cdr`. The begin is the server's wall clock; the
unique id begins with the second in which the channel was made, which settles the offset, as in `asterisk_cdr`.
"""

from __future__ import annotations

from ingest.adapters import FileContext
from ingest.adapters.shared.csv_rows import Columns, rows

SUMMARY = (
    "PBXware's CDR table as CSV with a header: Asterisk's call detail records, NULL as a word, callers quoted twice"
)
RECORDS = "csv"
SIGN = "sipcallid"
CODES = "dcontext lastapp DISPOSITION, with ' out' when the company calls"


def query(context: FileContext) -> str:
    """The SELECT for one file. Raises UnreadableFile when it lacks a column."""
    place = Columns("cdr", context.header, "export the whole table with its header")
    text = {
        name: f"nullif({place(name)}, 'NULL')"
        for name in ("src", "dst", "dcontext", "lastapp", "calldate", "duration", "billsec", "disposition", "uniqueid")
    }
    linked = f"nullif({place('linkedid')}, 'NULL')"
    read = ", ".join(f"{value} as {name}" for name, value in text.items())
    return f"""
with mended as (
    select line_no, regexp_replace(raw, ',""([^"]*)" (<[^<>"]*>)",', ',"\\1 \\2",') as raw from line
),
record as ({rows(context.header, "mended")}),
part as (
    select
        line_no, problem_field as shape, problem_value as shape_value, problem_expectation as shape_expectation,
        drop_reason, {read}, {linked} as linkedid
    from record
),
known as (
    select
        *, try_strptime(calldate, '%Y-%m-%d %H:%M:%S') as start_local,
        seconds_as_ms(duration) as duration_ms, seconds_as_ms(billsec) as billsec_ms,
        try_cast(regexp_extract(uniqueid, '([0-9]{{9,10}})[.][0-9]+$', 1) as bigint) as born_s,
        not regexp_matches(src, '^[+]?[0-9]{{6,}}$') and regexp_matches(dst, '^[+]?[0-9]{{6,}}$') as is_outbound
    from part
),
checked as (
    select
        *, round((epoch(start_local) - born_s) / 900.0) * 900 as offset_s,
        coalesce(round((epoch(start_local) - born_s) / 900.0) between -48 and 56, false) as has_offset,
        case
            when shape is not null then shape
            when drop_reason is not null then null
            when start_local is null then 'calldate'
            when coalesce(duration_ms > 2592000000, true) then 'duration'
            when coalesce(billsec_ms > 2592000000, true) then 'billsec'
            when coalesce(disposition not in ('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED', 'CONGESTION'), true)
                then 'disposition'
        end as problem_field
    from known
)
select
    line_no, problem_field, drop_reason,
    case problem_field when shape then shape_value when 'calldate' then calldate when 'disposition' then disposition
    end as problem_value,
    case
        when problem_field = shape then shape_expectation
        when problem_field = 'calldate' then 'a time such as %Y-%m-%d %H:%M:%S'
        when problem_field = 'disposition' then 'ANSWERED, NO ANSWER, BUSY, FAILED or CONGESTION'
        when problem_field is not null then 'seconds, at least 0 and at most 30 days'
    end as problem_expectation,
    case when has_offset then start_local - to_seconds(offset_s) end as occurred_at,
    case
        when problem_field is null and has_offset then start_local - to_seconds(offset_s) + to_milliseconds(duration_ms)
    end as ended_at,
    case when not has_offset then start_local end as local_at,
    case when problem_field is null and not has_offset then duration_ms end as lasts_ms,
    dcontext || ' ' || coalesce(lastapp, '') || ' ' || disposition || case when is_outbound then ' out' else '' end
        as code,
    coalesce(linkedid, uniqueid) as call_no,
    case when is_outbound then dst else nullif(src, '') end as phone,
    case when problem_field is null then billsec_ms end as handle_ms
from checked
"""
