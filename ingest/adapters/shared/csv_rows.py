"""Rows of a CSV file with a header, for adapters that address columns by their names."""

from __future__ import annotations

from ingest.packed import UnreadableFile
from ingest.store import literal

_ADVICE = "name its columns in site.toml as the file's header does"


class Columns:
    """SQL of a column's text in the record `f`; UnreadableFile for a column that the file has not."""

    def __init__(self, table: str, header: list[str] | None, advice: str = _ADVICE) -> None:
        names = [column.strip().strip('"') for column in header or []]
        self.table, self.advice = table, advice
        self.places = {name: i + 1 if names.count(name) == 1 else 0 for i, name in enumerate(names)}

    def __call__(self, column: str) -> str:
        if column not in self.places:
            # the header's own names are not told: of a file without one they are a row of somebody's data
            only = next(iter(self.places), "") if len(self.places) == 1 else ""
            mark = next((repr(mark) for mark in (";", "\t", "|") if mark in only), "")
            raise UnreadableFile(
                f"table {self.table!r} has no column {column!r} among the {len(self.places)} of its first line; "
                + (f"its columns are parted by {mark}: export it with commas" if mark else self.advice)
            )
        if not self.places[column]:
            raise UnreadableFile(f"table {self.table!r} has several columns {column!r}; export it with different names")
        return f"f[{self.places[column]}]"

    def first_of(self, *columns: str) -> str:
        """The first of these columns that the file has; UnreadableFile, which names the first, when it has none."""
        return self(next((column for column in columns if column in self.places), columns[0]))

    def or_null(self, column: str) -> str:
        """A column that older or newer exports lack, and have then empty."""
        return f"nullif({self(column)}, '')" if column in self.places else "cast(null as varchar)"


def rows(header: list[str] | None, lines: str = "line") -> str:
    """SQL of the file's records, which stand in `lines`: line_no, the fields f, drop_reason, and what is wrong with
    their shape.

    A header that comes again is dropped. From the first header with other columns, or the same in another order, to the
    end of the file no value is where it should be.
    """
    names = header or []
    return f"""
with field as (
    select line_no, csv_fields(raw) as f, {_is_header(names)} as is_header from {lines}
),
drift as (
    select min(line_no) as line_no from field where is_header and f <> {literals(names)}
),
placed as (
    select *, coalesce(line_no >= (select line_no from drift), false) as is_drifted from field
),
judged as (
    select
        *,
        case
            when is_drifted then 'header' when is_header then null when f is null then 'quoting'
            when len(f) <> {len(names)} then 'fields'
        end as problem_field
    from placed
)
select
    line_no, f, problem_field, case when is_header and not is_drifted then 'repeated header' end as drop_reason,
    case problem_field when 'fields' then cast(len(f) as varchar) end as problem_value,
    case problem_field
        when 'header' then 'the columns of the first line, in its order, to the end of the file'
        when 'quoting' then 'quotes in pairs'
        when 'fields' then 'as many fields as the header has: {len(names)}'
    end as problem_expectation
from judged
"""


def literals(values: list[str]) -> str:
    """A SQL list of strings."""
    return "[" + ", ".join(map(literal, values)) + "]::varchar[]"


def _is_header(names: list[str]) -> str:
    """SQL that tells a header in the middle of a file: most of its fields are the first header's."""
    longest = max(names, key=lambda name: (len(name), name), default="")
    is_most = f"2 * len(list_intersect(csv_fields(raw), {literals(names)})) > {len(names)}"
    return f"case when contains(raw, {literal(longest)}) then coalesce({is_most}, false) else false end"
