"""Adapter for relational CSV exports: several tables in one inbox, joined by their keys, such as Olist's or a CRM's.

The source's section of site.toml says of each table which columns identify, and which are moments. A row gives one
event for each moment that is filled; a row without any moment still links its identifiers (a table of customers).

A promise that is broken is an event of its own, 'table.event overdue', at the moment that the promise ends: the
customer waits on from there, whether the goods come later or never. A promise of midnight, or of a day, ends with it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping

from ingest.adapters import FileContext
from ingest.adapters.shared.csv_rows import Columns, literals, rows
from ingest.packed import UnreadableFile
from ingest.reader import unpacked
from ingest.settings import EPOCHS, TableSection
from ingest.sniffing.columns import guess_tables as trials  # noqa: F401  what else an adapter offers
from ingest.store import literal

SUMMARY = "relational CSV exports (Olist, CRM tables): columns declared per table in site.toml"
RECORDS = "csv"
IS_GENERAL = True
CODES = "'table.event', or 'table.event overdue' of `promises`, with ' <value>' of the `code` column if one is declared"


def query(context: FileContext) -> str:
    """The SELECT for one file. Raises UnreadableFile when the file fits no table or lacks a declared column."""
    name, table = _table(context)
    place = Columns(name, context.header)
    moments = ", ".join(
        [_moment(name, event, table, place) for event in table.events]
        + [_overdue(name, event, table, place) for event in table.promises]
    )
    times = {f"m{i}": columns for i, columns in enumerate(table.events.values())}
    times |= {f"p{i}": columns for i, columns in enumerate(table.promises.values())}
    unreadable = " or ".join(f"({one}.text <> '' and {_none(one)})" for one in times) or "false"
    identifiers = "".join(
        f",\n    {_identifier(place(column), kind in table.digits)} as {kind}"
        for kind, column in sorted(table.identifiers.items())
    )
    lateral = ",\n    ".join(f"{_parsed(columns, table, place)} as {one}" for one, columns in times.items())
    return f"""
with record as ({rows(context.header)}),
moment as (
    select * {", " + lateral if lateral else ""} from record
),
checked as (
    select
        * exclude (problem_field), problem_field as shape,
        coalesce(problem_field, case when drop_reason is null and ({unreadable}) then 'time' end) as problem_field,
        list_filter([{moments}], lambda x: not ({_none("x")})) as happened
    from moment
)
select
    line_no, problem_field, drop_reason,
    case when shape is not null then problem_value end as problem_value,
    case
        when shape is not null then problem_expectation
        when problem_field = 'time' then {literal("a time such as " + " or ".join(table.time_formats))}
    end as problem_expectation,
    cast(e.n as usmallint) as part, e.code, e.at as local_at, e.until_at as local_ended_at,
    e.utc as occurred_at, e.until_utc as ended_at,
    case when e.is_day and e.at is not null then 'whole day' end as time_rule{identifiers}{_extras(table, place)}
from (
    select *, unnest(case when problem_field is not null or len(happened) = 0 then [null] else happened end) as e
    from checked
)
"""


def stream(context: FileContext) -> str:
    """The table that a file is of, and where its declared columns stand: orders paid and orders shipped on a day may
    be the same rows. Raises UnreadableFile as `query` does."""
    name, table = _table(context)
    place = Columns(name, context.header)
    declared = [table.product, table.code, table.intent, table.wait_s, *table.identifiers.values(), *table.attributes]
    for columns in (*table.events.values(), *table.ends.values(), *table.promises.values()):
        declared += [columns] if isinstance(columns, str) else columns
    return "|".join([name, *sorted({f"{column}={place(column)}" for column in declared if column})])


def table_of(tables: Mapping[str, TableSection], path: str) -> str | None:
    """The first of the tables that a file is of."""
    return next((name for name, table in tables.items() if fnmatch.fnmatchcase(unpacked(path), table.files)), None)


def _table(context: FileContext) -> tuple[str, TableSection]:
    name = table_of(context.source.tables, context.file_name)
    if name is not None:
        return name, context.source.tables[name]
    known = ", ".join(table.files for table in context.source.tables.values()) or "none"
    raise UnreadableFile(f"fits no table of source {context.source.name!r} in site.toml (declared: {known})")


def _time(columns: str | list[str], place: Columns) -> str:
    names = [columns] if isinstance(columns, str) else columns
    return "trim(concat_ws(' ', " + ", ".join(f"nullif({place(name)}, '')" for name in names) + "))"


def _parsed(columns: str | list[str], table: TableSection, place: Columns) -> str:
    """A moment's text, its time on the source's clock or, where the text tells the offset, in UTC, and whether it is
    only a day.

    A day sorts to its end (method 2.2): what has an hour of that day came before, as far as anybody can tell.
    """
    text = _time(columns, place)
    kinds: dict[str, list[str]] = {"utc": [], "hour": [], "day": []}
    for form in table.time_formats:
        if form not in EPOCHS:
            kinds[_precision(form)].append(form)
    parsed = {
        kind: f"try_strptime({text}, {literals(forms)})" if forms else "cast(null as timestamp)"
        for kind, forms in kinds.items()
    }
    at = f"coalesce({parsed['hour']}, {parsed['day']} + interval '23:59:59')"
    utc = ", ".join(
        ["cast(null as timestamp)"]
        + [_with_offset(form, text) for form in kinds["utc"]]
        + [_EPOCH[form](text) for form in table.time_formats if form in EPOCHS]
    )
    return f"{{'text': {text}, 'at': {at}, 'utc': coalesce({utc}), 'is_day': {parsed['hour']} is null}}"


def _with_offset(form: str, text: str) -> str:
    """SQL of a moment whose format carries its offset (%z) or zone (%Z), in UTC; NULL for one that no zone has."""
    # strptime's %z takes no Z, the commonest offset of all
    moment = f"cast(try_strptime(regexp_replace({text}, 'Z$', '+00'), {literal(form)}) as timestamp)"
    if form.endswith("%Z"):
        # with a zone's name DuckDB takes 30 February for 2 March: the day must be one by itself
        local = f"trim(regexp_replace({text}, '[A-Za-z][A-Za-z0-9_/+:-]*$', ''))"
        return f"case when try_strptime({local}, {literal(form[:-2].rstrip())}) is not null then {moment} end"
    if "%z" not in form:
        return moment
    shape = "".join(
        {"%z": "(Z|[+-][0-9:]+)"}.get(part, ".+" if part.startswith("%") else re.escape(part))
        for part in re.split("(%-?[A-Za-z])", form)
    )
    return f"case when is_offset(regexp_extract({text}, {literal(f'^{shape}$')}, 1)) then {moment} end"


def _precision(form: str) -> str:
    """What a strptime format tells: a moment in UTC (with an offset or zone), an hour on the source's clock, a day."""
    if re.search("%[zZ]", form):
        return "utc"
    return "hour" if re.search("%-?[HIXc]", form) else "day"


