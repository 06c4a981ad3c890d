"""Reads a CSV table that people wrote: a bad row is refused with its line and what it lacks, the rest is used.

Such files come from agencies and spreadsheets. They are read like deliveries: links and archives are not opened, what
is too large is refused, hidden signs and endless fields refuse their row. Personal data is never repeated: of a
field that may hold some, a refusal tells the shape only.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.errors import ConfigError
from ingest.scrub import mask, scrub
from ingest.settings import suggestion

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 200_000
MAX_LINES = 20
"""Lines that one row may run over, within quotes."""
NAME_LENGTH, TEXT_LENGTH = 80, 500
"""The longest name of a company, step ..., and the longest other text."""
_SHOWN = 40
_DELIMITERS = (",", ";", "\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a reader can't see: controls, directions of writing, lone surrogates, line separators."""
_NOT_TEXT = re.compile(r"(is not utf-8 at byte [0-9]+)")
_INTEGER = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_FORMULA = re.compile(r"=|#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NULL!|NUM!)")
"""How a cell begins that a spreadsheet has not worked out, or not been able to."""


@dataclass(frozen=True)
class Refused:
    """A row that is not used. `line` 0: all of the file. `field` may be empty: the row as a whole."""

    file: str
    line: int
    field: str
    got: str
    lacks: str

    def __str__(self) -> str:
        """'got 'x', expected ...', without file, line and field."""
        return f"got {self.got}, {self.lacks}" if self.got else self.lacks


class Wrong(Exception):
    """A field that can't be used: what was got (already safe to show) and what it lacks."""

    def __init__(self, field: str, got: str, lacks: str) -> None:
        super().__init__(lacks)
        self.field, self.got, self.lacks = field, got, lacks


@dataclass(frozen=True)
class Row:
    """A row of a table, its fields by column; every reader raises Wrong. `decimal`: the sign in its numbers."""

    line: int
    cells: Mapping[str, str]
    private: frozenset[str]
    decimal: str = "."

    def told(self, column: str) -> str:
        """What was got, as it may be shown: of private fields the shape, of others the text, scrubbed and clipped."""
        cell = self.cells[column]
        if not cell:
            return "nothing"
        shown = mask(cell) if column in self.private else scrub(visible(cell))
        return f"{shown[:_SHOWN] + '...' if len(shown) > _SHOWN else shown!r}"

    def wrong(self, column: str, lacks: str) -> Wrong:
        """The refusal of a field."""
        return Wrong(column, self.told(column), lacks)

    def text(self, column: str, longest: int = TEXT_LENGTH, *, is_kept: bool = True) -> str:
        """A text of `longest` letters at most, blanks made one, without hidden signs; '' where there is none.

        What `is_kept` may be shown: it holds no address, phone or account number that a pattern can tell.
        """
        cell = self.cells[column]
        if len(cell) > longest:
            raise Wrong(column, f"{len(cell):,} letters", f"expected at most {longest}")
        hidden = next((sign for sign in cell if unicodedata.category(sign) in _HIDDEN and sign not in "\t\r\n"), None)
        if hidden is not None:
            raise Wrong(column, f"the hidden sign U+{ord(hidden):04X}", "expected letters that can be seen")
        if is_kept and _FORMULA.match(cell):
            raise self.wrong(column, "expected a value, not a formula of a spreadsheet or its error")
        found = " ".join(cell.split())
        if is_kept and column not in self.private and scrub(found) != found:
            raise Wrong(column, repr(mask(found[:_SHOWN])), "expected no e-mail address, phone or account number")
        return found

    def name(self, column: str) -> str:
        """A text that must be there."""
        found = self.text(column, NAME_LENGTH)
        if not found:
            raise self.wrong(column, "expected a name")
        return found

    def needed(self, column: str) -> str:
        """A longer text that must be there."""
        found = self.text(column)
        if not found:
            raise self.wrong(column, "expected a text")
        return found

    def one_of(self, column: str, known: Mapping[str, Any]) -> str:
        """One of some words, in any case."""
        found = self.text(column, NAME_LENGTH).casefold()
        if found not in known:
            raise self.wrong(column, suggestion(found, known) if found else f"expected one of {', '.join(known)}")
        return found

    def count(self, column: str, least: int = 1) -> int:
        """A whole number."""
        found = self.text(column, NAME_LENGTH)
        if not _INTEGER.fullmatch(found) or int(found) < least:
            raise self.wrong(column, f"expected a whole number from {least}")
        return int(found)

    def number(self, column: str, low: float, high: float) -> float:
        """A number within [low, high]."""
        found = self.text(column, NAME_LENGTH)
        if self.decimal == ",":
            if _THOUSANDS.fullmatch(found):
                raise self.wrong(column, "which may be thousands or a fraction; expected it without its sign of groups")
            found = found.replace(",", ".")
        if not _NUMBER.fullmatch(found) or not low <= float(found) <= high:
            raise self.wrong(column, f"expected a number from {low:g} to {high:g}")
        return float(found)

    def is_given(self, column: str) -> bool:
        """Whether the field holds anything."""
        return bool(self.cells[column].strip())


