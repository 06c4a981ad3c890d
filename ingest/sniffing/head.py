"""The first lines of a file, unpacked and as UTF-8, whatever the file is: of a document its first elements.

A file that can't be read has a `reason` and no data; nothing here raises because of what is in a file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import lzma
import os
import re
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.packed import Opened, UnreadableFile
from ingest.reader import unpacked
from ingest.scrub import scrub
from ingest.sniffing.ocel_head import is_ocel, short_log

MAX_LINES = 1000
MAX_ELEMENTS = 300
MAX_BYTES = 8 * 1024 * 1024
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 16 * 1024  # of a damaged file what comes before the damage is read
_DATABASE = b"SQLite format 3\x00"
_PARQUET = b"PAR1"
_DELIMITERS = ",;\t|"
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)


@dataclass
class Head:
    """The first bytes of a file in the form that its source would have after the reader: `data` is UTF-8 text, a
    table or database as it is, or a small object-centric log as JSON, whatever its form was (`kind`). `encoding` is
    what the source should say; `doubts` are keys of sentences."""

    path: Path
    kind: str = "text"
    data: bytes = b""
    encoding: str = "utf-8"
    is_whole: bool = True
    reason: str = ""
    doubts: list[str] = field(default_factory=list)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of a text that hold something."""
        text = self.data.decode("utf-8", "replace") if self.kind == "text" else ""
        return [line for line in text.split("\n") if line.strip()]

    @cached_property
    def begin(self) -> str:
        """The text in which the signs of formats are looked for."""
        return self.data[:200_000].decode("utf-8", "replace") if self.kind == "text" else ""

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON does."""
        return self.kind == "text" and self.data.lstrip()[:1] in (b"{", b"[")

    @property
    def is_xml(self) -> bool:
        """Whether it begins as XML does."""
        return self.kind == "text" and self.data.lstrip()[:1] == b"<"

    @cached_property
    def delimiter(self) -> str:
        """What parts the columns of its first line most often; a comma when nothing does."""
        first = self.lines[0] if self.lines else ""
        return max(_DELIMITERS, key=lambda mark: (first.count(mark), mark == ","))

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows of a table by its header; none when it is no table with different columns."""
        if self.kind == "parquet":
            table = pq.read_table(io.BytesIO(self.data))
            names = table.column_names
            found = [["" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
        elif self.kind == "text" and not self.is_json:
            try:
                names, *found = csv.reader(io.StringIO("\n".join(self.lines), newline=""), delimiter=self.delimiter)
            except (csv.Error, ValueError):
                return []
        else:
            return []
        if len(names) < 2 or len(set(names)) < len(names) or not all(map(_is_name, names)):
            return []
        return [dict(zip(names, row, strict=True)) for row in found if len(row) == len(names)]


def read_head(path: Path) -> Head:
    """The head of a file."""
    head = Head(path)
    try:
        with Opened(path, (_PARQUET, _DATABASE)) as (file, _):
            data, head.is_whole = b"", False
            limit = MAX_BYTES
            while len(data) < limit:
                try:
                    piece = file.read(_PIECE_BYTES)
                except _DAMAGE:
                    head.doubts.append("damaged")
                    break
                if not piece:
                    head.is_whole = True
                    break
                data += piece
                if len(data) >= limit == MAX_BYTES and _is_wanted_whole(data):
                    limit = MAX_DOCUMENT_BYTES
    except UnreadableFile as error:
        head.reason = str(error)
        return head
    except OSError as error:
        head.reason = f"can't be read ({os.strerror(error.errno) if error.errno else 'damaged'})"
        return head
    if is_ocel(data):
        head.kind = "ocel"
        try:
            head.data = short_log(path, MAX_ELEMENTS)
        except UnreadableFile as error:
            head.reason = str(error)
    else:
        _fill(head, data)
    return head


def _is_wanted_whole(data: bytes) -> bool:
    """Tables and databases are read as a whole, and JSON that is one document."""
    if data.startswith((_PARQUET, _DATABASE)):
        return True
    return data.lstrip()[:1] in (b"{", b"[") and not _is_document(data[: data.find(b"\n") + 1])


def _fill(head: Head, data: bytes) -> None:
    if not data.strip():
        head.reason = "damaged compressed file; deliver it again" if head.doubts else "empty: there is nothing to read"
    elif data.startswith(_PARQUET):
        _parquet(head, data)
    elif data.startswith(_DATABASE):
        head.kind, head.data = "database", data
        head.reason = "" if head.is_whole else "a database of more than 64 MB: its first bytes tell nothing"
    elif data[257:262] == b"ustar":
        head.reason = "a tar archive; unpack it"
    else:
        _text(head, data)


def _parquet(head: Head, data: bytes) -> None:
    head.kind = "parquet"
    try:
        batch = next(pq.ParquetFile(io.BytesIO(data)).iter_batches(MAX_LINES), None)
    except (pa.ArrowException, OSError, ValueError):
        head.reason = "a damaged Parquet file, or one of more than 64 MB"
        return
    if batch is None:
        head.reason = "empty: there is no row to read"
        return
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_batches([batch]), sink)
    head.data = sink.getvalue()


def _text(head: Head, data: bytes) -> None:
    head.encoding = _encoding(data, head.is_whole)
    try:
        text = codecs.getincrementaldecoder(head.encoding)("replace").decode(data)
    except UnicodeError:
        head.reason = "no text in an encoding that is known here"
        return
    text = text.removeprefix("\ufeff")
    control = sum(ord(c) < 32 and c not in "\t\r\n\f\x1b" for c in text[:100_000])
    if "\0" in text[:100_000] or control > 0.02 * min(len(text), 100_000):
        head.reason = "no text (it holds control characters), and no kind of file that is known here"
        return
    if head.encoding == "utf-8" and "\ufffd" in text[:-3]:
        head.doubts.append("encoding")
    if text.lstrip()[:1] in ("{", "["):
        text = _json_head(text, is_whole=head.is_whole)
    elif text.lstrip()[:1] == "<":
        text = _xml_head(text, is_whole=head.is_whole)
    else:
        text = _first_lines(text, is_whole=head.is_whole)
    if not text:
        head.reason = "a single line of more than 8 MB: this is no log of lines"
    head.data = text.encode("utf-8", "replace")


def _encoding(data: bytes, is_whole: bool) -> str:
    """UTF-16 by its mark or by every other byte being zero; else UTF-8, else the Western code page of Windows."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = data[:20_000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.3 * len(sample) / 2 and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    bad = n = 0
    for line in data.split(b"\n")[:MAX_LINES] if is_whole else data.split(b"\n")[:MAX_LINES][:-1]:
        n += 1
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            bad += 1
    return "cp1252" if bad > max(2, 0.02 * n) and b"\0" not in sample else "utf-8"


def _first_lines(text: str, *, is_whole: bool) -> str:
    """Up to MAX_LINES whole lines that end outside quotes."""
    lines = text.split("\n")
    if len(lines) <= MAX_LINES + 1 and is_whole:
        return text if text.endswith("\n") else text + "\n"
    lines = lines[: min(MAX_LINES, len(lines) - 1)]
    quotes = list(accumulate(line.count('"') for line in lines))
    even = [n for n, count in enumerate(quotes) if count % 2 == 0]
    if even and 2 * even[-1] > len(lines):
        lines = lines[: even[-1] + 1]
    return "\n".join(lines) + "\n" if lines else ""


def _is_document(line: bytes | str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _json_head(text: str, *, is_whole: bool) -> str:
    """The first elements of the one document, or the first lines of many."""
    if is_whole and len(text) < MAX_BYTES // 8:
        return text
    try:
        document = json.loads(text) if is_whole else None
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, list):
        return json.dumps(document[:MAX_ELEMENTS], ensure_ascii=False)
    if isinstance(document, dict):
        cut = {key: value[:MAX_ELEMENTS] if isinstance(value, list) else value for key, value in document.items()}
        return json.dumps(cut, ensure_ascii=False)
    return _first_lines(text, is_whole=is_whole)


def _xml_head(text: str, *, is_whole: bool) -> str:
    """The first of the elements that adapters read, with the outermost one closed behind them."""
    from ingest.adapters import adapters  # which look at heads themselves

    names = {name for adapter in adapters().values() for name in getattr(adapter, "elements", ())}
    root = re.search(r"<([A-Za-z_][\w:.-]*)", text)
    ends = [found.end() for found in re.finditer("|".join(f"</{re.escape(name)}>" for name in sorted(names)), text)]
    if not root or not names or not ends or (is_whole and len(ends) <= MAX_ELEMENTS):
        return text
    return text[: ends[min(len(ends), MAX_ELEMENTS) - 1]] + f"</{root[1]}>\n"


def _is_name(text: str) -> bool:
    """Whether it can be a column's name: of a table without a header the first row is somebody's data."""
    return any(c.isalpha() for c in text) and scrub(text) == text and len(text) <= 60


def plain_name(path: Path) -> str:
    """A file's name as it was before it was packed."""
    return unpacked(path.name)