_EPOCH: dict[str, Callable[[str], str]] = {
    "epoch_s": lambda text: (
        rf"case when regexp_full_match({text}, '[0-9]{{9,10}}([.][0-9]{{1,9}})?') then make_timestamp("
        f"cast(floor(try_cast({text} as decimal(20, 9)) * 1000000) as bigint)) end"
    ),
    "epoch_ms": lambda text: (
        f"case when regexp_full_match({text}, '[0-9]{{12,13}}') then "
        f"make_timestamp(1000 * try_cast({text} as bigint)) end"
    ),
}


def _none(moment: str) -> str:
    return f"{moment}.at is null and {moment}.utc is null"


def _code(text: str, table: TableSection, place: Columns) -> str:
    return literal(text) + (f" || coalesce(' ' || nullif({place(table.code)}, ''), '')" if table.code else "")


def _overdue(name: str, event: str, table: TableSection, place: Columns) -> str:
    """The end of a promise, where the event has not come by then. Times told in two ways can't be compared: none."""
    n, m = list(table.promises).index(event), f"m{list(table.events).index(event)}"
    ends = (
        f"p{n}.at + case when p{n}.at = date_trunc('day', p{n}.at) then interval '23:59:59' else interval 0 second end"
    )
    broken = f"({_none(m)} or {m}.at > {ends} or {m}.utc > p{n}.utc)"
    return (
        f"{{'n': {len(table.events) + n}, 'code': {_code(f'{name}.{event} overdue', table, place)}, "
        f"'at': case when {broken} then {ends} end, 'utc': case when {broken} then p{n}.utc end, 'is_day': false, "
        "'until_at': null, 'until_utc': null}"
    )


def _moment(name: str, event: str, table: TableSection, place: Columns) -> str:
    n = list(table.events).index(event)
    code = _code(f"{name}.{event}", table, place)
    until = _parsed(table.ends[event], table, place) if event in table.ends else "{'at': null, 'utc': null}"
    ends = ", ".join(f"'until_{k}': case when ({until}).{k} >= m{n}.{k} then ({until}).{k} end" for k in ("at", "utc"))
    return f"{{'n': {n}, 'code': {code}, 'at': m{n}.at, 'utc': m{n}.utc, 'is_day': m{n}.is_day, {ends}}}"


def _identifier(text: str, digits_only: bool) -> str:
    if digits_only:
        text = rf"nullif(ltrim(regexp_replace(regexp_replace({text}, '\.0*$', ''), '[^0-9]', '', 'g'), '0'), '')"
    return f"nullif(trim({text}), '')"


def _extras(table: TableSection, place: Columns) -> str:
    extras = ""
    if table.product:
        extras += f", nullif({place(table.product)}, '') as product_id"
    if table.intent:
        extras += f", nullif({place(table.intent)}, '') as intent"
    if table.wait_s:
        extras += f", seconds_as_ms({place(table.wait_s)}) as wait_ms"
    if table.attributes:
        pairs = ", ".join(f"{literal(name)}, {place(name)}" for name in table.attributes)
        extras += f", json_object({pairs}) as attributes"
    return extras