@dataclass
class Table:
    """What became of a file: rows read, rows refused, columns that nobody knows."""

    file: str
    n_rows: int = 0
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, line: int, column: str, got: str, lacks: str) -> None:
        """Note a row that is not used."""
        self.refused.append(Refused(self.file, line, column, got, lacks))


def visible(text: str) -> str:
    """The text with every hidden sign as U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def read(
    table: Table,
    text: str,
    columns: tuple[str, ...],
    private: frozenset[str],
    use: Callable[[Row], None],
    lost: Callable[[list[str]], None] | None = None,
) -> None:
    """Hand every row of a table to `use`; one that raises Wrong is refused. Without its columns no row is used.

    `lost` gets what can be told apart of a row that has not as many fields as the header. Commas, semicolons or tabs
    part the fields, whichever the header line uses; with semicolons a number may have a decimal comma.
    """
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    header: list[str] | None = None
    for line, cells, is_whole in _rows(text, delimiter):
        if header is None:
            header = _header(table, cells, columns)
            if header is None:
                return
            continue
        table.n_rows += 1
        if table.n_rows > MAX_ROWS:
            table.refuse(line, "", "", f"expected at most {MAX_ROWS:,} rows; what follows is not read")
            return
        if lost and (not is_whole or len(cells) != len(header)):
            lost([cell.strip(' "') for cell in cells])
        try:
            if not is_whole:
                raise Wrong("", "", "expected CSV: a quote is not closed, or letters follow one that is")
            use(_row(line, cells, header, private, "," if delimiter == ";" else "."))
        except Wrong as wrong:
            table.refuse(line, wrong.field, wrong.got, wrong.lacks)
    if header is None:
        _header(table, [], columns)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str], bool]]:
    """(line it begins in, fields, whether it is sound CSV) of each row that is not blank.

    A quote that is not closed within MAX_LINES, or that is closed in a row that is none, spoils its own line and not
    what follows: no line is swallowed without being told.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at, width = 0, 0
    while at < len(lines):
        end = at + 1
        chunk = lines[at]
        while chunk.count('"') % 2 and end < min(len(lines), at + MAX_LINES):
            chunk += "\n" + lines[end]
            end += 1
        if chunk.count('"') % 2:
            yield at + 1, lines[at].split(delimiter), False
            end = at + 1
        elif chunk.strip(f'{delimiter} \t"\n'):
            fields = _fields(chunk, delimiter)
            width = width or len(fields)
            if end > at + 1 and len(fields) != width:
                fields, chunk, end = [], lines[at], at + 1
            yield at + 1, fields or chunk.split(delimiter), bool(fields)
        at = end


def _fields(chunk: str, delimiter: str) -> list[str]:
    before = csv.field_size_limit(MAX_BYTES)  # of the whole process, hence put back
    try:
        return next(csv.reader(io.StringIO(chunk, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(before)


def _header(table: Table, cells: list[str], columns: tuple[str, ...]) -> list[str] | None:
    """The names of the columns; None, and the file refused, where one is missing or there twice."""
    header = [cell.strip().casefold() for cell in cells]
    missing = [name for name in columns if name not in header]
    if missing:
        unknown = [visible(name)[:_SHOWN] for name in header if name and name not in columns]
        near = suggestion(missing[0], unknown) if unknown else "the header line has none that is left over"
        table.refuse(1, missing[0], "no such column", f"expected the columns {', '.join(columns)}; {near}")
        return None
    if twice := [name for name in columns if header.count(name) > 1]:
        table.refuse(1, twice[0], f"{header.count(twice[0])} columns of this name", "expected one")
        return None
    for name in header:
        if name not in columns:
            table.refuse(1, visible(name)[:_SHOWN], "", f"unknown column, not read; {suggestion(name, columns)}")
    return header


def _row(line: int, cells: list[str], header: list[str], private: frozenset[str], decimal: str) -> Row:
    if len(cells) != len(header):
        raise Wrong("", f"{len(cells)} fields", f"expected {len(header)}, as in the header line")
    return Row(line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}, private, decimal)


def problem_of(error: ConfigError, file: str, path: str) -> Refused:
    """A file that can't be read at all."""
    what = str(error).partition(": ")[2].removeprefix(path).removeprefix(":").strip()
    if found := _NOT_TEXT.match(what):
        what = f"{found[1]}, expected a CSV file in UTF-8: save it as such and deliver it again"
    return Refused(file, 0, "", "", what or str(error))
