"""From delivered files to blocks of lines: find, decompress, split, check the encoding. Nothing is parsed here.

Files are opened in Python, never by DuckDB: DuckDB's gzip reader does not check the CRC and a file name can be a pattern to
it. A block is an Arrow table that points into the bytes read, so a line is not copied on its way to SQL.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import fnmatch
import gzip
import hashlib
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

BLOCK_BYTES = 32 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_DOCUMENT_BYTES = 512 * 1024 * 1024
MAX_RATIO = 1000
MAX_QUOTED_LINES = 200
_UNFINISHED = (".tmp", ".part", ".partial", ".swp", ".crdownload", ".filepart")
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".zip", ".7z")

SCHEMA = pa.schema(
    [("line_no", pa.uint32()), ("byte_offset", pa.uint64()), ("raw", pa.large_string()), ("broken", pa.bool_())]
)


class UnreadableFile(Exception):
    """A file none of whose lines may be used; the message is the reason, free of the file's content."""


@dataclass
class Reading:
    """What was found out about a file while its blocks were read; complete after the last block."""

    path: Path
    n_bytes: int = 0
    n_lines: int = 0
    n_held_back: int = 0
    sha256: str = ""
    header: str | None = None


def deliveries(folder: Path, pattern: str) -> Iterator[tuple[Path, str | None]]:
    """Regular files of a folder and its subfolders by name, each with the reason not to read it, or None."""
    for path in sorted(folder.rglob("*")):
        name = path.name
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or name.startswith("."):
            continue
        if not fnmatch.fnmatchcase(str(path.relative_to(folder)), pattern) and not fnmatch.fnmatchcase(name, pattern):
            continue
        yield path, _refusal(path, mode)


def _refusal(path: Path, mode: int) -> str | None:
    if not stat.S_ISREG(mode):
        return "not a regular file (a link, pipe or device); deliver the file itself"
    if path.name.endswith(_UNFINISHED):
        return "its name says that it is still being written; it is read under its final name"
    if path.name.endswith(_ARCHIVES):
        return "an archive; unpack it into the inbox"
    if any(ord(c) < 32 for c in path.name):
        return "control characters in its name; rename it"
    return None


def read_blocks(
    reading: Reading, records: str, encoding: str, check_csv: Callable[[str], bool] | None = None
) -> Iterator[pa.Table]:
    """The lines of `reading.path` as blocks (SCHEMA), numbered from 1.

    `records` is how the file is cut: `lines` (an unterminated last line of an uncompressed file is held back, since its writer
    may be at work), `csv` (a header, then records with quoted line breaks) or `json` (one document: the loader cuts it).
    Raises UnreadableFile when the file is damaged; blocks given before must then be forgotten.
    """
    digest = hashlib.sha256()
    try:
        with _open(reading.path) as (file, compressed):
            chunks = _counted(file, digest, reading, compressed)
            chunks = _as_utf8(chunks, encoding)
            if records == "json":
                yield _document(b"".join(chunks), reading)
            elif records == "csv":
                yield from _csv_blocks(chunks, reading)
            else:
                yield from _line_blocks(chunks, reading, hold_back=not compressed)
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise UnreadableFile(f"damaged compressed file ({type(error).__name__}); deliver it again") from error
    except UnicodeError as error:
        raise UnreadableFile(f"not {encoding} text; set `encoding` of the source in site.toml") from error
    except OSError as error:
        reason = "damaged compressed file" if error.errno is None else os.strerror(error.errno)
        raise UnreadableFile(f"can't be read: {reason}") from error
    reading.sha256 = digest.hexdigest()


