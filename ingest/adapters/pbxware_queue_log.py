"""Adapter for the queue_log table of PBXware as CSV: Asterisk's queue events in columns, with a header.

Waits and talks have columns of their own (htime, ttime); of a member who does not answer htime is how long it rang, in
milliseconds, and no wait. Besides Asterisk's verbs there are those of calls that the company makes (OUTDIAL,
OUTANSWER ...), whose first parameter is the number dialled. Agents are read by nobody.
"""

from __future__ import annotations

from ingest.adapters import FileContext
from ingest.adapters.shared.csv_rows import Columns, rows

SUMMARY = "PBXware's queue_log table as CSV with a header: Asterisk's queue events, and calls that the company makes"
RECORDS = "csv"
SIGN = "queue_name"
TELLS = "queue_event"
CODES = "VERB queue, e.g. 'ENTERQUEUE IT', 'OUTDIAL NONE'"

_TALKED = (
    "'COMPLETECALLER', 'COMPLETEAGENT', 'TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'OUTANSWER', 'OUTTRANSFER'"
)
_WAITED = f"{_TALKED}, 'CONNECT', 'ABANDON', 'EXITWITHTIMEOUT', 'EXITWITHKEY', 'EXITEMPTY', 'WITHDRAW', 'OUTCANCEL'"


def query(context: FileContext) -> str:
    """The SELECT for one file. Raises UnreadableFile when it lacks a column."""
    place = Columns("queue_log", context.header, "export the whole table with its header")
    verb, number = place("event"), place("param1")
    return f"""
select
    line_no, problem_field, problem_value, problem_expectation, drop_reason,
    {place("date_time")} as clock, {place("callid")} as callid, {place("queue_name")} as queue, {verb} as verb,
    case
        when {verb} = 'ENTERQUEUE' or starts_with({verb}, 'OUT') and regexp_full_match({number}, '\\+?[0-9]{{6,}}')
            then {number}
    end as caller,
    case when {verb} in ({_WAITED}) then {place("htime")} end as hold,
    case when {verb} in ({_TALKED}) then {place("ttime")} end as talk
from ({rows(context.header)})
"""