class _open:
    """The decompressed bytes of a file, told by its first bytes and not by its name."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        self.raw: BinaryIO = os.fdopen(descriptor, "rb")

    def __enter__(self) -> tuple[BinaryIO, bool]:
        magic = self.raw.read(6)
        self.raw.seek(0)
        if magic.startswith(b"\x1f\x8b"):
            return gzip.GzipFile(fileobj=self.raw), True  # type: ignore[return-value]
        if magic.startswith(b"BZh"):
            return bz2.BZ2File(self.raw), True  # type: ignore[return-value]
        if magic.startswith(b"\xfd7zXZ\x00"):
            return lzma.LZMAFile(self.raw), True  # type: ignore[return-value]
        return self.raw, False

    def __exit__(self, *_: object) -> None:
        self.raw.close()


def _counted(file: BinaryIO, digest: hashlib._Hash, reading: Reading, compressed: bool) -> Iterator[bytes]:
    size = reading.path.stat().st_size
    while chunk := file.read(BLOCK_BYTES):
        digest.update(chunk)
        reading.n_bytes += len(chunk)
        if compressed and reading.n_bytes > max(MAX_RATIO * size, BLOCK_BYTES):
            raise UnreadableFile(f"unpacks to more than {MAX_RATIO} times its size; refused as a decompression bomb")
        yield chunk


def _as_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 without a byte order mark. Invalid UTF-8 passes here and is quarantined line by line."""
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding == "utf-8":
        raise UnreadableFile("UTF-16 text; set encoding = 'utf-16' for the source in site.toml")
    if encoding == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in (first, *chunks) if not first else _chain(first, chunks):
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _line_blocks(chunks: Iterator[bytes], reading: Reading, *, hold_back: bool) -> Iterator[pa.Table]:
    offset, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if len(rest) > MAX_LINE_BYTES:
            raise UnreadableFile(f"a line of more than {MAX_LINE_BYTES} bytes; this is no log of lines")
        if cut:
            yield _block(data[:cut] if rest else data, offset, reading)
            offset += cut
    if rest and hold_back:
        reading.n_held_back = 1
    elif rest:
        yield _block(rest + b"\n", offset, reading)


def _block(data: bytes, offset: int, reading: Reading) -> pa.Table:
    """Lines of `data`, which ends with a line feed. Values keep it; the adapters' view takes it off."""
    feeds = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
    bounds = np.zeros(len(feeds) + 1, dtype=np.int64)
    bounds[1:] = feeds + 1
    return _table(data, bounds, offset, reading)


def _table(data: bytes, bounds: np.ndarray, offset: int, reading: Reading) -> pa.Table:
    n = len(bounds) - 1
    broken = np.zeros(n, dtype=bool)
    try:
        codecs.utf_8_decode(data, "strict", True)
        raw = pa.Array.from_buffers(pa.large_string(), n, [None, pa.py_buffer(bounds), pa.py_buffer(data)])
    except UnicodeDecodeError:
        lines = [data[a:b] for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
        texts = [line.decode("utf-8", "replace") for line in lines]
        broken = np.array([text.encode() != line for text, line in zip(texts, lines, strict=True)])
        raw = pa.array(texts, pa.large_string())
    numbers = np.arange(reading.n_lines + 1, reading.n_lines + n + 1, dtype=np.uint32)
    reading.n_lines += n
    starts = (bounds[:-1] + offset).astype(np.uint64)
    return pa.Table.from_arrays([pa.array(numbers), pa.array(starts), raw, pa.array(broken)], schema=SCHEMA)


def _document(data: bytes, reading: Reading) -> pa.Table:
    if len(data) > MAX_DOCUMENT_BYTES:
        raise UnreadableFile(
            f"a document of more than {MAX_DOCUMENT_BYTES} bytes; deliver it in parts or as JSON lines"
        )
    return _table(data, np.array([0, len(data)], dtype=np.int64), 0, reading)


def _csv_blocks(chunks: Iterator[bytes], reading: Reading) -> Iterator[pa.Table]:
    """Records of a CSV file after its header. A quoted line break stays inside its record."""
    data = b"".join(chunks)
    if not data:
        return
    if not data.endswith(b"\n"):
        data += b"\n"
    array = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(array == 10) + 1
    starts = np.concatenate(([0], ends[:-1]))
    quotes = np.add.reduceat((array == 34).astype(np.int64), starts)
    header = data[: ends[0]].decode("utf-8", "replace").rstrip("\r\n")
    reading.header = header
    n_fields = len(next(csv.reader([header])))
    keep = _record_ends(data, starts, ends, quotes % 2 == 1, n_fields)
    reading.n_lines = 1
    bounds = ends[keep].astype(np.int64)  # the header is the first record and no line of the table
    yield _table(data, bounds, 0, reading)


def _record_ends(data: bytes, starts: np.ndarray, ends: np.ndarray, odd: np.ndarray, n_fields: int) -> np.ndarray:
    """Which physical lines end a record.

    A line with an odd number of quotes opens a record that the next such line may close; it does so only if the lines
    between make one record of `n_fields` fields. So a stray quote spoils its own line and swallows no other.
    """
    keep = np.ones(len(ends), dtype=bool)
    openers = np.flatnonzero(odd).tolist()
    i = 0
    while i < len(openers) - 1:
        first, last = openers[i], openers[i + 1]
        text = data[starts[first] : ends[last]].decode("utf-8", "replace")
        if last - first <= MAX_QUOTED_LINES and _is_record(text, n_fields):
            keep[first:last] = False
            i += 2
        else:
            i += 1
    return keep


def _is_record(text: str, n_fields: int) -> bool:
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == n_fields
